"""A node as witness of the log: it vouches only for a log that grew out of the one it vouched for before.

Invariants:
- a checkpoint is cosigned only under all pinned log keys, of the pinned origin, and proven to continue the last one
  that this witness signed; so it never signs two roots for one size and never a smaller size;
- what is signed is kept before the signature is made: a crash between the two signs the same head again, no other;
- two contradicting checkpoints are kept whole as evidence (promise 4).

One witness a journal: the running agent holds the folder's lock (``node_agent.process.daemon``).
"""

import logging
import threading
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from crypto.evidence.pins import Pins
from crypto.log import merkle, note
from crypto.log.checkpoint import Checkpoint, verify_checkpoint
from crypto.log.cosignature import Ed25519Cosigner
from crypto.refusal import Refusal
from node_agent.auditor.alarms import keep_fork, raise_alarm
from node_agent.client.calls import NO_ANSWER
from node_agent.keys.identity import AgentIdentity
from node_agent.process.runtime import Agent

LAST = "witness.last"
LOOK_SECONDS = 2.0
RULE = "C2SP tlog-witness; promise 4"
# Answers that only say "not now": the next look asks again.
PASSING = NO_ANSWER | {"NOT_INTEGRATED", "CHECKPOINT_MOVED"}
log = logging.getLogger(__name__)


class Witness:
    """Every node is one. Blocking; one thread. ``clock``: POSIX seconds."""

    def __init__(self, agent: Agent, clock: Callable[[], float] = time.time) -> None:
        self._agent = agent
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Look every two seconds until ``stop`` is set."""
        while not stop.is_set():
            try:
                self.step()
            except Refusal as refusal:
                if refusal.code not in PASSING:
                    log.error("witness does not sign: %s", refusal.code)
            stop.wait(LOOK_SECONDS)

    def step(self) -> bool:
        """Cosign the newest checkpoint; whether a line was handed in.

        1. The log signed it under the pinned keys. 2. It continues the last one signed here. 3. It is kept. 4. It is
        cosigned. 5. The line is handed in. Refusals LOG_FORKED, LOG_SHRANK, those of ``verify_checkpoint`` and the hub.
        """
        published, _ = self._agent.hub.checkpoint()
        head = read_head(published, self._agent.identity.pins)  # 1
        last = last_signed(self._agent)
        if last is not None:
            require_continued(self._agent, published, head)  # 2
            if head == last and self._is_ours(published):
                return False
        self._agent.journal.keep(LAST, published.encode())  # 3
        cosigner = witness_cosigner(self._agent.identity)
        text, _ = note.parse(published.encode())
        line = note.sign_note(text, [cosigner], int(self._clock())).decode().splitlines()[-1]  # 4
        self._agent.hub.add_cosignature(head.size, line)  # 5
        return True

    def _is_ours(self, published: str) -> bool:
        key = witness_cosigner(self._agent.identity).key
        _, lines = note.parse(published.encode())
        return any((line.name, line.key_id) == (key.name, key.key_id) for line in lines)


def witness_cosigner(identity: AgentIdentity) -> Ed25519Cosigner:
    """The node's witness key under the node's id. Refusals KEY_MISSING, WITNESS_KEY."""
    private = load_pem_private_key(identity.keys.signer("witness").private_pem(), None)
    if not isinstance(private, Ed25519PrivateKey):
        raise Refusal("WITNESS_KEY", "C2SP tlog-cosignature", node=identity.node)
    return Ed25519Cosigner(identity.node, private)


def read_head(published: str, pins: Pins) -> Checkpoint:
    """The head in a published note. Refusals as ``verify_checkpoint``; CHECKPOINT_ORIGIN for another log."""
    head = verify_checkpoint(published.encode(), pins.log_verifiers())
    if head.origin != pins.origin:
        raise Refusal("CHECKPOINT_ORIGIN", RULE, origin=head.origin)
    return head


def last_signed(agent: Agent) -> Checkpoint | None:
    """The newest head that this node vouched for, or None."""
    kept = agent.journal.kept(LAST)
    return read_head(kept.decode(), agent.identity.pins) if kept else None


def require_continued(agent: Agent, published: str, head: Checkpoint) -> None:
    """Refusal LOG_SHRANK or LOG_FORKED, with alarm and evidence, unless ``head`` continues the last one signed."""
    last = last_signed(agent)
    if last is not None and head.size < last.size:
        raise_alarm(agent.journal, "LOG_SHRANK", last.root.hex(), size=head.size, signed=last.size)
        raise Refusal("LOG_SHRANK", RULE, size=head.size, signed=last.size)
    require_one_log(agent, published, head)


def require_one_log(agent: Agent, published: str, head: Checkpoint) -> None:
    """Refusal LOG_FORKED, with alarm and evidence, unless ``head`` and the last one signed are of one log.

    The smaller must be the beginning of the larger (RFC 9162 2.1.4); for equal sizes the roots must be equal.
    """
    last = last_signed(agent)
    if last is None:
        return
    small, large = (last, head) if last.size <= head.size else (head, last)
    path = agent.hub.consistency_proof(small.size, large.size) if 0 < small.size < large.size else []
    try:
        if small.size:
            merkle.verify_consistency(small.size, large.size, path, small.root, large.root)
    except Refusal as refusal:
        kept = agent.journal.kept(LAST)
        assert kept is not None  # last is not None
        name = last.root.hex()  # one alarm and one pair of notes a head, however far the other branch grows
        keep_fork(agent.journal, name, kept.decode(), published, path)
        raise_alarm(agent.journal, "LOG_FORKED", name, size=head.size, signed=last.size)
        raise Refusal("LOG_FORKED", RULE, size=head.size, signed=last.size) from refusal
