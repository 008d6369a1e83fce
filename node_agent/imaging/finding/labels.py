"""Label and value: beside it, under it, in its column (issue 5, part 3).

A label is looked for in each row. Its value ends at the next label, at its cell's end, or where a clause ends.
A row of labels without values is the head of a table: then the columns below hold the values.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding import tables
from node_agent.imaging.finding.found import Found, covering
from node_agent.imaging.finding.layout import TAB, Page, Text, box
from node_agent.imaging.finding.numbers import CHINESE_DATE, digits_of
from node_agent.imaging.finding.words import AFTER, KINDS, LABEL, bare, is_label, looks_like_name
from node_agent.imaging.reading.lines import Box

_CLAUSE: Final = re.compile(r"[,,。;;、!?]|[((]")
_ADDRESS_PART: Final = re.compile(r"[省市区县镇乡村组路街巷道号栋幢楼单元室层座弄园城苑]|\d")
_BIRTH: Final = re.compile(
    r"\d{2,4}\s?[年.\-/\s]\s?\d{1,2}\s?[月.\-/\s]\s?\d{1,4}\s?日?|\d{4}\s?年\s?\d{1,2}\s?月?|\d{8}"
    r"|(?:19|20)\d\d\s?[.\-/]\s?(?:0?[1-9]|1[0-2])(?!\d)|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?!\d)"
    rf"|{CHINESE_DATE}"
)
_PLATE_SIGNS: Final = re.compile(r"[A-Za-z0-9\-()*×·\u4eac-\u9fa5 ]+")
_NUMBER_SIGNS: Final = re.compile(r"[A-Za-z0-9@._+\-()*×·|! ]+")
_DIGITS: Final = {
    PageKind.PHONE: 7, PageKind.BANK_CARD: 9, PageKind.CITIZEN_ID: 9, PageKind.EMAIL: 0, PageKind.PLATE: 3
}  # fmt: skip
"""Least number of digits of a labelled value; others: six."""
_BEFORE_LABEL: Final = " \t,。;、:("
_BEHIND_NAME: Final = "男女汉身与和委将、同系因"


@dataclass(frozen=True)
class Label:
    """``start`` and ``end`` in its row, ``value``: where its value begins; ``sure``: a colon, a cell's end or a blank
    stands between them."""

    kind: PageKind | None
    row: Text
    start: int
    end: int
    value: int
    sure: bool

    @property
    def box(self) -> Box:
        """Of its last piece."""
        return self.row.places(self.start, self.end)[-1]


def labels_of(row: Text) -> list[Label]:
    """Labels of a row, from left to right: words of the list that begin a cell or clause, or have a colon."""
    found: list[Label] = []
    for match in LABEL.finditer(row.text):
        after = AFTER.match(row.text, match.end())
        assert after is not None
        colon, gap = bool(after["sign"]), after["gap"]
        before = row.text[match.start() - 1] if match.start() else TAB
        starts = before in _BEFORE_LABEL or _after_label(found, match.start())
        ended = colon or bool(gap) or after.end() == len(row.text)
        if not colon and not (starts and (ended or before == TAB or _after_label(found, match.start()))):
            continue
        kind = KINDS.get(match[0].replace(" ", ""))
        if kind is PageKind.NAME and after["bracket"] and "签" in after["bracket"]:
            kind = PageKind.SIGNATURE
        found.append(Label(kind, row, match.start(), after.start("gap"), after.end(), ended))
    return found


def _after_label(found: Sequence[Label], start: int) -> bool:
    return bool(found) and found[-1].value == start


def by_labels(page: Page) -> list[Found]:
    """Values that labels of the page ask for."""
    found: list[Found] = []
    heads = [row for row in page.rows if is_head(row)]
    for row in page.rows:
        if row in heads:
            continue
        labels = labels_of(row)
        for place, label in enumerate(labels):
            stop = labels[place + 1].start if place + 1 < len(labels) else len(row.text)
            if label.kind is None:
                found += _person_as_name_of_buyer(label, stop)
            if label.kind in (None, PageKind.SIGNATURE):
                continue
            pieces = list(_beside(page, label, stop))
            found += pieces or list(_under(page, label))
    for head in [*heads, *tables.unsure_heads(page.rows, heads)]:
        found += _columns(page, head)
    return found


def is_head(row: Text) -> bool:
    """Whether the row is a head: two labels or more, each a whole cell, at least one of a kind."""
    cells = [cell for cell in re.split(r"\t| {1,}", row.text) if cell.strip()]
    known = [cell for cell in cells if is_label(cell)]
    whole = [cell for cell in row.text.split(TAB) if cell.strip()]
    if len(known) < 2 or not any(bare(cell) in KINDS for cell in known):
        return False
    return len(known) == len(cells) or (len(whole) >= 3 and len(known) >= len(cells) - 1 and ":" not in row.text)


def _beside(page: Page, label: Label, stop: int) -> Iterator[Found]:
    """Values in the same row, one a cell."""
    assert label.kind is not None
    start, any_found = label.value, False
    for piece in re.finditer(r"[^\t]+", label.row.text[start:stop]):
        here = start + piece.start()
        there = start + len(piece[0].rstrip()) + piece.start()
        span = value_in(label.row.text, here, there, label.kind, label.sure)
        if span is None and any_found and label.kind is PageKind.NAME:
            return  # the next column's values are no names: what comes after them belongs to other columns
        if span is None:
            continue
        any_found = True
        yield from covering(label.row, *span, label.kind, 0.95 if label.sure else 0.85, "LABEL_BESIDE")
        if label.kind is PageKind.ADDRESS:
            yield from _continued(page, label, label.row.places(*span)[-1])


def value_in(text: str, start: int, end: int, kind: PageKind, sure: bool) -> tuple[int, int] | None:
    """Where in ``text`` a value of the kind stands, or None."""
    while start < end and text[start] in " ::\t":
        start += 1
    value = text[start:end]
    if not value.strip():
        return None
    if kind is PageKind.NAME:
        return _name(value, start, sure)
    if kind is PageKind.ADDRESS:
        ends = re.search(r"[,,。;;]|的房屋|\s{2,}", value)
        span = value[: ends.start()] if ends else value
        return (start, start + len(span)) if len(_ADDRESS_PART.findall(span)) >= 2 and len(span) >= 4 else None
    if kind is PageKind.BIRTH:
        match = _BIRTH.search(value)
        return (start + match.start(), start + match.end()) if match and match.start() < 4 else None
    match = (_PLATE_SIGNS if kind is PageKind.PLATE else _NUMBER_SIGNS).match(value)
    if match is None:
        return None
    digits = sum(c.isdigit() for c in digits_of(match[0]))
    if digits < _DIGITS.get(kind, 6) or (kind is PageKind.EMAIL and "." not in match[0]):
        return None
    return start, start + len(match[0].rstrip())


def _name(value: str, start: int, sure: bool) -> tuple[int, int] | None:
    clause = _CLAUSE.search(value)
    head = value[: clause.start()] if clause else value
    word = re.split(r" {1,}(?=\S{2,})|\t|:", head.strip())[0]
    if head.strip()[len(word) :].startswith(":"):
        return None  # a label that is not in the list
    if looks_like_name(word, strict=not sure and len(word) < len(value.strip())):
        return start, start + len(word)
    spaced = head.strip()
    if sure and len(spaced) <= 7 and looks_like_name(spaced, strict=False):
        return start, start + len(spaced)
    latin = re.match(r"[A-Z][A-Za-z,.'\-]+(?: [A-Z][A-Za-z,.'\-]*){0,3}", head)
    if sure and latin and len(latin[0]) >= 4:
        return start, start + latin.end()
    for size in (3, 2, 4):
        follows = head[size : size + 1]
        if looks_like_name(head[:size], strict=True) and (not sure or not follows or follows in _BEHIND_NAME):
            return start, start + size
    return None


def _continued(page: Page, label: Label, first: Box) -> Iterator[Found]:
    """Further lines of an address, above or below its first, in the same cell."""
    known = [first]
    changed = True
    while changed and len(known) < 5:
        changed = False
        for line in page.lines:
            other = box(line)
            if any(_same(other, one) for one in known) or is_label(line.text) or LABEL.match(line.text):
                continue
            height = line.height
            near = any(0 < max(other[1], one[1]) - min(other[1], one[1]) < 1.9 * height for one in known)
            inside = abs(other[0] - min(one[0] for one in known)) < 1.2 * height
            if (
                near
                and inside
                and other[0] > label.box[2] - height
                and _ADDRESS_PART.search(line.text)
                and ":" not in line.text
            ):
                known.append(other)
                changed = True
                yield from covering(line, 0, len(line.text), PageKind.ADDRESS, 0.85, "ADDRESS_CONTINUED")


def _same(one: Box, two: Box) -> bool:
    """Whether one of them lies over the other."""
    width = min(one[2], two[2]) - max(one[0], two[0])
    height = min(one[3], two[3]) - max(one[1], two[1])
    return width > 0 and height > 0.6 * min(one[3] - one[1], two[3] - two[1])


def _under(page: Page, label: Label) -> Iterator[Found]:
    """The value in the line below a label that has none beside it."""
    assert label.kind is not None
    if (label.kind is PageKind.NAME and not label.sure) or _translates(page, label):
        return
    place = label.box
    height = place[3] - place[1]
    below = [
        line for line in page.lines
        if 0.5 * height < box(line)[1] - place[1] < 3.2 * height and abs(box(line)[0] - place[0]) < 2.0 * height
    ]  # fmt: skip
    for line in sorted(below, key=lambda line: box(line)[1])[:1]:
        if is_label(line.text):
            return
        span = value_in(line.text, 0, len(line.text), label.kind, sure=label.kind is not PageKind.NAME)
        if span is not None:
            yield from covering(line, *span, label.kind, 0.8, "LABEL_ABOVE")


def _translates(page: Page, label: Label) -> bool:
    """Whether it is the English of the same label just above it, which has its value beside it."""
    if not label.row.text[label.start].isascii():
        return False
    place = label.box
    height = place[3] - place[1]
    for line in page.lines:
        spot, match = box(line), LABEL.match(line.text)
        if match is None or match[0].isascii() or KINDS.get(match[0].replace(" ", "")) is not label.kind:
            continue
        if 0 < place[1] - spot[1] < 3.5 * height and abs(spot[0] - place[0]) < 2 * height:
            return True
    return False


def _person_as_name_of_buyer(label: Label, stop: int) -> Iterator[Found]:
    """名称: who buys, or is registered, may be a person; only a value that is a common surname with a given name."""
    if not label.row.text[label.start : label.end].replace(" ", "").startswith("名称"):
        return
    value = label.row.text[label.value : stop].strip(" \t")
    if looks_like_name(value, strict=True):
        start = label.row.text.index(value, label.value)
        yield from covering(label.row, start, start + len(value), PageKind.NAME, 0.7, "NAME_OF_BUYER")


def _columns(page: Page, head: Text) -> Iterator[Found]:
    """Cells below each label of a table's head."""
    cells = [(m.start(), m.end()) for m in re.finditer(r"[^\t]+", head.text)]
    if len(cells) == 1:
        cells = [(m.start(), m.end()) for m in re.finditer(r"[^\t ]+", head.text)]
    spots = [(head.places(a, b)[0], tables.kind_of_cell(head.text[a:b])) for a, b in cells if head.places(a, b)]
    for place, (spot, kind) in enumerate(spots):
        if kind is None:
            continue
        left = (spots[place - 1][0][2] + spot[0]) / 2 if place else spot[0] - 3 * (spot[3] - spot[1])
        right = spots[place + 1][0][0] if place + 1 < len(spots) else 10**6
        kind = PageKind.NAME if kind is PageKind.SIGNATURE else kind
        yield from _column(page, kind, (int(left), spot[3], int(right)), spot[3] - spot[1])


