"""Ciphertext on a real SeaweedFS: grants, parts, completion, pinning, and everything that may happen to it after."""

import secrets
import threading
import urllib.request
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from crypto import canonical, manifest
from crypto.manifest import Manifest
from crypto.refusal import Refusal
from crypto.sealing import PART_SIZE, open_page, unwrap_key
from crypto.statement import read_envelope
from hub.services.batch import Placed
from hub.services.intake import Submission
from hub.services.objects import ObjectService, UploadState
from storage.database import Unit
from storage.object_rows import PinnedRow
from storage.objectstore import content_md5
from storage.objectstore_s3 import S3ObjectStore
from storage.transfer import TransferClient
from tests.integration.cast import DEPARTMENT, OTHER_DEPARTMENT, OTHER_WINDOW, WINDOW
from tests.refused import code_of

if TYPE_CHECKING:
    from tests.integration.casework import CaseWork
    from tests.integration.sealings import Sealed
    from tests.integration.world import World

pytestmark = pytest.mark.integration


@dataclass
class Rig:
    """A world whose sealings go into the real store; ``work`` is not uploaded yet."""

    world: "World"
    store: S3ObjectStore
    work: "CaseWork"

    def __post_init__(self) -> None:
        self.objects = ObjectService(self.world.database, self.store)
        self.transfer = TransferClient(attempts=2, longest_pause_s=0.01)

    @property
    def sealed(self) -> "Sealed":
        return self.work.application

    @property
    def parsed(self) -> Manifest:
        return manifest.read(self.sealed.manifest)

    def begin(self, caller: str = WINDOW) -> UploadState:
        return self.objects.create_upload(self.world.record(caller), self.sealed.manifest)

    def part(self, number: int) -> bytes:
        return self.sealed.ciphertext[(number - 1) * PART_SIZE : number * PART_SIZE]

    def put(self, upload_id: str, *numbers: int) -> None:
        for number, signed in self.objects.grant_parts(self.world.record(WINDOW), upload_id, numbers):
            self.transfer.put_part(signed, self.part(number))

    def complete(self, upload_id: str) -> PinnedRow:
        return self.objects.complete_upload(self.world.record(WINDOW), upload_id)

    def upload(self) -> PinnedRow:
        begun = self.begin()
        self.put(begun.upload_id, *range(1, len(self.parsed.parts) + 1))
        return self.complete(begun.upload_id)

    def deliver(self) -> None:
        """Seal and wrap, so that the department has a part in the case and a packet."""
        self.work.to_forwarded()

    def download(self, caller: str = DEPARTMENT) -> tuple[str, PinnedRow, bytes]:
        return self.objects.grant_download(self.world.record(caller), self.work.case, self.sealed.digest)


@pytest.fixture
def rig(world: "World", objectstore: S3ObjectStore) -> Rig:
    return Rig(world, objectstore, world.unpinned())


@pytest.fixture
def large(world: "World", objectstore: S3ObjectStore) -> Rig:
    """A sealing of more than two parts of 8 MiB."""
    return Rig(world, objectstore, world.unpinned(secrets.token_bytes(2_600_000)))


# --- the straight way ------------------------------------------------------------------------------------------------


def test_a_sealing_goes_up_is_pinned_and_comes_down_readable(rig: Rig) -> None:
    row = rig.upload()
    parsed = rig.parsed
    assert (row.object_key, row.size, row.case_id) == (parsed.object_key, parsed.size, rig.work.case)
    rig.deliver()
    url, pinned, data = rig.download()
    assert (pinned, data) == (row, rig.sealed.manifest)
    ciphertext = b"".join(rig.transfer.stream(url))
    assert canonical.digest(ciphertext) == parsed.sha256
    department = rig.world.members[DEPARTMENT]
    assert department.kem is not None
    with rig.world.database.unit() as unit:
        kept = unit.objects.packets(rig.sealed.digest, department.subject)
    assert {(packet.line, packet.rendition) for packet in kept} == parsed.data_key_names()
    packets = {packet.line: packet for packet in rig.work.packets(rig.sealed, DEPARTMENT)}
    for _, _, made in parsed.streams():
        stream = made.stream
        stored = next(packet for packet in kept if packet.line == stream.context.line)
        packet = replace(packets[stream.context.line], packet=stored.packet)
        key = unwrap_key(department.kem, rig.work.case, 1, packet)
        piece = rig.transfer.get_range(url, stream.offset, stream.length)
        assert open_page(key, stream, [piece]) == b"page"


