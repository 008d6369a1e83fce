"""What a check of the books says, and what it counted."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """ERROR: the books do not agree. NOTE: for information, nothing is owed."""

    ERROR = "ERROR"
    NOTE = "NOTE"


@dataclass(frozen=True)
class BookFinding:
    """One thing found. ``where``: leaf, case, tile or object; ``detail``: values, in English; no personal data."""

    code: str
    where: str
    detail: str = ""
    grade: Grade = Grade.ERROR

    def as_object(self) -> dict[str, object]:
        """JSON form."""
        return {"code": self.code, "grade": self.grade.value, "where": self.where, "detail": self.detail}


def note(code: str, where: str, detail: str = "") -> BookFinding:
    """A finding for information."""
    return BookFinding(code, where, detail, Grade.NOTE)


@dataclass
class Counts:
    """What was held against what so far."""

    leaves: int = 0
    registry: int = 0
    tiles: int = 0
    cases: int = 0
    inbox: int = 0
    objects: int = 0
    object_bytes: int = 0
    checkpoint: int = 0
