"""Peak memory of an agent for a small and a large case (``make bench``, part d).

Each half of a case's way is a process of its own, with the agent's own code and no other work: ``window`` seals and
uploads, ``department`` pulls, verifies, countersigns and opens every page. What is told is the greatest resident size
that the kernel saw in its life. Goal: the large case costs no more than 30 MB beyond the small one.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto" / "gen")]


from deploy.stack.layout import DEPARTMENT, WINDOW  # noqa: E402
from deploy.stack.stack import Stack  # noqa: E402
from node_agent.known.snapshot import fetch_snapshot  # noqa: E402
from node_agent.process.runtime import Agent, open_agent  # noqa: E402
from node_agent.transfer import opening  # noqa: E402
from node_agent.transfer.receiver import Receiver  # noqa: E402
from node_agent.transfer.sender import Sender  # noqa: E402
from node_agent.window import intake as window  # noqa: E402
from node_agent.window import seal as window_seal  # noqa: E402
from storage.journal import OutboxEntry  # noqa: E402
from tests.bench import report  # noqa: E402
from tests.bench.paper import make_pages  # noqa: E402

TASK_CODE = "11360102900001025R4000131012001"
MATERIAL = "M01"
SIZES = {"5 MB": (10, 500_000), "500 MB": (100, 5_000_000)}
WITHIN_MB = 30
PATIENCE = 600.0


def at_window(agent: Agent, folder: Path) -> str:
    """Seal the pages of ``folder`` and send everything; the case id."""
    fetch_snapshot(agent)
    case = window.begin(agent, TASK_CODE, "A01", {"v": 1}, "ELECTRONIC")
    for page in sorted(folder.iterdir()):
        if window.add_pages(agent, case, MATERIAL, page).refused:
            raise SystemExit(f"bench: {page.name} was refused")
    ticks = {"no_classified": True, "applicant_signed": True, "privacy_notice": True}
    sealed = window_seal.seal(agent, case, "A01", insist=True, **ticks)
    sender = Sender(agent)
    _until(lambda: sender.step() or True, lambda: all(_state(agent, digest) == "DONE" for digest in sealed.entries))
    return case


def at_department(agent: Agent, case: str) -> int:
    """Pull, verify, countersign, open; bytes of pages seen."""
    receiver, sender = Receiver(agent), Sender(agent)

    def step() -> None:
        receiver.step()
        sender.step()

    _until(step, lambda: any(act.event == "delivered" and act.state == "DONE" for act in agent.journal.acts(case)))

    def answered(digest: str) -> OutboxEntry:
        _until(sender.step, lambda: _state(agent, digest) != "WAITING")
        entry = agent.journal.entry(digest)
        assert entry is not None
        return entry

    opened = opening.open_case(agent, case, "B01", "ACCEPTOR", "ACCEPT_REVIEW", answered=answered)
    return sum(len(page.data) for line in opened.lines for page in line.pages if line.material == MATERIAL)


def _state(agent: Agent, digest: str) -> str:
    entry = agent.journal.entry(digest)
    if entry is None or entry.state == "REFUSED":
        raise SystemExit(f"bench: the hub refused {entry.refusal if entry else digest}")
    return entry.state


def _until(step: Callable[[], object], true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise SystemExit(f"bench: waited {PATIENCE} s")
        step()
        time.sleep(0.02)


def half(side: str, home: Path, what: str) -> None:
    """One half in this process: its answer and its peak, as JSON."""
    agent = open_agent(home)
    try:
        answer: object = at_window(agent, Path(what)) if side == "window" else at_department(agent, what)
    finally:
        agent.close()
    print(json.dumps({"answer": answer, "peak_mb": round(peak_mb(), 1)}))


def peak_mb() -> float:
    """Peak of this program alone: ``ru_maxrss`` would be that of the larger process that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def child(side: str, home: Path, what: str) -> dict[str, Any]:
    """One half in a process of its own."""
    line = [sys.executable, __file__, "--half", side, "--home", str(home), "--what", what]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: {side}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(stack: ExitStack) -> dict[str, Any]:
    """Both halves for both sizes."""
    home = Path(tempfile.mkdtemp(prefix="yidi-bench-"))
    home.chmod(0o711)
    stack.callback(shutil.rmtree, home, ignore_errors=True)
    town = Stack(home / "stack")
    stack.callback(town.kill)
    town.up()
    for node in (WINDOW, DEPARTMENT):
        town.agent(node).stop()
    peaks: dict[str, dict[str, float]] = {}
    for name, (pages, size) in SIZES.items():
        folder = home / "pages" / str(size)
        make_pages(folder, pages, size)
        sent = child("window", town.layout.agent(WINDOW), str(folder))
        shutil.rmtree(folder)
        got = child("department", town.layout.agent(DEPARTMENT), str(sent["answer"]))
        if got["answer"] != pages * size:
            raise SystemExit(f"bench: {got['answer']} of {pages * size} bytes came back")
        peaks[name] = {"window": sent["peak_mb"], "department": got["peak_mb"]}
        print(f"peak memory, case of {name:<7} window {sent['peak_mb']:>7.1f} MB  department {got['peak_mb']:>7.1f} MB")
    small, large = peaks.values()
    more = {side: round(large[side] - small[side], 1) for side in small}
    print(f"the large case costs {more} MB more (goal: at most {WITHIN_MB})")
    return {"peak_mb": peaks, "more_mb": more, "goal_mb": WITHIN_MB}


def main() -> None:
    """Read the options, run, keep the report."""
    parser = argparse.ArgumentParser(description="peak memory of an agent for a small and a large case")
    parser.add_argument("--half", choices=("window", "department"), help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--what", help=argparse.SUPPRESS)
    report.add_option(parser)
    asked = parser.parse_args()
    if asked.half:
        half(asked.half, asked.home, asked.what)
        return
    with ExitStack() as stack:
        found = run(stack)
    report.write(asked.results, "memory", found)


if __name__ == "__main__":
    main()
