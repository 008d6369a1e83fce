"""The law under any order of acts: invariants of states.md 10 over thousands of random walks."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crypto.canonical import time_text
from crypto.refusal import Refusal
from hub.casework import clocks, consequences
from hub.casework.casefile import BEFORE_DECISION, CHINESE, CaseFile, Sealing, State, from_document
from tests.unit.law_world import CALENDAR, CATALOGUE, DEPARTMENT, MAIN_PATH, TASK, WINDOW, Bench

ENDS = {State.CLOSED, State.WITHDRAWN}
STEPS = (*MAIN_PATH, "T35", "H02")


class CaseMachine(RuleBasedStateMachine):
    """Acts of the main path and withdrawal in any order; the law takes the ones that are due."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.sealed: tuple[Sealing, ...] = ()
        self.times: list[str] = []
        self.ended: CaseFile | None = None

    @rule(name=st.sampled_from(STEPS), minutes=st.integers(0, 3 * 24 * 60))
    def try_act(self, name: str, minutes: int) -> None:
        """One act; refused or not, the file is a whole value afterwards."""
        self.bench.now += timedelta(minutes=minutes)
        before = self.bench.file
        try:
            after = self.bench.do(self.bench.step(name))
        except Refusal as refusal:
            assert refusal.code and refusal.rule
            assert self.bench.file is before
            return
        self._accepted(name, before, after)

    @precondition(lambda self: self.bench.file is not None)
    @rule()
    def hub_does_what_is_due(self) -> None:
        """The consequence that the law names is always one that the law accepts."""
        event = consequences.next_event(self.bench.case, self.bench.world())
        if event is None:
            return
        row = {"route": "T08", "delivered_proven": "T34"}[event.event]
        before = self.bench.file
        after = self.bench.do(replace(self.bench.step(row), body=event.body))
        self._accepted(row, before, after)

    @rule(role=st.sampled_from(["COLLECTOR", "COLLECT_LEAD"]), name=st.sampled_from(["T14", "T31", "T33"]))
    def collector_tries_to_decide(self, role: str, name: str) -> None:
        """Invariant 19."""
        for node in (WINDOW, DEPARTMENT):
            try:
                self.bench.do(replace(self.bench.step(name), role=role, node=node))
            except Refusal:
                continue
            raise AssertionError("a collector decided")

    @precondition(lambda self: self.bench.file is not None)
    @rule()
    def decide_without_grant(self) -> None:
        """Invariant 4."""
        kept, self.bench.register.grants = self.bench.register.grants, []
        try:
            self.bench.do(self.bench.step("T31"))
        except Refusal:
            return
        finally:
            self.bench.register.grants = kept
        raise AssertionError("decided without a grant")

    def _accepted(self, name: str, before: CaseFile | None, after: CaseFile) -> None:
        assert after.sealings[: len(self.sealed)] == self.sealed  # 12: nothing sealed ever changes
        self.sealed = after.sealings
        self.times.append(after.recorded_at)
        if before is None:
            assert name == "T05"
            return
        assert after.case_seq == before.case_seq + 1
        assert (after.seq - before.seq == 1) == (after.head != before.head)
        if after.holder != before.holder:
            assert name == "T10" and after.holder == DEPARTMENT  # 1: only a countersignature moves a case
        if name == "T35":
            assert before.state in BEFORE_DECISION
        if before.state in ENDS:
            assert after.state is before.state and after.seq == before.seq

    @invariant()
    def exactly_one_responsible(self) -> None:
        """1, 2: a holder who is a party, a word for the state, a queue once it is forwarded."""
        file = self.bench.file
        if file is None:
            return
        assert file.holder in {file.collecting_node, file.accepting_node} and file.holder
        assert CHINESE[file.state]
        forwarded = file.state not in {State.COLLECTED, State.WITHDRAWN}
        assert not forwarded or (file.accepting_node and file.queue)

    @invariant()
    def clocks_add_up(self) -> None:
        """8: used and left make the limit; 5: promise before statutory limit; 7 follows (no pause yet)."""
        file = self.bench.file
        if file is None:
            return
        window = CATALOGUE.window(WINDOW.rsplit("/", 1)[1])
        assert window is not None
        at = time_text(self.bench.now)
        for state in file.clocks.values():
            spent = clocks.used(state, at, CALENDAR, window.timetable)
            rest = clocks.left(state, at, CALENDAR, window.timetable)
            assert spent + rest == state.total and not state.pauses
        if "K4" in file.clocks:
            assert (file.clocks["K3"].due or "") <= (file.clocks["K4"].due or "")
        if file.state in ENDS:
            assert all(state.stopped_at for state in file.clocks.values())

    @invariant()
    def replay_gives_the_same_file(self) -> None:
        """9, and 20: the acts again, from nothing, in the order of hub time."""
        assert self.times == sorted(self.times)
        file: CaseFile | None = None
        for act in self.bench.acts:
            file = self.bench.law.apply(file, act, self.bench.world())
        assert file == self.bench.file
        if file is not None:
            assert from_document(file.to_document()) == file
            assert file.task_code == TASK and file.outcome in {"", "GRANT"}


CaseMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestCaseMachine = CaseMachine.TestCase
