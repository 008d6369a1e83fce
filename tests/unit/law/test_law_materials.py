"""Debts, commitments, reuse and second intakes over the life of a case (B09, B10, B16, A22, E02, G15; K7)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from crypto import canonical
from crypto.refusal import Refusal
from hub.casework import timers
from hub.casework.casefile import from_document
from hub.casework.materials import ways
from hub.casework.materials.across import Known, known_of
from hub.casework.states import State
from tests.unit.law.law_people import CASE, TASK, WINDOW, manifest
from tests.unit.law.law_scenarios_materials import SITUATION, material, original, weak
from tests.unit.law.law_steps_materials import COMMITTED, OWED, promise, with_line
from tests.unit.law.law_world import Bench

ACCEPTED = ("W1", "T08", "T10", "T14")
WHO = "a1" * 32


def code_of(bench: Bench, name: str, **changes: object) -> str:
    """Code of the refusal of an act, empty when it counts."""
    try:
        bench.do(bench.step(name).saying(**changes))
    except Refusal as refusal:
        return refusal.code
    return ""


def pay(bench: Bench) -> None:
    """The owed material comes, and the department gets its key."""
    bench.walk("K7S", "W1:addendum")


# --- tolerance with a debt (B10) --------------------------------------------------------------------------------------


@pytest.mark.requirement("B10", "row K7S", "row T31")
def test_b10_a_debt_blocks_the_decision_until_it_is_paid_and_the_key_is_there() -> None:
    bench = Bench().walk("owing", *ACCEPTED)
    assert bench.case.clocks["K7"].due == "2026-03-09T23:59:59.999+08:00"  # the promised day is a Saturday
    assert code_of(bench, "T31") == "DEBT_OPEN"
    bench.do(bench.step("K7S"))
    assert code_of(bench, "T31") == "KEYS_MISSING"
    bench.walk("W1:addendum")
    assert ways.open_debts(bench.case) == () and bench.case.clocks["K7"].stopped_at is not None
    assert bench.do(bench.step("T31")).state is State.DECIDED
    assert from_document(bench.case.to_document()) == bench.case == bench.replayed()


@pytest.mark.requirement("B10", "row K7")
def test_k7_after_the_promised_day_nothing_but_a_refusal_can_be_decided() -> None:
    bench = Bench().walk("owing", *ACCEPTED, "a fortnight")
    bench.settle()
    assert bench.case.debts[0].overdue_at and [act.statement.type for act in bench.acts].count("debt_overdue") == 1
    assert code_of(bench, "T31") == "DEBT_OPEN"
    assert code_of(bench, "T31", outcome="REFUSE", reasons="a" * 64, appeal="b" * 64) == ""


@pytest.mark.requirement("B10", "row B10R")
def test_b10_a_revocable_debt_lets_the_grant_go_out_and_be_taken_back() -> None:
    bench = Bench().walk("owing revocable", *ACCEPTED, "T31")
    assert code_of(bench, "B10R") == "NOTHING_TO_REVOKE"
    bench.walk("a fortnight", "K7", "B10R")
    assert bench.case.revoked and bench.case.outcome == "GRANT" and bench.case.state is State.DECIDED


@pytest.mark.requirement("B10")
def test_b10_what_is_paid_late_cannot_be_held_against_the_applicant_any_more() -> None:
    bench = Bench().walk("owing revocable", *ACCEPTED, "T31", "a fortnight", "K7")
    pay(bench)
    assert code_of(bench, "B10R") == "NOTHING_TO_REVOKE"


@pytest.mark.requirement("B10", "row T14")
def test_t14_the_department_takes_a_promise_itself_and_its_day_takes_the_old_ones_place() -> None:
    bench = Bench().walk("owing", *ACCEPTED[:3])
    anew = promise(bench, days=4)
    bench.do(bench.step("T14").saying(tolerated=[anew]))
    assert [(debt.material, debt.due) for debt in bench.case.debts] == [(OWED, anew["due"])]
    assert (bench.case.clocks["K7"].due or "")[:10] == anew["due"]


@pytest.mark.requirement("B10", "row T15")
def test_t15_a_debt_stands_when_the_case_is_deemed_accepted() -> None:
    bench = Bench().walk("owing", *ACCEPTED[:3], "a fortnight")
    bench.settle()
    assert bench.case.deemed and bench.case.debts[0].overdue_at


@pytest.mark.requirement("B10", "row T17")
def test_t17_what_a_notice_demanded_and_brought_is_owed_no_more() -> None:
    bench = Bench().walk("owing", *ACCEPTED[:3], "T16", "T17")
    assert ways.open_debts(bench.case) == () and "K7" not in bench.case.clocks


@pytest.mark.requirement("B10", "row K7")
def test_k7_runs_to_one_promised_day_after_the_other() -> None:
    bench = Bench()
    bench.do(bench.step("T05").saying(tolerated=[promise(bench, 3), promise(bench, 4, "M08")]))
    bench.walk(*ACCEPTED)
    assert (bench.case.clocks["K7"].due or "")[:10] == "2026-03-05"
    bench.now = datetime(2026, 3, 6, 9, tzinfo=canonical.CHINA)
    bench.settle()
    assert [bool(debt.overdue_at) for debt in bench.case.debts] == [True, False]
    assert (bench.case.clocks["K7"].due or "")[:10] == "2026-03-06"


@pytest.mark.requirement("B10", "row T05")
def test_t05_no_promise_goes_beyond_the_promised_limit_where_the_list_names_no_days() -> None:
    bench = Bench()  # five working days, the last of them 2026-03-09
    assert code_of(bench, "T05", tolerated=[promise(bench, 8)]) == "PROMISE_AFTER_LIMIT"
    assert code_of(bench, "T05", tolerated=[promise(bench, 7)]) == ""


@pytest.mark.requirement("B10", "row T15")
def test_t15_a_deemed_acceptance_lets_no_promise_stand_longer_than_k3() -> None:
    bench = Bench().walk("owing", *ACCEPTED[:3])
    bench.file = replace(bench.case, debts=(replace(bench.case.debts[0], due="2026-12-01"),))
    bench.walk("a fortnight").settle()
    ends = bench.case.clocks["K3"].due or ""
    assert bench.case.deemed and bench.case.debts[0].due == ends[:10]
    assert bench.case.debts[0].overdue_at and bench.case.clocks["K7"].stopped_at


@pytest.mark.requirement("B10", "row T31")
@pytest.mark.parametrize("outcome", ["GRANT", "REFUSE"])
def test_t31_a_debt_keeps_no_case_open_beyond_the_departments_own_limit(outcome: str) -> None:
    bench = Bench().walk("owing", *ACCEPTED)
    bench.file = replace(bench.case, debts=(replace(bench.case.debts[0], due="2026-12-01"),))
    said = {"outcome": outcome} | ({"reasons": "a" * 64, "appeal": "b" * 64} if outcome == "REFUSE" else {})
    assert code_of(bench, "T31", **said) == "DEBT_OPEN"
    bench.walk("a fortnight")
    assert code_of(bench, "T31", **said) == ("" if outcome == "REFUSE" else "DEBT_OPEN")


@pytest.mark.requirement("B10", "row T20", "row T35", "row T36")
@pytest.mark.parametrize(
    "way", [(*ACCEPTED, "T35"), (*ACCEPTED, "T36"), (*ACCEPTED[:3], "T16", "a month", "T20")], ids=lambda way: way[-1]
)
def test_an_end_with_an_open_debt_leaves_nothing_running(way: tuple[str, ...]) -> None:
    bench = Bench().walk("owing", *way)
    assert ways.open_debts(bench.case) == (OWED,)
    assert [name for name, clock in bench.case.clocks.items() if clock.stopped_at is None] == []
    bench.walk("a month").settle()
    assert not any(act.statement.type == "debt_overdue" for act in bench.acts)
    assert code_of(bench, "K7") == code_of(bench, "K7S") == "STATE_FORBIDS"


@pytest.mark.requirement("B10", "row K7", "row K7S")
def test_k7_starts_only_with_acceptance_and_never_again_once_all_is_paid() -> None:
    bench = Bench().walk("owing", *ACCEPTED[:3], "K7S")
    assert "K7" not in bench.case.clocks
    late = Bench().walk("owing", *ACCEPTED, "a fortnight", "K7")
    stopped = late.case.clocks["K7"]
    others = {name: clock for name, clock in late.case.clocks.items() if name != "K7"}
    pay(late)
    assert stopped.stopped_at and late.case.clocks == others | {"K7": stopped}


@pytest.mark.requirement("A03", "B10", "row K7S", "row T18")
def test_what_is_not_enough_settles_no_debt_and_answers_no_notice() -> None:
    owing = Bench().walk("owing", *ACCEPTED)
    with pytest.raises(Refusal, match="TRUST_TOO_LOW"):
        owing.do(weak(owing, owing.step("K7S")))
    noticed = Bench().walk("owing", *ACCEPTED[:3], "T16")
    with pytest.raises(Refusal, match="TRUST_TOO_LOW"):
        noticed.do(weak(noticed, noticed.step("T17")))
    assert ways.open_debts(owing.case) == ways.open_debts(noticed.case) == (OWED,)


@pytest.mark.requirement("A03", "B10", "row T14")
def test_t14_what_the_case_holds_but_is_not_enough_can_be_promised() -> None:
    bench = Bench().reach("T14")
    held = with_line(manifest("application"), OWED, original="NOT_NEEDED", trust="C")
    bench.objects[bench.sealed] = replace(bench.objects[bench.sealed], manifest=held)
    said = {"tolerated": [promise(bench)]}
    assert code_of(bench, "T14", **said) == "PROMISE_NEEDLESS"
    material(OWED, trust_level="B")(bench, bench.step("T14"))
    assert code_of(bench, "T14", **said) == ""


# --- what the archive waits for (T37) ---------------------------------------------------------------------------------


def closed(*way: str) -> Bench:
    """A granted case whose result was delivered and whose package is told."""
    bench = Bench().walk(*way)
    running = {name: clock for name, clock in bench.case.clocks.items() if name != "K8"}
    bench.file = replace(bench.case, state=State.CLOSED, package="a" * 64, clocks=running)
    return bench


def due_now(bench: Bench) -> str:
    """What the hub has to state."""
    event = bench.due()
    return event.event if event else ""


def pass_wait(bench: Bench) -> None:
    """To the moment that the hub waits for; the case is archived then, and not a moment before."""
    until = timers.wake_at(bench.case, bench.world(), canonical.time_text(bench.now))
    assert until is not None and due_now(bench) == ""
    bench.now = canonical.time_value(until) - timedelta(milliseconds=1)
    assert due_now(bench) == ""
    bench.now += timedelta(milliseconds=1)
    assert bench.settle().state is State.ARCHIVED


@pytest.mark.requirement("B10", "row T37", "row B10R")
def test_t37_waits_for_a_revocable_debt_and_for_its_revocation() -> None:
    bench = closed("owing revocable", *ACCEPTED, "T31")
    assert due_now(bench) == ""
    bench.walk("a fortnight")
    assert due_now(bench) == "debt_overdue"
    bench.do(bench.step("K7"))
    assert due_now(bench) == ""
    bench.do(bench.step("B10R"))
    assert due_now(bench) == "archive"


@pytest.mark.requirement("B10", "row T37")
def test_t37_a_debt_that_is_paid_is_waited_for_no_longer() -> None:
    bench = closed("owing revocable", *ACCEPTED, "T31", "K7S")
    assert due_now(bench) == "archive"


@pytest.mark.requirement("B10", "B09", "row T37")
@pytest.mark.parametrize(
    "way",
    [
        ("owing revocable", *ACCEPTED, "T31", "a fortnight", "K7"),
        ("committing", *ACCEPTED, "T31"),
        ("committing", *ACCEPTED, "T31", "B09"),
    ],
    ids=["debt", "unchecked", "broken"],
)
def test_t37_no_wait_lasts_for_ever(way: tuple[str, ...]) -> None:
    bench = closed(*way)
    pass_wait(bench)
    assert known_of(replace(bench.case, applicant=WHO)) == Known(
        CASE, WHO, TASK, bench.case.public_no, WINDOW, "", ""
    )  # nothing is held against him whose repair nobody could tell any more


@pytest.mark.requirement("B09", "row T37", "row B09")
def test_t37_waits_for_the_check_of_a_commitment_and_for_its_repair() -> None:
    bench = closed("committing", *ACCEPTED, "T31")
    assert due_now(bench) == ""
    bench.do(bench.step("B09"))
    assert due_now(bench) == ""
    bench.do(bench.step("B09").saying(result="REPAIRED"))
    assert due_now(bench) == "archive"


@pytest.mark.requirement("B09", "G15", "row B09R")
def test_b09_a_breach_can_be_repaired_after_the_case_was_withdrawn() -> None:
    bench = Bench().walk("committing", *ACCEPTED, "B09", "T35")
    bench.file = replace(bench.case, applicant=WHO, package="a" * 64)
    assert due_now(bench) == "" and getattr(known_of(bench.case), "breach", None) == "BROKEN"
    assert code_of(bench, "B09R", result="BROKEN") == "REPAIR_ONLY"
    bench.do(bench.step("B09R"))
    assert getattr(known_of(bench.case), "breach", None) == ""
    assert from_document(bench.case.to_document()) == bench.case and due_now(bench) == "archive"


# --- situations (B16) -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("B16", "D03", "row T05", "row T16")
def test_b16_the_answers_choose_the_materials_at_the_seal_and_for_the_notice() -> None:
    bench = Bench()

    def asks(item: dict[str, Any]) -> None:
        item["situations"] = [SITUATION]
        next(one for one in item["materials"] if one["code"] == "M04")["when"] = {"situation": "S1", "is": ["YES"]}

    bench.change_item(asks)
    lines = tuple(line for line in manifest("application").lines if line.material != "M04")
    bench.application = bench.store(replace(manifest("application"), lines=lines))
    assert code_of(bench, "T05", situations={"S1": "YES"}) == "MATERIALS_INCOMPLETE"
    assert code_of(bench, "T05", situations={"S1": "NO"}) == ""
    assert [(one.situation, one.choice) for one in bench.case.answers] == [("S1", "NO")]
    bench.do(bench.wrap(bench.accepting, tuple(line.line for line in lines)))
    bench.walk("T08", "T10")
    demand = [{"material": "M04", "defect": "MISSING"}]
    assert code_of(bench, "T16", lines=demand) == "MATERIAL_NOT_LISTED"
    assert code_of(bench, "T14") == ""
    assert from_document(bench.case.to_document()) == bench.case


# --- commitments (B09, G15) -------------------------------------------------------------------------------------------


@pytest.mark.requirement("B09", "A07", "row B09")
def test_b09_a_commitment_is_kept_with_the_case_and_checked_once() -> None:
    bench = Bench().walk("committing", *ACCEPTED)
    assert [(one.material, one.result) for one in bench.case.commitments] == [(COMMITTED, "")]
    bench.walk("B09")
    assert bench.case.commitments[0].result == "BROKEN"
    assert code_of(bench, "B09") == "NO_COMMITMENT"
    assert code_of(bench, "B09", result="REPAIRED") == ""
    assert from_document(bench.case.to_document()) == bench.case == bench.replayed()


@pytest.mark.requirement("B09")
def test_b09_a_kept_commitment_needs_no_second_signature() -> None:
    bench = Bench().walk("committing", *ACCEPTED)
    assert code_of(bench, "B09", result="KEPT", second_person=None) == ""


@pytest.mark.requirement("B09", "row B10R")
def test_b09_a_grant_on_a_broken_commitment_can_be_taken_back() -> None:
    bench = Bench().walk("committing", *ACCEPTED, "T31")
    assert code_of(bench, "B10R", ground="COMMITMENT_BROKEN") == "NOTHING_TO_REVOKE"
    bench.walk("B09")
    assert code_of(bench, "B10R", ground="COMMITMENT_BROKEN") == ""


# --- originals by a step (A06, O10) -----------------------------------------------------------------------------------


@pytest.mark.requirement("A06", "row T14", "row O10")
@pytest.mark.parametrize(
    ("policy", "state", "copied", "code"),
    [
        ("CHECK_AND_RETURN", {"state": "CHECKED_IN"}, False, ""),
        ("CHECK_AND_RETURN", {"state": "LOST", "settled": "a" * 64}, False, ""),
        ("MAIL_FOR_ARCHIVE", {"state": "LOST", "settled": "a" * 64}, False, "ORIGINAL_AWAITED"),
        ("MAIL_FOR_ARCHIVE", {"state": "LOST", "settled": "a" * 64}, True, ""),
        ("MAIL_FOR_ARCHIVE", {"state": "LOST"}, True, "ORIGINAL_AWAITED"),
    ],
)
def test_o10_a_lost_original_is_stood_for_as_the_list_allows(
    policy: str, state: dict[str, str], copied: bool, code: str
) -> None:
    bench = Bench().reach("T14")
    told = state | {"holder": bench.accepting if state["state"] == "CHECKED_IN" else "carrier:EMS"}
    original("ACCEPT")(policy, **told)(bench, bench.step("T14"))
    copies = [{"material": "M02", "paper": "b" * 64}] if copied else None
    assert code_of(bench, "T14", copies=copies) == code
    assert bench.case.copies == (("M02",) if copied and not code else ())


@pytest.mark.requirement("A06", "row T31")
def test_t31_after_a_deemed_acceptance_the_decider_asks_for_what_acceptance_would_have() -> None:
    bench = Bench().reach("T31")
    original("ACCEPT")()(bench, bench.step("T31"))
    bench.file = replace(bench.case, deemed=True)
    assert code_of(bench, "T31") == "ORIGINAL_AWAITED"
    bench.file = replace(bench.case, deemed=False)
    assert code_of(bench, "T31") == ""


# --- what never enters (A23) ------------------------------------------------------------------------------------------


@pytest.mark.requirement("A23")
@pytest.mark.parametrize("row", ["T03", "T05", "T05R", "T06", "T06R"])
@pytest.mark.parametrize("exclusion", [{"kind": "CLASSIFIED"}, {"kind": "EXEMPT", "approval": "赣府〔2026〕1号"}])
def test_a23_classified_and_exempted_items_are_refused_wherever_a_case_begins(
    row: str, exclusion: dict[str, str]
) -> None:
    bench = Bench().reach(row)
    step = bench.step(row)

    def keep_out(document: dict[str, Any]) -> None:
        next(item for item in document["items"] if item["task_code"] == TASK)["exclusion"] = exclusion
        document["queues"] = [queue for queue in document["queues"] if queue["task_code"] != TASK]
        for window in document["windows"]:
            window["may_collect"] = [code for code in window["may_collect"] if code != TASK]

    bench.change_list(keep_out)
    with pytest.raises(Refusal, match="ITEM_EXCLUDED"):
        bench.do(step)
