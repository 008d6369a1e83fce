"""Supervision: rules as data, cards by time, answers, appeals, ratings, complaints, enquiries (standards.md 8, 9)."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import canonical
from crypto.refusal import Refusal
from hub.casework import reasons, timers
from hub.casework.audience import audience
from hub.casework.casefile import CaseFile, from_document
from hub.casework.law import Party
from hub.casework.supervision import due
from hub.casework.supervision.card_rules import LEVELS, RULES, Level, Raised, level_of
from hub.casework.supervision.rows import ROWS, SUPERVISOR
from hub.casework.supervision.values import Card
from hub.casework.table import ROWS as ALL_ROWS
from hub.casework.time.clocks import Pause
from tests.unit.law.law_people import (
    AUDITOR,
    COORDINATOR,
    DEPARTMENT,
    OTHER_COORDINATOR,
    OTHER_DEPARTMENT,
    WINDOW,
    grant,
    record,
)
from tests.unit.law.law_steps import PATHS
from tests.unit.law.law_world import Bench

UNDER_REVIEW = "T31"


def kinds(file: CaseFile) -> list[str]:
    """Codes of the cards, in the order in which they were raised."""
    return [card.kind for card in file.cards]


def strike(bench: Bench, days: int) -> Bench:
    """Days pass; each midnight the hub looks."""
    for _ in range(days):
        bench.now = (bench.now + timedelta(days=1)).replace(hour=0, minute=0, second=1)
        bench.settle()
    return bench


# --- rules as data ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("G01", "F16")
def test_every_card_of_the_standard_is_a_rule_with_level_words_and_citation() -> None:
    wanted = {*(f"W{n}" for n in (1, 2)), *(f"Y{n}" for n in range(1, 7)), *(f"R{n}" for n in range(1, 10))}
    assert wanted <= set(RULES)
    assert set(reasons.CARDS) == set(RULES)
    for rule in RULES.values():
        assert rule.source and rule.citation and rule.answers
        assert rule.words.startswith(LEVELS[rule.level])
        assert level_of(rule.id) is rule.level
    assert level_of("Y99") is Level.YELLOW and level_of("R99") is Level.RED and level_of("W99") is Level.REMINDER


@pytest.mark.requirement("G01")
def test_the_supervisor_writes_nothing_on_the_case_itself() -> None:
    """states.md 1: no row with the role moves a case, nor stands on the custody chain."""
    named = [row for row in ALL_ROWS if row.roles & SUPERVISOR]
    assert named
    for row in (*named, *ROWS):
        assert row.target is None and row.chain != "custody"
    assert all(row.party in (Party.SUPERVISOR, Party.CONCERNED) for row in named)


# --- what time raises ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("G01", "C01", "C06")
def test_a_case_under_review_is_reminded_of_then_carded_by_promise_and_law() -> None:
    """W2 at eight tenths of the promise, R1 after it, R2 after the law's limit; each once."""
    bench = Bench().reach(UNDER_REVIEW)
    promise, law = bench.case.clocks["K3"], bench.case.clocks["K4"]
    assert promise.due is not None and law.due is not None and promise.limit >= 5
    strike(bench, 60)
    raised = {card.kind: card for card in bench.case.cards if card.kind in {"W2", "R1", "R2"}}
    assert sorted(raised) == ["R1", "R2", "W2"]
    assert raised["W2"].at < promise.due < raised["R1"].at <= law.due < raised["R2"].at
    assert {card.subject for card in raised.values()} == {DEPARTMENT}
    assert kinds(bench.case).count("R1") == kinds(bench.case).count("R2") == 1
    before = bench.case
    assert strike(bench, 10).case.cards == before.cards


