"""The window's work before and beside the seal: draft, pages, verification, promises, withdrawal.

Invariants:
- every step is on disk when its call returns, and needs neither hub nor store;
- an item is taken in only if the pinned list lets this window take it; numbers are checked before anything is scanned;
- pages are taken all or none; each refused page is reported;
- a page that was taken is queued for reading at once, and nobody waits for that (issue 5, part 7).
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
from hub.casework.catalogue.model import Catalogue
from hub.casework.delivery.guards import METHODS, require_issuing, require_provable
from hub.casework.hand_off import routing
from node_agent import acts
from node_agent.imaging.sources.base import Source
from node_agent.imaging.sources.folder import watch_pages
from node_agent.known.snapshot import require_fresh
from node_agent.paper.signed import keep_paper
from node_agent.process.runtime import Agent
from node_agent.transfer.rewrap import rewrap as rewrap
from node_agent.window import drafts, reading
from node_agent.window.drafts import Draft, DraftLine, DraftPage
from node_agent.window.pages import PLAIN, Shooting, keep, read_pages
from node_agent.window.ready import masked_of
from node_agent.window.seal import SealResult as SealResult
from node_agent.window.seal import collecting_role
from node_agent.window.seal import seal as seal

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
    DELIVERY_UNKNOWN, ADDRESS_MISSING, DELIVERY_PROOF_LOW (I01), WINDOW_NOT_ISSUING (F09), PERSON_UNKNOWN_HERE.
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
    require_reachable(agent, catalogue, task_code, delivery)
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


def require_reachable(agent: Agent, catalogue: Catalogue, task_code: str, delivery: str) -> None:
    """I01, F09, T34: what the hub would refuse of this choice is said while the applicant is there to choose again.

    Refusals DELIVERY_PROOF_LOW, WINDOW_NOT_ISSUING.
    """
    require_provable(delivery, catalogue.item(task_code).required_proof_level)
    here = catalogue.window(identity.node_name(agent.identity.node))
    if here is not None:
        require_issuing(delivery, here)


def add_pages(
    agent: Agent,
    case_id: str,
    material: str,
    source: Path | Sequence[Path] | Source,
    acquisition: str = "SUBMIT",
    original: str = "SEEN_RETURNED",
    *,
    anew: bool = False,
    shooting: Shooting = PLAIN,
    at: int = 0,
) -> PagesTaken:
    """Take pages of a folder, of files or of another source to a material: all of them or none (A04).

    ``anew``: in place of the pages taken before; ``shooting``: paper, device, the lead's word;
    ``at``: in place of this one page, from 1 (a page shot again).

    Refusals DRAFT_…, MATERIAL_NOT_LISTED, ACQUISITION_NOT_ALLOWED, ORIGINAL_UNKNOWN, PAGES_NONE, CAPTURE_FOLDER;
    PAGES_NEWER (pages would go that came meanwhile); refused pages are reported, not raised.
    """
    draft = drafts.open_draft(agent, case_id)
    _require_way(agent, draft, material, acquisition)
    if original not in drafts.ORIGINAL:
        raise Refusal("ORIGINAL_UNKNOWN", "A03", original=original[:20])
    kept = _kept(draft, material, acquisition, anew=anew, at=at)
    good, refused = read_pages(agent, source, shooting, {page.shot for page in kept})
    if refused:
        return PagesTaken((), tuple(refused))
    if not good:
        raise Refusal("PAGES_NONE", "A04", material=material)
    if at and len(good) != 1:
        raise Refusal("PAGE_NOT_SINGLE", "A04", frames=len(good))
    taken = keep(agent, drafts.folder(agent, case_id), material, good, shooting)
    trust = TRUST_OF.get(acquisition) or ("B" if original in drafts.SEEN else "C")

    def put(now: Draft) -> tuple[DraftLine | None, Draft]:  # shooting takes seconds: what came into it meanwhile stays
        before, stay = now.lines.get(material), _kept(now, material, acquisition, anew=anew, at=at)
        if at or (before is not None and stay != before.pages):
            drafts.require_seen(draft.lines, now.lines, material)
        pages = (*stay[: at - 1], *taken, *stay[at:]) if at else (*stay, *taken)
        now.lines[material] = DraftLine(material, acquisition, trust, original, pages)
        now.tolerated.pop(material, None)
        return before, now

    before, now = drafts.change(agent, case_id, put)
    if before is not None:
        drafts.forget_readings(agent, [before], now.lines.values())
    masked = material in masked_of(drafts.item_of(agent, now))
    reading.ask(agent, drafts.folder(agent, case_id), taken, reading.hints_of(now), again=masked)
    return PagesTaken(taken)


def watch_camera(
    agent: Agent,
    case_id: str,
    material: str,
    folder: Path,
    pages: int,
    stop: threading.Event,
    how: Shooting = PLAIN,
) -> Iterator[tuple[str, Refusal | None]]:
    """Take pages to a material as the document camera writes them (A04): file name, and the refusal of a bad one.

    A page that was taken leaves the folder, so the next applicant's pages never meet it; a refused one stays for the
    clerk to see. Ends after ``pages`` good ones or when ``stop`` is set. Refusals as ``add_pages``.
    """
    taken = 0
    for path in watch_pages(folder, stop):
        told = add_pages(agent, case_id, material, path, shooting=how)
        if told.refused:
            yield path.name, told.refused[0][1]
            continue
        path.unlink()
        taken += 1
        yield path.name, None
        if taken == pages:
            return


def withdraw(agent: Agent, case_id: str, staff_code: str, paper: Path, *, late: acts.LateEntry | None = None) -> str:
    """Queue the applicant's written withdrawal (T35); payload digest. ``paper``: the scanned, signed request; ``late``:
    it was taken in on paper and is entered now (A22).

    The scan stays at this window under its digest. Refusals CASE_UNKNOWN, ROLE_MISSING, DRAFT_NEWER (the draft was
    changed or sealed meanwhile), those of the page check.
    """
    begun = agent.journal.draft(case_id)
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
        late=late,
    )
    is_open = begun is not None and begun.state == drafts.OPEN  # else the order of the case alone decides
    agent.journal.queue([acts.entry_of(envelope)], draft=begun if is_open else None)
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


def _kept(draft: Draft, material: str, acquisition: str, *, anew: bool, at: int) -> tuple[DraftPage, ...]:
    """Pages of the material that stay beside those taken now. Refusal PAGE_NUMBER."""
    line = draft.lines.get(material)
    kept = () if anew or line is None or line.acquisition != acquisition else line.pages
    if at and not 1 <= at <= len(kept):
        raise Refusal("PAGE_NUMBER", "A04", pages=len(kept))
    return kept


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
