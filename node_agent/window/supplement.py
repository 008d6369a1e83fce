"""T17 at any window: the demanded materials taken in, sealed as an addendum for the department, with a receipt.

Invariants:
- only what the notice demands is taken in (E01), and the application stays as it was sealed (invariant 12);
- another window than the collecting one sees the case only after the applicant showed public number and check code
  there; the code goes to the hub in the request and is kept nowhere;
- pages lie in a folder of their own, mode 0600, until the addendum's receipt is here, no notice stands any more, or
  nobody added to them for ``draft_days``; then they are erased (``supplement_notes``);
- sealing, act and key packets are queued in one journal transaction; for the own window's cases this needs no network.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crypto.refusal import Refusal
from crypto.statement import read_signed
from hub.casework.catalogue.model import Item
from node_agent import acts
from node_agent.acts import Head
from node_agent.known.casemirror import (
    ADDENDA,
    Recorded,
    addenda_of,
    application_leaf,
    demanded,
    history,
    resolve,
)
from node_agent.process.runtime import Agent
from node_agent.transfer.missing_wraps import note_of
from node_agent.transfer.sealer import LineInput, seal_bundle, wraps_of
from node_agent.window import drafts, reading
from node_agent.window.bundle import sealed_line
from node_agent.window.drafts import DraftLine
from node_agent.window.intake import PagesTaken
from node_agent.window.pages import PLAIN, Shooting, keep, read_pages
from node_agent.window.ready import Desk, Lines, PageStand, is_ready, make_ready, masked_of
from node_agent.window.recipients import recipients_of
from node_agent.window.seal import READS, Reads, collecting_role
from node_agent.window.supplement_notes import NOTE, change, document, folder_of, load, load_kept, standing
from node_agent.window.supplement_notes import begun as begun
from node_agent.window.supplement_notes import tidy as tidy

KIND = "addendum"
ADMISSIONS = ("admit", "admit_with_parent")


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
    """A sealed addendum that waits in the journal. ``counts``: number of pages sealed, by material; ``entries``:
    payload digests, the act's first; ``pages``: how those stand that the list wants masked."""

    case: str
    revision: int
    manifest: str
    counts: Mapping[str, int]
    entries: tuple[str, ...]
    waiting_for: tuple[str, ...]
    pages: tuple[PageStand, ...] = ()

    @property
    def materials(self) -> tuple[str, ...]:
        """Codes of what was sealed, in order."""
        return tuple(sorted(self.counts))


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
    application, notice = application_leaf(told), standing(told)
    if application is None:
        raise Refusal("CASE_UNKNOWN_HERE", "A24", case=case_id)
    if notice is None:
        raise Refusal("NOTHING_DEMANDED", "T16, T17; E01", case=case_id)
    body = application.statement.body
    item = agent.registry.catalogue(str(body["catalogue"]), agent.hub).item(str(body["task_code"]))
    lines, due, methods = demanded(told)
    taken, given = load(agent, case_id), _handed_in(told, notice)
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
    seen = load(agent, case_id)
    good, refused = read_pages(agent, source, how)
    if refused:
        return PagesTaken((), tuple(refused))
    if not good:
        raise Refusal("PAGES_NONE", "A04", material=material)
    pages = keep(agent, folder_of(agent, case_id), material, good, how)
    trust = "B" if original in drafts.SEEN else "C"

    def put(now: Lines) -> Lines:
        drafts.require_seen(seen, now, material)
        gone.update({material: now[material]} if material in now else {})  # as it stands: turned or masked since
        return {**now, material: DraftLine(material, "SUBMIT", trust, original, pages)}

    gone: Lines = {}
    change(agent, case_id, put)
    before = gone.get(material)
    reading.ask(agent, folder_of(agent, case_id), pages, (), again=material in masked_of(asked.item))
    if before:
        drafts.forget_readings(agent, [before])
    return PagesTaken(pages)