def _column(page: Page, kind: PageKind, zone: tuple[int, int, int], height: int) -> Iterator[Found]:
    """Values between ``left`` and ``right`` below ``top``, until the table ends."""
    left, last, right = zone
    for line in sorted(page.lines, key=lambda line: box(line)[1]):
        for start, end in _parts(line, left, right):
            spot = line.places(start, end)[0]
            if spot[1] < zone[1] - 0.3 * height or spot[1] - last > 7 * height:
                continue
            if is_label(line.text[start:end]) or labels_of(line):
                continue
            span = value_in(line.text, start, end, kind, True)
            if span is None and kind is PageKind.ADDRESS and _ADDRESS_PART.search(line.text[start:end]):
                span = (start, end)
            if span is not None:
                last = max(last, spot[3])
                yield from covering(line, *span, kind, 0.9, "COLUMN")


def _parts(line: Text, left: int, right: int) -> Iterator[tuple[int, int]]:
    """Stretches of a line, parted by blanks, whose middle lies between ``left`` and ``right``."""
    whole = box(line)
    if left - line.height < whole[0] and (whole[0] + whole[2]) / 2 < right:
        yield 0, len(line.text)
        return
    for match in re.finditer(r"[^ ]+", line.text):
        spot = line.places(match.start(), match.end())[0]
        if left < (spot[0] + spot[2]) / 2 < right:
            yield match.start(), match.end()
