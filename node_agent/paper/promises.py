"""容缺承诺书 and 告知承诺书, to be signed by the applicant before they are scanned (B09, B10; 国办发〔2020〕42号).

Invariant: they name materials and days; of the applicant nothing but the place of the signature is printed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from node_agent.paper.fonts import OWN
from node_agent.paper.notice import Table, notice_pdf
from node_agent.paper.sheet import Printed

CONSEQUENCES = {
    "BLOCKS_DECISION": "补齐以前不作决定",
    "REVOCABLE": "逾期未补的，可以撤销准予的决定",
}


@dataclass(frozen=True)
class PromiseFrame:
    """What both papers share. ``item``: name of the item; ``issuer``: the window."""

    item: str
    issuer: str
    complaint_channel: str
    made_at: datetime


def tolerance_promise(
    frame: PromiseFrame, materials: Sequence[tuple[str, str]], due: date, fonts: Sequence[Path] = (OWN,)
) -> Printed:
    """容缺承诺书 for (name, tolerance) of materials, to be brought by ``due``. Refusal FONT_UNREADABLE."""
    rows = [(str(at), name, CONSEQUENCES.get(kind, "")) for at, (name, kind) in enumerate(materials, start=1)]
    return notice_pdf(
        "容缺受理承诺书",
        [f"本人（本单位）申请办理下列事项，以下非主要材料暂缺，承诺于 {due:%Y年%m月%d日} 以前补交。"],
        Table(("序", "暂缺的材料", "未补交的后果"), rows, (1.4, 7, 6)),
        [
            "主要材料不适用容缺。补交可以到任何一个异地通办窗口办理。",
            "到期未补交的，受理机关可以作出不予决定，或者依法撤销已经作出的准予决定。",
        ],
        made_at=frame.made_at,
        issuer=frame.issuer,
        complaint_channel=frame.complaint_channel,
        facts=[("申请事项", frame.item)],
        sign_here=["申请人或者代理人", "经办人"],
        fonts=fonts,
    )


def commitment_letter(frame: PromiseFrame, materials: Sequence[str], fonts: Sequence[Path] = (OWN,)) -> Printed:
    """告知承诺书: what is told, then what the applicant commits to, in the place of these proofs. Refusal
    FONT_UNREADABLE."""
    rows = [(str(at), name) for at, name in enumerate(materials, start=1)]
    return notice_pdf(
        "告知承诺书",
        [
            "告知：下列证明材料可以由申请人书面承诺代替。您也可以不承诺而提交证明材料。",
            "行政机关将在事后核查，核查不收费。承诺不实的，依法终止办理、责令整改、撤销决定或者给予处罚，并记入信用记录；"
            "信用修复以前，不再适用告知承诺。",
        ],
        Table(("序", "以承诺代替的证明材料"), rows, (1.4, 13)),
        [
            "承诺：本人（本单位）已知晓上述告知内容，符合办理条件，所作承诺真实，愿意承担承诺不实的法律责任，同意行政机关核查。",
        ],
        made_at=frame.made_at,
        issuer=frame.issuer,
        complaint_channel=frame.complaint_channel,
        facts=[("申请事项", frame.item)],
        sign_here=["申请人或者代理人", "经办人"],
        fonts=fonts,
    )
