"""The product's own processes as services: hub, registrar, carrier simulator, agents.

Invariants: no secret stands in an argument; what a process may know comes from its own folder and from the environment
that is given here; a process is ready when it says so itself (ready file naming its own pid) or answers on its port.
"""

import json
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.service import Service


class PythonService(Service):
    """``python -m module arguments`` in a folder of its own. Ready: the ready file, or the port."""

    ready_seconds = 120.0  # a busy machine of two cores takes most of a minute for four of them at once
    stop_steps = ((signal.SIGTERM, 10.0),)

    def __init__(
        self,
        name: str,
        home: Path,
        module: str,
        arguments: tuple[str, ...] = (),
        *,
        variables: Mapping[str, str] | None = None,
        ready_file: Path | None = None,
        port: int | None = None,
    ) -> None:
        self.name = name
        super().__init__(home)
        self._module = module
        self._arguments = arguments
        self._variables = dict(variables or {})
        self._ready_file = ready_file
        self._port = port

    def running_as(self, module: str, variables: Mapping[str, str]) -> "PythonService":
        """The same process, in the same folder, of another module and with more variables."""
        more = {**self._variables, **variables}
        return PythonService(
            self.name, self.home, module, self._arguments,
            variables=more, ready_file=self._ready_file, port=self._port,
        )  # fmt: skip

    def prepare(self) -> None:
        """Make the folder, mode 0700."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """The interpreter of this installation."""
        return [sys.executable, "-m", self._module, *self._arguments]

    @property
    def environment(self) -> Mapping[str, str]:
        """The base environment and this process's settings."""
        return {**super().environment, "PYTHONUNBUFFERED": "1", **self._variables}

    def before_spawn(self) -> None:
        """A ready file of an earlier run says nothing about this one."""
        if self._ready_file:
            self._ready_file.unlink(missing_ok=True)

    def ready(self) -> bool:
        """The process wrote its ready file, or listens on its port."""
        if self._ready_file is not None:
            return self._names_us(self._ready_file)
        if self._port is None:
            return self.running() is not None
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.settimeout(0.5)
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def _names_us(self, file: Path) -> bool:
        mark = self.running()
        try:
            said = json.loads(file.read_text())
        except (OSError, ValueError):
            return False
        return mark is not None and mark.pid == (said["pid"] if isinstance(said, dict) else said)
