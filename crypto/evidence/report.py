"""What a verification says: findings with stable codes, and the one verdict that follows from them.

Invariants:
- INVALID wins over INDETERMINATE wins over VALID: no finding is without effect;
- a finding names a file of the package (``where``) and never repeats personal data;
- what the verifier does not know (a version, a suite) is INDETERMINATE: neither good nor a forgery.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from crypto.refusal import Refusal

UNKNOWN_CODES = frozenset({"SUITE_UNKNOWN"})
"""Codes of refusals that say "not known here", not "wrong"."""


class Severity(StrEnum):
    """What a finding does to the verdict."""

    INVALID = "INVALID"
    INDETERMINATE = "INDETERMINATE"


class Verdict(StrEnum):
    """The outcome of a verification."""

    VALID = "VALID"
    INVALID = "INVALID"
    INDETERMINATE = "INDETERMINATE"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it must be. ``where``: file in the package; ``detail``: values, in English."""

    code: str
    severity: Severity
    where: str
    detail: str = ""

    def as_object(self) -> dict[str, object]:
        """JSON form."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "where": self.where,
            "detail": self.detail,
        }


@dataclass(frozen=True)
class Report:
    """``case``: the case spoken of (empty when unreadable); ``facts``: what was counted and checked, by name."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    facts: Mapping[str, int]
    case: str = ""

    def codes(self) -> frozenset[str]:
        """Codes of all findings."""
        return frozenset(finding.code for finding in self.findings)

    def as_object(self) -> dict[str, object]:
        """JSON form."""
        return {
            "v": 1,
            "verdict": self.verdict.value,
            "case": self.case,
            "facts": dict(self.facts),
            "findings": [finding.as_object() for finding in self.findings],
        }


class Collector:
    """Gathers findings in the order of the steps; the same finding twice counts once."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings so far."""
        return tuple(self._found)

    def add(self, code: str, where: str, detail: str = "", severity: Severity = Severity.INVALID) -> None:
        """Keep one finding."""
        self._found[Finding(code, severity, where, detail)] = None

    def extend(self, findings: Iterable[Finding]) -> None:
        """Keep several findings."""
        self._found.update(dict.fromkeys(findings))

    def refused(self, refusal: Refusal, where: str, *, code: str = "", unknown: bool = False) -> None:
        """Keep a refusal as a finding, under ``code`` where one is given; ``unknown``: it cannot be judged here."""
        self.extend([finding_of(refusal, where, code=code, unknown=unknown)])


def finding_of(refusal: Refusal, where: str, *, code: str = "", unknown: bool = False) -> Finding:
    """A refusal as a finding."""
    severe = Severity.INDETERMINATE if unknown or refusal.code in UNKNOWN_CODES else Severity.INVALID
    return Finding(code or refusal.code, severe, where, str(refusal))


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """The verdict that follows from the findings."""
    severities = {finding.severity for finding in findings}
    if Severity.INVALID in severities:
        return Verdict.INVALID
    return Verdict.INDETERMINATE if Severity.INDETERMINATE in severities else Verdict.VALID
