"""The masked page at the window: what was found, the clerk's one look, and the rendition that is sealed beside the
page.

Invariants:
- a page that nobody has read yet, or that cannot be judged, gets no masked rendition by itself: it stays withheld until
  a clerk has looked at all of it;
- every change of the boxes makes the masked file of before void; the file itself goes with all others after the seal,
  or with housekeeping: somebody else may be sealing it just now, and is told then that the draft is newer;
- what was found on a page, and its masked file, stay with that page: one shot again meanwhile is another page;
- all of it happens before the seal, in the draft, or in the supplement once pages were taken in for one; afterwards
  the renditions are what was signed.
"""

from dataclasses import replace
from pathlib import Path

from crypto.refusal import Refusal
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.redaction import sheet
from node_agent.imaging.redaction.sheet import Mark
from node_agent.process.runtime import Agent
from node_agent.window import drafts, reading, ready, supplement
from node_agent.window.drafts import DraftPage
from node_agent.window.ready import Desk, Lines

RULE = "standards 15; 个人信息保护法 6"


def marks_of(agent: Agent, case_id: str, material: str, number: int) -> list[Mark]:
    """The boxes of a page as they stand. Refusals DRAFT_…, MATERIAL_NOT_LISTED, PAGE_NUMBER."""
    return sheet.from_documents(_page(_lines(agent, case_id), material, number).marks)


def propose(agent: Agent, case_id: str, material: str, number: int, seconds: float) -> tuple[list[Mark], Judged]:
    """Have a page read, turned upright where it is not, and take what was found as its boxes, in place of those found
    before; boxes that people added, or took away with a reason, stay so.

    ``seconds``: to wait for the reading. Refusals DRAFT_…, PAGE_NUMBER, PAGE_NOT_READ (still waiting, or no picture).
    """
    page, marks, judged = _found(agent, case_id, material, number, seconds)
    _save(agent, case_id, material, page, marks)
    return marks, judged


def add(
    agent: Agent, case_id: str, material: str, number: int, box: tuple[int, int, int, int], kind: str, staff_code: str
) -> list[Mark]:
    """One more box. Refusals DRAFT_…, PAGE_NUMBER, BOX_OUTSIDE, MARK_KIND, PERSON_UNKNOWN_HERE."""
    person, _ = agent.identity.person(staff_code)
    from node_agent.imaging.picture import decode  # here, not above: OpenCV is slow to load
    from node_agent.imaging.redaction.tiles import Box, snapped

    page = _now(agent, case_id, material, number)
    pixels = decode((_desk(agent, case_id).home / page.file).read_bytes())
    snapped(pixels, [Box(box[0], box[1], box[2] - box[0], box[3] - box[1])])  # a box beside the page covers nothing
    marks = sheet.added(sheet.from_documents(page.marks), box, kind, person)
    _save(agent, case_id, material, page, marks)
    return marks


def remove(
    agent: Agent, case_id: str, material: str, number: int, box: int, reason: str, staff_code: str
) -> list[Mark]:
    """One box less, with a reason. Refusals DRAFT_…, PAGE_NUMBER, BOX_NUMBER, REASON_UNKNOWN, PERSON_UNKNOWN_HERE."""
    person, _ = agent.identity.person(staff_code)
    page = _now(agent, case_id, material, number)
    marks = sheet.removed(sheet.from_documents(page.marks), box, reason, person)
    _save(agent, case_id, material, page, marks)
    return marks


def view(agent: Agent, case_id: str, material: str, number: int) -> bytes:
    """PNG of the page with its boxes framed and numbered: the clerk's one look. Refusals DRAFT_…, PAGE_NUMBER."""
    from node_agent.imaging.redaction.mask import view_of  # here, not above: OpenCV is slow to load

    page = _page(_lines(agent, case_id), material, number)
    data = (_home(agent, case_id) / page.file).read_bytes()
    return view_of(data, sheet.from_documents(page.marks))


def cover(agent: Agent, case_id: str, material: str, number: int, *, looked: bool, seconds: float = 0.0) -> int:
    """Make the masked rendition; how many boxes it covers: those that stand, and what was found since.

    ``looked``: a clerk has looked at the whole page, so the boxes that stand are all, and it may leave masked although
    it could not be judged. Refusals
    DRAFT_…, PAGE_NUMBER, PAGE_NOT_READ, PAGE_WITHHELD, MASK_FAILED, DRAFT_UNWRITABLE.
    """
    from node_agent.imaging.redaction.mask import boxes_of, mask_page

    page = _now(agent, case_id, material, number)
    marks = sheet.from_documents(page.marks)
    if not looked:
        page, marks, judged = _found(agent, case_id, material, number, seconds)
        if judged.withheld:
            _save(agent, case_id, material, page, marks)
            raise Refusal("PAGE_WITHHELD", RULE, why=",".join(judged.withheld))
    folder = _desk(agent, case_id).home
    data = (folder / page.file).read_bytes()
    boxes = boxes_of(marks)
    masked = mask_page(data, boxes)
    name = drafts.keep_files(folder, [(f"{material}-masked.png", masked.data)])[0]
    _put(agent, case_id, material, page, replace(page, marks=sheet.documents(marks), masked=name))
    return len(boxes)


