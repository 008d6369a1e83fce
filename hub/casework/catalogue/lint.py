"""What makes a catalogue document unfit to be published, and what its keepers should look at: all of it at once.

Invariants:
- ``findings`` never raises on bad input and never stops at the first finding (requirements D04: print every one);
- an item, queue or window of a wrong shape is named as such and not judged further;
- an error (``breaches``) refuses the whole document, a warning never does; which is which stands in ``WARNINGS``;
- a rule stands beside the seed or article that demands it.
"""

from collections import Counter
from collections.abc import Mapping
from itertools import chain
from typing import Any, Final

from crypto.canonical import encode
from hub.casework.catalogue import lint_items, lint_places, lint_themes, uniformity
from hub.casework.catalogue.lint_items import ART_45_KINDS as ART_45_KINDS
from hub.casework.catalogue.lint_items import RULE_GROUPS as RULE_GROUPS
from hub.casework.catalogue.shape import HEAD, TABLES, misshapen, text, unknown_members
from hub.casework.catalogue.shape import Breach as Breach

WARNINGS: Final = frozenset(
    (
        "FIELD_UNKNOWN",
        "UNIFORM_CODE",
        "IN_PERSON_ONLINE",
        "ONLINE_MISSING",
        "PROMISE_NOT_SHORTER",
        "SUSPENDED_REASON",
        "SITUATION_UNUSED",
        "MATERIAL_COVERED_BY",
        "MODE_GUIDE_MISSING",
        "PREREQUISITE_UNKNOWN",
        "ITEM_NO_QUEUE",
        "ITEM_NO_WINDOW",
        "QUEUE_AMBIGUOUS",
        "CROSS_PROVINCE_UNUSABLE",
        "THEME_LEAD_TWICE",
        "THEME_NAME_TWICE",
        "THEME_CORE_LEAD",
        "THEME_UNIT_IDLE",
    )
)
"""Codes of findings that do not stop a publication."""


def breaches(document: Mapping[str, Any]) -> list[Breach]:
    """Every error of ``document``; an empty list means that it may be published and loaded."""
    return [found for found in findings(document) if found.code not in WARNINGS]


def findings(document: Mapping[str, Any]) -> list[Breach]:
    """Every error and every warning of ``document``, in its order."""
    head = list(misshapen(document, HEAD, ""))
    try:
        encode(document)
    except (TypeError, ValueError) as error:
        head.append(Breach("NOT_CANONICAL", "", f"has no canonical JSON: {error}"[:120]))
    if head:
        return head
    found = list(unknown_members(document, _KNOWN, ""))
    sound = {name: _sound(document.get(name, []), name, found) for name in TABLES}
    entries = [entry for entry in document["items"] if isinstance(entry, dict)]
    listed = Counter(entry["task_code"] for entry in entries if text(entry.get("task_code")))
    found += [Breach("ITEM_TWICE", f"items[{code}]", f"listed {n} times") for code, n in listed.items() if n > 1]
    for item in sound["items"]:
        where = f"items[{item['task_code']}]"
        found += chain.from_iterable(rule(item, where) for rule in lint_items.RULES)
    found += uniformity.differences(sound["items"])
    found += lint_places.rows(sound, listed)
    found += lint_themes.rows(sound)
    return found


def sound_items(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Items of the right shape, for rules over several lists (D04, D05)."""
    entries = document.get("items", [])
    return _sound(entries, "items", []) if isinstance(entries, list) else []


def of_themes(departments: list[dict[str, Any]], themes: list[dict[str, Any]]) -> list[Breach]:
    """Every finding about a list of themes that is in no catalogue yet."""
    found: list[Breach] = []
    sound = {"departments": _sound(departments, "departments", found), "themes": _sound(themes, "themes", found)}
    return found + list(lint_themes.rows({"items": [], "windows": [], **sound}))


_KNOWN: Final = {**HEAD, **{name: [spec] for name, spec in TABLES.items()}}


def _sound(entries: list[Any], name: str, found: list[Breach]) -> list[dict[str, Any]]:
    """The entries of the right shape; the breaches of the others go to ``found``."""
    sound = []
    for index, entry in enumerate(entries):
        wrong = list(misshapen(entry, TABLES[name], f"{name}[{index}]"))
        found += wrong
        if not wrong:
            sound.append(entry)
    return sound