@pytest.mark.requirement("A14", "G01")
def test_y1_is_on_the_window_only_while_the_case_lies_there() -> None:
    """users.md A: nobody is carded for hours that the network or the department lost."""
    bench = Bench().reach("W1")
    k1 = bench.case.clocks["K1"].due
    assert k1 is not None
    bench.now = datetime.fromisoformat(k1)
    assert timers.due_event(bench.case, bench.world(), k1) is None
    bench.now += timedelta(milliseconds=1)
    case = bench.settle()
    assert [(card.kind, card.subject) for card in case.cards] == [("Y1", WINDOW)]
    other = Bench().walk("T05", "W1", "T08")
    other.now = datetime.fromisoformat(k1) + timedelta(milliseconds=1)
    assert kinds(other.settle()) == []


@pytest.mark.requirement("G01", "C06")
def test_w1_reminds_one_working_day_before_the_accept_limit() -> None:
    bench = Bench().reach("T14")
    due_at = bench.case.clocks["K2"].due
    strike(bench, 5)
    (card,) = [card for card in bench.case.cards if card.kind == "W1"]
    assert (card.at[:10], (due_at or "")[:10]) == ("2026-03-07", "2026-03-09")  # a weekend lies between
    assert card.grounds == (bench.case.custody[-1],) or card.grounds[0] in bench.case.custody


@pytest.mark.requirement("G01")
def test_delivery_is_carded_yellow_then_red() -> None:
    bench = Bench().reach("T33")
    strike(bench, 40)
    assert [kind for kind in kinds(bench.case) if kind in {"W1", "Y8", "R10"}] == ["W1", "Y8", "R10"]


@pytest.mark.requirement("G01")
def test_a_pause_raises_nothing_and_a_stopped_clock_neither() -> None:
    bench = Bench().reach(UNDER_REVIEW)
    stopped = Bench().reach("T33")
    assert not [one for one in due.coming(stopped.case, stopped.world()) if one.cause in {"K3", "K4"}]
    paused = {
        name: replace(state, due=None, pauses=_open_pause(bench)) if name in {"K3", "K4"} else state
        for name, state in bench.case.clocks.items()
    }
    bench.file = replace(bench.case, clocks=paused)
    assert not [one for one in due.coming(bench.case, bench.world()) if one.cause in {"K3", "K4"}]


def _open_pause(bench: Bench) -> tuple[Pause, ...]:
    return (Pause(canonical.time_text(bench.now), None, "0" * 64),)


@pytest.mark.requirement("G01")
@settings(max_examples=40, deadline=None)
@given(row=st.sampled_from(sorted(PATHS)), days=st.lists(st.integers(0, 12), max_size=6))
def test_invariant_9_replay_gives_the_same_cards_and_none_vanishes(row: str, days: list[int]) -> None:
    """Whatever the pace at which the hub looks: cards only grow, one a cause, and the log gives them again."""
    bench = Bench().reach(row)
    seen: list[tuple[Card, ...]] = [bench.case.cards if bench.file else ()]
    for span in days:
        if bench.file is None:
            bench.do(bench.step(row))
        bench.now += timedelta(days=span)
        bench.settle()
        seen.append(bench.case.cards)
    for earlier, later in pairwise(seen):
        assert later[: len(earlier)] == earlier
    if bench.file is not None:
        assert bench.replayed() == bench.file
        assert from_document(bench.case.to_document()) == bench.case
        ids = [card.id for card in bench.case.cards]
        assert len(set(ids)) == len(ids)


@pytest.mark.requirement("G01")
def test_wake_at_is_the_moment_of_the_next_card_and_no_minute_between() -> None:
    bench = Bench().reach(UNDER_REVIEW)
    woken = 0
    while at := timers.wake_at(bench.case, bench.world()):
        bench.now = datetime.fromisoformat(at)
        assert bench.due() is not None, "woken for nothing"
        bench.settle()
        woken += 1
    assert woken <= 6


def test_a_card_of_before_still_loads() -> None:
    document = Bench().reach("T14").case.to_document()
    document["cards"] = [{"kind": "Y3", "at": "2026-03-02T09:30:00.000+08:00", "subject": WINDOW, "evidence": "1" * 64}]
    (card,) = from_document(document).cards
    assert (card.kind, card.result, len(card.id)) == ("Y3", "", 16)


