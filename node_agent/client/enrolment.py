"""The wire side of enrolment and renewal, in domain values: for nodes without a certificate, and for the registrar.

Invariants: the hub is always authenticated by the pinned authority, also before this node has a certificate; how
calls are repeated and errors told stands in ``node_agent.client.calls``.
"""

import secrets
from dataclasses import dataclass
from enum import Enum

import grpc

from node_agent.client.calls import DEADLINE_SECONDS, Calls
from node_agent.client.hub import open_channel, tls_credentials
from yidi.v1 import registry_pb2, registry_pb2_grpc


class Mode(Enum):
    """What became of a request."""

    PENDING = registry_pb2.ENROLMENT_STATE_PENDING
    DONE = registry_pb2.ENROLMENT_STATE_DONE
    REFUSED = registry_pb2.ENROLMENT_STATE_REFUSED


@dataclass(frozen=True)
class Answer:
    """State of a request; PEM certificate when done (empty for persons), the registrar's code when refused."""

    mode: Mode
    certificate: bytes = b""
    refusal_code: str = ""


@dataclass(frozen=True)
class PendingEnrolment:
    """A request that waits for the registrar."""

    enrolment_id: str
    subject: str
    certificate_request: bytes
    record: bytes
    token_tag: bytes
    renewal: bool


class EnrolmentDoor:
    """Calls of one who has no certificate yet. ``name``: the hub's DNS name, where it differs from the host."""

    def __init__(self, address: str, authority_pem: bytes, name: str = "") -> None:
        self._channel = open_channel(address, grpc.ssl_channel_credentials(authority_pem), name)
        self._stub = registry_pb2_grpc.EnrolmentServiceStub(self._channel)
        self._calls = Calls()

    def __enter__(self) -> "EnrolmentDoor":
        return self

    def __exit__(self, *exception: object) -> None:
        self._channel.close()

    def request(self, subject: str, certificate_request: bytes, record: bytes, token_tag: bytes) -> str:
        """Leave a request; its id."""
        asked = registry_pb2.Enrolment(
            subject=subject, certificate_request=certificate_request, record=record, token_tag=token_tag
        )
        message = registry_pb2.RequestEnrolmentRequest(request_id=secrets.token_hex(8), enrolment=asked)
        return self._calls.make(lambda: self._stub.RequestEnrolment(message, timeout=DEADLINE_SECONDS)).enrolment_id

    def get(self, enrolment_id: str) -> Answer:
        """What became of a request."""
        message = registry_pb2.GetEnrolmentRequest(enrolment_id=enrolment_id)
        found = self._calls.make(lambda: self._stub.GetEnrolment(message, timeout=DEADLINE_SECONDS)).enrolment
        return Answer(Mode(found.state), found.certificate, found.refusal_code)


class RegistryDoor:
    """Calls that need a certificate: renewal for every node, the waiting requests for the registrar."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self._stub = registry_pb2_grpc.RegistryServiceStub(channel)
        self._calls = Calls()

    @classmethod
    def open(
        cls, address: str, authority_pem: bytes, key_pem: bytes, certificate_pem: bytes, name: str = ""
    ) -> "RegistryDoor":
        """Over a channel of its own: mutual TLS with this key and certificate."""
        return cls(open_channel(address, tls_credentials(key_pem, certificate_pem, authority_pem), name))

    def __enter__(self) -> "RegistryDoor":
        return self

    def __exit__(self, *exception: object) -> None:
        self._channel.close()

    def renew(self, certificate_request: bytes, record: bytes) -> str:
        """Ask for a new certificate; id of the request."""
        message = registry_pb2.RenewCertificateRequest(
            request_id=secrets.token_hex(8), certificate_request=certificate_request, record=record
        )
        return self._calls.make(lambda: self._stub.RenewCertificate(message, timeout=DEADLINE_SECONDS)).enrolment_id

    def pending(self) -> list[PendingEnrolment]:
        """The oldest waiting requests. Registrar only."""
        message = registry_pb2.ListPendingEnrolmentsRequest()
        page = self._calls.make(lambda: self._stub.ListPendingEnrolments(message, timeout=DEADLINE_SECONDS))
        return [
            PendingEnrolment(
                item.enrolment_id,
                item.subject,
                item.certificate_request,
                item.record,
                item.token_tag,
                item.renewal,
            )
            for item in page.enrolments
        ]

    def answer(self, enrolment_id: str, certificate: bytes, record: bytes, refusal_code: str) -> bytes:
        """Hand in the registrar's answer; the receipt of the record's leaf (empty on refusal). Registrar only."""
        message = registry_pb2.AnswerEnrolmentRequest(
            request_id=secrets.token_hex(8),
            enrolment_id=enrolment_id,
            certificate=certificate,
            record=record,
            refusal_code=refusal_code,
        )
        return self._calls.make(lambda: self._stub.AnswerEnrolment(message, timeout=DEADLINE_SECONDS)).receipt

    def leaves(self, after_epoch: int) -> tuple[list[bytes], int]:
        """Registry leaves after a position, and the hub's position."""
        message = registry_pb2.ListRegistryLeavesRequest(after_epoch=after_epoch)
        page = self._calls.make(lambda: self._stub.ListRegistryLeaves(message, timeout=DEADLINE_SECONDS))
        return list(page.leaves), page.epoch
