"""A window's draft: what was taken in before the seal. Personal data, in the journal and its own folder only.

Invariants:
- a page counts only when its bytes are whole on this disk (mode 0600) and the journal names it; file names are ours,
  never those that the camera or a person gave;
- a line is closed only in a way that the pinned catalogue allows for its material (T02), with the original treated as
  the catalogue demands (A03);
- pages, form and address are erased when the seal's receipt is here, not before.
"""

import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from crypto.refusal import Refusal
from hub.casework.catalogue.model import Item, Material
from node_agent.casemirror import history, last_of
from node_agent.runtime import Agent
from storage import failpoints
from storage.files import sync_directory
from storage.journal import OutboxEntry

OPEN, SEALED, SENT = "OPEN", "SEALED", "SENT"
ENDING = frozenset({"seal", "decline", "discard", "withdraw"})
WRITING_LASTS = timedelta(hours=1)
"""Writing or sealing many pages on a slow disk is done within this time; a file without a name is left over then."""
JSON_MEDIA = "application/json"
SUFFIX = {"image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif"}
VERIFIED = frozenset({"VERIFY_ONLINE", "FROM_LICENCE"})
SEEN = frozenset({"SEEN_RETURNED", "HELD"})
ORIGINAL_NEEDED = {"CHECK_AND_RETURN": SEEN, "MAIL_FOR_ARCHIVE": frozenset({"HELD"})}
HOW = {
    "SUBMIT": "已提交",
    "VERIFY_ONLINE": "已在线核验",
    "FROM_LICENCE": "已调取电子证照",
    "COMMITMENT": "已作书面承诺",
}
ORIGINAL = {"NOT_NEEDED": "不需原件", "SEEN_RETURNED": "原件已核对退还", "HELD": "原件已留存"}


@dataclass(frozen=True)
class DraftPage:
    """One page of a draft: file in the draft's folder, media type, hex SHA-256, dots an inch as for A4."""

    file: str
    media_type: str
    sha256: str
    dpi_a4: int = 0


@dataclass(frozen=True)
class DraftLine:
    """How one material was got so far. ``trust``: A to D (国办函〔2016〕108号)."""

    material: str
    acquisition: str
    trust: str
    original: str
    pages: tuple[DraftPage, ...] = ()


@dataclass
class Draft:
    """One draft. Times are RFC 3339 text in UTC+8; ``tolerated``: due date (ISO) by material, B10."""

    case: str
    state: str
    task_code: str
    region: str
    catalogue: str
    staff_code: str
    begun_at: str
    delivery: str
    form: dict[str, Any] = field(default_factory=dict)
    address: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, DraftLine] = field(default_factory=dict)
    tolerated: dict[str, str] = field(default_factory=dict)
    public_no: str = ""


@dataclass(frozen=True)
class CheckLine:
    """One line of the checklist: open or closed and how, in words fit to be read to the applicant (A03, E04)."""

    material: str
    name: str
    key: bool
    open: bool
    words: str


def load(agent: Agent, case_id: str) -> Draft:
    """The draft of a case. Refusal DRAFT_UNKNOWN."""
    found = agent.journal.draft(case_id)
    if found is None:
        raise Refusal("DRAFT_UNKNOWN", "T01", case=case_id[:32])
    state, document = found
    values: dict[str, Any] = dict(document)
    values["lines"] = {
        code: DraftLine(**{**line, "pages": tuple(DraftPage(**page) for page in line["pages"])})
        for code, line in values["lines"].items()
    }
    return Draft(**{**values, "state": state})


def save(agent: Agent, draft: Draft) -> None:
    """Keep the draft. Refusal JOURNAL_UNWRITABLE."""
    agent.journal.save_draft(draft.case, draft.state, asdict(draft))


def open_draft(agent: Agent, case_id: str) -> Draft:
    """A draft that may still be changed. Refusals DRAFT_UNKNOWN, DRAFT_SEALED, DRAFT_ERASED (came back without pages).

    Whether it was sealed is asked of the outbox, so a kill between queueing and saving the draft changes
    nothing; a seal that the hub refused leaves the draft open.
    """
    draft = load(agent, case_id)
    if sealed(agent, case_id):
        raise Refusal("DRAFT_SEALED", "T05; invariant 12", case=case_id)
    if draft.state == SENT:
        raise Refusal("DRAFT_ERASED", "T24; 个人信息保护法 47", case=case_id)
    return draft


def sealed(agent: Agent, case_id: str) -> bool:
    """Whether a seal of the case, or its end as a draft, is on its way or answered with a receipt.

    A seal before the newest return to the window (T24) counts no more: the draft is open again.
    """
    return any(entry.state != "REFUSED" for entry in endings(agent, case_id))


