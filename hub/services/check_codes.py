"""Who shows the right check code for a public number: the one door for admission and public query (A-1, G06).

Invariants:
- the code is compared with its slow hash, as long for an unknown number as for a wrong code, and both get the same
  answer; code and hash appear in no log and no refusal;
- every attempt is counted in the database before the code is looked at, a node and a number; a good one is taken back,
  so limits count wrong codes, hold for all hub processes together, and many attempts at once do not pass them;
- the limit of a number is the same at every door: two doors do not give twice as many guesses.
"""

import re
from datetime import datetime, timedelta

from crypto import canonical, checkcode
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from hub.services.clock import Clock, now_text
from storage.case_rows import CaseRow
from storage.database import Database

RULE = "A-1; I06; architecture: public number"
WRONG_A_NODE, NODE_PERIOD = 30, timedelta(hours=1)
WRONG_A_PORTAL = 1000
"""A portal asks for a whole city: what guards a code there is the limit of its number."""
WRONG_A_NUMBER, NUMBER_PERIOD = 5, timedelta(hours=24)
_NUMBER, _CODE = re.compile(r"[0-9]{12}"), re.compile(r"[0-9]{6}")


class CheckCodes:
    """Blocking: a comparison takes about 15 ms and 4 MiB."""

    def __init__(self, database: Database, clock: Clock = now_text) -> None:
        self._database = database
        self._clock = clock

    def prove(self, caller: KeyRecord, public_no: str, check_code: str) -> CaseRow:
        """The case whose number and code the applicant shows at ``caller``.

        Refusals CHECK_CODE_WRONG, CHECK_CODE_LIMIT (``until``: UTC+8), DATABASE_UNAVAILABLE.
        """
        names = self._count(caller, public_no)
        with self._database.reading() as reading:
            row = reading.cases.find(public_no) if _NUMBER.fullmatch(public_no) else None
            kept = reading.cases.check_code(public_no) if row else None
        shown = check_code if _CODE.fullmatch(check_code) else ""
        if not checkcode.matches(kept, public_no[:12], shown) or row is None:
            raise Refusal("CHECK_CODE_WRONG", RULE)
        with self._database.unit() as unit:
            unit.attempts.take_back(names)
            unit.commit()
        return row

    def _count(self, caller: KeyRecord, public_no: str) -> list[str]:
        """Count the attempt; the names it counts for. Refusal CHECK_CODE_LIMIT."""
        now = self._clock()
        most = WRONG_A_PORTAL if "portal" in caller.roles else WRONG_A_NODE
        limits = {f"node:{caller.subject}": (most, NODE_PERIOD)}
        if _NUMBER.fullmatch(public_no):
            limits[f"number:{public_no}"] = (WRONG_A_NUMBER, NUMBER_PERIOD)
        with self._database.unit() as unit:
            counted = unit.attempts.count(now, {name: _later(now, period) for name, (_, period) in limits.items()})
            unit.commit()  # commit point: the attempt counts, whatever becomes of this process
        over = [until for name, (count, until) in counted.items() if count > limits[name][0]]
        if over:
            raise Refusal("CHECK_CODE_LIMIT", RULE, until=max(over))
        return list(limits)


def _later(now: str, period: timedelta) -> str:
    return canonical.time_text(datetime.fromisoformat(now) + period)
