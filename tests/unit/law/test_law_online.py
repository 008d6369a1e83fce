"""全程网办: an application through a portal takes the same way, under the same clocks, into the same queue."""

from dataclasses import replace

import pytest

from crypto.refusal import Refusal
from hub.casework.casefile import from_document
from hub.casework.law import Signers
from hub.casework.states import State
from hub.casework.table import ROWS
from hub.casework.visits import visits
from tests.unit.law.law_online import DIGEST, PORTAL, by_portal, forwarded, list_portal, open_portal, seal, uploaded
from tests.unit.law.law_people import ALL_LINES, DEPARTMENT, TASK, manifest
from tests.unit.law.law_steps_materials import allow, promise
from tests.unit.law.law_world import Bench

WHOLE_WAY = ("T14", "T31", "T33")


def _refused(bench: Bench, step: object) -> str:
    before = bench.file
    with pytest.raises(Refusal) as refused:
        bench.do(step)  # type: ignore[arg-type]
    assert bench.file == before
    return refused.value.code


@pytest.mark.requirement("A02", "A20", "A25", "row T05", "row D3")
def test_online_from_application_to_opened_result_without_a_visit() -> None:
    bench = forwarded(Bench())
    assert (bench.case.state, bench.case.mode) == (State.FORWARDED, "ONLINE")
    assert bench.case.accepting_node == DEPARTMENT
    bench.do(bench.step("T10"))
    bench.walk(*WHOLE_WAY)
    opened = by_portal(replace(bench.step("D3"), chain="delivery"))
    bench.do(opened.saying(manifest=bench.result))
    assert bench.settle().state is State.CLOSED
    assert {"K1", "K2", "K3", "K4", "K8"} == set(bench.case.clocks)
    assert visits(bench.case) == 0
    assert bench.replayed() == bench.file and from_document(bench.case.to_document()) == bench.case


@pytest.mark.requirement("A25")
def test_online_and_window_give_the_same_case_but_for_where_it_began() -> None:
    online, window = forwarded(Bench()), Bench()
    window.change_list(list_portal)
    window.walk("T05", "W1")
    window.settle()
    for bench in (online, window):
        bench.do(bench.step("T10"))
    one, other = (bench.case for bench in (online, window))
    assert (one.state, one.queue, one.accepting_node) == (other.state, other.queue, other.accepting_node)
    assert (one.clocks["K1"].due, one.clocks["K2"].due) == (other.clocks["K1"].due, other.clocks["K2"].due)
    assert (one.mode, other.mode, visits(one), visits(other)) == ("ONLINE", "", 0, 1)


@pytest.mark.requirement("A02")
def test_no_clerk_acts_for_an_applicant_at_a_portal() -> None:
    bench = Bench()
    open_portal(bench)
    clerk = replace(seal(bench), role="COLLECTOR", person=True)
    assert _refused(bench, clerk) == "PORTAL_NO_CLERK"
    assert _refused(bench, replace(bench.step("T05"), person=False)) == "PERSON_SIGNATURE_MISSING"


@pytest.mark.requirement("A19")
def test_a_window_takes_in_without_anything_electronic_of_the_applicant() -> None:
    """No member of a seal names an account, and a counter may not even add an electronic signature."""
    bench = Bench()
    step = bench.step("T05")
    assert not {"order", "mode"} & set(step.body)
    assert _refused(bench, step.saying(order=DIGEST)) == "BODY_MEMBER"
    assert bench.do(step).state is State.COLLECTED


@pytest.mark.requirement("A02", "row T16", "row T17", "row T18", "I06")
def test_a_supplement_is_answered_online() -> None:
    bench = forwarded(Bench())
    bench.walk("T10", "T16")
    step = by_portal(bench.step("T17"), order=DIGEST)
    sealed = uploaded(bench.objects[str(step.body["manifest"])].manifest)
    bench.do(step.saying(manifest=bench.store(sealed)))
    wrap = bench.step("W1:addendum")
    bench.do(replace(wrap, role="portal"))
    assert bench.settle().state is State.PENDING_ACCEPT
    assert visits(bench.case) == 0


