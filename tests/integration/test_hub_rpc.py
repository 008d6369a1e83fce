"""The hub's doors over real mutual TLS: who is let in, what they may, how errors and streams end."""

import threading
from datetime import timedelta

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from crypto import certificates
from crypto.keystore import SoftwareKeystore, new_signer
from crypto.refusal import Refusal
from hub.rpc import access, caller, errors, pages
from node_agent.client.enrolment import EnrolmentDoor
from tests.integration.hub_region import Region, Watch, put_in_inbox
from yidi.v1 import (
    catalogue_pb2,
    inbox_pb2,
    log_pb2,
    objects_pb2,
    packets_pb2,
    registry_pb2,
    selftest_pb2,
    statements_pb2,
    supervision_pb2,
)

pytestmark = pytest.mark.integration
PROTOS = (
    catalogue_pb2,
    inbox_pb2,
    log_pb2,
    objects_pb2,
    packets_pb2,
    registry_pb2,
    selftest_pb2,
    statements_pb2,
    supervision_pb2,
)


# --- who is let in -------------------------------------------------------------------------------------------


@pytest.mark.requirement("H09")
def test_another_authority_is_refused_in_the_handshake(region: Region, name: str) -> None:
    region.enrol(name)
    own = SoftwareKeystore(region.home(name) / "keys").signer("tls")
    stranger = new_signer()
    authority = certificates.make_authority(stranger, "yidi.test")
    request = certificates.make_request(own, region.node(name))
    forged = certificates.certify(stranger, authority, request, region.node(name))
    with pytest.raises(Refusal, match="HUB_UNAVAILABLE"):
        region.client_with(own.private_pem(), forged).registry_leaves(0)


