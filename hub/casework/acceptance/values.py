"""What the case file keeps of a supplement notice (T16, T19)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """A supplement notice (T16, T19): statement, time, (material, defect) pairs, last day as ISO date.

    ``addenda``: how many addenda the case had before it; the later ones answer it.
    """

    digest: str
    at: str
    lines: tuple[tuple[str, str], ...]
    due: str
    addenda: int = 0

    @property
    def materials(self) -> frozenset[str]:
        """What is demanded."""
        return frozenset(material for material, _ in self.lines)
