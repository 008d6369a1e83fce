"""A window on a bad line: run by ``test_network`` inside the namespace of hub and store; prints one JSON object.

The window's agent runs in a namespace of its own and reaches hub and store by the line alone; its clerk works here.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image

from deploy.seaweed import SeaweedService
from deploy.service import Service
from deploy.stack.layout import WINDOW, Node
from deploy.stack.processes import PythonService
from node_agent.transfer.standing import read_status
from node_agent.window import intake as window
from tests.drill.link import HUB_SIDE, Link
from tests.drill.town import DrillStack, DrillTown, until

RATE = 3_000_000  # bytes a second: a part of 8 MiB takes some seconds
PATIENCE = 150.0


class ReachableSeaweed(SeaweedService):
    """The store listens on the line's address too."""

    def command(self) -> list[str]:
        """All addresses of this namespace; nothing else is in it."""
        return ["-ip.bind=0.0.0.0" if word == "-ip.bind=127.0.0.1" else word for word in super().command()]


class SplitStack(DrillStack):
    """The window's agent lives in another namespace."""

    def __init__(self, root: Path, namespace: str) -> None:
        super().__init__(root)
        self.namespace = namespace
        self.seaweed = ReachableSeaweed(self.layout.folder("seaweed"))

    def hub(self, number: int = 1) -> Service:
        """Listens on the line's address too, and sends agents to the store by it."""
        service = super().hub(number)
        assert isinstance(service, PythonService)
        service._variables["YIDI_HUB_LISTEN"] = f"0.0.0.0:{self.layout.ports()['hub']}"
        if self.layout.folder("seaweed").exists():
            service._variables["YIDI_HUB_S3_PUBLIC_ENDPOINT"] = f"http://{HUB_SIDE}:{self.seaweed.ports['s3']}"
        return service

    def agent(self, node: Node) -> Service:
        """The window's process is started in its namespace."""
        service = super().agent(node)
        if node is WINDOW:
            plain = service.command()
            service.command = lambda: ["ip", "netns", "exec", self.namespace, *plain]  # type: ignore[method-assign]
            _use_line(self.layout.agent(node) / "agent.env")
        return service


def _use_line(settings: Path) -> None:
    if settings.exists():
        text = settings.read_text().replace("_HUB=127.0.0.1:", f"_HUB={HUB_SIDE}:")
        settings.write_text(text.replace("_ENROLMENT=127.0.0.1:", f"_ENROLMENT={HUB_SIDE}:"))


class Trial:
    """One town on one line."""

    def __init__(self, namespace: str, seed: int) -> None:
        self.town = DrillTown()
        self.town.stack = SplitStack(self.town.root, namespace)
        self.link = Link(namespace, seed)
        self.said: dict[str, Any] = {}
        self.cases: list[str] = []

    def big(self) -> Path:
        """A scan of some 11 MB that nothing makes smaller: the sealing has two parts."""
        path = self.town.pages / "big.png"
        if not path.exists():
            Image.frombytes("RGB", (1654, 2339), os.urandom(1654 * 2339 * 3)).save(path)
        return path

    def sealed(self, big: bool = False) -> str:
        """One case into the queue."""
        case = self.town.draft()
        if big:
            assert not window.add_pages(self.town.window, case, "M07", self.big(), "SUBMIT", "SEEN_RETURNED").refused
        self.town.seal(case)
        self.cases.append(case)
        return case

    def through(self, name: str, case: str) -> None:
        """Wait until the case has reached the department and everything is answered."""
        began = time.monotonic()
        until(f"{name}: the case arrives", lambda: self.town.pending(case), PATIENCE)
        until(f"{name}: the window knows", lambda: self.town.state(self.town.window, case) is not None, PATIENCE)
        until(f"{name}: nothing waits", self.town.quiet, PATIENCE)
        self.said[name] = round(time.monotonic() - began, 1)
        print(name, self.said[name], file=sys.stderr, flush=True)

    def cut_in_an_upload(self, seconds: float) -> None:
        """The line goes when part of the ciphertext is over, and comes back."""
        before = self.link.passed["up"]
        self.through("a large case on a good line", self.sealed(big=True))
        self.said["bytes up uncut"] = self._up(before)
        self.link.rate = RATE
        before = self.link.passed["up"]
        case = self.sealed(big=True)
        until("the first part and some of the second are over", lambda: self._up(before) > 9_300_000, PATIENCE, 0.01)
        self.link.cut = True
        time.sleep(seconds)
        self.link.cut = False
        self.through(f"cut of {seconds:.0f} s in the middle of an upload", case)
        self.said["bytes up cut"] = self._up(before)
        self.link.rate = 0.0

    def _up(self, before: int) -> int:
        return self.link.passed["up"] - before

    def half_open(self) -> None:
        """Nothing comes and nothing is said: calls end at their deadlines, the agent says so, streams come back."""
        journal = self.town.window.journal
        self.link.cut = True
        case = self.sealed()
        began = time.monotonic()
        until("the agent says that the hub is away", lambda: read_status(journal)["problem"], 75)
        self.said["half-open: noticed after"] = round(time.monotonic() - began, 1)
        time.sleep(5)
        self.link.cut = False
        self.through("half-open, then back", case)

    def run(self, whole: bool) -> None:
        """All trials, one after the other; then the books."""
        self.town.up()
        self.through("good line", self.sealed())
        self.link.delay = 0.3
        self.through("300 ms each way", self.sealed())
        self.link.delay, self.link.loss = 0.02, 0.05
        self.through("5 % of packets lost", self.sealed())
        self.link.delay = self.link.loss = 0.0
        self.cut_in_an_upload(12.0 if whole else 4.0)
        if whole:
            self.half_open()
            self.link.loss, self.link.delay = 0.05, 0.15
            self.through("300 ms there and back and 5 % lost", self.sealed(big=True))
            self.link.loss = self.link.delay = 0.0
        told = self.town.fsck("--deep")
        self.said["fsck"] = told["codes"]
        self.said["fsck ok"] = told["ok"]
        self.said["audits"] = [self.town.audited(case) for case in self.cases]
        self.said["events"] = {case: self._events(case) for case in self.cases}

    def _events(self, case: str) -> list[str]:
        return sorted(entry.event for entry in self.town.window.journal.acts(case) if entry.state == "DONE")


def main() -> None:
    """``network NAMESPACE SEED whole|short``."""
    namespace, seed, size = sys.argv[1:4]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    trial = Trial(namespace, int(seed))
    try:
        trial.run(size == "whole")
    except AssertionError as error:
        trial.said["failed"] = "\n".join([str(error), *trial.town.troubles()])
    finally:
        trial.town.down()
    sys.stdout.write(json.dumps(trial.said, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
