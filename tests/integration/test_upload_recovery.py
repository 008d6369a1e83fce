"""Uploads over a store that forgot, or a hub that died between completing and pinning: the sealing gets through."""

from typing import TYPE_CHECKING

import pytest

from crypto import canonical
from crypto.refusal import Refusal
from crypto.sealing import PART_SIZE
from hub.services.objects import ObjectService, UploadState
from storage.objectstore_s3 import S3ObjectStore
from storage.transfer import TransferClient
from tests.integration.cast import WINDOW
from tests.integration.sealings import Sealed

if TYPE_CHECKING:
    from tests.integration.world import World

pytestmark = [pytest.mark.integration, pytest.mark.drill]


@pytest.fixture(scope="module")
def pages() -> bytes:
    """A page that makes the sealing larger than a part: only such an upload goes by multipart."""
    return bytes(PART_SIZE // 6)


def begin(world: "World", objects: ObjectService, sealed: Sealed) -> UploadState:
    return objects.create_upload(world.record(WINDOW), sealed.manifest)


def put_missing(world: "World", objects: ObjectService, sealed: Sealed, begun: UploadState) -> None:
    manifest, caller = sealed.parsed, world.record(WINDOW)
    there = {part.number for part in begun.parts}
    missing = [number for number in range(1, len(manifest.parts) + 1) if number not in there]
    for number, grant in objects.grant_parts(caller, begun.upload_id, missing):
        start = (number - 1) * manifest.part_size
        TransferClient().put_part(grant, sealed.ciphertext[start : start + manifest.parts[number - 1].size])


def upload_row(world: "World", sealed: Sealed) -> tuple[str, str]:
    with world.database.reading() as reading:
        row = reading.objects.upload_of(canonical.digest(sealed.manifest))
    assert row is not None
    return row.object_key, row.store_upload_id


def test_completed_in_the_store_and_not_pinned_a_new_begin_finds_all_parts(
    world: "World", objectstore: S3ObjectStore, pages: bytes
) -> None:
    """The hub died after the store had joined the parts: the agent begins again and must not be refused for ever."""
    objects, sealed = ObjectService(world.database, objectstore), world.unpinned(pages).application
    begun = begin(world, objects, sealed)
    put_missing(world, objects, sealed, begun)
    key, upload_id = upload_row(world, sealed)
    made = objectstore.complete_multipart(key, upload_id, objectstore.list_parts(key, upload_id))
    again = begin(world, objects, sealed)
    assert [part.number for part in again.parts] == list(range(1, len(sealed.parsed.parts) + 1))
    assert objects.complete_upload(world.record(WINDOW), again.upload_id).version_id == made.version_id


def test_what_the_store_forgot_is_begun_anew(world: "World", objectstore: S3ObjectStore, pages: bytes) -> None:
    objects, sealed = ObjectService(world.database, objectstore), world.unpinned(pages).application
    begun = begin(world, objects, sealed)
    key, upload_id = upload_row(world, sealed)
    objectstore.abort_multipart(key, upload_id)
    with pytest.raises(Refusal, match="STORE_UNAVAILABLE"):  # tried again by every agent
        begin(world, objects, sealed)
    fresh = begin(world, objects, sealed)
    assert fresh.upload_id != begun.upload_id and fresh.parts == []
    put_missing(world, objects, sealed, fresh)
    assert objects.complete_upload(world.record(WINDOW), fresh.upload_id).size == sealed.parsed.size
