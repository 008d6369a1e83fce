"""Debts, commitments, reuse and second intakes over the life of a case (B09, B10, B16, A22, E02, G15; K7)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from crypto import canonical
from crypto.manifest import Line, Manifest, Page, Rendition
from crypto.refusal import Refusal
from crypto.sealing import Context, Stream
from hub.casework import timers
from hub.casework.casefile import CaseFile, State, from_document
from hub.casework.materials import across, ways
from hub.casework.materials.across import Known, known_of
from hub.casework.materials.values import Commitment, Reuse
from hub.casework.parents.values import Bond
from hub.casework.review.values import Link
from tests.unit.law_people import CASE, OTHER_WINDOW, TASK, WINDOW, manifest
from tests.unit.law_scenarios_materials import SITUATION, again, material, original, weak
from tests.unit.law_steps_materials import COMMITTED, EARLIER_CASE, EARLIER_SEALING, OWED, promise, with_line
from tests.unit.law_world import Bench

ACCEPTED = ("W1", "T08", "T10", "T14")
WHO, SOMEBODY = "a1" * 32, "a2" * 32


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


# --- other cases of the same applicant (A22, E02, G15) ----------------------------------------------------------------


def other(**changes: str) -> Known:
    """Another open case of the same applicant for the same item."""
    known = Known("d1" * 16, WHO, TASK, "100170000027", OTHER_WINDOW, "OPEN", "")
    return replace(known, **changes)


def page(commitment: str = "c1" * 32, media: str = "image/jpeg", number: int = 1) -> Page:
    """A page whose plain text has this commitment."""
    stream = Stream(Context(CASE, 1, "M02", number, "full"), 0, 1, "0" * 64, commitment, 1)
    return Page(number, (Rendition("full", stream, media),))


def judged(
    bench: Bench, name: str, known: tuple[Known, ...], said: Mapping[str, Any], earlier: CaseFile | None = None
) -> str:
    """Code of the refusal of an act beside these other cases; empty when it counts."""
    step = bench.step(name).saying(**said)
    act, sealed = bench.act(step), with_line(manifest("application"), "M02", pages=(page(),))
    after = bench.law.apply(bench.file, act, bench.world())
    try:
        across.require_lawful(act, bench.file, after, known, lambda case: earlier, lambda digest: sealed)
    except Refusal as refusal:
        return refusal.code
    return ""


@pytest.mark.requirement("A22", "row T05")
@pytest.mark.parametrize(
    ("known", "code"),
    [
        (other(), "DUPLICATE_INTAKE"),
        (other(standing=""), ""),
        (other(task_code="0" * 31), ""),
        (other(applicant=SOMEBODY), ""),
        (other(case_id=CASE), ""),
    ],
)
def test_a22_an_open_case_of_the_same_applicant_and_item_is_named(known: Known, code: str) -> None:
    assert judged(Bench(), "T05", (known,), {"applicant": WHO}) == code


@pytest.mark.requirement("A22", "row T05")
def test_a22_a_second_intake_with_a_reason_is_taken_and_linked() -> None:
    named = {"applicant": WHO, "duplicate_of": other().case_id, "duplicate_reason": "OTHER_MATTER"}
    bench = Bench()
    assert judged(bench, "T05", (other(),), named) == ""
    assert judged(bench, "T05", (), named) == "DUPLICATE_UNRELATED"
    bench.do(bench.step("T05").saying(**named))
    assert [(link.case, link.kind) for link in bench.case.linked] == [(other().case_id, "SECOND_INTAKE")]


@pytest.mark.requirement("A22", "row T05R", "row T24")
def test_a22_a_case_that_came_back_is_sealed_again_after_the_other_one_has_ended() -> None:
    """Only the link that the act itself adds is judged: what an earlier seal named may have ended since."""
    bench = Bench().reach("T05R")
    link = Link(other().case_id, "SECOND_INTAKE")
    bench.file = replace(bench.case, applicant=WHO, linked=(link,))
    who, named = {"applicant": WHO}, {"duplicate_reason": "OTHER_MATTER", "duplicate_of": other().case_id}
    for known in ((), (other(standing=""),), (other(),)):
        assert judged(bench, "T05R", known, who) == ""
        assert judged(bench, "T05R", known, who | named) == ""
    third = "d3" * 16
    assert judged(bench, "T05R", (other(case_id=third),), who) == "DUPLICATE_INTAKE"
    assert judged(bench, "T05R", (other(case_id=third),), who | named) == "DUPLICATE_INTAKE"
    assert judged(bench, "T05R", (other(case_id=third),), who | named | {"duplicate_of": third}) == ""
    assert judged(bench, "T05R", (other(),), who | named | {"duplicate_of": third}) == "DUPLICATE_UNRELATED"
    bench.do(bench.step("T05R").saying(**who, **named))
    assert bench.case.linked == (link,)


@pytest.mark.requirement("A22", "row T36")
def test_t36_a_duplicate_ends_only_in_favour_of_a_case_of_the_same_applicant_and_item() -> None:
    bench = Bench().reach("T36")
    bench.file = replace(bench.case, applicant=WHO)
    step = {"reason": "DUPLICATE", "linked": other().case_id}
    assert judged(bench, "T36", (other(),), step) == ""
    assert judged(bench, "T36", (other(task_code="0" * 31),), step) == "DUPLICATE_UNRELATED"
    assert judged(bench, "T36", (), step) == "DUPLICATE_UNRELATED"


@pytest.mark.requirement("G15", "row T05")
def test_g15_who_broke_a_commitment_proves_what_he_says_until_it_is_repaired() -> None:
    bench = Bench()
    made = with_line(manifest("application"), COMMITTED, acquisition="COMMITMENT", trust="D", original="NOT_NEEDED")
    bench.application = bench.store(made)
    said = {"applicant": WHO, "commitment_notice": True}
    assert judged(bench, "T05", (other(standing="", breach="BROKEN"),), said) == "COMMITMENT_BARRED"
    assert judged(bench, "T05", (other(standing="", breach=""),), said) == ""
    plain = Bench()
    assert judged(plain, "T05", (other(standing="", breach="BROKEN"),), {"applicant": WHO}) == ""


@pytest.mark.requirement("E02", "D21", "row T05")
def test_e02_only_the_same_applicants_papers_that_this_window_may_read_are_used_again() -> None:
    bench = Bench()
    step = again()(bench, bench.step("T05"))
    mine = replace(Bench().reach("T08").case, case=EARLIER_CASE, applicant=WHO)
    sealing = replace(mine.sealings[0], manifest=EARLIER_SEALING)
    mine = replace(mine, sealings=(sealing,))
    said = dict(step.body) | {"applicant": WHO}
    assert judged(bench, "T05", (), said, mine) == ""
    assert judged(bench, "T05", (), said, replace(mine, applicant=SOMEBODY)) == "REUSE_NOT_THEIRS"
    assert judged(bench, "T05", (), said, None) == "REUSE_NOT_THEIRS"
    theirs = replace(mine, collecting_node=OTHER_WINDOW, holder=OTHER_WINDOW)
    assert judged(bench, "T05", (), said, theirs) == "REUSE_NOT_SEEN"
    other_line = [said["reused"][0] | {"line": "M99"}]
    assert judged(bench, "T05", (), said | {"reused": other_line}, mine) == "REUSE_LINE_UNKNOWN"


@pytest.mark.requirement("E02", "D19")
@pytest.mark.parametrize(
    ("trust", "code"), [("A", ""), ("B", ""), ("C", "REUSE_LINE_UNKNOWN"), ("D", "REUSE_LINE_UNKNOWN")]
)
def test_e02_only_levels_a_and_b_are_used_again(trust: str, code: str) -> None:
    reuse = Reuse("M02", EARLIER_CASE, EARLIER_SEALING, "M02", "LONG_TERM")
    mine = replace(Bench().reach("T08").case, applicant=WHO)
    mine = replace(mine, sealings=(replace(mine.sealings[0], manifest=EARLIER_SEALING),))
    sealed = replace(manifest("application"), lines=(Line("M02", "M02", "SUBMIT", trust, "NOT_NEEDED", (page(),)),))
    assert reusable(mine, reuse, sealed, sealed) == code


def reusable(mine: CaseFile, reuse: Reuse, earlier: Manifest, sealed: Manifest) -> str:
    """Code of the refusal of a reuse, empty when it counts."""
    try:
        across.require_reusable(mine, reuse, WINDOW, replace(mine, bond=None), earlier, sealed)
    except Refusal as refusal:
        return refusal.code
    return ""


JSON_PAGE = page("c2" * 32, "application/json")


@pytest.mark.requirement("E02", "D21", "row T05")
@pytest.mark.parametrize(
    ("earlier", "now", "code"),
    [
        ((page(),), (page(),), ""),
        ((page(),), (page("c3" * 32),), "REUSE_DIFFERS"),
        ((page(),), (page(media="image/png"),), "REUSE_DIFFERS"),
        ((page(),), (page(), page(number=2)), "REUSE_DIFFERS"),
        ((page(),), (page(), page("c3" * 32, "application/json", 2)), "REUSE_DIFFERS"),
        ((page(), page(number=2)), (page(),), "REUSE_DIFFERS"),
        ((page(),), (page(number=2),), "REUSE_DIFFERS"),
        ((page(),), None, "REUSE_DIFFERS"),
        ((page(),), (), "REUSE_DIFFERS"),
        ((JSON_PAGE,), (JSON_PAGE,), ""),
        ((JSON_PAGE,), (page("c3" * 32, "application/json"),), "REUSE_DIFFERS"),
        ((Page(1, ()),), (Page(1, ()),), "REUSE_LINE_UNKNOWN"),
        ((), (), "REUSE_LINE_UNKNOWN"),
    ],
)
def test_e02_what_is_used_again_is_page_by_page_what_was_sealed_before(
    earlier: tuple[Page, ...], now: tuple[Page, ...] | None, code: str
) -> None:
    reuse, mine = reuse_by_window()
    before = replace(manifest("application"), lines=(Line("M02", "M02", "VERIFY_ONLINE", "A", "NOT_NEEDED", earlier),))
    lines = () if now is None else (Line("M02", "M02", "REUSED", "A", "NOT_NEEDED", now),)
    assert reusable(mine, reuse, before, replace(before, lines=lines)) == code


@pytest.mark.requirement("E02", "row T05")
def test_e02_one_material_is_no_other_one_and_no_better() -> None:
    reuse, mine = reuse_by_window()
    line = Line("M02", "M02", "REUSED", "B", "NOT_NEEDED", (page(),))
    sealed = replace(manifest("application"), lines=(line,))
    assert reusable(mine, reuse, sealed, sealed) == ""
    assert reusable(mine, reuse, sealed, replace(sealed, lines=(replace(line, trust="A"),))) == "REUSE_DIFFERS"
    other_paper = replace(sealed, lines=(replace(line, material="M03"),))
    assert reusable(mine, reuse, other_paper, sealed) == "REUSE_LINE_UNKNOWN"


@pytest.mark.requirement("E02", "B05", "row P1")
def test_e02_a_child_uses_again_what_its_parents_sealing_holds_for_its_part() -> None:
    """The pages lie in the parent's sealing, under the code of the one list (states.md P1)."""
    reuse, mine = reuse_by_window()
    bond = Bond("d7" * 16, "A", "ONLINE", (), (("T01", "M02"),), (), False)
    earlier = Line("M02", "M02", "SUBMIT", "B", "SEEN_RETURNED", (page(),))
    line = Line("T01", "T01", "REUSED", "B", "NOT_NEEDED", (page(),))
    before = replace(manifest("application"), lines=(earlier,))
    sealed = replace(before, case=bond.parent, lines=(line,))
    mine = replace(mine, bond=bond)
    assert reusable(mine, reuse, before, sealed) == ""
    different = replace(sealed, lines=(replace(line, pages=(page("c3" * 32),)),))
    assert reusable(mine, reuse, before, different) == "REUSE_DIFFERS"


def reuse_by_window() -> tuple[Reuse, CaseFile]:
    """A reuse of M02, and the case in whose sealing it lies."""
    mine = replace(Bench().reach("T08").case, applicant=WHO)
    mine = replace(mine, sealings=(replace(mine.sealings[0], manifest=EARLIER_SEALING),))
    return Reuse("M02", EARLIER_CASE, EARLIER_SEALING, "M02", "LONG_TERM"), mine


@pytest.mark.requirement("A22", "G15")
def test_a22_the_index_follows_from_the_case_alone() -> None:
    bench = Bench().reach("T08")
    assert known_of(bench.case) is None
    mine = replace(bench.case, applicant=WHO)
    assert known_of(mine) == Known(CASE, WHO, TASK, mine.public_no, WINDOW, "OPEN", "")
    ended = replace(mine, state=State.CLOSED, commitments=(Commitment("M04", "", "BROKEN", "a" * 64),))
    assert known_of(ended) == Known(CASE, WHO, TASK, mine.public_no, WINDOW, "", "BROKEN")


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
