"""Witness and monitor: never two roots, never backwards, every receipt proven or an alarm, evidence of a fork kept."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crypto import suites
from crypto.keystore import SoftwareKeystore
from crypto.log import checkpoint, cosignature, merkle, note, tiles
from crypto.log import leaf as leaves
from crypto.log.note import VerifierKey
from crypto.log.proof import Proof
from crypto.refusal import Refusal
from crypto.statement import read_envelope
from node_agent import acts
from node_agent.auditor.alarms import alarms
from node_agent.auditor.export import export
from node_agent.auditor.monitor import Monitor
from node_agent.auditor.witness import Witness, last_signed, read_head
from node_agent.keys.identity import AgentIdentity
from node_agent.known.registry import AgentRegistry
from node_agent.process.runtime import Agent
from node_agent.process.settings import AgentSettings
from storage.journal import Journal


class FakeHub:
    """The log part of a hub over a list of entries; it can lie."""

    def __init__(self, log: Any, size: int | None = None) -> None:
        self.log = log
        self.size = size or len(log.entries)
        self.lines: list[tuple[int, str]] = []
        self.published_note: str | None = None

    def reader(self, size: int) -> tiles.TileReader:
        stored: dict[str, bytes] = {}
        grown = tiles.grow(0, merkle.empty_root(), self.log.entries[:size], stored.__getitem__)
        return tiles.TileReader(grown.tiles.__getitem__, size)

    def checkpoint(self) -> tuple[str, int]:
        if self.published_note is not None:
            return self.published_note, self.size
        head = checkpoint.Checkpoint(self.log.pins().origin, self.size, self.reader(self.size).root())
        signed = checkpoint.sign_checkpoint(head, [self.log.ed25519, self.log.mldsa], 0).decode()
        return signed + "".join(line + "\n" for size, line in self.lines if size == self.size), self.size

    def consistency_proof(self, old_size: int, new_size: int) -> list[bytes]:
        return self.reader(new_size).consistency(old_size)

    def add_cosignature(self, size: int, line: str) -> None:
        if size != self.size:
            raise Refusal("CHECKPOINT_MOVED", "test")
        self.lines.append((size, line))

    def export_evidence(self, case_name: str) -> bytes:
        return b"package of " + case_name.encode()


@pytest.fixture
def log(evidence_log: ModuleType) -> Any:
    return evidence_log.founded()


@pytest.fixture
def agent_for(tmp_path: Path, evidence_log: ModuleType) -> Callable[[Any], Agent]:
    def make(hub: Any) -> Agent:
        keystore, held = SoftwareKeystore(tmp_path / "keys"), hub.log.keys[evidence_log.WINDOW]
        keystore.generate_signer("witness", suites.ED25519)
        (tmp_path / "keys" / "sign.pem").write_bytes(held.sign.private_pem())
        (tmp_path / "pins.json").write_bytes(hub.log.pins().to_json())
        settings = AgentSettings(
            home=tmp_path, node=evidence_log.WINDOW, hub="h:1", hub_node=evidence_log.HUB,
            recovery_node=evidence_log.HUB,
        )  # fmt: skip
        identity, journal = AgentIdentity(tmp_path, evidence_log.WINDOW), Journal(tmp_path / "journal.sqlite")
        return Agent(settings, identity, journal, AgentRegistry(journal, identity.pins), hub)

    return make


def refused(witness: Witness) -> str:
    with pytest.raises(Refusal) as caught:
        witness.step()
    return caught.value.code


def codes(agent: Agent) -> list[str]:
    return [alarm.code for alarm in alarms(agent.journal)]


# --- witness -----------------------------------------------------------------------------------------------------


def test_line_is_what_the_hub_checks(log: Any, agent_for: Callable[[Any], Agent]) -> None:
    hub = FakeHub(log)
    agent = agent_for(hub)
    assert Witness(agent, lambda: 1_795_000_000).step()
    ((size, line),) = hub.lines
    key = VerifierKey(agent.identity.node, note.COSIGNATURE_ED25519, agent.identity.keys.signer("witness").public)
    published = hub.checkpoint()[0]
    opened = note.open_note(published.encode(), [cosignature.verifier(key)])
    ((_, found),) = opened.verified
    assert size == len(log.entries) and published.endswith(line + "\n")
    assert cosignature.timestamp_of(found.value) == 1_795_000_000


def test_signs_once_and_again_when_the_log_grew(log: Any, agent_for: Callable[[Any], Agent]) -> None:
    hub = FakeHub(log, size=5)
    agent = agent_for(hub)
    witness = Witness(agent)
    assert witness.step() and not witness.step()
    hub.size = len(log.entries)
    assert Witness(agent).step()
    assert [size for size, _ in hub.lines] == [5, len(log.entries)]


def test_a_kill_before_handing_in_signs_the_same_head_again(
    log: Any, agent_for: Callable[[Any], Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = FakeHub(log)
    agent = agent_for(hub)
    with monkeypatch.context() as patched:
        patched.setattr(hub, "add_cosignature", lambda *_: (_ for _ in ()).throw(RuntimeError("killed here")))
        with pytest.raises(RuntimeError):
            Witness(agent).step()
    assert hub.lines == [] and last_signed(agent) is not None
    assert Witness(agent).step() and len(hub.lines) == 1


def test_a_smaller_log_is_not_signed(log: Any, agent_for: Callable[[Any], Agent]) -> None:
    hub = FakeHub(log)
    agent = agent_for(hub)
    Witness(agent).step()
    hub.size -= 1
    assert refused(Witness(agent)) == "LOG_SHRANK"
    assert codes(agent) == ["LOG_SHRANK"] and len(hub.lines) == 1


@pytest.mark.parametrize("grown", [False, True])
def test_a_fork_is_not_signed_and_both_notes_are_kept(log: Any, agent_for: Callable[[Any], Agent], grown: bool) -> None:
    hub = FakeHub(log, size=len(log.entries) - 1)
    agent = agent_for(hub)
    Witness(agent).step()
    signed = hub.checkpoint()[0]
    honest = log.entries[0]
    log.entries[0] = honest.replace(b'"epoch":1', b'"epoch":2')  # another history under the same log key
    hub.size += grown
    hub.lines.clear()
    forked = hub.checkpoint()[0]
    assert refused(Witness(agent)) == "LOG_FORKED"
    assert refused(Witness(agent)) == "LOG_FORKED"
    assert hub.lines == []
    (alarm,) = alarms(agent.journal)
    kept = agent.journal.kept(f"fork:{alarm.subject}")
    assert kept is not None
    evidence = json.loads(kept)
    assert read_head(evidence["second"], agent.identity.pins) == read_head(forked, agent.identity.pins)
    assert read_head(evidence["first"], agent.identity.pins) == read_head(signed, agent.identity.pins)
    log.entries[0] = honest


def test_a_checkpoint_of_another_log_key_is_not_signed(
    log: Any, agent_for: Callable[[Any], Agent], evidence_log: ModuleType
) -> None:
    hub, other = FakeHub(log), FakeHub(evidence_log.founded())
    agent = agent_for(hub)
    hub.published_note = other.checkpoint()[0]
    assert refused(Witness(agent)) in {"NOTE_UNSIGNED", "CHECKPOINT_KEY_MISSING"}
    assert last_signed(agent) is None


def test_a_missing_post_quantum_line_is_not_signed(log: Any, agent_for: Callable[[Any], Agent]) -> None:
    hub = FakeHub(log)
    agent = agent_for(hub)
    lines = hub.checkpoint()[0].splitlines(keepends=True)
    hub.published_note = "".join(lines[:-1])
    assert refused(Witness(agent)) == "CHECKPOINT_KEY_MISSING"


# --- monitor -----------------------------------------------------------------------------------------------------


def proven_act(agent: Agent, hub: FakeHub) -> str:
    """An act of this node with the proof that the sender kept; its digest."""
    case = hub.log.run_case(len(hub.log.files) + 1, until="seal")
    leaf = leaves.decode(hub.log.entries[hub.log.cases[case][0]])
    envelope = read_envelope(leaf.envelope)
    agent.journal.queue([acts.entry_of(envelope)])
    hub.size = len(hub.log.entries)
    published = hub.checkpoint()[0].encode()
    proof = Proof(leaf.index, tuple(hub.reader(hub.size).inclusion(leaf.index)), published)
    agent.journal.keep(f"proof:{envelope.digest}", proof.encode())
    return envelope.digest


def test_proofs_before_and_after_the_witnessed_head_are_of_one_log(log: Any, agent_for: Callable[[Any], Agent]) -> None:
    hub = FakeHub(log)
    agent = agent_for(hub)
    Witness(agent).step()
    proven_act(agent, hub)
    assert Monitor(agent).step() == 1
    older = proven_act(agent, hub)
    log.run_case(3, until="seal")
    hub.size = len(log.entries)
    Witness(agent).step()
    assert Monitor(agent).step() == 1
    assert agent.journal.kept(f"onelog:{older}") is not None
    assert Monitor(agent).step() == 0 and codes(agent) == []


def test_nothing_is_judged_before_the_first_cosignature(log: Any, agent_for: Callable[[Any], Agent]) -> None:
    hub = FakeHub(log)
    agent = agent_for(hub)
    proven_act(agent, hub)
    assert Monitor(agent).step() == 0 and codes(agent) == []


def test_a_proof_from_a_forked_log_proves_nothing(log: Any, agent_for: Callable[[Any], Agent]) -> None:
    hub = FakeHub(log)
    agent = agent_for(hub)
    Witness(agent).step()
    log.entries[1] = log.entries[1].replace(b'"epoch":2', b'"epoch":3')
    digest = proven_act(agent, hub)
    assert Monitor(agent).step() == 0
    assert codes(agent) == ["LOG_FORKED"] and agent.journal.kept(f"onelog:{digest}") is None


def test_a_hub_that_is_away_is_no_fork(
    log: Any, agent_for: Callable[[Any], Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = FakeHub(log)
    agent = agent_for(hub)
    Witness(agent).step()
    proven_act(agent, hub)
    with monkeypatch.context() as patched:
        patched.setattr(hub, "consistency_proof", away)
        assert Monitor(agent).step() == 0 and codes(agent) == []
    assert Monitor(agent).step() == 1


def away(*_: object) -> list[bytes]:
    raise Refusal("HUB_UNAVAILABLE", "promise 6")


# --- export ------------------------------------------------------------------------------------------------------


def test_export_writes_a_private_file_whole(log: Any, agent_for: Callable[[Any], Agent], tmp_path: Path) -> None:
    agent = agent_for(FakeHub(log))
    path = export(agent, "102340000010")
    assert path.read_bytes() == b"package of 102340000010"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["102340000010.zip"]
    assert export(agent, "102340000010", tmp_path / "taken" / "home.zip").exists()


@pytest.mark.parametrize("name", ["../../x", "", "a/b", "x" * 65])
def test_export_takes_case_names_only(log: Any, agent_for: Callable[[Any], Agent], name: str) -> None:
    with pytest.raises(Refusal, match="CASE_NAME"):
        export(agent_for(FakeHub(log)), name)
