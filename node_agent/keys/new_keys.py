"""New keys of a node, from the plan to their place: proposed, installed once they count; waiting acts are signed again.

Invariants: each new key takes its place in one step, and the old decryption key stays beside it; a waiting act keeps
its payload and the person's signature, so its identity stays.
"""

import logging
import shutil
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from crypto import kem, suites
from crypto.keyid import key_id
from crypto.keystore import SoftwareKeystore
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.statement import read_envelope, read_signed, sign
from node_agent import acts
from node_agent.keys import enrol
from node_agent.keys.identity import OLD
from node_agent.process.runtime import Agent
from storage.journal import OutboxEntry

RULE = "architecture: key record; H08, H09"
FOLDER = "rotation"
TLS_WANTED = "rotation.tls"
STALE_SIGNER = frozenset({"KEY_REVOKED", "SIGNER_UNKNOWN", "NODE_SIGNATURE_MISSING"})
_INSTALLING = threading.Lock()
log = logging.getLogger(__name__)


def plan(agent: Agent) -> OutboxEntry:
    """New keys and the queued proposal. Asked again while one is under way: the same one.

    Refusals SUBJECT_UNKNOWN, KEY_REVOKED, PROPOSAL_PENDING (the log has one that is not ours).
    """
    node, directory = agent.identity.node, agent.registry.directory
    mine, folder = directory.current(node), agent.identity.home / FOLDER
    waiting = directory.proposal(node)
    if waiting is not None and waiting.record.digest != planned_digest(folder):
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


def planned_digest(folder: Path) -> str:
    """Digest of the record that waits in ``folder``, or an empty text."""
    kept = folder / enrol.RECORD
    return read_envelope(kept.read_bytes()).digest if kept.exists() else ""


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
    if (moved or planned_digest(folder)) and not fresh.labels():  # also what a kill left after the last key moved
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
