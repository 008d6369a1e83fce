"""What only an audit can find: R6, R7, R8, R9 (standards.md 8). The law's guards keep these out of an honest log.

Invariants: pure; each card names the finding and the place that it stands on, and no place is carded twice for one
rule; what cannot be judged (INDETERMINATE) raises none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from crypto.evidence.report import Finding, Severity
from hub.casework.casefile import CaseFile
from hub.casework.supervision.card_rules import RULES

_GRANTED: Final[Mapping[str, str]] = {"decide": "R7", "issue": "R7", "export": "R9"}
"""Events that need a live grant, and the rule that is broken without one."""

_UNDECIDABLE: Final = frozenset({"GRANT_MISSING", "HEAD_MUST_DECIDE", "RECORD_MISSING"})
"""Findings that say that nobody might decide so (F01, F02)."""

_PAUSES: Final = frozenset({"start_special", "special_moved"})

_ORDER: Final = frozenset({"HEAD_MOVED", "ANCHOR_UNKNOWN", "LEGAL_TIME_BACKWARD", "PERSON_SIGNATURE_MISSING"})
"""Findings of the replay that say that the chain does not hold."""


@dataclass(frozen=True)
class AuditCard:
    """A card that an audit raises: rule, where in the package, code of what was found."""

    rule: str
    where: str
    code: str

    @property
    def words(self) -> str:
        """What the rule is called."""
        return RULES[self.rule].words

    def as_object(self) -> dict[str, object]:
        """JSON form."""
        return {"rule": self.rule, "where": self.where, "code": self.code, "words": self.words}


def audit_cards(
    evidence: Iterable[Finding], law: Iterable[Finding], events: Mapping[str, str], file: CaseFile | None
) -> tuple[AuditCard, ...]:
    """Cards of one case: R8 of the proofs, then what the replay refused, then pauses of the case as it stands.

    ``evidence``: findings of ``crypto.evidence.verify``; ``law``: of the replay; ``events``: event by name of the leaf.
    """
    found = [AuditCard("R8", one.where, one.code) for one in evidence if one.severity is Severity.INVALID]
    found += [card for one in law if (card := _of_law(one, events.get(one.where, ""))) is not None]
    if file is not None:
        found += _of_pauses(file)
    return tuple(dict.fromkeys(found))


def _of_law(finding: Finding, event: str) -> AuditCard | None:
    if finding.severity is not Severity.INVALID:
        return None
    if finding.code in _UNDECIDABLE and event in _GRANTED:
        return AuditCard(_GRANTED[event], finding.where, finding.code)
    if event in _PAUSES:
        return AuditCard("R6", finding.where, finding.code)
    return AuditCard("R8", finding.where, finding.code) if finding.code in _ORDER else None


def _of_pauses(file: CaseFile) -> list[AuditCard]:
    """R6, invariant 7: a pause without its sealed notice, or one that overlaps another."""
    sealed = {sealing.manifest for sealing in file.sealings}
    found = []
    for name, state in sorted(file.clocks.items()):
        for pause, following in pairwise(state.pauses):
            if pause.to_at is None or following.from_at < pause.to_at:
                found.append(AuditCard("R6", name, "PAUSES_OVERLAP"))
        if any(pause.notice not in sealed for pause in state.pauses):
            found.append(AuditCard("R6", name, "PAUSE_WITHOUT_NOTICE"))
    return found
