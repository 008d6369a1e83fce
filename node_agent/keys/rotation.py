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
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from crypto import canonical, kem, suites
from crypto.directory import Proposal
from crypto.keyid import key_id
from crypto.keystore import SoftwareKeystore
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.statement import REGISTRY, Actor, Statement, read_envelope, read_signed, sign
from node_agent import acts
from node_agent.auditor.alarms import raise_alarm
from node_agent.client.calls import NO_ANSWER
from node_agent.keys import enrol
from node_agent.keys.identity import OLD
from node_agent.known.casemirror import history
from node_agent.process.runtime import Agent
from node_agent.transfer import pulling
from node_agent.transfer.receiver import CURSOR
from node_agent.transfer.rewrap import owed, rewrap, wrapped_keys
from storage.journal import OutboxEntry

RULE = "architecture: key record; H08, H09"
FOLDER = "rotation"
TLS_WANTED, DESTROYED, PASSED = "rotation.tls", "rotation.destroyed", "rotation.passed"
GIVEN_UP = "rotation.given-up"
SETTLED = frozenset({"NOT_YOUR_CASE", "KEYS_MISSING", "PACKET_UNREADABLE"})
"""Refusals of a wrap that stay until somebody's decryption key changes again."""
WRAPPERS = frozenset({"window", "portal", "department", "recovery"})
"""Node roles that the law lets wrap keys (row W1)."""
CASES_AT_ONCE, WRAPS_AT_ONCE, QUEUE_MOST = 256, 64, 256
STALE_SIGNER = frozenset({"KEY_REVOKED", "SIGNER_UNKNOWN", "NODE_SIGNATURE_MISSING"})
END_SECONDS = 5.0
_INSTALLING = threading.Lock()
log = logging.getLogger(__name__)


# --- 1. planned by the node itself --------------------------------------------------------------------------------


def plan(agent: Agent) -> OutboxEntry:
    """New keys and the queued proposal. Asked again while one is under way: the same one.

    Refusals SUBJECT_UNKNOWN, KEY_REVOKED, PROPOSAL_PENDING (the log has one that is not ours).
    """
    node, directory = agent.identity.node, agent.registry.directory
    mine, folder = directory.current(node), agent.identity.home / FOLDER
    waiting = directory.proposal(node)
    if waiting is not None and waiting.record.digest != _planned(folder):
        raise Refusal("PROPOSAL_PENDING", RULE, subject=node)
    fresh = SoftwareKeystore(folder)
    made = {purpose: _new_key(fresh, purpose) for purpose in _purposes(agent, mine.keys)}
    facts = replace(enrol.facts_of(mine), replaces=mine.digest)
    signers = (fresh.signer("sign"), agent.identity.sign)
    entry = acts.entry_of(enrol.signed_record(folder, facts, {**mine.keys, **made}, *signers))
    agent.journal.queue([entry])
    return agent.journal.entry(entry.payload_digest) or entry


def _purposes(agent: Agent, keys: Mapping[str, PublicKey]) -> list[str]:
    """``tls`` needs a certificate and is renewed apart; a pinned witness's key changes with the pins alone."""
    pinned = {key.public for key in agent.identity.pins.witnesses()}
    return [
        purpose
        for purpose in ("sign", "kem", "witness")
        if purpose in keys and not (purpose == "witness" and keys[purpose].public in pinned)
    ]


def _new_key(folder: SoftwareKeystore, purpose: str) -> PublicKey:
    here = purpose in folder.labels()
    if purpose == "kem":
        private = folder.kem("kem") if here else folder.generate_kem("kem", kem.HYBRID)
        return PublicKey(private.suite, private.public)
    suite = suites.ED25519 if purpose == "witness" else suites.ECDSA_P256
    signer = folder.signer(purpose) if here else folder.generate_signer(purpose, suite)
    return PublicKey(signer.suite, signer.public)


def _planned(folder: Path) -> str:
    """Digest of the record that waits in ``folder``, or an empty text."""
    kept = folder / enrol.RECORD
    return read_envelope(kept.read_bytes()).digest if kept.exists() else ""


# --- 3. installed -------------------------------------------------------------------------------------------------


def install(agent: Agent) -> bool:
    """Put keys of ``rotation/`` that count now into their places; whether any moved. For the running agent alone."""
    with _INSTALLING:
        return _install(agent)


def _install(agent: Agent) -> bool:
    folder, node = agent.identity.home / FOLDER, agent.identity.node
    if not folder.is_dir():
        return False
    fresh, keys, moved = SoftwareKeystore(folder), agent.identity.keys, False
    current = agent.registry.directory.newest(node)
    for purpose in ("kem", "witness", "sign"):
        if purpose not in fresh.labels() or current is None or purpose not in current.keys:
            continue
        held = fresh.kem("kem") if purpose == "kem" else fresh.signer(purpose)
        if key_id(held.suite, held.public) != current.keys[purpose].id:
            continue
        if not moved:
            agent.journal.keep(TLS_WANTED, b"wanted")
        if purpose == "kem":
            old = agent.identity.kem
            keys.keep_as("kem", OLD + key_id(old.suite, old.public))
        keys.take_over(fresh, purpose)
        moved = True
    if (moved or _planned(folder)) and not fresh.labels():  # also what a kill left after the last key moved
        shutil.rmtree(folder)
    return moved


