"""Free text and whole records, masked (standards.md 15: by field type first, free text is scanned too; H01).

Invariants:
- a record names the type of each member; a member without one is hidden, never shown as it is;
- in free text every run that has the form of an id number, a telephone or a bank card is masked, also in full-width
  digits and with blanks, dots or hyphens between the groups: better one number too many than one too few;
- so is a name where the words beside it say that it is one (a role before it, a telephone behind it);
- there is no other place that masks: papers, labels, views and log lines all come here.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import partial
from typing import Final

from hub.casework.masking.fields import HIDDEN, Field, Profile, mask

_BETWEEN: Final = r"[ \-\u00a0\u2010-\u2015\u3000]"
_OR_DOT: Final = r"[ .\-\u00a0\u00b7\u2010-\u2015\u3000\uff0e]"
_GAP: Final = _BETWEEN + "?"
_DOTTED: Final = _OR_DOT + "?"
"""Not between the digits of any telephone: an internet address would be one."""
_NO_DIGIT_BEFORE: Final = r"(?<![0-9])"
_PATTERNS: Final = (
    (
        Field.CITIZEN_ID,
        re.compile(_NO_DIGIT_BEFORE + _DOTTED.join(["[1-9]", *[r"\d"] * 16, r"[\dXx]"]) + r"(?![0-9Xx])"),
    ),
    (Field.BANK_CARD, re.compile(r"(?<![0-9A-Za-z])[1-9](?:" + _DOTTED + r"\d){14,18}(?![0-9A-Za-z])")),
    (Field.MOBILE, re.compile(r"(?<!\d)" + _GAP.join(["1", "[3-9]", *[r"\d"] * 9]) + r"(?!\d)")),
    (Field.MOBILE, re.compile(r"(?<!\d)1[3-9]\d[.\u00b7]\d{4}[.\u00b7]\d{4}(?!\d)")),
    (Field.LANDLINE, re.compile(r"(?<!\d)0\d{2,3}[ \-\u2010-\u2015]?\d{7,8}(?!\d)")),
    (Field.EMAIL, re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")),
)
_GAPS: Final = re.compile(_OR_DOT)
_HAN: Final = "[\u3400-\u9fff\U00020000-\U0003347f]"
_ROLE: Final = (
    r"(?:投递员|揽投员|快递员|派件员|派送员|收派员|业务员|操作员|联系人|签收人|收件人|寄件人)[:：,，\s【(（\[]+"
    r"|(?:申请人|代理人|法定代表人|姓名)\s?[:：]\s?"
)
_AFTER_ROLE: Final = re.compile(rf"({_ROLE})({_HAN}(?:·|{_HAN})*)")
_MOBILE_NEXT: Final = r"[,，:：\s]*(?:(?:电话|手机)[:：\s]*)?1[3-9](?:" + _GAP + r"\d){9}(?!\d)"
_BEFORE_MOBILE: Final = re.compile(rf"(?<!{_HAN})({_HAN}(?:·|{_HAN}){{1,12}})(?={_MOBILE_NEXT})")
_WORDS: Final = re.compile("电话|手机|本人|家人|揽投部|客服|热线|投诉|致电|联系|号码|号|单位|同事|材料|申请|卡|拨")
"""Words that stand where a name could: a run with one of them is none."""
_OFFICE: Final = re.compile(_HAN + "{3,}(?:局|厅|中心|大厅|窗口|专窗|公司|派出所|医院|学校|政府|办公室|委员会)")
"""A run that is the name of an office as a whole; with a person's name behind it, it is none."""
_DIGEST: Final = re.compile(r"((?<![0-9A-Za-z])[0-9a-f]{32,}(?![0-9A-Za-z]))")


def mask_text(text: str, profile: Profile) -> str:
    """Free text with what looks like an id number, a bank card, a telephone, an e-mail address or a name masked.

    Digits of other widths become plain ones first, so that none slips through.
    """
    plain = "".join(_plain_digit(character) for character in text)
    plain = _AFTER_ROLE.sub(lambda found: found[1] + _name(found[2], profile), plain)
    plain = _BEFORE_MOBILE.sub(lambda found: _name(found[1], profile), plain)
    for field, pattern in _PATTERNS:
        plain = pattern.sub(partial(_masked, field, profile), plain)
    return plain


def mask_line(line: str) -> str:
    """A log line as it may be written (standards.md 15: never log raw values). Ids and digests stay as they are."""
    parts = _DIGEST.split(line)
    return "".join(
        part if number % 2 and not part.isdecimal() else mask_text(part, Profile.OUTSIDE)
        for number, part in enumerate(parts)
    )


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


def _name(text: str, profile: Profile) -> str:
    if _WORDS.search(text) or _OFFICE.fullmatch(text):
        return text
    return mask(Field.PERSON_NAME, text, profile)


def _plain_digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    if value is not None:
        return str(value)
    return {"\uff38": "X", "\uff58": "x", "\uff0d": "-", "\uff20": "@"}.get(character, character)
