"""The sender: nothing is lost, doubled, reordered or believed without proof, whatever hub, store or power do."""

import base64
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from crypto import canonical, sealing
from crypto.keystore import new_signer
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.statement import RECEIPT_TYPE, read_envelope, read_statement, sign
from deploy.commands.window.lists import queue_lines
from hub.casework.states import State
from node_agent.transfer.sender import Sender
from node_agent.transfer.standing import read_status
from node_agent.window import drafts
from node_agent.window import intake as window
from storage.journal import OutboxEntry
from tests.unit.agents.window_world import STAFF, TICKS, World, open_world, page_file
from tests.unit.evidence_log import DEPARTMENT, HUB


@pytest.fixture
def world(tmp_path: Path) -> World:
    return open_world(tmp_path)


@pytest.fixture
def sender(world: World) -> Sender:
    return Sender(world.agent, world.transfer())


def states(world: World, case: str) -> list[tuple[str, str]]:
    return [(entry.event, entry.state) for entry in world.agent.journal.acts(case)]


def act(world: World, digest: str) -> OutboxEntry:
    found = world.agent.journal.entry(digest)
    assert found is not None
    return found


def drive(sender: Sender, rounds: int = 6) -> None:
    for _ in range(rounds):
        sender.step()


ALL_DONE = [("seal", "DONE"), ("wrap", "DONE"), ("wrap", "DONE"), ("wrap", "DONE")]


def test_a_case_goes_out_whole_and_its_plaintext_is_erased(world: World, sender: Sender, tmp_path: Path) -> None:
    result = world.sealed(tmp_path)
    pages = world.agent.settings.home / "drafts" / result.case_id
    world.hub.refuse["submit"] = [Refusal("HUB_BUSY", "promise 6")]
    sender.step()
    assert pages.exists() and list(world.agent.spool.iterdir())
    sender.step()
    assert states(world, result.case_id) == ALL_DONE
    assert world.region.log.files[result.case_id].state is State.FORWARDED
    assert len(act(world, result.entries[0]).case_no) == 43
    assert not pages.exists()
    assert list(world.agent.spool.iterdir())  # the ciphertext waits for the receiver's countersignature (T12R)
    assert drafts.load(world.agent, result.case_id).state == drafts.SENT
    assert sender.step() is False and sender.problem is None


def test_nothing_is_lost_while_the_hub_is_away(world: World, sender: Sender, tmp_path: Path) -> None:
    world.hub.away = True
    result = world.sealed(tmp_path)
    for _ in range(3):
        assert sender.step() is False
        assert sender.problem is not None and sender.problem.code == "HUB_UNAVAILABLE"
    assert {state for _, state in states(world, result.case_id)} == {"WAITING"}
    assert read_status(world.agent.journal)["problem"]["code"] == "HUB_UNAVAILABLE"
    world.hub.away = False
    sender.step()
    assert states(world, result.case_id) == ALL_DONE
    assert read_status(world.agent.journal)["problem"] is None


