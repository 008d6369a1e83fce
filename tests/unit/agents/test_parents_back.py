"""A part that comes back to the window by itself: returned (T24), bounced as unsound (T12; states.md 8, P9)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from crypto.evidence.report import Verdict
from crypto.identity import person_id
from crypto.refusal import Refusal
from crypto.statement import read_envelope
from node_agent.auditor.verify import audit
from node_agent.transfer import following
from node_agent.transfer.sender import Sender
from node_agent.window import back, drafts, intake
from node_agent.window import seal as window_seal
from storage.journal import OutboxEntry
from tests.unit.agents.family_region import BATHS, Family, department, open_family
from tests.unit.agents.test_aside_agents import C01, DESK
from tests.unit.agents.test_parents_agents import LINES, opened
from tests.unit.agents.window_world import STAFF, TICKS, page_file
from tests.unit.evidence_log import HUB

FIRST = BATHS[0]


@pytest.fixture
def family(tmp_path: Path) -> Family:
    return open_family(tmp_path)


def dispatched(family: Family) -> tuple[str, dict[str, str], str]:
    """Parent, cases by part, digest of the one sealing."""
    parent = family.begin_baths()
    family.scan(parent, LINES)
    made = family.seal(parent)
    return parent, family.dispatched(parent), made.manifest


def answering(family: Family, sender: Sender) -> Callable[[str], OutboxEntry]:
    """The hub's answer to an act of the window."""

    def answered(digest: str) -> OutboxEntry:
        sender.step()
        found = family.world.agent.journal.entry(digest)
        assert found is not None
        return found

    return answered


def stored(family: Family, case: str, manifest: str) -> None:
    """The store gives the window the one sealing."""
    log, agent = family.log, family.world.agent
    family.world.hub.__dict__["grant_download"] = lambda name, digest: ("store", log.manifests[digest])
    folder = agent.settings.home / "inbox" / case
    folder.mkdir(parents=True)
    (folder / f"{manifest}.sealed").write_bytes(family.world.region.objects[manifest])


@pytest.mark.requirement("B06", "row T24", "row T05R", "row P9")
def test_a_part_that_was_returned_is_opened_again_by_itself_and_goes_on_as_the_part_it_is(
    family: Family, tmp_path: Path
) -> None:
    parent, children, manifest = dispatched(family)
    for name in BATHS:
        family.hear(name)
    case, agent, log = children["P1"], family.world.agent, family.log
    acceptor = person_id(department(FIRST), "A01")
    log.register(DESK, DESK, "360000000000", ["coordinator"], None)
    log.register(C01, DESK, "", ["COORDINATOR"], None)
    agent.registry.refresh(agent.hub)
    log.say(case, "misrouted", acceptor, "ACCEPTOR", {"reason": "WRONG_ITEM"})
    log.say(case, "return_to_window", C01, "COORDINATOR", {"reason": "APPLICANT_WISH"})
    family.window_hears()
    assert family.state(case) == "DRAFT"
    with pytest.raises(Refusal, match="DRAFT_UNKNOWN"):
        intake.add_pages(agent, case, "M02", page_file(tmp_path, "more.jpg"))
    sender = Sender(agent, family.world.transfer())
    stored(family, case, manifest)
    made = back.reopen(agent, case, STAFF, answered=answering(family, sender))
    assert (made.reason, made.dropped) == ("APPLICANT_WISH", ())
    draft = drafts.open_draft(agent, case)
    assert sorted(draft.lines) == ["M01", "M02", "M03", "M04"] and draft.form["address"]
    assert draft.public_no == family.file(case).public_no and draft.parts == ()
    again = window_seal.seal(agent, case, STAFF, **TICKS)
    assert (again.public_no, again.check_code) == (draft.public_no, "")
    sender.step()
    family.window_hears()
    file = family.file(case)
    assert file.bond is not None and (file.bond.parent, file.bond.part) == (parent, "P1")
    assert [made.revision for made in file.sealings_of("application")] == [1, 2]
    family.hear(FIRST)
    assert family.state(case) == "PENDING_ACCEPT"
    assert sorted(line.material for line in opened(family, FIRST, case).lines) == ["FORM", "M01", "M02", "M03", "M04"]
    assert next(part for part in family.file(parent).parts if part.part == "P1").state == "PENDING_ACCEPT"
    for name in (case, parent):
        found = audit(log.package(name), log.pins())
        assert (found.verdict, found.findings) == (Verdict.VALID, ()), name


def unsound(family: Family, case: str, manifest: str) -> None:
    """The department sends it back, and the hub finds that it is right."""
    said = {"manifest": manifest, "reason": "OBJECT_MISSING"}
    bounced = family.log.say(case, "bounced", department(FIRST), "department", said)
    finding = {"bounce": read_envelope(bounced.envelope).digest, "finding": "UNSOUND"}
    family.log.say(case, "bounce_examined", HUB, "hub", finding)
    family.window_hears()


@pytest.mark.requirement("row T12", "row T12D", "row P9")
def test_a_part_of_which_nothing_is_left_is_collected_anew_alone(family: Family, tmp_path: Path) -> None:
    parent, children, manifest = dispatched(family)
    case, agent = children["P1"], family.world.agent
    for name in BATHS[1:]:
        family.hear(name)
    for path in agent.spool.iterdir():
        path.unlink()
    unsound(family, case, manifest)
    digest = back.give_up(agent, case, STAFF, "CIPHERTEXT_GONE")
    sender = Sender(agent, family.world.transfer())
    sender.step()
    assert (entry := agent.journal.entry(digest)) is not None and entry.state == "DONE"
    family.window_hears()
    form = {"applicant": {"kind": "LEGAL_PERSON", "name": "知远浴室"}, "address": "测试路1号"}
    back.collect_anew(agent, case, STAFF, form)
    draft = drafts.open_draft(agent, case)
    assert (draft.lines, draft.public_no) == ({}, family.file(case).public_no)
    for seed, material in enumerate(("M01", "M02", "M03", "M04")):
        intake.add_pages(agent, case, material, page_file(tmp_path, f"again-{material}.jpg", seed))
    window_seal.seal(agent, case, STAFF, **TICKS)
    sender.step()
    family.hear(FIRST)
    assert family.state(case) == "PENDING_ACCEPT"
    assert family.state(parent) == "P_DISPATCHED"


@pytest.mark.requirement("row T12R", "row P9")
def test_a_part_found_unsound_is_stored_again_from_the_spool_and_goes_out_again(family: Family) -> None:
    _, children, manifest = dispatched(family)
    case, agent = children["P1"], family.world.agent
    unsound(family, case, manifest)
    family.world.region.objects.pop(manifest)
    family.world.hub.uploads.pop(manifest, None)
    following.attend(agent, case)
    following.attend(agent, case)  # asked again: queued once
    assert [act.event for act in agent.journal.acts(case)].count("resend") == 1
    Sender(agent, family.world.transfer()).step()
    file = family.file(case)
    assert (file.state.value, file.bounces[-1].settled) == ("FORWARDED", True)
    family.hear(FIRST)
    assert family.state(case) == "PENDING_ACCEPT"
    assert sorted(line.material for line in opened(family, FIRST, case).lines) == ["FORM", "M01", "M02", "M03", "M04"]
