"""What of a page's picture is covered for whom (standards.md 15, row 图片: full for the handler, redacted for others).

A picture has no half-open values: the whole value is covered, whatever its field shows in text.

Invariants: every kind has a row; who is not named sees the strictest rendition; an official seal says who issued the
paper, so the profiles leave it, but where it lies over something covered, the cover wins.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from hub.casework.masking.fields import Profile


class PageKind(StrEnum):
    """What stands at a place of a page."""

    CITIZEN_ID = "CITIZEN_ID"
    PHONE = "PHONE"
    BANK_CARD = "BANK_CARD"
    PASSPORT = "PASSPORT"
    PERMIT = "PERMIT"
    NAME = "NAME"
    ADDRESS = "ADDRESS"
    BIRTH = "BIRTH"
    PLATE = "PLATE"
    EMAIL = "EMAIL"
    FACE = "FACE"
    SIGNATURE = "SIGNATURE"
    FINGERPRINT = "FINGERPRINT"
    CODE = "CODE"
    UNREADABLE = "UNREADABLE"
    SEAL = "SEAL"


SHOWN: Final[Mapping[Profile, frozenset[PageKind]]] = {
    Profile.RECEIPT: frozenset({PageKind.SEAL}),
    Profile.OUTSIDE: frozenset({PageKind.SEAL}),
}
"""What stays visible in a redacted picture; a code (QR, bars) may hold anything and is covered for everybody."""


def is_covered(kind: PageKind, profile: Profile) -> bool:
    """Whether a redacted picture of this profile covers the kind."""
    return kind not in SHOWN[profile]
