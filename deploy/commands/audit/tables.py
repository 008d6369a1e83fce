"""The tables of ``yidi audit``; their titles name the time zone, ``--json`` has the milliseconds."""

from rich.table import Table

from crypto.evidence import read
from hub.casework.custody import ClockRow, CustodyRow
from node_agent.known.casemirror import recorded


def titles_of(package: bytes) -> dict[str, str]:
    """Names of institutions by node id, as the key records in the package have them."""
    told = [recorded(data).statement for data in read.read(package).registry.values()]
    return {str(one.body["subject"]): str(one.body["title"]) for one in told if one.type == "key.register"}


def plain_table(title: str, *columns: str) -> Table:
    """A table with its title at the left."""
    table = Table(title=title, title_justify="left", show_lines=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def holders_table(rows: list[CustodyRow], titles: dict[str, str]) -> Table:
    """Who held the case and its parcels, from when to when."""
    table = plain_table("交接表（时间为北京时间，UTC+8）", "什么", "谁持有", "从", "到", "分钟")
    for row in rows:
        what = "办件" if row.kind.value == "ELECTRONIC" else "快件"
        holder = titles.get(row.holder) or short_name(row.holder)
        table.add_row(what, holder, to_second(row.from_at), to_second(row.to_at, "至今"), str(row.minutes))
    return table


def clock_table(rows: tuple[ClockRow, ...], same: dict[str, bool] | None) -> Table:
    """The clocks; ``same``: whether the hub says the same, by clock."""
    table = plain_table("时限（时间为北京时间，UTC+8）", "时限", "起", "止", "届满", "日历", "说明")
    for row in rows:
        table.add_row(
            f"{row.clock} {row.name}",
            to_second(row.started_at),
            to_second(row.stopped_at, "在走"),
            to_second(row.due, "暂停中"),
            row.calendar_version,
            _clock_remarks(row, same),
        )
    return table


def _clock_remarks(row: ClockRow, same: dict[str, bool] | None) -> str:
    remarks = ["暂算"] if row.provisional else []
    remarks += ["[red]超期[/red]"] if row.expired else []
    if same is not None:
        remarks.append("与枢纽一致" if same[row.clock] else "[red]与枢纽不同[/red]")
    return "、".join(remarks) or "期内"


def to_second(text: str | None, otherwise: str = "") -> str:
    """A time for a table whose title names the zone; ``--json`` has the milliseconds."""
    return text[:19].replace("T", " ") if text else otherwise


def short_name(holder: str) -> str:
    """A node by its name, which is unique in the registry; a carrier by its own."""
    return holder.rsplit("/", 1)[1] if holder.startswith("spiffe://") else holder.replace("carrier:", "承运方 ", 1)
