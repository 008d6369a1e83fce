"""The way in: what the hub sends is checked leaf by leaf before it is kept, and acted on.

A leaf is verified in these steps; ``verify_leaf`` carries the same numbers:
1. it is canonical, of the pinned log, at the index and of the case that were said, and not another one than before;
2. the registry is here up to the leaf's epoch, the epoch is the number of registry leaves that lie before the leaf
   and never falls within a case (so a revoked key cannot be judged by the past), and the catalogue and the calendar
   that the leaf names are here;
3. every signature verifies under a key valid at that epoch: the node's, the person's where one is named, in a role
   that the law's row for this event gives;
4. the custody chain is unbroken, no leaf of the case is withheld, legal time does not run backwards.

Invariants:
- a leaf that fails is not kept and stops its case with an alarm (LEAF_UNTRUSTED); other cases go on;
- the cursor is the last position of the inbox looked at, kept in the journal; leaves that do not follow what is here
  (a stopped case, a lost journal) are asked for by case;
- what needs long transfers (pulls, manifests) runs beside the stream, a few cases at a time, and is tried again with
  growing random pauses.
"""

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from crypto import canonical, suites
from crypto.log import leaf as leaves
from crypto.refusal import Refusal
from crypto.statement import CUSTODY
from hub.casework.law import Signers
from hub.casework.table import LAW
from node_agent.known.casemirror import Recorded, history, recorded
from node_agent.process.runtime import Agent
from node_agent.transfer import bounce, following, pulling
from storage import failpoints
from storage.journal import Journal
from storage.transfer import TransferClient

if TYPE_CHECKING:
    from node_agent.client.hub import InboxItem

log = logging.getLogger(__name__)

RULE = "promise 4; architecture: receiver"
CURSOR = "inbox_cursor"
ALARMS = "alarms"
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
MACHINE_ACTS = frozenset({"delivered", "bounced", "resend", "taken_up"})
"""Acts of this node alone that the law may refuse since the case moved on meanwhile, and that are then made again."""
WHOLE = frozenset({"window", "department", "portal", "coordinator"})
CASES_AT_ONCE = 4
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
ANSWER_PAUSE_S = 5.0
LONGEST_STREAM_PAUSE_S = 5.0  # a hub that restarts is back soon, and another one may serve already
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
        raise _untrusted(step, refusal, case_id, index) from refusal
    return told


def whole(agent: Agent) -> bool:
    """Whether this node sees its cases from their first leaf on; a gateway does not."""
    return bool(agent.registry.directory.current(agent.identity.node).roles & WHOLE)


def alarms(agent: Agent) -> dict[str, Refusal]:
    """Alarms that stand, by ``leaf:<case>`` or ``pull:<case>``."""
    kept = json.loads(agent.journal.kept(ALARMS) or b"{}")
    return {name: Refusal(item["code"], item["rule"], **item["values"]) for name, item in kept.items()}