def test_the_receipt_of_a_seal_names_the_version_in_the_store(rig: Rig) -> None:
    row = rig.upload()
    seal = rig.work.seal()
    outcome = rig.work.do(seal, WINDOW)
    assert outcome.leaf.assigned["object_version"] == row.version_id
    receipt = canonical.parse(read_envelope(rig.world.receipt(outcome), "application/vnd.yidi.receipt+json").payload)
    named: Any = receipt["objects"]
    assert named == [{"key": row.object_key, "version_id": row.version_id, "size": row.size, "etag": row.etag}]
    stored = rig.store.head(row.object_key, row.version_id)
    assert stored is not None and (stored.size, stored.etag) == (row.size, row.etag)


def test_a_seal_before_the_upload_is_complete_is_refused_and_taken_after_it(rig: Rig) -> None:
    begun = rig.begin()
    seal = rig.work.seal()
    refused = rig.work.place(seal, WINDOW)
    assert isinstance(refused, Refusal) and refused.code == "OBJECT_MISSING"
    rig.put(begun.upload_id, 1)
    rig.complete(begun.upload_id)
    assert isinstance(rig.work.place(seal, WINDOW), Placed)


def test_many_parts_and_a_resume_at_the_missing_one(large: Rig) -> None:
    parts = large.parsed.parts
    assert len(parts) >= 3 and large.parsed.size > 16 << 20
    begun = large.begin()
    last = len(parts)
    large.put(begun.upload_id, 1, last)
    refused = pytest.raises(Refusal, large.complete, begun.upload_id)
    assert (refused.value.code, refused.value.values["first"]) == ("UPLOAD_INCOMPLETE", "2")
    again = large.begin()  # the window comes up again and asks what is there
    assert again.upload_id == begun.upload_id
    assert [part.number for part in again.parts] == [1, last]
    large.put(again.upload_id, *(set(range(2, last))))
    row = large.complete(again.upload_id)
    assert (row.size, row.etag.rpartition("-")[2]) == (len(large.sealed.ciphertext), str(last))
    assert large.store.get(row.object_key, row.version_id) == large.sealed.ciphertext


def test_a_repeated_upload_is_the_same_upload(rig: Rig) -> None:
    first, second = rig.begin(), rig.begin()
    assert first == second
    row = rig.upload()
    assert rig.begin() == UploadState(first.upload_id, [], row)
    assert rig.complete(first.upload_id) == row


def test_two_processes_complete_at_once(rig: Rig) -> None:
    begun = rig.begin()
    rig.put(begun.upload_id, 1)
    ready, rows = threading.Barrier(2), list[object]()

    def run() -> None:
        ready.wait()
        try:
            rows.append(rig.complete(begun.upload_id))
        except Refusal as refusal:
            rows.append(refusal.code)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert rows == [rig.complete(begun.upload_id)] * 2


# --- bad parts and bad requests --------------------------------------------------------------------------------------


