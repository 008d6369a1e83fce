"""A stack whose processes may be made to fail, and quick hands for its people.

Invariants:
- all processes are the product's own, started as ``yidi up`` starts them; they differ in one variable, the file that
  tells them where to fail (``storage.failpoints``), one file a process;
- people work through the functions that the commands call, on the same folders, beside the running agents;
- every wait has a bound.
"""

import itertools
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from typer.testing import CliRunner

from crypto.refusal import Refusal
from deploy.cli import app
from deploy.demo import people
from deploy.service import Service
from deploy.stack.layout import AUDITOR, DEPARTMENT, WINDOW, Node
from deploy.stack.processes import PythonService
from deploy.stack.stack import Stack
from hub.casework.states import State
from node_agent.department import desk as department
from node_agent.department import result
from node_agent.known import casemirror
from node_agent.known.snapshot import kept_snapshot
from node_agent.process.runtime import Agent, open_agent
from node_agent.transfer import receiver
from node_agent.transfer.standing import read_status
from node_agent.window import intake as window
from node_agent.window import materials as window_materials
from storage import failpoints
from storage.failpoints import Order
from tests.pages import card

ITEM = "11360102900001025R4000131012001"
ADDRESS = {"name": "余知远", "phone": "13800000000", "address": "重庆市江津区样例大道9号"}
SCANNED = {
    **dict.fromkeys(("M01", "M02", "M03", "M07"), "SUBMIT"),
    **dict.fromkeys(("M04", "M06"), "COMMITMENT"),
}
PATIENCE = 90.0
START_PATIENCE = 300.0  # a busy machine may need several tries of the product's own bound


class DrillStack(Stack):
    """``Stack`` whose hub and agents look into a file of orders."""

    def orders(self, name: str) -> Path:
        """The file of a process: ``hub`` or the name of a node."""
        folder = self.layout.root / "orders"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / f"{name}.json"

    def hub(self, number: int = 1) -> Service:
        """A hub, ready to fail."""
        return self._drilling(super().hub(number), "hub")

    def agent(self, node: Node) -> Service:
        """An agent, ready to fail."""
        return self._drilling(super().agent(node), node.name)

    def _drilling(self, service: Service, name: str) -> Service:
        assert isinstance(service, PythonService)
        file = self.orders(name)
        if not file.exists():
            failpoints.write_orders(file)
        service._variables[failpoints.VARIABLE] = str(file)
        return service


