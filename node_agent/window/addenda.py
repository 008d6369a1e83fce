"""An addendum beside the custody chain: a debt that is paid (K7S), what another part's notice brought (P5A).

Invariant: sealing, act and key packets are queued in one journal transaction; the own window's cases need no network.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from node_agent import acts
from node_agent.known.casemirror import application_leaf, history
from node_agent.process.runtime import Agent
from node_agent.transfer.missing_wraps import note_of
from node_agent.transfer.sealer import LineInput, seal_bundle, wraps_of
from node_agent.window.recipients import recipients_of
from node_agent.window.supplement import KIND, next_revision


@dataclass(frozen=True)
class Queued:
    """``entries``: digests of what was queued, the act first; ``waiting_for``: who has no valid key yet."""

    entries: tuple[str, ...]
    waiting_for: tuple[str, ...]


def queue_aside(
    agent: Agent,
    case_id: str,
    staff_code: str,
    role: str,
    lines: Sequence[LineInput],
    event: str,
    chain: str,
    late: acts.LateEntry | None = None,
) -> Queued:
    """Seal the lines as the case's next addendum, for its department, and queue ``event`` on a side chain.

    The application must be known here. Refusals SPOOL_UNWRITABLE, JOURNAL_UNWRITABLE.
    """
    told = history(agent.journal, case_id)
    application = application_leaf(told)
    assert application is not None  # the caller found what is asked for
    recipients, waiting_for = recipients_of(agent, told)
    bundle = seal_bundle(
        agent.spool,
        lines,
        case=case_id,
        revision=next_revision(agent, case_id, told),
        kind=KIND,
        task_code=str(application.statement.body["task_code"]),
        catalogue=str(application.statement.body["catalogue"]),
    )
    materials = sorted(line.material for line in bundle.manifest.lines)
    body = {"manifest": bundle.digest, "materials": materials, "applicant_signed": True}
    made = acts.by_person(agent, case_id, event, body, role, staff_code, chain=chain, late=late)
    entry = replace(made, needs_upload=bundle.digest)
    head = acts.known_head(agent.journal, case_id)
    wraps = wraps_of(agent.identity, agent.journal, bundle, recipients, role="window", head=head)
    notes = note_of(case_id, bundle.digest, waiting_for)
    agent.journal.queue([entry, *wraps], [bundle.pending()], notes)  # commit point: the addendum is on its way
    return Queued(tuple(one.payload_digest for one in (entry, *wraps)), waiting_for)
