"""Somebody acts for the applicant at a window: the form names him, the paper is a line of its own (行政许可法 29)."""

from pathlib import Path
from typing import Any

import pytest

from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.statement import read_signed
from node_agent.window import drafts, proxy
from node_agent.window import intake as window
from tests.unit.agents.family_region import open_family
from tests.unit.agents.window_world import STAFF, TICKS, World, open_world, page_file

AGENT = {"name": "方小满", "citizen_id": "36110120000229004X"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return open_world(tmp_path)


def acting(world: World, home: Path, **form: Any) -> str:
    """A draft with all pages, whose form may name an agent."""
    case = world.scanned(home)
    draft = drafts.open_draft(world.agent, case)
    draft.form = draft.form | form
    drafts.save(world.agent, draft)
    return case


@pytest.mark.requirement("E12", "row T01", "row T05")
def test_a_power_of_attorney_is_sealed_as_a_line_of_its_own(world: World, tmp_path: Path) -> None:
    paper = page_file(tmp_path, "proxy.jpg", 11)
    unnamed = acting(world, tmp_path)
    with pytest.raises(Refusal, match="AGENT_UNNAMED"):
        proxy.empower(world.agent, unnamed, paper)
    case = acting(world, tmp_path, agent=AGENT)
    assert len(proxy.empower(world.agent, case, paper).taken) == 1
    window.seal(world.agent, case, STAFF, **TICKS)
    assert [one.refusal for one in world.region.send(world.agent) if one.refusal] == []
    (sealed,) = [act for act in world.agent.journal.acts(case) if act.event == "seal"]
    said = read_signed(sealed.envelope).body
    assert said["agent"] is True
    manifest = read_manifest(world.region.log.manifests[str(said["manifest"])])
    (line,) = [one for one in manifest.lines if one.material == "PROXY"]
    assert (line.acquisition, line.trust, line.original, len(line.pages)) == ("SUBMIT", "B", "SEEN_RETURNED", 1)
    assert AGENT["citizen_id"].encode() not in b"".join(world.region.log.entries)


@pytest.mark.requirement("E12", "row T05")
def test_who_acts_himself_after_all_hands_in_no_power_of_attorney(world: World, tmp_path: Path) -> None:
    case = acting(world, tmp_path, agent=AGENT)
    proxy.empower(world.agent, case, page_file(tmp_path, "proxy.jpg", 11))
    proxy.unempower(world.agent, case)
    window.seal(world.agent, case, STAFF, **TICKS)
    (sealed,) = [act for act in world.agent.journal.acts(case) if act.event == "seal"]
    assert "agent" not in read_signed(sealed.envelope).body


@pytest.mark.requirement("B05", "B06", "row P1")
def test_in_a_joint_matter_every_part_is_told_that_an_agent_acted(tmp_path: Path) -> None:
    family = open_family(tmp_path)
    parent, agent = family.begin_baths(), family.world.agent
    family.scan(parent, [f"T{number:02}" for number in range(1, 9)])
    draft = drafts.open_draft(agent, parent)
    draft.form = draft.form | {"agent": AGENT}
    drafts.save(agent, draft)
    proxy.empower(agent, parent, page_file(tmp_path, "proxy.jpg", 29))
    family.seal(parent)
    children = family.dispatched(parent)
    for case in children.values():
        told = [read_signed(act.envelope) for act in agent.journal.acts(case) if act.event == "seal"]
        assert [one.body["agent"] for one in told] == [True]
    manifest = family.log.files[parent].sealings[0].manifest
    assert b'"PROXY"' in family.log.manifests[manifest]
