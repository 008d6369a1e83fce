"""Pages on their way, kept beside memory: a document or a stack of sheets may have two hundred of them.

Invariants: the file has no name, so nothing is left of it when the last page was read, nor after a kill; memory holds
one page at a time, and a disk that is full is a refusal.
"""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile

from crypto.refusal import Refusal

Held = Callable[[], bytes]
"""A page that lies elsewhere, read when it is needed."""


class Aside:
    """One file without a name in ``folder`` (the system's own without one). Refusal DRAFT_UNWRITABLE."""

    def __init__(self, folder: Path | None = None) -> None:
        try:
            self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - open as long as a page may be read
        except OSError as error:
            raise Refusal("DRAFT_UNWRITABLE", "promise 6", problem=error.strerror or "") from error
        self._end = 0

    def put(self, data: bytes) -> Held:
        """Keep a page; how it is read again. Refusal DRAFT_UNWRITABLE."""
        place, length = self._end, len(data)
        try:
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise Refusal("DRAFT_UNWRITABLE", "promise 6", problem=error.strerror or "") from error
        self._end += length

        def read() -> bytes:
            return os.pread(self._file.fileno(), length, place)

        return read
