"""A running stack and the hands of its people: what the end-to-end tests type, wait for and look at.

Invariants: acts go through the ``yidi`` command with ``--json``, as a process of its own (``typed``) or, where only the
outcome matters, inside this one (``said``); every wait has a bound; nothing is read from an agent's folder that its own
command would not show, except by the tests about folders themselves.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from typer.testing import CliRunner

import deploy.demo
from crypto.evidence import container
from crypto.evidence.read import Contents
from crypto.log import leaf as leaves
from crypto.statement import Statement, read_signed
from deploy.cli import app
from deploy.demo import people
from deploy.demo.post import CarrierDesk
from deploy.registrar.registrar import Registrar
from deploy.stack import founding
from deploy.stack.layout import AUDITOR, DEPARTMENT, WINDOW, Node
from deploy.stack.stack import Stack

DEMO = Path(deploy.demo.__path__[0])
PATIENCE = 60.0
_APPLICANTS = itertools.count(len(people.KNOWN))
Answer = dict[str, Any]
T = TypeVar("T", bound="Town")


@dataclass
class Town:
    """``stack`` runs. ``typed_lines``: all arguments of all processes that were started, for those who look at them."""

    stack: Stack
    typed_lines: list[Sequence[str]] = field(default_factory=list)

    def home(self, node: Node) -> Path:
        """Folder of a node."""
        return self.stack.layout.agent(node)

    def enrolled(self, node: Node) -> Path:
        """A further node and its people, as the stack's own were; its folder. Its agent does not run."""
        layout = self.stack.layout
        registrar = Registrar(layout.folder("registrar"))
        founding._enrol_node(layout, registrar, node)
        for person in node.people:
            founding._enrol_person(layout, registrar, node, person)
        founding.share_secret(layout)
        return layout.agent(node)

    # --- commands --------------------------------------------------------------------------------------------

    def typed(self, node: Node, *arguments: str, code: int = 0) -> Answer:
        """A command as a process of its own; it must end with ``code`` and print one JSON object."""
        line = [sys.executable, "-m", "deploy", *arguments, "--json", "--home", str(self.home(node))]
        self.typed_lines.append(line)
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == code, (arguments, done.stdout[-1000:], done.stderr[-1000:], self.troubles(node))
        answer: Answer = json.loads(done.stdout)
        return answer

    def tried(self, node: Node, *arguments: str, fails: bool = False) -> Answer:
        """What scenes type: the same; where ``fails`` is allowed, a refused command's own answer."""
        if not fails:
            return self.said(node, *arguments)
        answer: Answer = json.loads(
            CliRunner().invoke(app, [*arguments, "--json", "--home", str(self.home(node))]).output
        )
        return answer

    def said(self, node: Node, *arguments: str, code: int = 0) -> Answer:
        """The same command in this process."""
        done = CliRunner().invoke(app, [*arguments, "--json", "--home", str(self.home(node))])
        assert done.exit_code == code, (arguments, done.output[-1000:], done.exception, self.troubles(node))
        answer: Answer = json.loads(done.stdout)
        return answer

    def shown(self, node: Node, case: str) -> Answer:
        """The case as its node knows it; empty as long as it does not."""
        group = "window" if node is WINDOW else "dept"
        done = CliRunner().invoke(app, [group, "show", case, "--json", "--home", str(self.home(node))])
        assert done.exit_code in (0, 1), (case, done.output[-2000:], done.exception)
        answer: Answer = json.loads(done.stdout)
        return answer if done.exit_code == 0 else {}

    def until(self, what: str, true: Callable[[], object]) -> None:
        """Wait until ``true`` gives something true; an assertion names ``what`` did not come."""
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, f"waited {PATIENCE} s for: {what}"
            time.sleep(0.1)

    def troubles(self, node: Node) -> list[str]:
        """For a failed test: what keeps the agent from sending, and the last words of hub and agent."""
        problem = CliRunner().invoke(app, ["window", "queue", "--json", "--home", str(self.home(node))]).output
        services = (*self.stack.hubs(), self.stack.agent(node))
        logs = [service.log_file.read_text(errors="replace")[-1500:] for service in services if service.home.is_dir()]
        return [problem[:600], *logs]

    # --- stretches of a case ---------------------------------------------------------------------------------

    def form(self) -> Path:
        """The demonstration's form, filled in by somebody who has applied for nothing yet (A22)."""
        folder = self.stack.layout.root / "forms"
        folder.mkdir(exist_ok=True)
        return people.form_file(folder, next(_APPLICANTS))

    def collect(self, run: Callable[..., Answer], form: Path | None = None) -> Answer:
        """The twelve pages of the demonstration, sealed at the window and taken by the hub; of a new applicant."""
        words = ["collect", str(DEMO / "pages.json"), "--form", str(form or self.form()), "--staff", "A01"]
        sealed = run(WINDOW, "window", *words, "--no-classified", "--signed", "--notice")
        assert (sealed["ok"], sealed["state"]) == (True, "DONE")
        return sealed

    def countersigned(self, case: str) -> None:
        """The department's agent has pulled, verified and countersigned."""
        self.reached(case, "PENDING_ACCEPT")

    def posted(self, case: str, run: Callable[..., Answer]) -> None:
        """Accepted, decided, issued, posted."""
        run(DEPARTMENT, "dept", "accept", case, "--staff", "B01")
        run(DEPARTMENT, "dept", "decide", case, "--grant", "--staff", "B02")
        plan = json.loads((DEMO / "pages.json").read_text(encoding="utf-8"))
        run(DEPARTMENT, "dept", "issue", case, str(DEMO / plan["result"]["file"]), "--staff", "B03")
        run(DEPARTMENT, "dept", "post", case, "--staff", "B03")

    def plan(self, scenario: int) -> None:
        """What the parcel that is booked next will meet (scenario of the simulator)."""
        CarrierDesk(self.stack).scenario(scenario)

    def carried(self) -> None:
        """The gateway books the parcel, and the courier's day goes by."""
        desk = CarrierDesk(self.stack)
        self.until("parcel at the carrier", lambda: desk.play() > 0)

    def reached(self, case: str, state: str) -> None:
        """The department knows the case in this state."""
        self.until(state, lambda: self.shown(DEPARTMENT, case).get("state") == state)

    def pulled(self, case: str) -> Answer:
        """How the department's pull of a case stands; state UNTOLD before its agent has heard of the case."""
        rows: list[Answer] = self.said(DEPARTMENT, "dept", "pull")["cases"]
        return next((row for row in rows if row["case"] == case), {"case": case, "state": "UNTOLD", "code": ""})

    def exported(self, case: str, run: Callable[..., Answer], folder: Path) -> Path:
        """The evidence package of a case and the pins, in an otherwise empty folder."""
        folder.mkdir()
        run(AUDITOR, "audit", "export", case, "-o", str(folder / "evidence.zip"))
        shutil.copyfile(self.home(AUDITOR) / "pins.json", folder / "pins.json")
        return folder

    def verified(self, case: str, folder: Path) -> Answer:
        """What ``audit verify`` says of the case's package, exported into the new ``folder``; it must be VALID."""
        package = self.exported(case, self.said, folder) / "evidence.zip"
        return self.said(AUDITOR, "audit", "verify", str(package), "--pins", str(folder / "pins.json"))

    def statements(self, case: str, folder: Path) -> list[Statement]:
        """The statements in the case's package, which must be VALID, in log order."""
        said = self.verified(case, folder)
        assert (said["verdict"], said["findings"]) == ("VALID", [])
        entries, _ = container.read((folder / "evidence.zip").read_bytes())
        return [read_signed(leaves.decode(data).envelope) for data in Contents(entries).leaves.values()]


