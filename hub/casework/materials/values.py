"""What the case file keeps of how its materials were got: answers, debts, commitments, reuse (B09, B10, B16, E02).

Invariant: codes, digests, days and times only; a paper is named by its digest (promise 1).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """What the applicant answered to one question of the item (情形, B16)."""

    situation: str
    choice: str


@dataclass(frozen=True)
class Debt:
    """A material that is missing by a written promise (容缺, B10).

    ``due``: last day, ISO, UTC+8; ``paper``: digest of the signed promise; ``tolerance``: what the list says of it
    (BLOCKS_DECISION, REVOCABLE); ``settled``: the statement that brought it, ``manifest``: its addendum;
    ``overdue_at``: when the hub stated that the day had passed (K7).
    """

    material: str
    due: str
    paper: str
    at: str
    tolerance: str
    settled: str = ""
    manifest: str = ""
    overdue_at: str = ""


@dataclass(frozen=True)
class Commitment:
    """A signed commitment in the place of a proof (告知承诺, B09).

    ``result``: KEPT, BROKEN or REPAIRED, empty before it was checked; ``checked``: the statement that says so,
    ``checked_at`` when.
    """

    material: str
    at: str
    result: str = ""
    checked: str = ""
    checked_at: str = ""


@dataclass(frozen=True)
class Reuse:
    """A material taken over from an earlier case of the same applicant (E02): that case, its sealing, its line.

    ``valid_until``: ISO day until which the document is good, or LONG_TERM.
    """

    material: str
    case: str
    manifest: str
    line: str
    valid_until: str
