"""node_agent.department.publication and ``yidi dept publication-list``: what a department makes public (G08)."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from crypto import canonical
from crypto.log import leaf as leaves
from crypto.refusal import Refusal
from crypto.statement import read_signed
from deploy.commands.dept import publication as commands
from deploy.commands.shared import common
from deploy.figures.lists import public_tables
from hub.casework.catalogue.values import Exclusion
from hub.casework.states import State
from node_agent.department import desk as department
from node_agent.department import publication, review, sealed
from node_agent.department.publication import Publication, publish
from node_agent.exchange import lists
from node_agent.exchange.lists import digest_of
from node_agent.known.casemirror import mirror
from node_agent.process.runtime import Agent
from node_agent.transfer import opening, pulling
from node_agent.transfer.receiver import Receiver
from storage.journal import OutboxEntry
from tests.unit.agents.agent_region import FORM, Region, exchange
from tests.unit.agents.family_region import BATHS, open_family
from tests.unit.evidence_log import DEMO, DEPARTMENT, ITEM

proves = pytest.mark.requirement
NAME, NUMBER = FORM["applicant"]["name"], FORM["applicant"]["citizen_id"]
MOBILE = "13800000000"
UNIT = {"name": "知远汤泉连锁", "credit_code": "91110000600037341L"}
SHOP = {"name": f"南昌市东湖区{NAME}小吃店", "credit_code": "92110000600037341H"}


def decided(region: Region, agent: Agent, inbox: Receiver, counter: int, outcome: str = "GRANT", **form: Any) -> str:
    """A case of an applicant with this form (余知远's by itself) that was decided."""
    changes = {"FORM": canonical.encode({**FORM, **form})} if form else {}
    case, _ = region.forward(counter, **changes)
    exchange(region, agent, inbox)
    review.take(agent, case, "A01", "ON_DUTY")
    department.accept(agent, case, "A01")
    exchange(region, agent, inbox)
    words = ("不符合规定的条件", "六十日内可以申请行政复议") if outcome == "REFUSE" else ("", "")
    department.decide(agent, case, "D01", outcome, *words)
    exchange(region, agent, inbox)
    assert region.log.files[case].outcome == outcome
    return case


def answered(region: Region, agent: Agent) -> Callable[[str], OutboxEntry]:
    def answer(digest: str) -> OutboxEntry:
        region.send(agent)
        found = agent.journal.entry(digest)
        assert found is not None
        return found

    return answer


def published(region: Region, agent: Agent, staff: str = "H01", day: date | None = None) -> Publication:
    today = day or region.log.now.date()
    return publish(agent, staff, today, today, answered(region, agent), region.transfer())


def birthday(years: int, on: date) -> dict[str, Any]:
    """A form of somebody who turned so old on that day, with a number of a reserved region."""
    body = f"360101{on.year - years:04}{on.month:02}{on.day:02}001"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]
    return {"applicant": {"name": NAME, "citizen_id": body + check}}


@proves("G08", "H01")
def test_a_licence_that_was_granted_is_public_with_the_name_masked(
    region: Region, agent: Agent, inbox: Receiver
) -> None:
    case = decided(region, agent, inbox, 1)
    made = published(region, agent)
    (line,) = made.lines
    file = region.log.files[case]
    assert (line.applicant, line.credit_code, line.standing) == ("余*", "", "VALID")
    assert (line.case_no, line.task_code, line.decided) == (file.case_no, ITEM, region.log.now.date().isoformat())
    assert line.accepted == file.effective_at[:10] and line.promised == (file.clocks["K3"].due or "")[:10]
    assert "12345" in line.complaints, "everybody is told where to complain"
    told = json.dumps(made.contents(), ensure_ascii=False)
    assert NAME not in told and NUMBER not in told


