"""One version of the list of items: what may be collected where, and who decides it.

Invariants:
- a catalogue is loaded whole or not at all: one breach refuses the document (requirements D01, D08);
- values are frozen; a case keeps the version it was opened under, so nothing here asks what is in force
  today;
- outside the list there is nothing: an unknown code is refused, never guessed (D01).
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

from crypto.canonical import digest, encode, parse
from crypto.refusal import Refusal
from hub.casework.catalogue import collecting, read
from hub.casework.catalogue.lint import breaches as breaches
from hub.casework.catalogue.shape import Breach as Breach
from hub.casework.catalogue.themes import Department, Theme, department_in, theme_in
from hub.casework.catalogue.values import Agreement as Agreement
from hub.casework.catalogue.values import Body as Body
from hub.casework.catalogue.values import Item as Item
from hub.casework.catalogue.values import Limit as Limit
from hub.casework.catalogue.values import Material as Material
from hub.casework.catalogue.values import Place as Place
from hub.casework.catalogue.values import Queue as Queue
from hub.casework.catalogue.values import ResultKind as ResultKind
from hub.casework.catalogue.values import SpecialProcedure as SpecialProcedure
from hub.casework.catalogue.values import Window as Window
from hub.casework.numbers import region_prefix

LIST_RULE: Final = "requirements D01"


class Catalogue:
    """A loaded version. Build it with ``load_catalogue``; look-ups are dictionary reads."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.version: Final[str] = document["version"]
        self.effective_from: Final = date.fromisoformat(document["effective_from"])
        self.effective_to: Final = read.open_day(document["effective_to"])
        self.items: Final = {entry["task_code"]: read.item_in(entry) for entry in document["items"]}
        self.windows: Final = {entry["node"]: read.window_in(entry) for entry in document["windows"]}
        self.queues: Final = tuple(read.queue_in(entry) for entry in document["queues"])
        self.agreements: Final = tuple(read.agreement_in(entry) for entry in document.get("agreements", ()))
        self.places: Final = {entry["node"]: read.place_in(entry) for entry in document.get("places", ())}
        self.departments: Final[Mapping[str, Department]] = {
            entry["code"]: department_in(entry) for entry in document.get("departments", ())
        }
        self.themes: Final[Mapping[str, Theme]] = {
            entry["code"]: theme_in(entry) for entry in document.get("themes", ())
        }
        self.rating_fix_days: Final[int | None] = document.get("rating_fix_days")
        self._digest: Final = digest(encode(document))
        self._by_place: Final[dict[tuple[str, str], tuple[Queue, ...]]] = {}
        self._regions: Final[dict[str, set[str]]] = {}
        for queue in self.queues:
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

    def theme(self, code: str) -> Theme:
        """The theme (一件事). Refusal THEME_UNKNOWN (D01, B03)."""
        found = self.themes.get(code)
        if found is None:
            raise Refusal("THEME_UNKNOWN", "requirements B03, D01", theme=code[:40], catalogue=self.version)
        return found

    def queues_for(self, task_code: str, region: str) -> tuple[Queue, ...]:
        """All queues of the item for exactly this 12-digit region, in the order of the document."""
        return self._by_place.get((task_code, region), ())

    def regions_of(self, task_code: str) -> frozenset[str]:
        """Regions (12 digits) for which the item has a queue."""
        return frozenset(self._regions.get(task_code, ()))

    def window(self, node: str) -> Window | None:
        """The window of the node with this name, or None."""
        return self.windows.get(node)

    def require_live(self, task_code: str, on: date, window: str | None = None, place: str | None = None) -> Item:
        """The item, if it may be taken in ``on`` (date in UTC+8), by ``window`` (node name) where one is named, and
        for ``place`` (12 digits) where one is named.

        Refusals in this order: UNKNOWN_ITEM; ITEM_EXPIRED, also for an item that has not begun; ITEM_WITHDRAWN (D09);
        ITEM_SUSPENDED; ITEM_EXCLUDED (A23); then those of the window, each with the nearest window that may as the way
        out (A18), empty when there is none: ITEM_NOT_COLLECTABLE, WINDOW_OUT_OF_SERVICE, SCOPE_CLOSED,
        AGREEMENT_MISSING.
        """
        item = self.item(task_code)
        _require_in_service(item, on)
        if window is None:
            return item
        asked = self.window(window)
        code = "ITEM_NOT_COLLECTABLE" if asked is None else self._why_not(item, asked, place, on)
        if not code:
            return item
        near = self.nearest_window(task_code, asked.region if asked else item.implementing_body.region, on, place)
        raise collecting.refusal(code, item, window, place, on, near)

    def may_collect(self, task_code: str, window: str, place: str, on: date) -> bool:
        """Whether the window (node name) may take the item in for that place (12 digits) on that day."""
        asked, item = self.windows.get(window), self.items.get(task_code)
        if asked is None or item is None or not item.takes_cases(on):
            return False
        return not self._why_not(item, asked, place, on)

    def nearest_window(
        self, task_code: str, region: str, on: date | None = None, place: str | None = None
    ) -> Window | None:
        """The window nearest to ``region`` that may collect the item; on that day and for that place where told.

        A portal is none: who is sent on from a counter is sent to another one.
        """
        item = self.items.get(task_code)
        if item is None:
            return None
        may = [window for window in self.windows.values() if task_code in window.may_collect and not window.portal]
        if on is not None:
            may = [window for window in may if not self._why_not(item, window, place, on)]
        return collecting.nearest(may, region)

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

    def _why_not(self, item: Item, window: Window, place: str | None, on: date) -> str:
        nodes = () if place is None else [queue.node for queue in self.queues_for(item.task_code, place)]
        return collecting.why_not(item, window, place, nodes, on, self.agreements)

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
    return Catalogue(document)


@lru_cache(maxsize=8)
def catalogue_in(data: bytes) -> Catalogue:
    """The catalogue in published bytes (canonical JSON), loaded once. Refusals NOT_CANONICAL, CATALOGUE_BREACHES."""
    return load_catalogue(parse(data))


def _require_in_service(item: Item, on: date) -> None:
    task_code = item.task_code
    if not item.in_force(on):
        until = item.effective_to.isoformat() if item.effective_to else ""
        raise Refusal("ITEM_EXPIRED", LIST_RULE, task_code=task_code, on=on, since=item.effective_from, until=until)
    if item.withdrawal is not None and item.withdrawal.since <= on:
        raise Refusal(
            "ITEM_WITHDRAWN",
            "requirements D09",
            task_code=task_code,
            name=item.name,
            since=item.withdrawal.since,
            approval=item.withdrawal.approval,
        )
    if item.status == "SUSPENDED":
        raise Refusal("ITEM_SUSPENDED", LIST_RULE, task_code=task_code, name=item.name)
    if item.exclusion is not None:
        raise Refusal("ITEM_EXCLUDED", "requirements A23", task_code=task_code, exclusion=item.exclusion.kind)


def _all_in(words: list[str], name: str) -> bool:
    return all(word in name for word in words)


def _rank(words: list[str], name: str) -> tuple[bool, int]:
    return (bool(words) and not name.startswith(words[0]), len(name))
