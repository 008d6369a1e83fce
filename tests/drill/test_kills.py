"""Kill -9, again and again, of hub, PostgreSQL, SeaweedFS and agents, each with a call under way (promises 5 and 6).

``make drill`` makes 200 kills; ``make test`` makes four, one of each kind. ``YIDI_DRILL_KILLS`` and ``YIDI_DRILL_SEED``
say how many and which; the seed is printed.
"""

import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from rich.console import Console
from rich.table import Table

from deploy.service import Service
from deploy.stack.layout import DEPARTMENT, WINDOW
from tests.drill.books import Balance, balance
from tests.drill.load import Drill

pytestmark = [pytest.mark.e2e, pytest.mark.drill, pytest.mark.timeout(7200)]
KILLS = int(os.environ.get("YIDI_DRILL_KILLS", "4"))


@dataclass(frozen=True)
class Target:
    """One kind of process. ``under_way``: the call that its death would interrupt, or None at this moment."""

    name: str
    service: Service
    under_way: Callable[[], object]


def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(drill: Drill, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    killer = Killer(drill)
    with drill.load():
        killer.kill(KILLS)
    killed = time.monotonic() - began
    books = balance(drill)
    with capsys.disabled():
        show(killer, drill, books, {"kills and load": killed, "all": time.monotonic() - began})
    assert books.wrong == []
    assert sum(killer.killed.values()) == KILLS


def _targets(drill: Drill) -> list[Target]:
    stack = drill.town.stack
    window, department = drill.town.window.journal, drill.town.department.journal
    return [
        Target("hub", stack.hub(), lambda: drill.caller.under_way),
        Target("PostgreSQL", stack.postgres, lambda: drill.caller.under_way),
        Target("SeaweedFS", stack.seaweed, lambda: drill.uploader.under_way),
        Target("agents", stack.agent(WINDOW), lambda: window.waiting(1)),
        Target("agents", stack.agent(DEPARTMENT), lambda: department.waiting(1)),
    ]


class Killer:
    """Kills and starts again. ``down``: seconds from the kill until the process answers; ``back``: until the next
    acknowledgement reaches a client."""

    def __init__(self, drill: Drill) -> None:
        self._drill = drill
        self._targets = _targets(drill)
        self.killed: Counter[str] = Counter()
        self.down: dict[str, list[float]] = defaultdict(list)
        self.back: dict[str, list[float]] = defaultdict(list)

    def kill(self, number: int) -> None:
        """So many kills; the first ones are one of each kind."""
        chance = self._drill.chance
        kinds = sorted({target.name for target in self._targets})
        chance.shuffle(kinds)
        for count in range(number):
            kind = kinds[count] if count < len(kinds) else chance.choice(kinds)
            target = chance.choice([one for one in self._targets if one.name == kind])
            time.sleep(chance.uniform(0.0, 0.4))
            self._one(target)

    def _one(self, target: Target) -> None:
        drill = self._drill
        drill.until(f"a call to {target.name}", target.under_way, ask=target.name == "agents", pause=0.0005)
        target.service.kill()
        killed = time.monotonic()
        self.killed[target.name] += 1
        time.sleep(drill.chance.uniform(0.0, 0.5))
        drill.town.start(target.service)
        self.down[target.name].append(time.monotonic() - killed)
        kind = "object" if target.name == "SeaweedFS" else "receipt"
        drill.acknowledged(f"after the kill of {target.name}", kind)
        self.back[target.name].append(time.monotonic() - killed)


def show(killer: Killer, drill: Drill, books: Balance, seconds: Mapping[str, float]) -> None:
    """The table of a drill."""
    table = Table(title=f"kill -9, seed {drill.seed}", title_justify="left")
    for name in ("process", "kills", "down, median / longest s", "next acknowledgement, median / longest s"):
        table.add_column(name)
    for name, count in sorted(killer.killed.items()):
        table.add_row(name, str(count), _spread(killer.down[name]), _spread(killer.back[name]))
    console = Console(width=120)
    console.print(table)
    told = {
        **drill.ledger.counts,
        "calls interrupted": sum(worker.interrupted for worker in drill.workers),
        **books.counts,
    }
    console.print("acknowledged and compared:", ", ".join(f"{name} {count}" for name, count in told.items()))
    console.print("seconds:", ", ".join(f"{name} {value:.1f}" for name, value in seconds.items()))
    console.print("books:", "balance" if not books.wrong else books.wrong[:5])


def _spread(values: list[float]) -> str:
    ordered = sorted(values)
    return f"{ordered[len(ordered) // 2]:.1f} / {ordered[-1]:.1f}"