# --- answer, appeal, settlement --------------------------------------------------------------------------------------


@pytest.mark.requirement("G12")
def test_an_appeal_is_decided_elsewhere_and_a_lifted_card_stays() -> None:
    bench = Bench().reach("S3")
    bench.walk("S2", "S3")
    case = bench.do(bench.step("S4"))
    (card,) = case.cards
    assert (card.measure, card.ground, card.result) == ("CORRECTED", "LAWFUL", "LIFTED")
    assert card.answered_by.startswith(DEPARTMENT) and card.settled_by.startswith(COORDINATOR)
    assert all(digest in {act.digest for act in bench.acts} for digest in (card.answer, card.appeal, card.settlement))


@pytest.mark.requirement("G12")
def test_a_coordinators_own_card_is_settled_by_an_auditor() -> None:
    bench = Bench().walk(*PATHS["K11"], "K11")
    bench.walk("S2")
    with pytest.raises(Refusal, match="CARD_JUDGE"):
        bench.do(bench.step("S4"))
    assert bench.do(replace(bench.step("S4"), node=AUDITOR)).cards[0].result == "LIFTED"
    other = Bench().reach("S4")
    assert other.do(replace(other.step("S4"), node=OTHER_COORDINATOR)).cards[0].result  # the window's region


@pytest.mark.requirement("G12")
def test_who_is_carded_sees_it_although_its_part_is_over() -> None:
    """Y6 on a department that sent the case on, and what becomes of it."""
    after = Bench().reach("T14").case
    card = Card("Y6", after.recorded_at, OTHER_DEPARTMENT, after.head)
    carded = replace(after, cards=(card,))
    assert OTHER_DEPARTMENT in audience(after, carded, "redirect").nodes
    settled = replace(carded, cards=(replace(card, result="KEPT"),))
    assert OTHER_DEPARTMENT in audience(carded, settled, "settle_card").nodes
    assert OTHER_DEPARTMENT not in audience(carded, replace(carded, hops=("x",)), "open_document").nodes


# --- ratings ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("T38", "B11", "G03", "G04")
def test_a_good_rating_starts_nothing_and_a_bad_one_is_checked_put_right_and_told() -> None:
    good = Bench().reach("T38")
    assert "K12" not in good.do(good.step("T38")).clocks
    bench = Bench().reach("T38F")
    assert bench.case.clocks["K12"].limit == 5 and bench.case.clocks["K12"].stopped_at is None
    region = Bench().reach("T38")
    region.change_list(lambda document: document.update(rating_fix_days=15))
    bad = region.step("T38").saying(scores={"process": 1, "window": 5, "staff": 1})
    assert region.do(bad).clocks["K12"].limit == 15
    case = bench.do(bench.step("T38F"))
    assert case.clocks["K12"].stopped_at
    (rating,) = case.ratings
    assert (rating.bad, rating.finding, rating.measure) == (True, "UPHELD", "CORRECTED")
    assert rating.scores == (("process", 1), ("window", 2), ("staff", 5))


@pytest.mark.requirement("T38", "G02", "G05")
def test_a_bad_rating_left_alone_is_carded_once() -> None:
    bench = Bench().reach("T38V")
    strike(bench, 12)
    assert [card.subject for card in bench.case.cards if card.kind == "Y9"] == [DEPARTMENT]


@pytest.mark.requirement("T38")
def test_a_supervisor_may_exclude_a_malicious_rating() -> None:
    bench = Bench().reach("T38V")
    step = replace(bench.step("T38V"), node=COORDINATOR, role="SUPERVISOR").saying(finding="EXCLUDED")
    case = bench.do(step)
    assert case.clocks["K12"].stopped_at and case.ratings[0].finding == "EXCLUDED"
    with pytest.raises(Refusal, match="RATING_STEP"):
        bench.do(bench.step("T38F"))


