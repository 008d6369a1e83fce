"""Window and department about promises, commitments, reuse and second intakes (B09, B10, B16, A22, E02)."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from crypto import applicant
from crypto.canonical import CHINA
from crypto.log import leaf as leaves
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.statement import read_signed
from hub.casework.materials import across
from hub.casework.states import State
from node_agent.department import materials as department_materials
from node_agent.keys import applicant_key
from node_agent.known.snapshot import fetch_snapshot
from node_agent.transfer.opening import OpenedPage
from node_agent.transfer.sender import Sender
from node_agent.window import debts as window_debts
from node_agent.window import drafts
from node_agent.window import materials as window_materials
from node_agent.window import pages as window_pages
from node_agent.window.draft_says import said_of
from node_agent.window.intake import add_pages, seal
from storage.journal import OutboxEntry
from tests.unit.agents.family_region import bath_items, open_family
from tests.unit.agents.window_world import FORM, KEY_MATERIALS, STAFF, TICKS, World, open_world, page_file
from tests.unit.evidence_log import ACCEPTOR, DECIDER, DEMO, DEPARTMENT, ITEM, WINDOW

SECRET = b"\x07" * 32


@pytest.fixture
def world(tmp_path: Path) -> World:
    return open_world(tmp_path)


def code_of(call: Callable[[], object]) -> str:
    """Code of the refusal of a call; empty when it is let through."""
    try:
        call()
    except Refusal as refusal:
        return refusal.code
    return ""


def in_days(days: int) -> date:
    """A day from now on, in Beijing."""
    return datetime.now(UTC).astimezone(CHINA).date() + timedelta(days=days)


def shared(world: World, generation: int = 1, secret: bytes = SECRET) -> None:
    """The registrar gave the window the applicants' secret."""
    log = world.region.log
    record = log.directory.current(WINDOW)
    body = {
        "name": applicant.NAME, "node": WINDOW, "recipient_key": record.kem.id, "generation": generation,
        "packet": base64.b64encode(applicant.seal_for(record, secret)).decode(),
    }  # fmt: skip
    log.say_registry("secret.share", body, [log.registrar])
    world.agent.registry.refresh(world.agent.hub)


@pytest.mark.requirement("B10")
def test_b10_a_tolerated_material_from_the_window_to_the_decision(world: World, tmp_path: Path) -> None:
    agent, log = world.agent, world.region.log
    case, page = world.scanned(tmp_path), page_file(tmp_path, "promise.jpg", 7)
    assert code_of(lambda: window_materials.tolerate(agent, case, "M01", in_days(3), page)) == "MATERIAL_IS_KEY"
    printed = window_materials.promise_paper(agent, case, ["M05"], in_days(3))
    assert printed.data.startswith(b"%PDF")
    window_materials.tolerate(agent, case, "M05", in_days(3), page)
    made, sender = seal(agent, case, STAFF, **TICKS), Sender(agent, world.transfer())
    sender.step()
    log.say(case, "delivered", DEPARTMENT, "department", {"manifest": made.manifest})
    log.say(case, "accept", ACCEPTOR, "ACCEPTOR", {})
    world.receive()
    assert [(debt.material, debt.due) for debt in window_debts.debts_of(agent, case)] == [
        ("M05", in_days(3).isoformat())
    ]
    assert (
        code_of(lambda: log.say(case, "decide", DECIDER, "DECIDER", {"outcome": "GRANT", "grant": "G-DECIDE"}))
        == "DEBT_OPEN"
    )
    owed = page_file(tmp_path, "book.jpg", 9)
    assert code_of(lambda: window_debts.pay(agent, case, STAFF, {"M08": owed}, applicant_signed=True)) == "NOT_OWED"
    assert code_of(lambda: window_debts.pay(agent, case, STAFF, {"M05": owed}, applicant_signed=False)) == (
        "DECLARATION_MISSING"
    )
    paid = window_debts.pay(agent, case, STAFF, {"M05": owed}, applicant_signed=True)
    sender.step()
    assert paid.materials == ("M05",) and all(debt.settled for debt in log.files[case].debts)
    log.say(case, "decide", DECIDER, "DECIDER", {"outcome": "GRANT", "grant": "G-DECIDE"})
    assert log.files[case].state is State.DECIDED
    world.receive()
    assert department_materials.case_here(agent, case).debts == log.files[case].debts


