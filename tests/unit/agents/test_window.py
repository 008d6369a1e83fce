"""The window's work on a draft, offline: what may be taken in, what is missing, what a seal queues."""

import errno
import json
import os
import stat
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crypto import canonical
from crypto.kem import kem_from_seed
from crypto.manifest import read as read_manifest
from crypto.records import read_public
from crypto.refusal import Refusal
from crypto.sealing import open_page, unwrap_key
from crypto.statement import read_envelope, read_statement
from hub.casework.numbers import check_public_number
from node_agent.paper import shelf
from node_agent.window import drafts
from node_agent.window import intake as window
from node_agent.window import materials as window_materials
from storage.journal import OutboxEntry
from tests.refused import code_of
from tests.unit.agents.agent_region import RECOVERY
from tests.unit.agents.window_world import (
    ADDRESS,
    FORM,
    KEY_MATERIALS,
    STAFF,
    TICKS,
    World,
    open_world,
    page_file,
)
from tests.unit.evidence_log import DEPARTMENT, ITEM, PREFIX, WINDOW

SUSPENDED = "1136070290000712834000123009001"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = open_world(tmp_path)
    made.hub.away = True
    return made


def body(entry: OutboxEntry) -> dict[str, Any]:
    return dict(read_statement(read_envelope(entry.envelope).payload).body)


# --- begin -------------------------------------------------------------------------------------------------------


def test_only_listed_live_items_of_this_window_are_begun(world: World) -> None:
    assert code_of(lambda: world.begin(task_code="1" * 31)) == "UNKNOWN_ITEM"
    assert code_of(lambda: world.begin(task_code=SUSPENDED)) == "ITEM_SUSPENDED"
    own_province = "11500116900001164E4000131012002"
    assert code_of(lambda: world.begin(task_code=own_province)) == "ITEM_NOT_COLLECTABLE"
    assert code_of(lambda: world.begin(region="110000000000")) == "ROUTE_NONE"
    assert world.agent.journal.drafts() == []


def test_wrong_numbers_anywhere_in_the_form_are_refused_without_repeating_them(world: World) -> None:
    wrong = {"family": [{"citizen_id": "360101199003070019"}]}
    with pytest.raises(Refusal) as caught:
        world.begin(form=wrong)
    assert caught.value.code == "CITIZEN_ID_CHECK"
    assert "36010119" not in str(caught.value)
    assert code_of(lambda: world.begin(form={"credit_code": "91110000600037341M"})) == "CREDIT_CODE_CHECK"


def test_classified_unknown_delivery_missing_address_and_strangers_are_refused(world: World) -> None:
    assert code_of(lambda: world.begin(classified=True)) == "CLASSIFIED_MATERIAL"
    assert code_of(lambda: world.begin(delivery="PIGEON")) == "DELIVERY_UNKNOWN"
    assert code_of(lambda: world.begin(address={"name": "余知远"})) == "ADDRESS_MISSING"
    assert code_of(lambda: window.begin(world.agent, ITEM, "Z99", FORM, "ELECTRONIC")) == "PERSON_UNKNOWN_HERE"


@pytest.mark.requirement("F09", "I01")
def test_a_way_that_the_hub_would_refuse_is_refused_while_the_applicant_is_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = world.agent.registry.catalogue()
    here = catalogue.windows["chongqing-jiangjin-hall"]
    changed = {**catalogue.windows, here.node: replace(here, powers=frozenset({"COLLECT"}))}
    monkeypatch.setattr(catalogue, "windows", changed)
    assert code_of(lambda: world.begin(delivery="COUNTER_COLLECT")) == "WINDOW_NOT_ISSUING"
    item = replace(catalogue.item(ITEM), required_proof_level=4)
    monkeypatch.setattr(catalogue, "items", {**catalogue.items, ITEM: item})
    assert code_of(lambda: world.begin(delivery="ELECTRONIC")) == "DELIVERY_PROOF_LOW"
    assert world.begin(delivery="COUNTER_DEPT")


def test_begin_needs_a_snapshot(tmp_path: Path) -> None:
    stale = open_world(tmp_path, fresh=False)
    assert code_of(stale.begin) == "SNAPSHOT_MISSING"


# --- pages and checklist -----------------------------------------------------------------------------------------


def test_a_bad_page_takes_none_of_its_folder_and_is_named(world: World, tmp_path: Path) -> None:
    case = world.begin()
    folder = tmp_path / "scan"
    folder.mkdir()
    page_file(folder, "1.jpg")
    (folder / "2.jpg").write_bytes(page_file(folder, "3.jpg", 3).read_bytes()[:-200])
    taken = window.add_pages(world.agent, case, "M04", [folder / "1.jpg", folder / "2.jpg", folder / "../scan/3.jpg"])
    assert taken.taken == ()
    assert [(name, refusal.code) for name, refusal in taken.refused] == [("2.jpg", "PAGE_TRUNCATED")]
    assert drafts.load(world.agent, case).lines == {}
    assert not (world.agent.settings.home / "drafts" / case).exists()


