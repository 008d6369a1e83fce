"""What units say to ratings and complaints, alike at windows, departments and overseers (T38; G03, G07).

Invariants: words stay on this machine, the log has codes and commitments; a command signs and queues.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, finish_act, minute, show, text_of
from deploy.commands.shared.options import CaseName, KeptWords
from hub.casework import reasons
from hub.casework.messages import event_name
from node_agent.supervision import supervising

Complaint = Annotated[str, typer.Option("--complaint", help="投诉的编号（64 位，可只写前 16 位）")]
Score = Annotated[int, typer.Option(min=0, max=5, help=f"{listed(reasons.RATING_LEVELS)}；0 为不评")]


def verify_rating(
    case: CaseName,
    home: Home,
    staff: Staff,
    finding: Annotated[str, typer.Option("--finding", help=listed(reasons.RATING_FINDINGS))],
    words: KeptWords,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """核实差评：属实的限期整改；误评、恶意差评由监察人员排除，被评单位不能自己排除。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.RATING_FINDINGS, finding, "--finding")
        entry = supervising.verify_rating(agent, case, staff, code, text_of(words))
        finish_act(agent, entry, wait, as_json, f"已核实差评：{reasons.RATING_FINDINGS[code]}")


def rectify_rating(
    case: CaseName,
    home: Home,
    staff: Staff,
    measure: Annotated[str, typer.Option("--measure", help=listed(reasons.RATING_MEASURES))],
    words: KeptWords,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """差评整改反馈：采取了什么措施、怎样答复申请人；整改时限停止。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.RATING_MEASURES, measure, "--measure")
        entry = supervising.rectify_rating(agent, case, staff, code, text_of(words))
        finish_act(agent, entry, wait, as_json, f"已登记整改：{reasons.RATING_MEASURES[code]}")


def rate_internal(
    case: CaseName,
    home: Home,
    staff: Staff,
    scan: Score = 0,
    routing: Score = 0,
    timing: Score = 0,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """内部评价：收件地和受理地互评扫描质量、流转准确、办理及时，各评一次。"""
    with agent_at(home, as_json) as agent:
        given = {"scan": scan, "routing": routing, "timing": timing}
        scores = {target: level for target, level in given.items() if level}
        entry = supervising.rate_internal(agent, case, staff, scores)
        told = "、".join(f"{reasons.INTERNAL_TARGETS[target]} {level}" for target, level in scores.items())
        finish_act(agent, entry, wait, as_json, f"已登记内部评价：{told}")


def extend_complaint(
    case: CaseName,
    home: Home,
    staff: Staff,
    complaint: Complaint,
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.COMPLAINT_EXTENSIONS))],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """投诉延期答复：期限内提出，只能一次，再加五个工作日。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.COMPLAINT_EXTENSIONS, reason, "--reason")
        entry = supervising.extend_complaint(agent, case, staff, complaint, code)
        finish_act(agent, entry, wait, as_json, f"已延期答复：{reasons.COMPLAINT_EXTENSIONS[code]}")


def dispute_complaint(
    case: CaseName,
    home: Home,
    staff: Staff,
    complaint: Complaint,
    words: KeptWords,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """投诉人对答复有异议：由登记投诉的单位转报，改由区域的监察单位重新答复。"""
    with agent_at(home, as_json) as agent:
        entry = supervising.dispute_complaint(agent, case, staff, complaint, text_of(words))
        finish_act(agent, entry, wait, as_json, "已转报异议，由监察单位重新答复")


def answer_complaint(
    case: CaseName,
    home: Home,
    staff: Staff,
    complaint: Complaint,
    finding: Annotated[str, typer.Option("--finding", help=listed(reasons.COMPLAINT_FINDINGS))],
    words: KeptWords,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """答复投诉：被投诉人和原答复人不能答复。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.COMPLAINT_FINDINGS, finding, "--finding")
        entry = supervising.answer_complaint(agent, case, staff, complaint, code, text_of(words))
        finish_act(agent, entry, wait, as_json, "已答复投诉")


def words(case: CaseName, home: Home, as_json: AsJson = False) -> None:
    """本机留存的原文：咨询、投诉、申诉和答复；日志里只有摘要，对方单位写的在对方那里。"""
    with agent_at(home, as_json) as agent:
        found = supervising.words_here(agent, case)
        table = Table("什么", "编号", "时间", "原文", title=f"本机留存 {len(found)} 段")
        for one in found:
            table.add_row(event_name(one.event), one.number[:16], minute(one.at), escape(one.words))
        show({"ok": True, "words": [dict(one.__dict__) for one in found]}, as_json, table)


OF_UNITS: Final[Mapping[str, Callable[..., None]]] = {
    "rating-verify": verify_rating,
    "rating-rectify": rectify_rating,
    "rate-internal": rate_internal,
    "complaint-extend": extend_complaint,
    "complaint-answer": answer_complaint,
    "complaint-dispute": dispute_complaint,
    "words": words,
}
OF_OVERSEERS: Final = {
    name: OF_UNITS[name]
    for name in ("rating-verify", "complaint-extend", "complaint-answer", "complaint-dispute", "words")
}


def offer(app: typer.Typer, commands: Mapping[str, Callable[..., None]]) -> None:
    """Adds these commands to a group."""
    for name, command in commands.items():
        app.command(name)(command)
