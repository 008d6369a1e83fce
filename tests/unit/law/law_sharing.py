"""Data of other bodies beside the table: authorisations, a line that was checked online, a query of the department."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crypto.manifest import Manifest, Page
from crypto.sharing import Sharing
from tests.unit.law.law_people import DEPARTMENT, TASK, WINDOW, Step

if TYPE_CHECKING:
    from tests.unit.law.law_world import Bench

DIGEST = "0" * 64
SUPPLIER = "spiffe://yidi.test/360000000000/jiangxi-sjj"


def sharing(name: str, consumer: str, purpose: str, **changes: Any) -> Sharing:
    """An authorisation for identity data, for this item, through 2026."""
    made = Sharing(
        DIGEST, 1, name, SUPPLIER, consumer, "IDENTITY", "GB/T36906", frozenset({TASK}), "VERIFY", purpose,
        "2026-01-01", "2026-12-31", DIGEST,
    )  # fmt: skip
    return replace(made, **changes)


def share(bench: "Bench") -> None:
    """Window and department may ask, each for its purpose."""
    for name, consumer, purpose in (("S-W", WINDOW, "INTAKE"), ("S-D", DEPARTMENT, "REVIEW")):
        bench.register.sharings[name] = sharing(name, consumer, purpose)


def checked_online(made: Manifest, material: str, acquisition: str = "VERIFY_ONLINE") -> Manifest:
    """The sealing with this line checked online: the answer is its one page."""
    lines = tuple(
        replace(line, acquisition=acquisition, trust="A", original="NOT_NEEDED", pages=(Page(1, ()),))
        if line.material == material
        else line
        for line in made.lines
    )
    return replace(made, lines=lines)


def verified(material: str, **changes: str) -> dict[str, str]:
    """What the act says of that line."""
    return {"material": material, "kind": "IDENTITY", "grant": "S-W", "reference": DIGEST} | changes


def with_verified(bench: "Bench", step: Step, material: str = "M02", **changes: str) -> Step:
    """A seal or supplement in which one material was checked online."""
    share(bench)
    bench.register.records.setdefault(SUPPLIER, replace(bench.register.current(DEPARTMENT), subject=SUPPLIER))
    found = bench.objects[str(step.body["manifest"])].manifest
    sealed = bench.store(checked_online(found, material))
    return step.saying(manifest=sealed, verified=[verified(material, **changes)])


def query(bench: "Bench") -> Step:
    """H05: the department asks once more, under its own authorisation."""
    share(bench)
    asked_by = bench.person(DEPARTMENT, "REVIEWER")
    bench.register.records[asked_by] = replace(bench.register.current(DEPARTMENT), subject=asked_by, kind="person")
    body = {
        "kind": "IDENTITY", "grant": "S-D", "purpose": "REVIEW", "reference": DIGEST, "result": "OK",
        "asked_by": asked_by, "material": "M02",
    }  # fmt: skip
    return Step("data_queried", DEPARTMENT, "department", body, chain="access", person=False)
