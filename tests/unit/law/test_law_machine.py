"""The law under any order of acts: invariants of states.md 10 over thousands of random walks.

A walk begins somewhere on the way to one of the rows and goes on with any acts, turns of the world and jumps in time.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from crypto.canonical import time_text
from crypto.refusal import Refusal
from hub.casework import facts
from hub.casework.access.values import Sealing
from hub.casework.casefile import CaseFile, from_document
from hub.casework.context import Act
from hub.casework.parents import look as joint
from hub.casework.review import look
from hub.casework.states import BEFORE_DECISION, CHINESE, State
from hub.casework.table import LAW
from hub.casework.time import clocks
from tests.unit.law.law_people import (
    CALENDAR,
    CATALOGUE,
    COORDINATOR,
    DEPARTMENT,
    OTHER_DEPARTMENT,
    TASK,
    WINDOW,
    Step,
)
from tests.unit.law.law_scenarios_entry import line
from tests.unit.law.law_steps import PATHS, STEPS, TURNS
from tests.unit.law.law_steps_materials import OPENINGS
from tests.unit.law.law_steps_parents import THEME
from tests.unit.law.law_world import Bench, stated

ENDS = {
    *(State.CLOSED, State.WITHDRAWN, State.NOT_COLLECTED, State.NOT_ACCEPTED, State.TERMINATED, State.ABANDONED),
    State.VOIDED,
}
ROUTED = {
    *(State.FORWARDED, State.PENDING_ACCEPT, State.SUPPLEMENT, State.UNDER_REVIEW, State.SUSPENDED),
    *(State.DECIDED, State.DELIVERING, State.CLOSED),
}
NEW_HOLDER = {
    *("seal", "ask_pre_review", "delivered", "constructive_delivery", "return_to_window", "reopen"),
    *("taken_up", "constructive_take_up"),
}
ANSWERS = {"accept", "deem_accept", "supplement_notice", "second_notice", "refuse_accept", "misrouted"}
"""What ends K2 (states.md 2)."""
DEPARTMENTS_ALONE = (
    *("T04", "T14", "T16", "T19", "T21", "T22", "T31", "T33"),
    *("T13", "T25", "T26", "T28", "T29", "T30", "T32"),
)
OPENERS = ["T03", "T05", "T06", "T07"]
_BY_ID = {row.id: row for row in LAW.rows}
ADMITTED: dict[State | None, list[str]] = {
    state: [name for name in STEPS if state in _BY_ID[name.split(":")[0]].source] for state in State
} | {None: OPENERS}
"""Names of the acts that have a row for the state."""


class CaseMachine(RuleBasedStateMachine):
    """Acts in any order; the law takes the ones that are due."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.sealed: tuple[Sealing, ...] = ()
        self.again: CaseFile | None = None
        self.repeated = 0

    @initialize(row=st.sampled_from(sorted(PATHS)))
    def begin_on_the_way(self, row: str) -> None:
        """Somewhere in the law."""
        self.bench.reach(row)
        self.sealed = self.bench.file.sealings if self.bench.file else ()

    @rule(data=st.data(), minutes=st.sampled_from([0, 20, 60, 24 * 60, 3 * 24 * 60]), lead=st.booleans())
    def try_act(self, data: st.DataObject, minutes: int, lead: bool) -> None:
        """An act that the state admits; refused or not, the file is a whole value afterwards."""
        self.bench.now += timedelta(minutes=minutes)
        state = self.bench.file.state if self.bench.file else None
        step = self.bench.step(data.draw(st.sampled_from(ADMITTED[state] or ["T35"])))
        self._try(replace(step, second="COORDINATOR_LEAD") if lead and step.event == "redirect" else step)

    @precondition(lambda self: self.bench.file is not None)
    @rule(name=st.sampled_from(sorted(STEPS)))
    def try_anything(self, name: str) -> None:
        """An act at a time that is not its own."""
        self._try(self.bench.step(name))

    @rule(name=st.sampled_from(sorted(TURNS.keys() - OPENINGS)))
    def the_world_turns(self, name: str) -> None:
        """Time passes, another list is published, bytes are stored again."""
        if self.bench.file is not None:
            TURNS[name](self.bench)

    @precondition(lambda self: self.bench.file is not None)
    @rule()
    def hub_does_what_is_due(self) -> None:
        """What the law or the time makes happen is always accepted, and comes to an end."""
        for _ in range(20):
            event = self.bench.due()
            if event is None:
                return
            assert self._try(stated(event)), event
        raise AssertionError("the hub never comes to an end")

    @precondition(lambda self: self.bench.file is not None)
    @rule(role=st.sampled_from(["COLLECTOR", "COLLECT_LEAD"]), name=st.sampled_from(DEPARTMENTS_ALONE))
    def collector_tries_to_decide(self, role: str, name: str) -> None:
        """Invariant 19."""
        for node in (WINDOW, DEPARTMENT):
            assert not self._try(replace(self.bench.step(name), role=role, node=node)), "a collector decided"

    @precondition(lambda self: self.bench.file is not None)
    @rule()
    def decide_without_grant(self) -> None:
        """Invariant 4."""
        kept, self.bench.register.grants = self.bench.register.grants, []
        decided = self._try(self.bench.step("T31"))
        self.bench.register.grants = kept
        assert not decided

    @precondition(lambda self: self.bench.file is not None and self.bench.case.notices)
    @rule()
    def notice_again(self) -> None:
        """Told once: a second notice is refused whatever it says, but for T19 (invariant 6)."""
        assert not self._try(self.bench.step("T16").saying(lines=[line("M03", "EXPIRED")]))
        taken = self._try(self.bench.step("T19"))
        posted = any(found.kind == "POST_A" for found in self.bench.register.grants)  # then only who took it (F06)
        assert taken or posted or self.bench.case.state is not State.PENDING_ACCEPT

    @precondition(lambda self: self.bench.file is not None and self.bench.case.state in BEFORE_DECISION)
    @rule(sure=st.integers(0, 9))
    def withdraw(self, sure: int) -> None:
        """T35 is open until the decision; most applicants go on."""
        if sure == 0:
            assert self._try(self.bench.step("T35")), "withdrawal refused"

    # --- what must hold after an act -----------------------------------------------------------------------------

    def _try(self, step: Step) -> bool:
        before = self.bench.file
        try:
            after = self.bench.do(step)
        except Refusal as refusal:
            assert refusal.code and refusal.rule
            assert self.bench.file is before
            return False
        self._accepted(self.bench.acts[-1], before, after)
        return True

    def _accepted(self, act: Act, before: CaseFile | None, after: CaseFile) -> None:
        event = act.statement.type
        kept = after.sealings[: len(self.sealed)]
        assert [replace(made, version_id="") for made in kept] == [
            replace(made, version_id="") for made in self.sealed
        ]  # 12: nothing sealed ever changes; only the same bytes may get another pinned version
        assert kept == self.sealed or event == "resend"
        self.sealed = after.sealings
        if before is None:
            assert act.statement.type in {"seal", "ask_pre_review", "decline", "discard"}
            return
        assert after.case_seq == before.case_seq + 1
        assert after.recorded_at >= before.recorded_at  # 20
        assert (after.seq - before.seq == 1) == (after.head != before.head)
        stays = after.state is before.state and after.seq == before.seq
        assert before.state not in ENDS or stays or event in {"archive", "reopen_as"}
        assert after.holder == before.holder or event in NEW_HOLDER  # 1, F05
        assert [card.id for card in after.cards][: len(before.cards)] == [card.id for card in before.cards]
        self._answered(event, before, after)
        if event == "redirect" and len(before.hops) >= 2:
            assert act.second is not None and "COORDINATOR_LEAD" in act.second.roles

    def _answered(self, event: str, before: CaseFile, after: CaseFile) -> None:
        """16: an answer ends K2, and none is deemed but where K2 ran out unanswered."""
        k2 = before.clocks.get("K2")
        if event in ANSWERS and k2 is not None:
            assert after.clocks["K2"].stopped_at
        if event == "deem_accept":
            assert before.state is State.PENDING_ACCEPT and k2 is not None
            assert k2.stopped_at is None and k2.due is not None and after.recorded_at > k2.due
            assert after.effective_at == k2.started_at

    @invariant()
    def exactly_one_responsible(self) -> None:
        """1, 2: a holder who is a party, a word for the state, a queue once it is routed, a coordinator to re-route."""
        file = self.bench.file
        if file is None:
            return
        nodes = {file.collecting_node, file.accepting_node, *file.hops}
        assert file.holder in nodes & file.parties()
        assert CHINESE[file.state]
        assert file.state not in ROUTED or (file.accepting_node and file.queue)
        assert file.state is not State.REROUTING or file.coordinator == COORDINATOR
        assert len(file.hops) <= 2

    @invariant()
    def told_once(self) -> None:
        """6: one notice; each further one has the head's signature, and a card unless the addendum had the defect."""
        file = self.bench.file
        if file is None:
            return
        notices = {"supplement_notice", "second_notice", "merged_notice", "merged_supplement"}
        said = [act for act in self.bench.acts if act.statement.type in notices]
        assert len(said) == len(file.notices)
        assert all(act.statement.type == "second_notice" and act.second is not None for act in said[1:])
        overridden = sum(act.statement.body.get("basis") == "OVERRIDE" for act in said)
        assert sum(card.kind == "R4" for card in file.cards) == overridden

    @invariant()
    def nothing_held_is_demanded(self) -> None:
        """15, E01: what is called missing is not there when it is demanded."""
        file = self.bench.file
        if file is None or file.state is not State.SUPPLEMENT or file.answered_by:
            return
        held = facts.held_materials(file, self.bench.world())
        assert not any(defect == "MISSING" and material in held for material, defect in file.notices[-1].lines)

    @invariant()
    def rerouting_is_left_or_escalated(self) -> None:
        """17: beyond K11 the hub has the escalation to state, or stated it."""
        file = self.bench.file
        if file is None or file.state is not State.REROUTING:
            return
        late = clocks.is_due(file.clocks["K11"], time_text(self.bench.now))
        assert not late or file.clocks["K11"].expired or self.bench.due() is not None

    @invariant()
    def clocks_add_up(self) -> None:
        """8: used and left make the limit; 5: promise before statutory limit; 7: pauses lie apart, on notices."""
        file = self.bench.file
        if file is None:
            return
        window = CATALOGUE.window(WINDOW.rsplit("/", 1)[1])
        assert window is not None
        at = time_text(self.bench.now)
        for state in file.clocks.values():
            spent = clocks.used(state, at, CALENDAR, window.timetable)
            rest = clocks.left(state, at, CALENDAR, window.timetable)
            assert spent + rest == state.total
            self._pauses_apart(file, state)
        dues = [file.clocks[name].due for name in ("K3", "K4") if name in file.clocks]
        assert None in dues or dues == sorted(map(str, dues))
        if file.state in ENDS:
            assert all(state.stopped_at for name, state in file.clocks.items() if name != "K12")  # T38

    def _pauses_apart(self, file: CaseFile, state: clocks.ClockState) -> None:
        """7, 行政许可法 45: one after the other, only the last may be open, each on a notice that the case holds;
        of a parent, on one that a part told of (states.md P4)."""
        notices = {made.manifest for made in file.sealings_of("notice")}
        if file.bundle is not None:
            notices |= {str(act.statement.body.get("notice")) for act in self.bench.acts}
        ends = [moment for pause in state.pauses for moment in (pause.from_at, pause.to_at)]
        assert None not in ends[:-1] and [one for one in ends if one] == sorted(one for one in ends if one)
        assert all(pause.notice in notices for pause in state.pauses)
        if state.paused and state.stopped_at is None:
            assert file.state is State.SUSPENDED if file.bundle is None else joint.paused_by(file) is not None

    @invariant()
    def somebody_answers(self) -> None:
        """2, F05: a person of the department, or its queue; nobody decides what they reviewed (F12); one open pause."""
        file = self.bench.file
        if file is None:
            return
        if file.responsible:
            assert file.takings[-1].person == file.responsible
        assert (file.state is State.SUSPENDED) <= (look.stopping(file) is not None)
        decided = [act.person.subject for act in self.bench.acts if act.statement.type == "decide" and act.person]
        assert not look.reviewed_by(file) & set(decided)
        assert file.state is not State.REFERRED or (file.referral is not None and file.referral.node in file.parties())

    @invariant()
    def replay_gives_the_same_file(self) -> None:
        """9: the acts again, from nothing, give the same states, due dates and cards; each act once, as it comes."""
        done = self.repeated
        for act, world in zip(self.bench.acts[done:], self.bench.worlds[done:], strict=True):
            self.again = LAW.apply(self.again, act, world)
            self.repeated += 1
        assert self.again == self.bench.file
        if self.bench.file is not None:
            assert from_document(self.bench.file.to_document()) == self.bench.file
            assert self.bench.file.task_code in (TASK, THEME) and self.bench.file.outcome in {"", "GRANT"}
            assert self.bench.file.accepting_node in {"", DEPARTMENT, OTHER_DEPARTMENT} | set(
                self.bench.register.records
            )

    def teardown(self) -> None:
        """9: and all of them in one go, after everything that happened around the case since."""
        assert self.bench.replayed() == self.bench.file


CaseMachine.TestCase.settings = settings(max_examples=250, stateful_step_count=40, deadline=None)  # 10,000 steps
TestCaseMachine = pytest.mark.timeout(1200)(  # a minute or two alone; a loaded machine of two cores takes its time
    pytest.mark.requirement(*(f"invariant {number}" for number in (1, 2, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 19, 20)))(
        CaseMachine.TestCase
    )
)


def test_the_walks_begin_before_every_row() -> None:
    assert {row.id for row in LAW.rows} == set(PATHS) - {"W1:gateway"}