def test_other_bytes_than_the_manifest_states_are_refused_by_the_store(rig: Rig) -> None:
    begun = rig.begin()
    ((_, signed),) = rig.objects.grant_parts(rig.world.record(WINDOW), begun.upload_id, [1])
    good = rig.part(1)
    wrong = good[:-1] + bytes([good[-1] ^ 1])
    assert code_of(lambda: rig.transfer.put_part(signed, wrong)) == "OBJECT_CHANGED"
    forged = replace(signed, headers={**signed.headers, "Content-MD5": content_md5(wrong)})
    assert code_of(lambda: rig.transfer.put_part(forged, wrong)) == "TRANSFER_DENIED"
    longer = replace(signed, headers={**signed.headers, "Content-Length": str(len(good) + 1)})
    assert code_of(lambda: rig.transfer.put_part(longer, good + b"x")) in {"TRANSFER_DENIED", "OBJECT_CHANGED"}
    assert code_of(lambda: rig.complete(begun.upload_id)) == "UPLOAD_INCOMPLETE"
    rig.put(begun.upload_id, 1)
    assert rig.complete(begun.upload_id).size == len(good)


def test_an_upload_without_parts_is_incomplete_and_can_be_dropped(rig: Rig) -> None:
    begun = rig.begin()
    assert code_of(lambda: rig.complete(begun.upload_id)) == "UPLOAD_INCOMPLETE"
    rig.objects.abort_upload(rig.world.record(WINDOW), begun.upload_id)
    assert code_of(lambda: rig.complete(begun.upload_id)) == "UPLOAD_MISSING"
    fresh = rig.begin()
    assert fresh.upload_id != begun.upload_id
    rig.put(fresh.upload_id, 1)
    rig.complete(fresh.upload_id)
    assert code_of(lambda: rig.objects.abort_upload(rig.world.record(WINDOW), fresh.upload_id)) == "UPLOAD_DONE"


@pytest.mark.parametrize("numbers", [[0], [2], [1, -1], [1] * 101])
def test_part_numbers_out_of_the_manifest_are_refused(rig: Rig, numbers: list[int]) -> None:
    begun = rig.begin()
    assert code_of(lambda: rig.objects.grant_parts(rig.world.record(WINDOW), begun.upload_id, numbers)) == "PART_NUMBER"


def test_only_its_own_node_goes_on_with_an_upload(rig: Rig) -> None:
    begun, stranger = rig.begin(), rig.world.record(OTHER_WINDOW)
    for action in (
        lambda: rig.objects.grant_parts(stranger, begun.upload_id, [1]),
        lambda: rig.objects.complete_upload(stranger, begun.upload_id),
        lambda: rig.objects.abort_upload(stranger, begun.upload_id),
        lambda: rig.objects.create_upload(stranger, rig.sealed.manifest),
    ):
        assert code_of(action) == "NOT_YOUR_CASE"
    assert code_of(lambda: rig.begin("gateway")) == "ROLE_FORBIDS"
    assert code_of(lambda: rig.complete("0" * 32)) == "UPLOAD_MISSING"


def test_a_stranger_uploads_nothing_into_a_case_of_others(rig: Rig) -> None:
    rig.upload()
    rig.deliver()
    for name in (OTHER_DEPARTMENT, OTHER_WINDOW):
        further = rig.world.sealing(rig.work.case, revision=2)
        upload = partial(rig.objects.create_upload, rig.world.record(name), further.manifest)
        assert code_of(upload) == "NOT_YOUR_CASE"


KEYS = ("cases/{case}/1/x", "cases/{other}/1/{name}", "cases/{case}/2/{name}", "tile/0/000", "cases/{case}/1/../{name}",
        "/cases/{case}/1/{name}", "cases/{case}/1/{name}/", "cases/{case}/1/{upper}")  # fmt: skip


@pytest.mark.parametrize("pattern", KEYS)
def test_an_object_key_outside_the_case_is_refused(rig: Rig, pattern: str) -> None:
    name = "ab" * 16
    key = pattern.format(case=rig.work.case, other="cd" * 16, name=name, upper=name.upper())
    data = replace(rig.parsed, object_key=key).encode()
    assert code_of(lambda: rig.objects.create_upload(rig.world.record(WINDOW), data)) == "OBJECT_KEY"


