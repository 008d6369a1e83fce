"""T17 at any window: the demanded materials taken in, sealed as an addendum for the department, with a receipt.

Invariants:
- only what the notice demands is taken in (E01), and the application stays as it was sealed (invariant 12);
- another window than the collecting one sees the case only after the applicant showed public number and check code
  there; the code goes to the hub in the request and is kept nowhere;
- pages lie in a folder of their own, mode 0600, until the addendum's receipt is here, no notice stands any more, or
  nobody added to them for ``draft_days``; then they are erased;
- sealing, act and key packets are queued in one journal transaction; for the own window's cases this needs no network.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from crypto.refusal import Refusal
from crypto.statement import read_signed
from hub.casework.catalogue.model import Item
from node_agent import acts
from node_agent.acts import Head
from node_agent.known.casemirror import (
    ADDENDA,
    DEMANDS,
    Recorded,
    addenda_of,
    application_leaf,
    demanded,
    history,
    last_of,
    resolve,
)
from node_agent.process.runtime import Agent
from node_agent.transfer.missing_wraps import note_of
from node_agent.transfer.sealer import LineInput, seal_bundle, wrap_entry
from node_agent.window import drafts, reading
from node_agent.window.drafts import DraftLine, DraftPage
from node_agent.window.intake import PagesTaken
from node_agent.window.pages import PLAIN, Shooting, keep, read_pages
from node_agent.window.ready import Desk, Lines, PageStand, make_ready, masked_of
from node_agent.window.recipients import recipients_of
from node_agent.window.seal import READS, Reads, collecting_role, sealed_line

NOTE = "supplement:"
FOLDER = "supplements"
KIND = "addendum"
ADMISSIONS = ("admit", "admit_with_parent")
ENDING = ("supplement_complete", "lapse", "withdraw")
"""Events after which a notice asks for nothing any more."""


@dataclass(frozen=True)
class DemandLine:
    """One demanded material: its Chinese name, the defect's code, pages taken in here, whether it was handed in."""

    material: str
    name: str
    defect: str
    pages: int
    handed_in: bool


@dataclass(frozen=True)
class Demand:
    """What the notice that stands asks for. ``due``: last day, ISO, UTC+8; ``notice``: digest of the notice."""

    case: str
    case_no: str
    public_no: str
    item: Item
    notice: str
    at: str
    due: str
    methods: tuple[str, ...]
    lines: tuple[DemandLine, ...]


@dataclass(frozen=True)
class Supplemented:
    """A sealed addendum that waits in the journal. ``entries``: payload digests, the act's first; ``pages``: how those
    stand that the list wants masked."""

    case: str
    revision: int
    manifest: str
    materials: tuple[str, ...]
    entries: tuple[str, ...]
    waiting_for: tuple[str, ...]
    pages: tuple[PageStand, ...] = ()


def find(agent: Agent, public_no: str, check_code: Callable[[], str]) -> str:
    """The case with this number; a case of another window is asked for at the hub with the applicant's check code.

    ``check_code``: asked only then. Refusals of ``HubClient.admit_window``.
    """
    number = public_no.replace(" ", "")
    try:
        return resolve(agent, number)
    except Refusal as unknown:
        if unknown.code != "CASE_UNKNOWN_HERE":
            raise
    return agent.hub.admit_window(number, check_code())


def here(agent: Agent, case_id: str) -> bool:
    """Whether the case is this window's own, or all of it came up to its admission (A1)."""
    told = history(agent.journal, case_id)
    own = application_leaf(told)
    if own is not None and own.statement.actor.node == agent.identity.node:
        return True
    return any(
        one.statement.type in ADMISSIONS and one.statement.body.get("node") == agent.identity.node for one in told
    )


