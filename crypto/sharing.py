"""Data-sharing authorisations (数据共享授权) as the registry chain tells them: issued, withdrawn, disputed, settled.

Invariants:
- the platform, which is to say the registrar, issues, withdraws and settles (H05); supplier or consumer may dispute,
  each by its head;
- one authorisation is for one supplier, one consumer, one kind of data, one purpose, listed items and a span of days
  (H03, H07); it is live when it was issued, not withdrawn, and no dispute of it is open: default no;
- whether it is live is judged by position in the log; the days are legal dates, UTC+8; nothing is ever removed;
- members hold codes alone, no sentence and no name (promise 1): the words of a dispute are a commitment.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from crypto import identity
from crypto.refusal import Refusal
from crypto.statement import Statement

RULE = "H03, H05, H07; 政务数据共享条例"
TYPES = frozenset({"sharing.issue", "sharing.withdraw", "sharing.dispute", "sharing.settle"})
BY_PARTIES = frozenset({"sharing.dispute"})
"""What supplier or consumer says; the others are the registrar's."""
KINDS = (
    "IDENTITY", "INVESTMENT_PROJECT", "TAX", "REAL_ESTATE", "EDUCATION", "QUALIFICATION", "SOCIAL_INSURANCE",
)  # fmt: skip
"""H06: the seven kinds of data."""
FLOWS = ("VERIFY", "FETCH")
"""H07: the consumer asks whether something is so, or is given the licence."""
PURPOSES = ("INTAKE", "REVIEW")
"""What for: to close a line of the checklist at intake, or to check at the department."""
GROUNDS = ("BEYOND_SCOPE", "BEYOND_PURPOSE", "DATA_WRONG", "NOT_SUPPLIED")
OUTCOMES = ("CONTINUED", "CORRECTED", "ENDED")
REASONS = ("PURPOSE_ENDED", "BASIS_ENDED", "MISUSE", "SUPPLIER_ASKED")
_ID = re.compile(r"[A-Za-z0-9._-]{1,80}")
_STANDARD = re.compile(r"[A-Z][A-Z0-9/.-]{1,39}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_HEX64 = re.compile(r"[0-9a-f]{64}")
_ISSUED = {
    *("sharing_id", "supplier", "consumer", "kind", "standard", "items", "flow", "purpose"),
    *("valid_from", "valid_to", "document"),
}


@dataclass(frozen=True)
class Dispute:
    """One dispute: who raised it at which position, on what ground, its words by commitment, and what became of it."""

    epoch: int
    node: str
    ground: str
    words: str
    settled_epoch: int | None = None
    outcome: str = ""


@dataclass(frozen=True)
class Sharing:
    """One authorisation. ``items``: task codes or ``*``; ``document``: digest of the paper; days ISO, both included."""

    digest: str
    epoch: int
    sharing_id: str
    supplier: str
    consumer: str
    kind: str
    standard: str
    items: frozenset[str]
    flow: str
    purpose: str
    valid_from: str
    valid_to: str
    document: str
    ended: int | None = None
    reason: str = ""
    disputes: tuple[Dispute, ...] = ()

    def live_at(self, epoch: int) -> bool:
        """Whether it was issued, not withdrawn, and undisputed at this registry position."""
        ended = self.ended is not None and self.ended <= epoch
        return self.epoch <= epoch and not ended and not any(_open(one, epoch) for one in self.disputes)

    def covers(self, kind: str, consumer: str, purpose: str, task_code: str, date: str) -> bool:
        """Whether it lets ``consumer`` ask for this kind of data for the item on ISO ``date``."""
        named = "*" in self.items or task_code in self.items
        asked = (self.kind, self.consumer, self.purpose) == (kind, consumer, purpose)
        return asked and named and self.valid_from <= date <= self.valid_to

    @property
    def disputed(self) -> bool:
        """Whether a dispute is open now."""
        return any(one.settled_epoch is None for one in self.disputes)


class SharingBook:
    """All authorisations by id, as the registry chain told them so far."""

    def __init__(self) -> None:
        self._known: dict[str, Sharing] = {}

    def live(self, sharing_id: str, epoch: int) -> Sharing | None:
        """The authorisation with this id where it was live at ``epoch``, or None. Source: H05."""
        found = self._known.get(sharing_id)
        return found if found is not None and found.live_at(epoch) else None

    def all(self) -> list[Sharing]:
        """All, by id, those that ended too."""
        return [found for _, found in sorted(self._known.items())]

    def admit(self, statement: Statement, digest: str, epoch: int) -> None:
        """Apply one statement; raises SHARING_FORMAT, SHARING_UNKNOWN, SHARING_STATE and changes nothing."""
        body = statement.body
        if statement.type == "sharing.issue":
            made = read_sharing(digest, epoch, body)
            if made.sharing_id in self._known:
                raise Refusal("SHARING_FORMAT", RULE, member="sharing_id")
        elif statement.type == "sharing.withdraw":
            made = self._withdrawn(body, epoch)
        elif statement.type == "sharing.dispute":
            made = self._disputed(statement, epoch)
        else:
            made = self._settled(body, epoch)
        self._known[made.sharing_id] = made

    def _withdrawn(self, body: Mapping[str, object], epoch: int) -> Sharing:
        _members(body, {"sharing_id", "reason"})
        found = self._open(body)
        return replace(found, ended=epoch, reason=_one_of(body, "reason", REASONS))

    def _disputed(self, statement: Statement, epoch: int) -> Sharing:
        body = statement.body
        _members(body, {"sharing_id", "ground", "words"})
        found = self._open(body)
        if statement.actor.node not in (found.supplier, found.consumer) or found.disputed:
            raise Refusal("SHARING_STATE", RULE, sharing=found.sharing_id)
        made = Dispute(epoch, statement.actor.node, _one_of(body, "ground", GROUNDS), _match(body, "words", _HEX64))
        return replace(found, disputes=(*found.disputes, made))

    def _settled(self, body: Mapping[str, object], epoch: int) -> Sharing:
        _members(body, {"sharing_id", "outcome"})
        found = self._open(body)
        if not found.disputed:
            raise Refusal("SHARING_STATE", RULE, sharing=found.sharing_id)
        outcome = _one_of(body, "outcome", OUTCOMES)
        last = replace(found.disputes[-1], settled_epoch=epoch, outcome=outcome)
        ended = {"ended": epoch, "reason": "MISUSE"} if outcome == "ENDED" else {}
        return replace(found, disputes=(*found.disputes[:-1], last), **ended)  # type: ignore[arg-type]

    def _open(self, body: Mapping[str, object]) -> Sharing:
        found = self._known.get(str(body.get("sharing_id")))
        if found is None or found.ended is not None:
            raise Refusal("SHARING_UNKNOWN", RULE, sharing=str(body.get("sharing_id"))[:80])
        return found


def read_sharing(digest: str, epoch: int, body: Mapping[str, object]) -> Sharing:
    """The authorisation in a ``sharing.issue`` body. Refusals SHARING_FORMAT, NODE_ID_FORMAT."""
    _members(body, _ISSUED)
    items = body["items"]
    if not isinstance(items, list) or not items or not all(isinstance(one, str) and one for one in items):
        raise Refusal("SHARING_FORMAT", RULE, member="items")
    if any(one != "*" and _ID.fullmatch(one) is None for one in items):
        raise Refusal("SHARING_FORMAT", RULE, member="items")
    begins, ends = _match(body, "valid_from", _DAY), _match(body, "valid_to", _DAY)
    if ends < begins:
        raise Refusal("SHARING_FORMAT", RULE, member="valid_to")
    return Sharing(
        digest=digest,
        epoch=epoch,
        sharing_id=_match(body, "sharing_id", _ID),
        supplier=identity.require_node(str(body["supplier"])),
        consumer=identity.require_node(str(body["consumer"])),
        kind=_one_of(body, "kind", KINDS),
        standard=_match(body, "standard", _STANDARD),
        items=frozenset(items),
        flow=_one_of(body, "flow", FLOWS),
        purpose=_one_of(body, "purpose", PURPOSES),
        valid_from=begins,
        valid_to=ends,
        document=_match(body, "document", _HEX64),
    )


def _open(dispute: Dispute, epoch: int) -> bool:
    return dispute.epoch <= epoch and (dispute.settled_epoch is None or epoch < dispute.settled_epoch)


def _members(body: Mapping[str, object], wanted: set[str]) -> None:
    if set(body) != wanted:
        raise Refusal("SHARING_FORMAT", RULE, member=",".join(sorted(set(body) ^ wanted))[:80])


def _match(body: Mapping[str, object], member: str, pattern: re.Pattern[str]) -> str:
    value = body[member]
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise Refusal("SHARING_FORMAT", RULE, member=member)
    return value


def _one_of(body: Mapping[str, object], member: str, codes: tuple[str, ...]) -> str:
    value = str(body[member])
    if value not in codes:
        raise Refusal("SHARING_FORMAT", RULE, member=member)
    return value
