"""A leaf that the hub sent is verified before it is kept, in these steps; ``verify_leaf`` carries the same numbers:

1. it is canonical, of the pinned log, at the index and of the case that were said, and not another one than before;
2. the registry is here up to the leaf's epoch, the epoch is the number of registry leaves that lie before the leaf
   and never falls within a case (so a revoked key cannot be judged by the past), and the catalogue and the calendar
   that the leaf names are here;
3. every signature verifies under a key valid at that epoch: the node's, the person's where one is named, in a role
   that the law's row for this event gives;
4. the custody chain is unbroken, no leaf of the case is withheld, legal time does not run backwards.
"""

import threading
from weakref import WeakKeyDictionary

from crypto import suites
from crypto.log import leaf as leaves
from crypto.refusal import Refusal
from crypto.statement import CUSTODY
from hub.casework.law import Signers
from hub.casework.table import LAW
from node_agent.known.casemirror import Recorded, history, recorded
from node_agent.process.runtime import Agent
from storage.journal import Journal

RULE = "promise 4; architecture: receiver"
LATER = frozenset(
    {
        "HUB_UNAVAILABLE",
        "NOT_INTEGRATED",
        *("HUB_STOPPING", "HUB_BUSY", "HUB_SLOW", "RATE_LIMITED", "DATABASE_UNAVAILABLE"),
        "STORE_UNAVAILABLE",
        "INTERNAL",
        "JOURNAL_UNWRITABLE",
        "INBOX_UNWRITABLE",
        "CERTIFICATE_EXPIRED",
    }
)
"""Codes that say nothing about a leaf or an object: hub, store or this machine's disk is away."""
WHOLE = frozenset({"window", "department", "portal", "coordinator"})
_PLACES: WeakKeyDictionary[Journal, list[int]] = WeakKeyDictionary()
_PLACES_LOCK = threading.Lock()


def verify_leaf(agent: Agent, index: int, case_id: str, data: bytes) -> Recorded:
    """The leaf, after steps 1 to 4. Refusal LEAF_UNTRUSTED (``step``, ``cause``); codes in ``LATER`` pass through."""
    step = 1
    try:
        told = recorded(data)  # 1
        _require_place(agent, told, index, case_id)
        step = 2
        known = history(agent.journal, case_id)
        _require_epoch(agent, told, known)  # 2
        step = 3
        _require_signatures(agent, told)  # 3
        step = 4
        _require_chain(known, told, whole(agent))  # 4
    except Refusal as refusal:
        if refusal.code in LATER:
            raise
        raise untrusted(step, refusal, case_id, index) from refusal
    return told


def whole(agent: Agent) -> bool:
    """Whether this node sees its cases from their first leaf on; a gateway does not."""
    return bool(agent.registry.directory.current(agent.identity.node).roles & WHOLE)


def untrusted(step: int, cause: Refusal, case_id: str, index: int) -> Refusal:
    """The refusal of a leaf that failed in ``step``."""
    return Refusal("LEAF_UNTRUSTED", RULE, step=step, cause=cause.code, case=case_id, index=index)


def _require_place(agent: Agent, told: Recorded, index: int, case_id: str) -> None:
    leaf = told.leaf
    if (leaf.origin, leaf.index, told.statement.case) != (agent.identity.pins.origin, index, case_id):
        raise Refusal("LEAF_MISPLACED", RULE, index=index, got=leaf.index)
    for other in history(agent.journal, case_id):
        if other.leaf.index == index:
            raise Refusal("LEAF_CHANGED", RULE, index=index)


