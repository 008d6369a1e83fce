"""How long a case stays open for what its applicant promised or committed to (T37; B09, B10, G15; 行政许可法 69). Pure.

Invariants:
- each wait has an end that the case file alone gives, so no case stays out of the archive for ever;
- what the department said (paid, kept, repaired, revoked) ends the wait at once.
"""

from datetime import date, timedelta
from typing import Final

from hub.casework.casefile import CaseFile
from hub.casework.materials.values import Commitment, Debt
from hub.casework.time import clocks

REVOKE_DAYS: Final = 60
"""(D) Days after the promised one in which a grant can be taken back for a debt before the case is archived."""
CHECK_DAYS: Final = 365
"""(D) Days after a commitment in which the department can still check it."""
BREACH_DAYS: Final = 3 * 365
"""(D) Days after a breach was found in which its repair can be said: as long as 信用信息 of a breach are published at
the most (three years)."""


def open_until(file: CaseFile) -> str:
    """The last moment at which the case is kept open, text in UTC+8; empty when nothing keeps it."""
    ends = [*(_of_debt(file, debt) for debt in file.debts), *(_of_commitment(file, one) for one in file.commitments)]
    return max(ends, default="")


def _of_debt(file: CaseFile, debt: Debt) -> str:
    revocable = file.outcome == "GRANT" and not file.revoked
    return _after(debt.due, REVOKE_DAYS) if revocable and not debt.settled else ""


def _of_commitment(file: CaseFile, one: Commitment) -> str:
    if one.result == "BROKEN":
        return _after(one.checked_at or one.at, BREACH_DAYS)
    return _after(one.at, CHECK_DAYS) if not one.result and file.outcome == "GRANT" else ""


def _after(moment: str, days: int) -> str:
    return clocks.end_of(date.fromisoformat(moment[:10]) + timedelta(days=days))
