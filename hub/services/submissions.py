"""Statements in, receipts out: examined, sequenced in order, answered after the commit (promise 5).

One thread (a ``Lane``) examines what came from all calls meanwhile and signs the receipts of what was committed; the
sequencer has its own. The library's signature calls hold the interpreter, so more threads would only change places.

Invariants:
- each submission is answered alone; a refusal does not stop its neighbours;
- a receipt is signed only for what is committed, and the same payload gets the same bytes;
- a receipt is shown to those who were shown the leaf, the statement's own node, auditors;
- the caller was let in by what this process knew; the place in the log decides whether it still holds its keys, and a
  no of the directory is given only by one that was brought up to date after the call came;
- beyond ``QUEUE_MOST`` statements under way a caller is told HUB_BUSY at once; a call counts until no lane holds it any
  more, however long its caller waited; one that nobody waits for is not worked on.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from crypto.keystore import Signer
from crypto.log import leaf as leaves
from crypto.log.leaf import Leaf
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from crypto.statement import Statement, read_signed
from hub.services.batch import Outcome, Placed
from hub.services.intake import Ready, Submission, examine
from hub.services.lane import Lane
from hub.services.receipts import bound, make_receipt
from hub.services.registry import CallerGone, RegistryService, require_caller
from hub.services.sequencer import QUEUE_MOST, Group, Sequencer
from storage.database import Database, Reading
from storage.log_rows import LeafRow
from storage.object_rows import PinnedRow

SUBMISSIONS_MOST = 256
RULE = "promise 5; AIP-231"


@dataclass(frozen=True)
class Receipted:
    """A sequenced receipt: envelope bytes, leaf index, 43-character case number (empty without one)."""

    envelope: bytes
    index: int
    case_no: str


Answer = Receipted | Refusal


@dataclass(frozen=True)
class _Call:
    """One call under way: who asked what, where its answers are awaited, and who is told when no lane holds it."""

    caller: KeyRecord
    submissions: Sequence[Submission]
    future: "asyncio.Future[list[Answer]]"
    over: Callable[[], object]


_Made = list[Answer] | Exception
_Step = Callable[[], _Made | None]


def _kept_by_nobody() -> Callable[[], object]:
    return lambda: None


class SubmissionService:
    """One a process; ``submit`` belongs to the event loop, ``find`` blocks."""

    def __init__(self, database: Database, registry: RegistryService, sequencer: Sequencer, signer: Signer) -> None:
        self._database = database
        self._registry = registry
        self._sequencer = sequencer
        self._signer = signer
        self._desk: Lane[tuple[_Call, _Step]] = Lane(
            "examine", self._work, SUBMISSIONS_MOST, lambda step: len(step[0].submissions)
        )
        self._examined_now: list[Group] = []  # of the desk's thread
        sequencer.coming = self._desk.busy
        self._waiting = 0

    def close(self) -> None:
        """End the thread."""
        self._desk.close()

    async def submit(
        self,
        caller: KeyRecord,
        submissions: Sequence[Submission],
        keep: Callable[[], Callable[[], object]] = _kept_by_nobody,
    ) -> list[Answer]:
        """One answer a submission, in order, after the commit. Refusals TOO_MANY_SUBMISSIONS, HUB_BUSY.

        ``keep`` is called when the submissions begin to wait, and what it gives, once, when they do so no more: that
        may be long after the caller went.
        """
        if len(submissions) > SUBMISSIONS_MOST:
            raise Refusal("TOO_MANY_SUBMISSIONS", RULE, given=len(submissions), most=SUBMISSIONS_MOST)
        if self._waiting + len(submissions) > QUEUE_MOST:
            raise Refusal("HUB_BUSY", "promise 5; bounded queues", waiting=self._waiting)
        call = _Call(caller, submissions, asyncio.get_running_loop().create_future(), keep())
        self._waiting += len(submissions)
        if not self._desk.put((call, partial(self._examine, call))):
            self._settle([(call, Refusal("HUB_STOPPING", RULE))])
        return await call.future

    def _settle(self, answered: list[tuple[_Call, _Made]]) -> None:
        """No lane holds these calls any more. In their event loop."""
        for call, made in answered:
            self._waiting -= len(call.submissions)
            call.over()
            if call.future.done():
                continue
            if isinstance(made, Exception):
                call.future.set_exception(made)
            else:
                call.future.set_result(made)

    def receipt(self, placed: Placed) -> Receipted:
        """The receipt of a committed statement."""
        envelope = make_receipt(self._signer, placed.leaf, placed.payload_digest, placed.objects)
        return Receipted(envelope.encode(), placed.leaf.index, placed.case_no)

    def find(self, caller: KeyRecord, payload_digest: str) -> Receipted:
        """The receipt of a statement sequenced before. Refusal STATEMENT_UNKNOWN, also for strangers."""
        with self._database.reading() as reading:
            row = reading.log.known([payload_digest]).get(payload_digest)
            if row is None:
                raise Refusal("STATEMENT_UNKNOWN", "A24", digest=payload_digest[:64])
            leaf = leaves.decode(row.leaf)
            statement = read_signed(leaf.envelope)
            if not _may_see(reading, caller, row, statement):
                raise Refusal("STATEMENT_UNKNOWN", "A24", digest=payload_digest[:64])
            case = reading.cases.find(row.case_id) if row.case_id else None
            placed = Placed(leaf, payload_digest, _objects(reading, leaf, statement), case.case_no if case else "")
        return self.receipt(placed)

    def _work(self, steps: list[tuple[_Call, _Step]]) -> None:
        """Steps of many calls, but none for a caller that went (not answered, so it comes again with the same bytes);
        those that are answered go back to their loop in one hop."""
        made: dict[asyncio.AbstractEventLoop, list[tuple[_Call, _Made]]] = {}
        for call, step in steps:
            try:
                answer = [] if call.future.done() else step()
            except Exception as error:  # passed on to the caller's own door
                answer = error
            if answer is not None:
                made.setdefault(call.future.get_loop(), []).append((call, answer))
        groups, self._examined_now = self._examined_now, []
        self._sequencer.put(*groups)
        for loop, answered in made.items():
            loop.call_soon_threadsafe(self._settle, answered)

    def _examine(self, call: _Call) -> list[Answer] | None:
        """What was refused already, when that is all; else the rest goes on to the sequencer."""
        checked = [self._examined(call.caller, submission) for submission in call.submissions]
        ready = [item for item in checked if isinstance(item, Ready)]
        if not ready:
            require_caller(self._registry.refresh(), call.caller)
            return [item for item in checked if isinstance(item, Refusal)]
        self._examined_now.append(Group(ready, partial(self._placed, call, checked), call.future.done))
        return None

    def _examined(self, caller: KeyRecord, submission: Submission) -> Ready | Refusal:
        """A no counts only by a directory that is as new as the call: a key may just have come by another process."""
        directory = self._registry.directory
        epoch = directory.epoch
        try:
            return replace(examine(submission, caller, directory), caller=caller)
        except Refusal as refusal:
            newer = self._registry.refresh()
            if newer.epoch == epoch:
                return refusal
        try:
            return replace(examine(submission, caller, newer), caller=caller)
        except Refusal as refusal:
            return refusal

    def _placed(self, call: _Call, checked: Sequence[Ready | Refusal], outcomes: list[Outcome]) -> None:
        self._desk.put((call, partial(self._receipts, checked, outcomes)))

    def _receipts(self, checked: Sequence[Ready | Refusal], outcomes: list[Outcome]) -> list[Answer]:
        gone = next((item for item in outcomes if isinstance(item, CallerGone)), None)
        if gone is not None:
            raise gone
        placed = iter(outcomes)
        found = (item if isinstance(item, Refusal) else next(placed) for item in checked)
        return [item if isinstance(item, Refusal) else self.receipt(item) for item in found]


def _may_see(reading: Reading, caller: KeyRecord, row: LeafRow, statement: Statement) -> bool:
    if row.is_registry or statement.actor.node == caller.subject or "auditor" in caller.roles:
        return True
    return reading.log.shown(caller.subject, row.index)


def _objects(reading: Reading, leaf: Leaf, statement: Statement) -> list[PinnedRow]:
    named = statement.body.get("manifest")
    found = reading.objects.pinned([named]).get(named) if isinstance(named, str) else None
    return bound(leaf, found[0] if found else None)
