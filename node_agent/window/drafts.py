"""A window's draft: what was taken in before the seal. Personal data, in the journal and its own folder only.

Invariants:
- a page counts only when its bytes are whole on this disk (mode 0600) and the journal names it; file names are ours,
  never those that the camera or a person gave;
- a line is closed only in a way that the pinned catalogue allows for its material (T02), with the original treated as
  the catalogue demands (A03);
- what another command kept in a draft meanwhile is never written over: a change is made again on the newer draft, or
  refused where it would take away what the clerk has not seen;
- pages, form and address are erased when the seal's receipt is here, not before.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import tenacity

from crypto.refusal import Refusal
from hub.casework.catalogue.model import Item, Material
from hub.casework.materials import ways
from node_agent.imaging.reading.queue import QUEUE, PageQueue
from node_agent.known.casemirror import history, last_of, resolve
from node_agent.parents.merged import DraftPart, merged_item
from node_agent.process.runtime import Agent
from storage import failpoints
from storage.files import sync_directory
from storage.journal import KeptDraft, OutboxEntry

OPEN, SEALED, SENT = "OPEN", "SEALED", "SENT"
ENDING = frozenset({"seal", "seal_parent", "decline", "discard", "withdraw", "withdraw_parent"})
WRITING_LASTS = timedelta(hours=1)
"""Writing or sealing many pages on a slow disk is done within this time; a file without a name is left over then."""
ATTEMPTS: Final = 12
"""How often a change is made again on a newer draft before it is refused."""
Told = TypeVar("Told")
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
SAID = HOW | {"COVERED_BY": "由其他材料涵盖", "REUSED": "复用以前核对过的材料"}
ORIGINAL = {"NOT_NEEDED": "不需原件", "SEEN_RETURNED": "原件已核对退还", "HELD": "原件已留存"}


@dataclass(frozen=True)
class DraftPage:
    """One page of a draft: file in the draft's folder, media type, hex SHA-256, dots an inch of its paper.

    ``camera``, ``camera_type``: the frame that it was made from, when that is another file; ``shot``: its digest;
    ``salt``, ``tiles``: hex, of its commitments; ``capture``: members of ``crypto.manifest.Capture``; ``masked``: file
    of the masked page, made from ``marks`` (members of ``imaging.redaction.sheet.Mark``).
    """

    file: str
    media_type: str
    sha256: str
    dpi_a4: int = 0
    camera: str = ""
    camera_type: str = ""
    shot: str = ""
    salt: str = ""
    tiles: str = ""
    capture: dict[str, Any] = field(default_factory=dict)
    masked: str = ""
    marks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def files(self) -> tuple[str, ...]:
        """Names of all files that belong to the page."""
        return tuple(name for name in (self.file, self.camera, self.masked) if name)


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
    """One draft. Times are RFC 3339 text in UTC+8; ``tolerated``: due date (ISO) by material, B10; ``promises``:
    digest of the signed promise by material; ``answers``: what was asked of the applicant (B16);
    ``commitment_notice``: he was told what a commitment means (B09); ``reused``: material to what it is taken from,
    ``reuse_agreement``: digest of the signed agreement (E02); ``second_intake``: other case and reason (A22).

    ``lane``: why it comes first (E11, E12); ``appointment``, ``channel``: reference and way of one made before (C14);
    ``large_print``: the receipt is set in large letters (E12); ``proxy``: pages of the power of attorney where somebody
    else acts for the applicant (行政许可法 29).

    A parent's has ``parts``, the ``theme`` (empty for 多地联办), ``serves``: its one list, and ``partial``: whether
    each result goes out by itself (P8); its ``task_code`` is the theme's, or what stands for none. ``lent``: of a part
    that came back by itself, materials whose original another part has in custody (states.md 8). ``revision``: of the
    journal's row that it was loaded from.
    """

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
    theme: str = ""
    parts: tuple[DraftPart, ...] = ()
    serves: dict[str, dict[str, str]] = field(default_factory=dict)
    partial: bool = False
    promises: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    commitment_notice: bool = False
    reused: dict[str, dict[str, str]] = field(default_factory=dict)
    reuse_agreement: str = ""
    second_intake: tuple[str, str] = ("", "")
    lane: str = ""
    appointment: str = ""
    channel: str = ""
    large_print: bool = False
    proxy: tuple[DraftPage, ...] = ()
    lent: tuple[str, ...] = ()
    revision: int = 0


@dataclass(frozen=True)
class CheckLine:
    """One line of the checklist: open or closed and how, in words fit to be read to the applicant (A03, E04).

    ``strict``: the seal needs it, promised or insisted upon: key, or the list says how it may be missing (B10).
    """

    material: str
    name: str
    key: bool
    open: bool
    words: str
    strict: bool = False


def load(agent: Agent, case_id: str) -> Draft:
    """The draft of a case. Refusal DRAFT_UNKNOWN."""
    found = agent.journal.draft(case_id)
    if found is None:
        raise Refusal("DRAFT_UNKNOWN", "T01", case=case_id[:32])
    values: dict[str, Any] = dict(found.document)
    values["lines"] = {
        code: DraftLine(**{**line, "pages": tuple(DraftPage(**page) for page in line["pages"])})
        for code, line in values["lines"].items()
    }
    parts = values.get("parts", ())
    values["parts"] = tuple(DraftPart(**{**part, "after": tuple(part["after"])}) for part in parts)
    values["proxy"] = tuple(DraftPage(**page) for page in values.get("proxy", ()))
    values["lent"] = tuple(values.get("lent", ()))
    values["second_intake"] = tuple(values.get("second_intake", ("", "")))
    return Draft(**{**values, "state": found.state, "revision": found.revision})


def named(agent: Agent, name: str) -> str:
    """The case id of a draft, or of a case known here, by whatever name. Refusals of ``resolve``."""
    plain = name.replace(" ", "")
    return plain if agent.journal.draft(plain) is not None else resolve(agent, plain)


def save(agent: Agent, draft: Draft) -> None:
    """Keep the draft. Refusals JOURNAL_UNWRITABLE, DRAFT_NEWER (another command kept it since it was loaded)."""
    draft.revision = agent.journal.save_draft(kept(draft))


def kept(draft: Draft) -> KeptDraft:
    """The draft as the journal keeps it."""
    document = asdict(draft)
    del document["revision"]
    return KeptDraft(draft.case, draft.state, document, draft.revision)


def change(agent: Agent, case_id: str, make: Callable[[Draft], Told]) -> Told:
    """Change an open draft in place with ``make``, and keep it; what ``make`` answers.

    Where another command kept the draft meanwhile, the change is made again on what stands there now: ``make`` may run
    several times. Refusals DRAFT_…, JOURNAL_UNWRITABLE, those of ``make``.
    """

    def once() -> Told:
        draft = open_draft(agent, case_id)
        told = make(draft)
        save(agent, draft)
        return told

    return again()(once)


def require_seen(before: Mapping[str, DraftLine], now: Mapping[str, DraftLine], material: str) -> None:
    """The pages that a change takes out of a line are those that were there when its command began, however they were
    turned or masked since. Refusal PAGES_NEWER: others came meanwhile, and would be lost."""
    seen, there = (lines[material].pages if material in lines else () for lines in (before, now))
    if [page.shot for page in seen] != [page.shot for page in there]:
        raise Refusal("PAGES_NEWER", "A04; promise 6", material=material)


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
    """The item in the catalogue version that the draft is pinned to; of a parent, its one list as an item."""
    catalogue = agent.registry.catalogue(draft.catalogue)
    if draft.parts:
        theme = catalogue.theme(draft.theme) if draft.theme else None
        return merged_item(catalogue, draft.parts, draft.serves, theme)
    return catalogue.item(draft.task_code)


def material_of(agent: Agent, draft: Draft, code: str) -> Material:
    """A material of the pinned list. Refusal MATERIAL_NOT_LISTED (D03)."""
    found = item_of(agent, draft).material(code)
    if found is None:
        raise Refusal("MATERIAL_NOT_LISTED", "D03; 重庆全渝通办 清单之外", material=code[:40])
    return found


def checklist(agent: Agent, case_id: str) -> list[CheckLine]:
    """All materials that the applicant's situation calls for, in the order of the list. Source: A03, B16, E04."""
    draft = load(agent, case_id)
    return [_check(material, draft) for material in ways.called_for(item_of(agent, draft), draft.answers)]


