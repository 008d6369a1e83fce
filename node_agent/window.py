"""The window's work before and beside the seal: draft, pages, verification, promises, withdrawal.

Invariants:
- every step is on disk when its call returns, and needs neither hub nor store;
- an item is taken in only if the pinned list lets this window take it; numbers are checked before anything is scanned;
- pages are taken all or none; each refused page is reported.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

from crypto import canonical, identity
from crypto.refusal import Refusal
from hub.casework import numbers
from hub.casework.delivery.guards import METHODS
from hub.casework.hand_off import routing
from node_agent import acts, drafts
from node_agent.capture.folder import pages_in, watch_pages
from node_agent.drafts import Draft, DraftLine, DraftPage
from node_agent.imaging.check import PageFacts, read_page
from node_agent.rewrap import rewrap as rewrap
from node_agent.runtime import Agent
from node_agent.signed_papers import keep_paper
from node_agent.snapshot import require_fresh
from node_agent.window_seal import SealResult as SealResult
from node_agent.window_seal import collecting_role
from node_agent.window_seal import seal as seal

TRUST_OF = {"VERIFY_ONLINE": "A", "FROM_LICENCE": "A", "COMMITMENT": "D"}


@dataclass(frozen=True)
class PagesTaken:
    """What became of a folder of pages: all taken, or none and every refused page by file name."""

    taken: tuple[DraftPage, ...]
    refused: tuple[tuple[str, Refusal], ...] = ()


def begin(
    agent: Agent,
    task_code: str,
    staff_code: str,
    form: Mapping[str, Any],
    delivery: str,
    *,
    address: Mapping[str, Any] | None = None,
    region: str | None = None,
    classified: bool = False,
) -> str:
    """A new draft; its case id. ``region``: 12 digits, the accepting side (default: the item's body).

    ``address``: {name, phone, address, …}, needed for POST. Refusals CLASSIFIED_MATERIAL (A23), SNAPSHOT_…,
    UNKNOWN_ITEM, ITEM_EXPIRED, ITEM_SUSPENDED, ITEM_NOT_COLLECTABLE (A18), ROUTE_… (A05), CITIZEN_ID_…, CREDIT_CODE_…,
    DELIVERY_UNKNOWN, ADDRESS_MISSING (I01), PERSON_UNKNOWN_HERE.
    """
    now = datetime.now(UTC)
    if classified:
        raise Refusal("CLASSIFIED_MATERIAL", "A23", task_code=task_code[:40])
    agent.identity.person(staff_code)
    require_fresh(agent, now)
    catalogue = agent.registry.catalogue()
    place = region or catalogue.item(task_code).implementing_body.region
    catalogue.require_live(task_code, _today(now), identity.node_name(agent.identity.node), place)
    routing.route(catalogue, task_code, place, _today(now))
    require_filled(form, delivery, address)
    draft = Draft(
        case=token_hex(16),
        state=drafts.OPEN,
        task_code=task_code,
        region=place,
        catalogue=catalogue.version,
        staff_code=staff_code,
        begun_at=canonical.time_text(now),
        delivery=delivery,
        form=dict(form),
        address=dict(address or {}),
    )
    drafts.save(agent, draft)
    return draft.case


def require_filled(form: Mapping[str, Any], delivery: str, address: Mapping[str, Any] | None) -> None:
    """Numbers in the form are well formed, the delivery is known and has its address (E07, I01).

    Refusals CITIZEN_ID_…, CREDIT_CODE_…, DELIVERY_UNKNOWN, ADDRESS_MISSING.
    """
    _require_numbers(form)
    _require_delivery(delivery, address)


def add_pages(
    agent: Agent,
    case_id: str,
    material: str,
    source: Path | Sequence[Path],
    acquisition: str = "SUBMIT",
    original: str = "SEEN_RETURNED",
    *,
    anew: bool = False,
) -> PagesTaken:
    """Take pages of a folder, a file or several files to a material: all of them or none (A04).

    ``anew``: in place of the pages taken before. Refusals DRAFT_…, MATERIAL_NOT_LISTED, ACQUISITION_NOT_ALLOWED,
    ORIGINAL_UNKNOWN, PAGES_NONE, CAPTURE_FOLDER; refused pages are reported, not raised.
    """
    draft = drafts.open_draft(agent, case_id)
    _require_way(agent, draft, material, acquisition)
    if original not in drafts.ORIGINAL:
        raise Refusal("ORIGINAL_UNKNOWN", "A03", original=original[:20])
    good, refused = read_pages(source)
    if refused:
        return PagesTaken((), tuple(refused))
    if not good:
        raise Refusal("PAGES_NONE", "A04", material=material)
    taken = _keep_pages(agent, case_id, material, good)
    before = draft.lines.get(material)
    kept = () if anew or before is None or before.acquisition != acquisition else before.pages
    trust = TRUST_OF.get(acquisition) or ("B" if original in drafts.SEEN else "C")
    draft.lines[material] = DraftLine(material, acquisition, trust, original, (*kept, *taken))
    draft.tolerated.pop(material, None)
    drafts.save(agent, draft)
    return PagesTaken(taken)


def watch_camera(
    agent: Agent, case_id: str, material: str, folder: Path, pages: int, stop: threading.Event
) -> Iterator[tuple[str, Refusal | None]]:
    """Take pages to a material as the document camera writes them (A04): file name, and the refusal of a bad one.

    A page that was taken leaves the folder, so the next applicant's pages never meet it; a refused one stays for the
    clerk to see. Ends after ``pages`` good ones or when ``stop`` is set. Refusals as ``add_pages``.
    """
    taken = 0
    for path in watch_pages(folder, stop):
        told = add_pages(agent, case_id, material, path)
        if told.refused:
            yield path.name, told.refused[0][1]
            continue
        path.unlink()
        taken += 1
        yield path.name, None
        if taken == pages:
            return


def verify(agent: Agent, case_id: str, material: str, acquisition: str, reference: str) -> None:
    """A material checked online or taken as an e-licence: trust A. ``reference``: number of the check or licence.

    The reference is sealed as the line's page. Refusals as ``add_pages``; REFERENCE_MISSING.
    """
    draft = drafts.open_draft(agent, case_id)
    _require_way(agent, draft, material, acquisition)
    if acquisition not in drafts.VERIFIED:
        raise Refusal("ACQUISITION_NOT_ALLOWED", "T02; D03", material=material, acquisition=acquisition)
    if not reference.strip():
        raise Refusal("REFERENCE_MISSING", "T02; 国办函〔2016〕108号", material=material)
    proof = {
        "acquisition": acquisition,
        "reference": reference.strip(),
        "checked_at": canonical.time_text(datetime.now(UTC)),
        "staff_code": draft.staff_code,
    }
    data = canonical.encode(proof)
    name = drafts.keep_files(drafts.folder(agent, case_id), [(f"{material}.json", data)])[0]
    page = DraftPage(name, drafts.JSON_MEDIA, canonical.digest(data))
    draft.lines[material] = DraftLine(material, acquisition, "A", "NOT_NEEDED", (page,))
    drafts.save(agent, draft)


def tolerate(agent: Agent, case_id: str, material: str, due: date) -> None:
    """B10 容缺: a material that is not key comes later, by a written promise with a due date.

    Refusals DRAFT_…, MATERIAL_NOT_LISTED, MATERIAL_IS_KEY, PROMISE_DATE (not in the future).
    """
    draft = drafts.open_draft(agent, case_id)
    if drafts.material_of(agent, draft, material).key:
        raise Refusal("MATERIAL_IS_KEY", "B10; T02", material=material)
    if due <= _today(datetime.now(UTC)):
        raise Refusal("PROMISE_DATE", "B10", due=due.isoformat())
    draft.lines.pop(material, None)
    draft.tolerated[material] = due.isoformat()
    drafts.save(agent, draft)


def withdraw(agent: Agent, case_id: str, staff_code: str, paper: Path) -> str:
    """Queue the applicant's written withdrawal (T35); payload digest. ``paper``: the scanned, signed request.

    The scan stays at this window under its digest. Refusals CASE_UNKNOWN, ROLE_MISSING, those of the page check.
    """
    if acts.known_head(agent.journal, case_id).digest is None:
        raise Refusal("CASE_UNKNOWN", "T35", event="withdraw")
    role = collecting_role(agent, staff_code)
    digest = keep_paper(agent, paper)
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event="withdraw",
        case_id=case_id,
        body={"identity_checked": True, "paper": digest},
        role=role,
        staff_code=staff_code,
    )
    agent.journal.queue([acts.entry_of(envelope)])
    return envelope.digest


# --- begin and pages ---------------------------------------------------------------------------------------------


def _today(now: datetime) -> date:
    return now.astimezone(canonical.CHINA).date()


def _require_numbers(form: Any) -> None:
    """Numbers of persons and bodies anywhere in the form are checked before anything is scanned."""
    if isinstance(form, Mapping):
        for name, value in form.items():
            if name == "citizen_id":
                numbers.citizen_id(str(value))
            elif name == "credit_code":
                numbers.credit_code(str(value))
            else:
                _require_numbers(value)
    elif isinstance(form, list):
        for value in form:
            _require_numbers(value)


def _require_delivery(delivery: str, address: Mapping[str, Any] | None) -> None:
    if delivery not in METHODS:
        raise Refusal("DELIVERY_UNKNOWN", "I01", delivery=delivery[:20])
    missing = [name for name in ("name", "phone", "address") if not (address or {}).get(name)]
    if delivery == "POST" and missing:
        raise Refusal("ADDRESS_MISSING", "I01; D4", missing=",".join(missing))


def _require_way(agent: Agent, draft: Draft, material: str, acquisition: str) -> None:
    allowed = drafts.material_of(agent, draft, material).acquisition
    if acquisition not in allowed or acquisition not in drafts.HOW:
        raise Refusal(
            "ACQUISITION_NOT_ALLOWED",
            "T02; D03",
            material=material,
            acquisition=acquisition[:20],
            allowed=",".join(way for way in allowed if way in drafts.HOW),
        )


def read_pages(
    source: Path | Sequence[Path],
) -> tuple[list[tuple[PageFacts, bytes]], list[tuple[str, Refusal]]]:
    """Pages of a folder, a file or several files that pass the page check, and the refused ones by file name."""
    paths = [source] if isinstance(source, Path) and not source.is_dir() else source
    good: list[tuple[PageFacts, bytes]] = []
    refused: list[tuple[str, Refusal]] = []
    for path in pages_in(paths) if isinstance(paths, Path) else paths:
        try:
            good.append(read_page(path))
        except Refusal as refusal:
            refused.append((path.name, refusal))
        except OSError as error:
            refused.append((path.name, Refusal("PAGE_UNREADABLE", "A04", problem=error.strerror or "")))
    return good, refused


def _keep_pages(
    agent: Agent, case_id: str, material: str, pages: Sequence[tuple[PageFacts, bytes]]
) -> tuple[DraftPage, ...]:
    files = [(f"{material}.{drafts.SUFFIX[facts.media_type]}", data) for facts, data in pages]
    names = drafts.keep_files(drafts.folder(agent, case_id), files)
    return tuple(
        DraftPage(name, facts.media_type, facts.sha256, facts.dpi_a4)
        for name, (facts, _) in zip(names, pages, strict=True)
    )