@pytest.mark.requirement("G03")
def test_both_nodes_rate_each_other_apart_from_the_public() -> None:
    bench = Bench().reach("T38").walk("T38", "T38I")
    case = bench.do(
        replace(bench.step("T38I"), node=WINDOW, role="COLLECTOR").saying(scores={"timing": 5, "routing": 2})
    )
    assert [(rating.kind, rating.node) for rating in case.ratings] == [
        ("PUBLIC", WINDOW), ("INTERNAL", DEPARTMENT), ("INTERNAL", WINDOW),
    ]  # fmt: skip
    assert "K12" not in case.clocks


@pytest.mark.requirement("E06", "H04")
def test_y5_is_on_the_window_that_sealed_the_images() -> None:
    bench = Bench().reach("S5")
    (card,) = bench.do(bench.step("S5")).cards
    assert (card.kind, card.subject, card.cause) == ("Y5", WINDOW, bench.sealed)


# --- complaints ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("G07", "G09", "G10")
def test_a_complaint_is_answered_disputed_and_answered_by_somebody_else() -> None:
    bench = Bench().reach("T38D")
    (complaint,) = bench.case.complaints
    assert (complaint.ticket, complaint.finding, complaint.open) == ("GD20260302-0001", "PARTLY", False)
    disputed = bench.do(bench.step("T38D")).complaints[0]
    assert disputed.open and disputed.disputed and disputed.handler == COORDINATOR
    with pytest.raises(Refusal, match="COMPLAINT_ANSWERER"):
        bench.do(bench.step("T38A"))
    bench.file = replace(bench.case, complaints=(replace(disputed, answered_by="somebody/else"),))
    assert bench.do(bench.step("T38A")).complaints[0].finding == "PARTLY"


@pytest.mark.requirement("G07")
def test_a_complaint_has_a_limit_one_extension_and_a_card() -> None:
    bench = Bench().reach("T38E")
    first = bench.case.complaints[0].due
    later = bench.do(bench.step("T38E")).complaints[0].due
    assert (first[:10], later[:10]) == ("2026-03-09", "2026-03-16")
    strike(bench, 20)
    assert [card.subject for card in bench.case.cards if card.kind == "Y10"] == [COORDINATOR]


@pytest.mark.requirement("G07", "G01")
def test_a_disputed_complaint_that_nobody_answers_is_carded_anew() -> None:
    """The first limit and the one after the dispute are two causes: one card each."""
    bench = strike(Bench().reach("T38A"), 20)
    strike(bench.walk("T38A", "T38D"), 20)
    first, second = [card for card in bench.case.cards if card.kind == "Y10"]
    assert (first.subject, second.subject) == (COORDINATOR, COORDINATOR) and first.cause != second.cause


@pytest.mark.requirement("G07", "A24")
def test_a_dispute_goes_to_nobody_who_does_not_supervise_the_region() -> None:
    """The nearest coordinator may be far away: an auditor of the region judges then."""
    bench = Bench().reach("T38D")
    del bench.register.records[COORDINATOR]
    del bench.register.records[OTHER_COORDINATOR]
    far = "spiffe://yidi.test/110000000000/beijing-zwfwb"
    bench.register.records[far] = record(far, roles={"coordinator"})
    assert bench.do(bench.step("T38D")).complaints[0].handler == AUDITOR


@pytest.mark.requirement("G07")
def test_the_unit_itself_may_handle_what_is_about_one_of_its_people() -> None:
    bench = Bench().reach("T38C")
    person = f"{DEPARTMENT}/person/ACCEPTOR"
    bench.do(bench.step("T38C").saying(about_person=person, handler=DEPARTMENT))
    by_head = replace(bench.step("T38A"), node=DEPARTMENT, role="HEAD")
    assert bench.do(by_head).complaints[0].finding == "PARTLY"


