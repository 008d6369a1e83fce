"""Enquiries, alike at windows, departments and overseers: who is asked first answers until the next took it (T38; F05).

Invariants: words stay on this machine, the log has codes and commitments; a command signs and queues.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from crypto.identity import node_name
from deploy.commands.shared.choices import code_of, listed
from deploy.commands.shared.common import (
    TEXT_FILE,
    AsJson,
    Home,
    Staff,
    WaitSeconds,
    agent_at,
    finish_act,
    minute,
    show,
    text_of,
)
from deploy.commands.shared.options import CaseName, KeptWords
from hub.casework import reasons
from hub.casework.supervision.values import Enquiry
from node_agent.process.runtime import Agent
from node_agent.supervision import supervising

Number = Annotated[str, typer.Option("--enquiry", help="咨询的编号（64 位，可只写前 16 位）")]


def enquire(
    case: CaseName,
    home: Home,
    staff: Staff,
    topic: Annotated[str, typer.Option("--topic", help=listed(reasons.ENQUIRY_TOPICS))],
    words: Annotated[Path, typer.Option("--words", help=f"咨询内容，{TEXT_FILE}", exists=True, dir_okay=False)],
    to: Annotated[str, typer.Option("--to", help="转哪个单位答复：全称或节点名；不写为本单位答复")] = "",
    channel: Annotated[str, typer.Option("--channel", help=listed(reasons.ENQUIRY_CHANNELS))] = "WINDOW",
    ticket: Annotated[str, typer.Option("--ticket", help="12345 热线工单编号")] = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """登记咨询：首问负责，转出后对方接办前仍由本单位负责；五个工作日内答复。"""
    with agent_at(home, as_json) as agent:
        facts = {
            "channel": code_of(reasons.ENQUIRY_CHANNELS, channel, "--channel"),
            "topic": code_of(reasons.ENQUIRY_TOPICS, topic, "--topic"),
            "ticket": ticket,
            "to": supervising.unit_named(agent, to) if to else "",
        }
        entry = supervising.enquire(agent, case, staff, facts, text_of(words))
        value = {"enquiry": entry.payload_digest}
        finish_act(agent, entry, wait, as_json, f"已登记咨询，编号 {entry.payload_digest[:16]}", more=value)


def hand_over(
    case: CaseName,
    home: Home,
    staff: Staff,
    enquiry: Number,
    to: Annotated[str, typer.Option("--to", help="转给的单位：全称或节点名")],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """转办咨询：对方接办前仍由本单位负责，答复期限不变。"""
    with agent_at(home, as_json) as agent:
        unit = supervising.unit_named(agent, to)
        entry = supervising.pass_enquiry(agent, case, staff, enquiry, unit)
        finish_act(agent, entry, wait, as_json, f"已转 {node_name(unit)}，对方接办前仍由原单位负责")


def take(
    case: CaseName, home: Home, staff: Staff, enquiry: Number, wait: WaitSeconds = 30.0, as_json: AsJson = False
) -> None:
    """接办转来的咨询：从此由本单位负责答复。"""
    with agent_at(home, as_json) as agent:
        entry = supervising.take_enquiry(agent, case, staff, enquiry)
        finish_act(agent, entry, wait, as_json, "已接办咨询，由本单位负责答复")


def extend(
    case: CaseName,
    home: Home,
    staff: Staff,
    enquiry: Number,
    reason: Annotated[str, typer.Option("--reason", help=listed(reasons.ENQUIRY_EXTENSIONS))],
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """咨询延期答复：期限内提出，只能一次，再加五个工作日。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.ENQUIRY_EXTENSIONS, reason, "--reason")
        entry = supervising.extend_enquiry(agent, case, staff, enquiry, code)
        finish_act(agent, entry, wait, as_json, f"已延期答复：{reasons.ENQUIRY_EXTENSIONS[code]}")


def answer(
    case: CaseName,
    home: Home,
    staff: Staff,
    enquiry: Number,
    given: Annotated[str, typer.Option("--answer", help=listed(reasons.ENQUIRY_ANSWERS))],
    words: KeptWords,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """答复咨询：由负责的单位答复，答复内容留在本机。"""
    with agent_at(home, as_json) as agent:
        code = code_of(reasons.ENQUIRY_ANSWERS, given, "--answer")
        entry = supervising.answer_enquiry(agent, case, staff, enquiry, code, text_of(words))
        finish_act(agent, entry, wait, as_json, f"已答复咨询：{reasons.ENQUIRY_ANSWERS[code]}")


def enquiries(case: CaseName, home: Home, as_json: AsJson = False) -> None:
    """一件的咨询：类别、渠道、首问单位、现由谁负责、转给谁待接办、到期、结果。"""
    with agent_at(home, as_json) as agent:
        show_one(agent, case, as_json)


HEADS: Final = ("编号", "类别", "渠道", "首问", "负责", "待接办", "到期", "结果")


def show_one(agent: Agent, case: str, as_json: bool) -> None:
    """The enquiries of one case."""
    found = supervising.enquiries_of(agent, case)
    table = Table(*HEADS, title=f"咨询 {len(found)} 件")
    for one in found:
        table.add_row(*cells(one))
    show({"ok": True, "enquiries": [dict(one.__dict__) for one in found]}, as_json, table)


def cells(one: Enquiry) -> tuple[str, ...]:
    """One enquiry under ``HEADS``."""
    topic, channel = reasons.ENQUIRY_TOPICS[one.topic], reasons.ENQUIRY_CHANNELS[one.channel]
    units = (node_name(one.node), node_name(one.holder), node_name(one.to) if one.to else "")
    result = reasons.ENQUIRY_ANSWERS.get(one.answer, "待答复")
    return one.digest[:16], topic, f"{channel} {one.ticket}".strip(), *units, minute(one.due), result


OF_ALL: Final[Mapping[str, Callable[..., None]]] = {
    "enquire": enquire,
    "enquiries": enquiries,
    "enquiry-pass": hand_over,
    "enquiry-take": take,
    "enquiry-extend": extend,
    "enquiry-answer": answer,
}
OF_OVERSEERS: Final = {name: command for name, command in OF_ALL.items() if command is not enquiries}
"""Without the list of one case: theirs shows the whole region too."""
