"""Every write fails once before it persisted and once after, by an error and by kill -9 (``storage.failpoints``).

Work goes on all the time, so a place is reached within moments; afterwards the books must balance. ``make drill`` does
all of it; ``make test`` sees that every place is reached and takes a few by lot (``YIDI_DRILL_FAILPOINTS``: how many).
"""

import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest

from crypto import canonical
from crypto.refusal import Refusal
from deploy.demo import people
from deploy.service import Service
from deploy.stack.layout import DEPARTMENT, WINDOW
from node_agent.department import powers
from node_agent.window import drafts
from storage import failpoints
from storage.failpoints import AFTER, BEFORE, ERROR, KILL, POINTS, Order
from tests.drill.books import balance
from tests.drill.load import Drill
from tests.drill.town import until

pytestmark = [pytest.mark.e2e, pytest.mark.drill, pytest.mark.timeout(7200)]
SOME = int(os.environ.get("YIDI_DRILL_FAILPOINTS", "6"))
ROOT = Path(__file__).resolve().parents[2]
AT_THE_DESK = ("draft.page", "spool.file", "journal.draft", "journal.number", "journal.queue", "journal.commit")
"""Places that a clerk's command passes."""
AT_THE_WINDOW = ("journal.uploaded", "upload.part")
AT_THE_DEPARTMENT = ("pull.file", "journal.queue")
IN_AGENTS = (
    "journal.commit",
    "journal.answered",
    "journal.receive",
    "journal.registry",
    "journal.note",
    "receiver.cursor",
)
ANSWERS = {"DRAFT_UNWRITABLE", "SPOOL_UNWRITABLE", "JOURNAL_UNWRITABLE"}
FAULTS = tuple(product((BEFORE, AFTER), (ERROR, KILL)))


def cases() -> list[tuple[str, Order]]:
    """(process, order) for every place, both moments, both ways."""
    made = [("hub", point) for point in POINTS if point.split(".")[0] in {"sequencer", "integrator", "objects"}]
    made += [(WINDOW.name, point) for point in AT_THE_WINDOW]
    made += [(DEPARTMENT.name, point) for point in AT_THE_DEPARTMENT]
    made += [(name, point) for name in (WINDOW.name, DEPARTMENT.name) for point in IN_AGENTS]
    made += [("desk", point) for point in AT_THE_DESK]
    assert {point for _, point in made} == set(POINTS), "a place that no drill orders"
    return [(name, Order(point, when, action)) for name, point in made for when, action in FAULTS]


def test_every_write_fails_before_and_after_it_persisted(drill: Drill, capsys: pytest.CaptureFixture[str]) -> None:
    began, chosen = time.monotonic(), cases()
    drill.chance.shuffle(chosen)
    if len(chosen) > SOME:
        chosen = chosen[:SOME]
    done: Counter[str] = Counter()
    with drill.load():
        for name, order in chosen:
            if name != "desk":
                _fail(drill, name, order)
                done[order.action] += 1
        _new_registry_leaf(drill)
        drill.acknowledged("at the end of the drill")
    for name, order in chosen:
        if name == "desk":
            (_kill_command if order.action == KILL else _fail_command)(drill, order)
            done[order.action] += 1
    drill.finish()
    reached = _reached_here(drill).union(*(drill.town.passed(name) for name in ("hub", WINDOW.name, DEPARTMENT.name)))
    books = balance(drill)
    with capsys.disabled():
        seconds = time.monotonic() - began
        print(f"\nfailpoints: {len(POINTS)} places, {len(reached)} reached, runs {dict(done)} of {len(cases())},")
        print(f"seed {drill.seed}, {seconds:.0f} s, {dict(books.counts)}")
    assert reached == set(POINTS), f"never reached: {set(POINTS) - reached}"
    assert books.wrong == []
    assert sum(done.values()) == len(chosen)


# --- running processes -------------------------------------------------------------------------------------------


def _fail(drill: Drill, name: str, order: Order) -> None:
    """A running process fails at a place; work goes on afterwards."""
    town = drill.town
    service = _service(drill, name)
    before = town.fired(name)
    with town.ordered(name, order):
        if order.point == "journal.registry":
            _new_registry_leaf(drill)
        drill.until(f"{name} fails: {order}", lambda: town.fired(name) > before, ask=True)
    if order.action == KILL:
        until(f"{name} is dead", lambda: service.running() is None)
        town.start(service)
    drill.acknowledged(f"after {name}: {order}", "object" if order.point.startswith("objects.") else "receipt")


