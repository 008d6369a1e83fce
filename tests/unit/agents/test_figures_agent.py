"""node_agent.figures and ``yidi figures``: counted from own leaves or verified packages; frozen, checked, found out."""

import csv
import json
import stat
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from crypto import canonical
from crypto.refusal import Refusal
from deploy.commands.figures import main as figures
from deploy.commands.figures import plan as figures_plan
from deploy.commands.shared import common
from deploy.figures.files import require_writable, safe, write
from deploy.figures.tables import tables_of
from hub.casework.figures.report import Dimension, report
from hub.casework.figures.tally import Period
from hub.casework.figures.values import CaseFigures, Fact
from node_agent.department import desk as department
from node_agent.department import review
from node_agent.figures import freeze as freezing
from node_agent.figures.collecting import checkpoint_of, collect
from node_agent.figures.source import ALL, Seen, own_cases, packaged_cases
from node_agent.process.runtime import Agent
from node_agent.supervision import supervising
from node_agent.transfer.receiver import Receiver
from tests.unit.agents.agent_region import Region, exchange
from tests.unit.evidence_log import DEPARTMENT, ITEM, WINDOW

HOME, CENTRE, OTHER_BODY = "11360102MB00000101", "12360102MB0000020Y", "11360102MB00000303"
proves = pytest.mark.requirement
NEXT_YEAR = "2027-01-04T09:00:00.000+08:00"
THIS_YEAR = Period("2026-01-01", "2026-12-31", "2026-12-31T23:59:59.999+08:00")


@pytest.fixture
def agent(region: Region, tmp_path: Path) -> Agent:
    return region.agent(tmp_path / "dept", DEPARTMENT, ("A01", "D01", "H01"))


def handled(region: Region, agent: Agent, inbox: Receiver, counter: int) -> str:
    """A case that was accepted and granted."""
    case, _ = region.forward(counter)
    exchange(region, agent, inbox)
    review.take(agent, case, "A01", "ON_DUTY")
    department.accept(agent, case, "A01")
    exchange(region, agent, inbox)
    department.decide(agent, case, "D01", "GRANT")
    exchange(region, agent, inbox)
    return case


def frozen(agent: Agent, region: Region, cases: freezing.Cases | None = None, now: str = NEXT_YEAR) -> freezing.Frozen:
    scope = {"source": "node", "node": agent.identity.node}
    counted = cases or partial(own_cases, agent)
    return freezing.freeze(agent, region.log.now.year, counted, scope, region.log.checkpoint().decode(), now)


# --- sources ---------------------------------------------------------------------------------------------------------


@proves("J05", "A24")
def test_a_department_counts_its_own_cases_from_its_own_leaves(region: Region, agent: Agent, inbox: Receiver) -> None:
    for counter in (1, 2):
        handled(region, agent, inbox, counter)
    region.seal(3)
    calendar, seen = agent.registry.calendar(), Seen()
    made = report(own_cases(agent, calendar, seen), THIS_YEAR, calendar)
    assert (seen.cases, seen.left_out) == (2, {}), "the third never came to it"
    tally = made.groups[Dimension.DEPARTMENT, DEPARTMENT]
    assert (tally.volume[Fact.ACCEPTED], tally.volume[Fact.GRANTED], tally.within["K3"]) == (2, 2, 2)


@proves("H04")
def test_what_cannot_be_checked_is_named_and_not_counted(region: Region, agent: Agent, inbox: Receiver) -> None:
    case = handled(region, agent, inbox, 1)
    with agent.journal.transaction() as at:
        at.execute("DELETE FROM leaves WHERE idx=(SELECT MIN(idx)+2 FROM leaves WHERE case_id=?)", (case,))
    seen = Seen()
    assert list(own_cases(agent, agent.registry.calendar(), seen)) == []
    assert seen.cases == 0 and case in seen.left_out
    with pytest.raises(Refusal, match="FIGURES_INCOMPLETE"):
        frozen(agent, region)


@proves("J05", "A24")
def test_a_case_that_went_on_elsewhere_counts_as_far_as_it_was_shown(
    region: Region, agent: Agent, inbox: Receiver
) -> None:
    """A card that reaches a node after its part ended leaves a gap before it, which is no fault."""
    case = handled(region, agent, inbox, 1)
    facts = {"channel": "HOTLINE", "ticket": "GD20260302-0001", "kind": "DELAY", "about_node": WINDOW}
    supervising.complain(agent, case, "A01", {**facts, "handler": DEPARTMENT}, "办理拖延")
    exchange(region, agent, inbox)
    with agent.journal.transaction() as at:
        at.execute("DELETE FROM leaves WHERE idx=(SELECT MAX(idx)-1 FROM leaves WHERE case_id=?)", (case,))
    seen = Seen()
    (found,) = own_cases(agent, agent.registry.calendar(), seen)
    facts_told = [one.fact for one in found.happened]
    assert seen.left_out == {} and Fact.ACCEPTED in facts_told and Fact.DECIDED not in facts_told