def box_of(text: str) -> tuple[int, int, int, int]:
    """Left, upper, right, lower as typed. Refusal BOX_OUTSIDE."""
    try:
        left, upper, right, lower = (int(part) for part in text.split(","))
    except ValueError as error:
        raise Refusal("BOX_OUTSIDE", RULE) from error
    return left, upper, right, lower


# --- pieces ------------------------------------------------------------------------------------------------------


def _found(
    agent: Agent, case_id: str, material: str, number: int, seconds: float
) -> tuple[DraftPage, list[Mark], Judged]:
    """The page as it stands after waiting, with what was found on it among what people did.

    Refusal PAGE_NOT_READ: not yet, or it was shot again meanwhile.
    """
    desk, read = _desk(agent, case_id), _now(agent, case_id, material, number)
    judged = _read(agent, desk, read, seconds)
    if ready.stand_upright(agent, desk, material):
        read = _now(agent, case_id, material, number)
        judged = _read(agent, desk, read, seconds)
    page = _now(agent, case_id, material, number)
    if page.file != read.file:
        raise Refusal("PAGE_NOT_READ", RULE)
    return page, sheet.merged(sheet.from_documents(page.marks), sheet.proposed(judged)), judged


def _read(agent: Agent, desk: Desk, page: DraftPage, seconds: float) -> Judged:
    """What was found on a page, read again under its masks. Refusal PAGE_NOT_READ."""
    job = reading.ask(agent, desk.home, [page], desk.hints, again=True)[page.sha256]
    reading.wait(agent, [job], seconds)
    judged = reading.queue_of(agent).result(job)
    if judged is None:
        raise Refusal("PAGE_NOT_READ", RULE)
    return judged


def _now(agent: Agent, case_id: str, material: str, number: int) -> DraftPage:
    return _page(_desk(agent, case_id).load(), material, number)


def _supplements(agent: Agent, case_id: str) -> bool:
    """Whether the pages meant are those of a supplement: some were taken in, and no draft of the case is open."""
    row = agent.journal.draft(case_id)
    is_open = row is not None and row.state != drafts.SENT and not drafts.sealed(agent, case_id)
    return not is_open and supplement.begun(agent, case_id)


def _desk(agent: Agent, case_id: str) -> Desk:
    """Where the pages may still be changed. Refusals DRAFT_…, SUPPLEMENT_SEALED, NOTHING_DEMANDED."""
    if _supplements(agent, case_id):
        return supplement.desk_of(agent, supplement.demand(agent, case_id))
    return ready.draft_desk(agent, case_id)


def _home(agent: Agent, case_id: str) -> Path:
    return _desk(agent, case_id).home if _supplements(agent, case_id) else drafts.folder(agent, case_id)


def _lines(agent: Agent, case_id: str) -> Lines:
    """To be looked at alone: those of a draft that is sealed too, as long as they are here."""
    return _desk(agent, case_id).load() if _supplements(agent, case_id) else drafts.load(agent, case_id).lines


def _page(lines: Lines, material: str, number: int) -> DraftPage:
    line = lines.get(material)
    pages = [page for page in line.pages if page.media_type in drafts.SUFFIX] if line else []
    if not 1 <= number <= len(pages):
        raise Refusal("PAGE_NUMBER", "A04", pages=len(pages))
    return pages[number - 1]


def _save(agent: Agent, case_id: str, material: str, page: DraftPage, marks: list[Mark]) -> None:
    _put(agent, case_id, material, page, replace(page, marks=sheet.documents(marks), masked=""))


def _put(agent: Agent, case_id: str, material: str, before: DraftPage, page: DraftPage) -> None:
    """``page`` in the place of ``before``. Refusal PAGE_NOT_READ: it was shot or boxed anew meanwhile."""

    def put(lines: Lines) -> Lines:
        line = lines.get(material)
        if line is None or before not in line.pages:
            raise Refusal("PAGE_NOT_READ", RULE)
        place = line.pages.index(before)
        return {**lines, material: replace(line, pages=(*line.pages[:place], page, *line.pages[place + 1 :]))}

    _desk(agent, case_id).change(put)