def test_pages_of_a_folder_are_copied_privately_under_names_of_our_own(world: World, tmp_path: Path) -> None:
    case = world.begin()
    folder = tmp_path / "scan"
    folder.mkdir()
    for number in (1, 2):
        page_file(folder, f"余知远{number}.jpg", number)
    taken = window.add_pages(world.agent, case, "M04", folder).taken
    home = world.agent.settings.home / "drafts" / case
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert [stat.S_IMODE((home / page.file).stat().st_mode) for page in taken] == [0o600, 0o600]
    assert [canonical.digest((home / page.file).read_bytes()) for page in taken] == [page.sha256 for page in taken]
    assert all("余" not in page.file for page in taken)
    window.add_pages(world.agent, case, "M04", folder / "余知远1.jpg", anew=True)
    assert len(drafts.load(world.agent, case).lines["M04"].pages) == 1


def soon() -> date:
    """A day on which a promise may fall due."""
    return datetime.now(UTC).date() + timedelta(days=5)


def test_lines_close_only_in_the_ways_of_the_list(world: World, tmp_path: Path) -> None:
    case, page = world.begin(), page_file(tmp_path, "p.jpg")
    agent = world.agent
    assert code_of(lambda: window.add_pages(agent, case, "M99", page)) == "MATERIAL_NOT_LISTED"
    assert code_of(lambda: window.add_pages(agent, case, "M01", page, "COMMITMENT")) == "ACQUISITION_NOT_ALLOWED"
    assert code_of(lambda: window_materials.tolerate(agent, case, "M01", soon(), page)) == "MATERIAL_IS_KEY"
    assert code_of(lambda: window_materials.tolerate(agent, case, "M05", date(2020, 1, 1), page)) == "PROMISE_DATE"
    (tmp_path / "empty").mkdir()
    assert code_of(lambda: window.add_pages(agent, case, "M01", tmp_path / "empty")) == "PAGES_NONE"
    gone = window.add_pages(agent, case, "M01", tmp_path / "gone.jpg")
    assert [refusal.code for _, refusal in gone.refused] == ["PAGE_UNREADABLE"]


def test_the_checklist_tells_all_that_is_missing_at_once(world: World, tmp_path: Path) -> None:
    case, page = world.begin(), page_file(tmp_path, "p.jpg")
    agent = world.agent
    window.add_pages(agent, case, "M01", page, original="NOT_NEEDED")
    window.add_pages(agent, case, "M02", page, original="NOT_NEEDED")  # CHECK_AND_RETURN: original must be shown
    window.add_pages(agent, case, "M03", page)
    window_materials.commit(agent, case, "M04", page, told=True)
    window_materials.tolerate(agent, case, "M05", soon(), page)
    lines = {line.material: line for line in drafts.checklist(agent, case)}
    assert [code for code, line in lines.items() if line.open] == ["M02", "M06", "M07", "M08"]
    assert "请出示原件" in lines["M02"].words
    assert "缺《食品安全承诺书》" in lines["M06"].words
    with pytest.raises(Refusal) as caught:
        window.seal(agent, case, STAFF, **TICKS)
    assert caught.value.code == "MATERIALS_INCOMPLETE"
    assert caught.value.values["missing"] == "M02,M06,M07"
    trust = {code: line.trust for code, line in drafts.load(agent, case).lines.items()}
    assert trust == {"M01": "C", "M02": "C", "M03": "B", "M04": "D"}


# --- seal --------------------------------------------------------------------------------------------------------


def test_a_seal_made_offline_queues_everything_at_once(world: World, tmp_path: Path) -> None:
    result = world.sealed(tmp_path)
    journal = world.agent.journal
    entries = journal.waiting()
    assert [entry.event for entry in entries] == ["seal", "wrap", "wrap", "wrap"]
    assert [entry.payload_digest for entry in entries] == list(result.entries)
    assert {body(entry)["recipient"] for entry in entries[1:]} == {WINDOW, DEPARTMENT, RECOVERY}
    seal = read_statement(read_envelope(entries[0].envelope).payload)
    assert (seal.seq, seal.prev, seal.actor.person) == (1, None, f"{WINDOW}/person/{STAFF}")
    wraps = [read_statement(read_envelope(entry.envelope).payload) for entry in entries[1:]]
    assert all(wrap.prev == result.entries[0] and wrap.chain == "keys" for wrap in wraps)
    assert entries[0].needs_upload == result.manifest
    assert [upload.manifest_digest for upload in journal.uploads_waiting()] == [result.manifest]
    assert check_public_number(result.public_no).startswith(f"{PREFIX}000001")
    key = read_public(body(entries[0])["applicant_key"])
    assert key.public == kem_from_seed(bytes.fromhex(world.paper(result).secret)).public
    assert result.waiting_for == ()