def test_a_second_manifest_for_the_same_key_is_refused(rig: Rig) -> None:
    rig.begin()
    data = replace(rig.parsed, catalogue="other").encode()
    assert code_of(lambda: rig.objects.create_upload(rig.world.record(WINDOW), data)) == "OBJECT_KEY"


def test_an_object_over_the_bound_is_refused(rig: Rig) -> None:
    parsed = rig.parsed
    stream = parsed.lines[0].pages[0].renditions[0].stream
    grown = (6 << 30) - parsed.size
    lines = [*parsed.lines]
    first = replace(lines[0].pages[0].renditions[0], stream=replace(stream, length=stream.length + grown))
    lines[0] = replace(lines[0], pages=(replace(lines[0].pages[0], renditions=(first,)),))
    for at in range(1, len(lines)):
        made = lines[at].pages[0].renditions[0]
        moved = replace(made, stream=replace(made.stream, offset=made.stream.offset + grown))
        lines[at] = replace(lines[at], pages=(replace(lines[at].pages[0], renditions=(moved,)),))
    size = parsed.size + grown
    full, rest = divmod(size, PART_SIZE)
    part = parsed.parts[0]
    sizes = [PART_SIZE] * full + ([rest] if rest else [])
    data = replace(
        parsed, size=size, lines=tuple(lines), parts=tuple(replace(part, size=one) for one in sizes)
    ).encode()
    assert code_of(lambda: rig.objects.create_upload(rig.world.record(WINDOW), data)) == "OBJECT_TOO_LARGE"


# --- lost answers ----------------------------------------------------------------------------------------------------