@pytest.mark.requirement("B09", "A07")
def test_b09_a_commitment_is_signed_after_it_was_explained(world: World, tmp_path: Path) -> None:
    agent, page = world.agent, page_file(tmp_path, "letter.jpg", 5)
    case = world.scanned(tmp_path)
    assert window_materials.commitment_paper(agent, case, ["M04"]).data.startswith(b"%PDF")
    assert code_of(lambda: window_materials.commit(agent, case, "M04", page, told=False)) == "DECLARATION_MISSING"
    assert code_of(lambda: window_materials.commit(agent, case, "M01", page, told=True)) == "ACQUISITION_NOT_ALLOWED"
    add_pages(agent, case, "M04", page, "COMMITMENT", "NOT_NEEDED", anew=True)
    assert code_of(lambda: seal(agent, case, STAFF, **TICKS)) == "DECLARATION_MISSING"
    window_materials.commit(agent, case, "M04", page, told=True)
    seal(agent, case, STAFF, **TICKS)
    Sender(agent, world.transfer()).step()
    assert [one.material for one in world.region.log.files[case].commitments] == ["M04"]


@pytest.mark.requirement("A22", "E07")
def test_a22_the_applicant_is_keyed_with_a_secret_that_the_hub_does_not_have(world: World, tmp_path: Path) -> None:
    agent = world.agent
    assert applicant_key.digests_of(agent, FORM).now == ""
    shared(world)
    number = str(FORM["applicant"]["citizen_id"])
    assert applicant_key.digests_of(agent, FORM).now == applicant.keyed_digest(SECRET, "CITIZEN_ID", number)
    assert code_of(lambda: applicant_key.digests_of(agent, {"applicant": {"name": "余知远"}})) == "APPLICANT_UNNAMED"
    bad = {"applicant": {"citizen_id": number[:-1] + "0"}}
    assert code_of(lambda: applicant_key.digests_of(agent, bad)) == "CITIZEN_ID_CHECK"
    other = {"applicant": {"document_type": "414", "document_no": "e 1234567"}}
    assert applicant_key.applicant_of(other) == ("DOCUMENT_414", "E1234567")
    body = {"credit_code": "91110000600037341L"}
    assert applicant_key.applicant_of(body) == ("CREDIT_CODE", "91110000600037341L")
    case = world.sealed(tmp_path).case_id
    Sender(agent, world.transfer()).step()
    assert world.region.log.files[case].applicant == applicant_key.digests_of(agent, FORM).now
    assert number.encode() not in b"".join(world.region.log.entries)


@pytest.mark.requirement("A22", "D21")
def test_a22_a_new_secret_and_the_older_one_are_compared_until_the_older_is_retired(
    world: World, tmp_path: Path
) -> None:
    agent, log = world.agent, world.region.log
    shared(world)
    earlier = world.sealed(tmp_path)
    Sender(agent, world.transfer()).step()
    world.receive()
    shared(world, 2, b"\x09" * 32)
    who = applicant_key.digests_of(agent, FORM)
    number = str(FORM["applicant"]["citizen_id"])
    assert who.now == applicant.keyed_digest(b"\x09" * 32, "CITIZEN_ID", number)
    assert who.before == applicant.keyed_digest(SECRET, "CITIZEN_ID", number)
    again = world.begin()
    assert {kept.case for kept in window_materials.shelf(agent, again)} == {earlier.case_id}
    said = said_of(agent, drafts.load(agent, again))
    assert (said["applicant"], said["applicant_before"]) == (who.now, who.before)
    log.say_registry("secret.retire", {"name": applicant.NAME, "generation": 1}, [log.registrar])
    agent.registry.refresh(agent.hub)
    assert applicant_key.digests_of(agent, FORM) == applicant_key.Digests(who.now)
    assert window_materials.shelf(agent, again) == []
    assert "applicant_before" not in said_of(agent, drafts.load(agent, again))


@pytest.mark.requirement("E02", "D21")
def test_d21_earlier_papers_of_the_same_applicant_are_found_by_his_key_alone(world: World, tmp_path: Path) -> None:
    agent = world.agent
    shared(world)
    earlier = world.sealed(tmp_path)
    Sender(agent, world.transfer()).step()
    world.receive()
    again = world.begin()
    found = window_materials.shelf(agent, again)
    assert {one.material for one in found} == set(KEY_MATERIALS)
    assert {(one.case, one.public_no, one.trust) for one in found} == {(earlier.case_id, earlier.public_no, "B")}
    draft = drafts.load(agent, again)
    draft.form = {"applicant": {"citizen_id": "360101198512120023"}}
    drafts.save(agent, draft)
    assert window_materials.shelf(agent, again) == []