def test_the_bundle_holds_form_address_and_pages_and_no_personal_data_outside(world: World, tmp_path: Path) -> None:
    result = world.sealed(tmp_path)
    agent = world.agent
    upload = agent.journal.uploads_waiting()[0]
    made = read_manifest(upload.manifest)
    assert [line.line for line in made.lines] == [*KEY_MATERIALS, "FORM", "ADDRESS"]
    assert {line.line: line.trust for line in made.lines} == dict.fromkeys(KEY_MATERIALS, "B") | {
        "FORM": "D",
        "ADDRESS": "D",
    }
    held = world.region.log.keys[DEPARTMENT].opening
    assert held is not None
    packets = next(
        entry.packets
        for entry in agent.journal.waiting()
        if entry.event == "wrap" and body(entry)["recipient"] == DEPARTMENT
    )
    ciphertext = (agent.spool / upload.file).read_bytes()
    opened = {}
    for packet in packets:
        stream = next(one.stream for line, _, one in made.streams() if line.line == packet.line)
        key = unwrap_key(held, result.case_id, 1, packet)
        opened[packet.line] = open_page(key, stream, [ciphertext[stream.offset : stream.offset + stream.length]])
    assert json.loads(opened["FORM"]) == FORM
    assert json.loads(opened["ADDRESS"]) == ADDRESS
    outside = upload.manifest + ciphertext + b"".join(entry.envelope for entry in agent.journal.waiting())
    assert not any(word.encode() in outside for word in ("余知远", "13800000000", "360101199003070018"))
    assert world.paper(result).secret.encode() not in outside


def test_declarations_role_and_second_seal_are_refused(world: World, tmp_path: Path) -> None:
    case = world.scanned(tmp_path)
    for tick in TICKS:
        with pytest.raises(Refusal) as caught:
            window.seal(world.agent, case, STAFF, **{**TICKS, tick: False})
        assert (caught.value.code, caught.value.values["declaration"]) == ("DECLARATION_MISSING", tick)
    window.seal(world.agent, case, STAFF, **TICKS)
    assert code_of(lambda: window.seal(world.agent, case, STAFF, **TICKS)) == "DRAFT_SEALED"
    assert code_of(lambda: window.add_pages(world.agent, case, "M01", page_file(tmp_path, "x.jpg"))) == "DRAFT_SEALED"
    assert len(world.agent.journal.waiting()) == 4


def test_an_applicant_who_insists_has_the_missing_ones_named(world: World, tmp_path: Path) -> None:
    case = world.scanned(tmp_path, ("M01", "M02", "M03", "M04"))
    window.seal(world.agent, case, STAFF, insist=True, **TICKS)
    assert body(world.agent.journal.waiting()[0])["insisted_defects"] == ["M06", "M07"]


