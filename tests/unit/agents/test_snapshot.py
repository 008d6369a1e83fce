"""The directory snapshot: verified whole before anything of it is kept, and not believed for ever."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crypto import canonical
from crypto.keystore import new_signer
from crypto.refusal import Refusal
from crypto.statement import SNAPSHOT_TYPE, read_envelope, sign
from node_agent.known.snapshot import fetch_snapshot, kept_snapshot, require_fresh
from tests.unit.agents.window_world import World, open_world
from tests.unit.evidence_log import ITEM


@pytest.fixture
def world(tmp_path: Path) -> World:
    return open_world(tmp_path, fresh=False)


def refused_at(world: World) -> tuple[str, str]:
    with pytest.raises(Refusal) as caught:
        fetch_snapshot(world.agent)
    return caught.value.values.get("step", ""), caught.value.values.get("cause", caught.value.code)


def test_a_good_snapshot_lets_the_window_work_without_hub(world: World) -> None:
    made = fetch_snapshot(world.agent)
    world.hub.away = True
    assert made.epoch == len(world.region.log.registry)
    assert kept_snapshot(world.agent) == made
    assert world.agent.registry.catalogue().item(ITEM).name == "食品经营许可（新办）"
    assert world.agent.registry.calendar().version == made.calendar


def test_work_ends_at_the_greatest_age(world: World) -> None:
    with pytest.raises(Refusal, match="SNAPSHOT_MISSING"):
        require_fresh(world.agent, datetime.now(UTC))
    made = fetch_snapshot(world.agent)
    assert require_fresh(world.agent, made.made_at + timedelta(hours=72)) == made
    with pytest.raises(Refusal, match="SNAPSHOT_TOO_OLD"):
        require_fresh(world.agent, made.made_at + timedelta(hours=72, seconds=1))
    with pytest.raises(Refusal, match="SNAPSHOT_FROM_FUTURE"):
        require_fresh(world.agent, made.made_at - timedelta(minutes=6))


def test_another_catalogue_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = world.hub.snapshot()
    other = parts.catalogue.replace(b"12345", b"12346")
    monkeypatch.setattr(world.hub, "snapshot", lambda: replace(parts, catalogue=other))
    assert refused_at(world) == ("5 documents", "DOCUMENT_DIGEST")


def test_another_catalogue_with_a_matching_signed_digest_is_refused_by_the_log(world: World) -> None:
    def change(payload: dict[str, Any]) -> None:
        payload["catalogue"] = {"version": "2026.11-1", "digest": "0" * 64}

    world.hub.change_snapshot = change
    assert refused_at(world) == ("5 documents", "DOCUMENT_DIGEST")


def test_a_snapshot_signed_by_another_key_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = world.hub.snapshot()
    payload = read_envelope(parts.envelope, SNAPSHOT_TYPE).payload
    for signer, cause in (
        (new_signer(), "SIGNER_UNKNOWN"),
        (world.agent.identity.sign, "HUB_SIGNATURE_MISSING"),
    ):
        forged = replace(parts, envelope=sign(payload, [signer], SNAPSHOT_TYPE).encode())
        monkeypatch.setattr(world.hub, "snapshot", lambda forged=forged: forged)
        assert refused_at(world) == ("4 signature", cause)


def test_a_withheld_leaf_or_proof_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = world.hub.snapshot()
    fewer = replace(parts, registry_leaves=parts.registry_leaves[:-1], proofs=parts.proofs[:-1])
    monkeypatch.setattr(world.hub, "snapshot", lambda: fewer)
    assert refused_at(world) == ("3 registry", "REGISTRY_UNTRUSTED")
    monkeypatch.setattr(world.hub, "snapshot", lambda: replace(parts, proofs=parts.proofs[:-1]))
    assert refused_at(world) == ("2 inclusion", "PROOF_MISSING")


def test_a_leaf_that_is_not_in_the_log_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = world.hub.snapshot()
    changed = parts.registry_leaves[0].replace(b'"recorded_at":"20', b'"recorded_at":"21')
    assert changed != parts.registry_leaves[0]
    monkeypatch.setattr(
        world.hub, "snapshot", lambda: replace(parts, registry_leaves=[changed, *parts.registry_leaves[1:]])
    )
    assert refused_at(world) == ("2 inclusion", "INCLUSION_INVALID")


def test_a_checkpoint_of_another_log_is_refused(world: World, tmp_path: Path) -> None:
    other = open_world(tmp_path, fresh=False)
    world.hub.change_snapshot = lambda payload: payload.update(checkpoint=other.region.log.checkpoint().decode())
    step, _ = refused_at(world)
    assert step == "1 checkpoint"


def test_an_older_state_of_the_registry_is_not_believed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    old = world.hub.snapshot()
    world.region.grant("DECIDE", "spiffe://yidi.test/360102000000/jiangxi-donghu-scj/person/D01")
    fetch_snapshot(world.agent)
    before = kept_snapshot(world.agent)
    monkeypatch.setattr(world.hub, "snapshot", lambda: old)
    assert refused_at(world) == ("6 rollback", "SNAPSHOT_BEHIND")
    assert kept_snapshot(world.agent) == before


def test_nothing_is_kept_of_a_refused_snapshot(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = world.hub.snapshot()
    monkeypatch.setattr(world.hub, "snapshot", lambda: replace(parts, catalogue=b"{}"))
    refused_at(world)
    assert kept_snapshot(world.agent) is None
    assert world.agent.journal.registry() == []
    assert world.agent.journal.kept(f"document:{canonical.digest(parts.calendar)}") is None


def test_a_payload_of_another_shape_is_refused(world: World) -> None:
    world.hub.change_snapshot = lambda payload: payload.update(greatest_age_hours="72")
    assert refused_at(world) == ("", "SNAPSHOT_FORMAT")


def test_the_hub_cannot_stretch_the_greatest_age(world: World) -> None:
    world.hub.change_snapshot = lambda payload: payload.update(greatest_age_hours=10_000)
    made = fetch_snapshot(world.agent)
    assert made.greatest_age == timedelta(hours=72)
    with pytest.raises(Refusal, match="SNAPSHOT_TOO_OLD"):
        require_fresh(world.agent, made.made_at + timedelta(hours=72, seconds=1))


def test_the_hub_may_ask_for_a_smaller_age(world: World) -> None:
    world.hub.change_snapshot = lambda payload: payload.update(greatest_age_hours=6)
    assert fetch_snapshot(world.agent).greatest_age == timedelta(hours=6)
