"""Where the hub's time goes: py-spy's samples of what holds the interpreter, and CPU time by thread.

Waiting costs nothing in either. Being watched costs time, so a profiled round is never one that is measured.
"""

import signal
import subprocess
import sys
from pathlib import Path

import psutil

# A sample counts for the first line that one of its frames, from the innermost outwards, names.
COSTS = (
    ("signatures: checking and making", ("crypto/suites.py", "crypto/keystore.py")),
    ("PostgreSQL: SQLAlchemy and driver", ("sqlalchemy/", "psycopg/", "storage/database.py", "bulk.py", "_rows.py")),
    ("object store client (the log's tiles)", ("botocore/", "boto3/", "urllib3/", "http/client.py", "storage/")),
    ("checkpoint and tiles", ("hub/services/integrator.py", "crypto/log/tiles.py", "crypto/log/merkle.py")),
    ("canonical JSON", ("crypto/canonical.py", "json/")),
    ("law and projection", ("hub/casework/",)),
    ("reading manifests, packets, leaves, statements", ("crypto/",)),
    ("event loop with gRPC's core", ("asyncio/", "grpc/", "google/protobuf", "yidi/v1", "hub/rpc/", "selectors.py")),
    ("the services' own code, threads", ("hub/", "concurrent/", "threading.py")),
)  # fmt: skip


class Profile:
    """One profiled round of a process: make it, run the round, ``end`` it."""

    def __init__(self, pid: int, file: Path) -> None:
        self._process = psutil.Process(pid)
        self._file = file
        self._before = self._threads()
        program = str(Path(sys.executable).with_name("py-spy"))
        command = [program, "record", "--pid", str(pid), "--gil", "--rate", "200", "--format", "raw"]
        self._spy = subprocess.Popen(
            [*command, "--output", str(file), "--duration", "3600"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def end(self) -> dict[str, object]:
        """Shares of the samples by kind of work, and CPU seconds by thread, greatest first."""
        now = self._threads()
        self._spy.send_signal(signal.SIGINT)
        self._spy.wait(60)
        names = _names(self._process.pid)
        used = {names.get(one, "native"): 0.0 for one in now}
        for one, seconds in now.items():
            used[names.get(one, "native")] += seconds - self._before.get(one, 0.0)
        ranked = sorted(used.items(), key=lambda item: -item[1])
        return {"costs": costs(self._file), "threads": {name: round(value, 2) for name, value in ranked if value}}

    def _threads(self) -> dict[int, float]:
        return {one.id: one.user_time + one.system_time for one in self._process.threads()}


def costs(file: Path) -> list[dict[str, object]]:
    """Shares of the samples by kind of work, greatest first."""
    counts: dict[str, int] = {}
    for line in file.read_text().splitlines():
        stack, _, number = line.rpartition(" ")
        counts[_kind(stack)] = counts.get(_kind(stack), 0) + int(number)
    total = sum(counts.values()) or 1
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return [{"cost": name, "percent": round(100 * number / total, 1)} for name, number in ranked]


def _kind(stack: str) -> str:
    for frame in reversed(stack.split(";")):
        for name, places in COSTS:
            if any(place in frame for place in places):
                return name
    return "other"


def _names(pid: int) -> dict[int, str]:
    """Names of the interpreter's threads by the kernel's thread id."""
    program = str(Path(sys.executable).with_name("py-spy"))
    text = subprocess.run([program, "dump", "--pid", str(pid)], capture_output=True, text=True, check=False).stdout
    found = {}
    for line in text.splitlines():
        if line.startswith("Thread "):  # Thread 123 (idle): "name"
            found[int(line.split()[1], 0)] = line.partition('"')[2].rstrip('"') or "unnamed"
    return found
