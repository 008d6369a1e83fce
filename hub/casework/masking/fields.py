"""Masking of single values by field type (standards.md 15; H01; 个人信息保护法 51, GB/T 37964-2019 suppression).

Invariants:
- pure: a value, its type and a profile give the masked text; nothing else is looked at and nothing is kept;
- the length of what is hidden is told only where it is the same for everybody (id number, telephone);
- what does not have the form of its type is hidden as a whole: a mask never fails open;
- a type without a rule cannot be asked for: ``MASKS`` has every member of ``Field``.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

HIDDEN: Final = "*"


class Profile(StrEnum):
    """RECEIPT: papers of the window, for the applicant; OUTSIDE: anything that leaves the handling nodes."""

    RECEIPT = "RECEIPT"
    OUTSIDE = "OUTSIDE"


class Field(StrEnum):
    """What a value is."""

    PERSON_NAME = "PERSON_NAME"
    CITIZEN_ID = "CITIZEN_ID"
    MOBILE = "MOBILE"
    LANDLINE = "LANDLINE"
    ADDRESS = "ADDRESS"
    BANK_CARD = "BANK_CARD"
    EMAIL = "EMAIL"
    PASSPORT = "PASSPORT"
    NUMBER_PLATE = "NUMBER_PLATE"
    CREDIT_CODE = "CREDIT_CODE"
    UNIT_NAME = "UNIT_NAME"
    PUBLIC = "PUBLIC"


_DOUBLE: Final = (
    "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶"
    "太叔申屠公孙慕容仲孙钟离长孙宇文司徒鲜于司空闾丘子车亓官司寇巫马公西颛孙壤驷公良"
    "漆雕乐正宰父谷梁拓跋夹谷轩辕令狐段干百里呼延东郭南门羊舌微生梁丘左丘东门西门"
)
DOUBLE_SURNAMES: Final = frozenset(re.findall("..", _DOUBLE))
"""复姓: both characters stay."""

_ID: Final = re.compile(r"[1-9]\d{16}[\dXx]")
_MOBILE: Final = re.compile(r"1[3-9]\d{9}")
_LANDLINE: Final = re.compile(r"(010|02\d|0[3-9]\d{2})-?(\d{7,8})")
_CARD: Final = re.compile(r"\d{12,19}")
_EMAIL: Final = re.compile(r"([^@\s])[^@\s]*@([^@\s]+\.[^@\s.]+)")
_PASSPORT: Final = re.compile(r"[A-Za-z0-9]{5,20}")
_PLATE: Final = re.compile(r"([\u4e00-\u9fff][A-Za-z])[A-Za-z0-9\u4e00-\u9fff]{2,5}([A-Za-z0-9\u4e00-\u9fff]{2})")
_COUNTY: Final = re.compile(
    r".{2,8}?(?:省|自治区|特别行政区)?(?:.{1,10}?(?:市|自治州|地区|盟))?.{1,10}?(?:自治县|县|区|市|自治旗|旗)"
)
_STREET: Final = re.compile(r".{1,12}?(?:街道|乡|镇|路|大道|大街|街|巷|村)")


def mask(field: Field, value: str, profile: Profile) -> str:
    """The value as the profile shows it; empty stays empty."""
    text = value.strip()
    return MASKS[field](text, profile) if text else ""


def _name(text: str, profile: Profile) -> str:
    """张* for two characters, 张** for more on a receipt; outside always 张*; with · only the first character."""
    if "·" in text or "•" in text or not _is_han(text[0]):
        return text[0] + HIDDEN
    surname = text[:2] if text[:2] in DOUBLE_SURNAMES and len(text) > 2 else text[:1]
    given = len(text) - len(surname)
    if profile is Profile.RECEIPT and len(surname) == 1 and given >= 2:
        return surname + HIDDEN * 2
    return surname + HIDDEN


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or ord(character) >= 0x20000


def _citizen_id(text: str, profile: Profile) -> str:
    """3+11+4 on a receipt, 1+16+1 outside: 6+8+4 leaves some 3 300 possible numbers."""
    if _ID.fullmatch(text) is None:
        return HIDDEN * 4
    if profile is Profile.RECEIPT:
        return text[:3] + HIDDEN * 11 + text[-4:].upper()
    return text[0] + HIDDEN * 16 + text[-1].upper()


def _mobile(text: str, profile: Profile) -> str:
    return text[:3] + HIDDEN * 4 + text[-4:] if _MOBILE.fullmatch(text) else HIDDEN * 4


def _landline(text: str, profile: Profile) -> str:
    found = _LANDLINE.fullmatch(text)
    return f"{found[1]}-{HIDDEN * 4}{found[2][-2:]}" if found else HIDDEN * 4


def _address(text: str, profile: Profile) -> str:
    """To the street on a receipt, to the county outside; where no county is to be seen, nothing."""
    county = _COUNTY.match(text)
    if county is None:
        return HIDDEN * 4
    shown = county[0]
    street = _STREET.match(text[len(shown) :]) if profile is Profile.RECEIPT else None
    return shown + (street[0] if street else "") + HIDDEN * 4


def _bank_card(text: str, profile: Profile) -> str:
    digits = text.replace(" ", "")
    return HIDDEN * 4 + digits[-4:] if _CARD.fullmatch(digits) else HIDDEN * 4


def _email(text: str, profile: Profile) -> str:
    found = _EMAIL.fullmatch(text)
    return f"{found[1]}{HIDDEN * 3}@{found[2]}" if found else HIDDEN * 4


def _passport(text: str, profile: Profile) -> str:
    if _PASSPORT.fullmatch(text) is None:
        return HIDDEN * 4
    return text[0] + HIDDEN * 4 + (text[-2:] if profile is Profile.RECEIPT else "")


def _plate(text: str, profile: Profile) -> str:
    found = _PLATE.fullmatch(text.replace("·", ""))
    return f"{found[1]}{HIDDEN * 3}{found[2]}" if found else HIDDEN * 4


def _open(text: str, profile: Profile) -> str:
    return text


MASKS: Final[Mapping[Field, Callable[[str, Profile], str]]] = {
    Field.PERSON_NAME: _name,
    Field.CITIZEN_ID: _citizen_id,
    Field.MOBILE: _mobile,
    Field.LANDLINE: _landline,
    Field.ADDRESS: _address,
    Field.BANK_CARD: _bank_card,
    Field.EMAIL: _email,
    Field.PASSPORT: _passport,
    Field.NUMBER_PLATE: _plate,
    Field.CREDIT_CODE: _open,
    Field.UNIT_NAME: _open,
    Field.PUBLIC: _open,
}
"""standards.md 15. Credit code and name of a unit are public; a natural person's business gives its operator's name as
PERSON_NAME."""
