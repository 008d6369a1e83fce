"""Cards as people read them, the audit's own cards, the public's view (standards.md 8; G05, G06, G12, G13)."""

from dataclasses import dataclass, replace

import pytest

from crypto.evidence.report import Finding, Severity
from hub.casework.messages.public import NEXT_STEPS
from hub.casework.states import CHINESE, State
from hub.casework.supervision.audit import AuditCard, audit_cards
from hub.casework.supervision.public import public_view
from hub.casework.supervision.values import Card
from hub.casework.supervision.view import cards_of, notice_text, ranking
from hub.casework.time.clocks import Pause
from tests.unit.law.law_people import DEPARTMENT, WINDOW
from tests.unit.law.law_world import Bench
from tests.unit.law.test_supervision import strike


@dataclass(frozen=True)
class Told:
    """One leaf as a holder of the history has it."""

    index: int
    event: str
    at: str
    node: str
    person: str
    digest: str


def history(bench: Bench) -> list[Told]:
    """The acts of the bench as leaves."""
    return [
        Told(
            index, act.statement.type, act.recorded_at, act.node.subject,
            act.person.subject if act.person else "", act.digest,
        )
        for index, act in enumerate(bench.acts)
    ]  # fmt: skip


@pytest.mark.requirement("G01", "G12", "G13")
def test_a_card_names_rule_unit_person_and_its_evidence_in_the_log() -> None:
    bench = strike(Bench().reach("T31"), 40)
    views = {view.rule: view for view in cards_of(bench.case, history(bench))}
    late = views["R1"]
    assert (late.node, late.person) == (DEPARTMENT, bench.person(DEPARTMENT, "ACCEPTOR"))
    assert {one.event for one in late.evidence} >= {"accept", "card"}  # what started the clock, what the hub said
    assert late.status == "OPEN" and late.citation and late.source
    text = notice_text(late, bench.case.case_no)
    assert "红牌" in text and late.id in text and "申诉" in text and "spiffe" not in text
    assert "申诉" not in notice_text(views["W2"], bench.case.case_no)


@pytest.mark.requirement("G05", "G12")
def test_what_was_lifted_ranks_nobody() -> None:
    bench = Bench().reach("S4")
    bench.do(bench.step("S4"))
    other = Card("R1", bench.case.recorded_at, DEPARTMENT, bench.case.head)
    views = cards_of(replace(bench.case, cards=(*bench.case.cards, other)), history(bench))
    assert [view.status for view in views] == ["LIFTED", "OPEN"]
    assert ranking(views) == [(DEPARTMENT, 1, 0, 0)]


def finding(code: str, where: str, severity: Severity = Severity.INVALID) -> Finding:
    """A finding of an audit."""
    return Finding(code, severity, where)


@pytest.mark.requirement("G01")
def test_an_audit_finds_what_the_guards_keep_out() -> None:
    """R7 a decision without a grant, R9 an export without one, R6 a pause that the law refused, R8 a broken chain."""
    events = {"leaves/5.json": "decide", "leaves/6.json": "export", "leaves/7.json": "start_special"}
    law = [
        finding("GRANT_MISSING", "leaves/5.json"),
        finding("GRANT_MISSING", "leaves/6.json"),
        finding("NO_GROUND", "leaves/7.json"),
        finding("HEAD_MOVED", "leaves/8.json"),
        finding("RULES_UNKNOWN", "leaves/9.json", Severity.INDETERMINATE),
        finding("CASE_NO_WRONG", "leaves/9.json"),
    ]
    evidence = [finding("SIGNATURE_WRONG", "leaves/1.json"), finding("WITNESS_FEW", "x", Severity.INDETERMINATE)]
    cards = audit_cards(evidence, law, events, None)
    assert [(card.rule, card.where) for card in cards] == [
        ("R8", "leaves/1.json"), ("R7", "leaves/5.json"), ("R9", "leaves/6.json"), ("R6", "leaves/7.json"),
        ("R8", "leaves/8.json"),
    ]  # fmt: skip
    assert all(card.words.startswith("红牌") for card in cards)


@pytest.mark.requirement("G01", "F02", "R6")
@pytest.mark.parametrize(
    ("event", "code", "rule"),
    [
        ("decide", "HEAD_MUST_DECIDE", "R7"),
        ("decide", "RECORD_MISSING", "R7"),
        ("special_moved", "NOTICE_MISSING", "R6"),
    ],
)
def test_who_decides_and_what_puts_a_pause_off_is_audited(event: str, code: str, rule: str) -> None:
    cards = audit_cards([], [finding(code, "leaves/5.json")], {"leaves/5.json": event}, None)
    assert cards == (AuditCard(rule, "leaves/5.json", code),)


@pytest.mark.requirement("G01")
def test_a_pause_without_its_notice_and_pauses_that_overlap_are_found() -> None:
    """Invariant 7."""
    file = Bench().reach("T31").case
    sealed = file.sealings[0].manifest
    first, open_end = Pause("2026-03-03", "2026-03-05", sealed), Pause("2026-03-04", None, "f" * 64)
    clock = replace(file.clocks["K3"], pauses=(first, open_end))
    found = audit_cards([], [], {}, replace(file, clocks={"K3": clock}))
    assert found == (AuditCard("R6", "K3", "PAUSES_OVERLAP"), AuditCard("R6", "K3", "PAUSE_WITHOUT_NOTICE"))
    assert audit_cards([], [], {}, file) == ()


@pytest.mark.requirement("G06", "H01")
def test_the_public_sees_state_dates_unit_and_next_step_and_no_more() -> None:
    assert set(NEXT_STEPS) == set(State) == set(CHINESE)
    bench = Bench().reach("T31")
    view = public_view(bench.case, "东湖区市场监管局 电话13800000000")
    assert (view.words, view.holder) == ("办理中", "东湖区市场监管局 电话138****0000")
    assert [words for words, _ in view.milestones] == ["收件", "受理部门签收", "受理"]
    assert view.due == (bench.case.clocks["K3"].due or "")[:10]
    told = str(view)
    assert "person" not in told and "spiffe" not in told and WINDOW not in told
    assert not view.may_rate and view.case_type == ""
    types = [public_view(bench.case, "x", code).case_type for code in ("INSTANT", "COMMITTED")]
    assert types == ["即办件", "承诺件"]
    decided = Bench().reach("T38")
    assert public_view(decided.case, "x").may_rate
    decided.do(decided.step("T38"))
    assert not public_view(decided.case, "x").may_rate


@pytest.mark.requirement("G06", "F05")
def test_who_asked_sees_by_the_numbers_of_the_case_whether_he_was_answered() -> None:
    bench = Bench().reach("T38Q")
    day = bench.do(bench.step("T38Q")).enquiries[0].at[:10]
    assert ("咨询登记，待答复", day) in public_view(bench.case, "x").milestones
    bench.do(bench.step("T38Y"))
    told = public_view(bench.case, "x").milestones
    assert ("咨询登记，已答复", day) in told and [at for _, at in told] == sorted(at for _, at in told)


@pytest.mark.requirement("G06")
def test_the_public_is_told_until_when_papers_are_awaited_and_when_it_was_served() -> None:
    waiting = Bench().reach("T17").case
    view = public_view(waiting, "x")
    assert (view.due, view.milestones[-1][0]) == (waiting.notices[-1].due, "补正告知")
    closed = Bench().reach("T34")
    closed.do(closed.step("T34"))
    assert public_view(closed.case, "x").milestones[-1][0] == "送达"
