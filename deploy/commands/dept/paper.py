"""``yidi dept …`` about paper: originals that are checked in, filed and sent on, the result by parcel or at a counter.

Invariants: those of ``paper_acts``; a result is made anew only after a loss or a recall, and the old one is void.
"""

from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, finish, finish_act
from deploy.commands.shared.late import Cause, HappenedAt, Second, late_of
from deploy.commands.shared.options import CaseName
from deploy.commands.shared.paper_acts import Items, add_shared
from hub.casework import reasons
from node_agent.department import result
from node_agent.known.casemirror import resolve
from node_agent.originals import delivery
from node_agent.originals import desk as originals

app = typer.Typer(no_args_is_help=True)
add_shared(app)
PLACES = {"IN_CUSTODY": "保管", "ARCHIVED": "归档"}


@app.command("post-to-window")
def post_to_window(
    home: Home,
    case: CaseName,
    staff: Staff,
    gateway: Annotated[str, typer.Option("--gateway", help="寄递网关节点，默认取本节点设置")] = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """结果寄回收件窗口（申请人选择到收件窗口领取）。"""
    with agent_at(home, as_json) as agent:
        entry = result.post_to_window(agent, resolve(agent, case), staff, gateway)
        finish_act(agent, entry, wait, as_json, "结果已交寄，窗口核收后待领")


@app.command("file-original")
def file_original(
    home: Home,
    case: CaseName,
    staff: Staff,
    to: Annotated[str, typer.Option("--to", help=listed(PLACES))],
    item: Items = None,
    happened_at: HappenedAt = None,
    cause: Cause = "",
    second: Second = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """原件归置：入库保管，或者办结后归档。"""
    with agent_at(home, as_json) as agent:
        place = code_of(PLACES, to, "--to")
        entry = originals.file_away(
            agent, resolve(agent, case), staff, place, item or [], late=late_of(happened_at, cause, second)
        )
        finish_act(agent, entry, wait, as_json, f"原件已{PLACES[place]}")


@app.command("recall-result")
def recall_result(
    home: Home,
    case: CaseName,
    staff: Staff,
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.RECALL_REASONS))],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """收回还没有交出的结果。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.RECALL_REASONS, reason, "--reason")
        entry = delivery.recall_result(agent, resolve(agent, case), staff, code)
        finish_act(agent, entry, wait, as_json, "结果已收回")


@app.command("reissue")
def reissue(
    home: Home,
    case: CaseName,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="新结果文书的页面图像，按顺序")],
    staff: Staff,
    certificate: Annotated[
        Path, typer.Option("--certificate-file", help="新证号（文本文件），只登记摘要", exists=True)
    ],
    wait: WaitSeconds = 60.0,
    as_json: AsJson = False,
) -> None:
    """重新出件：旧结果作废，用新证号；送达时限照旧。"""
    with agent_at(home, as_json) as agent:
        entry = result.reissue(agent, resolve(agent, case), staff, files, certificate.read_text().strip())
        waiting = [act.payload_digest for act in agent.journal.acts(entry.case_id) if act.needs_upload]
        digests = list(dict.fromkeys([entry.payload_digest, *waiting]))
        value = {"case": entry.case_id, "event": entry.event, "digest": entry.payload_digest}
        finish(agent, digests, wait, as_json, value, "已重新出件，旧结果作废")


@app.command("correct-result")
def correct_result(
    home: Home,
    case: CaseName,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="更正后结果文书的页面图像，按顺序")],
    staff: Staff,
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.CORRECTION_REASONS))],
    paper: Annotated[Path, typer.Option("--paper", help="更正审批单扫描件", exists=True, dir_okay=False)],
    issuer: Annotated[str, typer.Option("--issuer", help="用印的出件人工号；决定人自己有用印授权的不写")] = "",
    record: Annotated[Path | None, typer.Option("--record", help="集体决定的记录，事项须集体决定时须附")] = None,
    wait: WaitSeconds = 60.0,
    as_json: AsJson = False,
) -> None:
    """更正已制发、还没有送出的结果：由有决定权的人更正，用印人同签，旧版本留在卷里。"""
    with agent_at(home, as_json) as agent:
        code, case_id = code_of(reasons.CORRECTION_REASONS, reason, "--reason"), resolve(agent, case)
        entry = result.correct_result(agent, case_id, staff, files, code, paper, issuer, record)
        waiting = [act.payload_digest for act in agent.journal.acts(case_id) if act.needs_upload]
        finish_act(agent, entry, wait, as_json, "已更正结果，旧版本留在卷里", with_it=waiting)


@app.command("archive-package")
def archive_package(
    home: Home,
    case: CaseName,
    staff: Staff,
    package: Annotated[str, typer.Option("--digest", help="归档信息包的 SHA-256（64 位十六进制）")],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """报归档信息包；纸质材料都有着落后枢纽自动归档。"""
    with agent_at(home, as_json) as agent:
        entry = delivery.tell_package(agent, resolve(agent, case), staff, package)
        finish_act(agent, entry, wait, as_json, "已报归档信息包")
