"""Words that the applicant is to read: sealed to the window that collected, and never in the log.

Invariants:
- a notice is a sealing of its own kind with one line ``NOTICE`` of canonical JSON; this node, the collecting window and
  the region's recovery key can open it, nobody else;
- sealing, act and key packets are queued in one journal transaction: a kill leaves all of them or none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from crypto import canonical
from crypto.manifest import LineFacts
from crypto.refusal import Refusal
from crypto.statement import CUSTODY
from node_agent import acts
from node_agent.acts import Head
from node_agent.known.casemirror import Recorded, application_leaf, history, item_code, sealings
from node_agent.process.runtime import Agent
from node_agent.transfer import sealer
from storage.journal import OutboxEntry

NOTICE = "NOTICE"
KIND = "notice"
OPINION = "opinion"
"""A sealing of words for another department, not for the applicant (T29, T30)."""
DECISION_NOTE = "decision:"
"""Journal note, by case: words of a refusal between the decision and the result that they are sealed with."""
_WITH_WORDS = {
    KIND: frozenset(
        {
            *("supplement_notice", "second_notice", "refuse_accept"),
            *("start_special", "start_procedure", "special_moved", "extend_limit"),
            *("merged_notice", "extend_parent"),
        }
    ),
    OPINION: frozenset({"opinion", "refer_up", "part_opinion"}),
}
"""Acts with a sealing of each kind."""


def queue_with_words(
    agent: Agent,
    case_id: str,
    event: str,
    body: Mapping[str, object],
    role: str,
    staff_code: str,
    words: Mapping[str, object],
    *,
    second: str | None = None,
    kind: str = KIND,
    readers: Sequence[str] | None = None,
    along: Callable[[Head], list[OutboxEntry]] | None = None,
    chain: str = CUSTODY,
) -> OutboxEntry:
    """Sign and queue an act whose words are sealed for the window; without words the act alone.

    ``second``: staff code of the second person who signs. ``readers``: nodes that get keys beside this one, instead of
    window and recovery key. ``along``: further entries that hang on the act. Refusals of ``seal_bundle``,
    SUBJECT_UNKNOWN, KEY_REVOKED.
    """
    if not words:
        entry = acts.by_person(agent, case_id, event, body, role, staff_code, second=second, chain=chain)
        agent.journal.queue([entry])
        return entry
    bundle = _sealed(agent, case_id, words, kind)
    others = (_window(agent, case_id), agent.settings.recovery_node) if readers is None else readers
    named = {**body, "manifest": bundle.digest}
    before = acts.known_head(agent.journal, case_id)
    entry = acts.by_person(agent, case_id, event, named, role, staff_code, second=second, chain=chain)
    entry = replace(entry, needs_upload=bundle.digest)
    head = Head(before.seq + 1, entry.payload_digest) if chain == CUSTODY else before
    recipients = [agent.registry.directory.current(reader) for reader in dict.fromkeys((agent.identity.node, *others))]
    wraps = sealer.wraps_of(agent.identity, agent.journal, bundle, recipients, role="department", head=head)
    agent.journal.keep(f"manifest:{bundle.digest}", bundle.encoded)
    wraps += along(head) if along else []
    agent.journal.queue([entry, *wraps], [bundle.pending()])  # commit point: the act and its words are kept
    return entry


def forget_decision(agent: Agent, case_id: str) -> None:
    """Erase the words of the decision here, once the case is over: until then a result that was lost is made anew with
    them (D10). May be repeated."""
    if agent.journal.kept(DECISION_NOTE + case_id) is not None:
        agent.journal.forget(DECISION_NOTE + case_id)


def _sealed(agent: Agent, case_id: str, words: Mapping[str, object], kind: str) -> sealer.Bundle:
    told = history(agent.journal, case_id)
    application = application_leaf(told)
    if application is None:
        raise Refusal("CASE_UNKNOWN_HERE", "A24", case=case_id)
    facts = LineFacts(NOTICE, NOTICE, "FORM", "D", "NOT_NEEDED")
    page = sealer.PageInput(canonical.encode(dict(words)), "application/json")
    return sealer.seal_bundle(
        agent.spool,
        [sealer.LineInput(facts, (page,))],
        case=case_id,
        revision=_made(agent, told, kind) + 1,
        kind=kind,
        task_code=item_code(application),
        catalogue=str(application.statement.body["catalogue"]),
    )


def _made(agent: Agent, told: list[Recorded], kind: str) -> int:
    """Sealings of this kind so far; of opinions this node's own, for others may speak at the same time (T29)."""
    mine = [one for one in told if kind != OPINION or one.statement.actor.node == agent.identity.node]
    return sum(event in _WITH_WORDS[kind] for event, _ in sealings(mine))


def _window(agent: Agent, case_id: str) -> str:
    told = application_leaf(history(agent.journal, case_id))
    return told.statement.actor.node if told else agent.identity.node
