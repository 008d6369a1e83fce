"""StatementService: messages to submissions, outcomes to messages."""

import asyncio
from typing import Any

from grpc import aio

from crypto.refusal import Refusal
from crypto.sealing import KeyPacket
from hub.rpc import caller, errors, limits
from hub.services.intake import Submission
from hub.services.integrator import LogReader
from hub.services.submissions import Receipted, SubmissionService
from yidi.v1 import statements_pb2 as messages
from yidi.v1 import statements_pb2_grpc as wire

_Context = aio.ServicerContext[Any, Any]


class StatementServicer(wire.StatementServiceServicer):
    """The way in for everything that moves."""

    def __init__(self, submissions: SubmissionService, log: LogReader) -> None:
        self._submissions = submissions
        self._log = log

    async def SubmitStatements(
        self, request: messages.SubmitStatementsRequest, context: _Context
    ) -> messages.SubmitStatementsResponse:
        """Answers after the commit."""
        asked = [_submission(item) for item in request.submissions]
        answers = await self._submissions.submit(caller.current(), asked, limits.keep)
        return messages.SubmitStatementsResponse(results=[_result(answer) for answer in answers])

    async def GetReceipt(self, request: messages.GetReceiptRequest, context: _Context) -> messages.GetReceiptResponse:
        """The receipt, with the proof as soon as there is one."""
        found = await asyncio.to_thread(self._submissions.find, caller.current(), request.payload_digest)
        proof = await asyncio.to_thread(self._proof, found.index)
        return messages.GetReceiptResponse(receipt=receipt_message(found), proof=proof)

    def _proof(self, index: int) -> str:
        try:
            return self._log.inclusion_proof(index)
        except Refusal as refusal:
            if refusal.code == "NOT_INTEGRATED":
                return ""
            raise


def receipt_message(made: Receipted) -> messages.Receipt:
    """A receipt on the wire."""
    return messages.Receipt(envelope=made.envelope, index=made.index, case_no=made.case_no)


def _submission(item: messages.Submission) -> Submission:
    packets = tuple(
        KeyPacket(packet.line, packet.rendition, packet.recipient, packet.recipient_key, packet.packet)
        for packet in item.key_packets
    )
    return Submission(item.envelope, tuple(item.attachments), packets, item.check_code_hash)


def _result(answer: Receipted | Refusal) -> messages.SubmissionResult:
    if isinstance(answer, Receipted):
        return messages.SubmissionResult(receipt=receipt_message(answer))
    values = {name: value for name, value in errors.shown(answer).items() if name != "rule"}
    detail = messages.RefusalDetail(code=answer.code, rule=answer.rule, values=values)
    return messages.SubmissionResult(refusal=detail)