def test_an_upload_goes_on_at_the_first_missing_part(
    world: World, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node_agent.transfer.sealer.PART_SIZE", 1024)
    original = sealing.Sealer.__init__
    monkeypatch.setattr(sealing.Sealer, "__init__", lambda self, out: original(self, out, 1024))
    result = world.sealed(tmp_path)
    world.break_after = 5
    sender.step()
    assert sender.problem is not None and sender.problem.code == "STORE_UNAVAILABLE"
    assert states(world, result.case_id)[0] == ("seal", "WAITING")
    assert world.puts == [1, 2, 3, 4, 5]
    Sender(world.agent, world.transfer()).step()  # another process after a kill
    assert world.puts == list(range(1, len(world.puts) + 1)) and len(world.puts) > 8
    assert all(len(numbers) <= 8 for numbers in world.hub.granted)
    assert states(world, result.case_id) == ALL_DONE


def test_a_seal_waits_for_its_object_and_other_cases_do_not(world: World, sender: Sender, tmp_path: Path) -> None:
    first, second = world.sealed(tmp_path), world.sealed(tmp_path)
    world.hub.refuse["create_upload"] = [Refusal("STORE_UNAVAILABLE", "promise 5")]
    sender.step()
    assert {state for _, state in states(world, first.case_id)} == {"WAITING"}
    assert states(world, second.case_id) == ALL_DONE


def test_acts_of_a_case_go_in_order_and_a_missing_answer_holds_back_the_rest(
    world: World, sender: Sender, tmp_path: Path
) -> None:
    result = world.sealed(tmp_path)
    world.hub.not_now["seal"] = Refusal("DATABASE_UNAVAILABLE", "promise 5")
    sender.step()
    assert world.hub.batches == [["seal", "wrap", "wrap", "wrap"]]
    assert {state for _, state in states(world, result.case_id)} == {"WAITING"}  # no wrap was refused for good
    sender.step()
    assert states(world, result.case_id) == ALL_DONE


def test_a_refusal_of_the_law_is_an_answer(world: World, sender: Sender, tmp_path: Path) -> None:
    result = world.sealed(tmp_path)
    world.hub.not_now["seal"] = Refusal("ITEM_EXPIRED", "D01", on="2026-12-01")
    sender.step()
    seal = act(world, result.entries[0])
    assert seal.state == "REFUSED" and seal.refusal is not None
    assert (seal.refusal.code, dict(seal.refusal.values)) == ("ITEM_EXPIRED", {"on": "2026-12-01"})
    assert (world.agent.settings.home / "drafts" / result.case_id).exists()
    assert sender.problem is None


def test_one_bad_act_does_not_hold_back_other_cases(world: World, sender: Sender, tmp_path: Path) -> None:
    bad, good = world.sealed(tmp_path), world.sealed(tmp_path)
    whole = world.hub.submit

    def submit(outgoing: Any) -> Any:
        if any(read_envelope(item.envelope).digest == bad.entries[0] for item in outgoing):
            raise Refusal("REQUEST_INVALID", "proto")
        return whole(outgoing)

    world.hub.submit = submit  # type: ignore[method-assign]
    sender.step()
    assert states(world, good.case_id) == ALL_DONE
    assert {state for _, state in states(world, bad.case_id)} == {"WAITING"}
    assert sender.problem is not None and sender.problem.code == "REQUEST_INVALID"


def _other_signer(data: bytes) -> bytes:
    return sign(read_envelope(data, RECEIPT_TYPE).payload, [new_signer()], RECEIPT_TYPE).encode()


def _flipped(data: bytes) -> bytes:
    value = json.loads(data)
    sig = bytearray(base64.b64decode(value["signatures"][0]["sig"]))
    sig[-1] ^= 1
    value["signatures"][0]["sig"] = base64.b64encode(bytes(sig)).decode()
    return canonical.encode(value)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (_other_signer, "SIGNER_UNKNOWN"),
        (_flipped, "SIGNATURE_INVALID"),
        (lambda data: b"", "NOT_CANONICAL"),
        ("payload_digest", "OTHER_STATEMENT"),
        ("origin", "OTHER_STATEMENT"),
        ("objects", "OBJECT_MISSING"),
        ("size", "OTHER_OBJECT"),
        ("version_id", "OBJECT_VERSION"),
    ],
)
def test_a_receipt_that_does_not_verify_is_never_taken(
    world: World, sender: Sender, tmp_path: Path, spoil: Any, problem: str
) -> None:
    def forge(data: bytes) -> bytes:
        """Signed well by the hub, but saying something else."""
        value = canonical.parse(read_envelope(data, RECEIPT_TYPE).payload)
        objects: Any = value["objects"]
        if spoil in ("size", "version_id"):
            for one in objects:
                one[spoil] = 7 if spoil == "size" else "other"
        else:
            value[spoil] = [] if spoil == "objects" else "other"
        return sign(canonical.encode(value), [world.region.log.keys[HUB].sign], RECEIPT_TYPE).encode()

    result = world.sealed(tmp_path)
    world.hub.spoil = forge if isinstance(spoil, str) else spoil
    sender.step()
    assert states(world, result.case_id)[0] == ("seal", "WAITING")
    assert sender.problem is not None and sender.problem.code == "RECEIPT_UNTRUSTED"
    assert sender.problem.values["problem"] == problem
    assert read_status(world.agent.journal)["alarms"][result.entries[0]]["code"] == "RECEIPT_UNTRUSTED"
    assert list(world.agent.spool.iterdir())
    world.hub.spoil = lambda data: data
    sender.step()
    assert states(world, result.case_id) == ALL_DONE
    assert read_status(world.agent.journal)["alarms"] == {}


def test_a_lost_answer_is_asked_for_again_and_gives_the_same_receipt(
    world: World, sender: Sender, tmp_path: Path
) -> None:
    result = world.sealed(tmp_path)
    whole, seen = world.hub.submit, list[bytes]()

    def submit(outgoing: Any) -> Any:
        answers = whole(outgoing)
        if not seen:
            seen.extend(answer.receipt for answer in answers)
            raise Refusal("HUB_UNAVAILABLE", "promise 6")
        return answers

    world.hub.submit = submit  # type: ignore[method-assign]
    drive(sender, 2)
    assert states(world, result.case_id) == ALL_DONE
    assert [act(world, digest).receipt for digest in result.entries] == seen
    assert len(world.region.log.cases[result.case_id]) == 5  # seal, three wraps, the hub's route


