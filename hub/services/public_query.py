"""The public's look at a case by number and check code, at a portal or a window (G06).

Invariants: number and code are proven and counted as for an admission (``check_codes``); the answer is what
``hub.casework.supervision.public`` says and nothing else; asking changes nothing.
"""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

from crypto.records import KeyRecord
from hub.casework.casefile import CaseFile, from_document
from hub.casework.supervision.public import PublicView, public_view
from hub.services.check_codes import CheckCodes
from hub.services.clock import Clock, now_text
from hub.services.registry import RegistryService
from storage.database import Database

THREADS = 2


class PublicQuery:
    """One a process; ``ask`` belongs to the event loop."""

    def __init__(self, database: Database, registry: RegistryService, clock: Clock = now_text) -> None:
        self._codes = CheckCodes(database, clock)
        self._database = database
        self._registry = registry
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="query")

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True)

    async def ask(self, caller: KeyRecord, public_no: str, check_code: str) -> PublicView:
        """What may be told. Refusals CHECK_CODE_WRONG, CHECK_CODE_LIMIT (``until``), DATABASE_UNAVAILABLE."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self.ask_now, caller, public_no, check_code)

    def ask_now(self, caller: KeyRecord, public_no: str, check_code: str) -> PublicView:
        """The same, blocking."""
        row = self._codes.prove(caller, public_no, check_code)
        file = from_document(json.loads(row.document))
        return public_view(file, self._title(file.holder), self._case_type(file))

    def _case_type(self, file: CaseFile) -> str:
        """By the list that the case is pinned to; empty for a parent."""
        if file.bundle is not None:
            return ""
        self._registry.refresh()
        with self._database.reading() as reading:
            return self._registry.catalogue(reading, file.catalogue).item(file.task_code).case_type

    def _title(self, node: str) -> str:
        """Public name of a unit, also of one that is registered no more."""
        return self._registry.refresh().title_of(node)
