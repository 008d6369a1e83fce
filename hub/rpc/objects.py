"""ObjectService: grants for ciphertext. No document byte passes here."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from grpc import aio

from hub.rpc import caller
from hub.services.objects import ObjectService
from yidi.v1 import objects_pb2 as messages
from yidi.v1 import objects_pb2_grpc as wire

_Context = aio.ServicerContext[Any, Any]


class _Pinned(Protocol):
    """A pinned version as the service gives it."""

    @property
    def object_key(self) -> str: ...
    @property
    def version_id(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def etag(self) -> str: ...


class _Put(Protocol):
    """A permission to PUT, as the service gives it."""

    @property
    def url(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


class ObjectServicer(wire.ObjectServiceServicer):
    """Uploads and downloads by presigned URL."""

    def __init__(self, objects: ObjectService) -> None:
        self._objects = objects

    async def CreateUpload(
        self, request: messages.CreateUploadRequest, context: _Context
    ) -> messages.CreateUploadResponse:
        """Begins or finds again."""
        state = await asyncio.to_thread(self._objects.create_upload, caller.current(), request.manifest)
        parts = [messages.StoredPart(number=part.number, size=part.size, md5=part.etag) for part in state.parts]
        pinned = _stored(state.object) if state.object else None
        return messages.CreateUploadResponse(
            upload_id=state.upload_id, parts=parts, object=pinned, grants=_grants(state.grants)
        )

    async def GrantParts(self, request: messages.GrantPartsRequest, context: _Context) -> messages.GrantPartsResponse:
        """One presigned PUT a number."""
        grants = await asyncio.to_thread(
            self._objects.grant_parts, caller.current(), request.upload_id, list(request.numbers)
        )
        return messages.GrantPartsResponse(grants=_grants(grants))

    async def CompleteUpload(
        self, request: messages.CompleteUploadRequest, context: _Context
    ) -> messages.CompleteUploadResponse:
        """Checks and pins."""
        done = await asyncio.to_thread(self._objects.complete_upload, caller.current(), request.upload_id)
        return messages.CompleteUploadResponse(object=_stored(done))

    async def AbortUpload(
        self, request: messages.AbortUploadRequest, context: _Context
    ) -> messages.AbortUploadResponse:
        """Ends an upload."""
        await asyncio.to_thread(self._objects.abort_upload, caller.current(), request.upload_id)
        return messages.AbortUploadResponse()

    async def GrantDownload(
        self, request: messages.GrantDownloadRequest, context: _Context
    ) -> messages.GrantDownloadResponse:
        """A presigned GET of the pinned version."""
        url, pinned, manifest = await asyncio.to_thread(
            self._objects.grant_download, caller.current(), request.case_id, request.manifest_digest
        )
        return messages.GrantDownloadResponse(url=url, object=_stored(pinned), manifest=manifest)


def _grants(made: Sequence[tuple[int, _Put]]) -> list[messages.PartGrant]:
    return [messages.PartGrant(number=number, url=put.url, headers=dict(put.headers)) for number, put in made]


def _stored(row: _Pinned) -> messages.StoredObject:
    return messages.StoredObject(key=row.object_key, version_id=row.version_id, size=row.size, etag=row.etag)