def test_a_stale_key_is_wrapped_to_again_once_without_a_new_upload(
    world: World, sender: Sender, tmp_path: Path
) -> None:
    result = world.sealed(tmp_path)
    before = world.region.log.directory.current(DEPARTMENT)
    world.region.log.register(DEPARTMENT, DEPARTMENT, "360102000000", ["department"], None, replaces=before.digest)
    drive(sender)
    after = world.region.log.directory.current(DEPARTMENT)
    wraps = [
        (read_statement(read_envelope(entry.envelope).payload).body["recipient_key"], entry.state)
        for entry in world.agent.journal.acts(result.case_id)
        if entry.event == "wrap"
        and read_statement(read_envelope(entry.envelope).payload).body["recipient"] == DEPARTMENT
    ]
    assert wraps == [(before.kem.id, "REFUSED"), (after.kem.id, "DONE")]
    assert world.region.log.files[result.case_id].state is State.FORWARDED
    assert world.puts == [1]


def test_a_revoked_recipient_refuses_only_the_wrap_and_is_served_when_it_has_a_key(
    world: World, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node_agent.transfer.mending.MEND_EVERY_SECONDS", 0.0)
    result = world.sealed(tmp_path)
    log = world.region.log
    before = log.directory.current(DEPARTMENT)
    log.say_registry("key.revoke", {"subject": DEPARTMENT}, [log.registrar])
    drive(sender, 3)
    assert log.files[result.case_id].state is State.COLLECTED
    assert [state for _, state in states(world, result.case_id)].count("REFUSED") == 1
    log.register(DEPARTMENT, DEPARTMENT, "360102000000", ["department"], None, replaces=before.digest)
    drive(sender, 3)
    assert log.files[result.case_id].state is State.FORWARDED
    assert [event for event, _ in states(world, result.case_id)].count("wrap") == 4


def test_proofs_are_fetched_and_checked(
    world: World, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node_agent.transfer.proofs.PROOF_EVERY_SECONDS", 0.0)
    result = world.sealed(tmp_path)
    sender.step()
    assert world.agent.journal.kept(f"proof:{result.entries[0]}") is None  # the leaf has not come here yet
    world.receive()
    sender.step()
    for digest in result.entries:
        assert world.agent.journal.kept(f"proof:{digest}")


def test_what_is_not_proven_in_time_is_an_alarm_until_it_is(
    world: World, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node_agent.transfer.proofs.PROOF_EVERY_SECONDS", 0.0)
    world.hub.integrated = False
    result = world.sealed(tmp_path)
    sender.step()
    assert read_status(world.agent.journal)["alarms"] == {}
    old = dict.fromkeys(result.entries, "2026-01-01T00:00:00.000+08:00")
    world.agent.journal.keep("sender.unproven", canonical.encode(old))
    sender.step()
    alarms = read_status(world.agent.journal)["alarms"]
    assert {alarm["code"] for alarm in alarms.values()} == {"RECEIPT_NOT_PROVEN"} and len(alarms) == 4
    world.hub.integrated = True
    world.receive()
    sender.step()
    assert read_status(world.agent.journal)["alarms"] == {}


def test_a_proof_of_another_leaf_contradicts_the_receipt(
    world: World, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node_agent.transfer.proofs.PROOF_EVERY_SECONDS", 0.0)
    result = world.sealed(tmp_path)
    sender.step()
    world.receive()
    whole = world.hub.receipt
    world.hub.receipt = lambda payload_digest: whole(result.entries[1])  # type: ignore[method-assign]
    sender.step()
    alarms = read_status(world.agent.journal)["alarms"]
    assert alarms[result.entries[0]]["code"] == "RECEIPT_CONTRADICTED"
    assert world.agent.journal.kept(f"proof:{result.entries[0]}") is None


def test_a_kill_between_receipt_and_erasing_is_made_good_at_the_next_start(
    world: World, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = world.sealed(tmp_path)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Sender, "_erase", killed)
        with pytest.raises(KeyboardInterrupt):
            sender.step()
    drive(Sender(world.agent, world.transfer()), 1)
    assert not (world.agent.settings.home / "drafts" / result.case_id).exists()
    assert states(world, result.case_id) == ALL_DONE


def test_a_lost_spool_file_is_said_and_holds_back_that_case_alone(world: World, sender: Sender, tmp_path: Path) -> None:
    lost, good = world.sealed(tmp_path), world.sealed(tmp_path)
    (world.agent.spool / world.agent.journal.uploads_waiting()[0].file).unlink()
    upload = world.agent.journal.uploads_waiting()[0]
    sender.step()
    assert sender.problem is None, "the node goes on at its own pace"
    assert {state for _, state in states(world, lost.case_id)} == {"WAITING"}
    assert states(world, good.case_id) == ALL_DONE
    told = read_status(world.agent.journal)
    assert {digest: alarm["code"] for digest, alarm in told["alarms"].items()} == {
        upload.manifest_digest: "SPOOL_UNREADABLE"
    }
    assert "材料传不上去" in str(queue_lines(world.agent, told)[0]["why"])


def test_uploads_that_can_never_go_fill_no_round_and_are_tried_at_their_own_time(
    world: World, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node_agent.transfer.uploads.UPLOADS_A_ROUND", 1)
    refused, good = world.sealed(tmp_path), world.sealed(tmp_path)
    bad = world.agent.journal.uploads_waiting()[0].manifest
    whole, asked = world.hub.create_upload, list[bytes]()

    def create_upload(manifest: bytes) -> Any:
        asked.append(manifest)
        if manifest == bad and asked.count(bad) < 3:
            raise Refusal("OBJECT_TOO_LARGE", "promise 5")
        return whole(manifest)

    world.hub.create_upload = create_upload  # type: ignore[method-assign]
    drive(sender, 4)
    assert states(world, good.case_id) == ALL_DONE and asked.count(bad) == 1
    clock = time.monotonic() + 5
    monkeypatch.setattr("node_agent.transfer.uploads.time.monotonic", lambda: clock)
    drive(sender, 2)
    assert asked.count(bad) == 2 and sender.problem is None
    clock += 5
    drive(sender, 2)
    assert states(world, refused.case_id) == ALL_DONE and read_status(world.agent.journal)["alarms"] == {}


def test_uploads_of_a_troubled_store_let_untried_ones_go_first(
    world: World, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node_agent.transfer.uploads.UPLOADS_A_ROUND", 1)
    world.sealed(tmp_path)
    good = world.sealed(tmp_path)
    world.hub.refuse["create_upload"] = [Refusal("INTERNAL", "promise 6")]
    drive(sender, 2)
    assert states(world, good.case_id) == ALL_DONE


def test_running_ends_when_told_and_survives_errors(world: World, sender: Sender, tmp_path: Path) -> None:
    result = world.sealed(tmp_path)
    whole, calls, stop, done = world.hub.submit, [0], threading.Event(), threading.Event()

    def submit(outgoing: Any) -> Any:
        calls[0] += 1
        if calls[0] == 1:
            raise ZeroDivisionError
        done.set()
        return whole(outgoing)

    world.hub.submit = submit  # type: ignore[method-assign]
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    try:
        assert done.wait(30)
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
    assert states(world, result.case_id) == ALL_DONE


def test_a_withdrawal_goes_behind_the_seal(world: World, sender: Sender, tmp_path: Path) -> None:
    result = world.sealed(tmp_path)
    drive(sender, 1)
    world.receive()
    window.withdraw(world.agent, result.case_id, STAFF, page_file(tmp_path, "paper.jpg", 33))
    sender.step()
    assert world.region.log.files[result.case_id].state is State.WITHDRAWN


def test_the_window_key_is_among_the_recipients(world: World, sender: Sender, tmp_path: Path) -> None:
    case = world.scanned(tmp_path)
    result = window.seal(world.agent, case, STAFF, **TICKS)
    drive(sender, 1)
    own = world.agent.identity.kem
    packets = world.hub.key_packets(case, result.manifest)
    assert {packet.recipient_key for packet in packets} == {PublicKey(own.suite, own.public).id}


def test_a_hub_that_limits_is_not_asked_before_the_time_it_named(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = world.sealed(tmp_path)
    pauses: list[float] = []
    monkeypatch.setattr("node_agent.transfer.sender.sleep_using_event", lambda _: pauses.append)
    world.hub.refuse["submit"] = [Refusal("RATE_LIMITED", "test", retry_after_ms=7_000)]
    world.hub.refuse["create_upload"] = [Refusal("RATE_LIMITED", "test", retry_after_ms=900_000)]
    sender, stop = Sender(world.agent, world.transfer()), threading.Event()
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    end = time.monotonic() + 60
    while states(world, result.case_id) != ALL_DONE and time.monotonic() < end:
        time.sleep(0.05)
    stop.set()
    thread.join(30)
    assert states(world, result.case_id) == ALL_DONE
    assert any(7 <= pause <= 10.5 for pause in pauses), "as long as the hub named, and some more by chance"
    assert max(pauses) <= 20, "what a mistaken hub names is bounded"