# --- enquiries -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("F05", "row T38")
def test_who_is_asked_first_answers_until_the_next_one_took_it() -> None:
    """An enquiry that was passed on and not taken is still the window's: it may answer, and the card is its own."""
    bench = Bench().reach("T38Q")
    first = bench.do(bench.step("T38Q")).enquiries[0]
    assert (first.holder, first.person, first.to) == (WINDOW, f"{WINDOW}/person/COLLECTOR", "") and first.open
    passed = bench.do(bench.step("T38N")).enquiries[0]
    assert (passed.holder, passed.to, passed.due) == (WINDOW, DEPARTMENT, first.due)
    by_department = replace(bench.step("T38Y"), node=DEPARTMENT, role="ACCEPTOR")
    with pytest.raises(Refusal, match="ENQUIRY_STEP"):
        bench.do(by_department)
    taken = bench.do(bench.step("T38K")).enquiries[0]
    assert (taken.holder, taken.person, taken.to) == (DEPARTMENT, f"{DEPARTMENT}/person/ACCEPTOR", "")
    assert taken.node == WINDOW and taken.due == first.due
    answered = bench.do(by_department).enquiries[0]
    assert (answered.answer, answered.open) == ("ANSWERED", False)
    assert answered.answered_by == f"{DEPARTMENT}/person/ACCEPTOR"
    assert from_document(bench.case.to_document()) == bench.case


@pytest.mark.requirement("F05", "F16", "row T38")
@pytest.mark.parametrize(("row", "node", "role"), [("T38N", WINDOW, "COLLECTOR"), ("T38K", DEPARTMENT, "ACCEPTOR")])
def test_an_enquiry_without_answer_is_a_card_on_who_answers_for_it(row: str, node: str, role: str) -> None:
    bench = strike(Bench().reach(row).walk(row), 20)
    (card,) = [card for card in bench.case.cards if card.kind == "Y15"]
    assert (card.subject, card.person) == (node, f"{node}/person/{role}")
    assert card.cause.startswith(bench.case.enquiries[0].digest)


@pytest.mark.requirement("F05", "row T38")
def test_an_enquiry_has_a_limit_one_extension_and_no_card_once_answered() -> None:
    bench = Bench().reach("T38X")
    first = bench.case.enquiries[0].due
    later = bench.do(bench.step("T38X")).enquiries[0].due
    assert (first[:10], later[:10]) == ("2026-03-09", "2026-03-16")
    strike(bench.walk("T38Y"), 20)
    assert not [card for card in bench.case.cards if card.kind == "Y15"]


@pytest.mark.requirement("F05")
def test_an_overseer_names_the_next_where_the_one_asked_does_not() -> None:
    bench = Bench().reach("T38N")
    by_overseer = replace(bench.step("T38N"), node=COORDINATOR, role="SUPERVISOR")
    named = bench.do(by_overseer).enquiries[0]
    assert (named.holder, named.to) == (WINDOW, DEPARTMENT)
    assert bench.do(bench.step("T38K")).enquiries[0].holder == DEPARTMENT


# --- exports ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("H01")
def test_an_export_without_masking_needs_a_live_grant() -> None:
    bench = Bench().reach("H01")
    step = replace(bench.step("H01"), node=DEPARTMENT, role="HEAD").saying(profile="NONE", grant="G-EXPORT")
    with pytest.raises(Refusal, match="GRANT_MISSING"):
        bench.do(step)
    bench.register.grants.append(grant("EXPORT", bench.person(DEPARTMENT, "HEAD"), "G-EXPORT"))
    assert bench.do(step).case_seq


def test_every_rule_by_act_is_raised_by_some_row() -> None:
    """No rule of the table is only on paper: acts of the law raise those that are said to be raised by acts."""
    source = "".join(path.read_text() for path in Path("hub/casework").rglob("*.py") if path.name != "card_rules.py")
    for rule in RULES.values():
        if rule.raised is not Raised.BY_AUDIT:
            assert f'"{rule.id}"' in source
