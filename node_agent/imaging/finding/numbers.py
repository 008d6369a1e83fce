"""Numbers that name a person: citizen id (18 and 15 digits), telephone, bank card, passport, permits, plate, e-mail.

The order of the checks: what a label says, then the form, then the check digit. A number whose check digit fails is
covered all the same (a doubtful digit is one wrong reading away from a right one); a public number stays only where its
label says so or where its own form does (credit code, case number).
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.found import Found, covering
from node_agent.imaging.finding.layout import Text

SLIPS: Final = {
    "O": "0", "o": "0", "Q": "0", "D": "0", "〇": "0", "l": "1", "I": "1", "|": "1", "i": "1", "!": "1",
    "Z": "2", "z": "2", "S": "5", "s": "5", "B": "8", "g": "9", "q": "9", "b": "6", "G": "6",
}  # fmt: skip
"""What the engine reads for a digit when the print is poor."""
_DIGIT: Final = "0-9" + "".join(re.escape(c) for c in SLIPS)
_BETWEEN: Final = r"[ .·,_\-\n]{0,3}"
_RUN: Final = re.compile(rf"[{_DIGIT}](?:{_BETWEEN}[{_DIGIT}xX*×])*")
_GRID: Final = re.compile(rf"(?<![0-9])[{_DIGIT}](?:[\t ]{{1,2}}[{_DIGIT}xX]{{1,3}}){{6,}}(?![0-9])")
"""Digits in single boxes."""
PUBLIC: Final = re.compile(
    r"(?:信用代码|办件编号|实施编码|事项编码|缴款书?编?号?|缴款单号|流水号|订单号|文号|文书号|受理号|受理编号|业务编号|申请编号|编号为?|单号|编码"
    r"|票号|发票号码?|票据号?|产权证号?|不动产权第|许可证号?|注册号|代\s?码|合同号|条码|批号|金额)[^0-9\u4e00-\u9fff]{0,4}[0-9A-Z\-]{0,40}$"
)
_ID_LABEL: Final = re.compile(r"(?:身\s?份\s?证|身份号码|身份证件|证件号|证\s?号|证件\s?编?号)[^0-9。;]{0,12}$")
_PHONE_LABEL: Final = re.compile(r"(?:电\s?话|手\s?机|联系方式|座机|传真|热线|Tel|TEL|Phone)[^0-9。;]{0,10}$")
_CARD_LABEL: Final = re.compile(r"(?:账\s*号|帐\s*号|卡\s*号|账户|银行卡)[^0-9。;]{0,10}$")
_HOTLINE: Final = re.compile(r"(?:热线|服务电话|咨询电话|监督电话|投诉电话)[^0-9。;]{0,6}$")
_DATE: Final = re.compile(
    r"(?<!\d)(?:19|20)\d\d\s?[.\-/]\s?(?:0?[1-9]|1[0-2])\s?[.\-/]\s?(?:0?[1-9]|[12]\d|3[01])(?!\d)"
)
_AMOUNT: Final = re.compile(r"(?<![\d.])\d{1,3}(?:,\d{3})+(?:\.\d\d)?(?![\d.])|(?<![\d.])\d{1,9}\.\d\d(?![\d.])")
_PERIOD: Final = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d\s?[\-~至]\s?(?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d(?!\d)"
)
CHINESE_DATE: Final = (
    r"[〇○零O0一二三四五六七八九]{4}\s?年\s?[一二三四五六七八九十]{1,2}\s?月\s?(?:[一二三四五六七八九十]{1,3}\s?日)?"
)
"""As certificates write it."""
_PROJECT: Final = re.compile(r"(?<!\d)\d{4}\s?-\s?\d{6}\s?-\s?\d\s?\d\s?-\s?\d\d\s?-\s?\d{6}(?!\d)")
"""A date, a period, an amount of money, the code of an investment project: digits that name nobody."""
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._%+\- ]{0,40}[@\u00a9\u00ae] ?[A-Za-z0-9\-]+(?: ?[.,·] ?[A-Za-z0-9\-]+)+"
)
_PLATE: Final = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][ ]?[A-Z0][ ·.\-]{0,2}[A-Z0-9]{4,5}[A-Z0-9挂学警港澳]"
)
_PASSPORT: Final = re.compile(r"(?<![A-Za-z0-9])(?:[EeGDSPK][A-Za-z0-9]\d{7}|[EGDSPK]\d{7,8})(?![0-9])")
_MACHINE: Final = re.compile(
    r"[A-Z0-9]{6,}[A-Z0-9<«く ]*(?:[<«く]{1,}[A-Z0-9<«く ]*){3,}|[A-Z0-9]{9}\d[A-Z]{3}\d{7}[A-Z0-9<]{6,}"
)
_PERMIT: Final = re.compile(r"(?<![A-Za-z0-9])[HMCWhmc][ ]?(?:\d{10}|\d{8})(?![0-9])")
_STRANGER: Final = re.compile(r"(?<![A-Za-z])[A-Z]{3}\d{12}(?!\d)")
_TRAVEL_LABEL: Final = re.compile(r"(?:护照|通行证|台胞证|回乡证|证件号码?|居留许可|居留证|Passport)[^0-9。;]{0,14}$")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def numbers_in(text: Text) -> list[Found]:
    """Every number of the text that names a person."""
    found: list[Found] = []
    for kind, pattern, certainty in (
        (PageKind.EMAIL, _EMAIL, 0.98),
        (PageKind.PLATE, _PLATE, 0.9),
        (PageKind.PASSPORT, _MACHINE, 0.9),
        (PageKind.PASSPORT, _PASSPORT, 0.9),
        (PageKind.PERMIT, _PERMIT, 0.9),
        (PageKind.PERMIT, _STRANGER, 0.9),
    ):
        for match in pattern.finditer(text.text):
            found += covering(text, match.start(), match.end(), kind, certainty, f"{kind.value}_FORM")
    rest = text.text
    for nobody in (_DATE, _AMOUNT, _PROJECT, _PERIOD):
        rest = nobody.sub(lambda match: "\t" * len(match[0]), rest)
    for match in _RUN.finditer(rest):
        found += _of_run(text, match.start(), match.end())
    for match in _GRID.finditer(text.text):
        found += _grid(text, match.start(), match.end())
    return found


def _grid(text: Text, start: int, end: int) -> list[Found]:
    """Digits in single boxes: one cover from the first to the last, with room for one more box on each side."""
    places = text.places(start, end)
    pitch = grid_pitch(text, start, end)
    left, right = places[0][0] - pitch, places[-1][2] + pitch
    top, bottom = min(place[1] for place in places) - pitch // 4, max(place[3] for place in places) + pitch // 4
    kind = kind_by_label(text.text[:start]) or PageKind.CITIZEN_ID
    return [Found(kind, (left, top, right, bottom), 0.8, "DIGIT_GRID", text.text[start:end])]


def grid_pitch(text: Text, start: int, end: int) -> int:
    """Width of one box of a grid: the usual step between digits that stand side by side."""
    lefts = sorted(place[0] for place in text.places(start, end))
    steps = sorted(b - a for a, b in zip(lefts, lefts[1:], strict=False))
    return max(text.height, steps[len(steps) // 2]) if steps else text.height


def broken_grids(text: Text) -> bool:
    """Whether a grid has a number of boxes that no number has: then some were not read, perhaps at its ends."""
    for match in _GRID.finditer(text.text):
        places = text.places(match.start(), match.end())
        count = round((places[-1][0] - places[0][0]) / grid_pitch(text, match.start(), match.end())) + 1
        if count not in (11, 15, 16, 17, 18, 19):
            return True
    return False


def _of_run(text: Text, start: int, end: int) -> Iterator[Found]:
    """Numbers in one run of digits and separators: whole first, then its groups."""
    groups = [(m.start() + start, m.end() + start) for m in re.finditer(rf"[{_DIGIT}xX*×]+", text.text[start:end])]
    first = 0
    while first < len(groups):
        for last in range(len(groups), first, -1):
            here, there = groups[first][0], groups[last - 1][1]
            if _inside_code(text.text, here, there):
                continue
            kind, certainty, reason = judge(text.text, here, there)
            if kind is not None:
                yield from _with_lost_digits(text, here, there, covering(text, here, there, kind, certainty, reason))
                first = last - 1
                break
        else:
            yield from _embedded(text, *groups[first])
        first += 1


def _with_lost_digits(text: Text, start: int, end: int, found: list[Found]) -> list[Found]:
    """An id number of which digits were not read gets room for them on both sides."""
    value = digits_of(text.text[start:end])
    if found[0].kind is not PageKind.CITIZEN_ID or not 10 <= len(value) <= 17 or len(value) == 15:
        return found
    room = int((18 - len(value)) * 0.55 * text.height)
    first, last = found[0], found[-1]
    left = replace(first, box=(first.box[0] - room, *first.box[1:]))
    right = replace(last, box=(*last.box[:2], last.box[2] + room, last.box[3]))
    return [*found, left, right]


def _embedded(text: Text, start: int, end: int) -> Iterator[Found]:
    """A valid id number or a telephone glued to other digits."""
    value = digits_of(text.text[start:end])
    if len(value) != end - start or len(value) < 19 or PUBLIC.search(text.text[:start]):
        return
    for place in range(len(value) - 17):
        if valid_id(value[place : place + 18]):
            yield from covering(text, start, end, PageKind.CITIZEN_ID, 0.8, "ID_INSIDE_DIGITS")
            return


def judge(whole: str, start: int, end: int) -> tuple[PageKind | None, float, str]:
    """Kind, certainty and reason of the digits between ``start`` and ``end``."""
    value, before = digits_of(whole[start:end]), whole[:start].replace("\t", " ")
    raw = re.sub(r"[ .·,_\-\n]", "", whole[start:end])
    if not _wraps(whole[start:end]):
        return None, 0, ""
    if sum(c.isdigit() for c in raw) < 0.65 * len(raw):
        return None, 0, ""
    labelled = kind_by_label(before)
    if labelled is None and PUBLIC.search(before):
        return None, 0, ""
    if labelled is not None and fits(labelled, value):
        return labelled, 0.97, "LABEL_AND_FORM"
    kind = kind_of(value, before)
    if kind is PageKind.BANK_CARD and "\n" in whole[start:end]:
        return None, 0, ""
    if kind is None:
        return None, 0, ""
    if kind is PageKind.CITIZEN_ID:
        return kind, 0.99 if valid_id(value) else 0.8, "ID_VALID" if valid_id(value) else "ID_CHECK_FAILS"
    return kind, 0.9, "FORM"


def _wraps(run: str) -> bool:
    """Whether a run over two lines can be one number: one break, and no serial numbers below each other."""
    parts = [digits_of(part) for part in run.split("\n")]
    if len(parts) == 1:
        return True
    whole = any(kind_of(part, "") is not None for part in parts)
    return len(parts) == 2 and max(len(part) for part in parts) >= 6 and not whole


def kind_by_label(before: str) -> PageKind | None:
    """What the words before a number say that it is."""
    tail = before[-24:]
    for kind, pattern in (
        (PageKind.PHONE, _PHONE_LABEL),
        (PageKind.BANK_CARD, _CARD_LABEL),
        (PageKind.CITIZEN_ID, _ID_LABEL),
        (PageKind.PASSPORT, _TRAVEL_LABEL),
    ):
        if pattern.search(tail):
            return None if kind is PageKind.PHONE and _HOTLINE.search(tail) else kind
    return None


def fits(kind: PageKind, value: str) -> bool:
    """Whether a labelled number has about the right length: poor print loses digits and adds some."""
    least, most = {
        PageKind.PHONE: (7, 16),
        PageKind.BANK_CARD: (10, 23),
        PageKind.CITIZEN_ID: (7, 21),
        PageKind.PASSPORT: (6, 12),
    }[kind]
    return least <= len(value) <= most


def kind_of(value: str, before: str) -> PageKind | None:
    """What an unlabelled number is by its form."""
    if re.fullmatch(r"\d{17}[\dX]", value) and (valid_id(value) or _is_date(value[6:14])):
        return PageKind.CITIZEN_ID
    if re.fullmatch(r"(?:0086|86)?1[3-9]\d{9}", value):
        return PageKind.PHONE
    if re.fullmatch(r"0(?:10|2\d|[3-9]\d\d)\d{7,8}", value):
        return PageKind.PHONE
    if re.fullmatch(r"\d{15}", value) and "11" <= value[:2] <= "83" and _is_date("19" + value[6:12]):
        return PageKind.CITIZEN_ID
    if re.fullmatch(r"\d{17}|\d{19}", value) and _is_date(value[6:14]):
        return PageKind.CITIZEN_ID
    if re.fullmatch(r"[2-9]\d{15,18}", value):
        return PageKind.BANK_CARD
    if re.fullmatch(r"\d{17}X", value):
        return PageKind.CITIZEN_ID
    return None


def digits_of(raw: str) -> str:
    """Digits as meant, X upper case; separators gone."""
    kept = "".join(SLIPS.get(c, c) for c in raw if c not in " .·,_-\n\t")
    return kept.upper().replace("×", "X").replace("*", "X")


def valid_id(value: str) -> bool:
    """Form, date and check digit of an 18-digit number (GB 11643)."""
    if re.fullmatch(r"[1-9]\d{16}[\dX]", value) is None or not _is_date(value[6:14]):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(value[:17], _WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == value[17]


def valid_credit(value: str) -> bool:
    """Check character of a unified credit code (GB 32100): such a code is public."""
    if len(value) != 18 or any(c not in _CREDIT for c in value):
        return False
    total = sum(_CREDIT.index(c) * pow(3, place, 31) for place, c in enumerate(value[:17]))
    return _CREDIT[(31 - total % 31) % 31] == value[17]


def _is_date(eight: str) -> bool:
    return "1900" <= eight[:4] <= "2030" and "01" <= eight[4:6] <= "12" and "01" <= eight[6:] <= "31"


def _inside_code(whole: str, start: int, end: int) -> bool:
    """Whether the run is part of a longer code of digits and letters (credit code, case number)."""
    left, right = start, end
    while left > 0 and whole[left - 1].isascii() and whole[left - 1].isalnum():
        left -= 1
    while right < len(whole) and whole[right].isascii() and whole[right].isalnum():
        right += 1
    token = re.sub(r"[^0-9A-Za-z]", "", whole[left:right]).upper()
    if valid_credit(token) and not valid_id(token):
        return True
    letters = sum(c.isalpha() for c in whole[left:right])
    return (left, right) != (start, end) and len(token) >= 17 and letters >= 1 and not valid_id(digits_of(token))
