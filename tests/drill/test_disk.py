"""A full and a read-only disk under an agent: refused in words, nothing half written; it goes on when there is room.

The agent's folder is a file system of its own (tmpfs of 24 MB), really full and really read-only; hub and store are
those of the unit tests, which keep the contract.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from crypto import canonical
from crypto.refusal import Refusal
from hub.casework.messages import MESSAGES, render
from node_agent.transfer.receiver import Receiver
from node_agent.transfer.sender import Sender
from node_agent.window import drafts
from node_agent.window import intake as window
from storage.journal import Journal
from tests.unit.agents.agent_region import Region
from tests.unit.agents.window_world import STAFF, TICKS, World, open_world, page_file
from tests.unit.evidence_log import DEPARTMENT

pytestmark = pytest.mark.drill
SIZE = "24m"
SAID = {"DRAFT_UNWRITABLE", "SPOOL_UNWRITABLE", "JOURNAL_UNWRITABLE", "RECEIPT_UNWRITABLE", "INBOX_UNWRITABLE"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", folder], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"this system lets the test mount no file system: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def full(disk: Path, left: int = 0) -> Iterator[None]:
    """Nothing more fits but ``left`` bytes."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        with suppress(OSError):
            while file.write(bytes(1 << 16)):
                pass
        if left:
            file.truncate(filler.stat().st_size - left)
    try:
        yield
    finally:
        filler.unlink()


def remount(disk: Path, how: str) -> None:
    """``ro`` or ``rw``; nothing may be open for writing."""
    subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True, capture_output=True)


def refused(refusal: Refusal) -> None:
    """One of the codes that mean the disk, with a text that a clerk can read."""
    assert refusal.code in SAID, refusal
    assert refusal.code in MESSAGES
    assert any("\u4e00" <= sign <= "\u9fff" for sign in render(refusal))


def files(folder: Path) -> dict[str, str]:
    """What lies in a folder: digests by name, without the journal's own files and the filler."""
    own = (path for path in folder.rglob("*") if path.is_file() and "journal.sqlite" not in path.name)
    return {str(path.relative_to(folder)): canonical.digest(path.read_bytes()) for path in own if path.name != "filler"}


def require_sound(home: Path) -> None:
    """The journal is a whole file."""
    with closing(sqlite3.connect(home / "journal.sqlite")) as link:
        assert link.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.fixture
def world(disk: Path) -> World:
    """A window whose folder is on the small disk."""
    return open_world(disk)


def home_of(world: World) -> Path:
    return world.agent.settings.home


def test_capture_on_a_full_disk(world: World, disk: Path, tmp_path: Path) -> None:
    case = world.begin()
    page = page_file(tmp_path, "page.jpg")
    before = files(disk), drafts.load(world.agent, case)
    with full(disk):
        with pytest.raises(Refusal) as caught:
            window.add_pages(world.agent, case, "M01", page)
        refused(caught.value)
        with pytest.raises(Refusal) as caught:
            for _ in range(200):  # the journal may have some room left in its own file
                world.begin()
        refused(caught.value)
        assert (files(disk), drafts.load(world.agent, case)) == before
    window.add_pages(world.agent, case, "M01", page)
    assert len(drafts.load(world.agent, case).lines["M01"].pages) == 1
    require_sound(home_of(world))


