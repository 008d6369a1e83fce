"""A further window gets a part in a case: the applicant stands there with receipt and check code (A-1, I06).

Invariants:
- the code is compared with its slow hash, in threads of its own, as long for an unknown number as for a wrong code, and
  both get the same answer;
- every attempt is counted in the database before the code is looked at, a window and a number; a good one is taken
  back, so limits count wrong codes, hold for all hub processes together, and many attempts at once do not pass them;
- code and hash appear in no log and no refusal; what counts is stated by the hub as ``admit`` and checked by the law.
"""

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from crypto import canonical, checkcode
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from hub.casework.casefile import CaseFile, from_document
from hub.casework.hub_event import HubEvent
from hub.services.clock import Clock, now_text
from hub.services.sequencer import Sequencer
from hub.services.ticks import Tick
from storage.database import Database

THREADS = 2  # a comparison takes 16 MiB and about 50 ms
RULE = "A-1; I06; architecture: public number"
WRONG_A_NODE, NODE_PERIOD = 30, timedelta(hours=1)
WRONG_A_NUMBER, NUMBER_PERIOD = 5, timedelta(hours=24)
_NUMBER, _CODE = re.compile(r"[0-9]{12}"), re.compile(r"[0-9]{6}")


class AdmissionService:
    """One a process; ``admit`` belongs to the event loop."""

    def __init__(self, database: Database, sequencer: Sequencer, clock: Clock = now_text) -> None:
        self._database = database
        self._sequencer = sequencer
        self._clock = clock
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="admit")

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True)

    async def admit(self, caller: KeyRecord, public_no: str, check_code: str) -> str:
        """Case id; the calling window has a part in the case when this returns. Doing it again is harmless.

        Refusals CHECK_CODE_WRONG, CHECK_CODE_LIMIT (``until``: UTC+8), those of the law for a case that waits for no
        supplement, DATABASE_UNAVAILABLE.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self.admit_now, caller, public_no, check_code)

    def admit_now(self, caller: KeyRecord, public_no: str, check_code: str) -> str:
        """The same, blocking."""
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
        if not _has_part(from_document(json.loads(row.document)), caller):
            self._state(row.case_id, caller)
        return row.case_id

    def _count(self, caller: KeyRecord, public_no: str) -> list[str]:
        """Count the attempt; the names it counts for. Refusal CHECK_CODE_LIMIT."""
        now = self._clock()
        limits = {f"node:{caller.subject}": (WRONG_A_NODE, NODE_PERIOD)}
        if _NUMBER.fullmatch(public_no):
            limits[f"number:{public_no}"] = (WRONG_A_NUMBER, NUMBER_PERIOD)
        with self._database.unit() as unit:
            counted = unit.attempts.count(now, {name: _later(now, period) for name, (_, period) in limits.items()})
            unit.commit()  # commit point: the attempt counts, whatever becomes of this process
        over = [until for name, (count, until) in counted.items() if count > limits[name][0]]
        if over:
            raise Refusal("CHECK_CODE_LIMIT", RULE, until=max(over))
        return list(limits)

    def _state(self, case_id: str, caller: KeyRecord) -> None:
        tick = Tick(case_id, HubEvent("admit", {"node": caller.subject, "basis": "CHECK_CODE"}))
        (outcome,) = self._sequencer.tick([tick])
        if not isinstance(outcome, Refusal):
            return
        with self._database.reading() as reading:  # another process may have been first
            row = reading.cases.find(case_id)
        if row is None or not _has_part(from_document(json.loads(row.document)), caller):
            raise outcome


def _has_part(file: CaseFile, caller: KeyRecord) -> bool:
    return caller.subject == file.collecting_node or caller.subject in file.helpers


def _later(now: str, period: timedelta) -> str:
    return canonical.time_text(datetime.fromisoformat(now) + period)
