"""From the leaves of one case to what it adds to the figures: told leaf by leaf while the law is run again.

Invariants:
- pure; the same leaves and calendar give the same value, whoever computes it (promise 4, J11);
- a clock's run is what the law left of it, with a due date beyond the calendar of then counted by the one given;
- a step is counted when it ends, from the newest beginning before it; a case sealed anew after a return (T24) keeps
  its first seal as the one collection.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from crypto.canonical import time_value
from crypto.evidence.timeline import envelope_of
from crypto.log.leaf import Leaf
from crypto.statement import Statement, read_statement
from hub.casework.casefile import CaseFile
from hub.casework.figures.values import (
    ENQUIRY,
    STEPS,
    Carded,
    CaseFigures,
    Fact,
    Happened,
    Rated,
    Run,
    Step,
    Took,
)
from hub.casework.late.guards import LATE
from hub.casework.supervision.values import Enquiry
from hub.casework.supervision.view import cards_of
from hub.casework.time import clocks
from hub.casework.time.calendar import WorkCalendar
from hub.casework.visits import visits

JOINT = "JOINT"
"""Theme of a parent that has none: 多地联办 alone."""
LATE_AFTER = timedelta(hours=24)
"""H04 (D): a person's act that reached the log later than this after it was signed counts as entered late, as does
every act that says so itself (states.md 9; A22)."""

FACTS: Mapping[str, tuple[Fact, ...]] = {
    "seal": (Fact.COLLECTED,),
    "decline": (Fact.NOT_COLLECTED,),
    "discard": (Fact.ABANDONED,),
    "route": (Fact.FORWARDED,),
    "redirect": (Fact.FORWARDED,),
    "redirected": (Fact.FORWARDED,),
    "delivered": (Fact.DELIVERED,),
    "constructive_delivery": (Fact.DELIVERED, Fact.CONSTRUCTIVE),
    "bounced": (Fact.BOUNCED,),
    "misrouted": (Fact.MISROUTED,),
    "return_to_window": (Fact.RETURNED,),
    "accept": (Fact.ACCEPTED,),
    "deem_accept": (Fact.ACCEPTED, Fact.DEEMED),
    "refuse_accept": (Fact.NOT_ACCEPTED,),
    "supplement_notice": (Fact.NOTICE,),
    "second_notice": (Fact.NOTICE, Fact.SECOND_NOTICE),
    "supplement_complete": (Fact.SUPPLEMENTED,),
    "lapse": (Fact.TERMINATED,),
    "start_special": (Fact.SUSPENDED,),
    "extend_limit": (Fact.EXTENDED,),
    "decide": (Fact.DECIDED,),
    "issue": (Fact.ISSUED,),
    "delivered_proven": (Fact.PROVEN,),
    "withdraw": (Fact.WITHDRAWN,),
    "refer_up": (Fact.REFERRED,),
    "void": (Fact.VOIDED,),
    "archive": (Fact.ARCHIVED,),
    "complain": (Fact.COMPLAINED,),
    "enquire": (Fact.ENQUIRED,),
    "quality": (Fact.BAD_IMAGES,),
    "seal_parent": (Fact.COLLECTED,),
    "merged_notice": (Fact.NOTICE,),
    "parent_accepted": (Fact.ACCEPTED,),
    "conclude": (Fact.DECIDED,),
    "parent_closed": (Fact.PROVEN,),
    "withdraw_parent": (Fact.WITHDRAWN,),
    "merged_supplement": (Fact.NOTICE,),
    "delivered_together": (Fact.PROVEN,),
    "stop_part": (Fact.TERMINATED,),
    "withdrawn_with_parent": (Fact.WITHDRAWN,),
}
_REASONED = frozenset({"misrouted", "refuse_accept", "return_to_window", "bounced", "withdraw", "void", "discard"})
_ROUTED = frozenset({"route", "redirect", "redirected"})
_UNSOUND = "UNSOUND"


@dataclass(frozen=True)
class _Told:
    index: int
    event: str
    at: str
    node: str
    person: str
    digest: str


class Following:
    """One case. ``see`` is what ``hub.casework.replay.replay`` calls after each leaf that counted."""

    def __init__(self, calendar: WorkCalendar) -> None:
        self._calendar = calendar
        self._file: CaseFile | None = None
        self._happened: list[Happened] = []
        self._took: list[Took] = []
        self._runs: dict[tuple[str, str], Run] = {}
        self._last: dict[Fact, str] = {}
        self._told: list[_Told] = []

    def see(self, leaf: Leaf, file: CaseFile) -> None:
        """One leaf and the case after it."""
        envelope = envelope_of(leaf)
        said = read_statement(envelope.payload)
        before, self._file = self._file, file
        place = self._place(said, before, file)
        actor = said.actor
        self._told.append(
            _Told(leaf.index, said.type, leaf.recorded_at, actor.node, actor.person or "", envelope.digest)
        )
        for fact in FACTS.get(said.type, ()):
            self._count(fact, leaf.recorded_at, place, _code_of(said))
        self._special_facts(said, leaf.recorded_at, place, file)
        if entered_late(said, leaf.recorded_at):
            self._happened.append(Happened(Fact.LATE_ENTRY, leaf.recorded_at, *place, said.type))
        for state in file.clocks.values():
            self._runs[state.clock, state.started_at] = self._run(state, place)
        for enquiry in file.enquiries:
            self._asked(enquiry, file, leaf.recorded_at)

    def figures(self) -> CaseFigures | None:
        """What the case adds; None before the first leaf that counted."""
        file = self._file
        if file is None:
            return None
        return CaseFigures(
            case=file.case,
            case_no=file.case_no,
            task_code=file.task_code,
            region=file.region,
            window=file.collecting_node,
            department=file.accepting_node,
            state=file.state,
            collected_at=self._last.get(Fact.COLLECTED, ""),
            responsible=file.responsible,
            theme=file.bundle.theme or JOINT if file.bundle else "",
            visits=visits(file),
            top=self._told[-1].index,
            happened=tuple(self._happened),
            took=tuple(self._took),
            runs=tuple(self._runs[key] for key in sorted(self._runs)),
            ratings=tuple(_ratings(file)),
            cards=self._cards(file),
        )

    # --- pieces --------------------------------------------------------------------------------------------------

    def _place(self, said: Statement, before: CaseFile | None, file: CaseFile) -> tuple[str, str]:
        """Window and department answerable when it was said: who sends a case on answers for that itself."""
        then = file if before is None or said.type in _ROUTED or not before.accepting_node else before
        return file.collecting_node, then.accepting_node

    def _count(self, fact: Fact, at: str, place: tuple[str, str], code: str) -> None:
        if fact is Fact.COLLECTED and fact in self._last:
            return
        self._happened.append(Happened(fact, at, *place, code))
        file = self._file
        assert file is not None
        for step, (first, last) in STEPS.items():
            since = self._last.get(first)
            if last is fact and since is not None and since <= at and self._last.get(last, "") < since:
                self._took.append(self._step(step, since, at, place, file))
        self._last[fact] = file.effective_at if fact is Fact.ACCEPTED and file.effective_at else at

    def _step(self, step: Step, since: str, at: str, place: tuple[str, str], file: CaseFile) -> Took:
        first, last = _day(since), _day(at)
        days = self._calendar.working_days(first, last)
        state = file.clocks.get("K4")
        if step is Step.DECIDE and state is not None:
            for pause in state.pauses:
                until = _day(pause.to_at or at) - timedelta(days=1)
                days -= self._calendar.working_days(_day(pause.from_at) - timedelta(days=1), min(until, last))
        minutes = int((time_value(at) - time_value(since)).total_seconds()) // 60
        return Took(step, at, minutes, max(days, 0), *place)

    def _special_facts(self, said: Statement, at: str, place: tuple[str, str], file: CaseFile) -> None:
        if said.type == "decide":
            granted = said.body.get("outcome") == "GRANT"
            self._happened.append(Happened(Fact.GRANTED if granted else Fact.REFUSED, at, *place))
        if said.type == "bounce_examined" and file.bounce is not None and file.bounce.finding == _UNSOUND:
            self._happened.append(Happened(Fact.BAD_DIGEST, at, *place, file.bounce.finding))

    def _run(self, state: clocks.ClockState, place: tuple[str, str]) -> Run:
        due = state.due
        if state.provisional and state.unit is not clocks.Unit.WINDOW_HOUR and due is not None:
            due = clocks.recompute(replace(state, stopped_at=None), self._calendar).due
        return Run(
            state.clock, state.started_at, due or "", state.stopped_at or "", state.expired, *place
        )  # fmt: skip

    def _asked(self, enquiry: Enquiry, file: CaseFile, at: str) -> None:
        """F05: the limit runs from the enquiry to the answer, whoever it was passed on to."""
        key = (ENQUIRY, enquiry.digest)
        known = self._runs.get(key)
        answered = "" if enquiry.open else (known.stopped_at if known else "") or at
        sides = (file.collecting_node, file.accepting_node)
        window, department = (node if node == enquiry.holder else "" for node in sides)
        self._runs[key] = Run(ENQUIRY, enquiry.at, enquiry.due, answered, False, window, department)

    def _cards(self, file: CaseFile) -> tuple[Carded, ...]:
        views = cards_of(file, self._told)
        return tuple(
            Carded(view.at, view.rule, view.node, view.person, view.status, card)
            for view, card in zip(views, file.cards, strict=True)
        )


def entered_late(said: Statement, recorded_at: str) -> bool:
    """Whether a person's act counts as entered late (H04): it says so itself, or it came after ``LATE_AFTER``."""
    apart = time_value(recorded_at) - time_value(said.occurred_at)
    return bool(said.actor.person) and (apart > LATE_AFTER or LATE in said.body)


def _ratings(file: CaseFile) -> list[Rated]:
    return [
        Rated(one.at, one.kind, target, level, one.finding != "EXCLUDED")
        for one in file.ratings
        for target, level in one.scores
    ]


def _code_of(said: Statement) -> str:
    """The code of the reason, of an enquiry its topic; of a notice the defects of its lines, each once."""
    if said.type in _REASONED:
        return str(said.body.get("reason", ""))
    if said.type == "enquire":
        return str(said.body.get("topic", ""))
    lines = said.body.get("lines")
    if isinstance(lines, list):
        return ",".join(sorted({str(line.get("defect")) for line in lines if isinstance(line, dict)}))
    return ""


def _day(moment: str) -> date:
    return date.fromisoformat(moment[:10])
