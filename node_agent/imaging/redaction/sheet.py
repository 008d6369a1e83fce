"""The clerk's one look at what a masked page will cover: boxes that were found, boxes added, boxes taken away.

Invariants:
- a box may be added by anybody at the window, without a reason; one that was found is taken away only with a reason of
  ``reasons.UNMASK_REASONS`` and under a staff code, and stays in the list for the record;
- what was found on a page that cannot be judged is not masked at all: the page is withheld until a clerk says that he
  has looked at all of it (``looked_by``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from crypto.refusal import Refusal
from hub.casework.masking.fields import Profile
from hub.casework.masking.pictures import PageKind
from hub.casework.reasons import UNMASK_REASONS
from node_agent.imaging.finding.judged import Judged

FOUND: Final = "FOUND"
ADDED: Final = "ADDED"
RULE: Final = "standards 15; 个人信息保护法 6, 51"


@dataclass(frozen=True)
class Mark:
    """One box: left, upper, right, lower in pixels of the page; ``kind`` of ``PageKind``; ``origin``: FOUND or ADDED.

    ``reason``, ``by``: why and by whom it was taken away; ``by`` of an added one: who added it.
    """

    box: tuple[int, int, int, int]
    kind: str
    origin: str
    reason: str = ""
    by: str = ""

    @property
    def covers(self) -> bool:
        """Whether the masked page covers it."""
        return not self.reason


def proposed(judged: Judged, profile: Profile = Profile.OUTSIDE) -> list[Mark]:
    """What was found on the page and is covered for this profile."""
    return [Mark(found.box, found.kind.value, FOUND) for found in judged.covered(profile)]


def merged(marks: Sequence[Mark], found: Sequence[Mark]) -> list[Mark]:
    """What was found now, with what people did before: boxes added stay, and one taken away with a reason stays so."""
    before = {mark.box: mark for mark in marks if mark.origin == FOUND and mark.reason}
    own = [mark for mark in marks if mark.origin == ADDED]
    return [*(before.get(mark.box, mark) for mark in found), *own]


def added(marks: Sequence[Mark], box: tuple[int, int, int, int], kind: str, by: str) -> list[Mark]:
    """With one more box. Refusals BOX_OUTSIDE (no area), KIND_UNKNOWN."""
    if box[0] >= box[2] or box[1] >= box[3] or min(box) < 0:
        raise Refusal("BOX_OUTSIDE", RULE)
    if kind not in set(PageKind):
        raise Refusal("MARK_KIND", RULE, kinds=",".join(PageKind))
    return [*marks, Mark(box, kind, ADDED, by=by)]


def removed(marks: Sequence[Mark], number: int, reason: str, by: str) -> list[Mark]:
    """Without box ``number`` (from 1): one that was added goes, one that was found stays on record as open.

    Refusals BOX_NUMBER, REASON_UNKNOWN.
    """
    if not 1 <= number <= len(marks):
        raise Refusal("BOX_NUMBER", RULE, boxes=len(marks))
    if reason not in UNMASK_REASONS:
        raise Refusal("REASON_UNKNOWN", RULE, reason=reason[:20])
    changed = list(marks)
    if changed[number - 1].origin == ADDED:
        del changed[number - 1]
    else:
        changed[number - 1] = replace(changed[number - 1], reason=reason, by=by)
    return changed


def turned(marks: Iterable[Mark], turn: int, width: int, height: int) -> list[Mark]:
    """The boxes on the page turned clockwise by ``turn`` degrees; ``width``, ``height``: pixels of the page before."""

    def on(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        left, upper, right, lower = box
        if turn == 90:
            return height - lower, left, height - upper, right
        if turn == 180:
            return width - right, height - lower, width - left, height - upper
        return (upper, width - right, lower, width - left) if turn == 270 else box

    return [replace(mark, box=on(mark.box)) for mark in marks]


def documents(marks: Iterable[Mark]) -> list[dict[str, Any]]:
    """As kept in a draft."""
    return [{**asdict(mark), "box": list(mark.box)} for mark in marks]


def from_documents(told: Iterable[dict[str, Any]]) -> list[Mark]:
    """Back from a draft."""
    return [Mark(**{**one, "box": tuple(one["box"])}) for one in told]
