"""From bytes to text, strictly: UTF-8 or GB 18030, and no byte is ever guessed, replaced or left out.

Invariants:
- what is not valid in either encoding is refused with the position of the first bad byte (requirements 12.10);
- what decodes and still cannot be text of a list is refused too: GB bytes shifted by one decode into bopomofo, box
  drawing, pinyin letters and private-use signs, which no list of items has;
- a byte order mark is taken off; UTF-16 is named as such.
"""

import re
from typing import Final

from crypto.refusal import Refusal

RULE: Final = "requirements 12.10: decode strictly"
ENCODINGS: Final = ("utf-8", "gb18030")
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_GB_MARK: Final = b"\x84\x31\x95\x33"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_DAMAGE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control signs
    "\u02ca-\u02d9\u2500-\u257f\u2581-\u258f\u3105-\u312f"  # tone marks, box drawing, blocks, bopomofo
    "\ue000-\uf8ff\ufffd\ufffe\uffff"  # private use, replacement
    "\U000f0000-\U0010ffff]"
    "|[āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜɑɡńňǹ](?=[\u3400-\u9fff])"  # pinyin letters in front of Chinese
)


def text_in(data: bytes, file: str) -> str:
    """The text in ``data``; ``file`` is named in refusals.

    Refusals: TABLE_ENCODING with the position of the first bad byte (from 0) and its line (from 1); TABLE_DAMAGED with
    the sign, for text that was damaged before.
    """
    if data[:2] in _UTF16_MARKS:
        raise Refusal("TABLE_ENCODING", RULE, file=file, position=0, row=1)
    for mark, encoding in ((_UTF8_MARK, "utf-8"), (_GB_MARK, "gb18030")):
        if data.startswith(mark):
            return _sound(_decoded(data, len(mark), (encoding,), file), len(mark), encoding, file)
    for encoding in ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return _sound(text, 0, encoding, file)
    return _decoded(data, 0, ENCODINGS, file)


def require_sound(text: str, file: str, row: int) -> str:
    """The same rule for a text that came decoded, as from a workbook. Refusal TABLE_DAMAGED."""
    found = _DAMAGE.search(text)
    if found:
        raise Refusal("TABLE_DAMAGED", RULE, file=file, position=found.start(), row=row, value=_shown(found[0]))
    return text


def _decoded(data: bytes, skip: int, encodings: tuple[str, ...], file: str) -> str:
    """The text; else a refusal at the byte up to which the encoding that fits best is right."""
    worst = -1
    for encoding in encodings:
        try:
            return data[skip:].decode(encoding)
        except UnicodeDecodeError as error:
            worst = max(worst, skip + error.start)
    raise Refusal("TABLE_ENCODING", RULE, file=file, position=worst, row=data.count(b"\n", 0, worst) + 1)


def _sound(text: str, skip: int, encoding: str, file: str) -> str:
    found = _DAMAGE.search(text)
    if found is None:
        return text
    before = text[: found.start()]
    position = skip + len(before.encode(encoding))
    row = before.count("\n") + 1
    raise Refusal("TABLE_DAMAGED", RULE, file=file, position=position, row=row, value=_shown(found[0]))


def _shown(sign: str) -> str:
    return f"U+{ord(sign):04X}" if ord(sign) < 0x20 or not sign.isprintable() else sign
