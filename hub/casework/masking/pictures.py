"""What of a page's picture is covered for whom (standards.md 15, row 图片: full for the handler, redacted for others).

A picture has no half-open values: the whole value is covered, whatever its field shows in text.

Invariants: every kind has a row; who is not named sees the strictest rendition; an official seal says who issued the
paper, so the profiles leave it, but where it lies over something covered, the cover wins.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from hub.casework.masking.fields import Field, Profile


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


KIND_OF_FIELD: Final[Mapping[Field, PageKind]] = {
    Field.PERSON_NAME: PageKind.NAME,
    Field.CITIZEN_ID: PageKind.CITIZEN_ID,
    Field.MOBILE: PageKind.PHONE,
    Field.LANDLINE: PageKind.PHONE,
    Field.ADDRESS: PageKind.ADDRESS,
    Field.BANK_CARD: PageKind.BANK_CARD,
    Field.EMAIL: PageKind.EMAIL,
    Field.PASSPORT: PageKind.PASSPORT,
    Field.NUMBER_PLATE: PageKind.PLATE,
}
"""The form's own data by field type; types that are not here are open on pages too."""

SHOWN: Final[Mapping[Profile, frozenset[PageKind]]] = {
    Profile.RECEIPT: frozenset({PageKind.SEAL}),
    Profile.OUTSIDE: frozenset({PageKind.SEAL}),
}
"""What stays visible in a redacted picture; a code (QR, bars) may hold anything and is covered for everybody."""


def is_covered(kind: PageKind, profile: Profile) -> bool:
    """Whether a redacted picture of this profile covers the kind."""
    return kind not in SHOWN[profile]
