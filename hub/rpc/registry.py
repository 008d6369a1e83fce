"""RegistryService and EnrolmentService: nodes, persons, keys."""

import asyncio
from typing import Any, Protocol

from grpc import aio

from hub.rpc import caller, pages
from hub.services.enrolment import Asked, EnrolmentDesk
from hub.services.submissions import SubmissionService
from hub.services.views import Views
from yidi.v1 import registry_pb2 as messages
from yidi.v1 import registry_pb2_grpc as wire

_Context = aio.ServicerContext[Any, Any]
_STATES = {
    "PENDING": messages.ENROLMENT_STATE_PENDING,
    "DONE": messages.ENROLMENT_STATE_DONE,
    "REFUSED": messages.ENROLMENT_STATE_REFUSED,
}


class _Row(Protocol):
    """An enrolment as the desk gives it."""

    @property
    def enrolment_id(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def request(self) -> bytes: ...
    @property
    def record(self) -> bytes: ...
    @property
    def token_tag(self) -> bytes: ...
    @property
    def renewal(self) -> bool: ...
    @property
    def state(self) -> str: ...
    @property
    def certificate(self) -> bytes: ...
    @property
    def refusal_code(self) -> str: ...


class RegistryServicer(wire.RegistryServiceServicer):
    """For nodes with a certificate; the first two methods for the registrar."""

    def __init__(self, desk: EnrolmentDesk, submissions: SubmissionService, views: Views) -> None:
        self._desk = desk
        self._submissions = submissions
        self._views = views

    async def ListPendingEnrolments(
        self, request: messages.ListPendingEnrolmentsRequest, context: _Context
    ) -> messages.ListPendingEnrolmentsResponse:
        """Oldest first."""
        limit = pages.page_size(request.page_size, 100)
        (after,) = pages.read_token(request.page_token, 0)
        rows = await asyncio.to_thread(self._desk.pending, int(after), limit)
        token = pages.write_token(rows[-1].number) if len(rows) == limit else ""
        return messages.ListPendingEnrolmentsResponse(
            enrolments=[_enrolment(row) for row in rows], next_page_token=token
        )

    async def AnswerEnrolment(
        self, request: messages.AnswerEnrolmentRequest, context: _Context
    ) -> messages.AnswerEnrolmentResponse:
        """Leaf first, then the answer."""
        placed = await self._desk.answer(
            caller.current(), request.enrolment_id, request.certificate, request.record, request.refusal_code
        )
        if placed is None:
            return messages.AnswerEnrolmentResponse()
        made = await asyncio.to_thread(self._submissions.receipt, placed)
        return messages.AnswerEnrolmentResponse(receipt=made.envelope)

    async def RenewCertificate(
        self, request: messages.RenewCertificateRequest, context: _Context
    ) -> messages.RenewCertificateResponse:
        """The caller's own certificate only."""
        made = await asyncio.to_thread(self._desk.renew, caller.current(), request.certificate_request, request.record)
        return messages.RenewCertificateResponse(enrolment_id=made)

    async def ListRegistryLeaves(
        self, request: messages.ListRegistryLeavesRequest, context: _Context
    ) -> messages.ListRegistryLeavesResponse:
        """In order of registry position."""
        limit = pages.page_size(request.page_size, 500)
        leaves, epoch = await asyncio.to_thread(self._views.registry_leaves, request.after_epoch, limit)
        return messages.ListRegistryLeavesResponse(leaves=leaves, epoch=epoch)

    async def GetSnapshot(
        self, request: messages.GetSnapshotRequest, context: _Context
    ) -> messages.GetSnapshotResponse:
        """What a window needs without network (promise 6)."""
        made = await asyncio.to_thread(self._views.snapshot)
        return messages.GetSnapshotResponse(
            envelope=made.envelope.encode(),
            catalogue=made.catalogue,
            calendar=made.calendar,
            registry_leaves=made.registry_leaves,
            proofs=made.proofs,
        )


class EnrolmentServicer(wire.EnrolmentServiceServicer):
    """For strangers with a one-time token; on a port of its own."""

    def __init__(self, desk: EnrolmentDesk) -> None:
        self._desk = desk

    async def RequestEnrolment(
        self, request: messages.RequestEnrolmentRequest, context: _Context
    ) -> messages.RequestEnrolmentResponse:
        """Leaves the request."""
        asked = request.enrolment
        made = await asyncio.to_thread(
            self._desk.request,
            Asked(asked.subject, asked.certificate_request, asked.record, asked.token_tag),
        )
        return messages.RequestEnrolmentResponse(enrolment_id=made)

    async def GetEnrolment(
        self, request: messages.GetEnrolmentRequest, context: _Context
    ) -> messages.GetEnrolmentResponse:
        """State and certificate; the request itself is not shown again."""
        row = await asyncio.to_thread(self._desk.get, request.enrolment_id)
        return messages.GetEnrolmentResponse(
            enrolment=messages.Enrolment(
                enrolment_id=row.enrolment_id,
                subject=row.subject,
                state=_STATES[row.state],
                certificate=row.certificate,
                refusal_code=row.refusal_code,
                renewal=row.renewal,
            )
        )


def _enrolment(row: _Row) -> messages.Enrolment:
    return messages.Enrolment(
        enrolment_id=row.enrolment_id,
        subject=row.subject,
        certificate_request=row.request,
        record=row.record,
        token_tag=row.token_tag,
        state=_STATES[row.state],
        certificate=row.certificate,
        refusal_code=row.refusal_code,
        renewal=row.renewal,
    )
