"""Masked copies of what an applicant uploaded, where the list wants them (H01; standards.md 15).

Invariants:
- the one way of ``window.ready`` makes them: pages of these materials alone are read, what was found is covered, and a
  page that was not read in time or cannot be judged gets no masked copy: nobody outside ever sees it;
- no page is turned: what is sealed is, byte for byte, what the applicant signed for;
- nothing is refused for want of a masked copy; the pages lie on disk only until they are sealed, and what was read on
  them is forgotten then.
"""

import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from crypto import canonical
from crypto.sealing import SALT_SIZE
from hub.casework.catalogue.model import Item
from node_agent.imaging.finding.hints import Hint
from node_agent.process.runtime import Agent
from node_agent.transfer.sealer import LineInput, PageInput
from node_agent.window import drafts
from node_agent.window.drafts import DraftLine, DraftPage
from node_agent.window.pages import sealed_page
from node_agent.window.ready import Desk, Lines, make_ready, masked_of
from node_agent.window.seal import READS

PREFIX = "online-"
"""Beginning of the name of the folder of pages until they are sealed; housekeeping erases what a kill leaves."""
log = logging.getLogger(__name__)


@contextmanager
def with_masked(
    agent: Agent, item: Item, lines: Sequence[LineInput], hints: Sequence[Hint] = ()
) -> Iterator[list[LineInput]]:
    """The lines, those that the list wants masked with their masked copies; to be sealed inside the block.

    ``hints``: the form's own data. Refusal DRAFT_UNWRITABLE.
    """
    wanted = masked_of(item)
    chosen = [line for line in lines if line.facts.material in wanted and any(map(_is_picture, line.pages))]
    if not chosen:
        yield list(lines)
        return
    with TemporaryDirectory(dir=agent.settings.home, prefix=PREFIX) as name:
        home = Path(name)
        kept = {line.facts.material: _kept(home, line) for line in chosen}
        try:
            _make(agent, Desk(home, kept.copy, _changing(kept), wanted, tuple(hints), turns=False))
            yield [_sealed(home, line, kept.get(line.facts.material)) for line in lines]
        finally:
            drafts.forget_readings(agent, kept.values())


# --- pieces ----------------------------------------------------------------------------------------------------------


def _make(agent: Agent, desk: Desk) -> None:
    for one in make_ready(agent, desk, READS.seconds):
        if one.why:
            log.info("page withheld: %s %d %s", one.material, one.page, ",".join(one.why))


def _changing(kept: Lines) -> Callable[[Callable[[Lines], Lines]], Lines]:
    """Nobody else works on these lines."""

    def change(make: Callable[[Lines], Lines]) -> Lines:
        kept.update(make(kept.copy()))
        return kept.copy()

    return change


def _is_picture(page: PageInput) -> bool:
    return page.media_type in drafts.SUFFIX


def _kept(home: Path, line: LineInput) -> DraftLine:
    """The line's pictures on disk, committed to tile by tile."""
    facts, pages = line.facts, [page for page in line.pages if _is_picture(page)]
    made = tuple(_page(home, facts.material, page) for page in pages)
    return DraftLine(facts.material, facts.acquisition, facts.trust, facts.original, made)


def _page(home: Path, material: str, page: PageInput) -> DraftPage:
    from node_agent.imaging.picture import decode  # here, not above: OpenCV is slow to load
    from node_agent.imaging.redaction.tiles import root_of_page

    data = page.source if isinstance(page.source, bytes) else page.source.read_bytes()
    salt, digest = secrets.token_bytes(SALT_SIZE), canonical.digest(data)
    (file,) = drafts.keep_files(home, [(f"{material}.{drafts.SUFFIX[page.media_type]}", data)])
    tiles = root_of_page(decode(data), salt)
    return DraftPage(file, page.media_type, digest, shot=digest, salt=salt.hex(), tiles=tiles)


def _sealed(home: Path, line: LineInput, made: DraftLine | None) -> LineInput:
    """The line as it goes into the sealing; an answer that is no picture stays as it is."""
    if made is None:
        return line
    pictures = iter(made.pages)
    return replace(
        line, pages=tuple(sealed_page(home, next(pictures)) if _is_picture(page) else page for page in line.pages)
    )
