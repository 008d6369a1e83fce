"""Parents at the agents: one draft, one sealing, each department its own part (states.md 8; B01, B05, B06, A09)."""

from dataclasses import replace
from pathlib import Path

import pytest

from crypto.evidence.build import Parts
from crypto.evidence.report import Verdict
from crypto.refusal import Refusal
from crypto.statement import read_signed
from node_agent.auditor.verify import audit
from node_agent.known.casemirror import manifest_here, mirror
from node_agent.parents import drafting
from node_agent.transfer import opening, pulling
from node_agent.transfer.behind import held_back
from node_agent.window import drafts
from storage.journal import OutboxEntry
from tests.unit.agents.family_region import BATHS, Family, bath_items, department, open_family
from tests.unit.agents.window_world import STAFF

LINES = [f"T{number:02}" for number in range(1, 9)]


@pytest.fixture
def family(tmp_path: Path) -> Family:
    return open_family(tmp_path)


def opened(family: Family, name: str, case: str) -> opening.OpenedCase:
    agent = family.desk(name)

    def answered(digest: str) -> OutboxEntry:
        family.sent(agent)
        found = agent.journal.entry(digest)
        assert found is not None
        return found

    return opening.open_case(
        agent, case, "A01", "ACCEPTOR", "ENQUIRY", answered=answered, transfer=family.world.region.transfer()
    )


@pytest.mark.requirement("A09", "B05")
def test_what_three_places_ask_alike_is_collected_once(family: Family) -> None:
    case = family.begin_baths()
    draft, lines = drafts.load(family.world.agent, case), drafts.checklist(family.world.agent, case)
    assert [line.material for line in lines] == LINES
    assert draft.serves["T02"] == dict.fromkeys(("P1", "P2", "P3"), "M02"), "the identity card"
    assert draft.serves["T03"] == dict.fromkeys(("P1", "P2", "P3"), "M03"), "the business licence"
    assert draft.serves["T01"] == {"P1": "M01"}, "each place has its own application form"
    assert all(line.key and line.open for line in lines)
    again = family.begin_baths(shared=["场所平面图和卫生设施布局图"])
    assert len(drafts.checklist(family.world.agent, again)) == 6, "the applicant says that one plan serves all three"


@pytest.mark.requirement("B01", "B05", "B18")
def test_a_theme_has_one_form_and_one_list(family: Family) -> None:
    agent, case = family.world.agent, family.begin_restaurant()
    draft = drafts.load(agent, case)
    assert [part.code for part in draft.parts] == ["P1", "P2", "P3", "P4", "P5"]
    item = drafts.item_of(agent, draft)
    assert (item.name, len(item.materials), item.statutory_limit.n) == ("我要开餐馆", 13, 45)
    plan = item.material("T07")
    assert plan is not None and plan.key and draft.serves["T07"] == {"P1": "M07", "P2": "M04", "P3": "M03", "P5": "M03"}
    with pytest.raises(Refusal, match="FORM_FIELD_UNKNOWN"):
        drafting.begin_theme(agent, "DH-2026-01", STAFF, {"F01": "知远小馆", "hobby": "x"}, "COUNTER_COLLECT")
    with pytest.raises(Refusal, match="THEME_UNKNOWN"):
        drafting.begin_theme(agent, "DH-9999-01", STAFF, {}, "COUNTER_COLLECT")


