"""Pages made ready for the seal: turned upright, and masked by themselves where others than the handlers will see them.

Making ready goes through these steps; the code carries the same numbers:
1. pages of materials with ``masked`` (the list says it) that nobody masked by hand are read, before all other pages;
   sealing waits for these alone, at most ``seconds``
2. a page that was read well and stands on its side or head is turned upright (DA/T 31-2017); the camera's own frame
   stays beside it as it came
3. pages that were turned are read as they stand now, within the same time
4. what was found is covered, what a clerk added or took away with a reason holds; a page that was not read in time, or
   cannot be judged, gets no masked copy: it is sealed as it is, marked PAGE_WITHHELD, and nobody outside ever sees it

Invariants:
- the seal is never refused for want of a masked copy (行政许可法 32: the applicant gets the receipt now; the copy is
  the office's own duty); what is withheld is told with the way out before and after the seal;
- only pages that were turned or masked are written back: a page shot, or boxes changed, meanwhile stay as they are, and
  a page that came while others were masked is masked or marked before the seal.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from crypto import canonical
from crypto.refusal import Refusal
from crypto.sealing import SALT_SIZE
from hub.casework.catalogue.model import Item
from node_agent.imaging.finding.hints import Hint
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.redaction import sheet
from node_agent.process.runtime import Agent
from node_agent.window import drafts, reading
from node_agent.window.drafts import Draft, DraftLine, DraftPage
from node_agent.window.reading import Told

READ_SECONDS: Final = 30.0
WITHHELD: Final = "PAGE_WITHHELD"
"""Stands among the findings of a page's capture, so that the department knows why there is no masked copy."""
NOT_IN_TIME: Final = "NOT_IN_TIME"
WELL_READ: Final = 0.8
"""Mean score from which the engine knows which way is up; below it a page cannot be judged either."""
FEWEST_LINES: Final = 2
"""A page with fewer lines tells too little of which way is up."""
Lines = dict[str, DraftLine]


@dataclass(frozen=True)
class PageStand:
    """One page: ``state`` OPEN (read, no masked copy is wanted), WAITING (not read yet), FOUND (will be masked), MASKED
    or WITHHELD; ``masked``: whether the list wants a masked copy; ``boxes``: covered, or found; ``why``: codes of
    ``reasons.WITHHELD_REASONS``; ``turn``: degrees clockwise that the page still needs to stand upright.
    """

    material: str
    page: int
    state: str
    boxes: int = 0
    why: tuple[str, ...] = ()
    turn: int = 0
    masked: bool = True


@dataclass(frozen=True)
class Desk:
    """Where lines and their files are kept until they are sealed. ``masked``: materials that need a masked copy.

    ``change``: the lines as they stand, changed and kept; nothing that comes meanwhile is written over. ``turns``:
    whether pages may be turned upright, or stay as somebody signed for them.
    """

    home: Path
    load: Callable[[], Lines]
    change: Callable[[Callable[[Lines], Lines]], Lines]
    masked: frozenset[str]
    hints: tuple[Hint, ...] = ()
    turns: bool = True


def make_ready(agent: Agent, desk: Desk, seconds: float, told: Told | None = None) -> tuple[PageStand, ...]:
    """All steps; how the pages of materials with a masked copy stand then. Refusals DRAFT_UNWRITABLE,
    JOURNAL_UNWRITABLE."""
    end = time.monotonic() + seconds
    for _ in range(2):
        jobs = _asked(agent, desk, desk.load())  # 1, 3
        if jobs:
            reading.wait(agent, list(jobs.values()), max(0.0, end - time.monotonic()), told)
        if not desk.turns:
            break
        lines = desk.load()
        upright = {code: _upright(agent, desk.home, line) for code, line in lines.items()}  # 2
        if upright == lines:
            break
        drafts.forget_readings(agent, lines.values(), _saved(desk, lines, upright).values())
    return _masked_all(agent, desk)  # 4


def make_draft_ready(agent: Agent, case_id: str, seconds: float, told: Told | None = None) -> tuple[PageStand, ...]:
    """``make_ready`` for a draft. Refusals DRAFT_…"""
    return make_ready(agent, draft_desk(agent, case_id), seconds, told)


def ready_draft(
    agent: Agent, case_id: str, seconds: float, told: Told | None = None
) -> tuple[Draft, tuple[PageStand, ...]]:
    """A draft to be sealed as it is given, and how its pages stand: of a page that came, or lost its masked copy, since
    it was made ready, a masked copy is made or it is marked. Refusals DRAFT_…"""
    end = time.monotonic() + seconds
    while True:
        stands = make_draft_ready(agent, case_id, max(0.0, end - time.monotonic()), told)
        draft = drafts.open_draft(agent, case_id)
        if is_ready(agent, draft_desk(agent, case_id), draft.lines):
            return draft, stands


