"""Bounced cases on a real database and SeaweedFS: the hub looks for itself, and the case goes on (T12, T12E, T12R)."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from crypto.refusal import Refusal
from crypto.statement import RECEIPT_TYPE, read_envelope
from hub.casework.common import just_after
from hub.services.batch import Placed
from hub.services.bounces import Bounces
from hub.services.leader import Duty, Leader
from storage.objectstore_s3 import S3ObjectStore
from tests.integration.cast import DEPARTMENT, WINDOW
from tests.integration.detours import Detour, Shelf

if TYPE_CHECKING:
    from storage.object_rows import PacketRow
    from tests.integration.casework import CaseWork

pytestmark = pytest.mark.integration
LARGE = b"p" * (3 << 20)  # seven pages of it: several parts of 8 MiB


@pytest.fixture
def shelf(database_url: str, objectstore: S3ObjectStore) -> Iterator[Shelf]:
    detour = Detour.begin(database_url)
    yield Shelf(detour, objectstore)
    detour.world.close()


def examiner(shelf: Shelf, store: object = None) -> Bounces:
    world = shelf.detour.world
    kept = store or shelf.store
    return Bounces(world.database, kept, world.registry, world.sequencer, shelf.detour.clock)  # type: ignore[arg-type]


def look(shelf: Shelf, bounces: Bounces | None = None) -> bool:
    with shelf.detour.world.database.holding(Duty.BOUNCES) as held:
        assert held is not None
        return (bounces or examiner(shelf)).round(held)


def version(shelf: Shelf, work: "CaseWork") -> str:
    sealing = shelf.detour.file(work).sealing("application")
    assert sealing is not None
    return sealing.version_id


class Touched:
    """The real store, with what one call gives changed."""

    def __init__(self, store: S3ObjectStore, **changed: Callable[..., object]) -> None:
        self._store = store
        self._changed = changed
        self.largest = 0
        self.calls = 0

    def __getattr__(self, name: str) -> Callable[..., object]:
        real = self._changed.get(name) or getattr(self._store, name)

        def called(*args: object) -> object:
            self.calls += 1
            given = real(*args)
            if isinstance(given, bytes):
                self.largest = max(self.largest, len(given))
            return given

        return called


def test_a_bounce_of_a_sound_case_delivers_it(shelf: Shelf) -> None:
    work = shelf.forwarded(LARGE)
    shelf.detour.bounce(work)
    assert shelf.detour.file(work).state == "COLLECTED"
    store = Touched(shelf.store)
    assert look(shelf, examiner(shelf, store)) is True
    file = shelf.detour.file(work)
    assert (file.state, file.holder) == ("PENDING_ACCEPT", file.accepting_node)
    assert [card.kind for card in file.cards] == ["Y3"]
    assert shelf.detour.events(work)[-4:] == ["bounced", "bounce_examined", "route", "constructive_delivery"]
    assert store.largest == max(part.size for part in work.application.parsed.parts) < len(work.application.ciphertext)
    assert look(shelf) is False  # nothing waits any more


def test_an_object_with_other_bytes_is_stored_again_and_goes_on(shelf: Shelf) -> None:
    """The store gives other bytes than were put, under the same version: what a broken disk does."""
    work = shelf.forwarded()
    old = version(shelf, work)
    shelf.detour.bounce(work)

    def spoilt(key: str, wanted: str | None = None, span: tuple[int, int] | None = None) -> bytes:
        data = bytearray(shelf.store.get(key, wanted, span))
        data[7] ^= 1
        return bytes(data)

    assert look(shelf, examiner(shelf, Touched(shelf.store, get=spoilt))) is True
    bounce = shelf.detour.file(work).bounce
    assert bounce is not None
    assert bounce.finding == "UNSOUND"
    due = shelf.detour.file(work).clocks["K1"].due
    assert due is not None and shelf.detour.wake_at(work) == just_after(due)  # Y1 alone
    assert code(work.place(shelf.detour.resend(work), WINDOW)) == "OBJECT_NOT_NEW"
    pinned = shelf.upload(work.application)
    assert pinned.version_id != old
    assert shelf.upload(work.application).version_id == pinned.version_id  # asked again: it is there
    placed = work.do(shelf.detour.resend(work), WINDOW)
    assert placed.leaf.assigned["object_version"] == version(shelf, work) == pinned.version_id
    file = shelf.detour.file(work)
    assert file.state == "FORWARDED"
    assert file.bounce is not None
    assert file.bounce.settled
    assert shelf.detour.events(work)[-3:] == ["bounce_examined", "resend", "route"]
    work.do(work.delivered(), DEPARTMENT)
    assert shelf.may_fetch(DEPARTMENT, work, work.application.digest) == "OK"


def test_older_receipts_keep_the_version_that_they_named(shelf: Shelf) -> None:
    work = shelf.detour.world.unpinned()
    shelf.upload(work.application)
    seal = work.seal()
    first = work.do(seal, WINDOW)
    for recipient in (WINDOW, DEPARTMENT):
        work.do(work.wrap(recipient), WINDOW)
    shelf.store.delete(work.application.parsed.object_key, version(shelf, work))
    shelf.detour.bounce(work, "OBJECT_MISSING")
    look(shelf)
    shelf.upload(work.application)
    work.do(shelf.detour.resend(work), WINDOW)
    again = work.do(seal, WINDOW)
    named = [json.loads(read_envelope(shelf.detour.world.receipt(one), RECEIPT_TYPE).payload) for one in (first, again)]
    assert named[0]["objects"][0]["version_id"] == named[1]["objects"][0]["version_id"]
    assert named[1]["objects"][0]["version_id"] != version(shelf, work)


@pytest.mark.parametrize("reason", ["OBJECT_MISSING", "KEYS", "MANIFEST"])
def test_a_version_that_is_gone_is_unsound_whatever_was_said(shelf: Shelf, reason: str) -> None:
    work = shelf.forwarded()
    shelf.store.delete(work.application.parsed.object_key, version(shelf, work))
    shelf.store.put(work.application.parsed.object_key, b"x" * len(work.application.ciphertext))
    shelf.detour.bounce(work, reason)
    assert look(shelf) is True
    assert shelf.detour.events(work)[-1] == "bounce_examined"
    assert shelf.detour.file(work).state == "COLLECTED"


def test_a_packet_that_is_not_the_one_in_the_log_is_unsound(shelf: Shelf) -> None:
    work = shelf.forwarded()
    with shelf.detour.world.database.unit() as unit:
        row: PacketRow = unit.objects.packets(
            work.application.digest, shelf.detour.world.members[DEPARTMENT].subject, limit=1
        )[0]
        unit.objects.keep_packets([type(row)(**{**vars(row), "packet": hashlib.sha256(row.packet).digest()})])
        unit.commit()
    shelf.detour.bounce(work, "KEYS")
    look(shelf)
    bounce = shelf.detour.file(work).bounce
    assert bounce is not None
    assert bounce.finding == "UNSOUND"


def test_while_the_store_is_away_the_bounce_waits_and_others_are_examined(shelf: Shelf) -> None:
    waits, other = shelf.forwarded(), shelf.forwarded()
    for work in (waits, other):
        shelf.detour.bounce(work)

    def away(key: str, wanted: str | None = None) -> object:
        if key == waits.application.parsed.object_key:
            raise Refusal("STORE_UNAVAILABLE", "design: object store")
        return shelf.store.head(key, wanted)

    with pytest.raises(Refusal) as caught:
        look(shelf, examiner(shelf, Touched(shelf.store, head=away)))
    assert caught.value.code == "STORE_UNAVAILABLE"
    assert shelf.detour.file(waits).state == "COLLECTED"
    assert shelf.detour.file(other).state == "PENDING_ACCEPT"
    assert look(shelf) is True
    assert shelf.detour.file(waits).state == "PENDING_ACCEPT"


def test_examined_twice_is_stated_once(shelf: Shelf) -> None:
    work = shelf.forwarded()
    shelf.detour.bounce(work)
    start = threading.Barrier(2)

    def wait(key: str, wanted: str | None = None) -> object:
        start.wait(10)
        return shelf.store.head(key, wanted)

    made: list[bool] = []
    both = [
        threading.Thread(
            target=lambda: made.append(examiner(shelf, Touched(shelf.store, head=wait)).examine(work.case))
        )
        for _ in range(2)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(made) == [False, True]
    assert shelf.detour.events(work).count("bounce_examined") == 1


def test_the_duty_examines_by_itself(shelf: Shelf) -> None:
    work = shelf.forwarded()
    shelf.detour.bounce(work)
    stop, seen = threading.Event(), threading.Event()
    leader = Leader(shelf.detour.world.database, Duty.BOUNCES, examiner(shelf), 0.05)
    thread = threading.Thread(target=leader.run, args=(stop,))
    thread.start()
    try:
        for _ in range(400):
            if shelf.detour.file(work).state == "PENDING_ACCEPT":
                seen.set()
                break
            stop.wait(0.05)
    finally:
        stop.set()
        thread.join()
    assert seen.is_set()


def test_a_sealing_that_stands_is_not_stored_again(shelf: Shelf) -> None:
    work = shelf.forwarded()
    old = version(shelf, work)
    assert shelf.objects.create_upload(shelf.detour.world.record(WINDOW), work.application.manifest).object is not None
    shelf.detour.bounce(work)
    begun = shelf.objects.create_upload(shelf.detour.world.record(WINDOW), work.application.manifest)
    assert begun.object is not None  # not examined yet: nothing is known to be wrong
    assert begun.object.version_id == old


def code(outcome: object) -> str:
    assert not isinstance(outcome, Placed)
    assert isinstance(outcome, Refusal)
    return outcome.code