class DrillTown:
    """A running stack, with agents of window and department opened here too, as commands open them."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="yidi-drill-"))
        self.root.chmod(0o711)  # the database's user has to pass
        self.stack = DrillStack(self.root)
        self.pages = self.root / "pages"
        self.applicants = itertools.count()
        self._number = 0
        self._lock = threading.Lock()

    def up(self) -> None:
        """Everything running; the window has its snapshot."""
        self.stack.up(hubs=1)  # one: whatever call is under way is under way there
        self.pages.mkdir(mode=0o700)
        self.window = open_agent(self.home(WINDOW))
        self.department = open_agent(self.home(DEPARTMENT))
        until("directory snapshot", lambda: kept_snapshot(self.window) is not None)
        self.department.registry.refresh(self.department.hub)

    def down(self) -> None:
        """Everything ends; the folder goes."""
        for agent in (getattr(self, "window", None), getattr(self, "department", None)):
            if agent is not None:
                agent.close()
        self.stack.kill()
        shutil.rmtree(self.root, ignore_errors=True)

    def home(self, node: Node) -> Path:
        """Folder of a node."""
        return self.stack.layout.agent(node)

    # --- people ----------------------------------------------------------------------------------------------

    def draft(self) -> str:
        """A complete draft at the window; its case id."""
        agent = self.window
        form = {"applicant": people.person(next(self.applicants))}  # a second application of one person is refused
        case = window.begin(agent, ITEM, "A01", form, "POST", address=ADDRESS)
        for material, way in SCANNED.items():
            if way == "COMMITMENT":
                assert not window_materials.commit(agent, case, material, self.page(), told=True).refused
            else:
                assert not window.add_pages(agent, case, material, self.page(), way, "SEEN_RETURNED").refused
        return case

    def seal(self, case: str) -> tuple[str, ...]:
        """Seal a draft; payload digests of what is queued."""
        ticks = {"no_classified": True, "applicant_signed": True, "privacy_notice": True}
        return window.seal(self.window, case, "A01", **ticks).entries

    def decide(self, case: str) -> tuple[str, ...]:
        """Accept, decide, issue: signed one after the other, without waiting for the hub; payload digests."""
        agent = self.department
        before = {entry.payload_digest for entry in agent.journal.acts(case)}
        done = {entry.event for entry in agent.journal.acts(case) if entry.state != "REFUSED"}
        if "accept" not in done:
            department.accept(agent, case, "B01")
        if "decide" not in done:
            department.decide(agent, case, "B02", "GRANT")
        if "issue" not in done:
            result.issue(agent, case, "B03", [self.page()])
        return tuple(entry.payload_digest for entry in agent.journal.acts(case) if entry.payload_digest not in before)

    def page(self) -> Path:
        """A scanned page that differs from every other."""
        with self._lock:
            self._number += 1
            number = self._number
        path = self.pages / f"{number}.jpg"
        path.write_bytes(card(number))
        return path

    # --- what is known ---------------------------------------------------------------------------------------

    def state(self, agent: Agent, case: str) -> State | None:
        """The case as a node knows it; None before it has heard of it."""
        if not agent.journal.leaves(case):
            return None
        return casemirror.mirror(agent, case).state

    def pending(self, case: str) -> bool:
        """The department has pulled, verified and countersigned, and the hub has taken that."""
        return self.state(self.department, case) is State.PENDING_ACCEPT

    def issued(self, case: str) -> bool:
        """The window knows the result."""
        return self.state(self.window, case) is State.DELIVERING

    def quiet(self) -> bool:
        """Nothing waits at either agent."""
        journals = (self.window.journal, self.department.journal)
        return not any(journal.waiting(1) or journal.uploads_waiting() for journal in journals)

    def said(self, *arguments: str) -> dict[str, object]:
        """A command in this process, its answer and its ``exit`` code."""
        done = CliRunner().invoke(app, [*arguments, "--json"])
        assert done.stdout, (arguments, done.exception)
        answer: dict[str, object] = json.loads(done.stdout)
        return {**answer, "exit": done.exit_code}

    def fsck(self, *options: str) -> dict[str, object]:
        """``yidi audit fsck`` over the running hub's books."""
        return self.said("audit", "fsck", "--root", str(self.root), *options)

    def audited(self, case: str) -> str:
        """Verdict of the offline verifier on a package exported now."""
        file = self.root / f"{case}.zip"
        exported = self.said("audit", "export", case, "-o", str(file), "--home", str(self.home(AUDITOR)))
        assert exported["exit"] == 0, exported
        verdict = self.said("audit", "verify", str(file), "--pins", str(self.home(AUDITOR) / "pins.json"))
        file.unlink()
        return f"{verdict['verdict']} {verdict['sentences']}" if verdict["exit"] else str(verdict["verdict"])

    def troubles(self) -> list[str]:
        """For a failed drill: what keeps the agents, and the last words of all processes."""
        said = []
        for agent in (self.window, self.department):
            problem, alarms = read_status(agent.journal)["problem"], receiver.alarms(agent)
            waiting = [(entry.event, entry.case_id[:8]) for entry in agent.journal.waiting(8)]
            uploads = len(agent.journal.uploads_waiting())
            said.append(f"{agent.identity.node}: problem {problem}, alarms {alarms}, {waiting}, {uploads} uploads")
        for service in (self.stack.hub(), self.stack.agent(WINDOW), self.stack.agent(DEPARTMENT)):
            lines = [line for line in service.log_file.read_text(errors="replace").splitlines() if "INFO" not in line]
            said += [f"{service.name} runs {service.running() is not None}", *(line[:600] for line in lines[-12:])]
        return said

    # --- faults ----------------------------------------------------------------------------------------------

    def passed(self, name: str) -> set[str]:
        """Places that a process has passed."""
        return {line["passed"] for line in self._notes(name) if "passed" in line}

    def fired(self, name: str) -> int:
        """How many orders a process has carried out."""
        return sum("fired" in line for line in self._notes(name))

    def _notes(self, name: str) -> list[dict[str, str]]:
        file = self.stack.orders(name).with_suffix(".passed")
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line) for line in lines]

    @contextmanager
    def ordered(self, name: str, *orders: Order) -> Iterator[None]:
        """A process fails as ordered; afterwards it has no orders."""
        failpoints.write_orders(self.stack.orders(name), *orders)
        try:
            yield
        finally:
            failpoints.write_orders(self.stack.orders(name))

    def start(self, service: Service) -> float:
        """Start again what died, as ``yidi up`` would; seconds until it answers."""
        began = time.monotonic()
        end = began + START_PATIENCE
        while True:
            try:
                service.start()
                return time.monotonic() - began
            except Refusal as refusal:  # a hub whose database still recovers gives up; whoever watches it tries again
                if time.monotonic() > end:
                    raise AssertionError(f"{service.name}: {service.log_file.read_text()[-3000:]}") from refusal


def until(what: str, true: Callable[[], object], patience: float = PATIENCE, pause: float = 0.05) -> None:
    """Wait until ``true`` gives something true; an assertion names ``what`` did not come."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, f"waited {patience} s for: {what}"
        time.sleep(pause)