def demand(agent: Agent, case_id: str) -> Demand:
    """What is demanded and what of it is here. Refusals CASE_UNKNOWN_HERE, NOTHING_DEMANDED."""
    told = history(agent.journal, case_id)
    application, notice = application_leaf(told), _standing(told)
    if application is None:
        raise Refusal("CASE_UNKNOWN_HERE", "A24", case=case_id)
    if notice is None:
        raise Refusal("NOTHING_DEMANDED", "T16, T17; E01", case=case_id)
    body = application.statement.body
    item = agent.registry.catalogue(str(body["catalogue"]), agent.hub).item(str(body["task_code"]))
    lines, due, methods = demanded(told)
    taken, given = _load(agent, case_id), _handed_in(told, notice)
    return Demand(
        case=case_id,
        case_no=application.leaf.assigned.get("case_no", ""),
        public_no=str(body.get("public_no", "")),
        item=item,
        notice=notice.envelope.digest,
        at=notice.leaf.recorded_at,
        due=due,
        methods=tuple(methods),
        lines=tuple(_line(item, line, taken, given) for line in lines),
    )


def add_pages(
    agent: Agent,
    case_id: str,
    material: str,
    source: Path | Sequence[Path],
    original: str = "SEEN_RETURNED",
    how: Shooting = PLAIN,
) -> PagesTaken:
    """Take pages to a demanded material: all of them or none, in place of those taken before (A04).

    ``how``: paper, device, the lead's word.

    Refusals NOTHING_DEMANDED, NOT_DEMANDED, SUPPLEMENT_SEALED, ORIGINAL_UNKNOWN, PAGES_NONE, PAGES_NEWER; refused
    pages are reported, not raised.
    """
    asked = demand(agent, case_id)
    if material not in {line.material for line in asked.lines}:
        raise Refusal("NOT_DEMANDED", "T17; E01", material=material[:40])
    if original not in drafts.ORIGINAL:
        raise Refusal("ORIGINAL_UNKNOWN", "A03", original=original[:20])
    seen = _load(agent, case_id)
    good, refused = read_pages(agent, source, how)
    if refused:
        return PagesTaken((), tuple(refused))
    if not good:
        raise Refusal("PAGES_NONE", "A04", material=material)
    pages = keep(agent, _folder(agent, case_id), material, good, how)
    trust = "B" if original in drafts.SEEN else "C"

    def put(now: Lines) -> Lines:
        drafts.require_seen(seen, now, material)
        gone.update({material: now[material]} if material in now else {})  # as it stands: turned or masked since
        return {**now, material: DraftLine(material, "SUBMIT", trust, original, pages)}

    gone: Lines = {}
    _change(agent, case_id, put)
    before = gone.get(material)
    reading.ask(agent, _folder(agent, case_id), pages, (), again=material in masked_of(asked.item))
    if before:
        drafts.forget_readings(agent, [before])
    for page in before.pages if before else ():
        for name in page.files:
            (_folder(agent, case_id) / name).unlink(missing_ok=True)
    return PagesTaken(pages)


def seal(agent: Agent, case_id: str, staff_code: str, *, applicant_signed: bool, reads: Reads = READS) -> Supplemented:
    """Seal what was taken in as the next addendum; works without hub and store. ``reads``: as for the application.

    Refusals NOTHING_DEMANDED, SUPPLEMENT_SEALED, PAGES_NONE, DECLARATION_MISSING, ROLE_MISSING, SPOOL_UNWRITABLE,
    JOURNAL_UNWRITABLE, DRAFT_NEWER (a page came while it was sealed).
    """
    asked, taken = demand(agent, case_id), _load(agent, case_id)
    if not taken:
        raise Refusal("PAGES_NONE", "T17; A04", material=",".join(line.material for line in asked.lines))
    if not applicant_signed:
        raise Refusal("DECLARATION_MISSING", "T17; A23", declaration="applicant_signed")
    role = collecting_role(agent, staff_code)
    told = history(agent.journal, case_id)
    application = application_leaf(told)
    assert application is not None  # ``demand`` found it
    recipients, waiting_for = recipients_of(agent, told)
    home = _folder(agent, case_id)
    _, pages = ready_lines(agent, asked, reads)
    kept, taken = agent.journal.kept(NOTE + case_id), _load(agent, case_id)
    bundle = seal_bundle(
        agent.spool, [sealed_line(home, line) for line in taken.values()],
        case=case_id, revision=next_revision(agent, case_id, told), kind=KIND,
        task_code=str(application.statement.body["task_code"]),
        catalogue=str(application.statement.body["catalogue"]),
    )  # fmt: skip
    materials = tuple(sorted(taken))
    body = {"manifest": bundle.digest, "materials": list(materials), "applicant_signed": True}
    entry = acts.by_person(agent, case_id, "supplement_part", body, role, staff_code)
    entry = replace(entry, needs_upload=bundle.digest)
    head = Head(read_signed(entry.envelope).seq or 0, entry.payload_digest)
    wraps = [
        wrap_entry(
            agent.identity, agent.journal, head=head, role="window", case=case_id, revision=bundle.manifest.revision,
            manifest_digest=bundle.digest, keys=bundle.keys, recipient=recipient,
        )
        for recipient in recipients
    ]  # fmt: skip
    notes = note_of(case_id, bundle.digest, waiting_for)
    notes[NOTE + case_id] = _document(taken, sealed=entry.payload_digest)
    # commit point: the supplement is on its way, all that was taken in of it
    agent.journal.queue([entry, *wraps], [bundle.pending()], notes, over={NOTE + case_id: kept})
    drafts.forget_readings(agent, taken.values())
    digests = tuple(one.payload_digest for one in (entry, *wraps))
    return Supplemented(case_id, bundle.manifest.revision, bundle.digest, materials, digests, waiting_for, pages)


