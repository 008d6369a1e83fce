"""One image as a source gives it, before anybody has judged it."""

from collections.abc import Callable
from dataclasses import dataclass

from crypto.refusal import Refusal
from node_agent.imaging.check import PageFacts, inspect_page


@dataclass(frozen=True)
class Frame:
    """One page to come: its name, and how it is read. ``read`` raises the refusals of the page check, OSError."""

    name: str
    read: Callable[[], tuple[PageFacts, bytes]]


def frame_of(name: str, data: bytes) -> Frame:
    """A frame that is in memory already."""
    return Frame(name, lambda: (inspect_page(name, data), data))


def frame_from(name: str, held: Callable[[], bytes]) -> Frame:
    """A frame that lies aside until it is read."""

    def read() -> tuple[PageFacts, bytes]:
        data = held()
        return inspect_page(name, data), data

    return Frame(name, read)


def refused(name: str, refusal: Refusal) -> Frame:
    """A frame that could not be had: reading it says why."""

    def read() -> tuple[PageFacts, bytes]:
        raise refusal

    return Frame(name, read)
