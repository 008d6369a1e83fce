"""A case that is passed up: it goes on above as the same case (states.md T30, 7; 行政许可法 35, 43; C10)."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from crypto.canonical import CHINA
from crypto.refusal import Refusal
from hub.casework import facts, timers
from hub.casework.audience import may_read
from hub.casework.casefile import from_document
from hub.casework.review import look
from hub.casework.states import State
from hub.casework.table import LAW
from tests.unit.law.law_people import (
    DEPARTMENT,
    FAR_AUDITOR,
    HIGHER_DEPARTMENT,
    OTHER_DEPARTMENT,
    TASK,
    THIRD_DEPARTMENT,
    grant,
    manifest,
    record,
)
from tests.unit.law.law_steps import TURNS
from tests.unit.law.law_steps_paper import check_in, pack
from tests.unit.law.law_steps_review import REVIEWED
from tests.unit.law.law_world import Bench

proves = pytest.mark.requirement
NATIONAL = "spiffe://yidi.test/000000000000/national-scj"


def _on(month: int, day: int, hour: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=CHINA)


def _national_queue(document: dict[str, Any]) -> None:
    """The list has a queue of the ministry's."""
    above = {"region": "360000000000", "task_code": TASK, "node": "national-scj", "queue": "inbound"}
    document["queues"].append({**above, "liaison": "010-00000000"})


def _under_review(steps: dict[str, Any] | None = None) -> Bench:
    """A case that was accepted on Monday, 2026-03-02."""
    bench = Bench(start=_on(3, 2))
    bench.change_item(lambda item: item.update(steps=steps or {}))
    return bench.walk(*REVIEWED)


@proves("row T30", "C10", "E01", "F05", "invariant 1")
def test_the_case_goes_on_above_as_it_is() -> None:
    """行政许可法 35, 43: taken up 2026-03-03, 20 working days of its own; steps anew; nothing is accepted again."""
    bench = _under_review({"UNDERTAKE": 2})
    bench.walk("T25", "T30")
    assert look.open_step(bench.case) == "EXAMINE"
    bench.now = _on(3, 3)
    TURNS["keys go up"](bench)
    case = bench.do(bench.step("T30D"))
    assert (case.state, case.holder, case.accepting_node) == (State.UNDER_REVIEW, HIGHER_DEPARTMENT, HIGHER_DEPARTMENT)
    assert (case.first_reviewers, case.responsible, case.queue) == ((DEPARTMENT,), "", "inbound")
    statutory = case.clocks["K4"]
    assert (statutory.started_at[:10], (statutory.due or "")[:10]) == ("2026-03-03", "2026-03-31")
    assert statutory.running
    assert case.effective_at[:10] == "2026-03-02" and look.open_step(case) == "UNDERTAKE"
    assert DEPARTMENT not in case.parties() and HIGHER_DEPARTMENT in case.parties()
    assert facts.oversees(case, replace(record(FAR_AUDITOR, roles={"auditor"}), region="360100000000"))
    with pytest.raises(Refusal, match="STATE_FORBIDS"):
        bench.do(bench.step("T16"))
    reviewer = bench.do(replace(bench.step("T25"), node=HIGHER_DEPARTMENT))
    assert reviewer.responsible.startswith(HIGHER_DEPARTMENT) and look.open_step(reviewer) == "EXAMINE"
    decide = bench.step("T31").saying(grant="G-ABOVE")
    with pytest.raises(Refusal, match="GRANT_MISSING"):
        bench.do(decide)
    above = replace(grant("DECIDE", bench.person(HIGHER_DEPARTMENT, "DECIDER"), "G-ABOVE"), node=HIGHER_DEPARTMENT)
    bench.register.grants.append(above)
    assert bench.do(decide).state is State.DECIDED
    assert from_document(bench.case.to_document()) == bench.case == bench.replayed()


