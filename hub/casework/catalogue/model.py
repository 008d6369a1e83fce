"""One version of the list of items: what may be collected where, and who decides it.

Invariants:
- a catalogue is loaded whole or not at all: one breach refuses the document (requirements D01, D08);
- values are frozen; a case keeps the version it was opened under, so nothing here asks what is in force
  today;
- outside the list there is nothing: an unknown code is refused, never guessed (D01).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

from crypto.canonical import digest, encode, parse
from crypto.refusal import Refusal
from hub.casework.catalogue.lint import Breach as Breach
from hub.casework.catalogue.lint import breaches as breaches
from hub.casework.numbers import region_prefix
from hub.casework.time.clock_table import Unit
from hub.casework.time.timetable import Timetable

LIST_RULE: Final = "requirements D01"
WINDOW_RULE: Final = "requirements A18"


@dataclass(frozen=True, slots=True)
class Limit:
    """``n`` units; ``unit`` is WORKING_DAY, NATURAL_DAY or HOUR."""

    n: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Body:
    """The implementing body; ``region`` has 12 digits."""

    name: str
    credit_code: str
    region: str


@dataclass(frozen=True, slots=True)
class SpecialProcedure:
    """``stops_clock``: whether its time is not counted (行政许可法 45 or ``legal_basis``)."""

    kind: str
    stops_clock: bool
    legal_basis: str


@dataclass(frozen=True, slots=True)
class Material:
    """One demanded material; only those with ``key`` false may be tolerated missing (B10)."""

    code: str
    name: str
    key: bool
    acquisition: tuple[str, ...]
    original_policy: str
    legal_basis: str
    copies: int
    colour: bool


@dataclass(frozen=True, slots=True)
class ResultKind:
    """What a grant is handed out as."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Item:
    """One government service item, named by its 31-character ``task_code``."""

    task_code: str
    catalog_code: str
    name: str
    item_type: str
    level: str
    case_type: str
    scope: frozenset[str]
    modes: frozenset[str]
    in_person_required: bool
    status: str
    effective_from: date
    effective_to: date | None
    implementing_body: Body
    statutory_limit: Limit
    promised_limit: Limit
    licensing_law: bool
    special_procedures: tuple[SpecialProcedure, ...]
    receipt_basis: str
    required_proof_level: int
    originals_note: str
    materials: tuple[Material, ...]
    result: ResultKind
    legal_basis: str
    fees: str
    rule_groups: Mapping[str, str]
    complaint_channel: str

    def material(self, code: str) -> Material | None:
        """The material with ``code``, or None."""
        return next((material for material in self.materials if material.code == code), None)

    def in_force(self, on: date) -> bool:
        """Whether ``on`` (UTC+8) lies between the item's dates, both included."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)


@dataclass(frozen=True, slots=True)
class Queue:
    """Where cases of an item go for a region; ``node`` is a node's name, the last part of its id."""

    region: str
    task_code: str
    node: str
    queue: str
    liaison: str


@dataclass(frozen=True, slots=True)
class Window:
    """A collecting window; ``node`` is a node's name, the last part of its id.

    ``address`` and ``telephone`` stand on the papers that it hands out; a catalogue may leave them out.
    """

    node: str
    kind: str
    region: str
    may_collect: frozenset[str]
    timetable: Timetable
    address: str = ""
    telephone: str = ""


class Catalogue:
    """A loaded version. Build it with ``load_catalogue``; look-ups are dictionary reads."""

    def __init__(
        self,
        document: Mapping[str, Any],
        items: tuple[Item, ...],
        queues: tuple[Queue, ...],
        windows: tuple[Window, ...],
    ) -> None:
        self.version: Final[str] = document["version"]
        self.effective_from: Final = date.fromisoformat(document["effective_from"])
        self.effective_to: Final = _open_day(document["effective_to"])
        self.items: Final = {item.task_code: item for item in items}
        self.windows: Final = {window.node: window for window in windows}
        self.queues: Final = queues
        self._digest: Final = digest(encode(document))
        self._by_place: Final[dict[tuple[str, str], tuple[Queue, ...]]] = {}
        self._regions: Final[dict[str, set[str]]] = {}
        for queue in queues:
            place = (queue.task_code, queue.region)
            self._by_place[place] = (*self._by_place.get(place, ()), queue)
            self._regions.setdefault(queue.task_code, set()).add(queue.region)

    def digest(self) -> str:
        """Lower-case hex SHA-256 of the canonical document."""
        return self._digest

    def item(self, task_code: str) -> Item:
        """The item. Refusal UNKNOWN_ITEM (D01)."""
        found = self.items.get(task_code)
        if found is None:
            raise Refusal("UNKNOWN_ITEM", LIST_RULE, task_code=task_code[:40], catalogue=self.version)
        return found

    def queues_for(self, task_code: str, region: str) -> tuple[Queue, ...]:
        """All queues of the item for exactly this 12-digit region, in the order of the document."""
        return self._by_place.get((task_code, region), ())

    def window(self, node: str) -> Window | None:
        """The window of the node with this name, or None."""
        return self.windows.get(node)

    def require_live(self, task_code: str, on: date, window: str | None = None) -> Item:
        """The item, if it may be taken in ``on`` (date in UTC+8), and by ``window`` (node name) where one is
        named.

        Refusals in this order: UNKNOWN_ITEM; ITEM_EXPIRED, also for an item that has not begun;
        ITEM_SUSPENDED; ITEM_NOT_COLLECTABLE with the nearest authorised window as the way out (A18), empty
        when there is none.
        """
        item = self.item(task_code)
        if not item.in_force(on):
            until = item.effective_to.isoformat() if item.effective_to else ""
            raise Refusal("ITEM_EXPIRED", LIST_RULE, task_code=task_code, on=on, since=item.effective_from, until=until)
        if item.status == "SUSPENDED":
            raise Refusal("ITEM_SUSPENDED", LIST_RULE, task_code=task_code, name=item.name)
        if window is None:
            return item
        asked = self.window(window)
        if asked is None or task_code not in asked.may_collect:
            region = item.implementing_body.region if asked is None else asked.region
            nearest = self.nearest_window(task_code, region)
            raise Refusal(
                "ITEM_NOT_COLLECTABLE",
                WINDOW_RULE,
                task_code=task_code,
                window=window,
                nearest=nearest.node if nearest else "",
                nearest_region=nearest.region if nearest else "",
            )
        return item

    def nearest_window(self, task_code: str, region: str) -> Window | None:
        """The authorised window whose region shares the longest province, prefecture, county… part with
        ``region``.

        Codes know no distance; among equals the first by region and name is taken, so that the answer is
        stable.
        """
        may = [window for window in self.windows.values() if task_code in window.may_collect]
        return min(
            may,
            key=lambda window: (-_shared(window.region, region), window.region, window.node),
            default=None,
        )

    def search(self, text: str, region: str | None = None) -> list[Item]:
        """Items whose name contains every word of ``text`` (split at blanks); best first, dead ones included.

        ``region``: 12 digits; only items with a queue in it or below it. The window sees suspended items too
        and learns from ``require_live`` why it cannot take them.
        """
        words = text.split()
        prefix = None if region is None else region_prefix(region)
        hits = [
            item
            for item in self.items.values()
            if _all_in(words, item.name) and (prefix is None or self._handled_in(item.task_code, prefix))
        ]
        return sorted(hits, key=lambda item: (_rank(words, item.name), item.task_code))

    def _handled_in(self, task_code: str, prefix: str) -> bool:
        return any(region.startswith(prefix) for region in self._regions.get(task_code, ()))


