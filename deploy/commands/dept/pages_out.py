"""Opened pages as files, for who asked for them with ``--out``."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from crypto.refusal import Refusal
from node_agent.transfer.opening import OpenedCase

SUFFIX = {"image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif", "application/json": "json"}


def write_pages(out: Path, opened: OpenedCase) -> list[Path]:
    """Pages as files of mode 0600, all or none; nothing is overwritten. Refusal OUT_EXISTS, OUT_UNWRITABLE."""
    made: list[Path] = []
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, read in _files(opened):
            path = out / name
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                made.append(path)
                file.write(read())
    except BaseException as error:
        for path in made:
            path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise Refusal("OUT_EXISTS", "H02", file=Path(str(error.filename)).name) from error
        if isinstance(error, OSError):
            raise Refusal("OUT_UNWRITABLE", "H02", problem=error.strerror or "") from error
        raise
    return made


def _files(opened: OpenedCase) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Names and readers of all renditions of all pages, those of addenda under ``S<revision>``."""
    named = [(line.line, line) for line in opened.lines]
    named += [(f"S{one.revision}-{line.line}", line) for one in opened.addenda for line in one.lines]
    for name, line in named:
        for page in line.pages:
            stem = f"{name}-{line.material}-{page.number:03d}"
            yield f"{stem}.{SUFFIX.get(page.media_type, 'bin')}", page.read
            for other, (media_type, read) in page.others.items():
                yield f"{stem}-{other}.{SUFFIX.get(media_type, 'bin')}", read
