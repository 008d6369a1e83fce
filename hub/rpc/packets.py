"""KeyPacketService: packets that are wrapped to the caller."""

import asyncio
from typing import Any

from grpc import aio

from hub.rpc import caller, pages
from hub.services.views import Views
from yidi.v1 import packets_pb2 as messages
from yidi.v1 import packets_pb2_grpc as wire
from yidi.v1 import statements_pb2

_Context = aio.ServicerContext[Any, Any]


class KeyPacketServicer(wire.KeyPacketServiceServicer):
    """Reads only."""

    def __init__(self, views: Views) -> None:
        self._views = views

    async def ListKeyPackets(
        self, request: messages.ListKeyPacketsRequest, context: _Context
    ) -> messages.ListKeyPacketsResponse:
        """In order of line and rendition."""
        limit = pages.page_size(request.page_size, 500)
        line, rendition = pages.read_token(request.page_token, "", "")
        rows = await asyncio.to_thread(
            self._views.packets,
            caller.current(),
            request.case_id,
            request.manifest_digest,
            (str(line), str(rendition)),
            limit,
        )
        token = pages.write_token(rows[-1].line, rows[-1].rendition) if len(rows) == limit else ""
        packets = [
            statements_pb2.KeyPacket(
                line=row.line,
                rendition=row.rendition,
                recipient=row.recipient,
                recipient_key=row.recipient_key,
                packet=row.packet,
            )
            for row in rows
        ]
        return messages.ListKeyPacketsResponse(key_packets=packets, next_page_token=token)