def lacks(agent: Agent, draft: Draft, code: str) -> bool:
    """Whether the draft does not have the material at the level of trust that the list wants (``ways.is_closed``)."""
    line, material = draft.lines.get(code), material_of(agent, draft, code)
    return line is None or bool(material.trust_level and line.trust > material.trust_level)


def folder(agent: Agent, case_id: str) -> Path:
    """The draft's folder, mode 0700. Refusal DRAFT_UNWRITABLE."""
    path = agent.settings.home / "drafts" / case_id
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal("DRAFT_UNWRITABLE", "promise 6", problem=error.strerror or "") from error
    return path


def keep_files(into: Path, files: Iterable[tuple[str, bytes]]) -> list[str]:
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

    def emptied() -> None:
        draft = load(agent, case_id)
        forget_readings(agent, draft.lines.values())
        shutil.rmtree(agent.settings.home / "drafts" / case_id, ignore_errors=True)
        if draft.state != SENT:
            draft.state, draft.form, draft.address = SENT, {}, {}
            save(agent, draft)

    again()(emptied)


def forget_readings(agent: Agent, lines: Iterable[DraftLine], still: Iterable[DraftLine] = ()) -> None:
    """Erase what was read and found on the pages of ``lines``, but for those that stand in ``still``: personal data
    that nobody needs after the seal, or of a page that was shot again. May be repeated."""
    pages = {page.sha256 for line in lines for page in line.pages}
    pages -= {page.sha256 for line in still for page in line.pages}
    if pages and (agent.settings.home / QUEUE).is_dir():
        with suppress(OSError):  # the seal is on its way; housekeeping erases what a bad disk keeps
            PageQueue(agent.settings.home / QUEUE).forget(pages)


