"""Calls of a node's test of its own connection (B24); one attempt each, for a test tells what is, not what may become.

Invariant: nothing here knows what a good answer is.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node_agent.client.calls import DEADLINE_SECONDS, Calls
from storage.objectstore import SignedPut
from yidi.v1 import selftest_pb2, selftest_pb2_grpc

if TYPE_CHECKING:
    from grpc import Channel


@dataclass(frozen=True)
class Pong:
    """``time``: the hub's, text in UTC+8; ``epoch``: its registry position."""

    echo: bytes
    time: str
    epoch: int


class SelfTestClient:
    """Refusals of the hub; HUB_UNAVAILABLE when it does not answer."""

    def __init__(self, channel: "Channel") -> None:
        self._calls = Calls(attempts=1)
        self._stub = selftest_pb2_grpc.SelfTestServiceStub(channel)

    def ping(self, echo: bytes) -> Pong:
        """The hub's answer."""
        request = selftest_pb2.PingRequest(echo=echo)
        made = self._calls.make(lambda: self._stub.Ping(request, timeout=DEADLINE_SECONDS))
        return Pong(made.echo, made.time, made.epoch)

    def begin_probe(self, size: int, md5: bytes) -> tuple[str, SignedPut]:
        """Id and PUT of a throwaway object."""
        request = selftest_pb2.BeginProbeRequest(size=size, md5=md5)
        made = self._calls.make(lambda: self._stub.BeginProbe(request, timeout=DEADLINE_SECONDS))
        return made.probe_id, SignedPut(made.url, dict(made.headers))

    def read_probe(self, probe: str) -> str:
        """URL of its GET."""
        request = selftest_pb2.ReadProbeRequest(probe_id=probe)
        made = self._calls.make(lambda: self._stub.ReadProbe(request, timeout=DEADLINE_SECONDS))
        return str(made.url)

    def end_probe(self, probe: str) -> None:
        """It is erased."""
        request = selftest_pb2.EndProbeRequest(probe_id=probe)
        self._calls.make(lambda: self._stub.EndProbe(request, timeout=DEADLINE_SECONDS))
