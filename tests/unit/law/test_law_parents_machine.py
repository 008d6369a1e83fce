"""Parents under any order of acts: what must hold of a family whatever its people do, and when (states.md 8, 10)."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from crypto.refusal import Refusal
from hub.casework.casefile import CaseFile, from_document
from hub.casework.parents import look, plan
from hub.casework.states import BEFORE_DECISION, State
from tests.unit.law.law_family import NODES, Family
from tests.unit.law.law_people import COORDINATOR, OTHER_WINDOW, Step
from tests.unit.law.law_steps import STEPS
from tests.unit.law.law_steps_parents import PLACES, at_window, merged

OF_A_PART = ("T10", "T14", "T13", "T16", "T21", "T22:third", "T35", "T31", "T33", "D4", "D2C", "T20", "T38")
POLICIES = ("ALL_OR_NOTHING", "INDEPENDENT")
_ENDS = (State.P_CLOSED, State.P_WITHDRAWN, State.P_FAILED)


class FamilyMachine(RuleBasedStateMachine):
    """Three parts, an opinion, a lead, a coordinator, an applicant; the hub follows up by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.family = Family()
        self.decided: set[str] = set()

    @initialize(
        together=st.booleans(), policy=st.sampled_from(["ALL_OR_NOTHING", "INDEPENDENT"]), partial=st.booleans()
    )
    def found(self, together: bool, policy: str, partial: bool) -> None:
        """Any plan."""
        self.family = Family(partial=partial, accept_together=together, failure_policy=policy)

    @rule(part=st.sampled_from(sorted(PLACES)), row=st.sampled_from(OF_A_PART))
    def at_a_department(self, part: str, row: str) -> None:
        """Any act of a part's department, or on it."""
        self._try(lambda: self.family.walk(part, row))

    @rule(part=st.sampled_from(sorted(PLACES)))
    def step_by_step(self, part: str) -> None:
        """The part's next step on the straight way."""
        row = {"FORWARDED": "T10", "PENDING_ACCEPT": "T14"}.get(self.family.state(part), "T35")
        if row != "T35":
            self._try(lambda: self.family.walk(part, row))
        elif self.family.state(part) == "UNDER_REVIEW":
            self._try(lambda: self.family.decided(part))
        elif self.family.state(part) == "DECIDED":
            self._try(lambda: self.family.issued(part))

    @rule(part=st.sampled_from(sorted(PLACES)), outcome=st.sampled_from(["GRANT", "GRANT", "REFUSE"]))
    def decide(self, part: str, outcome: str) -> None:
        """T31."""
        held = self.family.file(part).bond
        if self._try(lambda: self.family.decided(part, outcome)):
            assert held is not None and not held.held and not held.blocked, "decided while it waits"

    @rule(part=st.sampled_from(sorted(PLACES)), lacks=st.booleans())
    def answer(self, part: str, lacks: bool) -> None:
        """P2."""
        self._try(lambda: self.family.answer(part, *([("M02", "EXPIRED")] if lacks else [])))

    @rule(late=st.booleans())
    def merge(self, late: bool) -> None:
        """P2, P12: told once, whoever tells."""
        before = len(self.family.file().notices)
        step = merged(self.family[""])
        if late:
            step = Step(step.event, COORDINATOR, "COORDINATOR", step.body)
        if self._try(lambda: self.family.do("", step)):
            assert before == 0, "told twice"

    @rule(event=st.sampled_from(["withdraw_parent", "withdraw_undecided", "go_on_in_part"]), sure=st.integers(0, 3))
    def applicant_writes(self, event: str, sure: int) -> None:
        """P6, P10."""
        if sure == 0:
            self._try(lambda: self.family.do("", at_window(event)))

    @rule()
    def opinion(self) -> None:
        """P13."""
        if self.family.file().consultations:
            self._try(self.family.opinion)

    @rule()
    def gather(self) -> None:
        """P8."""
        self._try(self.family.gathered)

    @rule()
    def hand_over(self) -> None:
        """P8, D2: at the exit."""
        self._try(lambda: self.family.walk("", "W1:gateway", "P8P", "D4W"))
        if self.family.file().parcels:
            self._try(lambda: self.family.do("", self.family[""].event(4)))

    @rule(days=st.sampled_from([0, 1, 3, 8, 30]))
    def time_passes(self, days: int) -> None:
        """Limits run out."""
        self.family.wait(days)

    @rule(row=st.sampled_from(["T14", "T31", "T10"]), part=st.sampled_from(sorted(PLACES)))
    def a_stranger_acts(self, row: str, part: str) -> None:
        """A24: nobody acts on another's part."""
        step = STEPS[row](self.family[part])
        other = next(node for node in (*NODES.values(), OTHER_WINDOW) if node != self.family.file(part).accepting_node)
        assert not self._try(
            lambda: self.family.do(part, Step(step.event, other, step.role, step.body, person=step.person))
        )

    # --- what must hold --------------------------------------------------------------------------------------

    @invariant()
    def each_has_one_holder_and_a_whole_file(self) -> None:
        """Invariants 1 and 9 for each case of the family."""
        for member in self.family.members.values():
            file = member.case
            assert file.holder and from_document(file.to_document()) == file

    @invariant()
    def the_parent_knows_what_its_parts_are(self) -> None:
        """Nothing is left to be told."""
        parent = self.family.file()
        if not look.open_parent(parent):
            return
        for part in plan.approvals(parent.parts):
            assert look.as_known(part, self.family.file(part.part)) == part, part.part

    @invariant()
    def the_whole_ends_with_its_parts(self) -> None:
        """P7, P10: no undecided part outlives the whole, and a decided one is never undone."""
        parent, parts = self.family.file(), [self.family.file(name) for name in PLACES]
        over = parent.state in (State.P_CONCLUDED, State.P_DELIVERING, *_ENDS)
        assert not over or not any(part.state in BEFORE_DECISION for part in parts)
        now = {part.case for part in parts if part.outcome}
        assert self.decided <= now
        self.decided = now

    @invariant()
    def no_part_begins_before_its_time(self) -> None:
        """P1: D stands still until A is granted."""
        first, last = self.family.file("A"), self.family.file("D")
        assert last.state in (State.COLLECTED, State.TERMINATED, State.WITHDRAWN) or first.outcome == "GRANT"

    @invariant()
    def clocks_of_the_whole_stand_still_only_with_a_part(self) -> None:
        """P4, invariants 5, 7, 8."""
        parent = self.family.file()
        for name in ("K3", "K4"):
            state = parent.clocks.get(name)
            if state is not None and state.stopped_at is None:
                assert state.paused == (look.paused_by(parent) is not None)
        if "K3" in parent.clocks:
            assert parent.clocks["K3"].total <= parent.clocks["K4"].total

    @invariant()
    def results_leave_together(self) -> None:
        """P8: no part is delivered before the whole, where one exit was wanted."""
        for part in PLACES:
            file = self.family.file(part)
            together = file.bond is not None and file.bond.together
            assert not together or file.state is not State.CLOSED or self.family.file().state is State.P_CLOSED

    def teardown(self) -> None:
        """Promise 4: each chain alone gives the same case."""
        for member in self.family.members.values():
            assert member.alone() == member.case

    def _try(self, act: "object") -> bool:
        before: dict[str, CaseFile] = dict(self.family.files)
        assert callable(act)
        try:
            act()
        except Refusal as refusal:
            assert refusal.code and refusal.rule
            assert before.keys() == self.family.files.keys()
            return False
        self.family.now += timedelta(minutes=5)
        return True


FamilyMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
test_parents_in_any_order = FamilyMachine.TestCase
