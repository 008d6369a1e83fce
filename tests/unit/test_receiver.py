"""node_agent.transfer.receiver, pulling, opening: what is kept, what is countersigned, what is shown."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from crypto import canonical
from crypto.log import leaf as leaves
from crypto.refusal import Refusal
from crypto.statement import read_envelope, read_statement, sign
from hub.casework.messages import PURPOSES, render
from node_agent.known.casemirror import history
from node_agent.process.runtime import Agent
from node_agent.transfer import opening, pulling, receiver
from node_agent.transfer.receiver import Receiver
from storage import failpoints
from storage.journal import OutboxEntry
from tests.unit.agent_region import FORM, SCANS, FakeHub, Region, picture
from tests.unit.evidence_log import DEPARTMENT, GATEWAY, HUB, WINDOW


@pytest.fixture
def region() -> Region:
    return Region()


@pytest.fixture
def agent(region: Region, tmp_path: Path) -> Agent:
    return region.agent(tmp_path / "dept", DEPARTMENT, ("A01", "D01", "H01", "I01"))


def hub_of(agent: Agent) -> FakeHub:
    return cast(FakeHub, agent.hub)


class Clock:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def changed(region: Region, index: int, change: Callable[[dict[str, Any]], None]) -> bytes:
    """A leaf with other values, canonical again."""
    value = json.loads(region.log.entries[index])
    change(value)
    return canonical.encode(value)


def resigned(region: Region, index: int, signers: list[str], **changes: Any) -> bytes:
    """A leaf whose statement was changed and signed anew by ``signers``."""
    leaf = leaves.decode(region.log.entries[index])
    statement = replace(read_statement(read_envelope(leaf.envelope).payload), **changes)
    envelope = sign(statement.payload(), [region.log.keys[one].sign for one in signers])
    return leaves.encode(replace(leaf, envelope=envelope.encode()))


def queued(agent: Agent, case: str) -> list[str]:
    return [act.event for act in agent.journal.acts(case)]


def opened(region: Region, agent: Agent, case: str, purpose: str = "受理审查") -> opening.OpenedCase:
    def answered(digest: str) -> OutboxEntry:
        return next(entry for entry in region.send(agent) if entry.payload_digest == digest)

    return opening.open_case(agent, case, "A01", "ACCEPTOR", purpose, answered=answered, transfer=region.transfer())


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


def damages() -> dict[str, tuple[int, str, Callable[[Region, int], bytes]]]:
    """Name: position in the case, step that must refuse, what happens to the leaf on the way."""
    return {
        "not canonical": (0, "1", lambda region, at: region.log.entries[at] + b" "),
        "another log": (0, "1", lambda region, at: changed(region, at, lambda leaf: leaf.update(origin="other"))),
        "another index": (1, "1", lambda region, at: region.log.entries[at + 1]),
        "another case": (
            0,
            "1",
            lambda region, at: resigned(region, at, [f"{WINDOW}/person/C01", WINDOW], case="f" * 32),
        ),
        "epoch ahead": (1, "2", lambda region, at: changed(region, at, lambda leaf: leaf.update(epoch=999))),
        "no such catalogue": (
            1,
            "2",
            lambda region, at: changed(region, at, lambda leaf: leaf.update(catalogue="none")),
        ),
        "signature": (0, "3", lambda region, at: changed(region, at, _swap_signatures)),
        "no person": (0, "3", lambda region, at: resigned(region, at, [WINDOW])),
        "second person who did not sign": (0, "3", _naming_a_second),
        "stranger": (1, "3", lambda region, at: resigned(region, at, [GATEWAY])),
        "route by a node that is no hub": (4, "3", _routed_by_the_window),
        "withheld": (1, "4", lambda region, at: changed(region, at, lambda leaf: leaf.update(case_seq=3))),
        "chain": (4, "4", lambda region, at: resigned(region, at, [HUB], prev="0" * 64)),
        "time runs backwards": (
            1,
            "4",
            lambda region, at: changed(
                region, at, lambda leaf: leaf.update(recorded_at="2020-01-01T00:00:00.000+08:00")
            ),
        ),
    }


def _swap_signatures(leaf: dict[str, Any]) -> None:
    first, second = leaf["envelope"]["signatures"]
    first["sig"], second["sig"] = second["sig"], first["sig"]


def _naming_a_second(region: Region, at: int) -> bytes:
    """The body names a second person, whose signature is not there (states.md T19, T23)."""
    body = read_statement(read_envelope(leaves.decode(region.log.entries[at]).envelope).payload).body
    named = {**body, "second_person": f"{DEPARTMENT}/person/A01"}
    return resigned(region, at, [f"{WINDOW}/person/C01", WINDOW], body=named)


def _routed_by_the_window(region: Region, at: int) -> bytes:
    leaf = leaves.decode(region.log.entries[at])
    statement = read_statement(read_envelope(leaf.envelope).payload)
    return resigned(region, at, [WINDOW], actor=replace(statement.actor, node=WINDOW))


@pytest.mark.parametrize("name", damages())
def test_an_untrusted_leaf_stops_its_case_alone(region: Region, agent: Agent, name: str) -> None:
    position, step, damage = damages()[name]
    case, _ = region.forward(1)
    other, _ = region.forward(2)
    at = region.log.cases[case][position]
    hub_of(agent).forge[at] = damage(region, at)
    clock = Clock()
    inbox = Receiver(agent, region.transfer(), clock)
    inbox.step()
    assert len(agent.journal.leaves(case)) == position
    alarm = receiver.alarms(agent)[f"leaf:{case}"]
    assert (alarm.code, alarm.values["step"]) == ("LEAF_UNTRUSTED", step)
    assert queued(agent, case) == []
    assert queued(agent, other) == ["delivered"]
    hub_of(agent).forge.clear()  # the right leaf is given after all: the case goes on
    clock.now += receiver.LONGEST_PAUSE_S
    inbox.step()
    assert receiver.alarms(agent) == {}
    assert queued(agent, case) == ["delivered"]


def test_a_second_leaf_at_the_same_place_is_an_alarm(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    Receiver(agent, region.transfer()).step()
    at = region.log.cases[case][1]
    hub_of(agent).forge[at] = changed(region, at, lambda leaf: leaf.update(rules="other"))
    with pytest.raises(Refusal) as caught:
        receiver.verify_leaf(agent, at, case, hub_of(agent).forge[at])
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


# --- opening -------------------------------------------------------------------------------------------------------


def test_open_gives_form_and_pages_and_is_on_record(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    inbox = Receiver(agent, region.transfer())
    inbox.step()
    made = opened(region, agent, case)
    assert made.form == FORM
    assert [line.material for line in made.lines] == [*SCANS, "FORM", "ADDRESS"]
    assert [line.pages[0].data for line in made.lines[:6]] == [picture(seed) for seed in range(6)]
    assert made.lines[0].name == "食品经营许可申请书"
    assert (made.checked_by, made.lines[0].trust) == (f"{WINDOW}/person/C01", "B")
    inbox.step()
    last = history(agent.journal, case)[-1].statement
    assert (last.type, last.chain, last.body["purpose"]) == ("open_document", "access", "ACCEPT_REVIEW")
    assert last.actor.person == f"{DEPARTMENT}/person/A01"


def test_open_needs_a_purpose(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    Receiver(agent, region.transfer()).step()
    with pytest.raises(Refusal) as caught:
        opened(region, agent, case, purpose="  ")
    assert caught.value.code == "PURPOSE_MISSING"
    assert queued(agent, case) == ["delivered"]


@pytest.mark.parametrize("purpose", ["看一看", "accept_review", "受理审查 " * 2, "受理"])
def test_open_needs_a_purpose_of_the_list(region: Region, agent: Agent, purpose: str) -> None:
    case, _ = region.forward()
    Receiver(agent, region.transfer()).step()
    with pytest.raises(Refusal) as caught:
        opened(region, agent, case, purpose=purpose)
    assert caught.value.code == "PURPOSE_UNKNOWN"
    assert render(caught.value).splitlines()[1].startswith("可选事由：受理审查、审批决定、移交业务系统、")
    assert purpose not in str(caught.value)
    assert queued(agent, case) == ["delivered"]


@pytest.mark.parametrize("code, word", PURPOSES.items())
def test_a_purpose_is_said_by_code_or_word(code: str, word: str) -> None:
    assert opening.purpose_code(code, "c") == opening.purpose_code(f" {word} ", "c") == code


def _unanswered(agent: Agent) -> Callable[[str], OutboxEntry]:
    def answered(digest: str) -> OutboxEntry:
        entry = agent.journal.entry(digest)
        assert entry is not None
        return entry

    return answered


def test_open_shows_nothing_before_the_hub_has_it(
    region: Region, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, _ = region.forward()
    Receiver(agent, region.transfer()).step()
    unwrapped: list[object] = []
    monkeypatch.setattr(pulling, "data_keys", lambda *args: unwrapped.append(args))
    with pytest.raises(Refusal) as caught:
        opening.open_case(agent, case, "A01", "ACCEPTOR", "受理审查", answered=_unanswered(agent))
    assert caught.value.code == "ACCESS_UNCONFIRMED"
    assert unwrapped == []


def test_open_refused_by_the_hub_shows_nothing(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    Receiver(agent, region.transfer()).step()

    def answered(digest: str) -> OutboxEntry:
        agent.journal.answered(digest, b"", "", Refusal("KEY_REVOKED", "H09", subject="x"))
        return _unanswered(agent)(digest)

    with pytest.raises(Refusal) as caught:
        opening.open_case(agent, case, "A01", "ACCEPTOR", "受理审查", answered=answered)
    assert caught.value.code == "KEY_REVOKED"


def test_decryption_that_fails_at_the_last_chunk_shows_nothing(
    region: Region, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, digest = region.forward()
    Receiver(agent, region.transfer()).step()
    shown: list[object] = []
    monkeypatch.setattr(opening, "OpenedCase", lambda **values: shown.append(values))
    path = pulling.sealed_file(agent, case, digest)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(Refusal) as caught:
        opened(region, agent, case)
    assert caught.value.code == "CIPHERTEXT_CHANGED"
    assert shown == []


def test_a_form_that_is_no_form(region: Region, agent: Agent) -> None:
    case, _ = region.forward(1, FORM=b"[1]")
    Receiver(agent, region.transfer()).step()
    with pytest.raises(Refusal) as caught:
        opened(region, agent, case)
    assert caught.value.code == "FORM_UNREADABLE"


def test_pauses_grow_and_stay_bounded() -> None:
    assert 0.25 <= receiver.pause_s(1) <= 0.5
    assert receiver.LONGEST_PAUSE_S / 2 <= receiver.pause_s(10_000) <= receiver.LONGEST_PAUSE_S


# --- epochs --------------------------------------------------------------------------------------------------------


def test_a_leaf_by_a_revoked_key_under_an_old_epoch_is_an_alarm(region: Region, agent: Agent) -> None:
    """A hub cannot bring a revoked key back by stamping the past on a leaf, once the revocation is known here."""
    case, _ = region.forward()
    inbox = Receiver(agent, region.transfer())
    inbox.step()
    region.log.say_registry("key.revoke", {"subject": WINDOW, "reason": "LOST"}, [region.log.registrar])
    wrap = leaves.decode(region.log.entries[region.log.cases[case][1]])
    again = replace(read_statement(read_envelope(wrap.envelope).payload), nonce="0123456789abcdef")
    file = region.log.files[case]
    later = replace(file, case_seq=file.case_seq + 1)
    signed = sign(again.payload(), [region.log.keys[WINDOW].sign])
    at = region.log._append(signed, later, {}).index
    hub_of(agent).forge[at] = changed(region, at, lambda leaf: leaf.update(epoch=leaf["epoch"] - 1))
    inbox.step()
    alarm = receiver.alarms(agent)[f"leaf:{case}"]
    assert (alarm.code, alarm.values["step"], alarm.values["cause"]) == ("LEAF_UNTRUSTED", "2", "LEAF_EPOCH")
    assert len(agent.journal.leaves(case)) == 5


def test_an_epoch_does_not_fall_within_a_case(region: Region, agent: Agent) -> None:
    case, digest, keys = region.seal(1)
    region.forward(2)
    region.grant("DECIDE", f"{DEPARTMENT}/person/D01")
    for recipient in (WINDOW, DEPARTMENT):
        region.wrap(case, digest, keys, recipient)
    Receiver(agent, region.transfer()).step()
    at, free = region.log.cases[case][-1], region.log.cases[case][0] + 1
    back = changed(region, at, lambda leaf: leaf.update(index=free, epoch=leaf["epoch"] - 1))
    with pytest.raises(Refusal) as caught:
        receiver.verify_leaf(agent, free, case, back)
    assert (caught.value.values["step"], caught.value.values["cause"]) == ("2", "LEAF_EPOCH")


@pytest.mark.parametrize("when", [failpoints.BEFORE, failpoints.AFTER])
def test_a_registry_leaf_that_could_not_be_kept_is_asked_for_again(region: Region, agent: Agent, when: str) -> None:
    """Else the directory would be ahead of the journal for ever, and each later leaf of any case be mistrusted."""
    inbox = Receiver(agent, region.transfer())
    inbox.step()
    region.log.say_registry("key.revoke", {"subject": WINDOW, "reason": "LOST"}, [region.log.registrar])
    failpoints.drill(failpoints.Order("journal.registry", when, failpoints.ERROR))
    try:
        with pytest.raises(Refusal, match="JOURNAL_UNWRITABLE"):
            agent.registry.refresh(agent.hub)
    finally:
        failpoints.end()
    agent.registry.refresh(agent.hub)
    assert len(agent.journal.registry()) == agent.registry.directory.epoch == len(region.log.registry)
