"""Numbers of people, bodies, regions, items and cases, and the levels of proof of delivery.

Invariants:
- a wrong check digit is an error, an unknown region only ever a warning (standards.md 2), so no list of
  regions is asked here;
- a refusal never repeats a citizen's number: it names the length or the rule, not the value;
- what is returned is the one stored form: upper-case X, 12-digit regions, 43-character case numbers.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Final, Literal

from crypto.refusal import Refusal

CITIZEN_RULE: Final = "GB 11643-1999, standards.md 10"
CREDIT_RULE: Final = "GB 32100-2015, standards.md 10"
REGION_RULE: Final = "GB/T 2260, standards.md 2"
CODE_RULE: Final = "GB/T 39554, standards.md 3"
PUBLIC_RULE: Final = "ISO/IEC 7064 MOD 11,10; issue: public number"
PROOF_RULE: Final = "postal.md 7"

_CITIZEN: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_CITIZEN_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT: Final = re.compile(f"[{_CREDIT_ALPHABET}]{{2}}[0-9]{{6}}[{_CREDIT_ALPHABET}]{{10}}")
_REGION: Final = re.compile(r"[1-9][0-9]{5}(?:[0-9]{3}){0,2}")
_CATALOG: Final = re.compile(r"[0-9]{12}")
_BASE36: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LAST_DECIMAL: Final = 9999
_FIRST_LETTER: Final = 10 * 36**3
_LAST_SERIAL: Final = _LAST_DECIMAL + 26 * 36**3


@dataclass(frozen=True, slots=True)
class CitizenId:
    """A valid number of GB 11643: ``text`` (18, upper-case X), 6-digit ``region``, birth date, sex."""

    text: str
    region: str
    birth_date: date
    sex: Literal["F", "M"]


def citizen_id(text: str) -> CitizenId:
    """The citizen's number in ``text``; lower-case x is accepted.

    Refusals: CITIZEN_ID_15 (number of before 1999), CITIZEN_ID_FORMAT, CITIZEN_ID_CHECK (check digit),
    CITIZEN_ID_DATE (the birth date does not exist).
    """
    shown = text.strip().upper()
    if re.fullmatch(r"[0-9]{15}", shown):
        raise Refusal("CITIZEN_ID_15", CITIZEN_RULE, length=15)
    if not _CITIZEN.fullmatch(shown):
        raise Refusal("CITIZEN_ID_FORMAT", CITIZEN_RULE, length=len(shown))
    total = sum(weight * int(digit) for weight, digit in zip(_CITIZEN_WEIGHTS, shown[:17], strict=True))
    if shown[17] != "10X98765432"[total % 11]:
        raise Refusal("CITIZEN_ID_CHECK", CITIZEN_RULE, position=18)
    try:
        born = date(int(shown[6:10]), int(shown[10:12]), int(shown[12:14]))
    except ValueError:
        raise Refusal("CITIZEN_ID_DATE", CITIZEN_RULE, position="7-14") from None
    return CitizenId(shown, shown[:6], born, "M" if int(shown[16]) % 2 else "F")


def credit_code(text: str) -> str:
    """The unified social credit code in ``text``, upper case. Refusals CREDIT_CODE_FORMAT,
    CREDIT_CODE_CHECK.
    """
    shown = text.strip().upper()
    if not _CREDIT.fullmatch(shown):
        raise Refusal("CREDIT_CODE_FORMAT", CREDIT_RULE, length=len(shown))
    total = sum(pow(3, place, 31) * _CREDIT_ALPHABET.index(sign) for place, sign in enumerate(shown[:17]))
    if shown[17] != _CREDIT_ALPHABET[-total % 31]:
        raise Refusal("CREDIT_CODE_CHECK", CREDIT_RULE, value=shown)
    return shown


def region_code(text: str) -> str:
    """The 12-digit form of a region of 6, 9 or 12 digits. Refusal REGION_CODE."""
    if not _REGION.fullmatch(text):
        raise Refusal("REGION_CODE", REGION_RULE, value=text[:20])
    return text.ljust(12, "0")


def region_prefix(region: str) -> str:
    """The leading digits that all regions inside ``region`` (12 digits) share: 0 (all zeros: the whole country), 2, 4,
    6, 9 or 12 of them."""
    for length in (0, 2, 4, 6, 9):
        if not region[length:].strip("0"):
            return region[:length]
    return region


@dataclass(frozen=True, slots=True)
class TaskCode:
    """The parts of a 31-character implementation code."""

    credit_code: str
    level: str
    catalog_code: str


def task_code(text: str) -> TaskCode:
    """The parts of ``text`` = credit code 18 + level 1 + basic code 12.

    Refusals: TASK_CODE_FORMAT, and those of ``credit_code``.
    """
    if len(text) != 31 or text[18] not in "1234567" or not _CATALOG.fullmatch(text[19:]):
        raise Refusal("TASK_CODE_FORMAT", CODE_RULE, value=text[:40])
    if credit_code(text[:18]) != text[:18]:
        raise Refusal("TASK_CODE_FORMAT", CODE_RULE, value=text[:40])
    return TaskCode(text[:18], text[18], text[19:])


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """The parts of a 43-character case number; ``date`` is the local date (UTC+8) of sequencing."""

    task_code: str
    date: date
    serial: int


def case_no(task: str, day: date, serial: int) -> str:
    """The 43-character case number of the ``serial``-th case (from 1) of item ``task`` on ``day`` (UTC+8).

    The serial has four characters. The norm's four digits end at 9999; from 10000 on the number continues
    with A000, A001 … ZZZZ in base 36, so the first character tells the two ranges apart and 1,223,055 cases a
    day fit. ValueError for serial < 1; Refusal CASE_SERIAL_SPENT beyond ZZZZ; TASK_CODE_FORMAT by length.
    """
    if serial < 1:
        raise ValueError("serials start at 1")
    if len(task) != 31:
        raise Refusal("TASK_CODE_FORMAT", CODE_RULE, value=task[:40])
    if serial > _LAST_SERIAL:
        raise Refusal("CASE_SERIAL_SPENT", CODE_RULE, task_code=task, date=day.isoformat())
    return f"{task}{day:%Y%m%d}{_serial_text(serial)}"


def parse_case_no(text: str) -> CaseNumber:
    """The parts of a case number. Refusal CASE_NO_FORMAT; the refusals of ``task_code``."""
    try:
        if len(text) != 43 or not re.fullmatch(r"[0-9]{8}", text[31:39]):
            raise ValueError("length")
        day, serial = date.fromisoformat(text[31:39]), _serial_value(text[39:])
    except ValueError:
        raise Refusal("CASE_NO_FORMAT", CODE_RULE, value=text[:50]) from None
    task_code(text[:31])
    return CaseNumber(text[:31], day, serial)


def public_number(prefix: int, counter: int) -> str:
    """The 12-digit public number: journal prefix (5 digits), journal counter (6 digits), check digit.

    ValueError outside 0..99999 and 0..999999.
    """
    if not (0 <= prefix <= 99_999 and 0 <= counter <= 999_999):
        raise ValueError("a prefix has 5 digits, a counter 6")
    body = f"{prefix:05}{counter:06}"
    return body + _mod_11_10(body)


def check_public_number(text: str) -> str:
    """The 12 digits of a public number typed with or without blanks and hyphens. Refusal
    PUBLIC_NUMBER_CHECK.
    """
    digits = re.sub(r"[ \-]", "", text)
    if not re.fullmatch(r"[0-9]{12}", digits) or digits[11] != _mod_11_10(digits[:11]):
        raise Refusal("PUBLIC_NUMBER_CHECK", PUBLIC_RULE, length=len(digits))
    return digits


def print_public_number(number: str) -> str:
    """The number as it is printed and read out: three groups of four."""
    digits = check_public_number(number)
    return " ".join((digits[:4], digits[4:8], digits[8:]))


class ProofLevel(IntEnum):
    """How well delivery is proven (postal.md 7); compare with ``>=`` against an item's required level."""

    NONE = 0
    OTHER_SIGNER = 1
    ADDRESSEE = 2
    SIGNATURE = 3
    PAPER_OR_COUNTER = 4


