"""特殊程序审查期限告知书 and 延长办理期限通知书: what the applicant is told when a limit pauses or grows.

Invariants: codes are printed with the words of ``hub.casework.reasons``; the words beside them come from the sealing,
opened by the window with a purpose, or from who just wrote them (行政许可法 42, 45).
"""

from collections.abc import Mapping
from pathlib import Path

from crypto import canonical
from crypto.refusal import Refusal
from crypto.statement import Statement, read_signed
from hub.casework import reasons
from node_agent.department import sealed
from node_agent.known.casemirror import application_leaf, history
from node_agent.paper import shelf
from node_agent.paper.fonts import fonts_of
from node_agent.paper.notice import notice_pdf
from node_agent.process.runtime import Agent
from storage.journal import OutboxEntry

LIMIT_NOTICES = ("start_special", "special_moved", "extend_limit")
"""Acts that the applicant is told of in writing."""


def parts_of(said: Statement, words: Mapping[str, str]) -> tuple[str, list[str]]:
    """Title and paragraphs of the notice that an act of ``LIMIT_NOTICES`` stands for."""
    body, own = said.body, [words["words"]] if words.get("words") else []
    if said.type == "extend_parent":
        reason = reasons.EXTENSION_REASONS.get(str(body.get("reason")), str(body.get("reason")))
        told = f"您申请的联办事项不能在期限内办结，经本级人民政府负责人批准，延长 {body.get('days')} 个工作日。"
        return "延长联办期限通知书", [told, f"理由：{reason}。", *own, "依据：《行政许可法》第四十二条第二款。"]
    if said.type == "extend_limit":
        reason = reasons.EXTENSION_REASONS.get(str(body.get("reason")), str(body.get("reason")))
        told = f"您申请的事项不能在法定期限内作出决定，经本行政机关负责人批准，延长 {body.get('days')} 个工作日。"
        return "延长办理期限通知书", [told, f"理由：{reason}。", *own, "依据：《行政许可法》第四十二条第一款。"]
    kind = reasons.SPECIAL_KINDS.get(str(body.get("kind")), str(body.get("kind", "")))
    begun = f"您申请的事项依法需要{kind}" if kind else "您申请的事项正在进行的特别程序须延后"
    return "特殊程序审查期限告知书", [
        f"{begun}，所需时间不计入办理期限，预计至 {body.get('until')} 结束；届时恢复计算办理期限。",
        *own,
        "依据：《行政许可法》第四十五条。",
    ]


def limit_paper(agent: Agent, entry: OutboxEntry, words: str) -> Path:
    """The paper of an act that was just signed here; the PDF's path.

    Refusals NOTHING_TO_PRINT, CASE_UNKNOWN_HERE, RECEIPT_UNWRITABLE.
    """
    said = read_signed(entry.envelope)
    application = application_leaf(history(agent.journal, entry.case_id))
    if said.type not in LIMIT_NOTICES or application is None:
        raise Refusal("NOTHING_TO_PRINT", "行政许可法 42, 45; T26, T28", case=entry.case_id)
    item = sealed.item_of(agent, entry.case_id)
    heading, paragraphs = parts_of(said, {"words": words.strip()})
    public_no = str(sealed.seal_member(agent, entry.case_id, "public_no"))
    pairs = [("事项", item.name), ("办件编号", application.leaf.assigned.get("case_no", "")), ("查询号", public_no)]
    printed = notice_pdf(
        heading,
        paragraphs,
        made_at=canonical.time_value(said.occurred_at),
        issuer=agent.registry.directory.title_of(agent.identity.node),
        complaint_channel=item.complaint_channel,
        facts=[(label, value) for label, value in pairs if value],
        sign_here=["申请人或者代理人签收"],
        fonts=fonts_of(agent.settings.home),
    )
    return shelf.put(agent.settings.home, f"limit-{public_no}-{entry.payload_digest[:8]}", printed.data)
