"""What each row of the law changes, seen by doing it: the source of the pictures in ``docs/states.md``.

Every row is brought to where its act is next, as the tests of the law do it, and its act is applied; what differs in
the case file after each act of the way is what its row does. So no picture can say something that the law does not do.
Where a parcel takes a paper, all carrier statuses are asked one by one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from hub.casework.casefile import CaseFile
from hub.casework.context import World
from hub.casework.delivery import whereabouts
from hub.casework.delivery.values import PARCEL_STATUSES, ParcelLeg
from hub.casework.originals import limits, states
from hub.casework.review.values import STEPS
from hub.casework.table import ROWS
from tests.unit.law.law_steps import PATHS, TURNS
from tests.unit.law.law_world import Bench

NOTHING = "[*]"


@dataclass(frozen=True)
class Seen:
    """What one act changed. ``items``, ``result``: (from, to); ``clocks``: (clock, started | stopped | …)."""

    row: str
    event: str
    items: frozenset[tuple[str, str]]
    result: tuple[str, str] | None
    clocks: frozenset[tuple[str, str]]


def observe() -> list[Seen]:
    """What every act does on the way to each row, and the row's own act; rows in the order of the table."""
    ways = [*((*PATHS[name], name) for name in PATHS), *_STEPWISE]
    seen = [one for way in ways for one in _watched(way)]
    order = {row.id: number for number, row in enumerate(ROWS)}
    return sorted(dict.fromkeys(seen), key=lambda one: order[one.row])


def carrier_moves() -> dict[tuple[str, str], list[str]]:
    """(kind of parcel, state of what lies in it) to the carrier statuses that mean it."""
    means: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind in (states.ORIGINALS_KIND, states.RETURN_KIND):
        receiver = "node" if kind == states.ORIGINALS_KIND else ""
        for status in sorted(PARCEL_STATUSES):
            leg = ParcelLeg("p", "g", "EMS", "W1", status, states.RETURN_PROOF, kind=kind, receiver=receiver)
            means[kind, states.way_state(leg).value].append(status)
    return means


def by_clock(seen: Iterable[Seen]) -> Mapping[str, Mapping[str, list[str]]]:
    """Clock → what happens to it → ids of the rows that do it, each once and in the table's order."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in seen:
        for clock, change in sorted(one.clocks):
            known = found[clock][change]
            known += [] if one.row in known else [one.row]
    return found


def moves(seen: Iterable[Seen], of: str) -> Iterator[tuple[str, str, list[str]]]:
    """(from, to, rows as ``O3 pack``) for ``items`` or ``result``, each pair once."""
    told = [(pair, f"{one.row} {one.event}") for one in seen for pair in _pairs(one, of)]
    for pair, group in groupby(sorted(set(told)), key=lambda pair_row: pair_row[0]):
        yield (*pair, [row for _, row in group])


def _pairs(one: Seen, of: str) -> Iterable[tuple[str, str]]:
    if of == "items":
        return one.items
    return [one.result] if one.result else []


def _limit_steps(bench: Bench) -> None:
    bench.change_item(lambda item: item.update(steps=dict.fromkeys(STEPS, 2)))


_TURNS = {**TURNS, "the list limits each step": _limit_steps}
_STEPWISE = [
    ("the list limits each step", *PATHS["T26"], "T26", "T27"),
    ("the list limits each step", *PATHS["T25"], "T25"),
    ("the list limits each step", *PATHS["T27H"], "T27H"),
    ("the list limits each step", *PATHS["T15"], "T15", "T35"),
]
"""Ways on which K5 runs: few lists limit the steps (C06)."""


def _watched(way: Iterable[str]) -> Iterator[Seen]:
    bench = Bench()
    for part in way:
        if part in _TURNS:
            _TURNS[part](bench)
            continue
        before, step, world = bench.file, bench.step(part), bench.world()
        was = _derived(before, world)
        after = bench.do(step)
        now = _derived(after, world)
        changed = {(clock, "started") for clock, _ in now - was} | {(clock, "stopped") for clock, _ in was - now}
        yield Seen(
            row=part.split(":")[0],
            event=step.event,
            items=frozenset(_items(before, after)),
            result=_result(before, after),
            clocks=frozenset({*_clocks(before, after), *changed}),
        )


def _derived(file: CaseFile | None, world: World) -> set[tuple[str, str]]:
    """Clocks that follow from papers and parcels and stand in no file: (K9 or K10, what it is of)."""
    if file is None:
        return set()
    owed = {f"{one.kind} {one.node}" for one in limits.owed(file) if not limits.carded(file, one)}
    unsent = {f"{leg.kind} {leg.sender}" for leg in file.parcels if limits.post_clock(leg, world)}
    under_way = {leg.parcel for leg in file.parcels if limits.transit_clock(leg, world)}
    return {("K9", key) for key in owed | unsent} | {("K10", key) for key in under_way}


def _items(before: CaseFile | None, after: CaseFile) -> Iterator[tuple[str, str]]:
    was = {item.item: item.state for item in before.originals} if before else {}
    for item in after.originals:
        state = was.get(item.item, NOTHING)
        if state != item.state:
            yield state, item.state


def _result(before: CaseFile | None, after: CaseFile) -> tuple[str, str] | None:
    was, now = _whereabouts(before), _whereabouts(after)
    return None if was == now else (was, now)


def _whereabouts(file: CaseFile | None) -> str:
    """One word for where the result is: a state of ``ResultState``, or the status of its parcel."""
    if file is None:
        return NOTHING
    if file.result is not None:
        return file.result.state
    if whereabouts.in_parcel(file):
        return f"PARCEL_{whereabouts.result_parcels(file)[-1].status}"
    return "READY" if whereabouts.ready_at(file) else NOTHING


def _clocks(before: CaseFile | None, after: CaseFile) -> Iterator[tuple[str, str]]:
    for name, now in after.clocks.items():
        was = before.clocks.get(name) if before else None
        if was == now:
            continue
        if was is None or was.started_at != now.started_at:
            yield name, "started"
        elif was.stopped_at != now.stopped_at:
            yield name, "stopped"
        elif len(was.pauses) != len(now.pauses):
            yield name, "paused"
        elif was.pauses != now.pauses:
            yield name, "resumed"
        elif was.due != now.due:
            yield name, "moved"