def is_ready(agent: Agent, desk: Desk, lines: Lines) -> bool:
    """Whether nothing is left to do on these lines before they are sealed."""
    return _masked_lines(agent, desk, lines)[0] == lines


def draft_desk(agent: Agent, case_id: str) -> Desk:
    """Where the pages of an open draft are kept. Refusals DRAFT_…"""
    draft = drafts.open_draft(agent, case_id)

    def change(make: Callable[[Lines], Lines]) -> Lines:
        def put(now: Draft) -> Lines:
            now.lines = make(now.lines)
            return now.lines

        return drafts.change(agent, case_id, put)

    return Desk(
        home=agent.settings.home / "drafts" / case_id,
        load=lambda: drafts.open_draft(agent, case_id).lines,
        change=change,
        masked=masked_of(drafts.item_of(agent, draft)),
        hints=tuple(reading.hints_of(draft)),
    )


def stand_upright(agent: Agent, desk: Desk, material: str) -> bool:
    """Turn the pages of a material as far as they were read (2); whether any was turned. Refusals DRAFT_…"""
    line = desk.load().get(material)
    if line is None:
        return False
    made = _upright(agent, desk.home, line)
    if made != line:
        now = _saved(desk, {material: line}, {material: made})
        drafts.forget_readings(agent, [line], now.values())
    return made != line


def queue_draft(agent: Agent, draft: Draft) -> None:
    """Queue all pictures of a draft that was opened again, or took pages over; never waits, never refuses."""
    wanted, hints = masked_of(drafts.item_of(agent, draft)), reading.hints_of(draft)
    for code, line in draft.lines.items():
        reading.ask(agent, agent.settings.home / "drafts" / draft.case, line.pages, hints, again=code in wanted)


def look(agent: Agent, case_id: str) -> tuple[PageStand, ...]:
    """How the picture pages of a draft stand now, without waiting. Refusals DRAFT_UNKNOWN."""
    draft = drafts.load(agent, case_id)
    hints, queue = reading.hints_of(draft), reading.queue_of(agent)
    wanted = masked_of(drafts.item_of(agent, draft))
    told = []
    for code, line in draft.lines.items():
        for number, page in _pictures(line):
            judged = queue.result(queue.job_of(page.sha256, hints, again=code in wanted))
            told.append(_stand(code, number, page, judged, code in wanted, _turn_of(agent, page)))
    return tuple(told)


def masked_of(item: Item) -> frozenset[str]:
    """Materials of which the list wants a masked copy (H01; standards.md 15)."""
    return frozenset(material.code for material in item.materials if material.masked)


def upright_page(home: Path, material: str, page: DraftPage, turn: int) -> DraftPage:
    """The page turned clockwise by ``turn`` degrees, with its boxes; the masked copy of before is void.

    Salt and commitments are new, the bytes of before become the camera's frame where there was none. Refusal
    DRAFT_UNWRITABLE.
    """
    from node_agent.imaging.intake import JPEG  # here, not above: OpenCV is slow to load, most seals turn nothing
    from node_agent.imaging.picture import decode, encode_jpeg, encode_png, turned
    from node_agent.imaging.redaction.tiles import root_of_page

    before = decode((home / page.file).read_bytes())
    after = turned(before, turn)
    png = page.media_type == "image/png"
    data, media_type = (encode_png(after), page.media_type) if png else (encode_jpeg(after), JPEG)
    name = drafts.keep_files(home, [(f"{material}.{drafts.SUFFIX[media_type]}", data)])[0]
    salt = secrets.token_bytes(SALT_SIZE)
    marks = sheet.turned(sheet.from_documents(page.marks), turn, before.shape[1], before.shape[0])
    return replace(
        page,
        file=name,
        media_type=media_type,
        sha256=canonical.digest(data),
        camera=page.camera or page.file,
        camera_type=page.camera_type or page.media_type,
        salt=salt.hex(),
        tiles=root_of_page(decode(data), salt),
        marks=sheet.documents(marks),
        masked="",
    )


# --- pieces ------------------------------------------------------------------------------------------------------


def _pictures(line: DraftLine) -> list[tuple[int, DraftPage]]:
    """Pages that are pictures, with their place in the line, from 1."""
    return [(place, page) for place, page in enumerate(line.pages, start=1) if page.media_type in drafts.SUFFIX]


def _asked(agent: Agent, desk: Desk, lines: Mapping[str, DraftLine]) -> dict[str, str]:
    pages = [page for code in desk.masked & set(lines) for _, page in _pictures(lines[code]) if not page.masked]
    return reading.ask(agent, desk.home, pages, desk.hints, again=True)


def _turn_of(agent: Agent, page: DraftPage) -> int:
    """Degrees clockwise that the page needs, where it was read well enough to be sure."""
    read = reading.queue_of(agent).reading(page.sha256)
    if read is None or read.score < WELL_READ or len(read.lines) < FEWEST_LINES:
        return 0
    return read.turn


