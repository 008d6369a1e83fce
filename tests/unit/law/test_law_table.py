"""The table itself: which event counts in which state, who must sign, in which role, as which node."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from crypto.refusal import Refusal
from hub.casework.law import Law, Party, Rule, Signers
from hub.casework.states import State
from hub.casework.table import LAW, ROWS
from tests.unit.law.law_people import (
    DEPARTMENT,
    FAR_AUDITOR,
    GATEWAY,
    HIGHER_DEPARTMENT,
    HUB,
    OTHER_COORDINATOR,
    OTHER_DEPARTMENT,
    OTHER_GATEWAY,
    OTHER_WINDOW,
    WINDOW,
    Step,
    record,
)
from tests.unit.law.law_world import (
    Bench,
)

BY_ID = {row.id: row for row in LAW.rows}
OPENING = {row.event for row in ROWS if row.opening}
EVENTS = sorted({(row.chain, row.event) for row in ROWS})
BY_PERSON = (Signers.PERSON_AND_NODE, Signers.PERSON_OR_PORTAL)
WITH_PERSON = [row.id for row in ROWS if row.signers in BY_PERSON]
WITHOUT_PERSON = [row.id for row in ROWS if row.signers not in BY_PERSON]
STRANGER = {
    Party.COLLECTING: OTHER_WINDOW,
    Party.ACCEPTING: OTHER_DEPARTMENT,
    Party.EITHER: OTHER_DEPARTMENT,
    Party.KEY_HOLDER: OTHER_WINDOW,
    Party.GATEWAY: OTHER_GATEWAY,
    Party.SUPPLIER: OTHER_WINDOW,
    Party.COORDINATOR: OTHER_COORDINATOR,
    Party.READER: OTHER_DEPARTMENT,
    Party.MERGER: OTHER_DEPARTMENT,
    Party.EXIT: OTHER_WINDOW,
    Party.CONSULTED: HIGHER_DEPARTMENT,
    Party.REFERRED: OTHER_DEPARTMENT,
    Party.CARDED: OTHER_DEPARTMENT,
    Party.PAPER: OTHER_WINDOW,
    Party.SUPERVISOR: FAR_AUDITOR,
    Party.CONCERNED: OTHER_DEPARTMENT,
}
COLLECTOR_ROLES = {"COLLECTOR", "COLLECT_LEAD"}
DECIDING = {
    *("accept", "decide", "issue", "pre_review_answer", "refuse_accept", "misrouted", "lapse", "extend_due"),
    *("supplement_notice", "second_notice"),
    *("take", "step_done", "start_special", "extend_limit", "refer_up", "correct", "correct_result"),
}
"""What only the department may say (invariant 19, F08)."""


def _row(row: str) -> Rule:
    return BY_ID[row]


def _reached(row: str) -> tuple[Bench, Step]:
    bench = Bench().reach(row)
    return bench, bench.step(row)


def _code(bench: Bench, step: Step) -> str:
    before = bench.file
    with pytest.raises(Refusal) as refused:
        bench.do(step)
    assert bench.file == before
    return refused.value.code


@pytest.mark.parametrize("state", list(State), ids=str)
@pytest.mark.parametrize("chain, event", EVENTS)
def test_state_admits_only_the_events_of_the_table(chain: str, event: str, state: State) -> None:
    """states.md 4: for every pair of event and state the row, or the refusal that says why not."""
    named = [row for row in ROWS if (row.chain, row.event) == (chain, event)]
    bench, step = _reached(named[0].id)
    if bench.file is None:
        bench.do(step)
        step = bench.step(named[0].id)
    bench.file = replace(bench.case, state=state)
    act = bench.act(step)
    wanted = next((row for row in named if state in row.source), None)
    if wanted is not None:
        assert LAW.row(bench.file, act) is wanted
        return
    code = "CASE_EXISTS" if any(not row.source for row in named) else "STATE_FORBIDS"
    assert _code(bench, step) == code
    with pytest.raises(Refusal) as refused:
        LAW.row(bench.file, act)
    assert refused.value.values["event"] == event
    assert refused.value.values.get("state", state) == state


@pytest.mark.parametrize("row", [row.id for row in ROWS if row.event not in OPENING])
def test_no_other_event_opens_a_case(row: str) -> None:
    bench, step = _reached(row)
    bench.file = None
    act = bench.act(step)
    with pytest.raises(Refusal, match="CASE_UNKNOWN"):
        LAW.row(None, act)


def test_a_case_begins_with_a_seal_a_pre_review_a_decline_or_a_discard_and_a_parent_with_its_own_seal() -> None:
    """states.md 4, last paragraph."""
    assert {"seal", "ask_pre_review", "decline", "discard", "seal_parent"} == OPENING


@pytest.mark.parametrize("event, chain", [("remember", "custody"), ("accept", "keys"), ("wrap", "custody")])
def test_event_outside_the_table_is_unknown(event: str, chain: str) -> None:
    bench, step = _reached("T14")
    assert _code(bench, replace(step, event=event, chain=chain)) == "EVENT_UNKNOWN"


@pytest.mark.requirement("invariant 3")
def test_invariant_3_nothing_but_reads_happens_after_archived() -> None:
    after = [row for row in ROWS if {State.ARCHIVED, State.P_ARCHIVED} & set(row.source)]
    assert {row.event for row in after} == {"open_document", "export"}
    assert all(row.chain == "access" and row.target is None and not row.effects for row in after)


@pytest.mark.parametrize("state", [State.CLOSED, State.WITHDRAWN, State.VOIDED, State.NOT_ACCEPTED, State.TERMINATED])
def test_an_ended_case_takes_no_custody_act(state: State) -> None:
    assert {row.id for row in ROWS if row.chain == "custody" and state in row.source} <= {"T37", "T39"}


@pytest.mark.parametrize("row", WITH_PERSON)
def test_legal_act_needs_a_person(row: str) -> None:
    bench, step = _reached(row)
    assert _code(bench, replace(step, person=False)) == "PERSON_SIGNATURE_MISSING"


@pytest.mark.parametrize("row", WITH_PERSON)
def test_every_other_role_is_refused(row: str) -> None:
    everyone = {"COLLECTOR", "COLLECT_LEAD", "ACCEPTOR", "REVIEWER", "DECIDER", "HEAD", "ISSUER", "AUDITOR", "window"}
    for role in sorted(everyone - _row(row).roles):
        bench, step = _reached(row)
        assert _code(bench, replace(step, role=role)) == "ROLE_FORBIDS"


@pytest.mark.parametrize("row", WITHOUT_PERSON)
def test_machine_act_needs_a_node_of_the_right_kind(row: str) -> None:
    bench, step = _reached(row)
    bench.register.records[step.node] = record(step.node, roles={"auditor"})
    assert _code(bench, step) == "ROLE_FORBIDS"


@pytest.mark.parametrize("row", [row.id for row in ROWS if row.source and row.party in STRANGER])
def test_only_the_nodes_of_the_case_act(row: str) -> None:
    """A24, D02: the same act by the same kind of node that has no part in the case."""
    bench, step = _reached(row)
    stranger = STRANGER[_row(row).party]
    assert _code(bench, replace(step, node=stranger)) == "NOT_YOUR_CASE"


@pytest.mark.parametrize("row", [row.id for row in ROWS if row.party is Party.HUB])
def test_what_the_law_makes_happen_only_the_hub_states(row: str) -> None:
    bench, step = _reached(row)
    other = "spiffe://yidi.test/500000000000/hub"
    bench.register.records[other] = record(other, roles={"hub"})
    assert _code(bench, replace(step, node=other)) == "NOT_YOUR_CASE"
    bench, step = _reached(row)
    assert _code(bench, replace(step, node=DEPARTMENT)) == "ROLE_FORBIDS"


@pytest.mark.requirement("F08", "invariant 19")
def test_invariant_19_no_row_lets_a_collector_accept_or_decide() -> None:
    for row in ROWS:
        if row.event in DECIDING:
            assert not row.roles & COLLECTOR_ROLES and row.party is Party.ACCEPTING
    bench, step = _reached("T14")
    assert _code(bench, replace(step, node=WINDOW)) == "NOT_YOUR_CASE"
    bench, step = _reached("T31")
    assert _code(bench, replace(step, node=WINDOW, role="COLLECTOR")) == "ROLE_FORBIDS"


@pytest.mark.parametrize("node, allowed", [(WINDOW, True), (DEPARTMENT, True), (GATEWAY, False), (HUB, False)])
def test_h02_documents_are_opened_by_window_and_department(node: str, allowed: bool) -> None:
    bench, step = _reached("T34")
    step = replace(bench.step("H02"), node=node)
    if allowed:
        assert bench.do(step).case_seq
    else:
        assert _code(bench, step) == "NOT_YOUR_CASE"


def test_row_columns_are_filled_and_ids_are_unique() -> None:
    assert len(BY_ID) == len(ROWS)
    for row in ROWS:
        assert row.citation and row.guards and row.roles
        assert (row.opening is None) == bool(row.source)
        assert (row.signers is Signers.HUB) == (row.party is Party.HUB)
        assert set(Bench().reach(row.id).step(row.id).body) <= row.members


NO_CODES = ("请电联张三", "a,b", "a\nb", "a;b", "x" * 4097, "\u00e9", "\uff21", "\u0661", "a\x00")
PLACES: tuple[Callable[[str], object], ...] = (
    lambda text: text,
    lambda text: [{"line": [text]}],
    lambda text: {text: 1},
)
"""Where a text may stand in a member: alone, at the bottom of lists and objects, as a name."""


@pytest.mark.parametrize("row", [row.id for row in ROWS])
def test_promise_1_a_body_has_only_the_members_of_its_row(row: str) -> None:
    bench, step = _reached(row)
    name = "remark-" + "x" * 60
    act = bench.act(step.saying(**{name: True}))
    with pytest.raises(Refusal) as refused:
        LAW.apply(bench.file, act, bench.world())
    assert (refused.value.code, refused.value.values) == ("BODY_MEMBER", {"member": name[:40]})


@pytest.mark.parametrize("row", [row.id for row in ROWS if row.members])
def test_promise_1_every_text_of_a_body_is_a_code(row: str) -> None:
    """The refusal names the member and says nothing of the text, at whatever depth it stands."""
    bench, step = _reached(row)
    world = bench.world()
    for member, text, place in product(sorted(_row(row).members), NO_CODES, PLACES):
        act = bench.act(step.saying(**{member: place(text)}))
        with pytest.raises(Refusal) as refused:
            LAW.apply(bench.file, act, world)
        assert (refused.value.code, refused.value.values) == ("BODY_FREE_TEXT", {"member": member})


@pytest.mark.parametrize("text", ["", "x" * 4096, "AZaz09._:/+=@- ", "2026-03-02T09:30:00.000+08:00"])
def test_a_code_may_hold_what_ids_times_digests_and_base64_hold(text: str) -> None:
    bench, step = _reached("D5E")
    assert bench.do(step.saying(key=text)).case_seq


def test_two_rows_for_one_event_and_state_are_refused_when_the_law_is_built() -> None:
    accept = _row("T14")
    with pytest.raises(ValueError, match="two rows"):
        Law((accept, replace(accept, id="T14b")))
    with pytest.raises(ValueError, match="two rows"):
        Law((_row("T05"), replace(_row("T05"), id="T05b")))
    assert Law((accept, replace(accept, id="T14b", source=(State.SUPPLEMENT,))))


def test_a_row_without_opening_cannot_open_a_case() -> None:
    bench = Bench(Law((replace(_row("T05"), opening=None),)))
    assert _code(bench, bench.step("T05")) == "CASE_UNKNOWN"