def test_capture_of_several_pages_of_which_only_some_fit(world: World, disk: Path, tmp_path: Path) -> None:
    """All of them or none."""
    case = world.begin()
    pages = [page_file(tmp_path, f"page-{number}.jpg", number) for number in range(6)]
    sizes = sum(page.stat().st_size for page in pages[:3])
    before = files(disk)
    with full(disk, left=sizes // 4096 * 4096):
        with pytest.raises(Refusal) as caught:
            window.add_pages(world.agent, case, "M01", pages)
        refused(caught.value)
        assert files(disk) == before
    assert len(window.add_pages(world.agent, case, "M01", pages).taken) == 6


def test_seal_on_a_full_disk(world: World, disk: Path, tmp_path: Path) -> None:
    case = world.scanned(tmp_path)
    before = files(disk)
    for left in (0, 8192, 24576, 65536):
        with full(disk, left):
            try:
                window.seal(world.agent, case, STAFF, **TICKS)
            except Refusal as refusal:
                refused(refusal)
                assert files(disk) == before
                assert not drafts.sealed(world.agent, case)
                assert world.agent.journal.uploads_waiting() == []
            else:
                break
    if not drafts.sealed(world.agent, case):
        window.seal(world.agent, case, STAFF, **TICKS)
    Sender(world.agent, world.transfer()).step()
    assert {act.state for act in world.agent.journal.acts(case)} == {"DONE"}
    require_sound(home_of(world))


def test_receipts_on_a_full_disk(world: World, disk: Path, tmp_path: Path) -> None:
    """The hub has taken the acts; this machine cannot say so yet. Nothing goes twice into the log."""
    sealed = world.sealed(tmp_path)
    sender = Sender(world.agent, world.transfer())
    with full(disk):
        for _ in range(3):
            try:
                sender.step()
            except Refusal as refusal:
                refused(refusal)
            else:
                assert sender.problem is not None
                refused(sender.problem)
    for _ in range(3):
        sender.step()
    assert {act.state for act in world.agent.journal.acts(sealed.case_id)} == {"DONE"}
    placed = world.region.log.cases[sealed.case_id]
    assert len(placed) == len(set(placed))
    events = [event for batch in world.hub.batches for event in batch]
    assert "seal" in events
    assert world.region.log.files[sealed.case_id].case_seq == len(placed)
    require_sound(home_of(world))


def test_pull_on_a_full_disk(disk: Path) -> None:
    region = Region()
    agent = region.agent(disk / "department", DEPARTMENT, ("A01",))
    case, digest = region.forward()
    receiver = Receiver(agent, region.transfer(), monotonic=_Steps())
    with full(disk):
        for _ in range(3):
            try:
                receiver.step()
            except Refusal as refusal:
                refused(refusal)
        assert agent.journal.acts(case) == []
    with full(disk, left=200 * 1024):  # leaves fit, the ciphertext does not
        agent.journal.keep("ballast", bytes(100 * 1024))
        for _ in range(2):
            try:
                receiver.step()
            except Refusal as refusal:
                refused(refusal)
    for _ in range(4):
        receiver.step()
    assert [act.event for act in agent.journal.acts(case)] == ["delivered"]
    assert list((disk / "department" / "inbox" / case).iterdir()) == [
        disk / "department" / "inbox" / case / f"{digest}.sealed"
    ]
    require_sound(disk / "department")


def test_a_read_only_disk(world: World, disk: Path, tmp_path: Path) -> None:
    """As after an error of the disk: opening the journal is refused in words; later everything is there."""
    case = world.scanned(tmp_path)
    home, before = home_of(world), files(disk)
    world.agent.journal.close()
    remount(disk, "ro")
    try:
        with pytest.raises(Refusal) as caught:
            Journal(home / "journal.sqlite")
        refused(caught.value)
        with pytest.raises(Refusal) as caught:
            drafts.keep_files(home / "drafts" / case, [("page.jpg", b"page")])
        refused(caught.value)
    finally:
        remount(disk, "rw")
    assert files(disk) == before
    world.agent.journal = world.agent.registry._journal = Journal(home / "journal.sqlite")
    window.seal(world.agent, case, STAFF, **TICKS)
    Sender(world.agent, world.transfer()).step()
    assert {act.state for act in world.agent.journal.acts(case)} == {"DONE"}


def test_a_disk_that_becomes_read_only_under_the_running_agent(world: World, disk: Path, tmp_path: Path) -> None:
    """The journal's file is open: its writes fail from now on, and are refused in words."""
    case = world.scanned(tmp_path)
    before = files(disk)
    if os.geteuid() != 0 or not shutil.which("chattr"):
        pytest.skip("an open file can be made unwritable only by root with chattr, which is not here")
    names = [path for path in home_of(world).iterdir() if path.name.startswith("journal.sqlite")]
    made = subprocess.run(["chattr", "+i", *names, home_of(world)], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"this file system knows no immutable files: {made.stderr.strip()}")
    try:
        with pytest.raises(Refusal) as caught:
            window.seal(world.agent, case, STAFF, **TICKS)
        refused(caught.value)
    finally:
        subprocess.run(["chattr", "-i", home_of(world), *names], check=True)
    assert files(disk) == before
    window.seal(world.agent, case, STAFF, **TICKS)


class _Steps:
    """A clock that goes on by an hour with every look: no pause is waited for."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += 3600.0
        return self._now