def test_no_certificate_is_refused_in_the_handshake(region: Region) -> None:
    with (
        grpc.secure_channel(region.address, grpc.ssl_channel_credentials(region.registrar.authority_pem)) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_an_expired_certificate_is_refused(region: Region, name: str) -> None:
    region.enrol(name)
    own = SoftwareKeystore(region.home(name) / "keys").signer("tls")
    request = certificates.make_request(own, region.node(name))
    expired = region.registrar.certify(request, region.node(name), days=0)
    with pytest.raises(Refusal, match="HUB_UNAVAILABLE"):
        region.client_with(own.private_pem(), expired).registry_leaves(0)


def test_a_certificate_that_ends_under_an_open_connection(region: Region, name: str) -> None:
    region.enrol(name)
    peer = caller.Peer(*certificates.peer((region.home(name) / "tls.pem").read_bytes()))
    directory = region.server.parts.registry.refresh()
    assert caller.recognise(directory, peer, peer.ends - timedelta(seconds=1)).subject == peer.node
    with pytest.raises(Refusal, match="CERTIFICATE_EXPIRED"):
        caller.recognise(directory, peer, peer.ends)


@pytest.mark.requirement("H09")
def test_a_certificate_alone_is_no_admission(region: Region, name: str) -> None:
    """Certified by our own authority, but the key stands in no record: unknown node, and unknown key of a node."""
    region.enrol(name)
    for node in (region.node(name), region.node(f"{name}-ghost")):
        key = new_signer()
        pem = region.registrar.certify(certificates.make_request(key, node), node)
        with pytest.raises(Refusal, match="CERTIFICATE_UNKNOWN"):
            region.client_with(key.private_pem(), pem).registry_leaves(0)


def test_a_revoked_node_is_out_at_the_next_call_and_its_stream_ends(region: Region, name: str) -> None:
    client = region.enrol(name)
    put_in_inbox(region, name)
    watch = Watch(region.client(name))
    assert watch.seen.wait(10)
    client.registry_leaves(0)
    region.revoke(name)
    with pytest.raises(Refusal) as caught:
        client.registry_leaves(0)
    assert caught.value.code == "KEY_REVOKED"
    ended = watch.end()
    assert ended is not None and ended.code == "KEY_REVOKED"


def test_a_revocation_reaches_other_hub_processes(region: Region, name: str) -> None:
    region.enrol(name)
    second = region.start_hub()
    try:
        address = f"localhost:{second.port}"
        client = region.client(name, address)
        put_in_inbox(region, name)
        watch = Watch(region.client(name, address))
        assert watch.seen.wait(10)
        region.revoke(name)
        with pytest.raises(Refusal, match="KEY_REVOKED"):
            client.registry_leaves(0)
        ended = watch.end()
        assert ended is not None and ended.code == "KEY_REVOKED"
    finally:
        region.run(second.stop())


def test_a_stopping_hub_ends_streams_and_takes_its_ready_file_away(region: Region, name: str) -> None:
    region.enrol(name)
    second = region.start_hub()
    put_in_inbox(region, name)
    watch = Watch(region.client(name, f"localhost:{second.port}"))
    assert watch.seen.wait(10)
    region.run(second.stop())
    ended = watch.end()
    assert ended is not None and ended.code in {"HUB_STOPPING", "HUB_UNAVAILABLE"}
    assert not (region.folder / "ready.json").exists()


# --- what they may -------------------------------------------------------------------------------------------


def test_every_method_of_the_contract_stands_in_the_table() -> None:
    contract = {
        f"/{service.full_name}/{method.name}"
        for proto in PROTOS
        for service in proto.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    table = set(access.RULES) | set(access.OPEN_RULES)
    assert contract == {method for method in table if method.startswith("/yidi.")}
    assert not set(access.RULES) & set(access.OPEN_RULES)


def test_the_wrong_role_is_refused(region: Region, name: str) -> None:
    gateway = region.enrol(name, "gateway")
    with pytest.raises(Refusal) as caught:
        gateway.create_upload(b"{}")
    assert caught.value.code == "ROLE_FORBIDS"
    assert dict(caught.value.values) == {"role": "gateway", "method": "CreateUpload"}


def test_entry_bundles_are_for_auditors(region: Region, name: str) -> None:
    window = region.enrol(name)
    with pytest.raises(Refusal, match="ROLE_FORBIDS"):
        window.tile("tile/entries/000.p/1")


def test_the_enrolment_door_serves_nothing_else(region: Region) -> None:
    with EnrolmentDoor(region.door, region.registrar.authority_pem) as door:
        call = door._channel.unary_unary(
            "/yidi.v1.RegistryService/ListRegistryLeaves",
            request_serializer=registry_pb2.ListRegistryLeavesRequest.SerializeToString,
            response_deserializer=registry_pb2.ListRegistryLeavesResponse.FromString,
        )
        with pytest.raises(grpc.RpcError) as caught:
            call(registry_pb2.ListRegistryLeavesRequest(), timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(("role", "allowed"), [("window", False), ("auditor", True)])
def test_reflection_is_for_administrators(region: Region, name: str, role: str, allowed: bool) -> None:
    region.enrol(name, role)
    home = region.home(name)
    key = SoftwareKeystore(home / "keys").signer("tls").private_pem()
    stub = reflection_pb2_grpc.ServerReflectionStub(region.channel(key, (home / "tls.pem").read_bytes()))
    asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    if allowed:
        listed = next(stub.ServerReflectionInfo(asked, timeout=10)).list_services_response
        assert "yidi.v1.StatementService" in {service.name for service in listed.service}
        return
    with pytest.raises(grpc.RpcError) as caught:
        next(stub.ServerReflectionInfo(asked, timeout=10))
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_health_answers_a_known_node(region: Region, name: str) -> None:
    region.enrol(name)
    home = region.home(name)
    key = SoftwareKeystore(home / "keys").signer("tls").private_pem()
    stub = health_pb2_grpc.HealthStub(region.channel(key, (home / "tls.pem").read_bytes()))
    answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=10)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


# --- how errors leave ----------------------------------------------------------------------------------------


def test_an_unknown_error_says_nothing_of_the_inside(
    region: Region, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    region.enrol(name)
    home = region.home(name)
    key = SoftwareKeystore(home / "keys").signer("tls").private_pem()
    channel = region.channel(key, (home / "tls.pem").read_bytes())

    def broken(kind: str, version: str) -> tuple[str, bytes]:
        raise RuntimeError("password=hunter2 at line 42")

    monkeypatch.setattr(region.server.parts.publications, "document", broken)
    call = channel.unary_unary(
        "/yidi.v1.CatalogueService/GetCatalogue",
        request_serializer=catalogue_pb2.GetCatalogueRequest.SerializeToString,
        response_deserializer=catalogue_pb2.GetCatalogueResponse.FromString,
    )
    with pytest.raises(grpc.RpcError) as caught:
        call(catalogue_pb2.GetCatalogueRequest(), timeout=10)
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    status = rpc_status.from_call(caught.value)
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.domain, info.reason, set(info.metadata)) == ("yidi", "INTERNAL", {"incident", "rule"})
    everything = f"{caught.value!r} {status} {caught.value.trailing_metadata()}"
    assert "hunter2" not in everything and "RuntimeError" not in everything


def test_a_call_that_takes_too_long_ends(region: Region, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = region.enrol(name)
    method = "/yidi.v1.CatalogueService/GetCatalogue"
    monkeypatch.setitem(access.RULES, method, access.Rule(access.ALL, seconds=0.05))
    held = threading.Event()
    monkeypatch.setattr(region.server.parts.publications, "document", lambda *_: held.wait(30))
    try:
        with pytest.raises(Refusal, match="HUB_SLOW"):
            client.published("catalogue", "")
    finally:
        held.set()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("KEY_REVOKED", grpc.StatusCode.UNAUTHENTICATED),
        ("ROLE_FORBIDS", grpc.StatusCode.PERMISSION_DENIED),
        ("CASE_UNKNOWN", grpc.StatusCode.NOT_FOUND),
        ("ENVELOPE_FORMAT", grpc.StatusCode.INVALID_ARGUMENT),
        ("HEAD_MOVED", grpc.StatusCode.ABORTED),
        ("HUB_BUSY", grpc.StatusCode.RESOURCE_EXHAUSTED),
        ("STORE_UNAVAILABLE", grpc.StatusCode.UNAVAILABLE),
        ("GRANT_MISSING", grpc.StatusCode.FAILED_PRECONDITION),
    ],
)
def test_codes_have_a_status(code: str, status: grpc.StatusCode) -> None:
    assert errors.status_code(code) is status


def test_what_a_refusal_shows_is_bounded() -> None:
    many = {f"value{number}": "办" * 10_000 for number in range(100)}
    refusal = Refusal("SOME_CODE", "行政许可法" * 1_000, **many)
    assert len(errors.trailer(grpc.StatusCode.ABORTED, refusal)[0][1]) < 8 * 1024


def test_strange_pages_are_refused(region: Region, name: str) -> None:
    for token in ("?", "AAAA", pages.write_token("text"), pages.write_token(1, 2)):
        with pytest.raises(Refusal, match="PAGE_TOKEN"):
            pages.read_token(token, 0)
    assert pages.read_token(pages.write_token("a", "b"), "", "") == ("a", "b")
    with pytest.raises(Refusal, match="PAGE_SIZE"):
        pages.page_size(-1, 10)
