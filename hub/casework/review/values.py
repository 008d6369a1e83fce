"""What a case file keeps of its inner life at the department: who took it, steps, special procedures, opinions, links.

Invariant: plain JSON values that never change; a later fact is a value in its place (``dataclasses.replace``).
"""

from dataclasses import dataclass
from typing import Final

STEPS: Final = ("UNDERTAKE", "EXAMINE", "APPROVE")
"""承办, 审核, 批准, in the order in which they are done (states.md 3, T25)."""


@dataclass(frozen=True)
class Taking:
    """Who answered for the case from ``at`` on (T13, F05, F06): person id, code of the basis.

    ``evidence``: digest of the paper that shows the basis, or of the statement itself where there is none.
    """

    person: str
    at: str
    basis: str
    evidence: str


@dataclass(frozen=True)
class SectionStay:
    """An office (股室) of the department that ``person`` passed the case on to; it lies there from ``at`` on (B14)."""

    section: str
    person: str
    at: str


@dataclass(frozen=True)
class StepDone:
    """A step that ``person`` finished in ``role``, or with ``sent_back`` sent back to be done again (T25, F12)."""

    step: str
    person: str
    role: str
    at: str
    sent_back: bool = False


@dataclass(frozen=True)
class Special:
    """A special procedure (T26, T27; 行政许可法 45). ``digest``: the statement that began it.

    ``notices``: (manifest of the written notice, last day as ISO date) pairs, the newest last; ``stops``: whether its
    time is not counted; ``ended_at``, ``result``: empty while it is open.
    """

    digest: str
    kind: str
    at: str
    notices: tuple[tuple[str, str], ...]
    stops: bool
    ended_at: str = ""
    result: str = ""

    @property
    def until(self) -> str:
        """Last day that the applicant was told, ISO."""
        return self.notices[-1][1]


@dataclass(frozen=True)
class Consultation:
    """An opinion asked of another department (T29). ``digest``: the statement that asked; ``until``: its last day, ISO.

    ``answer``: code of the opinion; empty with ``ended_at`` set when the day passed in silence, which is no consent.
    """

    digest: str
    node: str
    matter: str
    at: str
    until: str
    answer: str = ""
    ended_at: str = ""

    @property
    def open(self) -> bool:
        """Whether the opinion is still awaited."""
        return not self.ended_at


@dataclass(frozen=True)
class Referral:
    """Where the case was passed up to (T30, 行政许可法 43): node id and queue.

    ``opinions``: manifests of the first reviews that go along, one a level below; ``steps``: how many steps were done
    before, by those below; ``taken_at``: since when the case is above, empty while it is on its way; ``steps_below``,
    ``taken_below``: the same two of the level that passes it up, where it had the case from below itself.
    """

    node: str
    queue: str
    at: str
    opinions: tuple[str, ...] = ()
    steps: int = 0
    taken_at: str = ""
    steps_below: int = 0
    taken_below: str = ""


@dataclass(frozen=True)
class Link:
    """Another case that this one has to do with: its id and the code of how."""

    case: str
    kind: str