@proves("G08", "H01", "H02")
def test_each_case_is_opened_for_this_purpose_and_the_list_is_stated_by_a_digest_that_nobody_guesses(
    region: Region, agent: Agent, inbox: Receiver
) -> None:
    cases = [decided(region, agent, inbox, counter) for counter in (1, 2)]
    made = published(region, agent)
    assert made.stated is not None
    for case in cases:
        said = [
            read_signed(one.envelope) for one in agent.journal.acts(case) if one.event in ("open_document", "export")
        ]
        assert [one.type for one in said] == ["open_document", "export"]
        assert said[0].body["purpose"] == "PUBLICITY"
        assert said[1].body == {"profile": "OUTSIDE", "kind": "CASE_LIST", "digest": made.stated.digest}
    assert digest_of(made.stated.salt, made.contents()) == made.stated.digest
    again = published(region, agent)
    assert again.contents() == made.contents() and again.stated is not None
    assert again.stated.digest != made.stated.digest, "a salt of its own each time"
    logged = b"".join(region.log.entries)
    assert made.stated.salt.encode() not in logged and "余*".encode() not in logged


@proves("G08")
@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"applicant": {"name": NAME, "citizen_id": "E12345678", "document_type": "414"}}, "AGE_UNKNOWN"),
        ({"applicant": {"name": NAME}}, "AGE_UNKNOWN"),
        ({"applicant": {"citizen_id": NUMBER}}, "NAME_MISSING"),
        ({"enterprise": {"name": "", "credit_code": UNIT["credit_code"]}}, "NAME_MISSING"),
        ({"enterprise": {"name": "某店", "credit_code": "91110000600037341X"}}, "NAME_MISSING"),
        ({"applicant": {"citizen_id": NUMBER}, "enterprise": SHOP}, "NAME_MISSING"),
    ],
)
def test_who_cannot_be_shown_safely_is_left_out_and_counted(
    region: Region, agent: Agent, inbox: Receiver, form: dict[str, Any], why: str
) -> None:
    decided(region, agent, inbox, 1, **form)
    made = published(region, agent)
    assert made.lines == [] and made.left_out == {why: 1}


@proves("G08")
@pytest.mark.parametrize(("born", "shown"), [(0, True), (1, False)])
def test_a_minor_is_never_published(region: Region, agent: Agent, inbox: Receiver, born: int, shown: bool) -> None:
    """To the day: who turns eighteen on the day of the decision is an adult."""
    decided(region, agent, inbox, 1, **birthday(18, region.log.now.date() + timedelta(days=born)))
    made = published(region, agent)
    assert (len(made.lines), dict(made.left_out)) == ((1, {}) if shown else (0, {"MINOR": 1}))


@proves("G08", "H01")
def test_a_unit_is_named_and_the_keeper_in_the_name_of_a_shop_is_masked(
    region: Region, agent: Agent, inbox: Receiver
) -> None:
    spaced = {"name": f"{NAME[0]}　{NAME[1:]}", "citizen_id": NUMBER}
    decided(region, agent, inbox, 1, enterprise=UNIT)
    decided(region, agent, inbox, 2, enterprise=SHOP)
    decided(region, agent, inbox, 3, enterprise=SHOP, applicant=spaced)
    decided(region, agent, inbox, 4, enterprise={**SHOP, "name": "余 知 远 小吃店"})
    decided(region, agent, inbox, 5, enterprise={**UNIT, "name": f"汤泉连锁，电话 {MOBILE}"})
    firm, shop, another, wide, hostile = published(region, agent).lines
    assert (firm.applicant, firm.credit_code) == (UNIT["name"], UNIT["credit_code"])
    assert shop.applicant == another.applicant == "南昌市东湖区余*小吃店" and wide.applicant == "余*小吃店"
    assert MOBILE not in hostile.applicant and "138****0000" in hostile.applicant


@proves("G08", "H01")
def test_small_numbers_are_joined_in_what_leaves() -> None:
    made = Publication("2026-11-01", "2026-11-30", left_out=Counter(REFUSED=7, MINOR=1, NO_LICENCE=3))
    assert made.contents()["left_out"] == {"REFUSED": 7, "FEW": 4}
    rows = public_tables(made, DEPARTMENT)["说明"]
    assert ["未列入：不予许可，只计件数", "7 件"] in rows and ["未列入：件数少的各项合计", "4 件"] in rows
    assert "未满十八" not in str(rows)


