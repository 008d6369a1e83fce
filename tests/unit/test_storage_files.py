"""storage.files: whole, private, and on disk with its name."""

import os
import stat
from pathlib import Path

import pytest

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
