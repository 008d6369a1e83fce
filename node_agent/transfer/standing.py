"""How sending goes, for people: what keeps it from going on, alarms, uploads under way.

Invariant: the note in the journal is written when something changed, so a quiet agent writes nothing.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from crypto import canonical
from crypto.refusal import Refusal
from storage.journal import Journal

log = logging.getLogger(__name__)
STATUS = "sender"


def read_status(journal: Journal) -> dict[str, Any]:
    """How sending goes: ``at``; ``problem`` (code, rule, values) or None; ``alarms``: {digest: {code, at, values}}.

    An alarm's digest is that of an act, or of the manifest of an upload that cannot go.
    ``uploads``: {manifest digest: [parts stored, parts in all]} of uploads of several parts under way.
    """
    data = journal.kept(STATUS)
    return {"at": "", "problem": None, "alarms": {}, "uploads": {}} | (dict(json.loads(data)) if data else {})


class Standing:
    """One a sender. ``problem``: what keeps something from moving in this round, or None."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._status = read_status(journal)
        self.problem: Refusal | None = None

    def trouble(self, refusal: Refusal) -> None:
        """Something did not go; the first of a round is told."""
        if self.problem is None:
            self.problem = refusal

    def alarm(self, digest: str, refusal: Refusal) -> None:
        """Something that does not pass by itself; ``digest``: of an act, or of an upload's manifest."""
        known = self._status["alarms"].get(digest)
        if known is None or known["code"] != refusal.code:
            log.error("alarm: %s", refusal)
            self._status["alarms"][digest] = {
                "code": refusal.code,
                "at": canonical.time_text(datetime.now(UTC)),
                "values": dict(refusal.values),
            }

    def clear(self, digest: str) -> None:
        """The alarm is over."""
        self._status["alarms"].pop(digest, None)

    def uploading(self, digest: str, stored: int, parts: int) -> None:
        """For the list of what waits: how far an upload is."""
        self._status["uploads"][digest] = [stored, parts]
        self.write()

    def uploaded(self, digest: str) -> None:
        """The upload is under way no longer."""
        self._status["uploads"].pop(digest, None)

    def write(self) -> None:
        """Into the journal, if anything changed."""
        shown = None
        if self.problem is not None:
            shown = {"code": self.problem.code, "rule": self.problem.rule, "values": dict(self.problem.values)}
        before = read_status(self._journal)
        if all(before[name] == now for name, now in {**self._status, "problem": shown}.items() if name != "at"):
            return
        status = {**self._status, "at": canonical.time_text(datetime.now(UTC)), "problem": shown}
        self._journal.keep(STATUS, canonical.encode(status))