_BY_SIGNER: Final = {
    "SELF": ProofLevel.ADDRESSEE,
    "HOUSEHOLD": ProofLevel.OTHER_SIGNER,
    "UNIT": ProofLevel.OTHER_SIGNER,
}
_UNATTENDED: Final = {"PICKUP_POINT", "LOCKER", "DOORSTEP", "UNKNOWN"}


def proof_level(signer_kind: str, evidence: str) -> ProofLevel:
    """The level that one piece of evidence reaches; of several pieces the greatest counts (``max``).

    Paper slips and signatures at our own counter reach 4 whoever the carrier named. A parcel left somewhere
    proves nothing, even with a photograph of the place; a delivery code counts, since only the addressee has
    it.

    ``signer_kind``: SELF, HOUSEHOLD, UNIT, PICKUP_POINT, LOCKER, DOORSTEP or UNKNOWN; ``evidence``: EVENT,
    DELIVERY_CODE, SIGNATURE_IMAGE, ELECTRONIC_SLIP, PAPER_SLIP or COUNTER_SIGNATURE; Refusal PROOF_KIND for
    other words.
    """
    if signer_kind not in _BY_SIGNER and signer_kind not in _UNATTENDED:
        raise Refusal("PROOF_KIND", PROOF_RULE, signer_kind=signer_kind[:40])
    match evidence:
        case "PAPER_SLIP" | "COUNTER_SIGNATURE":
            return ProofLevel.PAPER_OR_COUNTER
        case "SIGNATURE_IMAGE" | "ELECTRONIC_SLIP":
            return ProofLevel.NONE if signer_kind in _UNATTENDED else ProofLevel.SIGNATURE
        case "DELIVERY_CODE":
            return ProofLevel.ADDRESSEE
        case "EVENT":
            return _BY_SIGNER.get(signer_kind, ProofLevel.NONE)
    raise Refusal("PROOF_KIND", PROOF_RULE, evidence=evidence[:40])


def _serial_text(serial: int) -> str:
    if serial <= _LAST_DECIMAL:
        return f"{serial:04}"
    number, text = serial - _LAST_DECIMAL - 1 + _FIRST_LETTER, ""
    for _ in range(4):
        number, rest = divmod(number, 36)
        text = _BASE36[rest] + text
    return text


def _serial_value(text: str) -> int:
    """The serial in four characters; ValueError for any that ``_serial_text`` never writes."""
    if re.fullmatch(r"[0-9]{4}", text) and text != "0000":
        return int(text)
    if not re.fullmatch(r"[A-Z][0-9A-Z]{3}", text):
        raise ValueError("no serial")
    return int(text, 36) - _FIRST_LETTER + _LAST_DECIMAL + 1


def _mod_11_10(body: str) -> str:
    """Check digit of ISO/IEC 7064 MOD 11,10 over decimal digits."""
    carry = 10
    for digit in body:
        carry = ((carry + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - carry) % 10)
