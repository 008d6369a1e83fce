"""LogService: checkpoints, proofs, tiles, evidence packages."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from grpc import aio

from hub.rpc import caller
from hub.services.evidence import EvidenceService
from hub.services.integrator import LogReader
from yidi.v1 import log_pb2 as messages
from yidi.v1 import log_pb2_grpc as wire

CHUNK = 1 << 20
_Context = aio.ServicerContext[Any, Any]


class LogServicer(wire.LogServiceServicer):
    """Reads, and one write: a witness's line."""

    def __init__(self, log: LogReader, evidence: EvidenceService) -> None:
        self._log = log
        self._evidence = evidence

    async def GetCheckpoint(
        self, request: messages.GetCheckpointRequest, context: _Context
    ) -> messages.GetCheckpointResponse:
        """The newest."""
        note, sequenced = await asyncio.to_thread(self._log.checkpoint)
        return messages.GetCheckpointResponse(note=note, sequenced=sequenced)

    async def GetInclusionProof(
        self, request: messages.GetInclusionProofRequest, context: _Context
    ) -> messages.GetInclusionProofResponse:
        """Under the newest checkpoint."""
        proof = await asyncio.to_thread(self._log.inclusion_proof, request.index)
        return messages.GetInclusionProofResponse(proof=proof)

    async def GetConsistencyProof(
        self, request: messages.GetConsistencyProofRequest, context: _Context
    ) -> messages.GetConsistencyProofResponse:
        """Between two sizes."""
        hashes = await asyncio.to_thread(self._log.consistency_proof, request.old_size, request.new_size)
        return messages.GetConsistencyProofResponse(hashes=hashes)

    async def GetTile(self, request: messages.GetTileRequest, context: _Context) -> messages.GetTileResponse:
        """By C2SP path."""
        data = await asyncio.to_thread(self._log.tile, request.path, caller.current())
        return messages.GetTileResponse(data=data)

    async def AddCosignature(
        self, request: messages.AddCosignatureRequest, context: _Context
    ) -> messages.AddCosignatureResponse:
        """A line of the caller's own witness key."""
        await asyncio.to_thread(self._log.add_cosignature, caller.current(), request.size, request.line)
        return messages.AddCosignatureResponse()

    async def ExportEvidence(
        self, request: messages.ExportEvidenceRequest, context: _Context
    ) -> AsyncIterator[messages.ExportEvidenceResponse]:
        """The zip, in chunks."""
        package = await asyncio.to_thread(self._evidence.export, caller.current(), request.case_name)
        for start in range(0, len(package), CHUNK):
            yield messages.ExportEvidenceResponse(chunk=package[start : start + CHUNK])
