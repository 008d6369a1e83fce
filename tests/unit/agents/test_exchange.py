"""node_agent.exchange.batch: what a department exports, once, whole, and under which grant; judged by the real law."""

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crypto.identity import person_id
from crypto.log import leaf as leaves
from crypto.manifest import Page
from crypto.refusal import Refusal
from crypto.statement import Actor, read_envelope, read_signed
from node_agent.department import desk as department
from node_agent.department import review, sealed
from node_agent.exchange import batch as batches
from node_agent.exchange import rows as making
from node_agent.exchange import told as telling
from node_agent.exchange.batch import Batch, Exporter
from node_agent.exchange.files import EXCHANGE_TYPE, MANIFEST, reconcile
from node_agent.exchange.rows import Seen
from node_agent.exchange.tables import PERSONAL, TABLES, problem_in
from node_agent.parents import fees
from node_agent.process.runtime import Agent
from node_agent.supervision import supervising
from node_agent.transfer import opening
from node_agent.transfer.receiver import Receiver
from storage.journal import OutboxEntry
from tests.unit import evidence_log
from tests.unit.agents.agent_region import FORM, Region, exchange
from tests.unit.agents.family_region import BATHS, open_family
from tests.unit.agents.window_world import STAFF
from tests.unit.evidence_log import COLLECTOR, DEPARTMENT, GATEWAY, HEAD, ISSUER, ITEM, WINDOW

NAME, NUMBER = FORM["applicant"]["name"], FORM["applicant"]["citizen_id"]
OVERSEER = "spiffe://yidi.test/360000000000/jiangxi-zwfwb"
PAID = {"pay_no": "JK-1", "charge_org": "南昌市东湖区市场监督管理局", "amount": "10.00",
        "charge_date": "20261122T093000", "payer": "余知远"}  # fmt: skip


@pytest.fixture
def region() -> Region:
    made = Region()
    made.log.register(person_id(DEPARTMENT, "R01"), DEPARTMENT, "", ["REVIEWER"], None)
    made.grant("EXPORT", HEAD)
    return made


@pytest.fixture
def agent(region: Region, tmp_path: Path) -> Agent:
    return region.agent(tmp_path / "dept", DEPARTMENT, ("A01", "D01", "H01", "I01", "R01"))


@pytest.fixture
def by(region: Region, agent: Agent, tmp_path: Path) -> Exporter:
    return Exporter(agent, "H01", tmp_path / "out", answered(region, agent), transfer=region.transfer())


def answered(region: Region, agent: Agent) -> Callable[[str], OutboxEntry]:
    def answer(digest: str) -> OutboxEntry:
        region.send(agent)
        found = agent.journal.entry(digest)
        assert found is not None
        return found

    return answer


def decided(region: Region, agent: Agent, inbox: Receiver, counter: int = 1) -> str:
    """A case that was accepted, gone through a step and a site visit, and granted."""
    case, _ = region.forward(counter)
    exchange(region, agent, inbox)
    review.take(agent, case, "A01", "ON_DUTY")
    department.accept(agent, case, "A01")
    exchange(region, agent, inbox)
    review.step_done(agent, case, "R01", "UNDERTAKE", "材料属实，拟予许可")
    review.start_special(agent, case, "R01", "SITE_VISIT", region.log.now.date().isoformat(), "")
    exchange(region, agent, inbox)
    review.end_special(agent, case, "R01", "PASSED", "SITE_VISIT")
    review.step_done(agent, case, "D01", "EXAMINE")
    department.decide(agent, case, "D01", "GRANT")
    exchange(region, agent, inbox)
    return case


def rows(made: Batch, table: str) -> list[dict[str, str]]:
    assert made.folder is not None
    file = made.folder / f"{table}.csv"
    if not file.exists():
        return []
    data = file.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf"), "a spreadsheet knows the encoding by its mark"
    return list(csv.DictReader(data.decode("utf-8-sig").splitlines()))


