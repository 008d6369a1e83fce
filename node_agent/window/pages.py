"""Pages on their way into a draft or a supplement: read, judged, let in or not, kept on disk (A04, E06).

Invariants:
- a page with a fault that stops it is refused by name while the applicant still stands there; only the lead lets it in,
  with a reason of the list, and both stand in the manifest beside the fault;
- the camera's own frame is kept, and later sealed, beside the page that was laid flat;
- what is no whole page at all is let in by nobody.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crypto import canonical
from crypto.manifest import Capture
from crypto.refusal import Refusal
from hub.casework.reasons import PAGE_REASONS
from node_agent.imaging import devices
from node_agent.imaging.aside import Aside
from node_agent.imaging.quality import rules
from node_agent.imaging.sources.base import Files, Source
from node_agent.process.runtime import Agent
from node_agent.transfer.opening import OpenedPage
from node_agent.transfer.sealer import PageInput
from node_agent.window import drafts
from node_agent.window.drafts import DraftPage

if TYPE_CHECKING:
    from node_agent.imaging.intake import TakenPage

LEAD = "COLLECT_LEAD"


@dataclass(frozen=True)
class LetIn:
    """The lead's word for pages with a fault: a code of ``reasons.PAGE_REASONS``, and the lead's staff code."""

    reason: str
    staff_code: str


@dataclass(frozen=True)
class Shooting:
    """How pages are taken: ``paper`` (a name of ``rules.PAPERS`` or AUTO), the device's code, the lead's word."""

    paper: str = rules.AUTO
    device: str = ""
    let_in: LetIn | None = None


PLAIN = Shooting()


def read_pages(
    agent: Agent, source: Path | Sequence[Path] | Source, how: Shooting = PLAIN, before: Collection[str] = ()
) -> tuple[list["TakenPage"], list[tuple[str, Refusal]]]:
    """Pages of a source (a folder, files, a scanner, …) that are good or were let in, and the refused ones by name.

    ``before``: digests of shots taken for the same material. Refusals of ``let_in_by``, PAPER_UNKNOWN,
    DRAFT_UNWRITABLE.
    """
    from node_agent.imaging.intake import take  # here, not above: OpenCV is slow to load, most commands look at no page

    if how.let_in is not None:
        let_in_by(agent, how.let_in)
    device = devices.known(agent.journal, how.device or agent.settings.capture_device)
    home = agent.settings.home
    frames = source.frames() if not isinstance(source, Path | Sequence) else Files(source, home).frames()
    aside = Aside(home)
    good: list[TakenPage] = []
    refused: list[tuple[str, Refusal]] = []
    for frame in frames:
        try:
            facts, data = frame.read()
            seen = {*before, *(page.shot for page in good)}
            page = take(facts, data, paper=how.paper, device=device, before=seen, aside=aside)
        except Refusal as refusal:
            if refusal.code in ("PAPER_UNKNOWN", "DRAFT_UNWRITABLE"):
                raise
            refused.append((frame.name, refusal))
        except OSError as error:
            refused.append((frame.name, Refusal("PAGE_UNREADABLE", "A04", problem=error.strerror or "")))
        else:
            stops = page.refusals() if how.let_in is None else []
            refused += [(frame.name, stop) for stop in stops]
            good += [] if stops else [page]
    return good, refused


def let_in_by(agent: Agent, word: LetIn) -> str:
    """Person id of the lead. Refusals REASON_UNKNOWN, PERSON_UNKNOWN_HERE, PAGE_NEEDS_LEAD."""
    if word.reason not in PAGE_REASONS:
        raise Refusal("REASON_UNKNOWN", "A04; DA/T 31-2017", reason=word.reason[:20])
    return lead_of(agent, word.staff_code)


def lead_of(agent: Agent, staff_code: str) -> str:
    """Person id of a lead of this window. Refusals PERSON_UNKNOWN_HERE, PAGE_NEEDS_LEAD."""
    person, _ = agent.identity.person(staff_code)
    if LEAD not in agent.registry.directory.current(person).roles:
        raise Refusal("PAGE_NEEDS_LEAD", "A04; DA/T 31-2017", person=person)
    return person


def keep(
    agent: Agent, folder: Path, material: str, pages: Sequence["TakenPage"], how: Shooting = PLAIN
) -> tuple[DraftPage, ...]:
    """Write pages and the frames that they were made from, all or none. Refusal DRAFT_UNWRITABLE."""
    by = let_in_by(agent, how.let_in) if how.let_in is not None else ""
    names = iter(drafts.keep_files(folder, _files(material, pages)))
    at = canonical.time_text(datetime.now(UTC))
    made = []
    for page in pages:
        allowed = how.let_in if how.let_in is not None and page.verdict.stops else None
        capture = {
            "at": at,
            "device": page.device.code,
            "registered": page.device.registered,
            "dpi": page.verdict.dpi,
            "mode": page.verdict.mode,
            "found": list(page.verdict.codes),
            "reason": allowed.reason if allowed else "",
            "by": by if allowed else "",
            **({"seals": page.verdict.seals} if page.verdict.seals else {}),
        }
        made.append(
            DraftPage(
                file=next(names),
                media_type=page.media_type,
                sha256=canonical.digest(page.data()),
                dpi_a4=page.verdict.dpi,
                camera=next(names) if page.camera is not None else "",
                camera_type=page.camera_type,
                shot=page.shot,
                salt=page.salt.hex(),
                tiles=page.tiles,
                capture=capture,
            )
        )
    return tuple(made)


def _files(material: str, pages: Sequence["TakenPage"]) -> Iterator[tuple[str, bytes]]:
    """Stem and bytes of each page and of the frame that it was made from, one at a time."""
    for page in pages:
        yield f"{material}.{drafts.SUFFIX[page.media_type]}", page.data()
        if page.camera is not None:
            yield f"{material}-camera.{drafts.SUFFIX[page.camera_type]}", page.camera()


def sealed_page(home: Path, page: DraftPage) -> PageInput:
    """A kept page as it goes into a sealing, with the renditions beside it. ``home``: the folder of its files."""
    beside = []
    if page.camera:
        beside.append(PageInput(home / page.camera, page.camera_type, "camera"))
    if page.masked:
        beside.append(PageInput(home / page.masked, "image/png", "masked"))
    return PageInput(
        home / page.file,
        page.media_type,
        beside=tuple(beside),
        capture=_capture(page.capture),
        salt=bytes.fromhex(page.salt) or None,
        tiles=page.tiles or None,
    )


def again(folder: Path, material: str, page: OpenedPage) -> DraftPage:
    """A page of a sealing that came back (T24), kept again: salt, commitments and the other renditions as they were.

    Refusal DRAFT_UNWRITABLE.
    """
    from node_agent.imaging.picture import decode
    from node_agent.imaging.redaction.tiles import root_of_page

    assert page.salted is not None  # an opened sealing gives it
    salt, data = page.salted()
    camera_type, camera = page.others.get("camera", ("", None))
    files = [(f"{material}.{drafts.SUFFIX.get(page.media_type, 'json')}", data)]
    if camera is not None:
        files.append((f"{material}-camera.{drafts.SUFFIX[camera_type]}", camera()))
    names = drafts.keep_files(folder, files)
    image = page.media_type in drafts.SUFFIX
    return DraftPage(
        file=names[0],
        media_type=page.media_type,
        sha256=canonical.digest(data),
        dpi_a4=page.capture.dpi if page.capture else 0,
        camera=names[1] if camera is not None else "",
        camera_type=camera_type,
        shot=canonical.digest(camera() if camera is not None else data),
        salt=salt.hex(),  # of data too: kept with it, the page sealed anew has the same commitment (E02)
        tiles=root_of_page(decode(data), salt) if image else "",
        capture=page.capture.as_object() if page.capture else {},
    )


def _capture(told: Mapping[str, Any]) -> Capture | None:
    return Capture(**{**told, "found": tuple(told["found"])}) if told else None
