"""A parent as its ``seal_parent`` tells it: parts, the one list and its names, for paper and screen.

Invariant: read from the leaf and the pinned list alone, so every node that sees the parent reads the same.
"""

from collections.abc import Mapping
from typing import Any

from hub.casework.catalogue.model import Catalogue, Item
from node_agent.parents.merged import DraftPart, merged_item, serves_of


def parts_in(body: Mapping[str, Any]) -> tuple[DraftPart, ...]:
    """The parts that are cases, in order."""
    return tuple(
        DraftPart(one["part"], one["case"], one["task_code"], one["region"], one["mode"], tuple(one["after"]))
        for one in body["parts"]
    )


def item_in(catalogue: Catalogue, body: Mapping[str, Any]) -> Item:
    """What an application is for: its item, or a parent's one list as an item. Refusals UNKNOWN_ITEM, THEME_UNKNOWN."""
    if "parts" not in body:
        return catalogue.item(str(body["task_code"]))
    parts, theme = parts_in(body), catalogue.theme(str(body["theme"])) if body.get("theme") else None
    serves = serves_of(theme, parts) if theme else body["serves"]
    return merged_item(catalogue, parts, serves, theme)
