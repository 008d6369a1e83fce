"""What a window takes in of an accepted case's debts: the owed materials, sealed as an addendum (B10, K7).

Invariants:
- only what is owed is taken in (E01), and the application stays as it was sealed (invariant 12);
- pages, act and key packets are queued in one go: nothing of it lies about before or after;
- it works without hub and store for the cases that this window knows; another window is admitted first (A1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from crypto.refusal import Refusal
from hub.casework.materials.rows import MATERIALS
from hub.casework.materials.values import Debt
from node_agent import acts
from node_agent.known.casemirror import application_leaf, history, mirror
from node_agent.process.runtime import Agent
from node_agent.transfer.missing_wraps import note_of
from node_agent.transfer.sealer import seal_bundle, wrap_entry
from node_agent.window import drafts
from node_agent.window.drafts import DraftLine
from node_agent.window.pages import PLAIN, keep, read_pages
from node_agent.window.seal import collecting_role, sealed_line
from node_agent.window.supplement import KIND, next_revision, recipients_of


@dataclass(frozen=True)
class Paid:
    """What was sealed. ``refused``: pages with a fault, by file name; ``entries``: payload digests, the act's first."""

    materials: tuple[str, ...]
    entries: tuple[str, ...]
    waiting_for: tuple[str, ...] = ()
    refused: tuple[tuple[str, Refusal], ...] = ()


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
    *,
    applicant_signed: bool,
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
    with TemporaryDirectory(dir=agent.settings.home) as folder:
        lines, refused = _lines(agent, Path(folder), pages, original)
        if refused:
            return Paid((), (), refused=tuple(refused))
        return _sealed(agent, case_id, staff_code, role, Path(folder), lines)


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


def _sealed(agent: Agent, case_id: str, staff_code: str, role: str, folder: Path, lines: Sequence[DraftLine]) -> Paid:
    told = history(agent.journal, case_id)
    application = application_leaf(told)
    assert application is not None  # ``debts_of`` found it
    recipients, waiting_for = recipients_of(agent, told)
    bundle = seal_bundle(
        agent.spool,
        [sealed_line(folder, line) for line in lines],
        case=case_id,
        revision=next_revision(agent, case_id, told),
        kind=KIND,
        task_code=str(application.statement.body["task_code"]),
        catalogue=str(application.statement.body["catalogue"]),
    )
    materials = [line.material for line in lines]
    body = {"manifest": bundle.digest, "materials": materials, "applicant_signed": True}
    made = acts.by_person(agent, case_id, "debt_settled", body, role, staff_code, chain=MATERIALS)
    entry = replace(made, needs_upload=bundle.digest)
    wraps = [
        wrap_entry(
            agent.identity,
            agent.journal,
            head=acts.known_head(agent.journal, case_id),
            role="window",
            case=case_id,
            revision=bundle.manifest.revision,
            manifest_digest=bundle.digest,
            keys=bundle.keys,
            recipient=recipient,
        )
        for recipient in recipients
    ]
    notes = note_of(case_id, bundle.digest, waiting_for)
    agent.journal.queue([entry, *wraps], [bundle.pending()], notes)  # commit point: the debt is on its way to be paid
    return Paid(tuple(materials), tuple(one.payload_digest for one in (entry, *wraps)), waiting_for)
