"""Alarms of a node about the log, kept in its journal until a person has seen them.

Invariants: an alarm is raised once for one subject and stays on record, also after its cause has gone (``ended_at``);
it holds codes, digests, sizes and times, never personal data; evidence is kept whole, byte for byte.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from crypto import canonical
from storage.journal import Journal

NOTE = "auditor.alarms"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alarm:
    """``code``: LOG_FORKED or LOG_SHRANK. ``subject``: root of the head that was signed here. Time in UTC+8."""

    code: str
    subject: str
    raised_at: str
    values: Mapping[str, str] = field(default_factory=dict)


def alarms(journal: Journal) -> list[Alarm]:
    """All alarms, oldest first."""
    kept = journal.kept(NOTE)
    found = [Alarm(**item) for item in json.loads(kept).values()] if kept else []
    return sorted(found, key=lambda alarm: alarm.raised_at)


def raise_alarm(journal: Journal, code: str, subject: str, **values: object) -> None:
    """Keep an alarm; the same code and subject is kept once."""
    found = {f"{alarm.code}:{alarm.subject}": alarm for alarm in alarms(journal)}
    name = f"{code}:{subject}"
    if name in found:
        return
    texts = {key: str(value) for key, value in values.items()}
    found[name] = Alarm(code, subject, canonical.time_text(datetime.now(UTC)), texts)
    log.error("alarm %s %s", code, subject)
    _keep(journal, found)


def keep_fork(journal: Journal, name: str, first: str, second: str, proof: list[bytes]) -> None:
    """Keep two signed checkpoints that contradict each other, and the proof that failed; the first pair a ``name``."""
    if journal.kept(f"fork:{name}") is None:
        evidence = {"v": 1, "first": first, "second": second, "proof": [one.hex() for one in proof]}
        journal.keep(f"fork:{name}", canonical.encode(evidence))


def _keep(journal: Journal, found: Mapping[str, Alarm]) -> None:
    plain = {name: asdict(alarm) for name, alarm in found.items()}
    journal.keep(NOTE, json.dumps(plain, ensure_ascii=False).encode())
