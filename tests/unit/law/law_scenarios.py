"""What may be wrong with an act or with what is around it: spoilt acts for the tests of the guards."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hub.casework.common import FUTURE_TOLERANCE
from hub.casework.delivery.values import ParcelLeg
from tests.unit.law.law_people import (
    DEPARTMENT,
    OTHER_GATEWAY,
    TASK,
    Step,
    catalogue,
    grant,
    manifest,
    record,
)
from tests.unit.law.law_world import (
    Bench,
)

WHOLE = tuple(line.material for line in manifest("application").lines)
Spoil = Callable[[Bench, Step], Step]


@dataclass(frozen=True)
class Scenario:
    """One thing wrong with the act of ``row``. ``killer``: passes once the guard is gone."""

    row: str
    guard: str
    code: str
    spoil: Spoil
    killer: bool = True

    def __str__(self) -> str:
        return f"{self.row}-{self.guard}-{self.code}"


def says(**changes: Any) -> Spoil:
    """The act says something else; None leaves a member out."""
    return lambda bench, step: step.saying(**changes)


def item(**changes: Any) -> Spoil:
    """The list says something else about the item."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.change_item(lambda item: item.update(changes))
        return step

    return spoil


def sealed(kind: str, **changes: Any) -> Spoil:
    """Another sealing of ``kind``."""
    return lambda bench, step: step.saying(manifest=bench.store(manifest(kind, **changes)))


def future(bench: Bench, step: Step) -> Step:
    """Declared too late."""
    return replace(step, occurred=FUTURE_TOLERANCE + timedelta(milliseconds=1))


def without(*missing: str) -> Spoil:
    """An application that lacks materials."""
    return sealed("application", materials=tuple(code for code in WHOLE if code not in missing))


def no_wraps(bench: Bench, step: Step) -> Step:
    """Nobody has keys."""
    bench.file = replace(bench.case, wraps=())
    return step


def rotated(node: str) -> Spoil:
    """The node has a new key."""

    def spoil(bench: Bench, step: Step) -> Step:
        old = bench.register.current(node)
        bench.register.records[node] = record(node, roles=set(old.roles), key=b"\x0a")
        return step

    return spoil


def gone(node: str) -> Spoil:
    """The node is not registered."""

    def spoil(bench: Bench, step: Step) -> Step:
        del bench.register.records[node]
        return step

    return spoil


def moved(node: str, region: str) -> Spoil:
    """A wrap to the node, whose record names another region."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.register.records[node] = replace(bench.register.current(node), region=region)
        return bench.wrap(node, ("M01",))

    return spoil


def to(node: str, *lines: str) -> Spoil:
    """A wrap of these lines to the node."""
    return lambda bench, step: bench.wrap(node, lines)


def other_sealing(bench: Bench, step: Step) -> Step:
    """A sealing that the case does not have."""
    return step.saying(manifest=bench.store(manifest("application", revision=2)))


def object_gone(bench: Bench, step: Step) -> Step:
    """The object is not in the store."""
    del bench.objects[bench.application]
    return step


def grants_only(*kept: str) -> Spoil:
    """Only these grants are alive."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.register.grants = [found for found in bench.register.grants if found.grant_id in kept]
        return step

    return spoil


def regrant(row: str, **changes: Any) -> Spoil:
    """A grant that says something else."""
    kind, role = {"T31": ("DECIDE", "DECIDER")}.get(row, ("SEAL_USE", "ISSUER"))

    def spoil(bench: Bench, step: Step) -> Step:
        made = grant(kind, bench.person(DEPARTMENT, role), f"G-{kind}")
        bench.register.grants = [replace(made, **changes)]
        return step

    return spoil


def delivery(method: str) -> Spoil:
    """The applicant chose another way."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.file = replace(bench.case, delivery=method)
        return step

    return spoil


def second_gateway(bench: Bench, step: Step) -> Step:
    """Another gateway has a parcel of this case too and speaks of the first one's."""
    bench.file = replace(bench.case, parcels=(*bench.case.parcels, ParcelLeg("P2", OTHER_GATEWAY)))
    return replace(step, node=OTHER_GATEWAY)


def parcel_twice(bench: Bench, step: Step) -> Step:
    """The parcel is there already."""
    bench.do(step)
    return step


def level(level: int, status: str = "DELIVERED") -> Spoil:
    """Proof of this level."""

    def spoil(bench: Bench, step: Step) -> Step:
        leg = replace(bench.case.parcels[0], proof_level=level, status=status)
        bench.file = replace(bench.case, parcels=(leg,))
        return step

    return spoil


def closed_window(bench: Bench, step: Step) -> Step:
    """No window may collect the item."""

    def change(document: dict[str, Any]) -> None:
        for window in document["windows"]:
            window["may_collect"] = [code for code in window["may_collect"] if code != TASK]

    bench.catalogue = catalogue(change)
    return step


def collects_only(bench: Bench, step: Step) -> Step:
    """The applicant would fetch the result at a window that hands out none (F09)."""

    def change(document: dict[str, Any]) -> None:
        for window in document["windows"]:
            window["powers"] = ["COLLECT"]
        document["themes"] = []  # no list may name such a window as a theme's exit

    bench.change_list(change)
    return step.saying(delivery="COUNTER_COLLECT")


def windows(**changes: Any) -> Spoil:
    """The list says something else about all windows."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.change_list(lambda document: [window.update(changes) for window in document["windows"]].clear())
        return step

    return spoil


def at(moment: datetime) -> Spoil:
    """It is another time (UTC+8)."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.now = moment
        return step

    return spoil


def filed(**changes: Any) -> Spoil:
    """The case file says something else."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.file = replace(bench.case, **changes)
        return step

    return spoil


def without_role(role: str) -> Spoil:
    """No node has this role."""

    def spoil(bench: Bench, step: Step) -> Step:
        kept = bench.register.records.items()
        bench.register.records = {subject: found for subject, found in kept if role not in found.roles}
        return step

    return spoil


def after(*names: str, then: Spoil | None = None) -> Spoil:
    """Something else happened before; the act is made anew."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.walk(*names)
        return then(bench, step) if then else step

    return spoil


def signed_also(person: str, role: str) -> Spoil:
    """Another second person signs, in this role."""
    return lambda bench, step: replace(step.saying(second_person=person), second=role)
