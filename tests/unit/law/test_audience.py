"""Who is shown which leaf, and who may fetch which sealing: by the case alone (A24, H02)."""

from dataclasses import replace

import pytest

from hub.casework.access.values import Sealing, Wrap
from hub.casework.audience import Audience, audience, may_read
from hub.casework.casefile import CaseFile
from hub.casework.delivery.values import ParcelLeg
from hub.casework.states import State
from hub.rpc.access import RULES

WINDOW, DEPARTMENT, NEXT, HELPER, COORDINATOR, GATEWAY = "w", "d", "n", "h", "c", "g"
CASE = CaseFile(
    "0" * 32, State.COLLECTED, 1, "0" * 64, 1, "t", "r", "v", WINDOW, WINDOW, "p", "k", "POST", "2026", "2026",
    sealings=(
        Sealing("application", 1, "application", "k", "1", WINDOW),
        Sealing("addendum", 1, "by-helper", "k", "1", HELPER),
        Sealing("addendum", 2, "by-window", "k", "1", WINDOW),
        Sealing("notice", 1, "notice", "k", "1", DEPARTMENT),
        Sealing("result", 2, "result", "k", "1", DEPARTMENT),
    ),
)  # fmt: skip
FORWARDED = replace(CASE, state=State.FORWARDED, accepting_node=DEPARTMENT)
PENDING = replace(FORWARDED, state=State.PENDING_ACCEPT, holder=DEPARTMENT)
HELPED = replace(PENDING, state=State.SUPPLEMENT, helpers=(HELPER,))
REROUTING = replace(PENDING, state=State.REROUTING, coordinator=COORDINATOR)
REDIRECTED = replace(REROUTING, state=State.FORWARDED, accepting_node=NEXT)
TAKEN = replace(REDIRECTED, state=State.PENDING_ACCEPT, holder=NEXT)
POSTED = replace(PENDING, state=State.DELIVERING, parcels=(ParcelLeg("p", GATEWAY),))


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        (None, CASE, Audience((WINDOW,))),
        (CASE, FORWARDED, Audience((DEPARTMENT, WINDOW), whole=(DEPARTMENT,))),
        (FORWARDED, replace(FORWARDED, retries=1), Audience((DEPARTMENT, WINDOW), whole=(DEPARTMENT,))),
        (FORWARDED, PENDING, Audience((DEPARTMENT, WINDOW))),
        (PENDING, HELPED, Audience((DEPARTMENT, HELPER, WINDOW), whole=(HELPER,))),
        (PENDING, REROUTING, Audience((COORDINATOR, DEPARTMENT, WINDOW), whole=(COORDINATOR,))),
        (REROUTING, REDIRECTED, Audience((COORDINATOR, DEPARTMENT, NEXT, WINDOW), whole=(NEXT,))),
        (REDIRECTED, TAKEN, Audience((COORDINATOR, DEPARTMENT, NEXT, WINDOW))),  # their part ends with this leaf
        (TAKEN, replace(TAKEN, state=State.UNDER_REVIEW), Audience((NEXT, WINDOW))),
        (PENDING, POSTED, Audience((DEPARTMENT, GATEWAY, WINDOW), wraps=(GATEWAY,))),
        (replace(HELPED, state=State.UNDER_REVIEW), replace(HELPED, state=State.DECIDED), Audience(("d", "h", "w"))),
    ],
)
def test_a_leaf_goes_to_those_with_a_part_before_or_after_it(
    before: CaseFile | None, after: CaseFile, seen: Audience
) -> None:
    assert audience(before, after, "post") == seen


@pytest.mark.parametrize("event", ["open_document", "supplement_notice", "decide", "withdraw", "issue", "wrap"])
def test_a_gateway_sees_the_way_of_its_parcel_alone(event: str) -> None:
    after = replace(POSTED, wraps=(Wrap("result", WINDOW, "key", ("R01",), 1),))
    assert audience(POSTED, after, event) == Audience((DEPARTMENT, WINDOW))


def test_a_gateway_sees_the_wrap_to_itself_and_where_the_parcel_is() -> None:
    after = replace(POSTED, wraps=(Wrap("application", GATEWAY, "key", ("ADDRESS",), 1),))
    for event in ("wrap", "post", "waybill", "parcel_event", "delivered_proven"):
        assert audience(POSTED, after, event) == Audience((DEPARTMENT, GATEWAY, WINDOW))


@pytest.mark.parametrize("method", ["GetCase", "ListCases", "ExportEvidence"])
def test_a_gateway_asks_for_no_projection_of_a_case(method: str) -> None:
    rules = {name.rpartition("/")[2]: rule for name, rule in RULES.items()}
    assert "gateway" not in rules[method].roles and "window" in rules[method].roles
    assert "gateway" in rules["ListCaseLeaves"].roles


def test_a_gateway_that_has_another_part_too_sees_the_whole() -> None:
    both = replace(POSTED, parcels=(ParcelLeg("p", DEPARTMENT),))
    assert audience(both, both, "open_document") == Audience((DEPARTMENT, WINDOW))


@pytest.mark.parametrize(
    ("file", "node", "open_to_it"),
    [
        (HELPED, WINDOW, "application by-helper by-window notice result"),
        (HELPED, DEPARTMENT, "application by-helper by-window notice result"),
        (HELPED, HELPER, "by-helper notice"),
        (replace(HELPED, state=State.DECIDED), HELPER, ""),
        (PENDING, HELPER, ""),
        (REROUTING, COORDINATOR, ""),
        (REROUTING, NEXT, ""),
        (REDIRECTED, NEXT, "application by-helper by-window notice result"),
        (REDIRECTED, DEPARTMENT, "application by-helper by-window notice result"),
        (TAKEN, DEPARTMENT, ""),
        (POSTED, GATEWAY, "application"),
        (PENDING, GATEWAY, ""),
    ],
)
def test_a_sealing_is_open_to_those_whom_it_concerns_now(file: CaseFile, node: str, open_to_it: str) -> None:
    readable = [sealing.manifest for sealing in file.sealings if may_read(file, sealing.manifest, node)]
    assert readable == open_to_it.split()
    assert not may_read(file, "unknown", node)
