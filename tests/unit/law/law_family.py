"""A family on the table: a parent and its children, each a bench of its own, that know each other as in the hub.

After each act the hub states what follows, about the case and then about its kin, until there is no news: as the narrow
place does (``hub.services.batch``).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Self

from crypto import canonical
from crypto.manifest import Manifest
from crypto.refusal import Refusal
from hub.casework import consequences, timers
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.hub_event import HubEvent
from hub.casework.numbers import public_number
from hub.casework.parents.share import form_line
from hub.casework.table import LAW
from hub.casework.time import clocks
from tests.unit.law.law_people import (
    DEPARTMENT,
    OTHER_DEPARTMENT,
    PREFIX,
    START,
    THIRD_DEPARTMENT,
    WINDOW,
    Step,
    grant,
    manifest,
)
from tests.unit.law.law_steps import STEPS
from tests.unit.law.law_steps_parents import (
    CASES,
    PARENT,
    PLACES,
    family_manifest,
    kin,
    seal_child,
    seal_parent,
    themed,
)
from tests.unit.law.law_world import Bench, stated

Change = Callable[[dict[str, Any]], None]
NODES = {"A": DEPARTMENT, "B": OTHER_DEPARTMENT, "D": DEPARTMENT}
ROUNDS = 100


class Member(Bench):
    """One case of a family, with its own id."""

    def __init__(self, family: "Family", case: str) -> None:
        super().__init__(start=family.now)
        self.id, self.kin = case, family.files
        self.register, self.objects, self.catalogue = family.register, family.objects, family.catalogue

    def act(self, step: Step) -> Act:
        """The act, of this case."""
        made = super().act(step)
        statement = replace(made.statement, case=self.id)
        return replace(made, statement=statement, digest=canonical.digest(statement.payload()))

    def alone(self) -> CaseFile | None:
        """What its own acts give where no other case is known (promise 4)."""
        file: CaseFile | None = None
        for act, world in zip(self.acts, self.worlds, strict=True):
            file = LAW.apply(file, act, replace(world, kin=None))
        return file


class Family:
    """Names: ``""`` the parent, else the code of a part. ``changes``: what the theme's plan says otherwise.

    ``order``: whose act came when.
    """

    def __init__(self, partial: bool = False, list_change: Change | None = None, **changes: Any) -> None:
        self.now, self.files = START, dict[str, CaseFile]()
        self.order: list[str] = []
        founder = Bench()
        themed(founder, list_change, **changes)
        self.register, self.objects, self.catalogue = founder.register, founder.objects, founder.catalogue
        for part, (task, _) in PLACES.items():
            for kind, role in (("DECIDE", "DECIDER"), ("SEAL_USE", "ISSUER")):
                made = grant(kind, Bench.person(NODES[part], role), f"G-{kind}-{part}")
                self.register.grants.append(replace(made, node=NODES[part], items=frozenset({task})))
        self.members = {"": Member(self, PARENT)} | {part: Member(self, case) for part, case in CASES.items()}
        sealed = self[""].store(self.application())
        self.do("", seal_parent(self[""], manifest=sealed, partial_delivery=partial))
        for part in PLACES:
            self.do(
                part,
                seal_child(self[part], part, public_no=self._number(part), manifest=sealed).saying(
                    **self._bond(part, partial)
                ),
            )
            self.do(part, self[part].wrap(NODES[part], self.lines(part), sealing=sealed))

    def __getitem__(self, name: str) -> Member:
        return self.members[name]

    def file(self, name: str = "") -> CaseFile:
        """The case as it stands."""
        return self[name].case

    def state(self, name: str = "") -> str:
        """Its state."""
        return self.file(name).state.value

    def application(self) -> Manifest:
        """The one sealing."""
        return family_manifest(self[""], PARENT)

    def lines(self, part: str) -> tuple[str, ...]:
        """What the part's department may open."""
        item = self.catalogue.item(PLACES[part][0])
        return (*(f"{part}-{material.code}" for material in item.materials), form_line(part), "ADDRESS")

    # --- acts ------------------------------------------------------------------------------------------------

    def do(self, name: str, step: Step) -> CaseFile:
        """An act, and all that follows from it."""
        self._strike()
        self._apply(name, step)
        self.settle(name)
        self.now += timedelta(minutes=1)
        return self.file(name)

    def walk(self, name: str, *rows: str) -> Self:
        """Acts of the rows named, each as ``law_steps`` has it."""
        for row in rows:
            self.do(name, self._fit(name, STEPS[row](self[name])))
        return self

    def wait(self, days: int) -> Self:
        """Days pass; what time makes due is stated."""
        self.now += timedelta(days=days)
        self._strike()
        return self

    def delivered(self, *parts: str) -> Self:
        """T10."""
        for part in parts or ("A", "B"):
            self.walk(part, "T10")
        return self

    def answer(self, part: str, *lacks: tuple[str, str]) -> Self:
        """P2: complete, or what it lacks."""
        body: dict[str, Any] = {"answer": "LACKS" if lacks else "OK"}
        if lacks:
            body["lines"] = [{"material": material, "defect": defect} for material, defect in lacks]
        self.do(part, kin(Step("defects_answer", NODES[part], "ACCEPTOR", body)))
        return self

    def decided(self, part: str, outcome: str = "GRANT") -> Self:
        """T31 of an accepted part."""
        refusal = {"reasons": "a" * 64, "appeal": "b" * 64} if outcome == "REFUSE" else {}
        body = {"outcome": outcome, "grant": f"G-DECIDE-{part}"} | refusal
        self.do(part, Step("decide", NODES[part], "DECIDER", body))
        return self

    def issued(self, part: str) -> Self:
        """T33."""
        made = self[part].store(manifest("result", case=CASES[part], task_code=PLACES[part][0]))
        self.do(part, Step("issue", NODES[part], "ISSUER", {"manifest": made, "grant": f"G-SEAL_USE-{part}"}))
        return self

    def opinion(self) -> Self:
        """P13: the adviser agrees."""
        asked = self.file().consultations[-1].digest
        self.do("", kin(Step("part_opinion", THIRD_DEPARTMENT, "REVIEWER", {"consult": asked, "answer": "AGREE"})))
        return self

    def to_exit(self) -> Self:
        """All parts granted and sealed, one after the other."""
        self.delivered().walk("A", "T14").walk("B", "T14").decided("A").issued("A").decided("B").issued("B")
        return self.delivered("D").walk("D", "T14").decided("D").issued("D")

    def gathered(self) -> Self:
        """P8: all results at the exit."""
        results = []
        for part in PLACES:
            made = self.file(part).sealing("result")
            if made is not None:
                results.append({"part": part, "manifest": made.manifest})
        self.do("", Step("results_gathered", WINDOW, "COLLECTOR", {"results": results}))
        return self

    # --- the hub ---------------------------------------------------------------------------------------------

    def settle(self, first: str) -> None:
        """What follows, first about this case, then about its kin, until there is no news."""
        for _ in range(ROUNDS):
            names = [first, *(name for name in self.members if name != first)]
            if not sum(self._follow(name) for name in names if self[name].file is not None):
                return
        raise AssertionError("parent and children have no end of news")

    def _follow(self, name: str) -> int:
        count = 0
        while event := consequences.next_event(self.file(name), self._world(name), self._text()):
            self._state(name, event)
            count += 1
        return count

    def _strike(self) -> None:
        """What time made due, case by case, each with what follows."""
        for name in self.members:
            while self[name].file is not None:
                event = timers.due_event(self.file(name), self._world(name), self._text())
                if event is None:
                    break
                self._state(name, event)
                self.settle(name)

    def _state(self, name: str, event: HubEvent) -> None:
        self._apply(name, stated(event))

    def _apply(self, name: str, step: Step) -> None:
        bench = self[name]
        bench.now = self.now
        self.files[bench.id] = bench.do(step)
        self.order.append(name)

    def _world(self, name: str) -> World:
        return self[name].world()

    def _text(self) -> str:
        return canonical.time_text(self.now)

    def _fit(self, name: str, step: Step) -> Step:
        """Told in the name of the part's own department, where the rows have the first one's."""
        return replace(step, node=NODES[name]) if name and step.node in NODES.values() else step

    @staticmethod
    def _number(part: str) -> str:
        return public_number(PREFIX, 10 + sorted(PLACES).index(part))

    def _bond(self, part: str, partial: bool) -> dict[str, Any]:
        told = seal_child(self[part], part).body["bond"]
        return {"bond": told | {"together": not partial}, "delivery": self.file().delivery}


def refused(act: Callable[[], object]) -> str:
    """Code of the refusal that an act must meet."""
    try:
        act()
    except Refusal as refusal:
        return refusal.code
    raise AssertionError("the law takes it")


def running(file: CaseFile, name: str) -> clocks.ClockState:
    """A clock that was started."""
    return file.clocks[name]
