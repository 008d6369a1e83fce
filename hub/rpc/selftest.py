"""SelfTestService: a node tests its own connection (B24)."""

import asyncio
from typing import Any

from grpc import aio

from hub.rpc import caller
from hub.services.clock import Clock
from hub.services.probes import Probes
from hub.services.publications import Publications
from yidi.v1 import selftest_pb2 as messages
from yidi.v1 import selftest_pb2_grpc as wire

_Context = aio.ServicerContext[Any, Any]


class SelfTestServicer(wire.SelfTestServiceServicer):
    """Answers at once; the store is reached by presigned URL."""

    def __init__(self, probes: Probes, publications: Publications, clock: Clock) -> None:
        self._probes = probes
        self._publications = publications
        self._clock = clock

    async def Ping(self, request: messages.PingRequest, context: _Context) -> messages.PingResponse:
        """The same bytes, and what time it is here."""
        head = await asyncio.to_thread(self._publications.head)
        return messages.PingResponse(echo=request.echo, time=self._clock(), epoch=head.epoch)

    async def BeginProbe(self, request: messages.BeginProbeRequest, context: _Context) -> messages.BeginProbeResponse:
        """A presigned PUT."""
        probe, put = await asyncio.to_thread(self._probes.begin, caller.current(), request.size, request.md5)
        return messages.BeginProbeResponse(probe_id=probe, url=put.url, headers=dict(put.headers))

    async def ReadProbe(self, request: messages.ReadProbeRequest, context: _Context) -> messages.ReadProbeResponse:
        """A presigned GET."""
        url = await asyncio.to_thread(self._probes.read, caller.current(), request.probe_id)
        return messages.ReadProbeResponse(url=url)

    async def EndProbe(self, request: messages.EndProbeRequest, context: _Context) -> messages.EndProbeResponse:
        """Erased."""
        await asyncio.to_thread(self._probes.end, caller.current(), request.probe_id)
        return messages.EndProbeResponse()
