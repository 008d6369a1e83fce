"""A node changes its keys by itself: proposed, cooled off, activated, installed; open cases follow; old keys end.

The way of a rotation (``Rotation.step`` goes as far as it can, and goes on there after a kill):
1. ``plan``: new keys in ``rotation/``, a record signed by the new and the old signing key, queued like any act;
2. after the cooling-off (``crypto.directory.COOLING_OFF``) the node states ``key.activate``; the registrar may do so
   at once, and registrar or node may veto before;
3. when the log says that the record counts, each new key takes its place in one step; the old decryption key stays
   beside it; then the ``tls`` key is renewed (``node_agent.keys.enrol``) and the agent connects anew;
4. all cases known here are wrapped again to the new key (``node_agent.transfer.rewrap``), some at a time;
5. an old decryption key is destroyed when the log has a wrap to the new key for every sealing that it opened, but for
   those that nobody lets this node wrap any more (``SETTLED``: the case went elsewhere, its packets are gone).

Invariants:
- a proposal for this node whose signing key is not here was made by somebody else: it is vetoed and an alarm is raised;
- acts signed with the old key that still wait are signed again by the node over the same payload: the person's
  signature and the identity of the statement stay (``sign_again``);
- a node that may not wrap (gateway, auditor) keeps its old decryption keys until an operator removes them.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from crypto import canonical
from crypto.keyid import key_id
from crypto.keystore import SoftwareKeystore
from crypto.refusal import Refusal
from crypto.register import Proposal
from crypto.statement import REGISTRY, Actor, Statement, read_signed, sign
from node_agent import acts
from node_agent.auditor.alarms import raise_alarm
from node_agent.client.calls import NO_ANSWER
from node_agent.keys.identity import OLD
from node_agent.keys.new_keys import FOLDER, TLS_WANTED, install, plan, planned_digest
from node_agent.keys.older_keys import DESTROYED, SETTLED, give_up, given_up, refresh_kept_packets, still_needed
from node_agent.process.runtime import Agent
from node_agent.transfer.receiver import CURSOR
from node_agent.transfer.rewrap import owed, rewrap
from storage.journal import OutboxEntry

PASSED = "rotation.passed"
WRAPPERS = frozenset({"window", "portal", "department", "recovery"})
"""Node roles that the law lets wrap keys (row W1)."""
CASES_AT_ONCE, WRAPS_AT_ONCE, QUEUE_MOST = 256, 64, 256
END_SECONDS = 5.0
log = logging.getLogger(__name__)


@dataclass
class Rotation:
    """One a running agent. ``step`` is one round; not for use from several threads."""

    agent: Agent
    now: Callable[[], datetime] = partial(datetime.now, UTC)

    def __post_init__(self) -> None:
        self._pass: list[str] = []
        self._passed = int(self.agent.journal.kept(PASSED) or b"0")
        self._clean, self._began, self._next_end = False, 0, 0.0

    def step(self) -> bool:
        """One round; True when new keys are in place, so that ``tls`` is to be renewed and everything to connect anew.

        Refusals of ``AgentRegistry.refresh`` and of the hub client.
        """
        agent = self.agent
        planned = planned_digest(agent.identity.home / FOLDER)
        entry = agent.journal.entry(planned) if planned else None  # read before the registry: see ``_follow``
        if planned:
            agent.registry.refresh(agent.hub)
        if install(agent) or agent.journal.kept(TLS_WANTED) == b"wanted":
            return True
        self._watch()
        if entry is not None:
            self._follow(entry)
        self._wrap_again()
        self._end_old_keys()
        return False

    # --- 2. proposals ----------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Alarms: for a node those about itself, for an auditor all; a stranger's proposal for us is vetoed."""
        agent, node = self.agent, self.agent.identity.node
        me = agent.registry.directory.newest(node)
        for proposal in agent.registry.directory.proposals():
            record = proposal.record
            if record.subject == node and not self._is_ours(proposal):
                raise_alarm(agent.journal, "KEYS_PROPOSED_BY_OTHERS", record.digest, ready_at=proposal.ready_at)
                self._say("key.veto", proposal)
            elif me is not None and "auditor" in me.roles and record.subject != node:
                raise_alarm(
                    agent.journal, "KEYS_PROPOSED", record.digest, node=record.subject, ready_at=proposal.ready_at
                )

    def _is_ours(self, proposal: Proposal) -> bool:
        folder = self.agent.identity.home / FOLDER
        if not (folder / "sign.pem").exists():
            return False
        held = SoftwareKeystore(folder).signer("sign")
        return proposal.record.keys["sign"].id == key_id(held.suite, held.public)

    def _follow(self, entry: OutboxEntry) -> None:
        """Our own proposal; ``entry`` was read before the registry, so what the log does not have now is gone."""
        agent, node = self.agent, self.agent.identity.node
        if entry.state == "WAITING" or not (agent.identity.home / FOLDER).is_dir():
            return  # not answered yet, or all in place
        proposal = agent.registry.directory.proposal(node)
        if proposal is not None and proposal.record.digest == entry.payload_digest:
            if self.now() >= canonical.time_value(proposal.ready_at):
                self._say("key.activate", proposal)
            return
        asked = read_signed(entry.envelope).body["replaces"]
        if entry.state == "DONE" and agent.registry.directory.current(node).digest != asked:
            plan(agent)  # another record came between, as a renewed certificate does: proposed again on top of it
            return
        code = entry.refusal.code if entry.refusal else "VETOED"
        raise_alarm(agent.journal, "ROTATION_ENDED", entry.payload_digest, reason=code)
        shutil.rmtree(agent.identity.home / FOLDER)

    def _say(self, event: str, proposal: Proposal) -> None:
        """Queue ``event`` about a proposal, unless one is on its way or was taken."""
        agent, body = self.agent, {"subject": proposal.record.subject, "record": proposal.record.digest}
        said = [act for act in agent.journal.acts("") if act.event == event and act.state != "REFUSED"]
        if any(read_signed(act.envelope).body == body for act in said):
            return
        role = sorted(agent.registry.directory.current(agent.identity.node).roles)[0]
        now = canonical.time_text(datetime.now(UTC))
        actor = Actor(agent.identity.node, None, role)
        statement = Statement(event, None, REGISTRY, None, None, actor, now, body)
        agent.journal.queue([acts.entry_of(sign(statement.payload(), [agent.identity.sign]))])

    # --- 4. open cases follow --------------------------------------------------------------------------------

    def _wrap_again(self) -> None:
        """A part of a pass over all cases; passes go on until one that began after the last change found nothing."""
        agent = self.agent
        changed = agent.registry.directory.kem_epoch
        if not _may_wrap(agent) or self._passed == changed:
            return
        if not self._pass:
            self._clean, self._began = self._caught_up(), changed
            self._pass = agent.journal.case_ids()
        queued = 0
        part, self._pass = self._pass[:CASES_AT_ONCE], self._pass[CASES_AT_ONCE:]
        for number, case_id in enumerate(part):
            if queued >= WRAPS_AT_ONCE or len(agent.journal.waiting(QUEUE_MOST)) >= QUEUE_MOST:
                self._pass = part[number:] + self._pass
                break
            for manifest, recipient in owed(agent, case_id):
                if (manifest, recipient) not in given_up(agent):
                    queued += self._wrap_one(case_id, recipient, manifest)
        if not self._pass and self._clean:
            agent.journal.keep(PASSED, str(self._began).encode())
            self._passed = self._began

    def _wrap_one(self, case_id: str, recipient: str, manifest: str) -> bool:
        """Whether it was queued. The hub's own troubles end the round; what this one sealing lacks is logged and left,
        and asks for no further pass where another one would find the same."""
        try:
            rewrap(self.agent, case_id, recipient, manifest)
        except Refusal as refusal:
            log.warning("case %s is not wrapped again: %s", case_id, refusal.code)
            if refusal.code in SETTLED:
                give_up(self.agent, manifest, recipient)
                return False
            self._clean = False
            if refusal.code in NO_ANSWER:
                raise
            return False
        self._clean = False
        return True

    def _caught_up(self) -> bool:
        """Whether every leaf that the hub has for this node is here."""
        cursor = int(self.agent.journal.kept(CURSOR) or b"0")
        return not self.agent.hub.inbox(cursor)

    # --- 5. old keys end -------------------------------------------------------------------------------------

    def _end_old_keys(self) -> None:
        agent = self.agent
        waits = self._passed != agent.registry.directory.kem_epoch or time.monotonic() < self._next_end
        if waits or not agent.identity.older_kem():
            return
        self._next_end = time.monotonic() + END_SECONDS
        refresh_kept_packets(agent)
        needed = still_needed(agent)
        for keyid in agent.identity.older_kem():
            if _may_wrap(agent) and not needed.get(keyid):
                ended = json.loads(agent.journal.kept(DESTROYED) or b"{}")
                ended[keyid] = canonical.time_text(datetime.now(UTC))
                agent.journal.keep(DESTROYED, canonical.encode(ended))
                agent.identity.keys.destroy(OLD + keyid)
                log.info("old decryption key destroyed: %s", keyid)


def _may_wrap(agent: Agent) -> bool:
    newest = agent.registry.directory.newest(agent.identity.node)
    return newest is not None and bool(newest.roles & WRAPPERS)