def _upright(agent: Agent, home: Path, line: DraftLine) -> DraftLine:
    """The line with its pages upright. Reused pages keep the commitment under which they were sealed before (E02)."""
    if line.acquisition == "REUSED":
        return line
    pages = list(line.pages)
    for number, page in _pictures(line):
        turn = _turn_of(agent, page)
        if turn:
            made = upright_page(home, line.material, page, turn)
            pages[number - 1] = _covered(home, line.material, made) if page.masked else made
    return line if tuple(pages) == line.pages else replace(line, pages=tuple(pages))


def _saved(desk: Desk, before: Lines, after: Lines) -> Lines:
    """Write back the pages that are others ``after``, where they still stand as ``before``; the lines as they are now.

    Making ready takes seconds: what was shot, boxed or taken out meanwhile is newer than what was loaded.
    """
    changed = {
        (code, old.file): (old, new)
        for code, line in after.items()
        for old, new in zip(before[code].pages, line.pages, strict=True)
        if old != new
    }

    def put(now: Lines) -> Lines:
        made = dict(now)
        for code, line in now.items():
            told = [(page, *changed.get((code, page.file), (page, page))) for page in line.pages]
            pages = tuple(new if page == old else page for page, old, new in told)
            made[code] = line if pages == line.pages else replace(line, pages=pages)
        return made

    return desk.change(put)


def _masked_all(agent: Agent, desk: Desk) -> tuple[PageStand, ...]:
    while True:  # once more for each page that came meanwhile
        lines = desk.load()
        made, stands = _masked_lines(agent, desk, lines)
        if made == lines or _saved(desk, lines, made) == made:
            return stands


def _masked_lines(agent: Agent, desk: Desk, lines: Lines) -> tuple[Lines, tuple[PageStand, ...]]:
    queue = reading.queue_of(agent)
    made, stands = dict(lines), []
    for code in sorted(desk.masked & set(lines)):
        pages = list(lines[code].pages)
        for number, page in _pictures(lines[code]):
            judged = queue.result(queue.job_of(page.sha256, desk.hints, again=True))
            pages[number - 1] = _masked(desk.home, code, page, judged)
            stands.append(_sealed_stand(code, number, pages[number - 1], judged))
        made[code] = replace(lines[code], pages=tuple(pages))
    return made, tuple(stands)


def _masked(home: Path, material: str, page: DraftPage, judged: Judged | None) -> DraftPage:
    """With a masked copy where there may be one, else marked as withheld."""
    if page.masked:
        return _marked(page, withheld=False)
    if judged is None or judged.withheld:
        return _marked(page, withheld=True)
    marks = sheet.merged(sheet.from_documents(page.marks), sheet.proposed(judged))
    try:
        made = _covered(home, material, replace(page, marks=sheet.documents(marks)))
    except Refusal as refusal:
        if refusal.code not in ("MASK_FAILED", "BOX_OUTSIDE"):
            raise
        return _marked(page, withheld=True)
    return _marked(made, withheld=False)


def _covered(home: Path, material: str, page: DraftPage) -> DraftPage:
    """With a masked copy from the boxes that stand. Refusals MASK_FAILED, BOX_OUTSIDE, DRAFT_UNWRITABLE."""
    from node_agent.imaging.redaction.mask import boxes_of, mask_page  # here, not above: OpenCV is slow to load

    masked = mask_page((home / page.file).read_bytes(), boxes_of(sheet.from_documents(page.marks)))
    name = drafts.keep_files(home, [(f"{material}-masked.png", masked.data)])[0]
    return replace(page, masked=name)


def _marked(page: DraftPage, *, withheld: bool) -> DraftPage:
    """With PAGE_WITHHELD among its findings, or without."""
    if not page.capture:
        return page
    found = [code for code in page.capture.get("found", ()) if code != WITHHELD]
    return replace(page, capture={**page.capture, "found": [*found, WITHHELD] if withheld else found})


def _stand(code: str, number: int, page: DraftPage, judged: Judged | None, wanted: bool, turn: int) -> PageStand:
    if page.masked:
        return _sealed_stand(code, number, page, judged)
    boxes = len(sheet.proposed(judged)) if judged else 0
    if not wanted:
        return PageStand(code, number, "OPEN" if judged else "WAITING", boxes, (), turn, masked=False)
    state = "WAITING" if judged is None else "WITHHELD" if judged.withheld else "FOUND"
    return PageStand(code, number, state, boxes, judged.withheld if judged else (), turn)


def _sealed_stand(code: str, number: int, page: DraftPage, judged: Judged | None) -> PageStand:
    boxes = sum(mark.covers for mark in sheet.from_documents(page.marks))
    if page.masked:
        return PageStand(code, number, "MASKED", boxes)
    why: Sequence[str] = (NOT_IN_TIME,) if judged is None else judged.withheld or ("MASK_FAILED",)
    return PageStand(code, number, "WITHHELD", 0, tuple(why))
