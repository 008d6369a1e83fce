"""InboxService: what concerns a node, in order of delivery, pushed as soon as it is committed.

Invariants:
- the stream tells nothing that ``ListInbox`` would not: entries are read from the database after the cursor, the bell
  only says when to look;
- a stream ends with KEY_REVOKED or CERTIFICATE_EXPIRED at the latest ``RECHECK_SECONDS`` after this process knows it,
  and never sends an entry that was committed behind the revocation;
- a quiet stream gives a sign of life every ``LIFE_SECONDS``.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from grpc import aio

from crypto.refusal import Refusal
from hub.rpc import caller, pages
from hub.services.views import Views
from yidi.v1 import inbox_pb2 as messages
from yidi.v1 import inbox_pb2_grpc as wire

RECHECK_SECONDS = 1.0
LIFE_SECONDS = 15.0
PAGE = 200
_Context = aio.ServicerContext[Any, Any]


class Bell:
    """Wakes all who wait. Belongs to one event loop."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self.closed = False

    def ring(self) -> None:
        """Something may have changed."""
        self._rung.set()
        self._rung = asyncio.Event()

    def close(self) -> None:
        """The hub stops: streams end."""
        self.closed = True
        self.ring()

    def ticket(self) -> asyncio.Event:
        """Take it before looking, wait on it after: a ring in between is not lost."""
        return self._rung


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
            ticket = self._bell.ticket()
            record = self._recogniser.still(peer)
            if self._bell.closed:
                raise Refusal("HUB_STOPPING", "graceful shutdown: connect again")
            rows = await asyncio.to_thread(self._views.inbox, record, cursor, PAGE)
            if rows:  # a look-up after the entries were read: nothing committed behind a revocation is sent
                await self._recogniser.caller(peer)
            for cursor, row in rows:
                yield messages.WatchInboxResponse(entry=_entry(cursor, row.index, row.case_id, row.leaf))
            if rows or time.monotonic() - alive >= LIFE_SECONDS:
                alive = time.monotonic()
                if not rows:
                    yield messages.WatchInboxResponse()
            if len(rows) < PAGE:
                await _wait(ticket)

    async def ListInbox(self, request: messages.ListInboxRequest, context: _Context) -> messages.ListInboxResponse:
        """One page."""
        limit = pages.page_size(request.page_size, PAGE)
        rows = await asyncio.to_thread(self._views.inbox, caller.current(), request.cursor, limit)
        entries = [_entry(position, row.index, row.case_id, row.leaf) for position, row in rows]
        return messages.ListInboxResponse(entries=entries)


def _entry(cursor: int, index: int, case_id: str | None, leaf: bytes) -> messages.InboxEntry:
    return messages.InboxEntry(index=index, case_id=case_id or "", leaf=leaf, cursor=cursor)


async def _wait(ticket: asyncio.Event) -> None:
    """Until the bell rings, or the caller's key has to be looked at again."""
    try:
        async with asyncio.timeout(RECHECK_SECONDS):
            await ticket.wait()
    except TimeoutError:
        return
