"""node_agent.transfer.receiver, pulling, opening: what is kept, what is countersigned, what is shown."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from crypto.refusal import Refusal
from crypto.statement import read_envelope, read_statement
from node_agent.known.casemirror import history
from node_agent.process.runtime import Agent
from node_agent.transfer import leaf_check, pulling, receiver
from node_agent.transfer.receiver import Receiver
from tests.unit.agents.agent_region import FakeHub, Region
from tests.unit.agents.receiver_world import Clock, changed, hub_of, opened, queued
from tests.unit.evidence_log import DEPARTMENT, GATEWAY, WINDOW

# --- leaves --------------------------------------------------------------------------------------------------------


def test_verified_leaves_are_kept_and_the_case_is_countersigned(region: Region, agent: Agent) -> None:
    case, digest = region.forward()
    inbox = Receiver(agent, region.transfer())
    assert inbox.step() == 5
    assert agent.journal.leaves(case) == [region.log.entries[index] for index in region.log.cases[case]]
    act = agent.journal.acts(case)[0]
    statement = read_statement(read_envelope(act.envelope).payload)
    assert (statement.type, statement.actor.person, dict(statement.body)) == ("delivered", None, {"manifest": digest})
    region.send(agent)
    assert region.log.files[case].holder == DEPARTMENT
    assert inbox.step() == 1
    assert inbox.step() == 0
    assert queued(agent, case) == ["delivered"]
    assert receiver.alarms(agent) == {}


def test_a_case_that_began_before_the_cursor_is_whole(region: Region, agent: Agent) -> None:
    late, digest, keys = region.seal(1)
    region.forward(2)
    inbox = Receiver(agent, region.transfer())
    inbox.step()
    for recipient in (WINDOW, DEPARTMENT):
        region.wrap(late, digest, keys, recipient)
    assert inbox.step() == 4  # the seal lies before the others in the log and is delivered all the same
    assert [one.leaf.case_seq for one in history(agent.journal, late)] == [1, 2, 3, 4]
    assert queued(agent, late) == ["delivered"]


def test_a_gateway_keeps_its_part(region: Region, tmp_path: Path) -> None:
    case = region.log.run_case(1)
    region.keep_time()
    gateway = region.agent(tmp_path / "gateway", GATEWAY)
    inbox = Receiver(gateway, region.transfer())
    inbox.step()
    types = [one.statement.type for one in history(gateway.journal, case)]
    assert types[0] == "seal" and "post" in types and not {"decide", "issue", "open_document"} & set(types)
    assert types[-1] == "delivered_proven"
    assert receiver.alarms(gateway) == {}


def test_a_second_leaf_at_the_same_place_is_an_alarm(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    Receiver(agent, region.transfer()).step()
    at = region.log.cases[case][1]
    hub_of(agent).forge[at] = changed(region, at, lambda leaf: leaf.update(rules="other"))
    with pytest.raises(Refusal) as caught:
        leaf_check.verify_leaf(agent, at, case, hub_of(agent).forge[at])
    assert (caught.value.code, caught.value.values["cause"]) == ("LEAF_UNTRUSTED", "LEAF_CHANGED")


def test_a_leaf_that_the_hub_does_not_give_again_keeps_its_alarm(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    at = region.log.cases[case][4]
    hub_of(agent).forge[at] = changed(region, at, lambda leaf: leaf.update(origin="other"))
    clock = Clock()
    inbox = Receiver(agent, region.transfer(), clock)
    inbox.step()
    region.log.cases[case].remove(at)
    clock.now += receiver.LONGEST_PAUSE_S
    inbox.step()
    assert list(receiver.alarms(agent)) == [f"leaf:{case}"]


def test_a_hub_that_is_away_is_no_alarm(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    inbox = Receiver(agent, region.transfer())
    hub_of(agent).away = True
    with pytest.raises(Refusal) as caught:
        inbox.step()
    assert caught.value.code == "HUB_UNAVAILABLE"
    assert receiver.alarms(agent) == {}
    hub_of(agent).away = False
    inbox.step()
    assert queued(agent, case) == ["delivered"]


def test_a_key_revoked_later_leaves_earlier_leaves_good(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    region.log.say_registry("key.revoke", {"subject": WINDOW, "reason": "lost"}, [region.log.registrar])
    Receiver(agent, region.transfer()).step()
    assert queued(agent, case) == ["delivered"]


class Bell(FakeHub):
    """A hub whose stream breaks once and then waits for the test."""

    def __init__(self, region: Region, node: str) -> None:
        super().__init__(region, node)
        self.calls = 0
        self.served = threading.Event()
        self.over = threading.Event()

    def watch_inbox(self, cursor: int) -> Any:
        self.calls += 1
        if self.calls == 1:
            raise Refusal("HUB_UNAVAILABLE", "promise 6")
        yield from self.inbox(cursor)
        self.served.set()
        self.over.wait()


def test_run_connects_again_and_ends_when_told(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    bell = Bell(region, DEPARTMENT)
    agent.hub = cast(Any, bell)
    stop = threading.Event()
    running = threading.Thread(target=Receiver(agent, region.transfer()).run, args=(stop,))
    running.start()
    try:
        assert bell.served.wait(20)
        assert bell.calls == 2
        assert len(agent.journal.leaves(case)) == 5
    finally:
        stop.set()
        bell.over.set()
        running.join(20)
    assert not running.is_alive()


# --- pulling -------------------------------------------------------------------------------------------------------


def pulled_alarm(region: Region, agent: Agent, case: str) -> Refusal:
    """The alarm after one attempt; nothing was countersigned."""
    Receiver(agent, region.transfer()).step()
    assert queued(agent, case) == []
    return receiver.alarms(agent)[f"pull:{case}"]


def test_nothing_is_decrypted_by_a_pull(region: Region, agent: Agent) -> None:
    case, digest = region.forward()
    Receiver(agent, region.transfer()).step()
    folder = agent.settings.home / "inbox" / case
    assert [path.read_bytes() for path in folder.iterdir()] == [region.objects[digest]]


@pytest.mark.parametrize("size", [-1, 1])
def test_an_object_of_another_size_is_not_countersigned(region: Region, agent: Agent, size: int) -> None:
    case, digest = region.forward()
    data = region.objects[digest]
    region.objects[digest] = data[:size] if size < 0 else data[:-1] + b"\0"
    code = pulled_alarm(region, agent, case).code
    assert code == ("OBJECT_CHANGED" if size < 0 else "CIPHERTEXT_CHANGED")


def test_a_changed_object_is_fetched_anew_when_it_is_whole_again(region: Region, agent: Agent) -> None:
    case, digest = region.forward()
    data = region.objects[digest]
    region.objects[digest] = bytes([data[0] ^ 1]) + data[1:]
    clock = Clock()
    inbox = Receiver(agent, region.transfer(), clock)
    inbox.step()
    assert receiver.alarms(agent)[f"pull:{case}"].code == "CIPHERTEXT_CHANGED"
    region.objects[digest] = data
    inbox.step()
    assert queued(agent, case) == []  # not before the pause is over
    clock.now += receiver.LONGEST_PAUSE_S
    inbox.step()
    assert queued(agent, case) == ["delivered"]
    assert receiver.alarms(agent) == {}


def test_a_missing_object(region: Region, agent: Agent) -> None:
    case, digest = region.forward()
    del region.objects[digest]
    assert pulled_alarm(region, agent, case).code == "OBJECT_MISSING"


def test_another_manifest(region: Region, agent: Agent) -> None:
    case, digest = region.forward()
    other, other_digest = region.forward(2)
    region.log.manifests[digest] = region.log.manifests[other_digest]
    assert pulled_alarm(region, agent, case).code == "PULL_MANIFEST"
    assert queued(agent, other) == ["delivered"]


def test_a_packet_that_no_statement_names(region: Region, agent: Agent) -> None:
    case, digest = region.forward()
    packets = region.packets[digest, DEPARTMENT]
    packets[0] = replace(packets[0], packet=packets[0].packet[:-1] + b"\0\0")
    alarm = pulled_alarm(region, agent, case)
    assert (alarm.code, alarm.values["line"]) == ("PACKET_MISSING", packets[0].line)


def test_a_packet_of_another_line_does_not_unwrap(region: Region, agent: Agent) -> None:
    case, digest, keys = region.seal()
    region.wrap(case, digest, keys, WINDOW)
    swapped = dict(zip(keys, reversed(list(keys.values())), strict=True))
    region.wrap(case, digest, swapped, DEPARTMENT)  # every packet unwraps, to the key of another line
    Receiver(agent, region.transfer()).step()
    with pytest.raises(Refusal) as caught:
        opened(region, agent, case)
    assert caught.value.code == "STREAM_UNREADABLE"


def test_packets_for_another_key_are_not_countersigned(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    other = region.log.keys[WINDOW].opening
    assert other is not None
    (agent.settings.home / "keys" / "kem.kem").write_bytes(other.private_bytes())
    assert pulled_alarm(region, agent, case).code == "PACKET_MISSING"


def test_a_download_goes_on_where_it_broke(region: Region, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "PIECE", 2048)
    case, digest = region.forward()
    size = len(region.objects[digest])
    assert size > 4 * 2048
    region.broken = 3 * 2048
    clock = Clock()
    inbox = Receiver(agent, region.transfer(), clock)
    inbox.step()
    assert receiver.alarms(agent) == {}  # a busy store says nothing about the object
    clock.now += receiver.LONGEST_PAUSE_S
    inbox.step()
    starts = [first for first, _ in region.requests]
    assert starts == [0, 2048, 4096, 6144, *range(6144, size, 2048)]
    assert queued(agent, case) == ["delivered"]


def test_a_refused_countersignature_is_made_again(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    inbox = Receiver(agent, region.transfer())
    inbox.step()
    act = agent.journal.acts(case)[0]
    agent.journal.answered(act.payload_digest, b"", "", Refusal("HEAD_MOVED", "test"))
    Receiver(agent, region.transfer()).step()  # after a restart
    assert queued(agent, case) == ["delivered", "delivered"]


def test_a_countersignature_refused_while_the_agent_runs_is_made_again_without_another_leaf(
    region: Region, agent: Agent
) -> None:
    case, _ = region.forward()
    clock = Clock()
    inbox = Receiver(agent, region.transfer(), clock)
    inbox.step()
    act = agent.journal.acts(case)[0]
    agent.journal.answered(act.payload_digest, b"", "", Refusal("HEAD_MOVED", "test"))
    inbox.step()
    assert queued(agent, case) == ["delivered"]
    clock.now += receiver.ANSWER_PAUSE_S
    inbox.step()
    assert queued(agent, case) == ["delivered", "delivered"]
    again = agent.journal.acts(case)[1]
    agent.journal.answered(again.payload_digest, b"receipt", "", None)
    for _ in range(3):
        clock.now += receiver.ANSWER_PAUSE_S
        inbox.step()
    assert inbox._again == {}, "nothing is looked at for ever"
