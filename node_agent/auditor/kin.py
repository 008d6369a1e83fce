"""Parent and children audited together: who holds their packages checks what the hub told each of the other.

Invariants: each package is audited by itself too (``audit``); here nothing is trusted but what both chains say alike
(states.md 8; promise 4).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from crypto.evidence import read
from crypto.evidence.pins import Pins
from crypto.evidence.timeline import envelope_of
from crypto.log import checkpoint, note
from crypto.log.leaf import Leaf
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.statement import Statement, read_statement
from hub.casework.casefile import CaseFile
from hub.casework.parents.compare import Step, unproven_news, untrue_reports, withheld
from hub.casework.replay import replay


@dataclass(frozen=True)
class Chain:
    """One case: its leaves in log order with the case after each, and how many leaves of the log its package covers."""

    steps: tuple[Step, ...]
    size: int = checkpoint.SIZE_MAX

    @property
    def told(self) -> tuple[Statement, ...]:
        """All statements."""
        return tuple(step.statement for step in self.steps)

    @property
    def stood(self) -> tuple[CaseFile, ...]:
        """The case after each leaf that counted."""
        return tuple(step.file for step in self.steps if step.file is not None)


def chain_of(package: bytes, pins: Pins) -> Chain:
    """What a package tells of its case."""
    contents = read.read(package)
    leaves, registry = read.readable(contents.leaves), read.readable(contents.registry)
    made = chain(leaves, registry, contents.documents, contents.manifests, pins.registrar_keys)
    return replace(made, size=_covered(contents))


def chain(
    leaves: Sequence[Leaf],
    registry: Iterable[Leaf],
    documents: Mapping[tuple[str, str], bytes],
    manifests: Mapping[str, bytes],
    registrar_keys: Iterable[PublicKey],
) -> Chain:
    """The same from leaves, documents and manifests. Refusals ENVELOPE_FORMAT, STATEMENT_FORMAT, NOT_CANONICAL."""
    after: dict[int, CaseFile] = {}

    def keep(leaf: Leaf, file: CaseFile) -> None:
        after[leaf.index] = file

    replay(leaves, registry, documents, manifests, registrar_keys, keep)
    steps = (
        Step(leaf.index, leaf.recorded_at, read_statement(envelope_of(leaf).payload), after.get(leaf.index))
        for leaf in leaves
    )
    return Chain(tuple(steps))


def _covered(contents: read.Contents) -> int:
    """Leaves under the package's checkpoint; what is wrong with it, its own verification finds."""
    try:
        return checkpoint.parse_text(note.parse(contents.entries[read.CHECKPOINT])[0]).size
    except (KeyError, Refusal):
        return checkpoint.SIZE_MAX


def compare(parent: Chain, children: Iterable[Chain]) -> list[str]:
    """Findings as code and digest or case: KIN_FOREIGN, KIN_UNTRUE, KIN_UNPROVEN, KIN_WITHHELD; empty when all
    agree.
    """
    known = [child for child in children if child.stood]
    if not parent.stood:
        return [f"KIN_FOREIGN {child.stood[-1].case}" for child in known]
    found = []
    for child in known:
        found += untrue_reports(parent.stood[-1], parent.told, child.stood)
        found += unproven_news(child.told, parent.told)
        found += withheld(parent.steps, child.steps, min(parent.size, child.size))
    return list(dict.fromkeys(found))