@proves("J05")
def test_an_auditor_counts_packages_that_it_verified_itself(region: Region, agent: Agent, tmp_path: Path) -> None:
    folder = tmp_path / "packages"
    folder.mkdir()
    for counter in (1, 2):
        case = region.log.run_case(counter)
        (folder / f"{case}.zip").write_bytes(region.log.package(case))
    (folder / "broken.zip").write_bytes(b"PK" + b"\0" * 40)
    calendar, seen = agent_calendar(region), Seen()
    made = report(packaged_cases(folder, region.log.pins(), calendar, seen), THIS_YEAR, calendar)
    assert seen.cases == 2 and set(seen.left_out) == {"broken"} and seen.left_out["broken"]
    assert made.groups[Dimension.WINDOW, WINDOW].volume[Fact.PROVEN] == 2


def agent_calendar(region: Region) -> Any:
    from hub.casework.time.calendar import calendar_in

    return calendar_in(region.log.documents["calendar", "2026.1"])


@proves("J05")
def test_memory_does_not_grow_with_the_number_of_cases(region: Region, agent: Agent, inbox: Receiver) -> None:
    handled(region, agent, inbox, 1)
    calendar = agent.registry.calendar()
    (one,) = own_cases(agent, calendar, Seen())

    def many(count: int) -> Iterator[CaseFigures]:
        for number in range(count):
            yield CaseFigures(**{**vars(one), "case": f"{number:032x}"})

    sizes = []
    for count in (10, 2000):
        made = report(many(count), THIS_YEAR, calendar)
        told = canonical.encode(made.document({}))
        sizes.append((len(made.groups), len(told)))
        assert made.groups[Dimension.ALL, ""].cases == count
    assert sizes[0][0] == sizes[1][0] and sizes[1][1] - sizes[0][1] < 400, "only the digits of the counts"


# --- frozen ----------------------------------------------------------------------------------------------------------


