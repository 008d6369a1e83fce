"""Line cut, slow, lossy and half-open between network namespaces: everything arrives, nothing twice, nothing hangs."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.drill, pytest.mark.timeout(1200)]
ROOT = Path(__file__).resolve().parents[2]
WHOLE = os.environ.get("YIDI_DRILL") == "whole"
PART = 8 << 20


@pytest.fixture
def namespaces() -> Iterator[tuple[str, str]]:
    """Two empty network namespaces: of hub and store, and of the window."""
    if not shutil.which("ip") or not Path("/dev/net/tun").exists() or os.geteuid() != 0:
        pytest.skip("network namespaces and tun devices need root, ip and /dev/net/tun; not all of them are here")
    names = (f"yidi-hub-{os.getpid()}", f"yidi-node-{os.getpid()}")
    try:
        for name in names:
            made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
            if made.returncode:
                pytest.skip(f"this system allows no network namespace: {made.stderr.strip()}")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def test_a_bad_line_costs_time_and_nothing_else(
    namespaces: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("YIDI_DRILL_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
    words = [sys.executable, "-m", "tests.drill.network", namespaces[1], str(seed), "whole" if WHOLE else "short"]
    done = subprocess.run(
        ["ip", "netns", "exec", namespaces[0], *words], capture_output=True, text=True, timeout=1000, cwd=ROOT
    )
    assert done.returncode == 0, (done.stdout[-3000:], done.stderr[-3000:])
    said = json.loads(done.stdout.splitlines()[-1])
    with capsys.disabled():
        print(f"\nbad line (tun relay, no netem), seed {seed}: {json.dumps(said, ensure_ascii=False)[:1500]}")
    assert "failed" not in said, said["failed"]
    assert said["fsck ok"], said
    assert set(said["audits"]) == {"VALID"}
    for events in said["events"].values():
        assert events.count("seal") == 1 and len(events) == len(set(events)) + events.count("wrap") - 1
    # what was over stays over: only the part that was cut goes again
    assert said["bytes up cut"] < said["bytes up uncut"] * 1.1 + PART
