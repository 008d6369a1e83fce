"""Words and marks of one page at the same time: the networks leave half a core idle, and faces, codes and seals need no
words."""

from concurrent.futures import ThreadPoolExecutor

from node_agent.imaging.finding.marks import Seen, look
from node_agent.imaging.picture import Pixels
from node_agent.imaging.reading.engine import Engine, turned
from node_agent.imaging.reading.lines import Reading


class Beside:
    """For one page. What breaks either of them breaks the reading: such a page is withheld."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seen: dict[int, Seen] = {}

    def read(self, page: Pixels) -> Reading:
        """As ``Engine.read``; the marks are seen when it returns."""
        turn = self._engine.turn_of(page)
        with ThreadPoolExecutor(1, "marks") as pool:
            looking = pool.submit(look, turned(page, turn))
            reading = self._engine.read(page, turn)
            self._seen[turn] = looking.result()
        return reading

    def seen(self, turn: int) -> Seen | None:
        """The marks, unless the reading was kept from before or turned the page once more."""
        return self._seen.get(turn)
