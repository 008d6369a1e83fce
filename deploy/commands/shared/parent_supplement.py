"""``yidi window supplement`` of a parent: one notice, one hand-in, by lines of the one list (states.md 8, P2)."""

from datetime import UTC, datetime

from rich.table import Table

from deploy.commands.shared import common
from hub.casework import reasons
from node_agent.acts import LateEntry
from node_agent.parents import supplement
from node_agent.process.runtime import Agent
from node_agent.window import supplement as window_supplement


def seal(agent: Agent, parent: str, staff: str, wait: float, as_json: bool, late: LateEntry | None) -> None:
    """Seal, print a receipt for each part, wait for the hub's answers."""
    from node_agent.window.papers import supplement_receipt  # here: printing loads the typesetting library

    made = supplement.seal(agent, parent, staff, late, applicant_signed=True)
    papers = [str(supplement_receipt(agent, asked, one, datetime.now(UTC))) for asked, one in made]
    entries = [digest for _, one in made for digest in one.entries]
    value = {
        "case": parent,
        "parts": [{"case": one.case, "materials": list(one.materials), "revision": one.revision} for _, one in made],
        "papers": papers,
    }
    words = f"补正材料已封装，分送 {len(made)} 个部门\n补正材料接收凭证：{'、'.join(papers)}"
    if not as_json:
        common.console.print(words)
    common.finish(agent, entries, wait, as_json, value)
    for asked, _ in made:
        window_supplement.tidy(agent, asked.case)


def show_asked(agent: Agent, parent: str, as_json: bool) -> None:
    """What is asked for, by lines of the one list."""
    asked = supplement.demands(agent, parent)
    rows = []
    for line, places in sorted(supplement.lines(agent, parent).items()):
        for case_id, material in places:
            one = next(found for found in asked[case_id].lines if found.material == material)
            rows.append((line, one.name, asked[case_id].item.name, one.defect, one.pages, one.handed_in))
    due = max(one.due for one in asked.values())
    table = Table("行", "材料", "用于", "需要补正", "本次已收页", "已补交", title=f"一次补正，{due} 前")
    for line, name, item, defect, pages, given in rows:
        table.add_row(line, name, item, reasons.DEFECTS.get(defect, defect), str(pages), "是" if given else "否")
    names = ("line", "name", "item", "defect", "pages", "handed_in")
    value = {"ok": True, "case": parent, "due": due, "lines": [dict(zip(names, row, strict=True)) for row in rows]}
    common.show(value, as_json, table, "加页：--pages 行=文件夹；收齐后申请人签字，加 --signed 送出。")
