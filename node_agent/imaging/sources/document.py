"""PDF and TIFF import: pages rendered to pixels in a process of their own, under hard limits.

Import goes through these steps; the code carries the same numbers:
1. the file is a plain file of bounded size, and starts with what it claims to be
2. a child process with bounded memory and CPU time opens it; a password, scripts, attachments or too many pages end
   here
3. each page is drawn alone, at ``RENDER_DPI``, only if its pixels are within the limit, and sent at once
4. it waits in a file without a name (``imaging.aside``) until the last one was drawn

Invariants: nothing of the file survives but pixels (no text, link, script, layer, earlier revision); a document gives
all its pages or none; neither process holds more than one page; nothing that has a name is written to disk.
"""

import os
import resource
import stat
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Thread, Timer
from typing import IO, BinaryIO, Final

from crypto.refusal import Refusal
from node_agent.imaging.aside import Aside, Held
from node_agent.imaging.check import MAX_BYTES, check_name
from node_agent.imaging.sources.frame import Frame, frame_from, refused

RENDER_DPI: Final = 200
MOST_PAGES: Final = 200
MOST_PIXELS: Final = 20_000_000
"""A page of A3 at 200 dpi has 7.7 million."""
MOST_SECONDS: Final = 900
CPU_SECONDS: Final = 600
"""Two hundred pages of a colour scanner on a slow desk; a page takes half a second to a second and a half."""
MOST_PAGE_BYTES: Final = 4 * MOST_PIXELS
"""A PNG is hardly larger than its pixels."""
MOST_WORDS: Final = 1 << 16
MOST_MEMORY: Final = 2 << 30
RULE: Final = "A04; DA/T 31-2017: import"
PDF: Final = b"%PDF-"
TIFF: Final = (b"II*\x00", b"MM\x00*")
TOLD: Final = ("DOCUMENT_ENCRYPTED", "DOCUMENT_ACTIVE", "DOCUMENT_PAGES", "DOCUMENT_PIXELS", "DOCUMENT_EMPTY")
"""What the child process may say; anything else, and its death, is DOCUMENT_BROKEN."""


def is_document(path: Path) -> bool:
    """Whether a plain file may hold several pages: a PDF, or a TIFF with more than one directory (1)."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        with path.open("rb") as file:
            head = file.read(8)
            if head.startswith(TIFF):
                return _second_directory(file, head)
            return head.startswith(PDF)
    except OSError:
        return False


def frames_of(path: Path, scratch: Path | None = None) -> Iterator[Frame]:
    """All pages of a document, or one frame that says why not. ``scratch``: folder on whose disk they wait."""
    try:
        check_name(path.name)
        pages = rendered(path, scratch)
    except Refusal as refusal:
        yield refused(path.name, refusal)
        return
    for number, page in enumerate(pages, start=1):
        yield frame_from(f"{path.stem[:40]}-{number:03}.png", page)


def rendered(path: Path, scratch: Path | None = None) -> list[Held]:
    """PNG of every page, each in memory while it is read alone. Refusals PAGE_TOO_LARGE, DOCUMENT_…,
    DRAFT_UNWRITABLE."""
    size = path.lstat().st_size
    if size > MAX_BYTES:  # 1
        raise Refusal("PAGE_TOO_LARGE", RULE, bytes=size, limit=MAX_BYTES)
    with path.open("rb") as file, _child(file) as child:  # 2
        assert child.stdout is not None and child.stderr is not None  # asked for
        clock, words = Timer(MOST_SECONDS, child.kill), _Words(child.stderr)
        clock.start()
        words.start()
        try:
            pages = list(_pieces(child.stdout, Aside(scratch)))  # 4
            status = child.wait()
        finally:
            clock.cancel()
            child.kill()
            words.join()
    if status:
        told = words.end.decode(errors="replace").strip().rsplit("\n", 1)[-1].split(" ")
        raise Refusal(told[0] if told[0] in TOLD else "DOCUMENT_BROKEN", RULE, limit=told[1] if told[1:] else "")
    return pages


def _child(file: BinaryIO) -> "Popen[bytes]":
    command = [sys.executable, "-m", "node_agent.imaging.sources.render"]
    return Popen(command, stdin=file, stdout=PIPE, stderr=PIPE, preexec_fn=_bounded)


class _Words(Thread):
    """What the child says beside the pages, taken as it comes: a pipe that nobody empties would stop it. Its end is
    kept."""

    def __init__(self, out: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._out = out
        self.end = b""

    def run(self) -> None:
        while piece := os.read(self._out.fileno(), MOST_WORDS):
            self.end = (self.end + piece)[-MOST_WORDS:]


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _pieces(out: IO[bytes], aside: Aside) -> Iterator[Held]:
    """Pages as they are drawn. What a child that was taken over sends beyond the limits ends it (DOCUMENT_BROKEN)."""
    count = 0
    while len(head := out.read(4)) == 4:
        (length,) = struct.unpack(">I", head)
        count += 1
        if length > MOST_PAGE_BYTES or count > MOST_PAGES:
            raise Refusal("DOCUMENT_BROKEN", RULE)
        yield aside.put(out.read(length))


def _second_directory(file: BinaryIO, head: bytes) -> bool:
    """Whether a TIFF's first directory names a next one (TIFF 6.0, section 2)."""
    order = "<" if head.startswith(b"II") else ">"
    (start,) = struct.unpack(order + "I", head[4:8])
    file.seek(start)
    count = file.read(2)
    if len(count) < 2:
        return False
    file.seek(start + 2 + 12 * struct.unpack(order + "H", count)[0])
    following = file.read(4)
    return len(following) == 4 and struct.unpack(order + "I", following)[0] != 0
