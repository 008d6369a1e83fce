"""Receipts that wait for the clerk's printer: files of mode 0600 in the agent's folder ``receipts``.

Invariants:
- what a receipt says lies on disk (a print order) before its seal is queued, under the seal's digest, and gets its
  public number for a name only afterwards: a kill in between leaves a receipt without a case to ``tidy``, never a case
  without a receipt;
- order and PDF hold the applicant's secret, so both are erased when the clerk says that it is printed, and by
  themselves after ``keep_hours``; nothing else of it is kept.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from crypto.canonical import CHINA
from crypto.refusal import Refusal
from storage.files import sync_directory, write_private

FOLDER = "receipts"
LAID, ORDER, PAPER = ".sealing", ".order", ".pdf"
SEALING_LASTS = timedelta(minutes=10)


def lay(home: Path, digest: str, data: bytes) -> None:
    """Put the print order of a seal that is to be queued next on disk. Refusal RECEIPT_UNWRITABLE: nothing was kept."""
    folder = home / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        write_private(folder / (digest + LAID), data)
    except OSError as error:
        raise Refusal("RECEIPT_UNWRITABLE", "promise 6; T05", problem=error.strerror or "") from error


def publish(home: Path, digest: str, public_no: str) -> None:
    """The seal is queued: its order under the public number. May be repeated.

    A disk that says no leaves it where it was: the case is sealed all the same, and ``tidy`` tries again.
    """
    laid, file = home / FOLDER / (digest + LAID), home / FOLDER / (public_no + ORDER)
    with suppress(OSError):
        if laid.exists():
            laid.replace(file)
            sync_directory(file.parent)


def drop(home: Path, digest: str) -> None:
    """The seal was not queued: its receipt must not be handed out."""
    (home / FOLDER / (digest + LAID)).unlink(missing_ok=True)


def order(home: Path, public_no: str) -> bytes | None:
    """The print order of a receipt that was not printed yet, or None."""
    file = home / FOLDER / (public_no + ORDER)
    return file.read_bytes() if public_no and file.exists() else None


def put(home: Path, name: str, data: bytes) -> Path:
    """A finished paper for the printer; its file. Refusal RECEIPT_NOT_PRINTED."""
    file = home / FOLDER / (name + PAPER)
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(file, data)
    except OSError as error:
        raise Refusal("RECEIPT_NOT_PRINTED", "promise 6; T05", problem=error.strerror or "") from error
    return file


def erase(home: Path, public_no: str) -> bool:
    """The receipt is printed: erase order and paper, and copies of it. False when there was none."""
    files = list((home / FOLDER).glob(f"{public_no}*")) if public_no else []
    for file in files:
        file.unlink(missing_ok=True)
    return bool(files)


def tidy(home: Path, sealed: Callable[[str], str | None], now: datetime, keep_hours: float) -> None:
    """What a kill left is finished or erased, and what waited longer than ``keep_hours`` is erased.

    ``sealed``: the public number of a queued seal by its digest, None when there is no such seal. ``now``: aware.
    """
    folder = home / FOLDER
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        age = now - datetime.fromtimestamp(path.stat().st_mtime, CHINA)
        if path.suffix == LAID:
            public_no = sealed(path.stem)
            if public_no is not None:
                publish(home, path.stem, public_no)
            elif age > SEALING_LASTS:
                path.unlink(missing_ok=True)
        elif age > (timedelta(hours=keep_hours) if path.suffix in (ORDER, PAPER) else SEALING_LASTS):
            path.unlink(missing_ok=True)
