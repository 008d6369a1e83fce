"""The acts of debts, commitments and reuse, with nothing wrong in them, and the shortest way to them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crypto.manifest import Line, Manifest, Page
from tests.unit.law.law_people import DEPARTMENT, HUB, WINDOW, Step, manifest

if TYPE_CHECKING:
    from tests.unit.law.law_world import Bench

CHAIN = "materials"
DIGEST = "0" * 64
OWED = "M05"
"""Not key in the list of the demonstration, and not brought by the application of the tests."""
COMMITTED = "M04"
EARLIER_CASE, EARLIER_SEALING = "e1" * 16, "e2" * 32


def promise(bench: "Bench", days: int = 5, material: str = OWED) -> dict[str, str]:
    """A signed promise to bring the material in so many calendar days."""
    return {"material": material, "due": (bench.now.date() + timedelta(days=days)).isoformat(), "paper": DIGEST}


def with_line(made: Manifest, code: str, **changes: Any) -> Manifest:
    """The sealing with one line changed, or added."""
    empty = Line(code, code, "SUBMIT", "B", "SEEN_RETURNED", (Page(1, ()),))
    lines = [line for line in made.lines if line.material != code]
    old = next((line for line in made.lines if line.material == code), empty)
    return replace(made, lines=(*lines, replace(old, **changes)))


def reused() -> dict[str, str]:
    """What a seal says of the identity card taken over from an earlier case."""
    return {
        "material": "M02", "case": EARLIER_CASE, "manifest": EARLIER_SEALING, "line": "M02", "valid_until": "LONG_TERM",
    }  # fmt: skip


def owing(tolerance: str = "BLOCKS_DECISION") -> Callable[["Bench"], None]:
    """The list lets M05 be missing for 20 working days, and the case is sealed with a promise of it."""

    def turn(bench: "Bench") -> None:
        allow(bench, tolerance)
        bench.do(bench.step("T05").saying(tolerated=[promise(bench)]))

    return turn


def allow(bench: "Bench", tolerance: str = "BLOCKS_DECISION", days: int = 20, code: str = OWED) -> None:
    """The list says how the material may be missing."""

    def change(item: dict[str, Any]) -> None:
        for material in item["materials"]:
            if material["code"] == code:
                material["acquisition"] = [way for way in material["acquisition"] if way != "COMMITMENT"]
                material["allowance"] = {"tolerance": tolerance, "days": days, "commitment": False}

    bench.change_item(change)


def committing(bench: "Bench") -> None:
    """The case is sealed with a signed commitment in the place of a proof."""
    made = with_line(manifest("application"), COMMITTED, acquisition="COMMITMENT", trust="D", original="NOT_NEEDED")
    bench.application = bench.store(made)
    bench.do(bench.step("T05").saying(commitment_notice=True))


def checked(bench: "Bench", result: str = "BROKEN") -> Step:
    """B09: the department looked, and the head signs too."""
    body = {"material": COMMITTED, "result": result, "paper": DIGEST, "second_person": bench.person(DEPARTMENT, "HEAD")}
    return Step("commitment_checked", DEPARTMENT, "REVIEWER", body, second="HEAD", chain=CHAIN)


def settled(bench: "Bench") -> Step:
    """K7S: the owed material comes."""
    body = {"manifest": bench.addendum((OWED,)), "materials": [OWED], "applicant_signed": True}
    return Step("debt_settled", WINDOW, "COLLECTOR", body, chain=CHAIN)


def overdue(bench: "Bench") -> Step:
    """K7: the promised day passed."""
    state = bench.file.clocks.get("K7") if bench.file else None
    body = {"clock": "K7", "due": (state.due or "") if state else ""}
    return Step("debt_overdue", HUB, "hub", body, person=False, chain=CHAIN)


def revoked(bench: "Bench") -> Step:
    """B10R: the grant is taken back for the debt."""
    body = {"ground": "DEBT_OVERDUE", "paper": DIGEST, "grant": "G-DECIDE"}
    return Step("revoke", DEPARTMENT, "DECIDER", body, chain=CHAIN)


STEPS: dict[str, Callable[["Bench"], Step]] = {
    "K7S": settled,
    "K7": overdue,
    "B09": checked,
    "B09R": lambda bench: checked(bench, "REPAIRED"),
    "B10R": revoked,
}
TURNS: dict[str, Callable[["Bench"], None]] = {
    "owing": owing(),
    "owing revocable": owing("REVOCABLE"),
    "committing": committing,
}
OPENINGS = frozenset(TURNS)
"""Turns that seal the case: they come first or not at all."""
_ACCEPTED = ("W1", "T08", "T10", "T14")
PATHS: dict[str, tuple[str, ...]] = {
    "K7S": ("owing", *_ACCEPTED),
    "K7": ("owing", *_ACCEPTED, "a fortnight"),
    "B09": ("committing", *_ACCEPTED),
    "B09R": ("committing", *_ACCEPTED, "B09", "T35"),
    "B10R": ("owing revocable", *_ACCEPTED, "T31", "a fortnight", "K7"),
}
