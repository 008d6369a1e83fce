"""The way in: what the hub sends is checked leaf by leaf (``leaf_check``) before it is kept, and acted on.

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

from crypto import canonical
from crypto.refusal import Refusal
from node_agent.known.casemirror import Recorded, history, recorded
from node_agent.process.runtime import Agent
from node_agent.transfer import bounce, following, pulling
from node_agent.transfer.leaf_check import LATER, RULE, untrusted, verify_leaf, whole
from storage import failpoints
from storage.transfer import TransferClient

if TYPE_CHECKING:
    from node_agent.client.hub import InboxItem

log = logging.getLogger(__name__)
CURSOR = "inbox_cursor"
ALARMS = "alarms"
MACHINE_ACTS = frozenset({"delivered", "bounced", "resend", "taken_up"})
"""Acts of this node alone that the law may refuse since the case moved on meanwhile, and that are then made again."""
CASES_AT_ONCE = 4
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
ANSWER_PAUSE_S = 5.0
LONGEST_STREAM_PAUSE_S = 5.0  # a hub that restarts is back soon, and another one may serve already


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
                self._alarm(stopped, refusal if known else untrusted(4, refusal, item.case_id, item.index))
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


def _readable(index: int, case_id: str, data: bytes) -> Recorded:
    """A leaf before it is verified, to see where it belongs. Refusal LEAF_UNTRUSTED."""
    try:
        return recorded(data)
    except Refusal as refusal:
        raise untrusted(1, refusal, case_id, index) from refusal