def ready_lines(
    agent: Agent, asked: Demand, reads: Reads = READS
) -> tuple[dict[str, DraftLine], tuple[PageStand, ...]]:
    """What was taken in, by material, with pages turned and masked where the list wants it; may be repeated."""
    pages = make_ready(agent, desk_of(agent, asked), reads.seconds, reads.told)
    return _load(agent, asked.case), pages


def desk_of(agent: Agent, asked: Demand) -> Desk:
    """Where the pages of a supplement are kept until they are sealed."""
    case_id = asked.case
    return Desk(
        home=_folder(agent, case_id),
        load=lambda: _load(agent, case_id),
        change=lambda make: _change(agent, case_id, make),
        masked=masked_of(asked.item),
    )


def begun(agent: Agent, case_id: str) -> bool:
    """Whether pages were taken in for a supplement of the case and wait to be sealed, or are on their way."""
    return bool(_note(agent, case_id)["lines"])


def inputs(agent: Agent, case_id: str, lines: Sequence[DraftLine]) -> list[LineInput]:
    """Lines that were taken in for ``case_id``, for a sealing."""
    return [sealed_line(_folder(agent, case_id), line) for line in lines]


def tidy(agent: Agent, case_id: str) -> None:
    """Erase the pages of an addendum whose receipt is here. May be repeated."""
    kept = agent.journal.kept(NOTE + case_id)
    sealed = str(json.loads(kept)["sealed"]) if kept else ""
    entry = agent.journal.entry(sealed) if sealed else None
    if entry is not None and entry.state == "DONE":
        _erase(agent, case_id)


def sweep(agent: Agent, now: datetime) -> None:
    """Erase pages of supplements that will not be sealed here any more, and files that a kill left without a name.

    A supplement that waits for its answer is kept: one that the hub refuses is sealed again. ``now``: aware.
    """
    home = agent.settings.home / FOLDER
    cases = {path.name for path in home.iterdir()} if home.is_dir() else set()
    cases |= {name.removeprefix(NOTE) for name, _ in agent.journal.notes(NOTE)}
    for case_id in sorted(cases):
        tidy(agent, case_id)
        value = _note(agent, case_id)
        if _waits(agent, value):
            continue
        folder = home / case_id
        if _standing(history(agent.journal, case_id)) is None or _untouched(
            folder, now - timedelta(days=agent.settings.draft_days)
        ):
            _erase(agent, case_id)
            continue
        kept = [page for line in value["lines"].values() for page in line["pages"]]
        named = {page[member] for page in kept for member in ("file", "camera", "masked") if page.get(member)}
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.name not in named and _untouched(path, now - drafts.WRITING_LASTS):
                path.unlink(missing_ok=True)


