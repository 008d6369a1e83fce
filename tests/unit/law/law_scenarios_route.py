"""Scenarios of the hand-off: T08 to T12, T22 to T24, K11."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crypto.canonical import CHINA
from hub.casework.hand_off.values import Bounce
from tests.unit.law.law_people import (
    CATALOGUE,
    COORDINATOR,
    DEPARTMENT,
    OTHER_COORDINATOR,
    OTHER_DEPARTMENT,
    THIRD_DEPARTMENT,
    WINDOW,
    Step,
    manifest,
)
from tests.unit.law.law_scenarios import (
    Scenario,
    Spoil,
    at,
    filed,
    gone,
    item,
    no_wraps,
    rotated,
    says,
    signed_also,
    without_role,
)
from tests.unit.law.law_world import Bench

FORWARDED_AT = datetime(2026, 3, 2, 9, 50, tzinfo=CHINA)
"""When ``reach`` of a row behind T08 routes the case."""
TWO_HOPS = (DEPARTMENT, THIRD_DEPARTMENT)


def bounced(finding: str, settled: bool = False) -> Spoil:
    """The department bounced the case before."""
    return filed(bounces=(Bounce("b" * 64, DEPARTMENT, "KEYS", "2026-03-02T09:00:00.000+08:00", finding, settled),))


def about_it(found: Spoil, **changes: Any) -> Spoil:
    """The act is about that bounce."""

    def spoil(bench: Bench, step: Step) -> Step:
        return found(bench, step.saying(**(changes or {"bounce": "b" * 64})))

    return spoil


def listed_again(bench: Bench, step: Step) -> Step:
    """The list is as it was."""
    bench.catalogue = CATALOGUE
    return step


def stored_as_before(bench: Bench, step: Step) -> Step:
    """The store has the version that the bounce was about."""
    sealing = bench.case.sealing("application")
    assert sealing is not None
    bench.objects[bench.sealed] = replace(bench.objects[bench.sealed], version_id=sealing.version_id)
    return step


def other_bytes(bench: Bench, step: Step) -> Step:
    """Another sealing is stored in place of the one that was sent back."""
    return step.saying(manifest=bench.store(manifest("application", materials=("M01",))))


def expired(bench: Bench, step: Step) -> Step:
    """K11 was escalated before."""
    clock = replace(bench.case.clocks["K11"], expired=True)
    bench.file = replace(bench.case, clocks={**bench.case.clocks, "K11": clock})
    return step


def on_third_hop(then: Spoil | None = None) -> Spoil:
    """Two departments said no; the redirect goes to one that did not."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.file = replace(bench.case, hops=TWO_HOPS)
        return then(bench, step) if then else step

    return spoil


