"""PDF and TIFF import: pages rendered to pixels in a process of their own, under hard limits.

Import goes through these steps; the code carries the same numbers:
1. the file is a plain file of bounded size, and starts with what it claims to be
2. a child process with bounded memory and CPU time opens it; a password, scripts, attachments or too many pages end
here 3. each page is drawn alone, at ``RENDER_DPI``, only if its pixels are within the limit

Invariants: nothing of the file survives but pixels (no text, link, script, layer, earlier revision); a document gives
all its pages or none; nothing is written to disk.
"""

import resource
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from crypto.refusal import Refusal
from node_agent.imaging.check import MAX_BYTES, check_name
from node_agent.imaging.sources.frame import Frame, frame_of, refused

RENDER_DPI: Final = 200
MOST_PAGES: Final = 200
MOST_PIXELS: Final = 20_000_000
"""A page of A3 at 200 dpi has 7.7 million."""
MOST_SECONDS: Final = 120
CPU_SECONDS: Final = 120
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


def frames_of(path: Path) -> Iterator[Frame]:
    """All pages of a document, or one frame that says why not."""
    try:
        check_name(path.name)
        pages = rendered(path)
    except Refusal as refusal:
        yield refused(path.name, refusal)
        return
    for number, data in enumerate(pages, start=1):
        yield frame_of(f"{path.stem[:40]}-{number:03}.png", data)


def rendered(path: Path) -> list[bytes]:
    """PNG of every page. Refusals PAGE_TOO_LARGE, DOCUMENT_…"""
    size = path.lstat().st_size
    if size > MAX_BYTES:  # 1
        raise Refusal("PAGE_TOO_LARGE", RULE, bytes=size, limit=MAX_BYTES)
    command = [sys.executable, "-m", "node_agent.imaging.sources.render"]
    try:
        with path.open("rb") as file:
            done = subprocess.run(  # 2
                command, stdin=file, capture_output=True, timeout=MOST_SECONDS, check=False, preexec_fn=_bounded
            )
    except subprocess.TimeoutExpired:
        raise Refusal("DOCUMENT_BROKEN", RULE) from None
    told = done.stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1].split(" ")
    if done.returncode:
        raise Refusal(told[0] if told[0] in TOLD else "DOCUMENT_BROKEN", RULE, limit=told[1] if told[1:] else "")
    return list(_pieces(done.stdout))


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _pieces(out: bytes) -> Iterator[bytes]:
    at = 0
    while at + 4 <= len(out):
        (length,) = struct.unpack(">I", out[at : at + 4])
        yield out[at + 4 : at + 4 + length]
        at += 4 + length


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
