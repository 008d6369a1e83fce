"""Opens the one thing that a gateway may read: the address line of an application.

Invariants:
- the address lives in memory only; it is in no file, note, log line, error or ``repr``;
- only the stream of the address line is fetched, by range; nothing else of the sealing is asked for;
- HPKE packets authenticate nobody, so an address counts only if the ``wrap`` that names packet and sealing is signed by
  the node that sealed or by the one that sends the parcel; the address itself is bound by the manifest that ``seal``
  names, so neither hub nor store can send a parcel elsewhere (promise 4).
"""

import json
from dataclasses import dataclass
from itertools import chain

from crypto import canonical, suites
from crypto.manifest import Manifest, Rendition
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.sealing import KeyPacket, open_page
from crypto.statement import Statement
from hub.casework.facts import ADDRESS
from node_agent.gateway.carrier import Party
from node_agent.known.casemirror import SEALS, Recorded, recorded
from node_agent.process.runtime import Agent
from storage.transfer import TransferClient

RULE = "promise 1; A08, H01"
TEXT_MOST = 200


@dataclass(frozen=True)
class Destination:
    """Where a parcel of a case goes, and the ``seal`` statement that the address belongs to."""

    receiver: Party
    seal: Statement


def open_address(agent: Agent, transfer: TransferClient, case_id: str, parcel: str) -> Destination:
    """The applicant's address of a case, for a parcel that was posted or packed.

    1. The newest ``seal``, and the ``wrap`` to this node by who sealed or sends the parcel, are signed. 2. The manifest
    is the one they name. 3. The packet is one that the wrap names. 4. The stream of the address line opens whole. 5. It
    is an address.
    Refusals ADDRESS_NOT_WRAPPED, ADDRESS_FORMAT, MANIFEST_MISMATCH, signatures as ``Directory.entry``, packets and
    streams as ``crypto.sealing``, transfer as ``TransferClient.get_range``.
    """
    seal, wrap = _sealed_and_wrapped(agent, case_id, parcel)  # 1
    digest = str(seal.body["manifest"])
    url, encoded = agent.hub.grant_download(case_id, digest)
    if canonical.digest(encoded) != digest:  # 2
        raise Refusal("MANIFEST_MISMATCH", "T05; promise 4", member="manifest")
    manifest = read_manifest(encoded)
    if manifest.case not in (case_id, seal.body.get("parent")):  # a child uses its parent's sealing
        raise Refusal("MANIFEST_MISMATCH", "T05; promise 4", member="case")
    packet, page = _packet(agent, manifest, wrap, agent.hub.key_packets(case_id, digest))  # 3
    key = agent.identity.unwrap(manifest.case, manifest.revision, packet)
    ciphertext = transfer.get_range(url, page.stream.offset, page.stream.length)
    return Destination(_party(open_page(key, page.stream, [ciphertext])), seal)  # 4, 5


def newest_seal(agent: Agent, case_id: str) -> Statement:
    """The newest ``seal`` of a case, signed by node and person: who collected, what, by which list.

    Refusal ADDRESS_NOT_WRAPPED when the hub shows none; signatures as ``Directory.entry``.
    """
    return _newest_seal(agent, case_id, _told(agent, case_id))


def _told(agent: Agent, case_id: str) -> list[Recorded]:
    """What the hub shows of a case, in log order; not verified yet."""
    return [made for made in map(recorded, agent.hub.case_leaves(case_id)) if made.statement.case == case_id]


def _newest_seal(agent: Agent, case_id: str, told: list[Recorded]) -> Statement:
    """A case that came back to its window is sealed once more (T24, T12D): what was sealed last counts."""
    seal = next((made for made in reversed(told) if made.statement.type in SEALS), None)
    if seal is None:
        raise Refusal("ADDRESS_NOT_WRAPPED", RULE, case=case_id)
    _verify(agent, seal)
    return seal.statement


def _sealed_and_wrapped(agent: Agent, case_id: str, parcel: str) -> tuple[Statement, Statement]:
    """Newest ``seal``, and the newest ``wrap`` of its sealing to a key of this node by who sealed or sends."""
    told = _told(agent, case_id)
    seal = _newest_seal(agent, case_id, told)
    for made in reversed(told):
        if made.statement.type == "wrap" and _is_ours(agent, made.statement, seal):
            _verify(agent, made)
            if made.statement.actor.node in {seal.actor.node, _sender_of(agent, told, parcel)}:
                return seal, made.statement
    raise Refusal("ADDRESS_NOT_WRAPPED", RULE, case=case_id)


def _is_ours(agent: Agent, wrap: Statement, seal: Statement) -> bool:
    """Whether a ``wrap`` hands lines of the sealing to a key that is here."""
    found = (wrap.body.get("manifest"), wrap.body.get("recipient"))
    ours = agent.identity.holds(str(wrap.body.get("recipient_key")))
    return ours and found == (seal.body["manifest"], agent.identity.node)


def _sender_of(agent: Agent, told: list[Recorded], parcel: str) -> str:
    """The node whose verified ``post`` or ``pack`` gives this parcel to this gateway, or an empty text (D4, O3)."""
    for made in reversed(told):
        body = made.statement.body
        ours = (body.get("gateway"), body.get("parcel")) == (agent.identity.node, parcel)
        if made.statement.type in ("post", "pack") and ours:
            _verify(agent, made)
            return made.statement.actor.node
    return ""


def _verify(agent: Agent, made: Recorded) -> None:
    """Signed by the acting node, and for ``seal`` by the person, with keys valid at the leaf's place."""
    if made.leaf.epoch > agent.registry.directory.epoch:
        agent.registry.refresh(agent.hub)
    directory = agent.registry.directory
    for check in directory.checks(made.envelope, made.leaf.epoch):
        suites.verify(check.suite, check.public, check.signature, made.envelope.signed_bytes)
    directory.signed_by_node(made.statement, made.envelope, made.leaf.epoch)
    if made.statement.type in SEALS:
        directory.signed_by_person(made.statement, made.envelope, made.leaf.epoch)


def _packet(agent: Agent, manifest: Manifest, wrap: Statement, packets: list[KeyPacket]) -> tuple[KeyPacket, Rendition]:
    """The packet of the address line, and the first page that it opens."""
    pages = {
        (line.line, made.name): made
        for line in manifest.lines
        if line.material == ADDRESS
        for made in chain.from_iterable(page.renditions for page in line.pages[:1])
        if made.name == "full"
    }
    named = wrap.body["packets"]
    assert isinstance(named, list)  # the hub's guard wrap_valid
    digests = {str(item["digest"]) for item in named}
    for packet in packets:
        page = pages.get((packet.line, packet.rendition))
        if page is not None and packet.digest in digests and agent.identity.holds(packet.recipient_key):
            return packet, page
    raise Refusal("ADDRESS_NOT_WRAPPED", RULE, case=manifest.case)


def _party(page: bytes) -> Party:
    """The addressee in the JSON page that the window sealed: ``name``, ``phone`` and ``address``."""
    try:
        value = json.loads(page)
        name, phone, address = (value[member] for member in ("name", "phone", "address"))
    except (ValueError, TypeError, KeyError):
        name = phone = address = None
    if not all(isinstance(text, str) and 0 < len(text.strip()) <= TEXT_MOST for text in (name, phone, address)):
        # raised outside the handler: the cause would carry the address itself
        raise Refusal("ADDRESS_FORMAT", RULE, bytes=len(page))
    return Party(str(name).strip(), str(phone).strip(), str(address).strip())
