"""node_agent.known.casemirror: a node's own finding about a case, whole or in part."""

from pathlib import Path

import pytest

from crypto.refusal import Refusal
from hub.casework.states import State
from node_agent.known.casemirror import mirror, resolve
from node_agent.process.runtime import Agent
from node_agent.transfer.receiver import Receiver
from tests.unit.agents.agent_region import Region
from tests.unit.evidence_log import DEPARTMENT, GATEWAY, WINDOW


@pytest.fixture
def agent(region: Region, tmp_path: Path) -> Agent:
    return region.agent(tmp_path / "dept", DEPARTMENT, ("A01",))


def test_a_whole_case_is_what_the_hub_has(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    inbox = Receiver(agent, region.transfer())
    inbox.step()
    region.send(agent)
    inbox.step()
    view = mirror(agent, case)
    assert view.file == region.log.files[case]
    assert (view.findings, view.missing) == ((), ())
    assert view.state is State.PENDING_ACCEPT
    assert set(view.clocks) == {"K1", "K2"}
    assert view.parties == {WINDOW, DEPARTMENT}
    assert (view.head.seq, view.head.digest) == (3, region.log.files[case].head)


def test_a_whole_case_needs_no_network(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    Receiver(agent, region.transfer()).step()
    agent.hub.away = True  # type: ignore[attr-defined]  # the fake's switch
    assert mirror(agent, case).file == region.log.files[case]


def test_without_the_manifest_the_state_is_read_from_the_acts(
    region: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window whose hub gives it the result's manifest in no way: no guess, but no silence either."""

    def refused(hub: object, case_name: str) -> bytes:
        raise Refusal("NOT_YOUR_CASE", "A24")

    case = region.log.run_case(1, until="issue")
    window = region.agent(tmp_path / "window", WINDOW, ("C01",))
    for sealing in region.log.files[case].sealings[:1]:
        region.packets[sealing.manifest, WINDOW] = []
    with monkeypatch.context() as closed:
        closed.setattr(type(window.hub), "export_evidence", refused)
        Receiver(window, region.transfer()).step()
    view = mirror(window, case)
    result = region.log.files[case].sealings[1].manifest
    assert view.missing == (f"manifest:{result}",)
    assert (view.file, view.state) == (None, State.DELIVERING)
    assert view.head.digest == region.log.files[case].head
    Receiver(window, region.transfer()).step()  # no packet of it came: codes and digests stand in the package
    assert mirror(window, case).file == region.log.files[case]


def test_a_gateway_knows_head_and_parcel(region: Region, tmp_path: Path) -> None:
    case = region.log.run_case(1)
    gateway = region.agent(tmp_path / "gateway", GATEWAY)
    Receiver(gateway, region.transfer()).step()
    view = mirror(gateway, case)
    assert view.file is None
    assert "leaves" in view.missing
    assert view.state is State.CLOSED
    assert view.head.digest == region.log.files[case].head
    (leg,) = view.parcels
    assert (leg.parcel, leg.gateway, leg.waybill_no) == ("P0001", GATEWAY, "1234567890123")
    assert (leg.status, leg.proof_level) == ("DELIVERED", 2)


def test_an_act_against_the_law_is_a_finding(region: Region, agent: Agent) -> None:
    """The hub recorded what the law forbids: every signature is good, and yet this node does not follow."""
    case, digest = region.forward()
    inbox = Receiver(agent, region.transfer())
    inbox.step()
    sealed = region.log.pinned.pop(digest)
    body = {"manifest": "0" * 64}
    file = region.log.files[case]
    region.log.files[case] = file.__class__(**{**file.__dict__, "sealings": _renamed(file.sealings)})
    region.log.say(case, "delivered", DEPARTMENT, "department", body)
    region.log.pinned[digest] = sealed
    inbox.step()
    view = mirror(agent, case)
    assert [found.code for found in view.findings] == ["MANIFEST_MISMATCH"]
    assert view.file is None


def _renamed(sealings: tuple[object, ...]) -> tuple[object, ...]:
    (only,) = sealings
    return (type(only)(**{**only.__dict__, "manifest": "0" * 64}),)


def test_cases_are_found_by_every_number(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    Receiver(agent, region.transfer()).step()
    file = region.log.files[case]
    assert {resolve(agent, name) for name in (case, file.case_no, file.public_no)} == {case}
    for unknown in ("0" * 32, "000000000000"):
        with pytest.raises(Refusal) as caught:
            resolve(agent, unknown)
        assert caught.value.code == "CASE_UNKNOWN_HERE"
    with pytest.raises(Refusal) as caught:
        mirror(agent, "0" * 32)
    assert caught.value.code == "CASE_UNKNOWN_HERE"