@proves("row T30", "F05", "K4", "K12")
def test_a_referral_whose_keys_never_come_stops_no_clock() -> None:
    """Accepted on Monday 2026-03-02, passed up, nobody wraps: R2 on the department below after 20 working days."""
    bench = _under_review({"UNDERTAKE": 2})
    running = {name for name, clock in bench.case.clocks.items() if clock.running}
    case = bench.do(bench.step("T30"))
    assert {"K3", "K4", "K5"} <= running == {name for name, clock in case.clocks.items() if clock.running}
    bench.now = _on(3, 31)
    case = bench.settle()
    assert case.state is State.REFERRED and timers.due_event(case, bench.world(), case.recorded_at) is None
    assert {("R2", DEPARTMENT), ("Y2", DEPARTMENT)} <= {(card.kind, card.subject) for card in case.cards}
    assert from_document(case.to_document()) == case == bench.replayed()


@proves("row T30", "F05", "A24")
def test_a_referral_is_recalled_while_the_keys_are_below() -> None:
    """As it was before: the same clocks, the same who answers; the department above sees no more."""
    bench = _under_review()
    before = bench.case
    bench.do(bench.step("T30"))
    assert HIGHER_DEPARTMENT in bench.case.parties()
    case = bench.do(bench.step("T30X"))
    assert (case.state, case.referral, case.clocks) == (State.UNDER_REVIEW, None, before.clocks)
    assert (case.responsible, case.holder) == (before.responsible, DEPARTMENT)
    assert HIGHER_DEPARTMENT not in case.parties()
    bench.do(bench.step("T30"))
    TURNS["keys go up"](bench)
    with pytest.raises(Refusal, match="KEYS_MISSING|REFERRAL_UNDER_WAY"):
        bench.do(bench.step("T30X"))
    case = bench.do(bench.step("T30D"))
    assert case.holder == HIGHER_DEPARTMENT
    assert from_document(case.to_document()) == case == bench.replayed()


@proves("row T30", "A24")
def test_a_case_void_on_its_way_up_has_no_part_above() -> None:
    bench = _under_review()
    bench.do(bench.step("T30"))
    manifest_of = bench.case.sealings[0].manifest
    assert may_read(bench.case, manifest_of, HIGHER_DEPARTMENT)
    case = bench.do(bench.step("T36"))
    assert HIGHER_DEPARTMENT not in case.parties() and not may_read(case, manifest_of, HIGHER_DEPARTMENT)


@proves("row T29", "row T30")
def test_an_opinion_awaited_when_the_case_goes_up_is_asked_for_no_more() -> None:
    """No Y12 on a department that may not answer any more."""
    bench = _under_review().walk("T29")
    answer = bench.step("T29O")
    bench.do(bench.step("T30"))
    assert not any(one.open for one in bench.case.consultations)
    TURNS["keys go up"](bench)
    bench.do(bench.step("T30D"))
    bench.now = _on(3, 20)
    assert "Y12" not in [card.kind for card in bench.settle().cards]
    with pytest.raises(Refusal, match="NOT_YOUR_CASE"):
        bench.do(answer)


@proves("row T30", "F05", "F06")
def test_silence_above_counts_as_taken_up_and_the_queue_is_watched() -> None:
    """Passed up on Monday 2026-03-02: Tuesday is the full working day; then B, the coordinator (states.md 9)."""
    bench = _under_review()
    bench.do(bench.step("T30"))
    bench.now = _on(3, 4, 0)
    assert bench.due() is None
    TURNS["keys go up"](bench)
    assert timers.wake_at(bench.case, bench.world()) == "2026-03-04T00:00:00.000+08:00"
    case = bench.settle()
    assert (case.state, case.holder) == (State.UNDER_REVIEW, HIGHER_DEPARTMENT)
    assert [(card.kind, card.subject) for card in case.cards] == [("Y3", HIGHER_DEPARTMENT)]
    bench.now = _on(3, 10, 0)
    case = bench.settle()
    assert case.chased_at and case.coordinator in case.parties()