def drop_left_over(agent: Agent, case_id: str, now: datetime) -> None:
    """Erase page files beside an erased draft: a kill while it was opened again (T24) leaves them, named by nothing.

    A draft that is being opened again just now is left alone. ``now``: aware.
    """
    path = agent.settings.home / "drafts" / case_id
    if path.is_dir() and path.stat().st_mtime < (now - WRITING_LASTS).timestamp():
        shutil.rmtree(path, ignore_errors=True)


def again() -> tenacity.Retrying:
    """A change made again while other commands keep newer drafts. Refusal DRAFT_NEWER at last."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, Refusal) and error.code == "DRAFT_NEWER"),
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=tenacity.wait_random(0, 0.05),
        reraise=True,
    )


def _check(material: Material, draft: Draft) -> CheckLine:
    is_open, words = _told(material, draft)
    strict = material.key or material.allowance is not None
    return CheckLine(material.code, material.name, material.key, is_open, words, strict)


def _told(material: Material, draft: Draft) -> tuple[bool, str]:
    """Whether the line is open, and what is said of it."""
    line = draft.lines.get(material.code)
    name = material.name
    if line is None and material.code in draft.tolerated:
        return False, f"《{name}》暂缺，已书面承诺于 {draft.tolerated[material.code]} 前补交"
    if line is None:
        need = "必须提供" if not ways.may_wait(material) else "可以容缺，需书面承诺补交日期，或者现在提供"
        return True, f"缺《{name}》：{need}，{_ways(material)}"
    wanted = ORIGINAL_NEEDED.get(material.original_policy)
    if material.code in draft.lent:
        wanted = None if wanted is None else SEEN
    if line.acquisition == "SUBMIT" and wanted is not None and line.original not in wanted:
        act = "原件须留下寄往受理地" if wanted == {"HELD"} else "请出示原件，核对后当场退还"
        return True, f"《{name}》已扫描，{act}"
    if material.trust_level and line.trust > material.trust_level:
        return True, f"《{name}》须出示原件核对，或者用电子证照"
    pages = f"，{len(line.pages)} 页" if line.pages else ""
    return False, f"《{name}》{SAID[line.acquisition]}{pages}，{ORIGINAL[line.original]}"


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