@proves("G08")
def test_a_refusal_is_counted_and_nothing_of_it_is_opened(region: Region, agent: Agent, inbox: Receiver) -> None:
    case = decided(region, agent, inbox, 1, "REFUSE")
    made = published(region, agent)
    assert made.lines == [] and made.left_out == {"REFUSED": 1}
    assert not [one for one in agent.journal.acts(case) if one.event in ("open_document", "export")]


@proves("G08")
def test_only_what_the_law_makes_public_still_stands_and_is_ours(
    region: Region, agent: Agent, inbox: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(region, agent, inbox, 1)
    item, file = sealed.item_of, mirror

    def counted(name: str, value: Callable[..., Any]) -> dict[str, int]:
        with monkeypatch.context() as patch:
            patch.setattr(sealed if name == "item_of" else publication, name, value)
            return dict(published(region, agent).left_out)

    assert counted("item_of", lambda *a: replace(item(*a), licensing_law=False)) == {"NO_LICENCE": 1}
    closed = Exclusion("CLASSIFIED", "赣府字〔2026〕1号")
    assert counted("item_of", lambda *a: replace(item(*a), exclusion=closed)) == {"KEPT_OUT": 1}

    def voided(*a: Any) -> Any:
        seen = file(*a)
        assert seen.file is not None
        return replace(seen, file=seen.file.changed(state=State.VOIDED))

    assert counted("mirror", voided) == {"NOT_STANDING": 1}

    def revoked(*a: Any) -> Any:
        seen = file(*a)
        assert seen.file is not None
        return replace(seen, file=seen.file.changed(revoked="a" * 64))

    monkeypatch.setattr(publication, "mirror", revoked)
    assert [line.standing for line in published(region, agent).lines] == ["REVOKED"], "what was shown is set right"


@proves("G08")
def test_a_part_of_a_joint_matter_is_made_public_by_its_own_department(
    tmp_path: Path,
) -> None:
    family = open_family(tmp_path)
    region = family.world.region
    parent = family.begin_baths()
    family.scan(parent, [f"T{number:02}" for number in range(1, 9)])
    family.seal(parent)
    child = family.dispatched(parent)["P1"]
    agent = family.hear(BATHS[0])
    family.said(agent, department.accept(agent, child, "A01"))
    agent = family.hear(BATHS[0])
    made = published(region, agent)
    assert made.lines == [] and not made.left_out, "nothing is decided yet, and a parent never is"
    family.said(agent, department.decide(agent, child, "H01", "GRANT"))
    agent = family.hear(BATHS[0])
    made = published(region, agent)
    (line,) = made.lines
    assert line.case_no == region.log.files[child].case_no
    assert line.applicant == json.loads((DEMO / "form-baths.json").read_bytes())["enterprise"]["name"]


@proves("G08")
def test_the_period_is_of_decisions_both_days_included(region: Region, agent: Agent, inbox: Receiver) -> None:
    decided(region, agent, inbox, 1)
    today = region.log.now.date()
    before = published(region, agent, day=today - timedelta(days=1))
    assert before.lines == [] and before.stated is None, "no case, and nothing in the log to point to"
    assert published(region, agent, day=today + timedelta(days=1)).lines == []
    with pytest.raises(Refusal, match="PERIOD_ORDER"):
        publish(agent, "H01", today, today - timedelta(days=1), answered(region, agent), region.transfer())


@proves("G08", "H01")
def test_without_the_head_or_the_hubs_word_nothing_leaves(region: Region, agent: Agent, inbox: Receiver) -> None:
    decided(region, agent, inbox, 1)
    with pytest.raises(Refusal, match="ROLE_MISSING"):
        published(region, agent, "D01")

    def silent(digest: str) -> OutboxEntry:
        found = agent.journal.entry(digest)
        assert found is not None
        return found

    today = region.log.now.date()
    with pytest.raises(Refusal, match="ACCESS_UNCONFIRMED"):
        publish(agent, "H01", today, today, silent, region.transfer())


@proves("G08", "H01")
def test_who_waits_in_vain_waits_for_the_first_case_alone(region: Region, agent: Agent, inbox: Receiver) -> None:
    cases = [decided(region, agent, inbox, counter) for counter in (1, 2)]
    asked: list[str] = []

    def silent(digest: str) -> OutboxEntry:
        asked.append(digest)
        found = agent.journal.entry(digest)
        assert found is not None
        return found

    with pytest.raises(Refusal, match="ACCESS_UNCONFIRMED"):
        lists.state(agent, "H01", ("HEAD",), cases, {}, silent)
    assert len(asked) == 1 and {one.case_id for one in agent.journal.waiting()} == set(cases)


@proves("G08")
def test_a_store_that_is_away_makes_no_list_that_is_short_of_a_case(
    region: Region, agent: Agent, inbox: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = decided(region, agent, inbox, 1)

    def away(*told: object) -> Path:
        raise Refusal("STORE_UNAVAILABLE", "promise 6", answer="away")

    monkeypatch.setattr(pulling, "fetch_sealing", away)
    pulling.sealed_file(agent, case, pulling.application_of(agent, case)).unlink()
    with pytest.raises(Refusal, match="STORE_UNAVAILABLE"):
        published(region, agent)
    assert not [one for one in agent.journal.acts(case) if one.event == "export"]


@proves("G08", "H02")
@pytest.mark.parametrize(("name", "code"), [("list.docx", "FORMAT_UNKNOWN"), ("none/list.json", "UNWRITABLE")])
def test_nothing_is_opened_for_a_file_that_cannot_be_written(
    region: Region, agent: Agent, inbox: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: str
) -> None:
    case = decided(region, agent, inbox, 1)
    monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: agent)
    monkeypatch.setattr(agent, "close", lambda: None)
    day, before = region.log.now.date().isoformat(), len(agent.journal.acts(case))
    line = ["--home", str(agent.settings.home), "--staff", "H01", "--from", day, "--to", day, "--json"]
    done = CliRunner().invoke(commands.app, [*line, "--out", str(tmp_path / name)])
    assert json.loads(done.stdout)["refusal"]["code"] == f"FIGURES_{code}"
    assert len(agent.journal.acts(case)) == before


@proves("G08")
@pytest.mark.parametrize("kind", [".xlsx", ".json", ""])
def test_the_command_writes_the_list_as_every_other_export(
    region: Region, agent: Agent, inbox: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    decided(region, agent, inbox, 1)
    decided(region, agent, inbox, 2, "REFUSE")
    monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: agent)
    monkeypatch.setattr(agent, "close", lambda: None)
    monkeypatch.setattr(opening, "TransferClient", region.transfer)
    answer = answered(region, agent)
    monkeypatch.setattr(commands, "answered", lambda agent, wait, as_json: answer)
    day, out = region.log.now.date().isoformat(), tmp_path / f"public{kind}"
    line = ["--home", str(agent.settings.home), "--staff", "H01", "--from", day, "--to", day, "--out", str(out)]
    done = CliRunner().invoke(commands.app, [*line, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["count"], told["left_out"]) == (1, {"REFUSED": 1})
    if kind == ".json":
        written = json.loads(out.read_text("utf-8"))
        assert digest_of(written["salt"], written["list"]) == written["digest"] == told["digest"]
        rows: list[Any] = [list(one.values()) for one in written["list"]["lines"]]
    elif kind == ".xlsx":
        rows = [list(row) for row in load_workbook(out)["公开公示"].iter_rows(min_row=2, values_only=True)]
    else:
        rows = list(csv.reader((out / "公开公示.csv").read_text("utf-8-sig").splitlines()))[1:]
        notes = (out / "说明.csv").read_text("utf-8-sig")
        assert "件数少的各项合计,1 件" in notes and told["digest"] in notes
    assert len(rows) == 1 and "余*" in rows[0] and NAME not in str(rows)
    decided(region, agent, inbox, 3, enterprise={**UNIT, "name": "[/b]店"})
    shown = CliRunner().invoke(commands.app, line)
    assert shown.exit_code == 0 and NAME not in shown.output, "a name is no markup"
    exported = [read_signed(leaves.decode(data).envelope).type for data in region.log.entries].count("export")
    assert exported == 3, "each time that it is written out it is told"
    assert agent.identity.node == DEPARTMENT
