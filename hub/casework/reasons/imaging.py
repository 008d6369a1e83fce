"""Closed lists of scanned pages (standards.md 15)."""

from typing import Final

from hub.casework.reasons.words import Words

PAGE_REASONS: Final[Words] = {
    "PAPER_IS_SO": "原件本身如此，已与原件核对",
    "NO_BETTER_SHOT": "重拍仍然如此，内容可以辨认",
    "BOTH_NEEDED": "两页内容相同而都要收",
    "BLANK_NEEDED": "空白页须一并留存",
}
"""A04: why the lead lets a page with a fault in (DA/T 31-2017)."""

UNMASK_REASONS: Final[Words] = {
    "NOT_PERSONAL": "不是个人信息",
    "PUBLIC_BY_LAW": "依法公开的信息",
    "OFFICIAL": "机关或者经办人员的公务信息",
    "RECIPIENT_NEEDS": "接收方办理本件必须看到",
}
"""standards 15; 个人信息保护法 6: why a clerk opens what was found on a page."""

WITHHELD_REASONS: Final[Words] = {
    "NOTHING_READ": "页上没有读出文字",
    "POORLY_READ": "整页字迹读不准",
    "LINES_NOT_READ": "有几行读不出来",
    "VERTICAL_TEXT": "有竖排文字",
    "DIGIT_GRID": "逐格填写的号码没有读全",
    "TIME_LIMIT": "识别超时",
    "MEMORY_LIMIT": "识别占用内存过多",
    "READING_BROKE": "识别中断",
    "STILL_READ": "遮盖以后另一种识别还读得出个人信息",
    "NOT_IN_TIME": "封存时还没有读完",
    "MASK_FAILED": "遮盖件没有通过复核",
}
"""standards 15: why a page cannot be judged and stays withheld until a clerk has looked at all of it."""
