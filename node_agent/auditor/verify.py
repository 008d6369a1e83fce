"""The audit of one evidence package on a computer without network: proofs, signatures, law, due dates.

Invariants:
- nothing but the package and the pins is read; no network code is imported (a test asserts it);
- every finding of every step is listed, the verdict follows from all of them together;
- where a version, a suite or the rules are not known here, the law cannot be judged either: its findings are
  INDETERMINATE then. What a hub can bring about by withholding (cosignatures) softens no finding of the law.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from crypto.evidence import read
from crypto.evidence.pins import Pins
from crypto.evidence.report import UNKNOWN_CODES, Collector, Finding, Report, Severity, Verdict, verdict_of
from crypto.evidence.timeline import envelope_of
from crypto.evidence.verify import verify
from crypto.log.leaf import Leaf
from crypto.refusal import Refusal
from crypto.statement import read_statement
from hub.casework.casefile import CaseFile
from hub.casework.context import RULES_VERSION
from hub.casework.custody import ClockRow, CustodyRow, clock_rows, custody_table
from hub.casework.replay import Replay, replay, rules_document
from hub.casework.states import CHINESE
from hub.casework.supervision.audit import AuditCard, audit_cards

UNKNOWN = UNKNOWN_CODES | {
    "DOCUMENT_VERSION",
    "EXTRACT_VERSION",
    "LEAF_VERSION",
    "MANIFEST_VERSION",
    "PACKAGE_VERSION",
    "RULES_UNKNOWN",
    "STATEMENT_VERSION",
}
"""Findings that say "not known here": a version, a suite or rules newer than this program."""


@dataclass(frozen=True)
class AuditReport:
    """``evidence``: steps 1 to 12 of ``crypto.evidence.verify``; ``law``: findings of the replay; ``file``: the case
    as the law leaves it; ``custody`` and ``clocks``: recomputed from leaves; ``cards``: R6 to R9 (standards.md 8)."""

    verdict: Verdict
    evidence: Report
    law: tuple[Finding, ...]
    file: CaseFile | None
    custody: tuple[CustodyRow, ...]
    clocks: tuple[ClockRow, ...]
    cards: tuple[AuditCard, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, evidence first."""
        return (*self.evidence.findings, *self.law)

    def as_object(self) -> dict[str, object]:
        """JSON form."""
        return {
            "v": 1,
            "verdict": self.verdict.value,
            "case": self.evidence.case,
            "facts": dict(self.evidence.facts),
            "findings": [finding.as_object() for finding in self.findings],
            "state": _state(self.file),
            "custody": [row.as_object() for row in self.custody],
            "clocks": [row.as_object() for row in self.clocks],
            "cards": [card.as_object() for card in self.cards],
        }


def audit(package: bytes, pins: Pins) -> AuditReport:
    """The report on ``package`` under ``pins``. Raises nothing for any bytes.

    1. Evidence (``crypto.evidence.verify``). 2. The law run again over the leaves. 3. Custody, due dates, cards.
    """
    evidence = verify(package, pins)  # 1
    contents = read.read(package)
    leaves = read.readable(contents.leaves)
    done = _replay(contents, leaves, pins, evidence)  # 2
    verdict = verdict_of((*evidence.findings, *done.findings))
    custody = _custody(leaves)  # 3
    clocks = tuple(clock_rows(done.file)) if done.file else ()
    cards = audit_cards(evidence.findings, done.findings, _events(leaves), done.file)
    return AuditReport(verdict, evidence, done.findings, done.file, custody, clocks, cards)


def _replay(contents: read.Contents, leaves: list[Leaf], pins: Pins, evidence: Report) -> Replay:
    registry = read.readable(contents.registry)
    done = replay(leaves, registry, contents.documents, contents.manifests, pins.registrar_keys)
    found = Collector()
    unknown = evidence.verdict is Verdict.INDETERMINATE and not evidence.codes().isdisjoint(UNKNOWN)
    for one in done.findings:
        severity = Severity.INDETERMINATE if unknown and one.severity is Severity.INVALID else one.severity
        found.add(one.code, one.where, one.detail, severity)
    same = all(leaf.rules == RULES_VERSION for leaf in leaves)
    if same and contents.entries.get(read.RULES) not in (None, rules_document()):
        found.add("RULES_DIFFER", read.RULES, f"version {RULES_VERSION}", Severity.INDETERMINATE)
    return Replay(done.file, found.findings)


def _events(leaves: list[Leaf]) -> dict[str, str]:
    """Event by name of the leaf; what cannot be read has none."""
    found = {}
    for leaf in leaves:
        try:
            found[read.leaf_name(leaf.index)] = read_statement(envelope_of(leaf).payload).type
        except Refusal:
            continue
    return found


def _custody(leaves: list[Leaf]) -> tuple[CustodyRow, ...]:
    try:
        return tuple(custody_table(leaves))
    except Refusal:  # an unreadable statement is a finding of step 8; no table is made from the rest
        return ()


def _state(file: CaseFile | None) -> Mapping[str, object] | None:
    if file is None:
        return None
    return {
        "state": file.state.value,
        "chinese": CHINESE[file.state],
        "case_no": file.case_no,
        "public_no": file.public_no,
        "task_code": file.task_code,
        "holder": file.holder,
        "outcome": file.outcome,
    }
