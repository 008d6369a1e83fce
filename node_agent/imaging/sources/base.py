"""One interface for everything that gives pages: a source is asked for frames, one after the other.

Invariants:
- a frame is one page as it came, whole (``check.inspect_page`` passed); its name is one plain file name of ours or of
  the source's folder, never a path;
- a source ends when it has no more pages now; it never gives the same frame twice;
- what a source cannot give is a refusal that names the frame, so nothing is left out silently.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crypto.refusal import Refusal
from node_agent.imaging.check import PageFacts, inspect_page, read_page
from node_agent.imaging.sources.folder import pages_in


@dataclass(frozen=True)
class Frame:
    """One page to come: its name, and how it is read. ``read`` raises the refusals of the page check, OSError."""

    name: str
    read: Callable[[], tuple[PageFacts, bytes]]


class Source(Protocol):
    """A folder, a document, a scanner, a camera, a browser page."""

    def frames(self) -> Iterator[Frame]:
        """Frames in order; asking for the next one takes it (a camera shoots, a scanner pulls a sheet)."""
        ...


def frame_of(name: str, data: bytes) -> Frame:
    """A frame that is in memory already."""
    return Frame(name, lambda: (inspect_page(name, data), data))


def refused(name: str, refusal: Refusal) -> Frame:
    """A frame that could not be had: reading it says why."""

    def read() -> tuple[PageFacts, bytes]:
        raise refusal

    return Frame(name, read)


@dataclass(frozen=True)
class Files:
    """A folder, a file or several files; a PDF or a TIFF of several pages gives each of them."""

    source: Path | Sequence[Path]

    def frames(self) -> Iterator[Frame]:
        """As ``Source``. Refusal CAPTURE_FOLDER."""
        paths: Iterable[Path] = [self.source] if isinstance(self.source, Path) else self.source
        if isinstance(self.source, Path) and self.source.is_dir():
            paths = pages_in(self.source)
        for path in paths:
            yield from _frames_of(path)


def _frames_of(path: Path) -> Iterator[Frame]:
    from node_agent.imaging.sources import document  # here, not above: most folders hold pictures alone

    if document.is_document(path):
        yield from document.frames_of(path)
    else:
        yield Frame(path.name, lambda: read_page(path))
