"""The masked page at the window: what was found, the clerk's one look, and the rendition that is sealed beside the
page.

Invariants:
- a page that nobody has read yet, or that cannot be judged, gets no masked rendition by itself: it stays withheld until
  a clerk has looked at all of it;
- every change of the boxes makes the masked file of before void;
- all of it happens in the draft, before the seal; afterwards the renditions are what was signed.
"""

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from crypto.refusal import Refusal
from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.hints import Hint
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.reading.keeper import Keeper
from node_agent.imaging.reading.queue import PageQueue
from node_agent.imaging.redaction import sheet
from node_agent.imaging.redaction.sheet import Mark
from node_agent.process.runtime import Agent
from node_agent.window import drafts
from node_agent.window.drafts import Draft, DraftPage

QUEUE = "reading"
RULE = "standards 15; 个人信息保护法 6"
KINDS: Mapping[str, PageKind] = {
    "name": PageKind.NAME,
    "citizen_id": PageKind.CITIZEN_ID,
    "phone": PageKind.PHONE,
    "address": PageKind.ADDRESS,
    "bank_card": PageKind.BANK_CARD,
    "email": PageKind.EMAIL,
    "passport": PageKind.PASSPORT,
    "plate": PageKind.PLATE,
}
"""Members of a form, by the last part of their name, that are looked for on the pages."""


def marks_of(agent: Agent, case_id: str, material: str, number: int) -> list[Mark]:
    """The boxes of a page as they stand. Refusals DRAFT_…, MATERIAL_NOT_LISTED, PAGE_NUMBER."""
    return sheet.from_documents(_page(drafts.load(agent, case_id), material, number).marks)


def propose(agent: Agent, case_id: str, material: str, number: int, seconds: float) -> tuple[list[Mark], Judged]:
    """Have a page read and take what was found as its boxes, in place of those found before; added ones stay.

    ``seconds``: to wait for the reading. Refusals DRAFT_…, PAGE_NUMBER, PAGE_NOT_READ (still waiting, or no picture).
    """
    draft = drafts.open_draft(agent, case_id)
    page = _page(draft, material, number)
    data = (drafts.folder(agent, case_id) / page.file).read_bytes()
    judged = _read(agent, data, hints_of(draft), seconds)
    own = [mark for mark in sheet.from_documents(page.marks) if mark.origin == sheet.ADDED]
    marks = [*sheet.proposed(judged), *own]
    _save(agent, draft, material, number, marks)
    return marks, judged


def add(
    agent: Agent, case_id: str, material: str, number: int, box: tuple[int, int, int, int], kind: str, staff_code: str
) -> list[Mark]:
    """One more box. Refusals DRAFT_…, PAGE_NUMBER, BOX_OUTSIDE, MARK_KIND, PERSON_UNKNOWN_HERE."""
    person, _ = agent.identity.person(staff_code)
    draft = drafts.open_draft(agent, case_id)
    marks = sheet.added(sheet.from_documents(_page(draft, material, number).marks), box, kind, person)
    _save(agent, draft, material, number, marks)
    return marks


def remove(
    agent: Agent, case_id: str, material: str, number: int, box: int, reason: str, staff_code: str
) -> list[Mark]:
    """One box less, with a reason. Refusals DRAFT_…, PAGE_NUMBER, BOX_NUMBER, REASON_UNKNOWN, PERSON_UNKNOWN_HERE."""
    person, _ = agent.identity.person(staff_code)
    draft = drafts.open_draft(agent, case_id)
    marks = sheet.removed(sheet.from_documents(_page(draft, material, number).marks), box, reason, person)
    _save(agent, draft, material, number, marks)
    return marks


def view(agent: Agent, case_id: str, material: str, number: int) -> bytes:
    """PNG of the page with its boxes framed and numbered: the clerk's one look. Refusals DRAFT_…, PAGE_NUMBER."""
    from node_agent.imaging.redaction.mask import view_of  # here, not above: OpenCV is slow to load

    page = _page(drafts.load(agent, case_id), material, number)
    data = (drafts.folder(agent, case_id) / page.file).read_bytes()
    return view_of(data, sheet.from_documents(page.marks))


