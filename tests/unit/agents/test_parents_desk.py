"""What people do about a parent: answers, one notice, supplement, choice, withdrawal, opinions, exit (states.md 8)."""

from datetime import timedelta
from pathlib import Path

import pytest

from crypto.identity import person_id
from crypto.keystore import SoftwareKeystore
from crypto.refusal import Refusal
from crypto.statement import read_signed
from node_agent.acts import LateEntry
from node_agent.department import desk as department
from node_agent.department import result, review
from node_agent.known.casemirror import history, mirror
from node_agent.originals import delivery
from node_agent.parents import desk, sealing, supplement
from node_agent.process.runtime import Agent
from node_agent.supervision import supervising
from node_agent.supervision.supervising import Seen
from node_agent.transfer import bounce, following, opening
from node_agent.transfer.rewrap import rewrap
from node_agent.window import drafts
from node_agent.window import ends as window_ends
from node_agent.window.papers import notice_paper
from node_agent.window.seal import READS
from storage.journal import OutboxEntry
from tests.paper_reader import read_paper
from tests.unit.agents.family_region import BATHS, Family, open_family
from tests.unit.agents.family_region import department as node_of
from tests.unit.agents.window_world import STAFF, TICKS, page_file
from tests.unit.evidence_log import WINDOW, node

LINES = [f"T{number:02}" for number in range(1, 9)]


@pytest.fixture
def family(tmp_path: Path) -> Family:
    return open_family(tmp_path)


@pytest.fixture
def baths(family: Family) -> dict[str, str]:
    """Three baths, each with its department; cases by part, the parent's under an empty name."""
    parent = family.begin_baths()
    family.scan(parent, LINES)
    family.seal(parent)
    children = family.dispatched(parent)
    for name in BATHS:
        family.hear(name)
    return {"": parent, **children}


def lead(family: Family) -> Agent:
    return family.hear(BATHS[0])


def answered(family: Family, baths: dict[str, str], **lacks: list[tuple[str, str]]) -> None:
    for part, name in zip(("P1", "P2", "P3"), BATHS, strict=True):
        lines = lacks.get(part, [])
        agent = family.hear(name)
        family.said(agent, desk.answer(agent, baths[part], "A01", "LACKS" if lines else "OK", lines))
    family.window_hears()


def due(family: Family) -> str:
    return (family.log.now + timedelta(days=15)).date().isoformat()


def granted(family: Family, name: str, case: str) -> None:
    agent = family.hear(name)
    family.said(agent, department.accept(agent, case, "A01"))
    family.said(agent, department.decide(agent, case, "H01", "GRANT"))


