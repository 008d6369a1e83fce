"""``yidi query``: what an applicant may be told by public number and check code (G06); no name, no paper."""

from pathlib import Path

from rich.table import Table

from deploy.commands.shared.common import agent_at, show
from deploy.commands.window.cases import check_code


def ask(public_no: str, home: Path, code_file: Path | None, code_fd: int | None, as_json: bool) -> None:
    """Ask the hub through the node at ``home`` (a window or a portal) and show the answer."""
    with agent_at(home, as_json) as agent:
        found = agent.hub.query_case(public_no.replace(" ", ""), check_code(code_file, code_fd))
        table = Table("环节", "日期", title="　".join(filter(None, (found.public_no, found.case_type, found.words))))
        for words, date in found.milestones:
            table.add_row(words, date)
        due = f"　（{found.due} 前）" if found.due else ""
        show({"ok": True, **found.__dict__}, as_json, table, f"在办单位：{found.holder}", found.next_step + due)
