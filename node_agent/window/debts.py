"""What a window takes in of an accepted case's debts: the owed materials, sealed as an addendum (B10, K7).

Invariants:
- only what is owed is taken in (E01), and the application stays as it was sealed (invariant 12);
- pages, act and key packets are queued in one go: nothing of it lies about before or after;
- it works without hub and store for the cases that this window knows; another window is admitted first (A1).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from crypto.refusal import Refusal
from hub.casework.materials.rows import MATERIALS
from hub.casework.materials.values import Debt
from node_agent.acts import LateEntry
from node_agent.known.casemirror import application_leaf, history, mirror
from node_agent.process.runtime import Agent
from node_agent.window import drafts
from node_agent.window.addenda import queue_aside
from node_agent.window.bundle import sealed_line
from node_agent.window.drafts import DraftLine
from node_agent.window.pages import PLAIN, keep, read_pages
from node_agent.window.ready import Desk, Lines, PageStand, make_ready, masked_of
from node_agent.window.seal import READS, Reads, collecting_role

PREFIX = "paying-"
"""Beginning of the name of the folder of pages until they are sealed; housekeeping erases what a kill leaves."""


@dataclass(frozen=True)
class Paid:
    """What was sealed. ``refused``: pages with a fault, by file name; ``entries``: payload digests, the act's first;
    ``pages``: how those stand that the list wants masked."""

    materials: tuple[str, ...]
    entries: tuple[str, ...]
    waiting_for: tuple[str, ...] = ()
    refused: tuple[tuple[str, Refusal], ...] = ()
    pages: tuple[PageStand, ...] = ()


def debts_of(agent: Agent, case_id: str) -> tuple[Debt, ...]:
    """What the applicant promised to bring. Refusal CASE_UNKNOWN_HERE."""
    file = mirror(agent, case_id).file
    if file is None:
        raise Refusal("CASE_UNKNOWN_HERE", "A24", case=case_id)
    return file.debts


def pay(
    agent: Agent,
    case_id: str,
    staff_code: str,
    pages: Mapping[str, Path | Sequence[Path]],
    original: str = "SEEN_RETURNED",
    late: LateEntry | None = None,
    *,
    applicant_signed: bool,
    reads: Reads = READS,
) -> Paid:
    """Seal owed materials (code to pages) as the next addendum. Refusals CASE_UNKNOWN_HERE, NOT_OWED, PAGES_NONE,
    DECLARATION_MISSING, ORIGINAL_UNKNOWN, ROLE_MISSING, SPOOL_UNWRITABLE, JOURNAL_UNWRITABLE."""
    owed = {debt.material for debt in debts_of(agent, case_id) if not debt.settled}
    for code in pages:
        if code not in owed:
            raise Refusal("NOT_OWED", "B10; E01", material=code[:40])
    if original not in drafts.ORIGINAL:
        raise Refusal("ORIGINAL_UNKNOWN", "A03", original=original[:20])
    if not applicant_signed:
        raise Refusal("DECLARATION_MISSING", "B10; A23", declaration="applicant_signed")
    role = collecting_role(agent, staff_code)
    with TemporaryDirectory(dir=agent.settings.home, prefix=PREFIX) as folder:
        lines, refused = _lines(agent, Path(folder), pages, original)
        if refused:
            return Paid((), (), refused=tuple(refused))
        kept, stands = _ready(agent, case_id, Path(folder), lines, reads)
        paid = _sealed(agent, case_id, staff_code, role, Path(folder), kept, late)
        drafts.forget_readings(agent, kept)
        return replace(paid, pages=stands)


def _lines(
    agent: Agent, folder: Path, pages: Mapping[str, Path | Sequence[Path]], original: str
) -> tuple[list[DraftLine], list[tuple[str, Refusal]]]:
    lines: list[DraftLine] = []
    bad: list[tuple[str, Refusal]] = []
    trust = "B" if original in drafts.SEEN else "C"
    for code, source in sorted(pages.items()):
        good, refused = read_pages(agent, source, PLAIN, set())
        bad += refused
        if not good and not refused:
            raise Refusal("PAGES_NONE", "B10; A04", material=code)
        if not bad:
            lines.append(DraftLine(code, "SUBMIT", trust, original, keep(agent, folder, code, good, PLAIN)))
    return lines, bad


def _ready(
    agent: Agent, case_id: str, folder: Path, lines: Sequence[DraftLine], reads: Reads
) -> tuple[list[DraftLine], tuple[PageStand, ...]]:
    """The lines with pages turned and masked where the list wants it (``window.ready``)."""
    told = application_leaf(history(agent.journal, case_id))
    assert told is not None  # ``debts_of`` found it
    body, kept = told.statement.body, {line.material: line for line in lines}
    item = agent.registry.catalogue(str(body["catalogue"]), agent.hub).item(str(body["task_code"]))

    def change(make: Callable[[Lines], Lines]) -> Lines:
        kept.update(make(kept.copy()))
        return kept.copy()

    stands = make_ready(agent, Desk(folder, kept.copy, change, masked_of(item)), reads.seconds, reads.told)
    return list(kept.values()), stands


def _sealed(
    agent: Agent,
    case_id: str,
    staff_code: str,
    role: str,
    folder: Path,
    lines: Sequence[DraftLine],
    late: LateEntry | None,
) -> Paid:
    sealed = [sealed_line(folder, line) for line in lines]
    made = queue_aside(agent, case_id, staff_code, role, sealed, "debt_settled", MATERIALS, late)
    return Paid(tuple(line.material for line in lines), made.entries, made.waiting_for)