def test_a_full_disk_queues_nothing(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = world.scanned(tmp_path)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert code_of(lambda: window.seal(world.agent, case, STAFF, **TICKS)) == "SPOOL_UNWRITABLE"
        page = page_file(tmp_path, "more.jpg")
        assert code_of(lambda: window.add_pages(world.agent, case, "M05", page)) == "DRAFT_UNWRITABLE"
    assert world.agent.journal.waiting() == []
    assert world.agent.journal.uploads_waiting() == []


def test_a_kill_before_queueing_leaves_an_open_draft_and_skips_a_number(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.scanned(tmp_path)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(world.agent.journal, "queue", killed)
        with pytest.raises(KeyboardInterrupt):
            window.seal(world.agent, case, STAFF, **TICKS)
    assert not drafts.sealed(world.agent, case)
    assert window.seal(world.agent, case, STAFF, **TICKS).public_no.startswith(f"{PREFIX}000002")


def test_a_kill_after_queueing_does_not_let_the_draft_be_sealed_twice(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.scanned(tmp_path)
    queue = world.agent.journal.queue

    def killed(*arguments: Any) -> None:
        queue(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(world.agent.journal, "queue", killed)
        with pytest.raises(KeyboardInterrupt):
            window.seal(world.agent, case, STAFF, **TICKS)
    assert code_of(lambda: window.seal(world.agent, case, STAFF, **TICKS)) == "DRAFT_SEALED"
    assert [entry.event for entry in world.agent.journal.waiting()] == ["seal", "wrap", "wrap", "wrap"]


def test_a_seal_that_the_hub_refused_may_be_made_again(world: World, tmp_path: Path) -> None:
    result = world.sealed(tmp_path)
    for digest in result.entries:
        world.agent.journal.answered(digest, b"", "", Refusal("FROM_FUTURE", "states.md 7"))
    again = window.seal(world.agent, result.case_id, STAFF, **TICKS)
    seal = read_statement(read_envelope(world.agent.journal.waiting()[0].envelope).payload)
    assert (seal.seq, seal.prev) == (1, None)
    assert again.public_no != result.public_no


def test_an_old_snapshot_stops_the_seal(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = world.scanned(tmp_path)
    late = datetime.now(UTC) + timedelta(hours=73)

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return late

    monkeypatch.setattr("node_agent.window.seal.datetime", Later)
    assert code_of(lambda: window.seal(world.agent, case, STAFF, **TICKS)) == "SNAPSHOT_TOO_OLD"


def test_the_receipt_can_be_read_by_telephone_and_names_where_to_complain(world: World, tmp_path: Path) -> None:
    result = world.sealed(tmp_path)
    paper = world.paper(result)
    number, home = result.public_no, world.agent.settings.home
    assert f"{number[:4]} {number[4:8]} {number[8:]}" in paper.text
    assert result.check_code in paper.text and "余**" in paper.flat and "余知远" not in paper.flat
    assert "12345" in paper.flat and "食品经营许可（新办）" in paper.flat and "承诺" in paper.flat
    assert all(line in paper.flat for line in ("营业执照", "食品安全承诺书", "13:30–17:30"))
    assert len(paper.secret) == 64
    assert {stat.S_IMODE(path.stat().st_mode) for path in (home / "receipts").iterdir()} == {0o600}
    assert shelf.erase(home, number)
    for file in home.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert paper.secret.encode() not in data and bytes.fromhex(paper.secret) not in data
            assert file.parent.name != "receipts"


# --- withdrawal and keys again -----------------------------------------------------------------------------------


def test_a_withdrawal_names_the_signed_paper_by_digest(world: World, tmp_path: Path) -> None:
    result = world.sealed(tmp_path)
    paper = page_file(tmp_path, "withdraw.jpg", 40)
    digest = window.withdraw(world.agent, result.case_id, STAFF, paper)
    entry = world.agent.journal.entry(digest)
    assert entry is not None
    statement = read_statement(read_envelope(entry.envelope).payload)
    assert (statement.seq, statement.prev) == (2, result.entries[0])
    assert statement.body == {"identity_checked": True, "paper": canonical.digest(paper.read_bytes())}
    assert code_of(lambda: window.withdraw(world.agent, "f" * 32, STAFF, paper)) == "CASE_UNKNOWN"


def test_keys_are_wrapped_again_offline_and_a_gateway_gets_the_address_alone(world: World, tmp_path: Path) -> None:
    result = world.sealed(tmp_path)
    again = world.agent.journal.entry(window.rewrap(world.agent, result.case_id, DEPARTMENT))
    gateway = world.agent.journal.entry(
        window.rewrap(world.agent, result.case_id, "spiffe://yidi.test/500000000000/gateway-post")
    )
    assert again is not None and gateway is not None
    assert {packet.line for packet in again.packets} == {*KEY_MATERIALS, "FORM", "ADDRESS"}
    assert {packet.line for packet in gateway.packets} == {"ADDRESS"}
    assert body(again)["manifest"] == result.manifest
    assert len(world.agent.journal.uploads_waiting()) == 1


def test_the_sender_may_erase_the_draft_the_moment_it_is_queued(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = world.scanned(tmp_path)
    queue = world.agent.journal.queue

    def queued_and_sent(*arguments: Any) -> None:
        queue(*arguments)
        drafts.erase(world.agent, case)

    monkeypatch.setattr(world.agent.journal, "queue", queued_and_sent)
    result = window.seal(world.agent, case, STAFF, **TICKS)
    draft = drafts.load(world.agent, case)
    assert (draft.state, draft.form, draft.address) == (drafts.SENT, {}, {})
    assert "食品安全承诺书已提交，1页" in world.paper(result).flat


def test_pages_are_erased_only_when_asked_and_forms_with_them(world: World, tmp_path: Path) -> None:
    result = world.sealed(tmp_path)
    home = world.agent.settings.home / "drafts" / result.case_id
    assert len(os.listdir(home)) == len(KEY_MATERIALS)
    for _ in range(2):
        drafts.erase(world.agent, result.case_id)
    assert not home.exists()
    draft = drafts.load(world.agent, result.case_id)
    assert (draft.state, draft.form, draft.address, draft.public_no) == (drafts.SENT, {}, {}, result.public_no)
