"""What the steps of a verification hand on to each other.

Invariant: a step only adds; what an earlier step could not read is absent here and was reported there.
"""

from collections import Counter
from dataclasses import dataclass, field

from crypto.directory import Directory
from crypto.evidence.extract import Extract
from crypto.evidence.pins import Pins
from crypto.evidence.read import Contents
from crypto.evidence.report import Collector
from crypto.log.checkpoint import Checkpoint
from crypto.log.leaf import Leaf
from crypto.statement import Envelope, Statement


@dataclass(frozen=True)
class Spoken:
    """A statement of the case with its leaf."""

    leaf: Leaf
    envelope: Envelope
    statement: Statement


@dataclass
class Work:
    """State of one verification. ``leaves`` and ``registry``: decoded, by index as in the file's name.

    ``directory``: the registry at its last position, from step 4 on. ``stated_size``: as ``package.json`` has it.
    ``unjudged``: key ids and subjects whose key record needs a suite that is not known here.
    """

    contents: Contents
    pins: Pins
    directory: Directory
    found: Collector = field(default_factory=Collector)
    facts: Counter[str] = field(default_factory=Counter)
    case: str = ""
    stated_size: object = None
    head: Checkpoint | None = None
    leaves: dict[int, Leaf] = field(default_factory=dict)
    registry: dict[int, Leaf] = field(default_factory=dict)
    extract: Extract | None = None
    unjudged: set[str] = field(default_factory=set)
    spoken: list[Spoken] = field(default_factory=list)

    @property
    def epoch(self) -> int:
        """Greatest registry position in the package."""
        return max((leaf.epoch for leaf in self.registry.values()), default=0)