def _require_epoch(agent: Agent, told: Recorded, known: list[Recorded]) -> None:
    leaf, registry = told.leaf, agent.registry
    if len(_registry_places(agent)) < leaf.epoch:
        registry.refresh(agent.hub)
    places = _registry_places(agent)
    if len(places) < leaf.epoch:
        raise Refusal("REGISTRY_BEHIND", RULE, epoch=leaf.epoch, here=len(places))
    before = sum(place < leaf.index for place in places)
    if leaf.epoch != before or (known and leaf.epoch < known[-1].leaf.epoch):
        raise Refusal("LEAF_EPOCH", "H09; architecture: leaf (epoch)", epoch=leaf.epoch, here=before)
    versions = {("catalogue", leaf.catalogue), ("calendar", leaf.calendar)}
    if told.statement.body.get("catalogue") is not None:
        versions.add(("catalogue", str(told.statement.body["catalogue"])))
    for kind, version in versions:
        if version:
            registry.document(kind, version, agent.hub)


def _registry_places(agent: Agent) -> list[int]:
    """Log indexes of the registry leaves kept here, in order of epoch; each leaf is decoded once."""
    with _PLACES_LOCK:
        places = _PLACES.setdefault(agent.journal, [])
        places += [leaves.decode(data).index for data in agent.journal.registry(len(places))]
        return list(places)


def _require_signatures(agent: Agent, told: Recorded) -> None:
    statement, envelope, epoch = told.statement, told.envelope, told.leaf.epoch
    directory = agent.registry.directory
    for check in directory.checks(envelope, epoch):
        suites.verify(check.suite, check.public, check.signature, envelope.signed_bytes)
    node = directory.signed_by_node(statement, envelope, epoch)
    if statement.actor.person:
        directory.signed_by_person(statement, envelope, epoch)
    directory.signed_by_second(statement, envelope, epoch)
    rows = [row for row in LAW.rows if (row.chain, row.event) == (statement.chain, statement.type)]
    if not rows:
        raise Refusal("EVENT_UNKNOWN", "states.md 4", event=statement.type, chain=statement.chain)
    row = rows[0]
    if row.signers is Signers.PERSON_OR_PORTAL and "portal" in node.roles and statement.actor.person is None:
        return
    if row.signers in (Signers.PERSON_AND_NODE, Signers.PERSON_OR_PORTAL):
        if statement.actor.person is None:
            raise Refusal("PERSON_SIGNATURE_MISSING", "promise 2; " + row.citation, type=row.event)
        if not any(statement.actor.role in other.roles for other in rows):
            raise Refusal("ROLE_FORBIDS", row.citation, role=statement.actor.role, event=row.event)
    elif not any(node.roles & other.roles for other in rows):
        raise Refusal("ROLE_FORBIDS", row.citation, role=",".join(sorted(node.roles)), event=row.event)
    if row.signers is Signers.HUB and node.subject != agent.settings.hub_node:
        raise Refusal("HUB_UNKNOWN", "promise 4", node=node.subject)


def _require_chain(known: list[Recorded], told: Recorded, from_first: bool) -> None:
    leaf, statement = told.leaf, told.statement
    if known:
        last = known[-1].leaf
        expected = (last.case_seq or 0) + 1
        if leaf.index < last.index or leaf.recorded_at < last.recorded_at:
            raise Refusal("LEAF_ORDER", "states.md 10, 20", index=leaf.index)
    else:
        expected = 1 if from_first else leaf.case_seq or 1
    if leaf.case_seq != expected and (from_first or (leaf.case_seq or 0) < expected):
        raise Refusal("LEAF_WITHHELD", RULE, expected=expected, got=leaf.case_seq)
    custody = [one for one in known if one.statement.chain == CUSTODY]
    if statement.chain != CUSTODY or (not custody and not from_first):
        return
    seq, head = (custody[-1].statement.seq or 0, custody[-1].envelope.digest) if custody else (0, None)
    if not from_first and (statement.seq or 0) > seq + 1:
        return  # a gateway is not shown what lies between
    if (statement.seq, statement.prev) != (seq + 1, head):
        raise Refusal("CHAIN_BROKEN", "architecture: order (custody chain)", case=statement.case or "")
