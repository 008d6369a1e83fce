"""What a portal's front hands over: one folder an order, with ``application.json`` or ``order.json`` and its files.

Invariants:
- a folder is read whole or not at all; files are named in the JSON, lie in the folder itself and pass the page check;
- ``signed`` is the front's record of the applicant's electronic signature or authentication, any JSON object: it goes
  into the sealing under a salted commitment, and the log has the commitment alone (promise 1);
- pages of an applicant are level C: nobody saw an original (国办函〔2016〕108号).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crypto import canonical
from crypto.refusal import Refusal
from node_agent.department.desk import committed
from node_agent.imaging.check import read_page
from node_agent.transfer.sealer import PageInput

RULE = "A02; 电子签名法 13"
APPLICATION, ORDER = "application.json", "order.json"
DECLARATIONS = ("no_classified", "applicant_signed", "privacy_notice")


@dataclass(frozen=True)
class Application:
    """What the applicant filled in. ``pages`` by material; ``again``: public number of a case that came back (T24);
    ``situations``: answer by question (B16); ``second_intake``: other case and reason (A22)."""

    task_code: str
    region: str
    delivery: str
    form: Mapping[str, Any]
    address: Mapping[str, Any]
    pages: Mapping[str, tuple[PageInput, ...]]
    proxy: tuple[PageInput, ...]
    declared: Mapping[str, bool]
    signed: Mapping[str, Any]
    again: str = ""
    situations: Mapping[str, str] = field(default_factory=dict)
    second_intake: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Order:
    """What the applicant orders in a case of his. ``values``: what else the order says; ``pages`` by material."""

    act: str
    case: str
    signed: Mapping[str, Any]
    values: Mapping[str, Any] = field(default_factory=dict)
    pages: Mapping[str, tuple[PageInput, ...]] = field(default_factory=dict)


def read(folder: Path) -> Application | Order:
    """What lies in the folder. Refusals APPLICATION_FORMAT with the member, those of the page check."""
    if (folder / APPLICATION).is_file():
        return _application(folder, _object(folder / APPLICATION))
    return _order(folder, _object(folder / ORDER))


def commitment(signed: Mapping[str, Any]) -> tuple[str, dict[str, object]]:
    """The salted commitment to the applicant's signature, for the log; the page that opens it, for the sealing."""
    made, page = committed({"signed": canonical.encode(signed).decode()})
    return made["signed"], page


def _application(folder: Path, value: Mapping[str, Any]) -> Application:
    declared = _mapping(value, "declared")
    return Application(
        task_code=_text(value, "task_code"),
        region=str(value.get("region", "")),
        delivery=_text(value, "delivery"),
        form=_mapping(value, "form"),
        address=_mapping(value, "address") if "address" in value else {},
        pages=_pages(folder, value),
        proxy=_files(folder, value.get("power_of_attorney", []), "power_of_attorney"),
        declared={name: declared.get(name) is True for name in DECLARATIONS},
        signed=_signed(value),
        again=str(value.get("again", "")),
        situations=_mapping(value, "situations") if "situations" in value else {},
        second_intake=(str(value.get("duplicate_of", "")), str(value.get("duplicate_reason", ""))),
    )


def _order(folder: Path, value: Mapping[str, Any]) -> Order:
    others = {name: one for name, one in value.items() if name not in ("act", "case", "signed", "materials")}
    return Order(_text(value, "act"), _text(value, "case"), _signed(value), others, _pages(folder, value))


def _object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Refusal("APPLICATION_FORMAT", RULE, member=path.name) from error
    if not isinstance(value, dict):
        raise Refusal("APPLICATION_FORMAT", RULE, member=path.name)
    return value


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not found:
        raise Refusal("APPLICATION_FORMAT", RULE, member=name)
    return found


def _mapping(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    if not isinstance(found, dict):
        raise Refusal("APPLICATION_FORMAT", RULE, member=name)
    return found


def _signed(value: Mapping[str, Any]) -> dict[str, Any]:
    found = _mapping(value, "signed")
    if not found:
        raise Refusal("APPLICATION_FORMAT", RULE, member="signed")
    return found


def _pages(folder: Path, value: Mapping[str, Any]) -> dict[str, tuple[PageInput, ...]]:
    materials = _mapping(value, "materials") if "materials" in value else {}
    return {code: _files(folder, names, "materials") for code, names in materials.items()}


def _files(folder: Path, names: object, member: str) -> tuple[PageInput, ...]:
    """Pages in order; a name with a way out of the folder is none."""
    if not isinstance(names, list) or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise Refusal("APPLICATION_FORMAT", RULE, member=member)
    made = []
    for name in names:
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise Refusal("APPLICATION_FORMAT", RULE, member=name)
        facts, data = read_page(path)
        made.append(PageInput(data, facts.media_type))
    return tuple(made)