@proves("J11")
def test_a_year_is_frozen_once_it_is_over_and_made_again_byte_for_byte(
    region: Region, agent: Agent, inbox: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled(region, agent, inbox, 1)
    with pytest.raises(Refusal, match="FIGURES_YEAR_OPEN"):
        frozen(agent, region, now="2026-12-31T23:59:59.999+08:00")
    made = frozen(agent, region)
    published = region.log.checkpoint().decode()
    path = freezing.write(agent, made, "H01", published, tmp_path / "year", region.log.now.year)
    with pytest.raises(Refusal, match="FIGURES_EXISTS"):
        freezing.write(agent, made, "H01", published, tmp_path / "year", region.log.now.year)
    handled(region, agent, inbox, 2)
    assert frozen(agent, region).digest != made.digest, "a later checkpoint tells more"
    later(monkeypatch)
    held = freezing.check(agent, path, partial(own_cases, agent))
    assert (held.digest, held.cases, held.person[-3:]) == (made.digest, 1, "H01")
    assert json.loads(made.data)["checkpoint"]["size"] == held.size


def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The year is over."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Clock":
            return cls(2027, 1, 4, 9, tzinfo=tz)

    monkeypatch.setattr(freezing, "datetime", Clock)


@proves("J11", "A24")
def test_an_auditor_makes_a_departments_extract_again_from_packages(
    region: Region, agent: Agent, inbox: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [handled(region, agent, inbox, counter) for counter in (1, 2)]
    elsewhere, _, _ = region.seal(3)
    path = freezing.write(
        agent, frozen(agent, region), "H01", region.log.checkpoint().decode(), tmp_path, region.log.now.year
    )
    folder = tmp_path / "packages"
    hub = SimpleNamespace(
        checkpoint=lambda: (region.log.checkpoint().decode(), 0),
        cases=lambda page_token="": ([json.dumps({"case": case}).encode() for case in (*cases, elsewhere)], ""),
        export_evidence=region.log.package,
    )
    monkeypatch.setattr(agent, "hub", hub)
    with pytest.raises(Refusal, match="FIGURES_NOT_COLLECTED"):
        checkpoint_of(folder)
    assert collect(agent, folder) == 3
    head = region.log.checkpoint().decode().splitlines()[:3]
    assert checkpoint_of(folder).splitlines()[:3] == head, "signatures differ, the head does not"
    later(monkeypatch)
    pins = agent.identity.pins

    def packaged(node: str) -> freezing.Cases:
        return lambda calendar, seen, below: packaged_cases(folder, pins, calendar, seen, below, node)

    assert freezing.node_of(path) == DEPARTMENT
    assert freezing.check(agent, path, packaged(DEPARTMENT)).cases == 2
    with pytest.raises(Refusal, match="FIGURES_DIFFER"):
        freezing.check(agent, path, packaged(""))
    all_of_them, seen = frozen(agent, region, packaged("")), Seen()
    assert all_of_them.seen.cases == 3
    assert list(packaged_cases(folder, pins, agent.registry.calendar(), seen, 10**6)) == []
    assert set(seen.left_out.values()) == {"STALE"}


Spoil = Callable[[dict[str, Any], dict[str, Any]], None]


def _count(told: dict[str, Any], document: dict[str, Any]) -> None:
    document["groups"]["ALL"][""]["volume"]["GRANTED"] = 2


def _rules(told: dict[str, Any], document: dict[str, Any]) -> None:
    document["rules"] = "2025.1-1"


def _person(told: dict[str, Any], document: dict[str, Any]) -> None:
    told["person"] = f"{DEPARTMENT}/person/D01"


def _epoch(told: dict[str, Any], document: dict[str, Any]) -> None:
    told["epoch"] = 10**6


def _note(told: dict[str, Any], document: dict[str, Any]) -> None:
    told["checkpoint"] = told["checkpoint"].replace("\n", "\nX", 1)


@proves("J11")
@pytest.mark.parametrize(
    "spoil, code",
    [
        (_count, "FIGURES_DIFFER"), (_rules, "FIGURES_RULES"), (_person, "FIGURES_SIGNATURE"),
        (_epoch, "FIGURES_FORMAT"), (_note, "NOTE|CHECKPOINT"),
    ],
)  # fmt: skip
def test_a_changed_extract_is_found_out(
    region: Region,
    agent: Agent,
    inbox: Receiver,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Spoil,
    code: str,
) -> None:
    from crypto.statement import envelope_from, sign

    handled(region, agent, inbox, 1)
    published = region.log.checkpoint().decode()
    made = frozen(agent, region)
    path = freezing.write(agent, made, "H01", published, tmp_path, region.log.now.year)
    told = json.loads(path.read_bytes())
    document = json.loads(envelope_from(told["extract"], freezing.FIGURES_TYPE).payload)
    spoil(told, document)
    keys = [agent.identity.person("H01")[1], agent.identity.sign]  # the forger is the department itself
    told["extract"] = sign(canonical.encode(document), keys, freezing.FIGURES_TYPE).as_object()
    path.write_bytes(canonical.encode(told))
    later(monkeypatch)
    with pytest.raises(Refusal, match=code):
        freezing.check(agent, path, partial(own_cases, agent))


def test_what_is_no_extract_is_refused(agent: Agent, tmp_path: Path) -> None:
    for text in (b"", b"{}", b'{"extract":{}}'):
        (tmp_path / "x.json").write_bytes(text)
        with pytest.raises(Refusal, match="FIGURES_FORMAT"):
            freezing.check(agent, tmp_path / "x.json", partial(own_cases, agent))


# --- files -----------------------------------------------------------------------------------------------------------


@proves("J05")
@pytest.mark.parametrize("text", ["=1+1", "+8613800000000", "-cmd", "@SUM(A1)", "\tx", "\r=1", "\n=1", "-1+1"])
def test_no_cell_is_a_formula(text: str, tmp_path: Path) -> None:
    assert safe(text) == "'" + text
    write({"表": [["列"], [text]]}, {}, tmp_path / "book.xlsx")
    cell = load_workbook(tmp_path / "book.xlsx")["表"]["A2"]
    assert cell.data_type == "s" and str(cell.value).startswith(text[:1].strip())
    write({"表": [["列"], [text]]}, {}, tmp_path / "book")
    data = (tmp_path / "book" / "表.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") and b"'" in data


@pytest.mark.parametrize("text", ["-1", "12.50", "66.67%", "合计", "2026-11-22", ""])
def test_numbers_and_words_stay_as_they_are(text: str) -> None:
    assert safe(text) == text


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="FIGURES_FORMAT_UNKNOWN"):
        write({}, {}, tmp_path / "x.docx")


@proves("J05", "H01")
@pytest.mark.parametrize("kind", [".json", ".xlsx"])
def test_a_private_file_is_private_whatever_lay_there(tmp_path: Path, kind: str) -> None:
    path, left = tmp_path / f"x{kind}", tmp_path / f"x{kind}.new"
    for one in (path, left):
        one.write_text("of before")
        one.chmod(0o666)
    write({"表": [["列"]]}, {}, path, private=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and not left.exists()


@proves("J05")
def test_whether_a_file_can_be_written_is_known_before(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    (tmp_path / "folder.json").mkdir()
    for name in ("x.docx", "taken", "taken/in", "taken/x.json", "none/x.json", "folder.json", "n" * 300):
        with pytest.raises(Refusal, match="FIGURES_"):
            require_writable(tmp_path / name)
        with pytest.raises(Refusal, match="FIGURES_"):
            write({"表": [["列"]]}, {}, tmp_path / name)
    for name in ("x.json", "x.xlsx", "x.JSON", "new", "new/one"):
        require_writable(tmp_path / name)
        assert not (tmp_path / name).exists()
        write({"表": [["列"]]}, {}, tmp_path / name)


# --- commands --------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, dict[str, Any]]]:
    monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: agent)
    monkeypatch.setattr(agent.journal, "close", lambda: None)
    monkeypatch.setattr(figures, "_now", lambda: NEXT_YEAR)

    def called(*words: object) -> tuple[int, dict[str, Any]]:
        plan = words[0] in ("list", "ledger", "report-in", "report-due")
        app = figures_plan.app if plan else figures.app
        given = [str(word) for word in words]
        done = CliRunner().invoke(app, [*given, "--home", str(agent.settings.home), "--json"])
        assert done.stdout, done.exception
        shown = CliRunner().invoke(app, [*given, "--home", str(agent.settings.home)])
        assert shown.exit_code == done.exit_code, shown.exception
        return done.exit_code, json.loads(done.stdout)

    return called


@proves("J05", "F14")
def test_the_report_command_writes_all_kinds_of_files(
    region: Region, agent: Agent, inbox: Receiver, tmp_path: Path, run: Callable[..., Any]
) -> None:
    handled(region, agent, inbox, 1)
    code, told = run("report", "--from", "2026-01-01", "--to", "2099-12-31", "--out", tmp_path / "r.xlsx")
    assert code == 0 and told["report"]["groups"]["WINDOW"][WINDOW]["volume"]["COLLECTED"] == 1
    book = load_workbook(tmp_path / "r.xlsx")
    assert {"合计_业务量", "窗口_用时", "部门_按时率", "口径"} <= set(book.sheetnames)
    run("report", "--from", "2026-01-01", "--to", "2099-12-31", "--out", tmp_path / "r")
    rows = list(csv.reader((tmp_path / "r" / "部门_业务量.csv").read_text("utf-8-sig").splitlines()))
    assert rows[1][0] == "jiangxi-donghu-scj"
    run("report", "--outside", "--from", "2026-01-01", "--to", "2099-12-31", "--out", tmp_path / "r.json")
    outside = json.loads((tmp_path / "r.json").read_text())
    assert outside["profile"] == "OUTSIDE" and set(outside["groups"]["WINDOW"]) == {"OTHERS"}


@proves("G12")
def test_figures_of_persons_are_for_the_lead(
    region: Region, agent: Agent, inbox: Receiver, run: Callable[..., Any], tmp_path: Path
) -> None:
    handled(region, agent, inbox, 1)
    period = ("--from", "2026-01-01", "--to", "2099-12-31")
    code, told = run("people", "--staff", "A01", *period)
    assert (code, told["refusal"]["code"]) == (1, "ROLE_MISSING")
    code, told = run("people", "--staff", "H01", *period, "--out", tmp_path / "p.xlsx")
    assert code == 0 and told["people"][f"{DEPARTMENT}/person/A01"]["within"] == 1


@proves("F07")
def test_the_figures_of_persons_are_told_to_home_department_and_centre(
    region: Region, agent: Agent, inbox: Receiver, run: Callable[..., Any]
) -> None:
    person = f"{DEPARTMENT}/person/A01"
    bodies = {"home": HOME, "centre": CENTRE}
    handled(region, agent, inbox, 1)
    region.log.register(person, DEPARTMENT, "", ["ACCEPTOR"], None, replaces=_newest(region, person), **bodies)
    agent.registry.refresh(agent.hub)
    line = ("people", "--staff", "H01", "--from", "2026-01-01", "--to", "2099-12-31")
    for body in (HOME, CENTRE, HOME.lower()):
        code, told = run(*line, "--body", body)
        assert code == 0 and list(told["people"]) == [person]
        assert told["people"][person].items() >= {"within": 1, **bodies}.items()
    assert run(*line, "--body", OTHER_BODY)[1]["people"] == {}
    assert run(*line, "--body", HOME[:-1] + "0")[1]["refusal"]["code"] == "CREDIT_CODE_CHECK"


def _newest(region: Region, person: str) -> str:
    record = region.log.directory.newest(person)
    assert record is not None
    return record.digest


@proves("C15")
def test_overdue_cases_are_listed_by_business_line(
    region: Region, agent: Agent, inbox: Receiver, run: Callable[..., Any], tmp_path: Path
) -> None:
    handled(region, agent, inbox, 1)
    code, told = run("overdue", "--out", tmp_path / "o.json")
    (late,) = told["overdue"]
    assert code == 0 and (late["时限"], late["受理部门"]) == ("送达时限", "jiangxi-donghu-scj")
    assert late["业务条线"] == "（未分类）" and int(late["逾期工作日"]) > 10
    assert set(told["definitions"]) == {"逾期", "逾期工作日"}, "definitions are printed with every report"


@proves("C01", "J07", "J08", "D25")
def test_figures_of_the_list(
    region: Region, agent: Agent, inbox: Receiver, run: Callable[..., Any], tmp_path: Path
) -> None:
    inbox.step()
    agent.registry.refresh(agent.hub)
    code, told = run("list", "--out", tmp_path / "l")
    tables = told["tables"]
    assert code == 0 and tables["清单指标"][1][0] == "可异地办理事项"
    (line,) = [row for row in tables["事项压缩比"] if row[0] == ITEM]
    assert line[2:] == ["20 个工作日", "5 个工作日", "75.00%"]
    assert (tmp_path / "l" / "部门压缩比.csv").exists()


@proves("J04", "J01")
def test_the_ledger_and_who_owes_a_report(
    region: Region, agent: Agent, inbox: Receiver, run: Callable[..., Any], tmp_path: Path
) -> None:
    agent.registry.refresh(agent.hub)
    plan = tmp_path / "plan.csv"
    plan.write_text(f"实施编码,办理单位,责任单位,计划日期\n{ITEM},jiangxi-donghu-scj,审批处,2099/1/1\n", "gb18030")
    code, told = run("ledger", "--plan", plan)
    assert code == 0 and told["ledger"][0]["status"] == "DONE" and told["ledger"][0]["unit"] == "审批处"
    assert run("ledger", "--plan", plan, "--out", tmp_path / "ledger")[0] == 0
    assert "落后天数" in (tmp_path / "ledger" / "口径.csv").read_text("utf-8-sig")
    plan.write_text("实施编码,办理单位\nx,y\n")
    assert run("ledger", "--plan", plan)[1]["refusal"]["code"] == "PLAN_FORMAT"
    due = ("report-due", "--schedule", "J03", "--from", "2026-01-01")
    owed, _ = run(*due)[1]["owed"]
    assert (owed["单位"], owed["应报日期"]) == ("jiangxi-donghu-scj", "2026-06-30") and int(owed["逾期天数"]) > 0
    given = ("--schedule", "J03", "--due", "2026-06-30", "--file", plan)
    assert run("report-in", "nobody", *given)[1]["refusal"]["code"] == "REPORTER_UNKNOWN"
    assert run("report-in", "jiangxi-donghu-scj", *given)[0] == 0
    late, _ = run(*due)[1]["owed"]
    assert (late["单位"], late["应报日期"]) == (owed["单位"], owed["应报日期"]), "a late report stays late"
    assert run("report-due", "--schedule", "J99", "--from", "2026-01-01")[1]["refusal"]["code"] == "SCHEDULE_UNKNOWN"


def test_every_table_has_as_many_cells_as_its_header(region: Region, agent: Agent, inbox: Receiver) -> None:
    handled(region, agent, inbox, 1)
    calendar = agent.registry.calendar()
    made = report(own_cases(agent, calendar, Seen(), ALL), THIS_YEAR, calendar)
    for title, rows in tables_of(made, lambda dimension, key: key).items():
        assert all(len(row) == len(rows[0]) for row in rows), title
