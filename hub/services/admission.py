"""A further window gets a part in a case: the applicant stands there with receipt and check code (A-1, I06).

Invariants: number and code are proven first (``check_codes``), in threads of its own; what counts is stated by the hub
as ``admit`` and checked by the law.
"""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

from crypto.records import KeyRecord
from crypto.refusal import Refusal
from hub.casework.casefile import CaseFile, from_document
from hub.casework.hub_event import HubEvent
from hub.services.check_codes import WRONG_A_NODE as WRONG_A_NODE
from hub.services.check_codes import WRONG_A_NUMBER as WRONG_A_NUMBER
from hub.services.check_codes import CheckCodes
from hub.services.clock import Clock, now_text
from hub.services.sequencer import Sequencer
from hub.services.ticks import Tick
from storage.database import Database

THREADS = 2


class AdmissionService:
    """One a process; ``admit`` belongs to the event loop."""

    def __init__(self, database: Database, sequencer: Sequencer, clock: Clock = now_text) -> None:
        self._database = database
        self._sequencer = sequencer
        self._codes = CheckCodes(database, clock)
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
        row = self._codes.prove(caller, public_no, check_code)
        if not _has_part(from_document(json.loads(row.document)), caller):
            self._state(row.case_id, caller)
        return row.case_id

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
