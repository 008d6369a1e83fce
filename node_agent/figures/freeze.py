"""The frozen yearly extract (J11): signed, and made again from the log by whoever doubts it.

Checking goes through these steps; the code carries the same numbers:
1. the envelope is of this form, signed by a person and a node that the registry knows;
2. the checkpoint beside it is of the pinned log, signed by all its keys;
3. the year had ended before the extract was made, the rules are those of this program;
4. made anew from the leaves under that checkpoint it is the same, byte for byte.

Invariants: the document names checkpoint, rules and calendar, and a digest over all leaves counted; it is a function of
these leaves alone; a year that has not ended is not frozen, a frozen file is never written over.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from crypto import canonical, suites
from crypto.log.checkpoint import Checkpoint
from crypto.refusal import Refusal
from crypto.statement import Envelope, envelope_from, sign
from hub.casework.context import RULES_VERSION
from hub.casework.figures.report import Report, report
from hub.casework.figures.tally import Period
from hub.casework.figures.values import CaseFigures
from hub.casework.time.calendar import WorkCalendar
from hub.casework.time.clocks import end_of
from node_agent.auditor.witness import read_head
from node_agent.figures.source import Seen
from node_agent.process.runtime import Agent

RULE = "J11"
FIGURES_TYPE = "application/vnd.yidi.figures+json"
Cases = Callable[[WorkCalendar, Seen, int], Iterator[CaseFigures]]
"""Cases from leaves under an index: of this node, or of evidence packages."""


@dataclass(frozen=True)
class Frozen:
    """A yearly extract: canonical document, its digest, the report that it holds, what was read for it."""

    data: bytes
    digest: str
    made: Report
    seen: Seen


def period_of(since: str, until: str, now: str) -> Period:
    """Legal dates, ISO, both included; judged at the end of the period, or ``now`` while it lasts."""
    return Period(since, until, min(end_of(date.fromisoformat(until)), now))


def freeze(agent: Agent, year: int, cases: Cases, scope: Mapping[str, str], published: str, now: str = "") -> Frozen:
    """The extract of a year under a published checkpoint. Refusals FIGURES_YEAR_OPEN, FIGURES_INCOMPLETE, those of
    ``read_head``."""
    head = read_head(published, agent.identity.pins)
    moment = now or canonical.time_text(datetime.now(UTC))
    if moment <= end_of(date(year, 12, 31)):
        raise Refusal("FIGURES_YEAR_OPEN", RULE, value=year)
    return _made(agent, year, cases, scope, head)


def write(agent: Agent, frozen: Frozen, staff_code: str, published: str, folder: Path, year: int) -> Path:
    """The extract signed by person and node, the checkpoint note beside it, under a name that is new.

    Refusals FIGURES_EXISTS, FIGURES_UNWRITABLE, PERSON_UNKNOWN_HERE.
    """
    person, key = agent.identity.person(staff_code)
    envelope = sign(frozen.data, [key, agent.identity.sign], FIGURES_TYPE)
    told = {
        "v": 1,
        "node": agent.identity.node,
        "person": person,
        "epoch": agent.registry.directory.epoch,
        "checkpoint": published,
        "extract": envelope.as_object(),
    }
    path = folder / f"yidi-{year}-{frozen.digest[:16]}.json"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(canonical.encode(told))
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise Refusal("FIGURES_EXISTS", RULE, file=path.name) from error
    except OSError as error:
        raise Refusal("FIGURES_UNWRITABLE", RULE, problem=error.strerror or "") from error
    return path


@dataclass(frozen=True)
class Checked:
    """An extract that holds: digest, cases counted, size of the log then, node and person that signed."""

    digest: str
    cases: int
    size: int
    node: str
    person: str


def check(agent: Agent, path: Path, cases: Cases) -> Checked:
    """Steps 1 to 4. Refusals FIGURES_FORMAT, FIGURES_SIGNATURE, FIGURES_RULES, FIGURES_DIFFER, those of ``freeze``."""
    told, envelope, document = _read(path)
    node, person = str(told.get("node")), str(told.get("person"))
    for subject in (node, person):  # 1
        _require_signed(agent, envelope, subject, told.get("epoch"))
    published = str(told.get("checkpoint"))
    head = read_head(published, agent.identity.pins)  # 2
    if document.get("rules") != RULES_VERSION:  # 3
        raise Refusal("FIGURES_RULES", RULE, version=str(document.get("rules"))[:20])
    scope, period = document.get("scope"), document.get("period")
    if not isinstance(scope, dict) or not isinstance(period, dict):
        raise Refusal("FIGURES_FORMAT", RULE)
    again = freeze(agent, _year(period), cases, scope, published)
    if again.data != envelope.payload:  # 4
        raise Refusal("FIGURES_DIFFER", RULE, digest=again.digest, told=canonical.digest(envelope.payload))
    return Checked(again.digest, again.seen.cases, head.size, node, person)


def node_of(path: Path) -> str:
    """Whose figures an extract holds: a node id, empty for those of packages. Refusal FIGURES_FORMAT."""
    scope = _read(path)[2].get("scope")
    return str(scope.get("node", "")) if isinstance(scope, dict) else ""


# --- pieces ----------------------------------------------------------------------------------------------------------


def _made(agent: Agent, year: int, cases: Cases, scope: Mapping[str, str], head: Checkpoint) -> Frozen:
    calendar = agent.registry.calendar()
    period = Period(f"{year}-01-01", f"{year}-12-31", end_of(date(year, 12, 31)))
    seen = Seen()
    made = report(cases(calendar, seen, head.size), period, calendar)
    if seen.left_out:
        first = min(seen.left_out)
        raise Refusal("FIGURES_INCOMPLETE", RULE, cases=len(seen.left_out), case=first, codes=seen.left_out[first])
    data = canonical.encode(
        {
            **made.document(scope),
            "checkpoint": {"origin": head.origin, "size": head.size, "root": head.root.hex()},
            "leaves": {"cases": seen.cases, "digest": seen.digest},
        }
    )
    return Frozen(data, canonical.digest(data), made, seen)


def _read(path: Path) -> tuple[dict[str, Any], Envelope, dict[str, Any]]:
    try:
        told: dict[str, Any] = canonical.parse(path.read_bytes())
        envelope = envelope_from(told["extract"], FIGURES_TYPE)
        return told, envelope, canonical.parse(envelope.payload)
    except (OSError, KeyError, TypeError, Refusal) as error:
        raise Refusal("FIGURES_FORMAT", RULE) from error


def _require_signed(agent: Agent, envelope: Envelope, subject: str, epoch: object) -> None:
    """By a key that was the subject's at that registry position. Refusals FIGURES_SIGNATURE, FIGURES_FORMAT."""
    if not isinstance(epoch, int) or not 0 < epoch <= agent.registry.directory.epoch:
        raise Refusal("FIGURES_FORMAT", RULE)
    for keyid, made in envelope.signatures:
        try:
            found = agent.registry.directory.entry(keyid, epoch)
            if (found.record.subject, found.purpose) == (subject, "sign"):
                suites.verify(found.key.suite, found.key.public, made, envelope.signed_bytes)
                return
        except Refusal:
            continue
    raise Refusal("FIGURES_SIGNATURE", RULE, person=subject)


def _year(period: Mapping[str, object]) -> int:
    text = str(period.get("since", ""))[:4]
    if not (text.isascii() and text.isdecimal() and len(text) == 4):
        raise Refusal("FIGURES_FORMAT", RULE)
    return int(text)