class Kill(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_completion_whose_answer_was_lost_is_repeated(large: Rig, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    rig = large
    begun = rig.begin()
    rig.put(begun.upload_id, *range(1, len(rig.parsed.parts) + 1))
    real = S3ObjectStore.complete_multipart

    def complete(self: S3ObjectStore, key: str, upload_id: str, parts: Any) -> object:
        if when == "after":
            real(self, key, upload_id, parts)
        raise Kill

    monkeypatch.setattr(S3ObjectStore, "complete_multipart", complete)
    with pytest.raises(Kill):
        rig.complete(begun.upload_id)
    monkeypatch.undo()
    row = rig.complete(begun.upload_id)
    assert rig.store.get(row.object_key, row.version_id) == rig.sealed.ciphertext
    assert rig.complete(begun.upload_id) == row


@pytest.mark.drill
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_the_pinning_is_repeated(rig: Rig, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    begun = rig.begin()
    rig.put(begun.upload_id, 1)
    real = Unit.commit

    def commit(self: Any) -> None:
        if when == "after":
            real(self)
        raise Kill

    monkeypatch.setattr(Unit, "commit", commit)
    with pytest.raises(Kill):
        rig.complete(begun.upload_id)
    monkeypatch.undo()
    row = rig.complete(begun.upload_id)
    assert rig.store.get(row.object_key, row.version_id) == rig.sealed.ciphertext
    assert rig.begin().object == row


# --- after the receipt -----------------------------------------------------------------------------------------------


def test_overwriting_by_a_still_valid_url_changes_nothing_that_is_read(rig: Rig) -> None:
    begun = rig.begin()
    ((_, part),) = rig.objects.grant_parts(rig.world.record(WINDOW), begun.upload_id, [1])
    rig.transfer.put_part(part, rig.part(1))
    row = rig.complete(begun.upload_id)
    rig.deliver()
    # The grant is still valid, but what stands there is not written again.
    rig.transfer.put_part(part, rig.part(1))
    assert [one.version_id for one in rig.store.versions(row.object_key)] == [row.version_id]
    # A URL for the whole object, as a careless hub might have signed it.
    loose = rig.store._client.generate_presigned_url(
        "put_object", Params={"Bucket": rig.store.bucket, "Key": row.object_key}, ExpiresIn=600
    )
    with urllib.request.urlopen(urllib.request.Request(loose, data=b"forged", method="PUT")) as answer:
        assert answer.status == 200
    assert rig.store.get(row.object_key) == b"forged"
    url, pinned, _ = rig.download()
    assert pinned == row
    assert b"".join(rig.transfer.stream(url)) == rig.sealed.ciphertext
    assert rig.complete(begun.upload_id) == row


def test_a_version_that_was_deleted_is_missing(rig: Rig) -> None:
    row = rig.upload()
    rig.deliver()
    rig.store.put(row.object_key, b"something else under the same name")
    rig.store.delete(row.object_key, row.version_id)
    assert code_of(rig.download) == "OBJECT_MISSING"


def test_a_version_that_is_another_one_is_changed(rig: Rig) -> None:
    row = rig.upload()
    rig.deliver()
    other = rig.store.put(row.object_key, rig.sealed.ciphertext[:-1] + b"x")
    with rig.world.database.unit() as unit:  # as if the store had changed the bytes under the pinned version
        unit._connection.exec_driver_sql(
            "UPDATE pinned SET version_id = %s WHERE manifest = %s", (other.version_id, rig.sealed.digest)
        )
        unit.commit()
    assert code_of(rig.download) == "OBJECT_CHANGED"


def test_who_has_no_part_or_no_packet_reads_nothing(rig: Rig) -> None:
    rig.upload()
    assert code_of(rig.download) == "NOT_YOUR_CASE"
    rig.work.do(rig.work.seal(), WINDOW)
    assert code_of(lambda: rig.download(WINDOW)) == "KEYS_MISSING"
    rig.work.do(rig.work.wrap(WINDOW), WINDOW)
    assert rig.download(WINDOW)[2] == rig.sealed.manifest
    assert code_of(lambda: rig.download("recovery")) == "KEYS_MISSING"
    rig.work.do(rig.work.wrap("recovery"), WINDOW)
    assert rig.download("recovery")[2] == rig.sealed.manifest
    rig.work.do(rig.work.wrap(DEPARTMENT), WINDOW)
    assert rig.download(DEPARTMENT)[2] == rig.sealed.manifest
    for name in (OTHER_DEPARTMENT, OTHER_WINDOW, "auditor", "gateway"):
        assert code_of(partial(rig.download, name)) == "NOT_YOUR_CASE"


def test_a_sealing_is_read_in_its_own_case_only(rig: Rig) -> None:
    rig.upload()
    rig.deliver()
    other = rig.world.open().to_forwarded()
    caller = rig.world.record(DEPARTMENT)
    assert code_of(lambda: rig.objects.grant_download(caller, other.case, rig.sealed.digest)) == "OBJECT_MISSING"
    assert code_of(lambda: rig.objects.grant_download(caller, rig.work.case, "0" * 64)) == "OBJECT_MISSING"


def test_a_result_goes_up_from_the_department(rig: Rig) -> None:
    rig.upload()
    work = rig.work.to_pending()
    work.do(work.accept(), DEPARTMENT)
    work.do(work.decide(), DEPARTMENT)
    work.result = rig.world.sealing(work.case, kind="result", revision=2, materials=("RESULT",))
    caller = rig.world.record(DEPARTMENT)
    begun = rig.objects.create_upload(caller, work.result.manifest)
    issue = work.issue()
    refused = work.place(issue, DEPARTMENT)
    assert isinstance(refused, Refusal) and refused.code == "OBJECT_MISSING"
    for _, signed in rig.objects.grant_parts(caller, begun.upload_id, [1]):
        rig.transfer.put_part(signed, work.result.ciphertext)
    row = rig.objects.complete_upload(caller, begun.upload_id)
    outcome = work.do(Submission(issue.envelope, issue.attachments), DEPARTMENT)
    assert outcome.leaf.assigned["object_version"] == row.version_id
