"""The law as a table: one row an event, and the one function that applies a row.

Invariants:
- a case moves only by ``apply``; a row is chosen by (chain, event, state) and there is at most one;
- guards are checked in the order of the row, all before any effect; a refusal changes nothing;
- who must sign stands in the row (``Signers``): person and node for legal acts, the node alone for machine
  receipts, the hub for what the law makes happen by itself; at a portal nobody sits, so what an applicant orders there
  the portal alone signs, and no clerk can (A02);
- the custody chain is compare-and-set: an act names the head that it was made on, the loser of a race is told; a
  side-chain statement names a custody statement of its case;
- hub time is monotone per case (states.md 10, 20); collector roles never accept or decide (19), because no row
  names them there;
- a body has only the members of its row, and every text in it is a code: no free text, so no name, no address and no
  reason can stand in a leaf (promise 1).

Adding the rest of states.md means adding rows to ``hub.casework.table`` and, where needed, guards and effects.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from crypto.refusal import Refusal
from crypto.statement import CUSTODY
from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.states import State

OPENERS = frozenset({"window", "portal"})
"""Node roles that may begin a case (A02, A14, A18)."""

CODE = re.compile(r"[A-Za-z0-9._:/+=@ -]{0,4096}")
"""Every text inside a body: codes, ids, digests, times, numbers, base64; never a sentence in Chinese."""

_NAMED = frozenset({"grant", "seal_grant", "queue", "section"})
_NAME = re.compile(r"[A-Za-z0-9._:-]{1,80}")
"""Members that name something, and what a name is: also where no guard looks, so that nothing else travels there."""

Guard = Callable[[CaseFile | None, Act, World], None]
Effect = Callable[[CaseFile, Act, World], CaseFile]
Opening = Callable[[Act, World], CaseFile]


class Signers(Enum):
    """Who must have signed."""

    PERSON_AND_NODE = "person and node"
    PERSON_OR_PORTAL = "person and node; at a portal the node alone, on the applicant's order"
    NODE = "node"
    HUB = "hub"


_BY_PERSON = frozenset({Signers.PERSON_AND_NODE, Signers.PERSON_OR_PORTAL})


class Party(Enum):
    """Which node of the case may act."""

    COLLECTING = "collecting node"
    ACCEPTING = "accepting node"
    EITHER = "collecting or accepting node"
    KEY_HOLDER = "a node that holds the keys"
    GATEWAY = "the parcel's gateway"
    SUPPLIER = "collecting node or an admitted window"
    COORDINATOR = "the case's coordinator"
    READER = "collecting or accepting node, or one that is consulted or referred to"
    CONSULTED = "a department that is asked for an opinion"
    REFERRED = "the department that the case is passed up to"
    PAPER = "a node that has or awaits paper of the case"
    PARTY = "any node with a part in the case"
    CARDED = "a node that a card is on"
    SUPERVISOR = "a coordinator or auditor of the region"
    CONCERNED = "any node with a part in the case, a coordinator or auditor of the region"
    MERGER = "the lead department, or the coordinator"
    EXIT = "the one exit of a parent"
    HUB = "hub"


@dataclass(frozen=True)
class Rule:
    """One row. ``source`` empty: the case does not exist yet. ``target`` None: the state stays.

    ``members``: what a body may hold; which of them it must hold is for the guards.
    """

    id: str
    event: str
    source: tuple[State, ...]
    target: State | None
    party: Party
    roles: frozenset[str]
    signers: Signers
    guards: tuple[Guard, ...]
    effects: tuple[Effect, ...]
    citation: str
    members: frozenset[str]
    chain: str = CUSTODY
    opening: Opening | None = None


class Law:
    """The rows, indexed. Building fails on two rows for one (chain, event, state)."""

    def __init__(self, rows: tuple[Rule, ...]) -> None:
        self.rows = rows
        self._by_event: dict[tuple[str, str], list[Rule]] = {}
        for row in rows:
            known = self._by_event.setdefault((row.chain, row.event), [])
            taken = {state for other in known for state in other.source}
            if taken & set(row.source) or (not row.source and any(not other.source for other in known)):
                raise ValueError(f"two rows for {row.event}")
            known.append(row)

    def row(self, file: CaseFile | None, act: Act) -> Rule:
        """The row for an act. Refusals EVENT_UNKNOWN, CASE_UNKNOWN, CASE_EXISTS, STATE_FORBIDS."""
        statement = act.statement
        known = self._by_event.get((statement.chain, statement.type))
        if not known:
            raise Refusal("EVENT_UNKNOWN", "states.md 4", event=statement.type, chain=statement.chain)
        for row in known:
            if (file is None and not row.source) or (file is not None and file.state in row.source):
                return row
        if file is None:
            raise Refusal("CASE_UNKNOWN", known[0].citation, event=statement.type)
        if any(not row.source for row in known):
            raise Refusal("CASE_EXISTS", known[0].citation, event=statement.type)
        raise Refusal("STATE_FORBIDS", known[0].citation, event=statement.type, state=file.state)

    def apply(self, file: CaseFile | None, act: Act, world: World) -> CaseFile:
        """The case after the act. Raises Refusal and changes nothing when a rule says no."""
        _require_time(file, act)
        _require_chain(file, act)
        row = self.row(file, act)
        _require_signers(row, act)
        _require_party(row, file, act, world)
        _require_codes(row, act)
        for guard in row.guards:
            guard(file, act, world)
        if file is None:
            if row.opening is None:
                raise Refusal("CASE_UNKNOWN", row.citation, event=row.event)
            changed = row.opening(act, world)
        else:
            changed = file
        for effect in row.effects:
            changed = effect(changed, act, world)
        return _advance(row, changed, act)


def _require_time(file: CaseFile | None, act: Act) -> None:
    if file is not None and act.recorded_at < file.recorded_at:
        raise Refusal("LEGAL_TIME_BACKWARD", "states.md 10, invariant 20", at=act.recorded_at, last=file.recorded_at)


def _require_chain(file: CaseFile | None, act: Act) -> None:
    statement = act.statement
    if statement.chain != CUSTODY:
        if file is not None and statement.prev not in file.custody:
            raise Refusal("ANCHOR_UNKNOWN", "architecture: order (side chains)", prev=statement.prev or "")
        return
    seq, head = (file.seq, file.head) if file else (0, None)
    if statement.seq != seq + 1 or statement.prev != head:
        raise Refusal(
            "HEAD_MOVED",
            "architecture: order (custody chain)",
            expected_seq=seq + 1,
            got_seq=statement.seq,
            head=head or "",
        )


def _require_signers(row: Rule, act: Act) -> None:
    if row.signers is Signers.PERSON_OR_PORTAL:
        if act.by_portal:
            return
        if act.at_portal:
            raise Refusal("PORTAL_NO_CLERK", "A02; " + row.citation, event=row.event, node=act.node.subject)
    if row.signers in _BY_PERSON:
        if act.person is None:
            raise Refusal("PERSON_SIGNATURE_MISSING", "promise 2; " + row.citation, type=row.event)
        if act.statement.actor.role not in row.roles:
            raise Refusal("ROLE_FORBIDS", row.citation, role=act.statement.actor.role, event=row.event)
    elif not act.node.roles & row.roles:
        raise Refusal("ROLE_FORBIDS", row.citation, role=",".join(sorted(act.node.roles)), event=row.event)


def _require_party(row: Rule, file: CaseFile | None, act: Act, world: World) -> None:
    if act.node.subject not in _allowed(row.party, file, act, world):
        raise Refusal("NOT_YOUR_CASE", "A24, D02; " + row.citation, event=row.event, node=act.node.subject)


def _require_codes(row: Rule, act: Act) -> None:
    """Promise 1. Refusals BODY_MEMBER, BODY_FREE_TEXT; a refusal names the member and never the text."""
    body = act.statement.body
    foreign = sorted(set(body) - row.members)
    if foreign:
        raise Refusal("BODY_MEMBER", "promise 1; " + row.citation, member=foreign[0][:40])
    for name, value in body.items():
        if not _only_codes(value):
            raise Refusal("BODY_FREE_TEXT", "promise 1; " + row.citation, member=name)
        if name in _NAMED and (not isinstance(value, str) or _NAME.fullmatch(value) is None):
            raise Refusal("BODY_MEMBER", "promise 1; " + row.citation, member=name)


def _only_codes(value: object) -> bool:
    if isinstance(value, str):
        return CODE.fullmatch(value) is not None
    if isinstance(value, dict):
        return all(_only_codes(name) and _only_codes(inner) for name, inner in value.items())
    return all(_only_codes(inner) for inner in value) if isinstance(value, list | tuple) else True


def _allowed(party: Party, file: CaseFile | None, act: Act, world: World) -> set[str]:
    if party is Party.HUB:
        return {world.hub}
    if file is None:
        return {act.node.subject} if act.node.roles & OPENERS else set()
    if party is Party.COLLECTING:
        return {file.collecting_node}
    if party is Party.ACCEPTING:
        return {file.accepting_node}
    if party is Party.EITHER:
        return {file.collecting_node, file.accepting_node}
    if party is Party.CONSULTED:
        return set(file.consulted())
    referred = {file.referred_to} - {""}
    if party is Party.REFERRED:
        return referred
    if party is Party.READER:
        return {file.collecting_node, file.accepting_node, *file.consulted(), *referred}
    if party is Party.PAPER:
        return {file.collecting_node, file.accepting_node, *file.helpers, *file.paper_nodes()} - {""}
    if party is Party.GATEWAY:
        return {leg.gateway for leg in file.parcels}
    if party is Party.SUPPLIER:
        return {file.collecting_node, *file.helpers}
    if party is Party.COORDINATOR:
        return {file.coordinator, facts.coordinator_of(file, world)} - {""}
    if party is Party.KEY_HOLDER:
        sealers = {sealing.sealed_by for sealing in file.sealings} - {""}
        return {file.collecting_node} | sealers | {wrap.recipient for wrap in file.wraps}
    if party is Party.MERGER:
        return {file.accepting_node, facts.coordinator_of(file, world)} - {""}
    if party is Party.EXIT:
        return {file.bundle.exit} if file.bundle else set()
    if party is Party.CARDED:
        return {card.subject for card in file.cards}
    oversees = {act.node.subject} if facts.oversees(file, act.node) else set()
    if party is Party.SUPERVISOR:
        return oversees
    if party is Party.CONCERNED:
        return oversees | file.parties()
    return set(file.parties())


def _advance(row: Rule, file: CaseFile, act: Act) -> CaseFile:
    """Order, time, state."""
    changes: dict[str, object] = {"case_seq": file.case_seq + 1, "recorded_at": act.recorded_at}
    if row.chain == CUSTODY:
        changes |= {"seq": act.statement.seq, "head": act.digest, "custody": (*file.custody, act.digest)}
    if row.target is not None:
        changes["state"] = row.target
    return file.changed(**changes)