class Receiver:
    """One an agent. ``step`` and ``run`` must not be used at the same time."""

    def __init__(
        self,
        agent: Agent,
        transfer: TransferClient | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._agent = agent
        self._transfer = transfer or TransferClient()
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._touched = set(agent.journal.case_ids())
        self._wake = threading.Event()
        self._over = False
        self._tries: dict[str, tuple[int, float]] = {}
        self._again: dict[str, float] = {}

    def run(self, stop: threading.Event) -> None:
        """Until ``stop``: watch the inbox in a thread of its own, do the work that follows in this one."""
        threading.Thread(target=self._watch, args=(stop,), name="inbox", daemon=True).start()
        try:
            while not stop.is_set():
                self._wake.clear()
                self._work()
                self._wake.wait(FIRST_PAUSE_S)
        finally:
            self._over = True  # whoever starts another receiver must not get a second stream

    def step(self) -> int:
        """One page of the inbox and the work that follows from it; how many leaves were looked at."""
        self._agent.registry.refresh(self._agent.hub)
        page = self._agent.hub.inbox(self._cursor())
        for item in page:
            self._take(item)
        self._retry_stopped()
        self._work()
        return len(page)

    # --- the stream ------------------------------------------------------------------------------------------

    def _watch(self, stop: threading.Event) -> None:
        failures = 0
        while not (stop.is_set() or self._over):
            try:
                self._agent.registry.refresh(self._agent.hub)
                for entry in self._agent.hub.watch_inbox(self._cursor()):
                    if stop.is_set() or self._over:
                        return
                    failures = 0
                    if entry is not None:
                        self._take(entry)
                    self._retry_stopped()
            except Refusal as refusal:
                if not stop.is_set():
                    log.warning("inbox: %s", refusal)
            except Exception:
                if not stop.is_set():
                    log.exception("inbox stream failed")
            failures += 1
            stop.wait(pause_s(failures, LONGEST_STREAM_PAUSE_S))

    def _take(self, item: "InboxItem") -> None:
        """Verify and keep one leaf, after those of its case that come before it; then move the cursor."""
        stopped = f"leaf:{item.case_id}"
        try:
            self._fill_gap(item.index, item.case_id, item.leaf)
            self._keep(item.index, item.case_id, item.leaf)
            self._clear(stopped)
        except Refusal as refusal:
            if refusal.code in LATER:
                raise
            if stopped not in alarms(self._agent):  # the first cause stands until the case goes on
                known = refusal.code == "LEAF_UNTRUSTED"
                self._alarm(stopped, refusal if known else _untrusted(4, refusal, item.case_id, item.index))
        with failpoints.write("receiver.cursor"):
            self._agent.journal.keep(CURSOR, str(item.cursor).encode())

    def _keep(self, index: int, case_id: str, data: bytes) -> None:
        if data in self._agent.journal.leaves(case_id):
            return
        verify_leaf(self._agent, index, case_id, data)
        self._agent.journal.receive([(index, case_id, data)])  # commit point: the leaf is ours
        self._tries.pop(f"pull:{case_id}", None)  # news, as a key packet: what waited for it is tried at once
        self._touch(case_id)
        self._wake.set()

    def _fill_gap(self, before: int, case_id: str, data: bytes) -> None:
        """Leaves of the case that lie before one that came and are not here."""
        told = history(self._agent.journal, case_id)
        here = told[-1].leaf.case_seq or 0 if told else 0
        came = _readable(before, case_id, data).leaf.case_seq or 0
        if came <= here + 1 or not whole(self._agent):
            return
        self._catch_up(case_id, before)

    def _catch_up(self, case_id: str, before: int | None = None) -> None:
        told = history(self._agent.journal, case_id)
        last = told[-1].leaf.index if told else -1
        while page := self._agent.hub.case_leaves(case_id, last):
            for data in page:
                last = _readable(last + 1, case_id, data).leaf.index
                if before is not None and last >= before:
                    return
                self._keep(last, case_id, data)

    def _retry_stopped(self) -> None:
        """Stopped cases are looked at again: a wrong copy on the way may be followed by the right one."""
        for name, alarm in alarms(self._agent).items():
            kind, _, case_id = name.partition(":")
            if kind != "leaf" or not self._due(name):
                continue
            try:
                self._catch_up(case_id)
            except Refusal as refusal:
                log.warning("%s still stands: %s", name, refusal)
            told = history(self._agent.journal, case_id)
            if told and told[-1].leaf.index >= int(alarm.values["index"]):
                self._clear(name)
            else:
                self._later(name)

    # --- work that follows -----------------------------------------------------------------------------------

    def _work(self) -> None:
        """Manifests and pulls of cases that changed; what fails stays on the list."""
        for case_id, at in list(self._again.items()):
            if at <= self._monotonic():
                del self._again[case_id]
                self._touch(case_id)
        with self._lock:
            due = sorted(case_id for case_id in self._touched if self._due(f"pull:{case_id}"))
            self._touched -= set(due)
        if len(due) == 1:
            self._look_after(due[0])
        elif due:
            with ThreadPoolExecutor(CASES_AT_ONCE, thread_name_prefix="case") as threads:
                list(threads.map(self._look_after, due))

    def _look_after(self, case_id: str) -> None:
        """One case; cases wait for hub and store together, not one for the other."""
        try:
            self._attend(case_id)
            self._clear(f"pull:{case_id}")
        except Refusal as refusal:
            self._touch(case_id)
            self._failed(f"pull:{case_id}", refusal)
        except Exception:
            self._touch(case_id)
            self._failed(f"pull:{case_id}", Refusal("INTERNAL", RULE))
            log.exception("case %s", case_id)

    def _attend(self, case_id: str) -> None:
        if not whole(self._agent) or f"leaf:{case_id}" in alarms(self._agent):
            return
        answered = self._machine_acts(case_id, answered=True)
        if pulling.awaits_pull(self._agent, case_id):
            self._pull(case_id)
        pulling.fetch_named(self._agent, case_id, self._transfer)
        pulling.keep_manifests(self._agent, case_id)
        seconds = following.attend(self._agent, case_id)
        if self._machine_acts(case_id) - answered:  # a refusal brings no leaf: it is looked for
            seconds = min(ANSWER_PAUSE_S, seconds if seconds is not None else ANSWER_PAUSE_S)
        if seconds is not None:
            self._again[case_id] = self._monotonic() + seconds

    def _machine_acts(self, case_id: str, *, answered: bool = False) -> set[str]:
        """Identities of this node's machine acts of a case; ``answered``: without those that wait."""
        return {
            act.payload_digest
            for act in self._agent.journal.acts(case_id)
            if act.event in MACHINE_ACTS and not (answered and act.state == "WAITING")
        }

    def _pull(self, case_id: str) -> None:
        """A pull that fails for good is sent back (T12); the window mends it or the hub says why it is sound."""
        try:
            pulling.pull(self._agent, case_id, self._transfer)
        except Refusal as refusal:
            tries = self._tries.get(f"pull:{case_id}", (0, 0.0))[0] + 1
            if tries < bounce.BOUNCE_AFTER or not bounce.send_back(self._agent, case_id, refusal):
                raise
            log.error("case %s sent back: %s", case_id, refusal.code)
            self._tries.pop(f"pull:{case_id}", None)

    def _touch(self, case_id: str) -> None:
        with self._lock:
            self._touched.add(case_id)

    # --- cursor, alarms, pauses ------------------------------------------------------------------------------

    def _cursor(self) -> int:
        return int(self._agent.journal.kept(CURSOR) or b"0")

    def _due(self, name: str) -> bool:
        return self._tries.get(name, (0, 0.0))[1] <= self._monotonic()

    def _later(self, name: str) -> None:
        count = self._tries.get(name, (0, 0.0))[0] + 1
        self._tries[name] = (count, self._monotonic() + pause_s(count))

    def _failed(self, name: str, refusal: Refusal) -> None:
        self._later(name)
        if refusal.code not in LATER:
            self._alarm(name, refusal)

    def _alarm(self, name: str, refusal: Refusal) -> None:
        log.error("alarm %s: %s", name, refusal)
        values: Mapping[str, str] = refusal.values
        self._change({name: {"code": refusal.code, "rule": refusal.rule, "values": dict(values)}})

    def _clear(self, name: str) -> None:
        self._tries.pop(name, None)
        if name in alarms(self._agent):
            self._change({name: None})

    def _change(self, changes: Mapping[str, object]) -> None:
        with self._lock:
            kept = json.loads(self._agent.journal.kept(ALARMS) or b"{}") | changes
            standing = {name: item for name, item in kept.items() if item is not None}
            self._agent.journal.keep(ALARMS, canonical.encode(standing))


def pause_s(failures: int, most: float = LONGEST_PAUSE_S) -> float:
    """Seconds until the next attempt: doubled with each failure, bounded, half of it random."""
    longest = min(most, FIRST_PAUSE_S * float(1 << min(failures - 1, 16)))
    return longest * random.uniform(0.5, 1)


def _untrusted(step: int, cause: Refusal, case_id: str, index: int) -> Refusal:
    return Refusal("LEAF_UNTRUSTED", RULE, step=step, cause=cause.code, case=case_id, index=index)


def _readable(index: int, case_id: str, data: bytes) -> Recorded:
    """A leaf before it is verified, to see where it belongs. Refusal LEAF_UNTRUSTED."""
    try:
        return recorded(data)
    except Refusal as refusal:
        raise _untrusted(1, refusal, case_id, index) from refusal


# --- the numbered steps ------------------------------------------------------------------------------------------


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
