"""What differs between two versions of a list, and what may not (requirements C05, D08, D09).

Invariants:
- entries are held together by their codes, never by their place in the document;
- a version never changes: two documents of one version must be the same (D08);
- nobody withdraws an item or a window by leaving it out: it was withdrawn with the government's approval, or ended, in
  the version before (D09).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crypto.canonical import digest, encode
from hub.casework.catalogue.shape import Breach, Rows

Entry = Mapping[str, Any]
Document = Mapping[str, Any]

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "items": ("task_code",),
    "queues": ("region", "task_code", "node"),
    "windows": ("node",),
    "agreements": ("id",),
    "places": ("node",),
    "departments": ("code",),
    "themes": ("code",),
}
_INNER: Final = ("code", "kind", "label")
"""Members that name an entry of a list inside an entry: materials, situations, special procedures, supplements."""


@dataclass(frozen=True, slots=True)
class Change:
    """``kind`` ADDED, REMOVED or CHANGED; ``where`` a path with codes; the values before and after, None for absent."""

    kind: str
    where: str
    before: Any
    after: Any


def changes(before: Document, after: Document) -> list[Change]:
    """Every difference, in the order of the document; both have the right shape."""
    found = [
        Change("CHANGED", name, before.get(name), after.get(name))
        for name in ("version", "effective_from", "effective_to")
        if before.get(name) != after.get(name)
    ]
    for name, members in _KEYS.items():
        olds, news = _keyed(before.get(name, []), members), _keyed(after.get(name, []), members)
        found += _entries(name, olds, news)
    return found


def unlawful(before: Document, after: Document) -> Rows:
    """ITEM_DROPPED and WINDOW_DROPPED (D09); VERSION_SAME (D08)."""
    if before["version"] == after["version"] and digest(encode(before)) != digest(encode(after)):
        yield Breach("VERSION_SAME", "version", "a published version never changes (D08)", str(after["version"]))
    starts = str(after["effective_from"])
    for name, member, code in (("items", "task_code", "ITEM_DROPPED"), ("windows", "node", "WINDOW_DROPPED")):
        kept = {entry[member] for entry in after[name]}
        for entry in before[name]:
            if entry[member] not in kept and not _over(entry, starts):
                told = str(entry.get("name", entry[member]))
                yield Breach(code, f"{name}[{entry[member]}]", "left out, not withdrawn (D09)", told)


def withdrawn(before: Document, after: Document) -> list[tuple[str, str, str]]:
    """(``items`` or ``windows``, code or node, ISO date) of what the new version takes out of service (D09).

    Also what it leaves out because it was withdrawn, or ended, before: open cases may be left of it.
    """
    found = []
    for name, member in (("items", "task_code"), ("windows", "node")):
        olds, news = _keyed(before[name], (member,)), _keyed(after[name], (member,))
        for key, entry in olds.items():
            new = news.get(key)
            if new is None:
                found.append((name, entry[member], str(after["effective_from"])))
            elif new.get("withdrawal") is not None and entry.get("withdrawal") is None:
                found.append((name, entry[member], str(new["withdrawal"]["from"])))
    return found


def _over(entry: Entry, starts: str) -> bool:
    """Whether an entry had ended, or was withdrawn with approval, when the next version starts (ISO dates)."""
    withdrawn, ends = entry.get("withdrawal"), entry.get("effective_to")
    return (withdrawn is not None and withdrawn["from"] <= starts) or (ends is not None and ends < starts)


def _keyed(entries: list[Entry], members: tuple[str, ...]) -> dict[str, Entry]:
    return {"/".join(str(entry[member]) for member in members): entry for entry in entries}


def _entries(name: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Iterator[Change]:
    for key in [*olds, *(key for key in news if key not in olds)]:
        where = f"{name}[{key}]"
        if key not in news:
            yield Change("REMOVED", where, olds[key], None)
        elif key not in olds:
            yield Change("ADDED", where, None, news[key])
        else:
            yield from _values(where, olds[key], news[key])


def _values(where: str, old: Any, new: Any) -> Iterator[Change]:
    """Down to the single value, so that a reader sees what was changed and not two whole items."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _values(f"{where}.{key}", old.get(key), new.get(key))
        return
    by_name = _named(old), _named(new)
    if by_name[0] is not None and by_name[1] is not None:
        yield from _entries(where, by_name[0], by_name[1])
        return
    kind = "ADDED" if old is None else "REMOVED" if new is None else "CHANGED"
    yield Change(kind, where, old, new)


def _named(value: Any) -> dict[str, Any] | None:
    """A list of objects with different names, by name; None for anything else."""
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        return None
    for member in _INNER:
        names = [entry.get(member) for entry in value]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return {str(entry[member]): entry for entry in value}
    return None
