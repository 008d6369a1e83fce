"""storage.files: whole, private, and on disk with its name."""

import os
import stat
from pathlib import Path

import pytest

from crypto.manifest import LineFacts
from node_agent.transfer.sealer import LineInput, PageInput, seal_bundle
from node_agent.window.drafts import keep_files
from storage.files import write_private


def test_a_file_is_private_whole_and_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "tls.pem"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_the_name_is_made_durable_after_the_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, synced = os.fsync, []

    def watched(descriptor: int) -> None:
        synced.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), (tmp_path / "key").exists()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    write_private(tmp_path / "key", b"secret")
    assert synced == [(False, False), (True, True)]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "key"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"


def test_sealed_files_and_pages_are_on_disk_with_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("node_agent.transfer.sealer.sync_directory", synced.append)
    monkeypatch.setattr("node_agent.window.drafts.sync_directory", synced.append)
    line = LineInput(LineFacts("L01", "M01", "SUBMIT", "B", "SEEN_RETURNED"), (PageInput(b"page", "image/jpeg"),))
    seal_bundle(
        tmp_path / "spool", [line], case="c0" * 16, revision=1, kind="application", task_code="t", catalogue="c"
    )
    keep_files(tmp_path, [("one.jpg", b"1"), ("two.jpg", b"2")])
    assert synced == [tmp_path / "spool", tmp_path], "once a folder, after all files in it"