def cover(agent: Agent, case_id: str, material: str, number: int, *, looked: bool, seconds: float = 0.0) -> int:
    """Make the masked rendition from the boxes that stand; how many are covered.

    ``looked``: a clerk has looked at the whole page, so it may leave masked although it could not be judged. Refusals
    DRAFT_…, PAGE_NUMBER, PAGE_NOT_READ, PAGE_WITHHELD, MASK_FAILED, DRAFT_UNWRITABLE.
    """
    from node_agent.imaging.redaction.mask import boxes_of, mask_page

    draft = drafts.open_draft(agent, case_id)
    page = _page(draft, material, number)
    folder = drafts.folder(agent, case_id)
    data = (folder / page.file).read_bytes()
    if not looked:
        judged = _read(agent, data, hints_of(draft), seconds)
        if judged.withheld:
            raise Refusal("PAGE_WITHHELD", RULE, why=",".join(judged.withheld))
    boxes = boxes_of(sheet.from_documents(page.marks))
    masked = mask_page(data, boxes)
    name = drafts.keep_files(folder, [(f"{material}-masked.png", masked.data)])[0]
    _put(agent, draft, material, number, replace(page, masked=name))
    _unlink(folder, page.masked)
    return len(boxes)


def box_of(text: str) -> tuple[int, int, int, int]:
    """Left, upper, right, lower as typed. Refusal BOX_OUTSIDE."""
    try:
        left, upper, right, lower = (int(part) for part in text.split(","))
    except ValueError as error:
        raise Refusal("BOX_OUTSIDE", RULE) from error
    return left, upper, right, lower


def hints_of(draft: Draft) -> list[Hint]:
    """The form's own data, to be found wherever it stands on the pages."""
    return sorted(_hints(draft.form) | _hints(draft.address), key=lambda hint: (hint.kind, hint.value))


# --- pieces ------------------------------------------------------------------------------------------------------


def _hints(form: Any) -> set[Hint]:
    found: set[Hint] = set()
    if isinstance(form, dict):
        for name, value in form.items():
            kind = KINDS.get(str(name))
            if kind is not None and isinstance(value, str) and value.strip():
                found.add(Hint(kind, value.strip()))
            found |= _hints(value)
    elif isinstance(form, list):
        for value in form:
            found |= _hints(value)
    return found


def _read(agent: Agent, data: bytes, hints: list[Hint], seconds: float) -> Judged:
    """What was found on a page; a reader is started for the time of waiting. Refusal PAGE_NOT_READ."""
    queue = PageQueue(agent.settings.home / QUEUE)
    job = queue.put(data, hints)
    if queue.result(job) is None and seconds > 0:
        stop = threading.Event()
        keeper = threading.Thread(target=Keeper(queue).run, args=(stop,), daemon=True)
        keeper.start()
        queue.wait([job], seconds)
        stop.set()
        keeper.join(5)
    judged = queue.result(job)
    if judged is None:
        raise Refusal("PAGE_NOT_READ", RULE)
    return judged


def _page(draft: Draft, material: str, number: int) -> DraftPage:
    line = draft.lines.get(material)
    pages = [page for page in line.pages if page.media_type in drafts.SUFFIX] if line else []
    if not 1 <= number <= len(pages):
        raise Refusal("PAGE_NUMBER", "A04", pages=len(pages))
    return pages[number - 1]


def _save(agent: Agent, draft: Draft, material: str, number: int, marks: list[Mark]) -> None:
    page = _page(draft, material, number)
    _put(agent, draft, material, number, replace(page, marks=sheet.documents(marks), masked=""))
    _unlink(drafts.folder(agent, draft.case), page.masked)


def _put(agent: Agent, draft: Draft, material: str, number: int, page: DraftPage) -> None:
    line = draft.lines[material]
    pages = (*line.pages[: number - 1], page, *line.pages[number:])
    draft.lines[material] = replace(line, pages=pages)
    drafts.save(agent, draft)


def _unlink(folder: Path, name: str) -> None:
    if name:
        (folder / name).unlink(missing_ok=True)