@pytest.mark.requirement("A02", "B10", "row K7S")
def test_a_debt_is_paid_online() -> None:
    bench = forwarded(Bench())
    bench.walk("T10")
    allow(bench)
    bench.do(bench.step("T14").saying(tolerated=[promise(bench)]))
    step = by_portal(bench.step("K7S"), order=DIGEST)
    sealed = uploaded(bench.objects[str(step.body["manifest"])].manifest)
    paid = bench.do(step.saying(manifest=bench.store(sealed)))
    assert [debt.settled is not None for debt in paid.debts] == [True]


@pytest.mark.requirement("A02", "row T35", "row D1", "row T38")
def test_the_applicant_withdraws_chooses_rates_and_complains_online() -> None:
    bench = forwarded(Bench())
    bench.do(bench.step("T10"))
    chosen = by_portal(bench.step("D1"), delivery="COUNTER_DEPT")
    assert bench.do(chosen).delivery == "COUNTER_DEPT"
    assert _refused(bench, chosen.saying(delivery="COUNTER_COLLECT")) == "DELIVERY_NO_COUNTER"
    bench.do(by_portal(bench.step("T38C"), channel="ONLINE", ticket=None))
    assert bench.case.complaints[0].node == PORTAL
    bench.do(by_portal(bench.step("T35")))
    assert bench.case.state is State.WITHDRAWN
    rated = by_portal(bench.step("T38"), basis="CHECK_CODE")
    assert bench.do(rated).ratings[0].node == PORTAL


@pytest.mark.requirement("A02", "F05", "G06", "row T38")
def test_an_enquiry_online_is_at_once_the_unit_s_that_is_asked() -> None:
    """Nobody sits at a portal: without a unit that answers there is no enquiry (F05)."""
    bench = forwarded(Bench())
    bench.do(bench.step("T10"))
    asked = by_portal(bench.step("T38Q"), channel="ONLINE")
    assert _refused(bench, asked) == "BODY_MEMBER"
    assert _refused(bench, asked.saying(to=PORTAL)) == "ENQUIRY_TO"
    made = bench.do(asked.saying(to=DEPARTMENT)).enquiries[0]
    assert (made.node, made.holder, made.person, made.to) == (PORTAL, DEPARTMENT, "", "")
    assert bench.do(bench.step("T38Y")).enquiries[0].answered_by.startswith(f"{DEPARTMENT}/person/")


def test_another_portal_has_no_say() -> None:
    bench = forwarded(Bench())
    other = "spiffe://yidi.test/500000000000/chongqing-portal"
    bench.register.records[other] = replace(bench.register.current(PORTAL), subject=other)
    assert _refused(bench, replace(by_portal(bench.step("T35")), node=other)) == "NOT_YOUR_CASE"


def test_an_agent_shows_the_power_of_attorney() -> None:
    bench = Bench()
    open_portal(bench)
    whole = uploaded(manifest("application", materials=(*ALL_LINES, "PROXY")))
    assert bench.do(seal(bench, agent=True, manifest=bench.store(whole))).state is State.COLLECTED


def test_a_portal_serves_its_own_region_whatever_the_scope_and_no_other_without_it() -> None:
    """A02, A13: where the applicant sits is no question online; another region's item needs the scope."""
    bench = Bench()

    def local(document: dict[str, object]) -> None:
        list_portal(document)
        items = document["items"]
        assert isinstance(items, list)
        next(item for item in items if item["task_code"] == TASK)["scope"] = ["IN_CITY"]

    open_portal(bench)
    bench.change_list(local)
    listed, on = bench.catalogue, bench.now.date()
    assert listed.may_collect(TASK, "jiangxi-portal", "360102000000", on)
    assert not listed.may_collect(TASK, "jiangxi-portal", "500116000000", on)
    near = listed.nearest_window(TASK, "360000000000")
    assert near is not None and not near.portal
    assert bench.do(seal(bench)).collecting_node == PORTAL


def test_a_portal_alone_speaks_in_no_row_of_department_or_coordinator() -> None:
    for row in ROWS:
        if row.signers is Signers.PERSON_OR_PORTAL:
            assert row.event == "open_document" or "COLLECTOR" in row.roles