def endings(agent: Agent, case_id: str) -> list[OutboxEntry]:
    """Own acts that end the draft as it stands now: none from before the case was last back here (T12D, T24)."""
    told = history(agent.journal, case_id)
    returned = last_of(told, "return_to_window", "reopen")
    before = {one.envelope.digest for one in told if returned and one.leaf.index < returned.leaf.index}
    acts = agent.journal.acts(case_id)
    return [entry for entry in acts if entry.event in ENDING and entry.payload_digest not in before]


def item_of(agent: Agent, draft: Draft) -> Item:
    """The item in the catalogue version that the draft is pinned to."""
    return agent.registry.catalogue(draft.catalogue).item(draft.task_code)


def material_of(agent: Agent, draft: Draft, code: str) -> Material:
    """A material of the pinned list. Refusal MATERIAL_NOT_LISTED (D03)."""
    found = item_of(agent, draft).material(code)
    if found is None:
        raise Refusal("MATERIAL_NOT_LISTED", "D03; 重庆全渝通办 清单之外", material=code[:40])
    return found


def checklist(agent: Agent, case_id: str) -> list[CheckLine]:
    """All materials of the pinned list, in its order. Source: A03, E04."""
    draft = load(agent, case_id)
    return [_check(material, draft) for material in item_of(agent, draft).materials]


def folder(agent: Agent, case_id: str) -> Path:
    """The draft's folder, mode 0700. Refusal DRAFT_UNWRITABLE."""
    path = agent.settings.home / "drafts" / case_id
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal("DRAFT_UNWRITABLE", "promise 6", problem=error.strerror or "") from error
    return path


def keep_files(into: Path, files: Sequence[tuple[str, bytes]]) -> list[str]:
    """Write (stem with suffix, bytes) under fresh names, durable, mode 0600; names in order.

    All or none. Refusal DRAFT_UNWRITABLE.
    """
    names: list[str] = []
    try:
        for stem, data in files:
            name = f"{secrets.token_hex(4)}-{stem}"
            with open(os.open(into / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                names.append(name)
                file.write(data)
                file.flush()
                with failpoints.write("draft.page"):
                    os.fsync(file.fileno())
        sync_directory(into)
    except OSError as error:
        for name in names:
            (into / name).unlink(missing_ok=True)
        raise Refusal("DRAFT_UNWRITABLE", "promise 6", problem=error.strerror or "") from error
    return names


def erase(agent: Agent, case_id: str) -> None:
    """The receipt is here: erase page copies, form and address; keep what the work list needs. May be repeated."""
    draft = load(agent, case_id)
    shutil.rmtree(agent.settings.home / "drafts" / case_id, ignore_errors=True)
    if draft.state != SENT:
        draft.state, draft.form, draft.address = SENT, {}, {}
        save(agent, draft)


def drop_left_over(agent: Agent, case_id: str, now: datetime) -> None:
    """Erase page files beside an erased draft: a kill while it was opened again (T24) leaves them, named by nothing.

    A draft that is being opened again just now is left alone. ``now``: aware.
    """
    path = agent.settings.home / "drafts" / case_id
    if path.is_dir() and path.stat().st_mtime < (now - WRITING_LASTS).timestamp():
        shutil.rmtree(path, ignore_errors=True)


def _check(material: Material, draft: Draft) -> CheckLine:
    line = draft.lines.get(material.code)
    name = material.name
    if line is None and material.code in draft.tolerated:
        words = f"《{name}》暂缺，已书面承诺于 {draft.tolerated[material.code]} 前补交"
        return CheckLine(material.code, name, material.key, False, words)
    if line is None:
        need = "必须提供" if material.key else "可以容缺，需书面承诺补交日期，或者现在提供"
        words = f"缺《{name}》：{need}，{_ways(material)}"
        return CheckLine(material.code, name, material.key, True, words)
    wanted = ORIGINAL_NEEDED.get(material.original_policy)
    if line.acquisition == "SUBMIT" and wanted is not None and line.original not in wanted:
        act = "原件须留下寄往受理地" if wanted == {"HELD"} else "请出示原件，核对后当场退还"
        return CheckLine(material.code, name, material.key, True, f"《{name}》已扫描，{act}")
    pages = f"，{len(line.pages)} 页" if line.pages else ""
    words = f"《{name}》{HOW[line.acquisition]}{pages}，{ORIGINAL[line.original]}"
    return CheckLine(material.code, name, material.key, False, words)


def _ways(material: Material) -> str:
    ways: Mapping[str, str] = {
        "SUBMIT": "可以提交原件扫描",
        "VERIFY_ONLINE": "可以在线核验",
        "FROM_LICENCE": "可以出示电子证照",
        "COMMITMENT": "可以书面承诺代替",
        "COVERED_BY": "可以由其他材料涵盖",
        "REUSED": "可以复用以前核对过的材料",
    }
    return "；".join(ways[way] for way in material.acquisition if way in ways)
