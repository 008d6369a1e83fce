"""Free text and whole records, masked (standards.md 15: by field type first, free text is scanned too; H01).

Invariants:
- a record names the type of each member; a member without one is hidden, never shown as it is;
- in free text every run that has the form of an id number, a telephone or a bank card is masked, also in full-width
  digits and with blanks or hyphens between the groups: better one number too many than one too few.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import partial
from typing import Final

from hub.casework.masking.fields import HIDDEN, Field, Profile, mask

_GAP: Final = r"[ \-\u2010-\u2015\u3000]?"
_NO_DIGIT_BEFORE: Final = r"(?<![0-9])"
_PATTERNS: Final = (
    (Field.CITIZEN_ID, re.compile(_NO_DIGIT_BEFORE + _GAP.join(["[1-9]", *[r"\d"] * 16, r"[\dXx]"]) + r"(?![0-9Xx])")),
    (Field.BANK_CARD, re.compile(r"(?<![0-9A-Za-z])[1-9](?:" + _GAP + r"\d){14,18}(?![0-9A-Za-z])")),
    (Field.MOBILE, re.compile(r"(?<!\d)" + _GAP.join(["1", "[3-9]", *[r"\d"] * 9]) + r"(?!\d)")),
    (Field.LANDLINE, re.compile(r"(?<!\d)0\d{2,3}[ \-\u2010-\u2015]?\d{7,8}(?!\d)")),
    (Field.EMAIL, re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")),
)
_GAPS: Final = re.compile(r"[ \-\u2010-\u2015\u3000]")


def mask_text(text: str, profile: Profile) -> str:
    """Free text with what looks like an id number, a bank card, a telephone or an e-mail address masked.

    Digits of other widths become plain ones first, so that none slips through.
    """
    plain = "".join(_plain_digit(character) for character in text)
    for field, pattern in _PATTERNS:
        plain = pattern.sub(partial(_masked, field, profile), plain)
    return plain


def mask_record(record: Mapping[str, str], types: Mapping[str, Field], profile: Profile) -> dict[str, str]:
    """Each member by its type; a public text is scanned as free text; what has no type is hidden."""
    masked = {}
    for name, value in record.items():
        field = types.get(name)
        if field is None:
            masked[name] = HIDDEN * 4 if value else ""
        else:
            shown = mask(field, value, profile)
            masked[name] = mask_text(shown, profile) if field is Field.PUBLIC else shown
    return masked


def _masked(field: Field, profile: Profile, found: re.Match[str]) -> str:
    value = found[0] if field is Field.EMAIL else _GAPS.sub("", found[0])
    return mask(field, value, profile)


def _plain_digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    if value is not None:
        return str(value)
    return {"\uff38": "X", "\uff58": "x", "\uff0d": "-", "\uff20": "@"}.get(character, character)
