"""收件凭证 on paper (T05; users.md A5; requirements G06, G07, E04; 行政许可法 32; 个人信息保护法 35).

Invariants:
- the paper says of itself that it proves collection, not acceptance (收件 is not 受理), and that the hub's time counts;
- the applicant's secret stands in the fragment of the QR alone, where no server is sent it; a copy printed later has
  neither secret nor check code, and says so;
- of personal data the applicant's own name is printed, masked as the profile for receipts demands (standards.md 15).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from crypto import canonical
from hub.casework.numbers import print_public_number
from node_agent.paper.fonts import OWN
from node_agent.paper.notice import SEAL_PLACE, drawn
from node_agent.paper.sheet import Paper, Printed, Sheet

TITLE = "异地通办收件凭证"
COPY_TITLE = "异地通办收件凭证（副本）"
SIZE, LARGE_SIZE = 9.0, 15.0
"""Points of ordinary text; the large one is for who reads badly (E12)."""
QR_SIDE = 42.0
"""Millimetres: version 9 at level Q has 61 modules with its quiet zone: 0.69 mm or five printer's dots each."""
PRIVACY = (
    "您的材料在本窗口加密以后传送，只有受理机关和本窗口可以打开，只用于办理本事项、依法归档和接受监督；传送枢纽看不到"
    "材料内容。您可以查询、更正自己的个人信息（个人信息保护法第三十五条、第四十四条至第四十六条）。"
)


@dataclass(frozen=True)
class ReceiptFacts:
    """What a receipt says. Times are RFC 3339 texts in UTC+8; ``recorded_at`` and ``case_no`` empty before sequencing.

    ``applicant``: as it may be printed; ``materials``: (name, how it came, what became of the original);
    ``answers``: clocks in plain words; ``window``: (label, value); ``parts``: of a parent, (part, item, department);
    ``large``: set in large letters on a large sheet (E12).
    """

    public_no: str
    item: str
    department: str
    applicant: str
    window: Sequence[tuple[str, str]]
    staff_code: str
    occurred_at: str
    materials: Sequence[tuple[str, str, str]]
    originals_note: str
    answers: Sequence[str]
    complaint_channel: str
    case_no: str = ""
    recorded_at: str = ""
    parts: Sequence[tuple[str, str, str]] = ()
    large: bool = False


@dataclass(frozen=True)
class Handed:
    """What only the first print has. ``secret``: 64 hex digits."""

    check_code: str
    secret: str


@dataclass(frozen=True)
class PrintOrder:
    """All that the first print needs, kept with the seal so that printing can follow it. ``made_at``: RFC 3339 text."""

    facts: ReceiptFacts
    handed: Handed | None
    made_at: str

    def encode(self) -> bytes:
        """As bytes; they hold the applicant's secret."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def read(cls, data: bytes) -> "PrintOrder":
        """What ``encode`` wrote."""
        value = json.loads(data)
        handed = Handed(**value["handed"]) if value["handed"] else None
        return cls(ReceiptFacts(**value["facts"]), handed, value["made_at"])


def receipt_pdf(
    facts: ReceiptFacts,
    handed: Handed | None,
    *,
    made_at: datetime,
    query_url: str = "",
    paper: Paper = Paper.A5,
    fonts: Sequence[Path] = (OWN,),
) -> Printed:
    """The receipt; without ``handed`` a copy for an applicant who lost it.

    ``made_at``: aware, the only time in the file. ``query_url``: address of the public query, see ``qr_text``.
    Refusal FONT_UNREADABLE.
    """
    title = TITLE if handed else COPY_TITLE

    def draw(sheet: Sheet) -> None:
        sheet.heading(title)
        code = qr_text(facts.public_no, handed.secret if handed else "", query_url)
        narrow = sheet.paper is Paper.ROLL80
        end = 0.0 if narrow else sheet.qr(code, QR_SIDE, _qr_words(handed), beside=True)
        sheet.facts(_numbers(facts, handed), right=0 if narrow else QR_SIDE)
        sheet.below(end)
        sheet.section("收到的材料")
        rows = [(str(number), *line) for number, line in enumerate(facts.materials, start=1)]
        sheet.table(("序", "材料", "怎样取得", "原件"), rows, (1.4, 5, 4, 3))
        if facts.originals_note:
            sheet.text(f"原件：{facts.originals_note}。")
        if facts.parts:
            sheet.section("一次申请，分送下列部门同时办理")
            sheet.table(("序", "事项", "办理部门"), facts.parts, (1.4, 7, 6))
            sheet.text("全程只用上面这一个查询号；需要补正的由牵头部门一次告知，结果由一个出口交付。")
        sheet.section("什么时候有答复")
        for words in facts.answers:
            sheet.text(words)
        sheet.section("收件窗口")
        sheet.facts(facts.window)
        sheet.section("请您知悉")
        for words in (*_notices(handed), PRIVACY, f"咨询投诉：{facts.complaint_channel}"):
            sheet.text(words, size=sheet.size * 0.9)
        if narrow:
            sheet.space(2)
            sheet.qr(code, QR_SIDE, _qr_words(handed))
        sheet.text(SEAL_PLACE, align="R")

    if facts.large and paper is not Paper.ROLL80:
        paper = Paper.A4
    return drawn(paper, title, made_at, fonts, draw, size=LARGE_SIZE if facts.large else SIZE)


def qr_text(public_no: str, secret: str, query_url: str) -> str:
    """What the QR holds: ``<query_url>/<public number>#<secret>``; without a URL ``yidi:<public number>#<secret>``."""
    base = f"{query_url.rstrip('/')}/" if query_url else "yidi:"
    return f"{base}{public_no}" + (f"#{secret}" if secret else "")


def minute(moment: str) -> str:
    """A time of the log as a person reads it, Beijing time."""
    return f"{canonical.time_value(moment).astimezone(canonical.CHINA):%Y-%m-%d %H:%M}"


def _numbers(facts: ReceiptFacts, handed: Handed | None) -> list[tuple[str, str]]:
    later = "" if facts.parts else "登记以后由枢纽编号，凭查询号可以查到"
    number = facts.case_no or later
    code = handed.check_code if handed else "只印在第一次的凭证上"
    registered = minute(facts.recorded_at) if facts.recorded_at else "以枢纽登记的时间为准，登记以后可以查询"
    pairs = [
        ("查询号", print_public_number(facts.public_no)),
        ("校验码", code),
        ("办件编号", number),
        ("事项", facts.item),
        ("受理机关", facts.department),
        ("申请人", facts.applicant),
        ("收件时间", f"{minute(facts.occurred_at)}（窗口申报），经办 {facts.staff_code}"),
        ("登记时间", registered if not facts.recorded_at else f"{registered}（枢纽登记）"),
    ]
    return [(name, value) for name, value in pairs if value]


def _notices(handed: Handed | None) -> list[str]:
    words = [
        "本凭证证明窗口已经收取上列材料并作形式审查，不代表受理机关已经受理。",
        "查询：凭查询号和校验码，不用登录；也可以到任何一个异地通办窗口查询。",
        "更正：登记的姓名、地址或者材料有误的，请到收件窗口或者拨打窗口电话更正。",
    ]
    if handed:
        return [*words, "凭证上的二维码含有您领取电子结果的密钥，只印这一次，请妥善保管，不要拍照外传。"]
    return [*words, "这是副本，没有校验码和领取电子结果的密钥：它们只印在第一次的凭证上，继续有效，本窗口没有留存。"]


def _qr_words(handed: Handed | None) -> str:
    return "扫码查询、领取结果" if handed else "扫码查询进度"
