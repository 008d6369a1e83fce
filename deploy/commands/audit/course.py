"""``yidi audit course``: what was done with a case, act by act, with reasons and cards in Chinese."""

import typer

from crypto.evidence import read
from deploy.commands.audit.sources import AnyHome, PinsFile, Target, package_of, pins_of
from deploy.commands.audit.tables import plain_table
from deploy.commands.shared.common import AsJson, minute, refusals, show
from node_agent.auditor.course import card_words, course
from node_agent.auditor.verify import audit

app = typer.Typer(no_args_is_help=True)


@app.command("course")
def show_course(target: Target, pins: PinsFile = None, home: AnyHome = None, as_json: AsJson = False) -> None:
    """经过表：每一步谁办的、为什么、补正了什么、转去哪里；以及产生的督办牌。"""
    with refusals(as_json):
        package = package_of(target, home)
        rows = course(read.readable(read.read(package).leaves))
        report = audit(package, pins_of(pins, home))
    table = plain_table("经过（时间为北京时间，UTC+8）", "登记时间", "办理环节", "机构", "人员", "说明")
    for row in rows:
        people = "、".join(person.rsplit("/", 1)[-1] for person in (row.person, row.second) if person)
        table.add_row(minute(row.at), row.word, row.node.rsplit("/", 1)[-1], people or "系统", row.detail)
    cards = report.file.cards if report.file else ()
    value = {
        "ok": True,
        "verdict": report.verdict.value,
        "course": [row.as_object() for row in rows],
        "cards": [dict(card.__dict__) for card in cards],
    }
    show(value, as_json, table, *map(card_words, cards), f"证据包核验 {report.verdict.value}")
