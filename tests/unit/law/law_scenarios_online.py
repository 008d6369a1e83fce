"""Spoilt acts of portals and of windows that speak like one: T05, T05R, T17, K7S, H02."""

from dataclasses import replace
from typing import Any

from tests.unit.law.law_online import DIGEST, PORTAL, by_portal, list_portal, open_portal, uploaded
from tests.unit.law.law_people import TASK, Step
from tests.unit.law.law_scenarios import WHOLE, Scenario, Spoil, item, says, sealed
from tests.unit.law.law_world import Bench

COUNTERS = ["PROXY_COLLECT"]


def portal_seals(then: Spoil) -> Spoil:
    """The same application through a portal, with one thing wrong in it."""

    def spoil(bench: Bench, step: Step) -> Step:
        open_portal(bench)
        found = bench.objects[str(step.body["manifest"])].manifest
        bench.application = bench.store(uploaded(found))
        if bench.file is not None:
            bench.file = replace(bench.case, collecting_node=PORTAL)
        made = by_portal(step, mode="ONLINE", order=DIGEST, delivery="ELECTRONIC", manifest=bench.application)
        return then(bench, made)

    return spoil


def original_seen(bench: Bench, step: Step) -> Step:
    """A line that says somebody saw the original."""
    found = bench.objects[str(step.body["manifest"])].manifest
    lines = (replace(found.lines[0], original="SEEN_RETURNED", trust="B"), *found.lines[1:])
    return step.saying(manifest=bench.store(replace(found, lines=lines)))


def checked(bench: Bench, step: Step) -> Step:
    """A line of the level that only a check against the original gives."""
    found = bench.objects[str(step.body["manifest"])].manifest
    lines = (replace(found.lines[0], trust="B"), *found.lines[1:])
    return step.saying(manifest=bench.store(replace(found, lines=lines)))


def at_portal(then: Spoil) -> Spoil:
    """The case is a portal's, and the portal speaks."""

    def spoil(bench: Bench, step: Step) -> Step:
        open_portal(bench)
        bench.file = replace(bench.case, collecting_node=PORTAL, mode="ONLINE")
        return then(bench, by_portal(step, order=DIGEST))

    return spoil


def offered(**changes: Any) -> Spoil:
    """The list says something else about the item."""

    def spoil(bench: Bench, step: Step) -> Step:
        def change(document: dict[str, Any]) -> None:
            list_portal(document)
            next(item for item in document["items"] if item["task_code"] == TASK).update(changes)

        bench.change_list(change)
        return step

    return spoil


def agent_in_person(bench: Bench, step: Step) -> Step:
    """Somebody acts for the applicant where law wants himself."""
    item(in_person_required=True, modes=COUNTERS)(bench, step)
    return sealed("application", materials=(*WHOLE, "PROXY"))(bench, step).saying(agent=True)


def seal(row: str) -> list[Scenario]:
    """What may be wrong with a seal because of a portal."""
    lawful = "online_lawful"
    return [
        Scenario(row, "applicant_ordered", "BODY_MEMBER", says(order=DIGEST)),
        Scenario(row, "applicant_ordered", "BODY_MEMBER", portal_seals(says(order=None))),
        Scenario(row, "applicant_ordered", "BODY_MEMBER", portal_seals(says(order="signed"))),
        Scenario(row, lawful, "BODY_MEMBER", says(mode="ONLINE")),
        Scenario(row, lawful, "BODY_MEMBER", portal_seals(says(mode=None))),
        Scenario(row, lawful, "DELIVERY_NO_COUNTER", portal_seals(says(delivery="COUNTER_COLLECT"))),
        Scenario(
            row, lawful, "IN_PERSON_REQUIRED", portal_seals(offered(in_person_required=True, modes=["PROXY_COLLECT"]))
        ),
        Scenario(row, lawful, "ONLINE_NOT_OFFERED", portal_seals(offered(modes=COUNTERS))),
        Scenario(row, "no_original_seen", "ORIGINAL_NOT_SEEN", portal_seals(original_seen)),
        Scenario(row, "no_original_seen", "ORIGINAL_NOT_SEEN", portal_seals(checked)),
        Scenario(row, "agent_empowered", "PROXY_MISSING", says(agent=True)),
        Scenario(row, "agent_empowered", "PROXY_MISSING", says(agent=False)),
        Scenario(row, "agent_empowered", "PROXY_MISSING", sealed("application", materials=(*WHOLE, "PROXY"))),
        Scenario(row, "agent_empowered", "AGENT_EXCLUDED", agent_in_person),
    ]


ONLINE = [
    *seal("T05"),
    *seal("T05R"),
    Scenario("T17", "applicant_ordered", "BODY_MEMBER", says(order=DIGEST)),
    Scenario("T17", "no_original_seen", "ORIGINAL_NOT_SEEN", at_portal(original_seen)),
    Scenario("K7S", "applicant_ordered", "BODY_MEMBER", says(order=DIGEST)),
    Scenario("K7S", "applicant_ordered", "BODY_MEMBER", at_portal(says(order=None))),
    Scenario("K7S", "no_original_seen", "ORIGINAL_NOT_SEEN", at_portal(original_seen)),
    Scenario("H02", "applicant_ordered", "BODY_MEMBER", says(order=DIGEST)),
    Scenario("H02", "portal_shows_notices", "PORTAL_NOTICES_ONLY", at_portal(lambda bench, step: step)),
]