OPEN_BOUNCES = [
    Scenario(row, "no_open_bounce", "BOUNCE_OPEN", spoil)
    for row in ("T08", "T09")
    for spoil in (bounced(""), bounced("UNSOUND"))
]
HAND_OFF = [
    *OPEN_BOUNCES,
    Scenario("T08", "route_is_the_one", "ROUTE_WRONG", says(accepting_node=OTHER_DEPARTMENT)),
    Scenario("T08", "route_is_the_one", "ROUTE_WRONG", says(queue="another")),
    Scenario("T08", "route_is_the_one", "ROUTE_NONE", item(status="SUSPENDED")),
    Scenario("T08", "route_is_the_one", "KEYS_MISSING", no_wraps),
    Scenario("T08", "route_is_the_one", "KEYS_MISSING", rotated(DEPARTMENT)),
    Scenario("T08", "route_is_the_one", "KEYS_MISSING", gone(DEPARTMENT)),
    Scenario(
        "T08", "route_is_the_one", "ROUTE_WRONG",
        filed(directed_by=COORDINATOR, accepting_node=OTHER_DEPARTMENT, queue="inbound"),
    ),
    Scenario("T09", "route_fails", "ROUTE_WRONG", says(cause="AMBIGUOUS")),
    Scenario("T09", "route_fails", "BODY_MEMBER", says(cause=None)),
    Scenario("T09", "route_fails", "ROUTE_WRONG", listed_again),
    Scenario("T09", "route_fails", "ROUTE_WRONG", filed(directed_by=COORDINATOR)),
    Scenario("T09", "coordinator_there", "COORDINATOR_MISSING", without_role("coordinator")),
    *(
        scenario
        for row in ("T10", "T10b", "T12")
        for scenario in (
            Scenario(row, "delivered_whole", "MANIFEST_MISMATCH", says(manifest="f" * 64)),
            Scenario(row, "delivered_whole", "BODY_MEMBER", says(manifest=None)),
        )
    ),
    Scenario("T10b", "delivery_is_constructive", "REASON_UNKNOWN", says(cause="TIRED")),
    Scenario("T10b", "delivery_is_constructive", "BODY_MEMBER", says(cause=None)),
    Scenario("T10b", "delivery_is_constructive", "KEYS_MISSING", no_wraps),
    Scenario("T10b", "delivery_is_constructive", "KEYS_MISSING", rotated(DEPARTMENT)),
    Scenario("T10b", "delivery_is_constructive", "KEYS_MISSING", gone(DEPARTMENT)),
    Scenario(
        "T10b", "delivery_is_constructive", "DELIVERY_NOT_DUE",
        at(datetime(2026, 3, 3, 23, 59, 59, 999000, tzinfo=CHINA)),
    ),
    Scenario("T10b", "delivery_is_constructive", "BOUNCE_OPEN", says(cause="BOUNCE_UNFOUNDED")),
    *(
        Scenario("T10b", "delivery_is_constructive", "BOUNCE_OPEN", about_it(found, cause="BOUNCE_UNFOUNDED"))
        for found in (bounced(""), bounced("UNSOUND"), bounced("SOUND", settled=True))
    ),
    *(Scenario("T11", "retry_due", "BODY_MEMBER", says(attempt=value)) for value in (None, 0, 2, True, "1")),
    Scenario(
        "T11", "retry_due", "RETRIES_SPENT", lambda bench, step: filed(retries=5)(bench, step.saying(attempt=6))
    ),
    Scenario("T11", "retry_due", "DELIVERY_NOT_DUE", at(FORWARDED_AT + timedelta(minutes=59, seconds=59))),
    Scenario("T12", "bounce_reason_known", "REASON_UNKNOWN", says(reason="UGLY")),
    Scenario("T12", "bounce_reason_known", "BODY_MEMBER", says(reason=None), killer=False),
    Scenario("T12E", "bounce_unexamined", "BOUNCE_UNKNOWN", says(bounce="f" * 64)),
    Scenario("T12E", "bounce_unexamined", "REASON_UNKNOWN", says(finding="MAYBE")),
    *(
        Scenario("T12E", "bounce_unexamined", "BOUNCE_UNKNOWN", about_it(found))
        for found in (bounced("SOUND"), bounced("UNSOUND"), bounced("", settled=True))
    ),
    *(
        Scenario("T12R", "resent_the_same", "BOUNCE_UNKNOWN", found)
        for found in (bounced("SOUND"), bounced(""), bounced("UNSOUND", settled=True))
    ),
    *(
        Scenario("T12D", "lost_for_good", "BOUNCE_UNKNOWN", found)
        for found in (bounced("SOUND"), bounced(""), bounced("UNSOUND", settled=True))
    ),
    Scenario("T12D", "lost_for_good", "BOUNCE_UNKNOWN", filed(bounces=()), killer=False),
    Scenario("T12D", "lost_for_good", "REASON_UNKNOWN", says(reason="BORED")),
    Scenario("T12D", "lost_for_good", "BODY_MEMBER", says(reason=None)),
    Scenario("T12R", "resent_the_same", "MANIFEST_MISMATCH", other_bytes),
    Scenario("T12R", "resent_the_same", "OBJECT_NOT_NEW", stored_as_before),
    Scenario("T12R", "resent_the_same", "OBJECT_MISSING", says(manifest="f" * 64), killer=False),
]  # fmt: skip
REROUTING = [
    Scenario("T22", "hops_left", "HOPS_SPENT", filed(hops=TWO_HOPS)),
    Scenario("T22", "misroute_told", "REASON_UNKNOWN", says(reason="TOO_MUCH_WORK")),
    Scenario("T22", "misroute_told", "BODY_MEMBER", says(reason=None)),
    Scenario("T22", "misroute_told", "BODY_MEMBER", says(target=None)),
    Scenario("T22", "misroute_told", "TARGET_SAME", says(target=DEPARTMENT)),
    Scenario("T22", "misroute_told", "TARGET_NOT_DEPARTMENT", says(target=WINDOW)),
    Scenario("T22", "misroute_told", "SUBJECT_UNKNOWN", gone(OTHER_DEPARTMENT)),
    Scenario("T22", "misroute_told", "BODY_MEMBER", says(queue=""), killer=False),
    Scenario("T22", "coordinator_there", "COORDINATOR_MISSING", without_role("coordinator")),
    Scenario("T23", "target_live", "TARGET_NOT_DEPARTMENT", says(accepting_node=WINDOW)),
    Scenario("T23", "target_live", "SUBJECT_UNKNOWN", gone(OTHER_DEPARTMENT)),
    Scenario("T23", "target_live", "QUEUE_UNKNOWN", says(queue="another")),
    Scenario("T23", "target_is_new", "TARGET_WAS_HOP", says(accepting_node=DEPARTMENT)),
    Scenario("T23", "target_is_new", "TARGET_WAS_HOP", says(accepting_node=DEPARTMENT, forced=False)),
    Scenario("T23", "target_is_new", "BODY_MEMBER", says(forced="true")),
    Scenario("T23", "lead_on_third_hop", "SECOND_PERSON_MISSING", on_third_hop()),
    Scenario("T23", "lead_on_third_hop", "SECOND_PERSON_MISSING", says(second_person=f"{COORDINATOR}/person/LEAD")),
    *(
        Scenario("T23", "lead_on_third_hop", "SECOND_PERSON_WRONG", on_third_hop(signed_also(person, role)))
        for person, role in (
            (f"{COORDINATOR}/person/LEAD", "COORDINATOR"),
            (f"{OTHER_COORDINATOR}/person/LEAD", "COORDINATOR_LEAD"),
            (Bench.person(COORDINATOR, "COORDINATOR"), "COORDINATOR_LEAD"),
        )
    ),
    Scenario("T23H", "proposal_is_the_lists", "ROUTE_WRONG", says(accepting_node=THIRD_DEPARTMENT)),
    Scenario("T23H", "proposal_is_the_lists", "ROUTE_WRONG", says(queue="another")),
    Scenario("T23H", "proposal_is_the_lists", "ROUTE_WRONG", filed(proposal=None)),
    Scenario("T23H", "proposal_is_the_lists", "ROUTE_WRONG", filed(hops=TWO_HOPS)),
    Scenario("T23H", "proposal_is_the_lists", "ROUTE_WRONG", filed(hops=(OTHER_DEPARTMENT,))),
    Scenario("T23H", "proposal_is_the_lists", "ROUTE_WRONG", listed_again),
    Scenario("T23H", "proposal_is_the_lists", "ROUTE_WRONG", item(status="SUSPENDED")),
    Scenario("T23H", "proposal_is_the_lists", "KEYS_MISSING", no_wraps),
    Scenario("T23H", "proposal_is_the_lists", "KEYS_MISSING", rotated(OTHER_DEPARTMENT)),
    Scenario("T24", "return_reason_known", "REASON_UNKNOWN", says(reason="BORED")),
    Scenario("T24", "return_reason_known", "BODY_MEMBER", says(reason=None)),
    Scenario("K11", "reroute_overdue", "CLOCK_NOT_DUE", at(FORWARDED_AT + timedelta(minutes=40)), killer=False),
    Scenario("K11", "reroute_overdue", "CLOCK_STOPPED", expired),
    Scenario("K11", "reroute_overdue", "BODY_MEMBER", says(clock="K2")),
    Scenario("K11", "reroute_overdue", "BODY_MEMBER", says(due="2026-03-02T23:59:59.999+08:00")),
]  # fmt: skip
ROUTE = [*HAND_OFF, *REROUTING]
