"""The application as a clerk's JSON file: what was filled in, where the result is to go."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crypto.refusal import Refusal
from node_agent.imaging.check import check_name

PAGES_RULE = "A04; a list of pages names files of its own folder"
_ADDRESS = ("name", "address", "region", "postcode")


@dataclass(frozen=True)
class Filled:
    """``way``: how the result is to be delivered, empty when the file does not say; ``address``: None without one."""

    form: dict[str, Any]
    way: str
    address: dict[str, Any] | None


def read_form(file: Path) -> Filled:
    """The form; its member ``delivery`` is taken out of it. Refusal FORM_UNREADABLE."""
    form = read_object(file)
    wanted = form.pop("delivery", None)
    given: Mapping[str, Any] = wanted if isinstance(wanted, dict) else {}
    address = {name: given[name] for name in _ADDRESS if name in given}
    phone = given.get("phone") or given.get("mobile")
    if phone:
        address["phone"] = phone
    return Filled(form, str(given.get("way", "")), address or None)


def pages_of(plan: Mapping[str, Any], folder: Path) -> dict[str, list[Path]]:
    """Files by material, as a list of pages names them.

    Refusals PAGE_LIST_FORMAT, PAGE_NAME for one outside the list's own folder.
    """
    found: dict[str, list[Path]] = {}
    pages = plan.get("pages")
    for page in pages if isinstance(pages, list) and pages else [None]:
        if not isinstance(page, dict) or not all(isinstance(page.get(name), str) for name in ("material", "file")):
            raise Refusal("PAGE_LIST_FORMAT", PAGES_RULE, member="pages")
        parts = Path(page["file"]).parts
        if not parts or parts[0] == "/":
            raise Refusal("PAGE_NAME", PAGES_RULE, reason="leaves the folder")
        for part in parts:
            check_name(part)
        found.setdefault(page["material"], []).append(folder.joinpath(*parts))
    return found


def item_of(plan: Mapping[str, Any]) -> str:
    """The item's code in a list of pages. Refusal PAGE_LIST_FORMAT."""
    code = plan.get("task_code")
    if not isinstance(code, str) or not code:
        raise Refusal("PAGE_LIST_FORMAT", PAGES_RULE, member="task_code")
    return code


def read_object(file: Path) -> dict[str, Any]:
    """A JSON object. Refusal FORM_UNREADABLE."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Refusal("FORM_UNREADABLE", "T01", file=file.name) from error
    if not isinstance(value, dict):
        raise Refusal("FORM_UNREADABLE", "T01", file=file.name)
    return value