@pytest.mark.requirement("B04", "row P2")
def test_the_lead_tells_once_what_the_parts_answered(
    family: Family, baths: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = baths[""]
    monkeypatch.setattr(opening, "TransferClient", family.world.region.transfer)
    with pytest.raises(Refusal, match="NOTHING_LACKS"):
        desk.merged_notice(lead(family), parent, "A01", due(family), ["WINDOW"])
    answered(family, baths, P2=[("M02", "UNREADABLE"), ("M04", "UNREADABLE")], P3=[("M02", "UNREADABLE")])
    agent = lead(family)
    entry = desk.merged_notice(agent, parent, "A01", due(family), ["WINDOW"], "请重新拍摄身份证，四角完整。")
    family.said(agent, entry)
    family.window_hears()
    assert [family.state(case) for case in baths.values()] == [
        "P_SUPPLEMENT", "PENDING_ACCEPT", "SUPPLEMENT", "SUPPLEMENT",
    ]  # fmt: skip
    window = family.world.agent
    assert sorted(supplement.lines(window, parent)) == ["T02", "T06"], "one identity card for both"

    def told(digest: str) -> OutboxEntry:
        family.sent(window)
        found = window.journal.entry(digest)
        assert found is not None
        return found

    file, lines = notice_paper(window, parent, STAFF, told)
    text = read_paper(file).text.replace("\n", "")
    for words in ("法定代表人（负责人）居民身份证", "多地联办", "请重新拍摄身份证"):
        assert words in text, words
    assert len(lines) == 5


@pytest.mark.requirement("row P12")
def test_the_coordinator_tells_where_the_lead_is_silent(
    family: Family, baths: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(family, baths, P2=[("M04", "UNREADABLE")])
    desk_node, region = node("360000000000", "coordination-desk"), family.world.region
    family.log.register(desk_node, desk_node, "360000000000", ["coordinator"], None)
    family.log.register(person_id(desk_node, "C01"), desk_node, "", ["COORDINATOR"], None)
    agent = region.agent(tmp_path / "coordination", desk_node, ["C01"])
    agent.registry.refresh(agent.hub)
    monkeypatch.setattr(supervising, "look", lambda agent, name: Seen(family.file(name), ()))
    early = desk.notice_for_lead(agent, baths[""], "C01", due(family), ["WINDOW"])
    (refused,) = region.send(agent)
    assert refused.payload_digest == early.payload_digest and refused.refusal is not None
    assert refused.refusal.code == "MERGE_NOT_DUE"
    family.log.now += timedelta(days=5)  # Saturday: the lead's four working days are over, K2 is not
    family.said(agent, desk.notice_for_lead(agent, baths[""], "C01", due(family), ["WINDOW"]))
    assert (family.state(baths[""]), family.state(baths["P2"])) == ("P_SUPPLEMENT", "SUPPLEMENT")


@pytest.mark.requirement("B05", "I06", "row P2", "row P5A")
def test_one_hand_in_serves_every_part_that_lacks_it(family: Family, baths: dict[str, str], tmp_path: Path) -> None:
    parent, window = baths[""], family.world.agent
    answered(family, baths, P2=[("M02", "UNREADABLE"), ("M04", "UNREADABLE")], P3=[("M02", "UNREADABLE")])
    agent = lead(family)
    family.said(agent, desk.merged_notice(agent, parent, "A01", due(family), ["WINDOW"]))
    family.window_hears()
    with pytest.raises(Refusal, match="NOT_DEMANDED"):
        supplement.add_pages(window, parent, "T01", page_file(tmp_path, "a.jpg"), "SEEN_RETURNED")
    with pytest.raises(Refusal, match="PAGES_NONE"):
        supplement.seal(window, parent, STAFF, applicant_signed=True)
    for seed, line in enumerate(("T02", "T06"), start=40):
        supplement.add_pages(window, parent, line, page_file(tmp_path, f"{line}.jpg", seed), "SEEN_RETURNED")
    made = supplement.seal(window, parent, STAFF, applicant_signed=True)
    assert sorted(one.materials for _, one in made) == [("M02",), ("M02", "M04")]
    family.sent(window)
    given = [one for one in family.file(baths["P1"]).sealings if one.kind == "addendum"]
    wraps = [wrap for wrap in family.file(baths["P1"]).wraps if wrap.manifest in {one.manifest for one in given}]
    assert len(given) == 1, "the first part did not ask for it, and has it too, once"
    assert {wrap.lines for wrap in wraps if wrap.recipient == node_of(BATHS[0])} == {("M02",)}
    assert [family.state(case) for case in baths.values()] == ["P_DISPATCHED", *["PENDING_ACCEPT"] * 3]
    for name, part in zip(BATHS, ("P1", "P2", "P3"), strict=True):
        agent = family.hear(name)
        family.said(agent, department.accept(agent, baths[part], "A01"))
    assert family.state(parent) == "P_IN_PROGRESS"


@pytest.mark.requirement("B05", "B07", "E01", "row P5A")
def test_what_is_handed_in_reaches_a_part_that_waits_for_another(family: Family, tmp_path: Path) -> None:
    parent, window = family.begin_baths(after={"P3": ["P1"]}), family.world.agent
    family.scan(parent, LINES)
    family.seal(parent)
    children = family.dispatched(parent)
    for name, part in zip(BATHS[:2], ("P1", "P2"), strict=True):
        lines = [("M02", "UNREADABLE")] if part == "P2" else []
        agent = family.hear(name)
        family.said(agent, desk.answer(agent, children[part], "A01", "LACKS" if lines else "OK", lines))
    family.window_hears()
    agent = lead(family)
    family.said(agent, desk.merged_notice(agent, parent, "A01", due(family), ["WINDOW"]))
    family.window_hears()
    assert family.state(children["P3"]) == "COLLECTED"
    supplement.add_pages(window, parent, "T02", page_file(tmp_path, "T02.jpg", 40), "SEEN_RETURNED")
    supplement.seal(window, parent, STAFF, applicant_signed=True)
    family.sent(window)
    third = family.file(children["P3"])
    (given,) = (one.manifest for one in third.sealings if one.kind == "addendum")
    there = {wrap.lines for wrap in third.wraps if (wrap.manifest, wrap.recipient) == (given, node_of(BATHS[2]))}
    assert (third.state.value, there) == ("COLLECTED", {("M02",)})
    granted(family, BATHS[0], children["P1"])
    agent = family.hear(BATHS[2])
    assert family.state(children["P3"]) == "PENDING_ACCEPT"
    family.said(agent, department.accept(agent, children["P3"], "A01"))


@pytest.mark.requirement("row P10")
def test_the_whole_is_withdrawn_before_and_the_rest_after_the_first_decision(
    family: Family, baths: dict[str, str], tmp_path: Path
) -> None:
    window, paper = family.world.agent, page_file(tmp_path, "signed.jpg", 77)
    assert desk.is_parent(window, baths[""]) and not desk.is_parent(window, baths["P1"])
    granted(family, BATHS[0], baths["P1"])
    family.window_hears()
    entry = desk.withdraw(window, baths[""], STAFF, paper)
    assert entry.event == "withdraw_undecided"
    family.said(window, entry)
    assert [family.state(baths[part]) for part in ("P1", "P2", "P3")] == ["DECIDED", "WITHDRAWN", "WITHDRAWN"]


@pytest.mark.requirement("row P10")
def test_a_parent_is_withdrawn_as_a_whole(family: Family, baths: dict[str, str], tmp_path: Path) -> None:
    window = family.world.agent
    entry = desk.withdraw(window, baths[""], STAFF, page_file(tmp_path, "signed.jpg", 77))
    assert entry.event == "withdraw_parent"
    family.said(window, entry)
    assert [family.state(case) for case in baths.values()] == ["P_WITHDRAWN", *["WITHDRAWN"] * 3]


@pytest.mark.requirement("A22", "row P1S", "row P10")
def test_a_parent_taken_in_and_withdrawn_on_paper_is_entered_later_with_every_part(
    family: Family, tmp_path: Path
) -> None:
    window, happened = family.world.agent, "2026-01-05T09:30:00.000+08:00"
    person, keys = person_id(WINDOW, "L01"), SoftwareKeystore(window.settings.home / "persons" / "L01")
    family.log.register(person, WINDOW, "", ["COLLECT_LEAD"], None)
    keys._write("sign.pem", family.log.keys[person].sign.private_pem())
    window.registry.refresh(window.hub)
    late = LateEntry(happened, "EMERGENCY", "L01")
    parent = family.begin_baths()
    family.scan(parent, LINES)
    sealing.seal(window, parent, STAFF, READS, late, **TICKS)
    cases = family.dispatched(parent)
    family.said(window, desk.withdraw(window, parent, STAFF, page_file(tmp_path, "signed.jpg", 77), late=late))
    assert [family.state(case) for case in (parent, *cases.values())] == ["P_WITHDRAWN", *["WITHDRAWN"] * 3]
    acts = [read_signed(act.envelope) for case in (parent, *cases.values()) for act in window.journal.acts(case)]
    marked = [act for act in acts if act.type in ("seal_parent", "seal", "withdraw_parent")]
    assert len(marked) == 5 and {act.occurred_at for act in marked} == {happened}
    assert {act.body["second_person"] for act in marked} == {person}


@pytest.mark.requirement("B07", "B08", "row P8")
def test_results_leave_by_one_exit(family: Family, baths: dict[str, str], tmp_path: Path) -> None:
    window, page = family.world.agent, page_file(tmp_path, "result.jpg", 9)
    for part, name in zip(("P1", "P2", "P3"), BATHS, strict=True):
        granted(family, name, baths[part])
        family.log.grant_at(node_of(name), "I01")
        agent = family.hear(name)
        agent.registry.refresh(agent.hub)
        if part == "P3":
            family.window_hears()
            with pytest.raises(Refusal, match="RESULTS_AWAITED"):
                desk.gather(window, baths[""], STAFF)
        result.issue(agent, baths[part], "I01", [page])
        family.sent(agent)
    family.window_hears()
    entry = desk.gather(window, baths[""], STAFF)
    family.said(window, entry)
    family.window_hears()
    assert family.state(baths[""]) == "P_DELIVERING"
    family.said(window, delivery.opened(window, baths[""]))
    assert [family.state(case) for case in baths.values()] == ["P_CLOSED", *["CLOSED"] * 3]


@pytest.mark.requirement("row P4", "C09")
def test_a_pause_on_the_longest_path_pauses_the_whole(family: Family, baths: dict[str, str]) -> None:
    for part, name in zip(("P1", "P2", "P3"), BATHS, strict=True):
        agent = family.hear(name)
        family.said(agent, department.accept(agent, baths[part], "A01"))
    agent = family.hear(BATHS[2])
    until = (family.log.now + timedelta(days=8)).date().isoformat()
    review.start_special(agent, baths["P3"], "R01", "TEST", until, "水质检测约需八日。")
    family.sent(agent)
    family.window_hears()
    seen = desk.parent_here(family.world.agent, baths[""])
    assert seen == family.file(baths[""]) and seen.clocks["K3"].paused and seen.clocks["K4"].paused
    family.said(agent, review.end_special(agent, baths["P3"], "R01", "PASSED"))
    assert not family.file(baths[""]).clocks["K3"].paused


@pytest.mark.requirement("row P4")
def test_the_lead_s_head_extends_the_whole_once(family: Family, baths: dict[str, str]) -> None:
    for part, name in zip(("P1", "P2", "P3"), BATHS, strict=True):
        agent = family.hear(name)
        family.said(agent, department.accept(agent, baths[part], "A01"))
    agent = lead(family)
    with pytest.raises(Refusal, match="WORDS_MISSING"):
        desk.extend(agent, baths[""], "H01", "", 15, "COMPLEX", " ")
    before = family.file(baths[""]).clocks["K4"].due
    family.said(agent, desk.extend(agent, baths[""], "H01", "", 15, "COMPLEX", "三地标准不一，需要统一。"))
    assert (family.file(baths[""]).clocks["K4"].due or "") > (before or "")


def test_what_is_no_parent_is_said_so(family: Family, baths: dict[str, str]) -> None:
    with pytest.raises(Refusal, match="NOT_A_PARENT"):
        desk.parent_here(family.world.agent, baths["P1"])
    with pytest.raises(Refusal, match="CASE_UNKNOWN_HERE"):
        desk.parent_here(family.world.agent, "0" * 32)
    agent = family.world.agent
    draft = family.begin_baths()
    with pytest.raises(Refusal, match="PARENT_DRAFT"):
        window_ends.decline(agent, draft, STAFF, applicant_agreed=True)
    entry = agent.journal.entry(window_ends.discard(agent, draft, "APPLICANT_LEFT"))
    assert entry is not None and drafts.load(agent, draft).parts


def test_the_one_object_stays_until_every_part_is_delivered(family: Family) -> None:
    parent = family.begin_baths()
    family.scan(parent, LINES)
    made = family.seal(parent)
    children = family.dispatched(parent)
    window = family.world.agent
    upload = window.journal.upload(made.manifest)
    assert upload is not None
    spooled = window.spool / upload.file
    for number, name in enumerate(BATHS, start=1):
        family.hear(name)
        family.window_hears()
        for child in children.values():
            bounce.drop_delivered(window, child, history(window.journal, child))
        assert spooled.exists() is (number < 3)


def test_a_department_that_had_no_key_gets_its_own_lines_later(family: Family, baths: dict[str, str]) -> None:
    """What ``missing_wraps`` and a rotation do: the window wraps a child again, from its own packets there."""
    window, child = family.world.agent, baths["P2"]
    rewrap(window, child, node_of(BATHS[1]))
    (entry,) = family.sent(window)
    assert {packet.line for packet in entry.packets} == {"T02", "T03", "T05", "T06", "FORM@P2"}
    assert following.attend(window, child) is None
    view = mirror(family.hear(BATHS[1]), child)
    assert view.file == family.file(child)
