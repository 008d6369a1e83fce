"""One interface for everything that gives pages: a source is asked for frames, one after the other.

Invariants:
- a frame is one page as it came, whole (``check.inspect_page`` passed); its name is one plain file name of ours or of
  the source's folder, never a path;
- a source ends when it has no more pages now; it never gives the same frame twice;
- what a source cannot give is a refusal that names the frame, so nothing is left out silently.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from node_agent.imaging.check import read_page
from node_agent.imaging.sources.folder import pages_in
from node_agent.imaging.sources.frame import Frame


class Source(Protocol):
    """A folder, a document, a scanner, a camera, a browser page."""

    def frames(self) -> Iterator[Frame]:
        """Frames in order; asking for the next one takes it (a camera shoots, a scanner pulls a sheet)."""
        ...


@dataclass(frozen=True)
class Files:
    """A folder, a file or several files; a PDF or a TIFF of several pages gives each of them.

    ``scratch``: folder on whose disk the pages of a document wait, without a name, until they are read.
    """

    source: Path | Sequence[Path]
    scratch: Path | None = None

    def frames(self) -> Iterator[Frame]:
        """As ``Source``. Refusal CAPTURE_FOLDER."""
        paths: Iterable[Path] = [self.source] if isinstance(self.source, Path) else self.source
        if isinstance(self.source, Path) and self.source.is_dir():
            paths = pages_in(self.source)
        for path in paths:
            yield from _frames_of(path, self.scratch)


def _frames_of(path: Path, scratch: Path | None) -> Iterator[Frame]:
    from node_agent.imaging.sources import document  # here, not above: most folders hold pictures alone

    if document.is_document(path):
        yield from document.frames_of(path, scratch)
    else:
        yield Frame(path.name, lambda: read_page(path))
