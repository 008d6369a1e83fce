"""``yidi catalogue``: every finding in one run, exit codes, files that can be read again."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from deploy.catalogue.document import sheets_of
from deploy.catalogue.files import read_list, write_json, write_tables
from deploy.cli import app
from tests.unit.law.catalogue_world import XIHU, Document, sound, task

RUN = CliRunner()
DEMO = Path(__file__).resolve().parents[3] / "deploy/demo/catalogue.json"


def run(*arguments: object) -> tuple[int, str]:
    made = RUN.invoke(app, ["catalogue", *map(str, arguments)])
    return made.exit_code, made.output


def told(*arguments: object) -> tuple[int, dict[str, Any]]:
    code, text = run(*arguments, "--json")
    value = json.loads(text)
    assert isinstance(value, dict)
    return code, value


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    write_json(sound(), tmp_path / "a.json")
    return tmp_path / "a.json"


def saved(path: Path, document: Document) -> Path:
    write_json(document, path)
    return path


@pytest.mark.requirement("D04", "D12", "D15", "D18", "C01")
def test_lint_tells_everything_in_one_run_and_ends_with_one(tmp_path: Path) -> None:
    document = sound()
    document["items"][3]["materials"][0]["name"] = "有关材料"
    document["items"][3]["legal_basis"] = ""
    document["items"][5]["promised_limit"] = {"n": 30, "unit": "WORKING_DAY"}
    document["items"][6]["rule_groups"].pop("fees")
    document["items"][2]["name"] = "广告备案"
    path = saved(tmp_path / "a.json", document)
    code, value = told("lint", path)
    codes = {line["code"] for line in value["files"][str(path)]}
    assert code == 1 and value["ok"] is False
    planted = {"MATERIAL_CATCH_ALL", "LEGAL_BASIS_MISSING", "PROMISE_TOO_LONG", "RULE_GROUP_MISSING", "UNIFORM_NAME"}
    assert codes == planted
    code, text = run("lint", path)
    plain = "".join(text.split())
    assert code == 1 and "排水许可" in plain and "请逐一写明具体材料" in plain and "错误5处，提醒0处" in plain


def test_lint_of_a_sound_list_ends_with_zero(listed: Path) -> None:
    assert told("lint", listed)[0] == 0
    assert run("lint", listed)[0] == 0


@pytest.mark.requirement("D04", "D05")
def test_levels_in_different_files_are_held_against_each_other(tmp_path: Path) -> None:
    county, city = sound(), sound()
    county["items"] = [one for one in county["items"] if one["level"] == "4"]
    city["items"] = [one | {"name": "另名"} for one in city["items"] if one["level"] == "3"]
    for document in (county, city):
        document |= {"queues": [], "windows": [], "agreements": [], "places": [], "themes": []}
    code, value = told("lint", saved(tmp_path / "县.json", county), saved(tmp_path / "市.json", city))
    assert code == 1
    assert [line["code"] for line in value["files"]["全部文件"]] == ["UNIFORM_NAME"]
    assert "市级" in value["files"]["全部文件"][0]["value"]


@pytest.mark.requirement("D06")
@pytest.mark.parametrize("name, more", [("t.xlsx", ()), ("t", ()), ("t", ("--encoding", "gb18030"))])
def test_export_and_import_give_the_same_list(listed: Path, tmp_path: Path, name: str, more: tuple[str, ...]) -> None:
    assert run("export", listed, tmp_path / name, *more)[0] == 0
    assert run("import", tmp_path / name, tmp_path / "b.json")[0] == 0
    assert read_list(tmp_path / "b.json")[0] == read_list(tmp_path / name)[0]
    assert told("diff", tmp_path / "b.json", tmp_path / "b.json")[1]["changes"] == []


def test_import_refuses_wrong_cells_with_row_and_column_and_writes_nothing(listed: Path, tmp_path: Path) -> None:
    tables = sheets_of(sound())
    tables["事项"][2][5] = "即刻办"
    tables["事项"][3][2] = ""
    write_tables(tables, tmp_path / "t")
    code, value = told("import", tmp_path / "t", tmp_path / "b.json")
    assert code == 1 and {one["code"] for one in value["problems"]} >= {"CELL_VALUE", "CELL_EMPTY"}
    assert "行：3；列：办件类型" in next(one for one in value["problems"] if one["code"] == "CELL_VALUE")["message"]
    assert not (tmp_path / "b.json").exists()
    assert run("import", tmp_path / "t", tmp_path / "b.json")[0] == 1


def test_import_refuses_a_list_with_errors_and_bad_bytes(tmp_path: Path) -> None:
    document = sound()
    document["items"][3]["legal_basis"] = ""
    write_tables(sheets_of(document), tmp_path / "t")
    assert told("import", tmp_path / "t", tmp_path / "b.json")[0] == 1
    whole = (tmp_path / "t/事项.csv").read_bytes()
    (tmp_path / "t/事项.csv").write_bytes(whole[:50] + b"\xff" + whole[50:])
    code, value = told("import", tmp_path / "t", tmp_path / "b.json")
    assert (code, value["refusal"]["code"]) == (1, "TABLE_ENCODING")
    assert not (tmp_path / "b.json").exists()


@pytest.mark.requirement("D10", "D16")
def test_the_public_list_in_three_forms(listed: Path, tmp_path: Path) -> None:
    for kind in ("json", "csv", "xlsx"):
        assert run("export", listed, tmp_path / f"p.{kind}", "--public", "--on", "2026-11-23")[0] == 0
    value = json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))
    rows = list(csv.reader(io.StringIO((tmp_path / "p.csv").read_bytes().decode("utf-8-sig"), newline="")))
    sheet = load_workbook(tmp_path / "p.xlsx")["可异地办理事项"]
    assert len(value["items"]) == len(rows) - 1 == sheet.max_row - 1 == 8
    assert task(7) not in {entry["task_code"] for entry in value["items"]}
    tags = {row[rows[0].index("实施编码")]: row[rows[0].index("标签")] for row in rows[1:]}
    assert tags[task(1)] == "最多跑一次" and tags[task(3)] == ""
    code, told_region = told("export", listed, tmp_path / "q.json", "--public", "--region", XIHU, "--on", "2026-11-23")
    assert (code, told_region["count"]) == (0, 1)


@pytest.mark.parametrize(
    "arguments, code",
    [
        (("export", DEMO, "x.txt", "--public"), "TABLE_FORMAT"),
        (("export", DEMO, "x.csv", "--public", "--on", "明天"), "CELL_VALUE"),
        (("export", DEMO, "x", "--encoding", "big5"), "CELL_VALUE"),
        (("template", "x.json"), "TABLE_FORMAT"),
        (("materials", DEMO, "0" * 31), "UNKNOWN_ITEM"),
        (("materials", DEMO, "11360102900001025R4000131012001", "--answer", "S1"), "SITUATION_UNKNOWN"),
        (("theme-guide", DEMO, "JJ-1-01"), "THEME_UNKNOWN"),
    ],
)
def test_refusals_are_told_with_their_code(
    arguments: tuple[object, ...], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended, value = told(*arguments)
    assert (ended, value["refusal"]["code"]) == (1, code)
    assert list(tmp_path.iterdir()) == []


def test_the_template_is_written(tmp_path: Path) -> None:
    code, value = told("template", tmp_path / "t.xlsx")
    assert code == 0 and "事项" in value["tables"] and (tmp_path / "t.xlsx").exists()


@pytest.mark.requirement("D08", "D09")
def test_diff_shows_changes_and_refuses_what_vanished(listed: Path, tmp_path: Path) -> None:
    after = sound()
    after["version"] = "2026.11-10"
    after["items"][3]["fees"] = "十元"
    assert run("diff", listed, saved(tmp_path / "b.json", after))[0] == 0
    after["agreements"], after["themes"] = [], []
    after["queues"] = [one for one in after["queues"] if one["task_code"] != task(3)]
    after["items"] = [one for one in after["items"] if one["task_code"] != task(3)]
    for window in after["windows"]:
        window["may_collect"] = [code for code in window["may_collect"] if code != task(3)]
    code, value = told("diff", listed, saved(tmp_path / "b.json", after))
    assert code == 1 and [line["code"] for line in value["errors"]] == ["ITEM_DROPPED"]
    assert any(one["kind"] == "REMOVED" and task(3) in one["where"] for one in value["changes"])


@pytest.mark.requirement("B16")
def test_situations_are_asked_one_by_one(listed: Path) -> None:
    assert told("materials", listed, task(1))[1]["question"]["code"] == "S1"
    assert "--answer S1=LEGAL" in run("materials", listed, task(1))[1]
    code, value = told("materials", listed, task(1), "--answer", "S1=NATURAL")
    assert (code, [one["code"] for one in value["materials"]]) == (0, ["M01", "M02", "M05"])


@pytest.mark.requirement("J07", "C01", "D25")
def test_figures_of_a_list(listed: Path) -> None:
    code, value = told("figures", listed, "--on", "2026-11-23")
    assert (code, value["items"], value["routable"]) == (0, 7, 7)
    assert run("figures", listed)[0] == 0


@pytest.mark.requirement("B02", "B15")
def test_themes_are_listed_and_a_plan_gives_its_guide(listed: Path) -> None:
    code, value = told("themes")
    assert (code, len(value["themes"]), len(value["findings"])) == (0, 34, 1)
    assert run("themes")[0] == 0
    code, guide = told("theme-guide", listed, "JJ-1-08")
    assert code == 0 and "我要开便利店" in guide["guide"]


def test_the_demonstrations_list_has_no_error() -> None:
    code, value = told("lint", DEMO)
    assert (code, value["errors"]) == (0, 0)
