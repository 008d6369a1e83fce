"""Several hub processes behind one address: restarted one after another, or killed, and no caller sees an error."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from crypto.refusal import Refusal
from deploy.service import Service
from deploy.stack.layout import DEPARTMENT, Node
from hub.services.leader import Duty
from node_agent.client.hub import HubClient, Outgoing
from node_agent.process.runtime import open_agent

if TYPE_CHECKING:
    from tests.e2e.town import Town

pytestmark = pytest.mark.e2e
CALLERS = 6


class Load:
    """Calls of the department's node over connections of their own, with the patience of its agent."""

    def __init__(self, town: "Town") -> None:
        agent = open_agent(town.home(DEPARTMENT))
        self.known = [Outgoing(entry.envelope) for entry in agent.journal.acts("") if entry.state == "DONE"]
        agent.close()
        assert self.known, "the grants of the founding"
        self._town = town
        self.clients: list[HubClient] = []
        self.made: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()

    def run(self, stop: threading.Event) -> None:
        """Calls until ``stop``, every fifth over a new connection."""
        number = 0
        while not stop.is_set():
            if number % 5 == 0:
                agent = open_agent(self._town.home(DEPARTMENT))
                self.clients.append(agent.hub)
            number += 1
            try:
                self._one(agent.hub, number)
            except Refusal as refusal:
                self.failed[str(refusal)] += 1
            if number % 5 == 0:
                agent.close()
        agent.close()

    def _one(self, hub: HubClient, number: int) -> None:
        if number % 2:
            hub.inbox(0)
            self.made["read"] += 1
            return
        for answer in hub.submit(self.known):  # known: the same receipts again, through the narrow place
            if answer.refusal is not None:
                raise answer.refusal
        self.made["submitted"] += 1


@contextmanager
def under_load(town: "Town") -> Iterator[Load]:
    """Load from several callers as long as the scope lasts; no call may fail."""
    load, stop = Load(town), threading.Event()
    threads = [threading.Thread(target=load.run, args=(stop,)) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join(90)
    assert not load.failed, load.failed
    print(f"calls {dict(load.made)}, repeated {sum(client.repeated for client in load.clients)}")


def test_hubs_restart_under_load_and_no_call_fails(town: "Town") -> None:
    before = [hub.running() for hub in town.stack.hubs()]
    with under_load(town) as load:
        restart = threading.Thread(target=town.stack.restart_hubs)
        restart.start()
        town.enrolled(_newcomer("one"))  # through the enrolment door, the registrar and the narrow place
        restart.join(120)
        assert not restart.is_alive()
        calls = load.made.total()
        town.until("calls afterwards", lambda: load.made.total() > calls + 10)
    after = [hub.running() for hub in town.stack.hubs()]
    assert len(after) == 2 and None not in after
    assert not set(before) & set(after), "every process is a new one"


def test_the_integrator_is_killed_and_another_process_goes_on(town: "Town") -> None:
    victim = _holder(town, Duty.INTEGRATOR)
    agent = open_agent(town.home(DEPARTMENT))
    try:
        with under_load(town):
            victim.kill()
            began = time.monotonic()
            town.until("another integrator", lambda: _holds(town, Duty.INTEGRATOR) is not None)
            seconds = time.monotonic() - began
            sequenced = agent.hub.checkpoint()[1]
            town.enrolled(_newcomer("three"))
            town.until("a checkpoint over new leaves", lambda: _covered(agent.hub) > sequenced)
    finally:
        agent.close()
        victim.start()
    print(f"taken over after {seconds:.1f} s")
    assert seconds < 20, "seconds, also on a busy machine"


def test_a_single_hub_is_restarted_with_the_help_of_a_second_one(town: "Town") -> None:
    stack = town.stack
    usual = stack.layout.hubs()
    stack.layout.keep_hubs(1)
    stack.hub(2).stop()
    try:
        only = stack.hub(1).running()
        with under_load(town):
            stack.restart_hubs()
        assert stack.hub(1).running() not in (None, only)
        assert stack.hub(2).running() is None
    finally:
        stack.layout.keep_hubs(usual)
        stack.hub(2).start()


def _newcomer(name: str) -> Node:
    return Node(f"newcomer-{name}", "500116000000", "window", "试验窗口", public_prefix=50200 + len(name))


def _covered(hub: HubClient) -> int:
    """Leaves under the newest checkpoint."""
    return int(hub.checkpoint()[0].splitlines()[1])


def _holds(town: "Town", duty: Duty) -> int | None:
    """Process id of the hub that has a duty, as the database knows it."""
    asked = (
        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.objid = %s AND l.granted"
    )
    with psycopg.connect(town.stack.postgres.url().replace("+psycopg", "")) as link:
        row = link.execute(asked, [int(duty)]).fetchone()
    return int(row[0].removeprefix("yidi-")) if row else None


def _holder(town: "Town", duty: Duty) -> Service:
    found: list[Service] = []

    def look() -> bool:
        pid = _holds(town, duty)
        found[:] = [hub for hub in town.stack.hubs() if (mark := hub.running()) is not None and mark.pid == pid]
        return bool(found)

    town.until(f"somebody has the duty {duty.name}", look)
    return found[0]
