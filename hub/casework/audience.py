"""Who is shown which leaf of a case: the one rule that inbox, audits of the books and views follow alike.

Invariants (A24, default no):
- a leaf goes to those who have a part in the case after it, and to those whose part ends with it: a department that
  the case is taken from learns that its duty is over, and nothing more;
- who gets a part later sees what lies before, or it could not check the chain;
- a carriers' gateway sees the parcel's way and what opens the address for it, before and after: no decision, no notice,
  nobody else's keys, nothing of who looked;
- who is carded sees the card and what becomes of it, whether it has a part in the case still or not (G12);
- who has paper of the case in hand, or is to get it, sees what becomes of the case until it has passed it on;
- a retry (T11) shows the accepting node everything once more: it may have lost what it was shown.
"""

from dataclasses import dataclass

from hub.casework.casefile import CaseFile

GATEWAY_SEES = frozenset(
    {"seal", "wrap", "post", "pack", "recall_parcel", "waybill", "parcel_event", "delivered_proven"}
)


@dataclass(frozen=True)
class Audience:
    """``nodes`` see the leaf; ``whole`` see all leaves before it too, ``wraps`` those of them that wrap keys to it."""

    nodes: tuple[str, ...]
    whole: tuple[str, ...] = ()
    wraps: tuple[str, ...] = ()


def audience(before: CaseFile | None, after: CaseFile, event: str) -> Audience:
    """Who sees the leaf of type ``event`` that made ``after`` of ``before``. Node ids, in order."""
    had = before.parties() | before.paper_nodes() if before else frozenset()
    has = after.parties() | after.paper_nodes()
    new = has - had - {after.collecting_node}
    gateways = {leg.gateway for leg in after.parcels} - _full_parties(after)
    again = {after.accepting_node} if before and after.retries > before.retries else set()
    wrapped_to = after.wraps[-1].recipient if event == "wrap" and after.wraps else ""
    blind = {node for node in gateways if not for_gateway(event, wrapped_to, node)}
    return Audience(
        nodes=tuple(sorted((has | had | _carded(before, after)) - blind)),
        whole=tuple(sorted((new - gateways) | again)),
        wraps=tuple(sorted(new & gateways)),
    )


def _carded(before: CaseFile | None, after: CaseFile) -> set[str]:
    """Nodes on which the leaf raised a card, or whose card it changed."""
    known = before.cards if before else ()
    return {card.subject for card in after.cards if card not in known} if after.cards is not known else set()


def for_gateway(event: str, recipient: object, node: str) -> bool:
    """Whether the gateway ``node`` is shown a leaf of this type; ``recipient``: whom a wrap is to."""
    return event in GATEWAY_SEES and (event != "wrap" or recipient == node)


def may_read(file: CaseFile, manifest: str, node: str) -> bool:
    """Whether ``node`` may fetch this sealing of the case now, if it holds a packet of it (H02, A24).

    Collecting node, accepting node and holder: all of them. A helper: its own addendum and the notices. A gateway of a
    parcel: the application, of which it can open the address alone. A department that the case was passed up to: all of
    them; one that is asked for an opinion: what was wrapped to it, and what it sealed. Nobody else: no coordinator, no
    department before it is named the destination, none after its successor countersigned.
    """
    sealing = next((made for made in file.sealings if made.manifest == manifest), None)
    if sealing is None:
        return False
    if node in {file.collecting_node, file.accepting_node, file.holder}:
        return True
    if node == file.referred_to:
        return True
    if node in file.consulted() and node in file.parties():
        wrapped = any((wrap.manifest, wrap.recipient) == (manifest, node) for wrap in file.wraps)
        return wrapped or sealing.sealed_by == node
    if node in file.helpers and node in file.parties():
        return sealing.sealed_by == node or sealing.kind == "notice"
    return sealing.kind == "application" and any(leg.gateway == node for leg in file.parcels)


def _full_parties(file: CaseFile) -> set[str]:
    return {file.collecting_node, file.accepting_node, file.holder, file.coordinator, *file.helpers}
