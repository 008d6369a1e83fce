"""What a portal's front hands over: one folder an order, with ``application.json`` or ``order.json`` and its files.

Invariants:
- a folder is read whole or not at all; files are named in the JSON, lie in the folder itself and pass the page check;
- ``signed`` is the front's record of the applicant's electronic signature or authentication, any JSON object: it goes
  into the sealing under a salted commitment, and the log has the commitment alone (promise 1);
- pages of an applicant are level C: nobody saw an original (国办函〔2016〕108号).

``application.json`` beside ``materials`` (files by material), each member where it applies: ``verify``: a list of
``{material, way, kind, subject?}`` (D20); ``promises``: ``{material, due, paper}`` (B10); ``commitments``: files by
material, with ``commitment_notice`` among ``declared`` (B09); ``power_of_attorney``: files; ``situations``; ``again``;
``duplicate_of`` with ``duplicate_reason``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from crypto import canonical
from crypto.refusal import Refusal
from node_agent.department.decision_words import committed
from node_agent.imaging.check import read_page
from node_agent.transfer.sealer import PageInput

RULE = "A02; 电子签名法 13"
APPLICATION, ORDER = "application.json", "order.json"
DECLARATIONS = ("no_classified", "applicant_signed", "privacy_notice")


@dataclass(frozen=True)
class Check:
    """A material that another body is asked for (A07, D20): way (VERIFY_ONLINE, FROM_LICENCE), kind of data, and what
    is asked about; by itself the numbers of the form."""

    material: str
    way: str
    kind: str
    subject: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Promised:
    """A material that comes later (容缺, B10): last day, ISO, and the file of what the applicant signed for it."""

    material: str
    due: date
    paper: Path


@dataclass(frozen=True)
class Application:
    """What the applicant filled in. ``pages`` by material; ``again``: public number of a case that came back (T24);
    ``situations``: answer by question (B16); ``second_intake``: other case and reason (A22).

    ``checks``, ``promised``: how other materials are got; ``committed``: pages of signed commitments (告知承诺, B09) by
    the material that they stand for, ``commitment_notice``: what one means was told before."""

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
    checks: tuple[Check, ...] = ()
    promised: tuple[Promised, ...] = ()
    committed: Mapping[str, tuple[PageInput, ...]] = field(default_factory=dict)
    commitment_notice: bool = False


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
        pages=_pages(folder, value, "materials"),
        proxy=_files(folder, value.get("power_of_attorney", []), "power_of_attorney"),
        declared={name: declared.get(name) is True for name in DECLARATIONS},
        signed=_signed(value),
        again=str(value.get("again", "")),
        situations=_mapping(value, "situations") if "situations" in value else {},
        second_intake=(str(value.get("duplicate_of", "")), str(value.get("duplicate_reason", ""))),
        checks=tuple(_check(entry) for entry in _list(value, "verify")),
        promised=tuple(_promised(folder, entry) for entry in _list(value, "promises")),
        committed=_pages(folder, value, "commitments"),
        commitment_notice=declared.get("commitment_notice") is True,
    )


def _order(folder: Path, value: Mapping[str, Any]) -> Order:
    others = {name: one for name, one in value.items() if name not in ("act", "case", "signed", "materials")}
    return Order(_text(value, "act"), _text(value, "case"), _signed(value), others, _pages(folder, value, "materials"))


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


def _list(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Objects, one a material at most."""
    found = value.get(name, [])
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise Refusal("APPLICATION_FORMAT", RULE, member=name)
    if len({str(entry.get("material")) for entry in found}) != len(found):
        raise Refusal("APPLICATION_FORMAT", RULE, member=name)
    return found


def _check(entry: Mapping[str, Any]) -> Check:
    subject = _mapping(entry, "subject") if "subject" in entry else None
    return Check(_text(entry, "material"), _text(entry, "way"), _text(entry, "kind"), subject)


def _promised(folder: Path, entry: Mapping[str, Any]) -> Promised:
    try:
        due = date.fromisoformat(_text(entry, "due"))
    except ValueError as error:
        raise Refusal("APPLICATION_FORMAT", RULE, member="due") from error
    return Promised(_text(entry, "material"), due, _file(folder, _text(entry, "paper")))


def _pages(folder: Path, value: Mapping[str, Any], member: str) -> dict[str, tuple[PageInput, ...]]:
    materials = _mapping(value, member) if member in value else {}
    return {code: _files(folder, names, member) for code, names in materials.items()}


def _files(folder: Path, names: object, member: str) -> tuple[PageInput, ...]:
    """Pages in order; a name with a way out of the folder is none."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refusal("APPLICATION_FORMAT", RULE, member=member)
    made = []
    for name in names:
        facts, data = read_page(_file(folder, name))
        made.append(PageInput(data, facts.media_type))
    return tuple(made)


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if Path(name).name != name or path.is_symlink() or not path.is_file():
        raise Refusal("APPLICATION_FORMAT", RULE, member=name[:80])
    return path
