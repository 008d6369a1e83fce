"""A portal (网上入口) beside the table: its record, its place in the list, what it says for an applicant."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crypto.manifest import Manifest
from tests.unit.law.law_people import DEPARTMENT, PREFIX, TASK, Step, manifest, record

if TYPE_CHECKING:
    from tests.unit.law.law_world import Bench

PORTAL = "spiffe://yidi.test/360000000000/jiangxi-portal"
DIGEST = "0" * 64


def list_portal(document: dict[str, Any]) -> None:
    """The portal of the province stands in the list, for this one item."""
    document["windows"] = [window for window in document["windows"] if window["kind"] != "PORTAL"]
    hours = document["windows"][0]["timetable"]
    entry = {"node": "jiangxi-portal", "kind": "PORTAL", "region": "360000000000", "timetable": hours}
    document["windows"].append({**entry, "may_collect": [TASK]})


def open_portal(bench: "Bench") -> None:
    """The portal is registered and listed from now on."""
    bench.register.records[PORTAL] = replace(record(PORTAL, roles={"portal"}), public_prefix=PREFIX)
    bench.change_list(list_portal)


def uploaded(made: Manifest) -> Manifest:
    """The same sealing as a portal makes it: nobody saw an original."""
    return replace(made, lines=tuple(replace(line, original="NOT_NEEDED", trust="C") for line in made.lines))


def by_portal(step: Step, **more: Any) -> Step:
    """The act by the portal alone, on the applicant's order."""
    return replace(step, node=PORTAL, role="portal", person=False).saying(**more)


def seal(bench: "Bench", **more: Any) -> Step:
    """T05 by the portal."""
    sealed = bench.store(uploaded(manifest("application")))
    said = {"mode": "ONLINE", "order": DIGEST, "manifest": sealed, "delivery": "ELECTRONIC"}
    return by_portal(bench.step("T05"), **(said | more))


def forwarded(bench: "Bench") -> "Bench":
    """An online application on its way: sealed by the portal, keys for the department, routed."""
    open_portal(bench)
    bench.do(seal(bench))
    lines = tuple(line.line for line in bench.objects[bench.sealed].manifest.lines)
    bench.do(replace(bench.wrap(DEPARTMENT, lines, by=PORTAL), role="portal"))
    bench.settle()
    return bench