@pytest.mark.requirement("F09", "I01")
def test_a_way_that_the_hub_would_refuse_of_a_parent_is_refused_while_the_applicant_is_there(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = family.world.agent.registry.catalogue()
    here = catalogue.windows["chongqing-jiangjin-hall"]
    changed = {**catalogue.windows, here.node: replace(here, powers=frozenset({"COLLECT"}))}
    monkeypatch.setattr(catalogue, "windows", changed)
    with pytest.raises(Refusal, match="WINDOW_NOT_ISSUING"):
        family.begin_restaurant()
    assert family.begin_baths(), "electronic results need no counter"


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"after": {"P9": ["P1"]}}, "PART_UNKNOWN"),
        ({"after": {"P2": ["P7"]}}, "PART_UNKNOWN"),
        ({"modes": {"P2": "BY_BIKE"}}, "MODE_UNKNOWN"),
    ],
)
def test_parts_are_named_and_modes_are_of_the_list(family: Family, changes: dict[str, object], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        family.begin_baths(**changes)


def test_one_place_is_no_parent(family: Family) -> None:
    with pytest.raises(Refusal, match="PARTS_TOO_FEW"):
        drafting.begin_multi(family.world.agent, [(bath_items()[0], "")], STAFF, {}, "ELECTRONIC")


@pytest.mark.requirement("B06")
def test_parent_and_children_are_queued_in_order_offline(family: Family) -> None:
    family.world.hub.away = True
    case = family.begin_baths()
    with pytest.raises(Refusal, match="MATERIALS_INCOMPLETE"):
        family.seal(case)
    family.scan(case, LINES)
    made = family.seal(case)
    waiting = family.world.agent.journal.waiting()
    assert [entry.event for entry in waiting[:4]] == ["seal_parent", "seal", "seal", "seal"]
    assert {entry.event for entry in waiting[4:]} == {"wrap"} and len(waiting) == 4 + 2 + 3 * 3
    assert [entry.payload_digest for entry in waiting] == list(made.entries)
    assert len(family.world.agent.journal.uploads_waiting()) == 1, "all lines lie in one object"
    children = [entry.case_id for entry in waiting[1:4]]
    assert held_back(family.world.agent.journal) == set(children), "they go after the parent"
    numbers = {str(read_signed(entry.envelope).body["public_no"]) for entry in waiting[:4]}
    assert len(numbers) == 4 and made.public_no in numbers
    paper = family.world.paper(made)
    for words in ("一次申请，分送下列部门同时办理", "公共场所卫生许可（新办）", "赣州市章贡区卫生健康委员会"):
        assert words in paper.text.replace("\n", ""), words


@pytest.mark.requirement("B06", "row P1")
def test_parent_and_child_are_audited_each_by_its_own_package(family: Family) -> None:
    case = family.begin_baths()
    family.scan(case, LINES)
    family.seal(case)
    children = family.dispatched(case)
    for name in (case, *children.values()):
        found = audit(family.log.package(name), family.log.pins())
        assert (found.verdict, found.findings) == (Verdict.VALID, ()), name

    def foreign(parts: Parts) -> Parts:
        """The sealing of another case in the place of the parent's."""
        other = family.log.seal_manifest("f" * 32, "application", ["M01"])
        return replace(parts, manifests={**parts.manifests, other: family.log.manifests[other]})

    changed = audit(family.log.package(children["P1"], foreign), family.log.pins())
    assert "MANIFEST_FOREIGN" in {one.code for one in changed.findings}


@pytest.mark.requirement("A09", "B05", "B06")
def test_each_department_opens_its_own_part_and_nothing_else(family: Family) -> None:
    case = family.begin_baths()
    family.scan(case, LINES)
    family.seal(case)
    children = family.dispatched(case)
    assert held_back(family.world.agent.journal) == set()
    assert family.state(case) == "P_COLLECTED" or family.state(case) == "P_DISPATCHED"
    for number, name in enumerate(BATHS, start=1):
        part = f"P{number}"
        agent = family.hear(name)
        child = children[part]
        assert family.state(child) == "PENDING_ACCEPT", part
        view = mirror(agent, child)
        assert (view.findings, view.missing) == ((), ()) and view.file is not None
        assert view.file.bond is not None and view.file.bond.part == part
        shown = opened(family, name, child)
        assert sorted(line.material for line in shown.lines) == ["FORM", "M01", "M02", "M03", "M04"]
        assert shown.form["address"] and "parts" not in shown.form
        digest = pulling.application_of(agent, child)
        manifest = manifest_here(agent.journal, digest)[0]
        keys = {line for line, _ in pulling.data_keys(agent, child, digest, manifest)}
        others = {line.line for line in manifest.lines} - keys
        own = {"P1": {"T01", "T04"}, "P2": {"T05", "T06"}, "P3": {"T07", "T08"}}[part]
        assert keys == {"T02", "T03", f"FORM@{part}"} | own and len(others) == 6
        given = family.world.region.packets[digest, department(name)]
        assert {packet.line for packet in given} == keys, "the hub has no packet of another line for it"