def _service(drill: Drill, name: str) -> Service:
    stack = drill.town.stack
    return stack.hub() if name == "hub" else stack.agent(WINDOW if name == WINDOW.name else DEPARTMENT)


def _new_registry_leaf(drill: Drill) -> None:
    """One more grant of the department's head: something new for every agent's registry."""
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600))
    made = powers.grant_issue(drill.town.department, "B00", "DECIDE", "B02", ["*"], today, "2099-12-31", os.urandom(8))
    drill.ledger.add("kept", digest=made.payload_digest, case="")


# --- commands ----------------------------------------------------------------------------------------------------


def _fail_command(drill: Drill, order: Order) -> None:
    """A clerk's command meets an error: it is refused in words, nothing is half done, and the next try goes through.

    What was persisted before the error came may stand: then the command says so, and the case goes its way.
    """
    town, case = drill.town, ""
    failpoints.drill(order)
    try:
        case = town.draft()
        town.seal(case)
        told = None
    except Refusal as refusal:
        told = refusal
    finally:
        fired = failpoints.fired()
        failpoints.end()
    assert [one.point for one in fired] == [order.point]
    if told is None:
        assert order.when == AFTER and _sealed(drill, case), order
    else:
        assert told.code in ANSWERS, told
    _require_whole(drill)
    case = case or town.draft()
    if not _sealed(drill, case):
        town.seal(case)
    drill.clerks.sealed.append(case)


def _kill_command(drill: Drill, order: Order) -> None:
    """A clerk's command dies: what the journal says is whole, and a new command goes through."""
    town = drill.town
    orders = town.stack.orders("desk")
    failpoints.write_orders(orders, order)
    before = {case for case, _ in town.window.journal.drafts()}
    form = people.form_file(town.pages, next(town.applicants))
    words = ["window", "collect", str(ROOT / "deploy/demo/pages.json"), "--form", str(form)]
    ticks = ["--staff", "A01", "--no-classified", "--signed", "--notice", "--wait", "0", "--json"]
    line = [sys.executable, "-m", "deploy", *words, *ticks, "--home", str(town.home(WINDOW))]
    environment = {**os.environ, failpoints.VARIABLE: str(orders)}
    done = subprocess.run(line, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == -9, (order, done.returncode, done.stdout[-500:], done.stderr[-500:])
    _require_whole(drill)
    begun = {case for case, _ in town.window.journal.drafts()} - before
    drill.clerks.sealed += [case for case in begun if _sealed(drill, case)]
    line[line.index(str(form))] = str(people.form_file(town.pages, next(town.applicants)))
    again = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode in (0, 3), (order, again.stdout[-500:], again.stderr[-500:])
    begun = {case for case, _ in town.window.journal.drafts()} - before
    drill.clerks.sealed += [case for case in begun if _sealed(drill, case) and case not in drill.clerks.sealed]


def _sealed(drill: Drill, case: str) -> bool:
    return drafts.sealed(drill.town.window, case)


def _require_whole(drill: Drill) -> None:
    """The journal is a sound file, and every page that a draft names is there with its bytes."""
    window = drill.town.window
    with closing(sqlite3.connect(drill.town.home(WINDOW) / "journal.sqlite", timeout=30)) as link:
        assert link.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for case, state in window.journal.drafts():
        if state != drafts.OPEN or _sealed(drill, case):
            continue
        for draft_line in drafts.load(window, case).lines.values():
            for page in draft_line.pages:
                data = (drafts.folder(window, case) / page.file).read_bytes()
                assert canonical.digest(data) == page.sha256, (case, page)


def _reached_here(drill: Drill) -> set[str]:
    """Places that a command passes on the good way."""
    failpoints.drill()
    try:
        case = drill.town.draft()
        drill.town.seal(case)
    finally:
        reached = set(failpoints.passed())
        failpoints.end()
    drill.clerks.sealed.append(case)
    drill.finish()
    return reached
