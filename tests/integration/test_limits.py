"""Limits over real mutual TLS: who asks too much is told when to come back, and nobody else notices."""

import threading
import time
from collections.abc import Iterator

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from crypto.refusal import Refusal
from hub.server.app import HubServer
from node_agent.client.calls import refusal_of
from node_agent.client.enrolment import EnrolmentDoor
from node_agent.client.hub import HubClient
from tests.integration.hub_region import Region, Watch, put_in_inbox
from yidi.v1 import log_pb2, log_pb2_grpc, registry_pb2, registry_pb2_grpc

pytestmark = pytest.mark.integration
RATE = 1.0  # a second, so that the slowest machine asks more; five times as many at once


@pytest.fixture(scope="module")
def strict(region: Region) -> Iterator[HubServer]:
    """A second hub process of the region that allows little."""
    usual = region.settings
    region.settings = usual.model_copy(
        update={"rate_calls": RATE, "rate_strangers": RATE, "node_streams_most": 2, "ready_file": None}
    )
    server = region.start_hub()
    region.settings = usual
    yield server
    region.run(server.stop())


@pytest.fixture
def flooding(region: Region, strict: HubServer, name: str) -> HubClient:
    """A node that has used up what it may ask for at once; one attempt a call."""
    region.enrol(name)
    client = region.client(name, f"localhost:{strict.port}")
    with pytest.raises(Refusal, match="RATE_LIMITED"):
        for _ in range(1000):
            client.inbox(0)
    return client


def test_a_flooding_node_is_limited_while_another_one_is_served(
    region: Region, strict: HubServer, flooding: HubClient
) -> None:
    region.enrol("quiet")
    quiet = region.client("quiet", f"localhost:{strict.port}")
    stop, refused = threading.Event(), []

    def flood() -> None:
        while not stop.is_set():
            try:
                flooding.inbox(0)
            except Refusal as refusal:
                refused.append(refusal)

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        for _ in range(int(5 * RATE)):
            assert quiet.inbox(0) == []
        _until(lambda: len(refused) >= 3, "the flood is refused")
    finally:
        stop.set()
        thread.join(30)
    assert {refusal.code for refusal in refused} == {"RATE_LIMITED"}
    assert all(0 < int(refusal.values["retry_after_ms"]) <= 5000 / RATE for refusal in refused)


def test_the_time_to_come_back_travels_as_retry_info(region: Region, strict: HubServer, flooding: HubClient) -> None:
    stub = log_pb2_grpc.LogServiceStub(flooding._channel)
    with pytest.raises(grpc.RpcError) as caught:
        for _ in range(1000):
            stub.GetCheckpoint(log_pb2.GetCheckpointRequest(), timeout=10)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    told = error_details_pb2.RetryInfo()
    status = rpc_status.from_call(caught.value)
    assert status is not None and any(detail.Unpack(told) for detail in status.details)
    asked = int(refusal_of(caught.value).values["retry_after_ms"])
    assert told.retry_delay.ToMilliseconds() == asked > 0
    time.sleep(asked / 1000)
    with pytest.raises(grpc.RpcError) as caught:  # let in, and then told something else
        stub.GetTile(log_pb2.GetTileRequest(path="../x"), timeout=10)
    assert refusal_of(caught.value).code == "TILE_PATH"


def test_the_agents_client_waits_as_long_as_it_was_asked_to(
    region: Region, strict: HubServer, flooding: HubClient
) -> None:
    patient = HubClient(flooding._channel)
    began = time.monotonic()
    calls = 0
    while patient.repeated < 2:
        patient.inbox(0)
        calls += 1
    assert time.monotonic() - began >= (calls - 1) / RATE - 1


def test_a_wrong_certificate_is_told_first(region: Region, strict: HubServer, name: str, flooding: HubClient) -> None:
    region.revoke(name)
    codes = set()
    for _ in range(5):
        with pytest.raises(Refusal) as caught:
            flooding.inbox(0)
        codes.add(caught.value.code)
    assert codes == {"KEY_REVOKED"}


def test_streams_of_a_node_are_bounded_and_given_back(region: Region, strict: HubServer, name: str) -> None:
    region.enrol(name)
    put_in_inbox(region, name)
    first, second = (region.client(name, f"localhost:{strict.port}") for _ in range(2))
    streams = [Watch(client) for client in (first, second)]
    assert all(stream.seen.wait(10) for stream in streams)
    third = region.client(name, f"localhost:{strict.port}")
    _until(lambda: _refused(third) == "RATE_LIMITED", "the third stream is refused")
    first.close()
    assert streams[0].end() is not None
    _until(lambda: _refused(third) == "", "a stream that ended makes room")


def test_strangers_at_the_enrolment_door_are_limited_by_address(region: Region, strict: HubServer) -> None:
    authority = region.registrar.authority_pem
    with EnrolmentDoor(f"localhost:{strict.enrolment_port}", authority) as door:
        stub = registry_pb2_grpc.EnrolmentServiceStub(door._channel)
        codes = []
        for _ in range(int(10 * RATE) + 20):
            with pytest.raises(grpc.RpcError) as caught:
                stub.GetEnrolment(registry_pb2.GetEnrolmentRequest(enrolment_id="0" * 32), timeout=10)
            codes.append(refusal_of(caught.value).code)
        assert codes[0] == "ENROLMENT_UNKNOWN" and codes[-1] == "RATE_LIMITED"
        assert codes.index("RATE_LIMITED") >= 10 * RATE
        while not door._calls.repeated:
            with pytest.raises(Refusal, match="ENROLMENT_UNKNOWN"):  # the agents' client waits, and is let in
                door.get("0" * 32)


def _refused(client: HubClient) -> str:
    """Code that ends a new stream at once; "" when it gives a sign of life or stays open for a second."""
    watch = Watch(client)
    watch._thread.join(1)
    return watch.ended_by.code if watch.ended_by else ""


def _until(true: object, what: str) -> None:
    assert callable(true)
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end, what