def seal(
    agent: Agent,
    case_id: str,
    staff_code: str,
    late: acts.LateEntry | None = None,
    *,
    applicant_signed: bool,
    reads: Reads = READS,
) -> Supplemented:
    """Seal what was taken in as the next addendum; works without hub and store. ``reads``: as for the application.

    Refusals NOTHING_DEMANDED, SUPPLEMENT_SEALED, PAGES_NONE, DECLARATION_MISSING, ROLE_MISSING, SPOOL_UNWRITABLE,
    JOURNAL_UNWRITABLE, DRAFT_NEWER (a page came while it was sealed).
    """
    asked, taken = demand(agent, case_id), load(agent, case_id)
    if not taken:
        raise Refusal("PAGES_NONE", "T17; A04", material=",".join(line.material for line in asked.lines))
    if not applicant_signed:
        raise Refusal("DECLARATION_MISSING", "T17; A23", declaration="applicant_signed")
    role = collecting_role(agent, staff_code)
    told = history(agent.journal, case_id)
    application = application_leaf(told)
    assert application is not None  # ``demand`` found it
    recipients, waiting_for = recipients_of(agent, told)
    home = folder_of(agent, case_id)
    kept, taken, pages = _made_ready(agent, asked, reads)
    bundle = seal_bundle(
        agent.spool, [sealed_line(home, line) for line in taken.values()],
        case=case_id, revision=next_revision(agent, case_id, told), kind=KIND,
        task_code=str(application.statement.body["task_code"]),
        catalogue=str(application.statement.body["catalogue"]),
    )  # fmt: skip
    body = {"manifest": bundle.digest, "materials": sorted(taken), "applicant_signed": True}
    entry = acts.by_person(agent, case_id, "supplement_part", body, role, staff_code, late=late)
    entry = replace(entry, needs_upload=bundle.digest)
    head = Head(read_signed(entry.envelope).seq or 0, entry.payload_digest)
    wraps = wraps_of(agent.identity, agent.journal, bundle, recipients, role="window", head=head)
    notes = note_of(case_id, bundle.digest, waiting_for)
    notes[NOTE + case_id] = document(taken, sealed=entry.payload_digest)
    # commit point: the supplement is on its way, all that was taken in of it
    agent.journal.queue([entry, *wraps], [bundle.pending()], notes, over={NOTE + case_id: kept})
    drafts.forget_readings(agent, taken.values())
    digests = tuple(one.payload_digest for one in (entry, *wraps))
    counts = {code: len(line.pages) for code, line in taken.items()}
    return Supplemented(case_id, bundle.manifest.revision, bundle.digest, counts, digests, waiting_for, pages)


def ready_lines(
    agent: Agent, asked: Demand, reads: Reads = READS
) -> tuple[dict[str, DraftLine], tuple[PageStand, ...]]:
    """What was taken in, by material, with pages turned and masked where the list wants it; may be repeated."""
    return _made_ready(agent, asked, reads)[1:]


def desk_of(agent: Agent, asked: Demand) -> Desk:
    """Where the pages of a supplement are kept until they are sealed."""
    case_id = asked.case
    return Desk(
        home=folder_of(agent, case_id),
        load=lambda: load(agent, case_id),
        change=lambda make: change(agent, case_id, make),
        masked=masked_of(asked.item),
    )


def inputs(agent: Agent, case_id: str, lines: Sequence[DraftLine]) -> list[LineInput]:
    """Lines that were taken in for ``case_id``, for a sealing."""
    return [sealed_line(folder_of(agent, case_id), line) for line in lines]


# --- pieces ------------------------------------------------------------------------------------------------------


def _made_ready(agent: Agent, asked: Demand, reads: Reads) -> tuple[bytes | None, Lines, tuple[PageStand, ...]]:
    """The note as it stands when nothing is left to do on its lines, the lines, and how their pages stand."""
    desk, end = desk_of(agent, asked), time.monotonic() + reads.seconds
    while True:
        stands = make_ready(agent, desk, max(0.0, end - time.monotonic()), reads.told)
        kept, lines = load_kept(agent, asked.case)
        if is_ready(agent, desk, lines):
            return kept, lines, stands


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
