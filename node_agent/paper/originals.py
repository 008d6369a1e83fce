"""Papers of originals: 原件收存凭证 for the applicant (O2), 物料流转凭证 for the parcel (O3; standards.md 4).

Invariant: they name documents by number and kind; of the applicant nothing but the case's numbers is printed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from node_agent.paper.fonts import OWN
from node_agent.paper.notice import Table, notice_pdf
from node_agent.paper.sheet import Printed

PURPOSES = {True: "归档", False: "退还申请人"}


@dataclass(frozen=True)
class ItemLine:
    """One document: number, name of its material, whether the list wants it in the archive (A06)."""

    item: str
    material: str
    for_archive: bool


@dataclass(frozen=True)
class PaperFrame:
    """What both papers share. ``case_no``: the 43-character number, or the case id before there is one."""

    case_no: str
    item: str
    issuer: str
    complaint_channel: str
    made_at: datetime


def custody_receipt(frame: PaperFrame, lines: Sequence[ItemLine], fonts: Sequence[Path] = (OWN,)) -> Printed:
    """原件收存凭证: which documents the window keeps, what for, and that they come back. Refusal FONT_UNREADABLE."""
    rows = [
        (str(number), line.item, line.material, PURPOSES[line.for_archive])
        for number, line in enumerate(lines, start=1)
    ]
    return notice_pdf(
        "原件收存凭证",
        ["本窗口收存您的下列原件。每一份原件由谁保管、寄往何处，都逐次签名登记，可凭本凭证查询。"],
        Table(("序", "原件编号", "材料", "用途"), rows, (1.4, 4, 6, 3)),
        [
            "用途为归档的，核收后由受理机关保管、归档；撤回申请、不予受理或者终止办理的，退还给您。",
            "途中丢失或者损毁的，由责任单位处理，不要求您重新申请。",
        ],
        made_at=frame.made_at,
        issuer=frame.issuer,
        complaint_channel=frame.complaint_channel,
        facts=[("办件编号", frame.case_no), ("申请事项", frame.item)],
        sign_here=["申请人或者代理人", "经办人"],
        fonts=fonts,
    )


def packing_list(
    frame: PaperFrame, lines: Sequence[ItemLine], seal_no: str, receiver: str, fonts: Sequence[Path] = (OWN,)
) -> Printed:
    """物料流转凭证: what lies in the parcel, line by line, for the receiver to tick. Refusal FONT_UNREADABLE."""
    rows = [
        (str(number), line.item, line.material, PURPOSES[line.for_archive], "□相符 □不符")
        for number, line in enumerate(lines, start=1)
    ]
    return notice_pdf(
        "物料流转凭证（封装清单）",
        [f"本件内装原件共 {len(rows)} 份。一件一封，未与其他办件合装。"],
        Table(("序", "原件编号", "材料", "用途", "核收"), rows, (1.4, 4, 5.5, 3, 3.2)),
        ["请先核对封签号、封签是否完好，再逐行核对。不符的请拍照并登记，由寄件方答复。"],
        made_at=frame.made_at,
        issuer=frame.issuer,
        complaint_channel=frame.complaint_channel,
        facts=[
            ("办件编号", frame.case_no),
            ("申请事项", frame.item),
            ("封签号", seal_no),
            ("收件方", receiver),
        ],
        sign_here=["封装人", "见证人", "核收人"],
        fonts=fonts,
    )
