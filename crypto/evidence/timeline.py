"""The registry at any of its positions, walked forwards: every act is judged by what was registered before it.

Invariants:
- hub, verifier and replay run the same ``Directory``; here it is only moved along the epochs;
- a registry leaf that is refused or missing still takes its epoch, so later ones are judged at their own place;
- records are those of the position itself: a later record of the same key never speaks for an earlier act.
"""

from collections.abc import Iterable

from crypto import canonical
from crypto.directory import Directory
from crypto.log.leaf import Leaf
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.statement import Envelope, envelope_from

RULE = "architecture: key record"


class Timeline:
    """Registry leaves replayed in the order of their epochs. ``verified``: their signatures were checked before."""

    def __init__(
        self, registrar_keys: Iterable[PublicKey], registry: Iterable[Leaf], *, verified: bool = False
    ) -> None:
        self._directory = Directory(registrar_keys)
        self._waiting = sorted(registry, key=lambda leaf: (leaf.epoch, leaf.index), reverse=True)
        self._verified = verified
        self.refused: list[tuple[Leaf, Refusal]] = []

    def at(self, epoch: int) -> Directory:
        """The directory at ``epoch``; later calls must not ask for an earlier one (it stays where it is)."""
        while self._waiting and self._waiting[-1].epoch <= epoch:
            self._admit(self._waiting.pop())
        self._directory.epoch = max(self._directory.epoch, epoch)
        return self._directory

    def _admit(self, leaf: Leaf) -> None:
        self._directory.epoch = leaf.epoch - 1
        try:
            self._directory.admit(envelope_of(leaf), recorded_at=leaf.recorded_at, verified=self._verified)
        except Refusal as refusal:
            self.refused.append((leaf, refusal))
        except (TypeError, ValueError, KeyError, AttributeError) as error:  # a body of another shape
            problem = Refusal("REGISTRY_FORMAT", RULE, problem=type(error).__name__)
            self.refused.append((leaf, problem))


class Whole:
    """The registry walked to its end once, for the replay of many cases: each act is judged by asking for its epoch.

    The same answers as a ``Timeline`` gives, since a ``Register`` keeps every record, grant and share with its span of
    epochs and removes none (``crypto.register``). Readers only: nothing is admitted afterwards.
    """

    def __init__(self, registrar_keys: Iterable[PublicKey], registry: Iterable[Leaf]) -> None:
        leaves = list(registry)
        self._directory = Timeline(registrar_keys, leaves, verified=True).at(
            max((one.epoch for one in leaves), default=0)
        )

    @classmethod
    def known(cls, directory: Directory) -> "Whole":
        """Over a directory that was walked, and verified, already; it may grow meanwhile."""
        made = cls.__new__(cls)
        made._directory = directory
        return made

    def at(self, epoch: int) -> Directory:
        """The directory as it is at the end; ask it by ``epoch``, in any order."""
        return self._directory


def envelope_of(leaf: Leaf) -> Envelope:
    """The DSSE envelope in a leaf. Refusal ENVELOPE_FORMAT."""
    return envelope_from(canonical.parse(leaf.envelope))