@proves("row T30", "row O3", "A06")
def test_originals_follow_the_case_up() -> None:
    bench = Bench().walk("T05", "W1", "T08", "T10", "wants originals", "O2", "O3", "D4W:B1", "D5E:B1 collected", "O6")
    bench.walk("T14", "T30")
    with pytest.raises(Refusal, match="RECEIVER_WRONG"):
        bench.do(pack(bench, DEPARTMENT, parcel="B2", receiver=THIRD_DEPARTMENT))
    packed = pack(bench, DEPARTMENT, parcel="B2", receiver=HIGHER_DEPARTMENT)
    assert bench.do(packed).parcel("B2") is not None
    TURNS["keys go up"](bench)
    bench.do(bench.step("T30D"))
    assert DEPARTMENT in bench.case.paper_nodes()
    checked = bench.do(check_in(bench, node=HIGHER_DEPARTMENT).saying(parcel="B2"))
    assert {(item.state, item.holder) for item in checked.originals} == {("CHECKED_IN", HIGHER_DEPARTMENT)}


@proves("row T29", "C08")
def test_an_opinion_takes_no_honest_act_its_place() -> None:
    """Side chain: what was signed while the other department answered still counts; notes are counted by who seals."""
    bench = _under_review().walk("T29")
    signed = bench.act(bench.step("T25"))
    bench.do(bench.step("T29O"))
    bench.file = LAW.apply(bench.case, replace(signed, recorded_at=bench.case.recorded_at), bench.world())
    assert bench.case.steps and not bench.case.consultations[0].open
    up = bench.do(bench.step("T30"))
    assert [(made.sealed_by, made.revision) for made in up.sealings_of("opinion")] == [
        (OTHER_DEPARTMENT, 1),
        (DEPARTMENT, 1),
    ]


@proves("K11", "invariant 17")
def test_an_escalation_takes_no_coordinator_the_place() -> None:
    bench = Bench().reach("K11")
    signed = bench.act(bench.step("T23"))
    escalated = bench.do(bench.step("K11"))
    again = LAW.apply(escalated, replace(signed, recorded_at=escalated.recorded_at), bench.world())
    assert again.state is State.FORWARDED and [card.kind for card in again.cards] == ["Y7"]


@proves("row T30", "E01")
def test_a_second_referral_takes_the_first_review_along() -> None:
    """County, city, province: who decides in the end can read what both levels below found."""
    bench = _under_review().walk("T30", "keys go up", "T30D")
    first = bench.case.referral
    assert first is not None
    bench.register.records[NATIONAL] = record(NATIONAL, roles={"department"})
    bench.change_list(_national_queue)
    second = bench.store(manifest("opinion", object_key="another"))  # what the city found is not what the county found
    step = bench.step("T30").saying(accepting_node=NATIONAL, grant="G-ABOVE", manifest=second)
    above = grant("DECIDE", bench.person(HIGHER_DEPARTMENT, "DECIDER"), "G-ABOVE")
    bench.register.grants.append(replace(above, node=HIGHER_DEPARTMENT))
    case = bench.do(step)
    assert case.referral is not None and case.referral.opinions[:1] == first.opinions
    for made in case.referral.opinions[1:] + look.goes_up(case)[:1]:
        lines = tuple(line.line for line in bench.objects[made].manifest.lines)
        bench.do(replace(bench.wrap(NATIONAL, lines, by=HIGHER_DEPARTMENT, sealing=made), role="department"))
    taken = replace(bench.step("T30D"), node=NATIONAL)
    with pytest.raises(Refusal, match="KEYS_MISSING"):
        bench.do(taken)
    recalled = bench.step("T30X").saying(grant="G-ABOVE")
    back = LAW.apply(case, bench.act(replace(recalled, seq=case.seq + 1, prev=case.head)), bench.world()).referral
    assert back is not None and (back.node, back.queue, back.opinions) == (first.node, first.queue, first.opinions)
    assert (back.steps, bool(back.taken_at)) == (first.steps, True)
    lines = tuple(line.line for line in bench.objects[first.opinions[0]].manifest.lines)
    bench.do(replace(bench.wrap(NATIONAL, lines, by=HIGHER_DEPARTMENT, sealing=first.opinions[0]), role="department"))
    assert bench.do(taken).first_reviewers == (DEPARTMENT, HIGHER_DEPARTMENT)
    assert from_document(bench.case.to_document()) == bench.case == bench.replayed()