@pytest.mark.requirement("E02", "D21", "row P1")
def test_d21_papers_of_a_part_of_a_joint_matter_are_found_under_its_own_items_codes(tmp_path: Path) -> None:
    """The one sealing is the parent's, with codes of its one list; the part's item knows none of them."""
    family = open_family(tmp_path)
    agent = family.world.agent
    shared(family.world)
    parent = family.begin_baths()
    family.scan(parent, [f"T{number:02}" for number in range(1, 9)])
    family.seal(parent)
    children = family.dispatched(parent)
    family.window_hears()
    task = bath_items()[0]
    form = {
        name: value for name, value in json.loads((DEMO / "form-baths.json").read_bytes()).items() if name != "delivery"
    }
    again = family.world.begin(task_code=task, form=form, delivery="ELECTRONIC", address=None)
    found = window_materials.shelf(agent, again)
    codes = {material.code for material in drafts.item_of(agent, drafts.load(agent, again)).materials}
    assert found and {one.material for one in found} <= codes
    assert {one.case for one in found} <= set(children.values()), "the parts speak, each for its own"
    manifest = read_manifest(family.log.manifests[found[0].manifest])
    assert {one.line for one in found} <= {line.line for line in manifest.lines}


def reusing(world: World, material: str) -> None:
    """A newer list lets the material be used again."""
    log = world.region.log
    newest = log.directory.latest("catalogue")
    assert newest is not None
    document = json.loads(log.documents["catalogue", newest.version])
    item = next(one for one in document["items"] if one["task_code"] == ITEM)
    next(one for one in item["materials"] if one["code"] == material)["acquisition"].append("REUSED")
    log.publish("catalogue", document | {"version": "2026.12-1"})
    fetch_snapshot(world.agent)


@pytest.mark.requirement("E02", "D21", "H02")
def test_e02_a_paper_of_an_earlier_case_is_opened_and_sealed_anew_as_the_same_pages(
    world: World, tmp_path: Path
) -> None:
    agent, log = world.agent, world.region.log
    shared(world)
    reusing(world, "M02")
    earlier, sender = world.sealed(tmp_path), Sender(agent, world.transfer())
    sender.step()
    world.receive()
    world.hub.__dict__["grant_download"] = lambda name, manifest: ("store", log.manifests[manifest])
    ciphertext = agent.settings.home / "inbox" / earlier.case_id
    ciphertext.mkdir(parents=True)
    (ciphertext / f"{earlier.manifest}.sealed").write_bytes(world.region.objects[earlier.manifest])

    def answered(digest: str) -> OutboxEntry:
        sender.step()
        found = agent.journal.entry(digest)
        assert found is not None
        return found

    case = world.scanned(tmp_path, [code for code in KEY_MATERIALS if code != "M02"])
    kept = next(one for one in window_materials.shelf(agent, case) if one.material == "M02")
    agreement = page_file(tmp_path, "agreement.jpg", 11)
    expired = (in_days(-1).isoformat(), agreement, STAFF)
    assert code_of(lambda: window_materials.reuse(agent, case, kept, *expired, answered=answered)) == "REUSE_EXPIRED"
    window_materials.reuse(agent, case, kept, "LONG_TERM", agreement, STAFF, answered=answered)
    opened = [read_signed(leaves.decode(data).envelope) for data in log.entries]
    (access,) = [one for one in opened if one.type == "open_document"]
    assert (access.case, access.body["purpose"]) == (earlier.case_id, "REUSE")
    window_materials.second_intake(agent, case, earlier.case_id, "OTHER_MATTER")
    made = seal(agent, case, STAFF, **TICKS)
    sender.step()
    assert [entry.refusal for entry in agent.journal.acts(case) if entry.refusal] == []
    file = log.files[case]
    (reuse,) = file.reused
    assert (reuse.case, reuse.manifest, reuse.line) == (earlier.case_id, earlier.manifest, kept.line)
    before, now = (read_manifest(log.manifests[digest]) for digest in (earlier.manifest, made.manifest))
    across.require_reusable(file, reuse, WINDOW, log.files[earlier.case_id], before, now)
    line = next(line for line in now.lines if line.material == "M02")
    assert (line.acquisition, line.trust, len(line.pages)) == ("REUSED", "B", 1)


@pytest.mark.requirement("E02", "D21")
def test_e02_an_answer_kept_as_data_is_sealed_anew_with_its_own_salt(tmp_path: Path) -> None:
    """So its commitment stays what it was, and the hub sees that it is the same answer (``across``)."""
    salt, data = b"\x05" * 32, b"{}"
    opened = OpenedPage(1, "application/json", len(data), lambda: data, salted=lambda: (salt, data))
    kept = window_pages.again(tmp_path, "M02", opened)
    assert window_pages.sealed_page(tmp_path, kept).salt == salt


@pytest.mark.requirement("A22")
def test_a22_a_second_intake_says_why(world: World) -> None:
    agent, case = world.agent, world.begin()
    assert code_of(lambda: window_materials.second_intake(agent, case, "d1" * 16, "BECAUSE")) == "REASON_UNKNOWN"
    window_materials.second_intake(agent, case, "d1" * 16, "OTHER_MATTER")
    said = said_of(agent, drafts.load(agent, case))
    assert said == {"duplicate_of": "d1" * 16, "duplicate_reason": "OTHER_MATTER"}
