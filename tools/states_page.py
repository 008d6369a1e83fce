"""The page of states: pictures and tables drawn from the law's table, and from what its rows are seen to do.

Invariants: nothing on the page is written by hand; an end that can be reached from everywhere is told in words instead
of twenty arrows, so that a picture stays one that somebody can follow.
"""

from collections.abc import Iterable, Mapping

from hub.casework.late.guards import LATE
from hub.casework.law import Rule
from hub.casework.reasons import LATE_CAUSES
from hub.casework.states import CHINESE, PARENT_STATES, State
from hub.casework.time.clock_table import CLOCKS, ClockRule
from tools import observe
from tools.observe import NOTHING, Seen

MOST_ARROWS = 4
"""A row with more sources than this is told in words."""
HEAD = """# The states of a case

Made by `make docs` from `hub.casework.table` and from what its rows do. Do not edit.

"""
CLOCK_ARROWS = {
    "started": ("[*]", "{}"),
    "stopped": ("{}", "[*]"),
    "paused": ("{}", "{}_paused"),
    "resumed": ("{}_paused", "{}"),
    "moved": ("{}", "{}"),
}
CHANGES = {"started": "starts", "stopped": "stops", "paused": "pauses", "resumed": "goes on", "moved": "is moved"}


def page(rows: tuple[Rule, ...]) -> str:
    """Markdown with Mermaid pictures."""
    seen = observe.observe()
    return HEAD + "\n".join(
        [
            "## One case\n",
            _life(rows, frozenset(State) - PARENT_STATES),
            "## Several cases at once: the parent (多地联办, 一件事)\n",
            _life(rows, PARENT_STATES),
            "## An original and its parcel\n",
            _moves(seen, "items"),
            "What a carrier says moves what lies in the parcel, in whatever order it is said:\n",
            _carrier(),
            "## The result on its way to the applicant\n",
            _moves(seen, "result"),
            "## Clocks\n",
            _clock_pictures(observe.by_clock(seen)),
            "Which acts start, stop, pause and move each of them, and its length:\n",
            _clocks(observe.by_clock(seen)),
            "## Late entries\n",
            "Done on paper while nothing worked, entered later with its cause, signed by a second person too; every"
            " clock counts from the log's time all the same:\n",
            _late(rows),
            "## All rows\n",
            _rows(rows),
        ]
    )


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    return line(head) + line(("---",) * len(head)) + "".join(map(line, rows))


def line(cells: tuple[str, ...]) -> str:
    """One row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _life(rows: tuple[Rule, ...], drawn: frozenset[State]) -> str:
    moving = [row for row in rows if row.target in drawn]
    few = [row for row in moving if len(row.source) <= MOST_ARROWS]
    arrows = [(source, row.target, row.event) for row in few for source in (row.source or (NOTHING,))]
    used = {state for source, target, _ in arrows for state in (source, target)}
    names = [f'state "{CHINESE[state]} {state}" as {state}' for state in State if state in used]
    told = [
        f"- from {', '.join(row.source)} to **{row.target}** ({CHINESE[row.target]}): `{row.event}` ({row.id})"
        for row in moving
        if row.target is not None and len(row.source) > MOST_ARROWS
    ]
    many = "\n".join(["Besides, from many states:\n", *told, ""]) if told else ""
    return _picture(names, ((f"{a}", f"{b}", event) for a, b, event in arrows)) + "\n" + many


def _moves(seen: Iterable[Seen], of: str) -> str:
    return _picture([], ((a, b, ", ".join(rows)) for a, b, rows in observe.moves(seen, of)))


def _carrier() -> str:
    told = observe.carrier_moves()
    return table(
        ("parcel", "state of what lies in it", "carrier statuses"),
        ((kind, state, ", ".join(statuses)) for (kind, state), statuses in told.items()),
    )


def _clocks(found: Mapping[str, Mapping[str, list[str]]]) -> str:
    return table(
        ("clock", "name", "length", *CHANGES.values(), "rule"),
        (
            (
                name,
                rule.name,
                _length(rule),
                *(" ".join(found.get(name, {}).get(change, [])) or "–" for change in CHANGES),
                rule.citation,
            )
            for name, rule in CLOCKS.items()
        ),
    )


def _clock_pictures(found: Mapping[str, Mapping[str, list[str]]]) -> str:
    """One picture of all clocks: running, paused where the law lets one pause, and the rows that move them."""
    names = [f'state "{name} {rule.name}" as {name}' for name, rule in CLOCKS.items()]
    names += [f'state "{name} 暂停" as {name}_paused' for name, rule in CLOCKS.items() if rule.pausable]
    arrows = [
        (source.format(name), target.format(name), ", ".join(found.get(name, {}).get(change, [])))
        for name in CLOCKS
        for change, (source, target) in CLOCK_ARROWS.items()
    ]
    return _picture(names, (arrow for arrow in arrows if arrow[2]))


def _length(rule: ClockRule) -> str:
    return f"{'as given' if rule.default is None else rule.default} {rule.unit.value}"


def _rows(rows: tuple[Rule, ...]) -> str:
    return table(
        ("id", "event", "chain", "from", "to", "who", "signers", "rule"),
        (
            (
                row.id,
                f"`{row.event}`",
                row.chain,
                " ".join(row.source) or "–",
                row.target or "stays",
                row.party.value,
                row.signers.value,
                row.citation,
            )
            for row in rows
        ),
    )


def _late(rows: tuple[Rule, ...]) -> str:
    acts = " ".join(f"`{row.event}` ({row.id})" for row in rows if LATE in row.members)
    causes = ", ".join(f"{code} {word}" for code, word in LATE_CAUSES.items())
    return f"- acts: {acts}\n- causes: {causes}\n"


def _picture(names: Iterable[str], arrows: Iterable[tuple[str, str, str]]) -> str:
    drawn = [*(f"    {name}" for name in names), *(f"    {a} --> {b} : {told}" for a, b, told in arrows)]
    return "\n".join(["```mermaid", "stateDiagram-v2", *drawn, "```", ""])