def test_a_case_becomes_rows_of_the_platforms_tables(
    region: Region, agent: Agent, inbox: Receiver, by: Exporter
) -> None:
    case = decided(region, agent, inbox)
    made = batches.export(by)
    (accept,) = rows(made, "up_pro_accept")
    file = region.log.files[case]
    assert (accept["project_no"], accept["task_code"]) == (file.case_no, ITEM)
    assert (accept["applyer_name"], accept["applyer_page_code"], accept["applyer_type"]) == (NAME, NUMBER, "1")
    assert accept["accept_date"] == file.effective_at[:19].replace("-", "").replace(":", "")
    assert accept["handle_user_name"] == "A01" and accept["project_type"] == "2" and len(accept["promise_date"]) == 15
    process = [(row["process_name"], row["event_name"], row["handle_explain"]) for row in rows(made, "up_pro_process")]
    assert ("承办", "通过", "材料属实，拟予许可") in process and ("决定", "通过", "决定") in process
    special = rows(made, "up_pro_special_procedure")
    assert [(row["special_type"], row["special_name"], row["cd_operation"]) for row in special] == [
        ("2", "现场踏勘", "I"),
        ("2", "现场踏勘", "U"),
    ]
    assert special[0]["row_guid"] == special[1]["row_guid"]
    (result,) = rows(made, "up_pro_result")
    assert (result["result_type"], result["result_cetr_name"], result["is_delivery_results"]) == (
        "0",
        "食品经营许可证",
        "1",
    )
    assert len(rows(made, "up_pro_material")) == 6, "form and address are no materials"
    assert made.left_out == {}


@pytest.mark.requirement("H10")
def test_the_next_batch_brings_only_what_is_new(region: Region, agent: Agent, inbox: Receiver, by: Exporter) -> None:
    case, _ = region.forward()
    exchange(region, agent, inbox)
    assert batches.export(by).folder is None, "not accepted yet: it is not the platform's"
    review.take(agent, case, "A01", "ON_DUTY")
    department.accept(agent, case, "A01")
    exchange(region, agent, inbox)
    first = batches.export(by)
    exchange(region, agent, inbox)
    assert batches.export(by).folder is None
    department.decide(agent, case, "D01", "GRANT")
    exchange(region, agent, inbox)
    second = batches.export(by)
    assert (first.name, second.name) == ("batch-000001", "batch-000002"), "an empty one takes no number"
    assert len(rows(first, "up_pro_accept")) == 1 and rows(second, "up_pro_accept") == []
    assert [row["process_name"] for row in rows(second, "up_pro_process")] == ["决定"]
    guids = [row["row_guid"] for made in (first, second) for table in TABLES for row in rows(made, table)]
    assert len(set(guids)) == len(guids)


@pytest.mark.requirement("H01", "H02")
def test_each_export_is_stated_under_a_grant_before_it_is_written(
    region: Region, agent: Agent, inbox: Receiver, by: Exporter
) -> None:
    case = decided(region, agent, inbox)
    batches.export(by)
    said = [
        read_signed(entry.envelope) for entry in agent.journal.acts(case) if entry.event in ("open_document", "export")
    ]
    assert [(one.type, one.chain) for one in said] == [("open_document", "access"), ("export", "access")]
    assert said[0].body["purpose"] == "HANDOVER"
    assert (said[1].body["profile"], said[1].body["kind"]) == ("NONE", "SHARED_DATA") and said[1].body["grant"]
    assert NAME.encode() not in b"".join(region.log.entries) and NUMBER.encode() not in b"".join(region.log.entries)


@pytest.mark.requirement("H01")
def test_without_a_grant_or_an_answer_nothing_is_written(
    region: Region, agent: Agent, inbox: Receiver, by: Exporter
) -> None:
    decided(region, agent, inbox)
    with pytest.raises(Refusal, match="GRANT_MISSING"):
        batches.export(Exporter(agent, "A01", by.folder, by.answered, transfer=by.transfer))
    assert not by.folder.exists() or not any(by.folder.iterdir())

    def silent(digest: str) -> OutboxEntry:
        found = agent.journal.entry(digest)
        assert found is not None
        return found

    with pytest.raises(Refusal, match="ACCESS_UNCONFIRMED"):
        batches.export(Exporter(agent, "H01", by.folder, silent, transfer=by.transfer))
    region.send(agent)
    made = batches.export(by)
    assert made.name == "batch-000001" and made.cases == 1, "the planned batch goes on"


