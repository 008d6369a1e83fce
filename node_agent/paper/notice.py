"""Notices on paper: 一次性告知单, 补正通知书, 不予受理通知书 and whatever else has a title, words and a table.

Invariants: every notice names the complaint channel (G07), who issues it and its date, with room for the special seal
(行政许可法 32, last paragraph); what it says is the caller's, nothing is added but these.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crypto.canonical import CHINA
from node_agent.paper.fonts import OWN
from node_agent.paper.sheet import Paper, Printed, Sheet

SEAL_PLACE = "（加盖专用印章）"


@dataclass(frozen=True)
class Table:
    """A ruled table: header, rows of as many texts, shares of the width (default: equal)."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    shares: Sequence[float] = ()


def notice_pdf(
    title: str,
    paragraphs: Sequence[str],
    table: Table | None = None,
    footer: Sequence[str] = (),
    *,
    made_at: datetime,
    issuer: str,
    complaint_channel: str,
    facts: Sequence[tuple[str, str]] = (),
    sign_here: Sequence[str] = (),
    paper: Paper = Paper.A4,
    fonts: Sequence[Path] = (OWN,),
) -> Printed:
    """A notice: title, ``facts`` (label, value), paragraphs, table, footer, ``sign_here`` (labels), issuer and date.

    ``made_at``: aware, the notice's date in UTC+8, and the only time in the file: the same arguments give the same
    bytes. ``fonts``: ``paper.fonts.fonts_of(home)`` at an agent. Refusal FONT_UNREADABLE.
    """

    def draw(sheet: Sheet) -> None:
        sheet.heading(title)
        sheet.facts(facts)
        sheet.space(1)
        for words in paragraphs:
            sheet.text(words)
            sheet.space(1)
        if table is not None:
            sheet.table(table.header, table.rows, table.shares)
            sheet.space(2)
        for words in (*footer, f"咨询投诉：{complaint_channel}"):
            sheet.text(words)
        for label in sign_here:
            sheet.space(4)
            sheet.text(f"{label}：＿＿＿＿＿＿＿＿＿＿　　年　　月　　日")
        sheet.space(6)
        for words in (issuer, f"{made_at.astimezone(CHINA):%Y年%m月%d日}", SEAL_PLACE):
            sheet.text(words, align="R")

    return drawn(paper, title, made_at, fonts, draw)


def one_time_list(
    item: str,
    missing: Sequence[tuple[str, str, str]],
    *,
    made_at: datetime,
    issuer: str,
    complaint_channel: str,
    contact: str = "",
    case: str = "",
    paper: Paper = Paper.A4,
    fonts: Sequence[Path] = (OWN,),
) -> Printed:
    """一次性告知单 of a case that the window does not seal (T06). ``missing``: (material, what is wrong, the way out).

    Everything that is missing stands here at once (E04, B04); ``contact``: address, telephone and hours of the window.
    Refusal FONT_UNREADABLE.
    """
    facts = [("申请事项", item)] + ([("登记编号", case)] if case else []) + ([("收件窗口", contact)] if contact else [])
    rows = [(str(number), *line) for number, line in enumerate(missing, start=1)]
    return notice_pdf(
        "一次性告知单",
        ["您的申请材料经形式审查尚不齐全或者不符合法定形式。需要补齐、补正的全部内容一次告知如下："],
        Table(("序", "材料", "缺少或者不符之处", "怎样补齐"), rows, (1.4, 4, 5, 6)),
        [
            "补齐以后可以到本窗口或者任何一个可以收取本事项的窗口办理。",
            "收件窗口只作形式审查。您也可以要求按现有材料提交，由受理机关依法决定是否受理（行政许可法第三十二条）。",
        ],
        made_at=made_at,
        issuer=issuer,
        complaint_channel=complaint_channel,
        facts=facts,
        sign_here=["申请人或者代理人签收"],
        paper=paper,
        fonts=fonts,
    )


def drawn(
    paper: Paper,
    title: str,
    made_at: datetime,
    fonts: Sequence[Path],
    draw: Callable[[Sheet], None],
    *,
    size: float = 10.5,
) -> Printed:
    """A paper drawn by ``draw``; a roll is drawn twice, to know where it ends."""
    sheet = Sheet(paper, title, made_at, fonts, size=size)
    draw(sheet)
    if paper is Paper.ROLL80:
        sheet = Sheet(paper, title, made_at, fonts, size=size, end=sheet.end + 1)
        draw(sheet)
    return sheet.printed()