def load_catalogue(document: Mapping[str, Any]) -> Catalogue:
    """The catalogue in ``document``.

    Refusal CATALOGUE_BREACHES with the count, the codes and the first place when ``breaches`` finds any.
    """
    found = breaches(document)
    if found:
        codes = ",".join(sorted({breach.code for breach in found}))
        raise Refusal("CATALOGUE_BREACHES", LIST_RULE, count=len(found), codes=codes, first=found[0].where)
    return Catalogue(
        document,
        tuple(_item(entry) for entry in document["items"]),
        tuple(_queue(entry) for entry in document["queues"]),
        tuple(_window(entry) for entry in document["windows"]),
    )


@lru_cache(maxsize=8)
def catalogue_in(data: bytes) -> Catalogue:
    """The catalogue in published bytes (canonical JSON), loaded once. Refusals NOT_CANONICAL, CATALOGUE_BREACHES."""
    return load_catalogue(parse(data))


def _item(entry: Mapping[str, Any]) -> Item:
    plain = {key: entry[key] for key in Item.__slots__ if key not in _CONVERTED}
    return Item(
        **plain,
        scope=frozenset(entry["scope"]),
        modes=frozenset(entry["modes"]),
        effective_from=date.fromisoformat(entry["effective_from"]),
        effective_to=_open_day(entry["effective_to"]),
        implementing_body=Body(**{key: entry["implementing_body"][key] for key in Body.__slots__}),
        statutory_limit=_limit(entry["statutory_limit"]),
        promised_limit=_limit(entry["promised_limit"]),
        special_procedures=tuple(
            SpecialProcedure(procedure["kind"], procedure["stops_clock"], procedure.get("legal_basis", ""))
            for procedure in entry["special_procedures"]
        ),
        materials=tuple(_material(material) for material in entry["materials"]),
        result=ResultKind(entry["result"]["name"], entry["result"]["kind"]),
        rule_groups=dict(entry["rule_groups"]),
    )


_CONVERTED: Final = frozenset(
    (
        "scope",
        "modes",
        "effective_from",
        "effective_to",
        "implementing_body",
        "statutory_limit",
        "promised_limit",
        "special_procedures",
        "materials",
        "result",
        "rule_groups",
    )
)


def _material(entry: Mapping[str, Any]) -> Material:
    plain = {key: entry[key] for key in Material.__slots__ if key != "acquisition"}
    return Material(**plain, acquisition=tuple(entry["acquisition"]))


def _queue(entry: Mapping[str, Any]) -> Queue:
    return Queue(entry["region"], entry["task_code"], entry["node"], entry["queue"], entry["liaison"])


def _window(entry: Mapping[str, Any]) -> Window:
    timetable = Timetable.from_document(entry["timetable"])
    contact = (str(entry.get("address", "")), str(entry.get("telephone", "")))
    return Window(entry["node"], entry["kind"], entry["region"], frozenset(entry["may_collect"]), timetable, *contact)


def _limit(entry: Mapping[str, Any]) -> Limit:
    return Limit(entry["n"], Unit(entry["unit"]))


def _open_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _shared(one: str, other: str) -> int:
    """How many levels (province, prefecture, county, township, village) two regions share, from the top."""
    return next((level for level, end in enumerate((2, 4, 6, 9, 12)) if one[:end] != other[:end]), 5)


def _all_in(words: list[str], name: str) -> bool:
    return all(word in name for word in words)


def _rank(words: list[str], name: str) -> tuple[bool, int]:
    return (bool(words) and not name.startswith(words[0]), len(name))
