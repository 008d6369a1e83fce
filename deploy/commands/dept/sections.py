"""``yidi dept section``: pass a case on to another office of this department, and see how long it lay where (B14).

Invariants: a command signs and queues; the offices are those of the list; nothing of it is shown outside.
"""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from crypto import canonical
from crypto.identity import node_name
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, finish_act, minute, show
from deploy.commands.shared.options import CaseName
from node_agent.department import sections
from node_agent.known.casemirror import resolve
from node_agent.process.runtime import Agent

app = typer.Typer(no_args_is_help=True)


@app.command()
def section(
    case: CaseName,
    home: Home,
    staff: Staff = "",
    to: Annotated[str, typer.Option("--to", help="转给清单里登记的哪个股室；不写则看在各股室停了多久")] = "",
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """内部股室：转给另一个股室接着办，或者看在各股室停了多久；对外仍是一个口子。"""
    with agent_at(home, as_json) as agent:
        case_id = resolve(agent, case)
        if to:
            entry = sections.to_section(agent, case_id, staff, to)
            finish_act(agent, entry, wait, as_json, f"已转 {to}；接办以前仍由原经办人负责")
            return
        made = sections.stays(agent, case_id, canonical.time_text(datetime.now(UTC)))
        table = Table("股室", "自", "至", "时长", "转来的人", title=f"本单位可转：{'、'.join(_offices(agent)) or '—'}")
        for stay in made:
            lasted = f"{stay.minutes // 60} 小时 {stay.minutes % 60} 分"
            until, who = minute(stay.until, "办理中"), stay.person.rpartition("/")[2]
            table.add_row(stay.section, minute(stay.since), until, lasted, who)
        show({"ok": True, "case": case_id, "stays": [vars(stay) for stay in made]}, as_json, table)


def _offices(agent: Agent) -> list[str]:
    place = agent.registry.catalogue().places.get(node_name(agent.identity.node))
    return sorted(place.sections) if place else []
