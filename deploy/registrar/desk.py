"""The registrar at work: fetches waiting requests from the hub and answers them.

Invariants:
- the registrar judges by its own replay of the registry leaves, every signature verified with its own pinned key;
- an idle desk asks every two seconds, one that just answered sooner (who enrols one node enrols the next), one that
  the hub turned away ever less often;
- a node that announces new keys of its own is alarmed once, while there is time to veto;
- every waiting request gets an answer, so the queue cannot be blocked by bad ones: what nobody foresaw is logged by
  its type and answered with INTERNAL; only when the hub itself is in trouble does a request stay for the next round.
"""

import logging
import threading
import time

from crypto.directory import Directory
from crypto.refusal import Refusal
from deploy.registrar.registrar import Decision, Registrar
from hub.services.enrolment import Asked
from node_agent.client.calls import NO_ANSWER
from node_agent.client.enrolment import PendingEnrolment, RegistryDoor

LOOK_SECONDS = 15.0
POLL_SECONDS, QUICK_SECONDS, QUICK_LASTS_SECONDS, LONGEST_PAUSE_SECONDS = 2.0, 0.2, 10.0, 30.0
log = logging.getLogger(__name__)


class RegistrarDesk:
    """One connection to the hub. Not thread-safe."""

    def __init__(self, registrar: Registrar, door: RegistryDoor) -> None:
        self._registrar = registrar
        self._door = door
        self.directory = Directory([registrar.public_key])
        self._alarmed: set[str] = set()
        self._next_look = 0.0

    def run(self, stop: threading.Event, poll_seconds: float = POLL_SECONDS) -> None:
        """Answer until ``stop`` is set, or until the own certificate is due and the connection has to be made anew."""
        pause, busy_until = poll_seconds, 0.0
        while not stop.is_set() and not self._registrar.certificate_is_due():
            try:
                answered = self.round()
            except Refusal as refusal:
                log.warning("the hub does not answer: %s", refusal.code)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                stop.wait(pause)
                continue
            pause = poll_seconds
            if answered:
                busy_until = time.monotonic() + QUICK_LASTS_SECONDS
            elif time.monotonic() < busy_until:
                stop.wait(min(QUICK_SECONDS, poll_seconds))
            else:
                stop.wait(poll_seconds)

    def round(self) -> int:
        """Answer what waits; how many were answered. Refusals of the hub's own troubles."""
        waiting = self._door.pending()
        if waiting or time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_SECONDS
            self.catch_up()
            self._watch()
        for asked in waiting:
            self._answer(asked)
        return len(waiting)

    def catch_up(self) -> None:
        """Replay registry leaves that are new, verifying each. Refusal REGISTRY_UNTRUSTED."""
        while True:
            fetched, epoch = self._door.leaves(self.directory.epoch)
            for data in fetched:
                self.directory.admit_leaf(data)
            if not fetched or self.directory.epoch >= epoch:
                return

    def _watch(self) -> None:
        """One alarm a proposal: it counts from ``ready_at`` on unless somebody says no."""
        for proposal in self.directory.proposals():
            if proposal.record.digest not in self._alarmed:
                self._alarmed.add(proposal.record.digest)
                log.warning("KEYS_PROPOSED %s, counts from %s on", proposal.record.subject, proposal.ready_at)

    def _answer(self, waiting: PendingEnrolment) -> None:
        asked = Asked(waiting.subject, waiting.certificate_request, waiting.record, waiting.token_tag)
        try:
            self._hand_in(waiting, self._registrar.answer(asked, waiting.renewal, self.directory))
        except Refusal as refusal:
            if refusal.code in NO_ANSWER:
                raise
            # The log says no to the record (a key used before, a record that is not current): so do we.
            self._refuse(waiting, refusal.code)
        except Exception as error:  # a stranger's bytes: one bad row must not stop the others
            log.error("%s: unforeseen %s", waiting.enrolment_id, type(error).__name__)
            self._refuse(waiting, "INTERNAL")

    def _refuse(self, waiting: PendingEnrolment, code: str) -> None:
        try:
            self._hand_in(waiting, Decision(refusal_code=code))
        except Refusal as refusal:
            if refusal.code in NO_ANSWER:
                raise
            log.warning("%s: the refusal was not taken: %s", waiting.enrolment_id, refusal.code)

    def _hand_in(self, waiting: PendingEnrolment, decision: Decision) -> None:
        self._door.answer(waiting.enrolment_id, decision.certificate, decision.record, decision.refusal_code)
        log.info("%s %s", waiting.subject, decision.refusal_code or "granted")
