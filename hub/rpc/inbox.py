"""InboxService: what concerns a node, in order of delivery, pushed as soon as it is committed.

Invariants:
- the stream tells nothing that ``ListInbox`` would not: entries are read from the database after the cursor, the bell
  only says when to look;
- however many streams wait, a commit costs one question to the database for all of them, and then one for each stream
  that has something new: a thousand windows do not ask a thousand times because one of them got a leaf;
- a stream ends with KEY_REVOKED or CERTIFICATE_EXPIRED at the latest ``RECHECK_SECONDS`` after this process knows it,
  and never sends an entry that was committed behind the revocation;
- a quiet stream gives a sign of life every ``LIFE_SECONDS``.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from grpc import aio

from crypto.refusal import Refusal
from hub.rpc import caller, pages
from hub.services.views import Views
from yidi.v1 import inbox_pb2 as messages
from yidi.v1 import inbox_pb2_grpc as wire

RECHECK_SECONDS = 1.0
GATHER_SECONDS = 0.02  # rings that come together are one
LIFE_SECONDS = 15.0
PAGE = 200
log = logging.getLogger(__name__)
_Context = aio.ServicerContext[Any, Any]


class Bell:
    """Wakes the streams for which there is something new. Belongs to one event loop, in which ``run`` has to run.

    ``newest``: last position in the inbox of each of some nodes; blocking.
    """

    def __init__(self, newest: Callable[[Sequence[str]], Mapping[str, int]]) -> None:
        self._newest = newest
        self._rung = asyncio.Event()
        self._waiting: dict[asyncio.Event, tuple[str, int]] = {}
        self.closed = False

    def ring(self) -> None:
        """Something may have changed."""
        self._rung.set()

    def close(self) -> None:
        """The hub stops: streams end."""
        self.closed = True
        for told in self._waiting:
            told.set()
        self.ring()

    async def wait(self, node: str, cursor: int, seconds: float) -> bool:
        """Whether the node's inbox went beyond ``cursor``, or the bell was closed; False after ``seconds``."""
        told = asyncio.Event()
        self._waiting[told] = (node, cursor)
        self.ring()  # what came between the caller's look and now is found by the next look
        try:
            async with asyncio.timeout(seconds):
                await told.wait()
        except TimeoutError:
            return self.closed
        finally:
            del self._waiting[told]
        return True

    async def run(self) -> None:
        """Look after every ring, and every ``RECHECK_SECONDS`` without one, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(RECHECK_SECONDS):
                    await self._rung.wait()
            except TimeoutError:
                self._rung.clear()
            await asyncio.sleep(GATHER_SECONDS)
            self._rung.clear()  # before the look: a ring in between is not lost
            try:
                await self._look()
            except Refusal as refusal:
                log.warning("inboxes: %s", refusal.code)
            except Exception:  # must not end: streams would fall silent
                log.exception("looking for new entries failed")

    async def _look(self) -> None:
        nodes = sorted({node for node, _ in self._waiting.values()})
        if not nodes:
            return
        newest = await asyncio.to_thread(self._newest, nodes)
        for told, (node, cursor) in self._waiting.items():
            if newest.get(node, 0) > cursor:
                told.set()


class InboxServicer(wire.InboxServiceServicer):
    """Streams and pages of the same entries."""

    def __init__(self, views: Views, recogniser: caller.Recogniser, bell: Bell) -> None:
        self._views = views
        self._recogniser = recogniser
        self._bell = bell

    async def WatchInbox(
        self, request: messages.WatchInboxRequest, context: _Context
    ) -> AsyncIterator[messages.WatchInboxResponse]:
        """Entries after the cursor, then each new one. Refusals KEY_REVOKED, CERTIFICATE_EXPIRED, HUB_STOPPING."""
        peer, cursor = caller.peer_of(context.auth_context()), request.cursor
        alive = time.monotonic()
        while True:
            record = self._recogniser.still(peer)
            if self._bell.closed:
                raise Refusal("HUB_STOPPING", "graceful shutdown: connect again")
            rows = await asyncio.to_thread(self._views.inbox, record, cursor, PAGE)
            if rows:  # a look-up after the entries were read: nothing committed behind a revocation is sent
                await self._recogniser.caller(peer)
            for cursor, row in rows:
                yield messages.WatchInboxResponse(entry=_entry(cursor, row.index, row.case_id, row.leaf))
                alive = time.monotonic()
            while len(rows) < PAGE and not await self._bell.wait(record.subject, cursor, RECHECK_SECONDS):
                record = self._recogniser.still(peer)
                if time.monotonic() - alive >= LIFE_SECONDS:
                    alive = time.monotonic()
                    yield messages.WatchInboxResponse()

    async def ListInbox(self, request: messages.ListInboxRequest, context: _Context) -> messages.ListInboxResponse:
        """One page."""
        limit = pages.page_size(request.page_size, PAGE)
        rows = await asyncio.to_thread(self._views.inbox, caller.current(), request.cursor, limit)
        entries = [_entry(position, row.index, row.case_id, row.leaf) for position, row in rows]
        return messages.ListInboxResponse(entries=entries)


def _entry(cursor: int, index: int, case_id: str | None, leaf: bytes) -> messages.InboxEntry:
    return messages.InboxEntry(index=index, case_id=case_id or "", leaf=leaf, cursor=cursor)