def sign_again(agent: Agent, entry: OutboxEntry, refusal: Refusal | None) -> bool:
    """Whether a refused act was signed again by the node's key of now, and so goes on waiting.

    Only where the hub refused the node's own replaced key; the payload and a person's signature stay as they are.
    """
    if refusal is None or refusal.code not in STALE_SIGNER:
        return False
    envelope = read_envelope(entry.envelope)
    if read_signed(entry.envelope).type == "key.register":
        return False  # its second signature proves possession of the key that it brings along
    agent.registry.refresh(agent.hub)
    install(agent)
    directory, signer, node = agent.registry.directory, agent.identity.sign, agent.identity.node
    mine = key_id(signer.suite, signer.public)
    stale = [keyid for keyid, _ in envelope.signatures if directory.owner(keyid) == node and keyid != mine]
    newest = directory.newest(node)
    if not stale or newest is None or newest.keys["sign"].id != mine:
        return False
    made = sign(envelope.payload, [signer]).signatures[0]
    kept = tuple(pair for pair in envelope.signatures if pair[0] not in stale)
    agent.journal.signed_again(entry.payload_digest, replace(envelope, signatures=(*kept, made)).encode())
    log.info("an act signed with the key before was signed again: %s", entry.payload_digest)
    return True


# --- the whole way, round by round --------------------------------------------------------------------------------


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
        planned = _planned(agent.identity.home / FOLDER)
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
                _give_up(self.agent, manifest, recipient)
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


def given_up(agent: Agent) -> set[tuple[str, str]]:
    """Sealings (manifest digest) and recipients whose wrap ended with a ``SETTLED`` refusal under the keys of now."""
    kept = json.loads(agent.journal.kept(GIVEN_UP) or b"{}")
    epoch = agent.registry.directory.kem_epoch
    return {(manifest, recipient) for manifest, recipient in kept.get("sealings", ()) if kept["epoch"] == epoch}


def _give_up(agent: Agent, manifest: str, recipient: str) -> None:
    sealings = sorted({*given_up(agent), (manifest, recipient)})
    value = {"epoch": agent.registry.directory.kem_epoch, "sealings": [list(one) for one in sealings]}
    agent.journal.keep(GIVEN_UP, canonical.encode(value))


def _refused_to_us(agent: Agent, case_id: str, now: str) -> set[str]:
    """Sealings of a case whose wrap to this node's key ``now`` the law refused for good."""
    refused = [
        read_signed(act.envelope).body
        for act in agent.journal.acts(case_id)
        if act.event == "wrap" and act.refusal is not None and act.refusal.code in SETTLED
    ]
    to_us = (agent.identity.node, now)
    return {str(body["manifest"]) for body in refused if (body["recipient"], body["recipient_key"]) == to_us}


def still_needed(agent: Agent) -> dict[str, int]:
    """Sealings, by older key of this node, that the log does not wrap to its key of now (yet).

    Left out: those that this node may not wrap any more; their keys would be kept for ever, and for nothing.
    """
    own, node = agent.identity.kem, agent.identity.node
    now, older = key_id(own.suite, own.public), set(agent.identity.older_kem())
    needed, left = dict.fromkeys(older, 0), {manifest for manifest, recipient in given_up(agent) if recipient == node}
    for case_id in agent.journal.case_ids() if older else ():
        over = left | _refused_to_us(agent, case_id, now)
        told = [one.statement for one in history(agent.journal, case_id)]
        for (manifest, recipient), keys in wrapped_keys(told).items():
            if recipient == node and now not in keys and manifest not in over:
                for keyid in keys & older:
                    needed[keyid] += 1
    return needed


def refresh_kept_packets(agent: Agent) -> None:
    """Packets of pulled sealings that are kept here, replaced by those to the key of now once they are in the log."""
    own = agent.identity.kem
    now = key_id(own.suite, own.public)
    for case_id in agent.journal.case_ids():
        for act in agent.journal.acts(case_id):
            if act.event != "wrap" or act.state != "DONE" or not act.packets:
                continue
            manifest = str(read_signed(act.envelope).body["manifest"])
            to_us = {(packet.recipient, packet.recipient_key) for packet in act.packets} == {(agent.identity.node, now)}
            kept = agent.journal.kept(pulling.packets_note(case_id, manifest))
            if (
                to_us
                and kept is not None
                and any(one.recipient_key != now for one in pulling.kept_packets(agent, case_id, manifest))
            ):
                pulling.keep_packets(agent, case_id, manifest, act.packets)


# --- what an operator sees ----------------------------------------------------------------------------------------


def status(agent: Agent) -> dict[str, Any]:
    """Keys of this node, a rotation under way, older keys with what needs them, destroyed keys; times in UTC+8."""
    directory, node = agent.registry.directory, agent.identity.node
    record, proposal = directory.newest(node), directory.proposal(node)
    unreadable = [case for case in agent.journal.case_ids() if _unreadable(agent, case)]
    return {
        "node": node,
        "epoch": directory.epoch,
        "keys": {purpose: key.id for purpose, key in sorted(record.keys.items())} if record else {},
        "revoked": record is not None and record not in directory.records(),
        "planned": (agent.identity.home / FOLDER).is_dir(),
        "proposal": {
            "record": proposal.record.digest,
            "announced_at": proposal.announced_at,
            "ready_at": proposal.ready_at,
        }
        if proposal
        else None,
        "older": still_needed(agent),
        "destroyed": json.loads(agent.journal.kept(DESTROYED) or b"{}"),
        "unreadable": unreadable,
    }


def _unreadable(agent: Agent, case_id: str) -> bool:
    """Whether the log wraps a sealing of the case to this node, and to no key that is here."""
    wraps = wrapped_keys([one.statement for one in history(agent.journal, case_id)])
    mine = [keys for (_, recipient), keys in wraps.items() if recipient == agent.identity.node]
    return any(not any(map(agent.identity.holds, keys)) for keys in mine)