def pages_here(agent: Agent) -> set[str]:
    """Digests of the pages of supplements that wait to be sealed."""
    notes = [dict(json.loads(value)) for _, value in agent.journal.notes(NOTE)]
    lines = [line for note in notes if not _waits(agent, note) for line in _lines(note).values()]
    return {page.sha256 for line in lines for page in line.pages}


# --- pieces ------------------------------------------------------------------------------------------------------


def _load(agent: Agent, case_id: str) -> dict[str, DraftLine]:
    """Lines taken in and not sealed yet, by material. Refusal SUPPLEMENT_SEALED while an addendum is on its way."""
    tidy(agent, case_id)
    value = _note(agent, case_id)
    if _waits(agent, value):
        raise Refusal("SUPPLEMENT_SEALED", "T17; invariant 12", case=case_id)
    return _lines(value)


def _lines(note: dict[str, Any]) -> dict[str, DraftLine]:
    return {
        code: DraftLine(**{**line, "pages": tuple(DraftPage(**page) for page in line["pages"])})
        for code, line in note["lines"].items()
    }


def _change(agent: Agent, case_id: str, make: Callable[[Lines], Lines]) -> Lines:
    """The lines changed and kept; made again on newer ones where another command kept them meanwhile."""

    def once() -> Lines:
        kept = agent.journal.kept(NOTE + case_id)
        made = make(_load(agent, case_id))
        agent.journal.keep_over(NOTE + case_id, kept, _document(made))
        return made

    return drafts.again()(once)


def _document(lines: Lines, sealed: str = "") -> bytes:
    return json.dumps({"lines": {code: asdict(line) for code, line in lines.items()}, "sealed": sealed}).encode()


def _note(agent: Agent, case_id: str) -> dict[str, Any]:
    kept = agent.journal.kept(NOTE + case_id)
    return dict(json.loads(kept)) if kept else {"lines": {}, "sealed": ""}


def _waits(agent: Agent, note: dict[str, Any]) -> bool:
    """Whether the addendum of the note is on its way."""
    entry = agent.journal.entry(str(note["sealed"])) if note["sealed"] else None
    return entry is not None and entry.state == "WAITING"


def _erase(agent: Agent, case_id: str) -> None:
    drafts.forget_readings(agent, _lines(_note(agent, case_id)).values())
    shutil.rmtree(agent.settings.home / FOLDER / case_id, ignore_errors=True)
    agent.journal.forget(NOTE + case_id)


def _untouched(path: Path, since: datetime) -> bool:
    """Whether nothing came to a file or folder since then; True also when it is not there."""
    return not path.exists() or path.stat().st_mtime < since.timestamp()


def _standing(told: list[Recorded]) -> Recorded | None:
    """The leaf of the notice that still asks for something, or None."""
    found = last_of(told, *ENDING, *DEMANDS)
    return found if found is not None and found.statement.type in DEMANDS else None


def _folder(agent: Agent, case_id: str) -> Path:
    path = agent.settings.home / FOLDER / case_id
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _line(item: Item, line: dict[str, str], taken: dict[str, DraftLine], given: set[str]) -> DemandLine:
    code = line["material"]
    found, here = item.material(code), taken.get(code)
    return DemandLine(
        code, found.name if found else code, line["defect"], len(here.pages) if here else 0, code in given
    )


def _handed_in(told: list[Recorded], notice: Recorded) -> set[str]:
    """Materials of the addenda after the notice."""
    given: set[str] = set()
    for one in addenda_of(told):
        materials = one.statement.body.get("materials")
        if one.leaf.index > notice.leaf.index and isinstance(materials, list):
            given |= set(map(str, materials))
    return given


def next_revision(agent: Agent, case_id: str, told: list[Recorded]) -> int:
    """Revision of the next addendum: one more than those told and those of ours that wait."""
    known = {one.envelope.digest for one in told}
    own = [act for act in agent.journal.acts(case_id) if act.event in ADDENDA and act.state != "REFUSED"]
    return len(addenda_of(told)) + sum(act.payload_digest not in known for act in own) + 1
