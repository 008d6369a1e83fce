"""storage.failpoints: off by nature, on only by order, and each order carried out once at its place."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crypto.refusal import Refusal
from storage import failpoints
from storage.failpoints import AFTER, BEFORE, ERROR, KILL, POINTS, Order

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _off() -> Iterator[None]:
    yield
    failpoints.end()


def keep(done: list[str]) -> None:
    with failpoints.write("draft.page"):
        done.append("kept")


def test_off_is_the_normal_state() -> None:
    done: list[str] = []
    keep(done)
    assert done == ["kept"]
    assert failpoints.passed() == {} and failpoints.fired() == []


def test_before_nothing_was_done_and_after_it_was() -> None:
    for when, left in ((BEFORE, []), (AFTER, ["kept"])):
        failpoints.drill(Order("draft.page", when, ERROR))
        done: list[str] = []
        with pytest.raises(OSError, match="No space left"):
            keep(done)
        assert done == left
        keep(done)  # once is enough
        assert len(failpoints.fired()) == 1
        assert failpoints.passed()["draft.page"] == 2


def test_some_passes_go_well_first() -> None:
    failpoints.drill(Order("draft.page", BEFORE, ERROR, skip=2))
    done: list[str] = []
    keep(done)
    keep(done)
    with pytest.raises(OSError):
        keep(done)
    assert len(done) == 2


def test_a_decorated_call_is_one_write_and_its_own_error_stays() -> None:
    @failpoints.is_write("journal.note")
    def fail(text: str) -> str:
        if not text:
            raise ValueError("its own")
        return text

    assert fail("x") == "x"
    failpoints.drill(Order("journal.note", AFTER, ERROR))
    with pytest.raises(ValueError, match="its own"):
        fail("")
    with pytest.raises(Refusal, match="JOURNAL_UNWRITABLE"):
        fail("x")


@pytest.mark.parametrize("kind", sorted(set(POINTS.values())))
def test_each_kind_raises_what_the_real_thing_raises(kind: str) -> None:
    from sqlalchemy.exc import OperationalError

    from storage.objectstore import TransientFailure

    raised = {
        failpoints.DATABASE: OperationalError,
        failpoints.STORE: Refusal,
        failpoints.TRANSFER: TransientFailure,
        failpoints.SQLITE: sqlite3.OperationalError,
        failpoints.KEPT: Refusal,
        failpoints.DISK: OSError,
    }
    point = next(name for name, of in POINTS.items() if of == kind)
    failpoints.drill(Order(point, BEFORE, ERROR))
    with pytest.raises(raised[kind]), failpoints.write(point):
        raise AssertionError("not reached")


def test_unknown_names_are_errors() -> None:
    with pytest.raises(ValueError):
        Order("no.such", BEFORE, ERROR)
    with pytest.raises(ValueError):
        Order("draft.page", "during", ERROR)
    with pytest.raises(KeyError):
        failpoints.is_write("no.such")
    failpoints.drill()
    with pytest.raises(KeyError):
        failpoints.write("no.such")


def test_every_place_stands_in_the_product_and_every_place_there_has_a_name() -> None:
    call = re.compile(r"failpoints\.(?:write|is_write)\(\"([a-z_.]+)\"\)")
    used = {
        name
        for room in ("storage", "hub", "node_agent")
        for path in (ROOT / room).rglob("*.py")
        if path.name != "failpoints.py"
        for name in call.findall(path.read_text())
    }
    assert used == set(POINTS)


def in_a_process(variable: str, code: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, failpoints.VARIABLE: variable}
    line = [sys.executable, "-c", "from storage import failpoints\n" + code]
    return subprocess.run(line, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_a_process_takes_orders_from_its_file_and_notes_what_it_did(tmp_path: Path) -> None:
    file = tmp_path / "orders.json"
    failpoints.write_orders(file)
    code = (
        "with failpoints.write('draft.page'): pass\n"
        f"failpoints.write_orders(__import__('pathlib').Path({str(file)!r}),"
        f" failpoints.Order('draft.page', {AFTER!r}, {KILL!r}))\n"
        "with failpoints.write('draft.page'): print('done', flush=True)\n"
        "print('alive')"
    )
    done = in_a_process(str(file), code)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "done\n"), done.stderr
    lines = [json.loads(line) for line in file.with_suffix(".passed").read_text().splitlines()]
    assert [line.get("passed") or line["fired"] for line in lines] == ["draft.page", "draft.page"]


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602])
def test_a_file_that_others_may_touch_ends_the_process(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "orders.json"
    failpoints.write_orders(file)
    file.chmod(mode)
    done = in_a_process(str(file), "print('alive')")
    assert done.returncode == 1 and "alive" not in done.stdout
    assert in_a_process(str(tmp_path / "absent"), "print('alive')").returncode == 1


def test_without_the_variable_a_process_never_drills() -> None:
    done = in_a_process("", "print(failpoints.passed(), failpoints._drill)")
    assert done.stdout == "Counter() None\n"