@pytest.mark.requirement("H10")
@pytest.mark.parametrize("written", [True, False])
def test_a_kill_between_folder_and_positions_exports_nothing_twice(
    region: Region, agent: Agent, inbox: Receiver, by: Exporter, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    case = decided(region, agent, inbox)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(batches, "_move", dies)
        with pytest.raises(KeyboardInterrupt):
            batches.export(by)
    before = {file.name: file.read_bytes() for file in (by.folder / "batch-000001").iterdir()}
    if not written:
        shutil.rmtree(by.folder / "batch-000001")
    exchange(region, agent, inbox)
    again = batches.export(by)
    after = {file.name: file.read_bytes() for file in (by.folder / "batch-000001").iterdir()}
    assert set(after) == set(before)
    assert all(after[name] == before[name] for name in before if name != MANIFEST)
    assert [entry.event for entry in agent.journal.acts(case)].count("export") == 1, "the same bytes are stated once"
    assert again.left_out == {} and batches.export(by).folder is None


def test_a_case_with_a_bad_field_is_left_out_whole_and_comes_later(
    region: Region, agent: Agent, inbox: Receiver, by: Exporter
) -> None:
    nameless = json.dumps({"applicant": {"citizen_id": NUMBER}}, separators=(",", ":")).encode()
    bad, _ = region.forward(1, FORM=nameless)
    exchange(region, agent, inbox)
    review.take(agent, bad, "A01", "ON_DUTY")
    department.accept(agent, bad, "A01")
    exchange(region, agent, inbox)
    good = decided(region, agent, inbox, 2)
    made = batches.export(by)
    assert made.left_out == {bad: "EXCHANGE_FIELD"} and made.cases == 1
    told, wrong = reconcile(by.folder / made.name)
    assert wrong == [] and told["left_out"] == made.left_out
    assert bad not in batches.positions(agent) and good in batches.positions(agent)
    assert batches.export(by).left_out == {bad: "EXCHANGE_FIELD"}, "it is tried again, and named again"


@pytest.mark.requirement("I03")
def test_payments_are_told_by_the_department_and_exported_once(
    region: Region, agent: Agent, inbox: Receiver, by: Exporter
) -> None:
    case = decided(region, agent, inbox)
    batches.export(by)
    exchange(region, agent, inbox)
    batches.export(by)
    telling.tell_payment(agent, case, PAID)
    telling.tell_payment(agent, case, PAID)
    with pytest.raises(Refusal, match="EXCHANGE_PAID"):
        telling.tell_payment(agent, case, {**PAID, "amount": "11.00"})
    for wrong in ({"amount": "10"}, {"charge_date": "2026-11-22"}, {"payer": ""}):
        with pytest.raises(Refusal, match="EXCHANGE_FIELD"):
            telling.tell_payment(agent, case, {**PAID, **wrong, "pay_no": "JK-2"})
    made = batches.export(by)
    (row,) = rows(made, "payment")
    assert (row["pay_no"], row["amount"], row["project_no"]) == ("JK-1", "10.00", region.log.files[case].case_no)
    exchange(region, agent, inbox)
    assert batches.export(by).folder is None


def closed(region: Region, agent: Agent, inbox: Receiver, archived: bool = True) -> str:
    """A case that was granted, issued, posted and delivered; in the archive where that is asked for."""
    case, log = decided(region, agent, inbox), region.log
    application = log.files[case].sealings[0].manifest
    lines = [line.line for line in log.pinned[application].manifest.lines if line.material == "ADDRESS"]
    log._wrap(case, application, GATEWAY, lines)
    log.say(case, "issue", ISSUER, "ISSUER", log._issue_body(case))
    log.say(case, "post", ISSUER, "ISSUER", {"parcel": "P1", "gateway": GATEWAY})
    log._track(case, "waybill", {"parcel": "P1", "carrier": "EMS", "waybill_no": "1234567890123"})
    for status, level in (("COLLECTED", 0), ("OUT_FOR_DELIVERY", 0), ("DELIVERED", 2)):
        log._event(case, "P1", status, level)
    if archived:
        log.say(case, "archive_package", ISSUER, "ISSUER", {"package": "a" * 64}, "delivery")
        assert str(log.files[case].state) == "ARCHIVED"
    exchange(region, agent, inbox)
    return case


@pytest.mark.requirement("H10", "I03", "invariant 3")
def test_an_archived_case_is_exported_once_with_its_waybill_and_the_counts_agree(
    region: Region, agent: Agent, inbox: Receiver, by: Exporter
) -> None:
    case = closed(region, agent, inbox)
    made = batches.export(by)
    assert made.left_out == {} and made.cases == 1
    (post, arrived) = rows(made, "post")
    assert (post["waybill_no"], post["cd_operation"], arrived["cd_operation"]) == ("1234567890123", "I", "U")
    assert post["row_guid"] == arrived["row_guid"] and arrived["receive_date"] and not post["receive_date"]
    counts, wrong = reconcile(by.folder / made.name)
    assert wrong == [] and sum(table["rows"] for table in counts["tables"].values()) == made.rows
    exchange(region, agent, inbox)
    events = [read_signed(leaves.decode(data).envelope).type for data in region.log.entries]
    assert events.index("archive") < events.index("open_document", events.index("archive")) < events.index("export")
    again = batches.export(by)
    assert again.folder is None and again.left_out == {}, "what the export itself added brings no row"
    assert str(region.log.files[case].state) == "ARCHIVED"


@pytest.mark.requirement("H10")
def test_an_archived_case_of_which_a_part_went_out_before_brings_only_the_rest(
    region: Region, agent: Agent, inbox: Receiver, by: Exporter
) -> None:
    case = closed(region, agent, inbox, archived=False)
    first = batches.export(by)
    assert rows(first, "up_pro_accept") and not rows(first, "complaint")
    facts = {"channel": "TELEPHONE", "kind": "DELAY", "about_node": DEPARTMENT, "handler": DEPARTMENT}
    facts["about_person"] = person_id(DEPARTMENT, "D01")
    supervising.complain(agent, case, "A01", facts, "等了很久")
    exchange(region, agent, inbox)
    (complaint,) = region.log.files[case].complaints
    supervising.answer_complaint(agent, case, "H01", complaint.digest, "PARTLY", "已致歉")
    exchange(region, agent, inbox)
    region.log.say(case, "archive_package", ISSUER, "ISSUER", {"package": "a" * 64}, "delivery")
    exchange(region, agent, inbox)
    second = batches.export(by)
    assert not rows(second, "up_pro_accept") and not rows(second, "post")
    told, answered = rows(second, "complaint")
    assert (told["cd_operation"], answered["cd_operation"]) == ("I", "U") and told["row_guid"] == answered["row_guid"]
    assert (told["title"], told["source"], told["feedback"]) == ("投诉：办理拖延", "电话", "")
    assert (answered["feedback"], answered["handle_user"], answered["overdue_days"]) == ("部分属实", "H01", "0")
    assert told["complained_user"] == "D01" and answered["handle_date"] >= told["complain_date"]
    assert told["complained_org"] == told["handle_org"] == DEPARTMENT.rsplit("/", 1)[1]
    assert told["promise_date"] > told["complain_date"] and len(told["promise_date"]) == 15
    assert second.folder is not None
    assert "等了很久" not in (second.folder / "complaint.csv").read_text("utf-8-sig"), "the words stay where they are"


@pytest.mark.requirement("H10", "row T38")
def test_an_enquiry_is_told_when_it_comes_and_at_each_change_with_who_answers_for_it(
    region: Region, agent: Agent, inbox: Receiver, by: Exporter
) -> None:
    case = closed(region, agent, inbox, archived=False)
    batches.export(by)
    entry = supervising.enquire(agent, case, "A01", {"channel": "TELEPHONE", "topic": "RESULT"}, "证照在哪里领")
    exchange(region, agent, inbox)
    supervising.answer_enquiry(agent, case, "H01", entry.payload_digest, "GUIDED", "到综合窗口领取")
    exchange(region, agent, inbox)
    region.log.say(case, "archive_package", ISSUER, "ISSUER", {"package": "a" * 64}, "delivery")
    exchange(region, agent, inbox)
    made = batches.export(by)
    told, answered = rows(made, "enquiry")
    assert (told["cd_operation"], answered["cd_operation"]) == ("I", "U") and told["row_guid"] == answered["row_guid"]
    assert (told["title"], told["source"], told["handle_user"]) == ("咨询：结果领取送达", "电话", "A01")
    assert (told["handle_date"], told["feedback"], told["overdue_days"]) == ("", "", "")
    assert (answered["feedback"], answered["handle_user"], answered["overdue_days"]) == ("已告知办法和去处", "H01", "0")
    assert answered["handle_date"] >= told["enquiry_date"] and told["promise_date"] > told["enquiry_date"]
    assert told["consulted_org"] == answered["handle_org"] == DEPARTMENT.rsplit("/", 1)[1]
    assert made.folder is not None
    assert "证照在哪里领" not in (made.folder / "enquiry.csv").read_text("utf-8-sig"), "the words stay where they are"


@pytest.mark.requirement("H10", "B10")
def test_a_material_that_came_after_the_acceptance_is_told_when_it_came(
    region: Region, agent: Agent, inbox: Receiver, by: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tolerated material (K7), checked online: a row of its own, and no PDF, for there is no page of it."""
    held: list[making.Source] = []
    real = making.rows_of

    def kept_too(source: making.Source, node: str, since: int, batch: str) -> list[making.Row]:
        held.append(source)
        return real(source, node, since, batch)

    monkeypatch.setattr(making, "rows_of", kept_too)
    decided(region, agent, inbox)
    batches.export(by)
    source, last = held[0], held[0].seen[-1]
    (manifest,) = source.manifests.values()
    kept = last.after.sealings[0]
    answer = replace(manifest.lines[1].pages[0].renditions[0], media_type="application/json")
    line = replace(manifest.lines[1], acquisition="VERIFY_ONLINE", pages=(Page(1, (answer,)),))
    after = replace(last.after, sealings=(*last.after.sealings, replace(kept, kind="addendum", manifest="f" * 64)))
    leaf = replace(last.leaf, index=last.leaf.index + 1)
    come = Seen(leaf, replace(last.said, type="debt_settled"), "e" * 64, last.after, after)
    power = replace(manifest.lines[2], line="L99", material="PROXY")
    owed = {"f" * 64: replace(manifest, kind="addendum", lines=(line, power))}
    later = replace(source, seen=[*source.seen, come], manifests={**source.manifests, **owed})
    told, proxy = [row for row in real(later, DEPARTMENT, last.leaf.index, "b") if row.table == "up_pro_material"]
    (name,) = [one.name for one in source.item.materials if one.code == line.material]
    assert (told.values["material_name"], told.values["get_type"], told.values["get_num"]) == (name, "2", "1")
    assert told.values["material_attach_name"] == ""
    assert (proxy.values["material_name"], proxy.values["material_attach_name"]) == ("授权委托书", "L99-PROXY.pdf")
    whole = [row for row in real(later, DEPARTMENT, -1, "b") if row.table == "up_pro_material"]
    assert len(whole) == 8 and len({row.values["row_guid"] for row in whole}) == 8, "none of them twice"


@pytest.mark.requirement("H10", "C10")
def test_a_case_that_was_passed_up_is_told_by_the_body_above_from_then_on(
    region: Region, agent: Agent, inbox: Receiver, by: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T30: nothing of what happened below, and an acceptance on the day on which it was taken up."""
    above = "spiffe://yidi.test/360000000000/jiangxi-scj"
    held: list[making.Source] = []
    real = making.rows_of

    def kept_too(source: making.Source, node: str, since: int, batch: str) -> list[making.Row]:
        held.append(source)
        return real(source, node, since, batch)

    monkeypatch.setattr(making, "rows_of", kept_too)
    decided(region, agent, inbox)
    batches.export(by)
    source = held[-1]
    *below, decision = source.seen
    up = replace(below[-1].after, accepting_node=above)
    leaf = replace(decision.leaf, recorded_at="2026-12-31T09:00:00.000+08:00")
    taken = Seen(leaf, replace(decision.said, type="taken_up", body={}), "e" * 64, below[-1].after, up)
    then = replace(decision, before=up, after=replace(decision.after, accepting_node=above))
    whole = replace(source, seen=[*below, taken, then])
    assert real(whole, DEPARTMENT, below[-1].leaf.index, "b") == []
    told = real(whole, above, -1, "b")
    assert [row.table for row in told if row.table != "up_pro_material"] == [
        "up_pro_accept", "up_pro_process", "up_pro_result"
    ]  # fmt: skip
    (accept,) = [row for row in told if row.table == "up_pro_accept"]
    assert accept.values["accept_date"] == "20261231T090000"
    assert sum(row.table == "up_pro_material" for row in told) == 6
    assert all(row.table != "up_pro_result" for row in real(replace(source, seen=[*below, taken]), above, -1, "b"))


@pytest.mark.requirement("H10", "G04", "G12")
def test_ratings_and_cards_are_told_and_a_card_is_told_again_when_it_was_settled(
    region: Region, agent: Agent, inbox: Receiver, by: Exporter
) -> None:
    judge = person_id(OVERSEER, "S01")
    region.log.register(OVERSEER, OVERSEER, "360000000000", ["coordinator"], None)
    region.log.register(judge, OVERSEER, "", ["SUPERVISOR"], None)
    case, _ = region.forward()
    exchange(region, agent, inbox)
    review.take(agent, case, "A01", "ON_DUTY")
    department.accept(agent, case, "A01")
    supervising.quality(agent, case, "A01", ["BLURRED"])
    exchange(region, agent, inbox)
    (told,) = rows(batches.export(by), "supervision")
    assert (told["rule_no"], told["warning_type"], told["cd_operation"]) == ("Y5", "2", "I")
    assert told["duty_org"] == WINDOW.rsplit("/", 1)[1] and told["result"] == told["supervise_content"]
    (card,) = region.log.files[case].cards
    appeal = {"card": card.id, "ground": "SYSTEM_FAULT", "words": "a" * 64}
    region.log.say(case, "appeal_card", COLLECTOR, "COLLECTOR", appeal, "supervision")
    settled = {"card": card.id, "result": "LIFTED", "words": "b" * 64}
    region.log.say(case, "settle_card", judge, "SUPERVISOR", settled, "supervision")
    department.decide(agent, case, "D01", "GRANT")
    exchange(region, agent, inbox)
    scores = {"scores": {"process": 1, "window": 2, "staff": 5}, "basis": "TERMINAL", "by_applicant": True}
    region.log.say(case, "rate", WINDOW, "window", scores, "supervision")
    exchange(region, agent, inbox)
    made = batches.export(by)
    (lifted,) = rows(made, "supervision")
    assert (lifted["cd_operation"], lifted["row_guid"], lifted["result"]) == ("U", told["row_guid"], "撤销")
    assert lifted["state_date"] > lifted["supervise_date"] == told["supervise_date"]
    (rating,) = rows(made, "rating")
    assert (rating["satisfaction"], rating["channel"], rating["rate_times"]) == ("5", "1", "1"), "the worst of three"
    assert rating["region_code"] == "360102000" and rating["project_no"] == region.log.files[case].case_no


@pytest.mark.requirement("H10")
def test_a_licence_is_told_by_number_and_exported_once_with_its_holder(
    region: Region, agent: Agent, inbox: Receiver, by: Exporter
) -> None:
    told = {"certificate_type_code": "11100000000013338W001", "certificate_number": "JY13601020000001"}
    early = decided(region, agent, inbox, 2)
    with pytest.raises(Refusal, match="EXCHANGE_NO_LICENCE"):
        telling.tell_licence(agent, early, told)
    case = closed(region, agent, inbox)
    with pytest.raises(Refusal, match="EXCHANGE_FIELD"):
        telling.tell_licence(agent, case, {**told, "certificate_number": " "})
    for _ in range(2):
        telling.tell_licence(agent, case, told)
    with pytest.raises(Refusal, match="EXCHANGE_PAID"):
        telling.tell_licence(agent, case, {**told, "certificate_type_code": "other"})
    made = batches.export(by)
    (row,) = rows(made, "up_lic_data")
    assert (row["certificate_number"], row["holder"], row["holder_code"]) == ("JY13601020000001", NAME, NUMBER)
    assert row["issue_dept"] and row["area_code"] == "360102000" and row["issue_date"] >= "20"
    assert row["project_no"] == region.log.files[case].case_no
    exchange(region, agent, inbox)
    assert batches.export(by).folder is None
    assert NUMBER.encode() not in b"".join(region.log.entries), "no number of a person reached the log"


@pytest.mark.requirement("H10", "E03")
def test_a_part_of_a_joint_matter_is_exported_by_its_department_under_its_own_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = open_family(tmp_path)
    region = family.world.region
    monkeypatch.setattr(opening, "TransferClient", region.transfer)
    parent = family.begin_baths()
    family.scan(parent, [f"T{number:02}" for number in range(1, 9)])
    family.seal(parent)
    children = family.dispatched(parent)
    for part, name in zip(("P1", "P2"), BATHS, strict=False):
        agent = family.hear(name)
        family.said(agent, department.accept(agent, children[part], "A01"))
        agent = family.hear(name)
        _grant_export(region, agent)
        by = Exporter(agent, "H01", tmp_path / name, answered(region, agent), transfer=region.transfer())
        made = batches.export(by)
        assert made.left_out == {}, "the parent, which this department sees, is no case of the platform"
        (accept,) = rows(made, "up_pro_accept")
        assert accept["project_no"] == region.log.files[children[part]].case_no
        names = {material.name for material in sealed.item_of(agent, children[part]).materials}
        brought = [row["material_name"] for row in rows(made, "up_pro_material")]
        assert brought and set(brought) <= names and len(brought) == len(set(brought))
        assert reconcile(by.folder / made.name)[1] == []


def charged(document: dict[str, Any]) -> dict[str, Any]:
    """The list, in which everything costs something."""
    for item in document["items"]:
        item["fees"] = "每件收取工本费"
    return document


@pytest.mark.requirement("I04", "I03", "H10")
def test_each_department_tells_its_platform_its_own_share_of_the_one_payment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The share goes out once, with the part that it is of, when it is paid; nobody else's share, and no parent."""
    listed = evidence_log.listed_above
    monkeypatch.setattr(evidence_log, "listed_above", lambda document: charged(listed(document)))
    family = open_family(tmp_path)
    region, window = family.world.region, family.world.agent
    monkeypatch.setattr(opening, "TransferClient", region.transfer)
    parent = family.begin_baths()
    family.scan(parent, [f"T{number:02}" for number in range(1, 9)])
    family.seal(parent)
    children = family.dispatched(parent)
    family.said(window, fees.tell(window, parent, STAFF, "DUE", "36010226000001", {"P1": 1205, "P2": 800}))
    agents = {}
    for part, name in zip(("P1", "P2", "P3"), BATHS, strict=True):
        agent = agents[part] = family.hear(name)
        family.said(agent, department.accept(agent, children[part], "A01"))
        family.hear(name)
        _grant_export(region, agent)
        by = Exporter(agent, "H01", tmp_path / name, answered(region, agent), transfer=region.transfer())
        assert rows(batches.export(by), "payment") == [], "what is only due is no payment"
    family.window_hears()
    family.said(window, fees.tell(window, parent, STAFF, "PAID", "", {}))
    paid = {}
    for (part, agent), name in zip(agents.items(), BATHS, strict=True):
        family.hear(name)
        by = Exporter(agent, "H01", tmp_path / name, answered(region, agent), transfer=region.transfer())
        made = batches.export(by)
        assert made.left_out == {}
        paid[part] = rows(made, "payment") if made.folder else []
        if part == "P1":
            family.hear(name)
            assert batches.export(by).folder is None, "told once"
    assert [(row["amount"], row["pay_no"]) for row in paid["P1"]] == [("12.05", "36010226000001")]
    assert [row["amount"] for row in paid["P2"]] == ["8.00"] and paid["P3"] == []
    (row,) = paid["P1"]
    assert (row["payer"], row["charge_user"]) == (
        json.loads((evidence_log.DEMO / "form-baths.json").read_bytes())["enterprise"]["name"],
        STAFF,
    )
    assert row["project_no"] == region.log.files[children["P1"]].case_no
    assert row["charge_org"] == sealed.item_of(agents["P1"], children["P1"]).implementing_body.name


@pytest.mark.requirement("I04", "I03", "H10")
@pytest.mark.parametrize("between", [True, False])
def test_a_share_that_was_given_back_is_a_row_of_its_own_and_the_counts_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, between: bool
) -> None:
    """Whether a batch went out between payment and refund or not: both are told, and the sum is what was kept."""
    listed = evidence_log.listed_above
    monkeypatch.setattr(evidence_log, "listed_above", lambda document: charged(listed(document)))
    family = open_family(tmp_path)
    region, window = family.world.region, family.world.agent
    monkeypatch.setattr(opening, "TransferClient", region.transfer)
    parent = family.begin_baths()
    family.scan(parent, [f"T{number:02}" for number in range(1, 9)])
    family.seal(parent)
    children = family.dispatched(parent)
    agent = family.hear(BATHS[0])
    family.said(agent, department.accept(agent, children["P1"], "A01"))
    family.window_hears()
    family.said(window, fees.tell(window, parent, STAFF, "PAID", "36010226000001", {"P1": 1205, "P2": 800}))
    agent = family.hear(BATHS[0])
    _grant_export(region, agent)
    by = Exporter(agent, "H01", tmp_path / "out", answered(region, agent), transfer=region.transfer())
    made = [batches.export(by)] if between else []
    family.window_hears()
    family.said(window, fees.tell(window, parent, STAFF, "REFUNDED", "", {}))
    family.hear(BATHS[0])
    made.append(batches.export(by))
    family.hear(BATHS[0])
    assert batches.export(by).folder is None, "told once"
    told = [row for one in made for row in rows(one, "payment")]
    assert [(row["amount"], row["cd_operation"]) for row in told] == [("12.05", "I"), ("-12.05", "I")]
    assert told[0]["row_guid"] != told[1]["row_guid"] and told[0]["pay_no"] == told[1]["pay_no"]
    assert told[0]["charge_date"] <= told[1]["charge_date"] and {row["charge_user"] for row in told} == {STAFF}
    for one in made:
        assert one.folder is not None and one.left_out == {}
        counts, wrong = reconcile(one.folder)
        assert wrong == [] and counts["tables"]["payment"]["rows"] == len(rows(one, "payment"))


def _grant_export(region: Region, agent: Agent) -> None:
    """The head gives the power to export."""
    node = agent.identity.node
    head = person_id(node, "H01")
    body = {
        "grant_id": "G-EXPORT-" + node.rpartition("/")[2], "kind": "EXPORT", "node": node, "person": head,
        "items": ["*"],
        "valid_from": "2026-01-01", "valid_to": "2099-12-31", "document": "a" * 64,
    }  # fmt: skip
    signers = [region.log.keys[head].sign, region.log.keys[node].sign]
    region.log.say_registry("grant.issue", body, signers, Actor(node, head, "HEAD"))
    agent.registry.refresh(agent.hub)


# --- files and counts ------------------------------------------------------------------------------------------------


def test_a_batch_counts_each_table_and_day_and_is_signed(
    region: Region, agent: Agent, inbox: Receiver, by: Exporter
) -> None:
    decided(region, agent, inbox)
    made = batches.export(by)
    assert made.folder is not None
    told, wrong = reconcile(made.folder)
    day = region.log.now.date().isoformat()
    assert wrong == [] and told["tables"]["up_pro_material"]["days"] == {day: 6}
    envelope = read_envelope((made.folder / MANIFEST).read_bytes(), EXCHANGE_TYPE)
    assert envelope.signatures[0][0] == agent.registry.directory.current(DEPARTMENT).keys["sign"].id
    counted = {(table, one): n for table, entry in told["tables"].items() for one, n in entry["days"].items()}
    assert reconcile(made.folder, counted)[1] == []
    (said,) = reconcile(made.folder, {**counted, ("up_pro_material", day): 5})[1]
    assert "up_pro_material" in said and "本机 6 行，平台 5 行" in said
    modes = {file.stat().st_mode & 0o777 for file in made.folder.iterdir()}
    assert modes == {0o600} and made.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_changed_file_is_found(region: Region, agent: Agent, inbox: Receiver, by: Exporter, kind: str) -> None:
    decided(region, agent, inbox)
    made = batches.export(Exporter(agent, "H01", by.folder, by.answered, kind, transfer=by.transfer))
    assert made.folder is not None
    file = next(made.folder.glob("up_pro_result.*"))
    if kind == "json":
        (row,) = [json.loads(line) for line in file.read_text().splitlines()]
        assert set(row) == set(TABLES["up_pro_result"].columns)
    file.write_bytes(file.read_bytes() * 2)
    assert len(reconcile(made.folder)[1]) == 2
    file.unlink()
    with pytest.raises(Refusal, match="EXCHANGE_MANIFEST"):
        reconcile(made.folder)


@pytest.mark.parametrize("change", [{"kind": "xml"}, {"data_source": "江西"}])
def test_an_unusable_order_is_refused(agent: Agent, by: Exporter, change: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match=r"EXCHANGE_(FORMAT|SOURCE)"):
        batches.export(Exporter(agent, "H01", by.folder, by.answered, **change))


def test_tables_are_those_of_the_standard() -> None:
    assert list(TABLES) == [
        *("up_pro_accept", "up_pro_process", "up_pro_special_procedure", "up_pro_result", "up_pro_material"),
        *("payment", "post", "rating", "complaint", "enquiry", "up_lic_data", "supervision"),
    ]
    for table in TABLES.values():
        assert table.columns[:2] == ("row_guid", "project_no")
        assert table.columns[-4:] == ("cd_operation", "cd_time", "cd_batch", "data_source")
        assert len(set(table.columns)) == len(table.columns)
        full = {field.name: "1" for field in table.fields}
        assert problem_in(table, full) == ""
        for field in table.fields:
            assert problem_in(table, {**full, field.name: "x" * (field.most + 1)}) == f"{table.name}.{field.name}"
            assert bool(problem_in(table, {**full, field.name: ""})) is field.needed
    assert TABLES.keys() >= PERSONAL