@dataclass(frozen=True)
class Walk:
    """A case that went its whole way by typed commands. ``folder``: evidence.zip, pins.json and nothing else."""

    case: str
    sealed: Answer
    opened: Answer
    handed_over: Path
    seconds: float
    folder: Path

    @property
    def package(self) -> bytes:
        """The evidence package."""
        return (self.folder / "evidence.zip").read_bytes()

    @property
    def pins(self) -> Answer:
        """The pinned keys, as plain JSON."""
        value: Answer = json.loads((self.folder / "pins.json").read_bytes())
        return value

    def alone(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """``yidi audit`` in a process that has no network and starts in the folder of the two files."""
        line = [*no_network(), sys.executable, "-m", "deploy", "audit", *arguments, "--json"]
        keep = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return subprocess.run(line, capture_output=True, text=True, check=False, timeout=120, cwd=self.folder, env=keep)


def no_network() -> list[str]:
    """A prefix that takes the network away; empty where the system does not allow one."""
    for options in (["-n"], ["-r", "-n"]):
        prefix = ["unshare", *options]
        if shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True).returncode == 0:
            return prefix
    return []


@contextmanager
def running(make: Callable[[Stack], T]) -> Iterator[T]:
    """A stack of its own, founded as a newcomer's is, with its hands; killed and removed at the end."""
    root = Path(tempfile.mkdtemp(prefix="yidi-e2e-"))
    root.chmod(0o711)  # the database's user has to pass
    stack = Stack(root)
    try:
        stack.up()
        made = make(stack)
        made.until("directory snapshot", lambda: made.said(WINDOW, "window", "snapshot")["ok"])
        yield made
    finally:
        stack.kill()
        shutil.rmtree(root, ignore_errors=True)
