"""Names, addresses and birth dates in running text, with a word segmenter and a list of surnames.

The weak point of every such rule; so names that a label gave are looked for again on the whole page, the form's own
data come as hints (``hints``), and the clerk looks.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.found import Found, covering
from node_agent.imaging.finding.layout import Text
from node_agent.imaging.finding.numbers import CHINESE_DATE
from node_agent.imaging.finding.words import NOT_A_PERSON, is_label, looks_like_name

_PROVINCE: Final = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|"
    "台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)
_ADDRESS: Final = re.compile(
    rf"(?:(?:{_PROVINCE})[\s]?(?:省|市|(?:[\u4e00-\u9fff]{{0,3}})自治区)?|[\u4e00-\u9fff]{{2,4}}[市县区])"
    r"[\u4e00-\u9fff0-9A-Za-z\-#()\s]{0,70}?"
    r"(?:[0-9一二三四五六七八九十]\s?(?:号|栋|幢|单元|室|组|楼|层|座|弄|户)(?:[\u4e00-\u9fff0-9A-Za-z\-#\s]{0,16}?[0-9A-Z一二三四五六七八九十]\s?(?:号楼|号|栋|幢|单元|室|层|座|户|楼))*)"
)
_CLUE: Final = re.compile(r"(?:大道|路|街|巷|村|镇|乡|小区|花园|园|城|苑|组|弄)")
_BIRTH: Final = re.compile(
    r"(?:19|20)\d\d\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日?(?=\s?(?:出\s?生|生(?!效)))|(?<=出生于)\s?\d{4}\s?年[\d\s月]{2,6}日?"
    rf"|{CHINESE_DATE}(?=\s?(?:出\s?生|生(?!效)))"
)
_CALLED: Final = re.compile(
    r"(?:我叫|本人|名叫|我是|丈夫|妻子|儿子|女儿|父亲|母亲|配偶|兹委托|现委托|委托人|受托人|委托|授权|由我和|申请人|经办人|代理人|当事人|户名|姓名|同事|"
    r"邻居|业主|房主|经营者|负责人|法定代表人|联系人|家长|学生|患者|甲方|乙方|名为|叫做|收到|张贴人|继承人|与|和|同)[::]?(?=[\u4e00-\u9fff])"
)
_AFTER_NAME: Final = re.compile(
    r"(?:[,,((、;;。.\s]|先生|女士|同志|小姐|老师|医生|身份证|男|女|委托|系|与|和|于|在|为|的|是|一起|负责|共同|代|办理|住|现|因|之|将|\t|\n|$)"
)
_BEFORE_ID: Final = re.compile(
    r"(?<![\u4e00-\u9fff])([\u4e00-\u9fff]{2,4})(?=\s?[,,((]?\s?(?:男|女|身份证|公民身份|先生|女士|同志))"
)


_ACTING: Final = re.compile(
    r"(?:^|(?<=[,。;:、\t(]))([\u4e00-\u9fff]{2,3})(?=系|称|向|于\d|因|购买|提交|申请|表示|名下|持有|去世|死亡|所有)"
)
"""A clause that begins with somebody who does something."""
_TITLED: Final = re.compile(
    r"([\u4e00-\u9fff\n]{2,5})(?=[(](?:性别|男|女|身份证|公民身份|居民身份|手机|电话|联系)|先生|女士|同志|(?:副?主任|主治|住院)?医师|律师|法官)"
)
"""Words that end with a name, before its title or what a bracket says of the person."""
_REACHED: Final = re.compile(
    r"(?:^|(?<=[\t\n ,。;:、收寄]))([\u4e00-\u9fff]{2,4})[ \t:]{0,3}(?=1[3-9]\d[ \-]?\d{4}[ \-]?\d{4}(?!\d)|[1-9]\d{16}[\dXx])"
)
"""A name right before a telephone or an id number."""
_DOTTED: Final = re.compile(r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{2,8}·[\u4e00-\u9fff]{2,8}(?![\u4e00-\u9fff])")


def in_prose(texts: Iterable[Text]) -> list[Found]:
    """Addresses, birth dates and names in running text."""
    found: list[Found] = []
    for text in texts:
        places = [k for k, c in enumerate(text.text) if c != "\n"]
        flat = "".join(text.text[k] for k in places).replace("\t", "。")
        for match in _ADDRESS.finditer(flat):
            if _CLUE.search(match[0]):
                span = places[match.start()], places[match.end() - 1] + 1
                found += covering(text, *span, PageKind.ADDRESS, 0.85, "ADDRESS_FORM")
        for match in _BIRTH.finditer(text.text):
            found += covering(text, match.start(), match.end(), PageKind.BIRTH, 0.9, "BIRTH_FORM")
        for start, end, certainty in _names(text.text):
            found += covering(text, start, end, PageKind.NAME, certainty, "NAME_IN_PROSE")
    return found


def _names(text: str) -> Iterator[tuple[int, int, float]]:
    for match in _CALLED.finditer(text):
        span = _name_at(text, match.end())
        if span:
            yield *span, 0.8
    for match in (*_BEFORE_ID.finditer(text), *_ACTING.finditer(text)):
        if looks_like_name(match[1], strict=True) and not _tagger().has_word(match[1]):
            yield match.start(1), match.end(1), 0.8
    for match in _REACHED.finditer(text):
        if looks_like_name(match[1], strict=True) and not is_label(match[1]):
            yield match.start(1), match.end(1), 0.8
    for match in _DOTTED.finditer(text):
        yield match.start(), match.end(), 0.7
    for match in _TITLED.finditer(text):
        span = _name_before(text, match.start(1), match.end(1))
        if span:
            yield *span, 0.75
    flat = text.replace("\n", "").replace("\t", "。")
    places = [k for k, c in enumerate(text) if c != "\n"]
    here = 0
    for word, tag in _tagger().tag(flat):
        start, here = here, here + len(word)
        named = tag.startswith("nr") and 2 <= len(word) <= 4 and looks_like_name(word, strict=True)
        known = _tagger().has_word(word) or is_label(word)
        if named and not known and (len(word) > 2 or _AFTER_NAME.match(flat, here)):
            yield places[start], places[here - 1] + 1, 0.6


def _name_at(text: str, start: int) -> tuple[int, int] | None:
    """A name that begins at ``start``; the longest that something can follow."""
    for size in (3, 4, 2):
        piece = re.match(rf"(?:[\u4e00-\u9fff]\n?){{{size}}}", text[start:])
        if piece is None:
            continue
        word, end = piece[0].replace("\n", ""), start + len(piece[0].rstrip("\n"))
        if looks_like_name(word, strict=True) and _AFTER_NAME.match(text, end) and not NOT_A_PERSON.search(word):
            if size == 3 and word[2] in "与和于在为的是因将系之代现" and looks_like_name(word[:2], strict=True):
                continue
            return start, end
    return None


def _name_before(text: str, start: int, end: int) -> tuple[int, int] | None:
    """A name that ends at ``end``: with a surname of two characters, then of three, then of two characters."""
    for size in (4, 3, 2):
        piece = re.search(rf"(?:[\u4e00-\u9fff]\n?){{{size}}}$", text[start:end])
        if piece is None:
            continue
        word = piece[0].replace("\n", "")
        here = end - len(piece[0])
        usual = _tagger().has_word(word) and text[max(0, here - 1) : here] not in ("由", "请", "经", "找")
        if looks_like_name(word, strict=True) and not usual and not is_label(word):
            return here, end
    return None


@lru_cache(maxsize=1)
def _tagger() -> Any:
    from rjieba import Jieba  # here: its dictionary takes half a second

    return Jieba()
