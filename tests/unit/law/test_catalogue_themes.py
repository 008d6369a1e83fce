"""Themes (一件事): the two public lists by code and never by name, and the plan of a live one."""

import csv
from pathlib import Path

import pytest

from crypto.refusal import Refusal
from deploy.catalogue.themes import COLUMNS, SEED, departments, guide_text, listed_themes
from hub.casework.catalogue.lint import findings, of_themes
from hub.casework.catalogue.lint_themes import in_order, longest_path
from hub.casework.catalogue.themes import DepartmentTable, department_in, theme_in
from hub.casework.numbers import credit_code
from tests.unit.law.catalogue_world import LEAD, UNIT, limit, loaded, sound, theme

SEEDED = SEED / "jiangjin_themes.csv"
SHARED = Path(__file__).resolve().parents[3].parent / "shared/domain/items.csv"
KNOWN = departments()
THEMES = {one["name"]: one for one in listed_themes(SEEDED, KNOWN)}


def written(tmp_path: Path, *rows: dict[str, str]) -> Path:
    path = tmp_path / "一件事.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


ROW = dict(zip(COLUMNS, ("1", "第一批", "1", "", "我要开花店", "江津区市场监管局", ""), strict=True))


@pytest.mark.requirement("B02")
def test_the_seed_is_what_the_public_lists_say() -> None:
    if not SHARED.exists():
        pytest.skip("../shared/domain/items.csv is absent")
    with SHARED.open(encoding="utf-8-sig", newline="") as file:
        published = [{name: row[name] for name in COLUMNS} for row in csv.DictReader(file)]
    with SEEDED.open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == published
    assert len(published) == 35
    assert listed_themes(SHARED, KNOWN) == list(THEMES.values())


@pytest.mark.requirement("B02")
def test_thirty_five_rows_are_thirty_four_themes() -> None:
    assert len(THEMES) == 34
    birth = THEMES["出生一件事"]
    assert [told["seq"] for told in birth["lists"]] == [1, 1]
    assert (birth["applicant"], len(birth["cooperating"])) == ("NATURAL_PERSON", 2)
    assert THEMES["结婚登记一件事"]["code"] != THEMES["结婚一件事"]["code"]
    assert sum(not one["cooperating"] for one in THEMES.values()) == 17
    assert {one["applicant"] for one in THEMES.values()} == {"", "NATURAL_PERSON", "LEGAL_PERSON"}


@pytest.mark.requirement("B02")
def test_the_lead_printed_again_is_tolerated_and_dropped_with_a_warning() -> None:
    hiring = THEMES["员工招聘一件事"]
    assert hiring["lead"] in hiring["cooperating"]
    assert hiring["lead"] not in theme_in(hiring).cooperating
    assert [(one.code, one.where) for one in of_themes(KNOWN, list(THEMES.values()))] == [
        ("THEME_LEAD_TWICE", f"themes[{hiring['code']}]")
    ]


@pytest.mark.requirement("B02")
def test_the_lists_can_be_published_with_a_catalogue() -> None:
    document = sound() | {"departments": KNOWN, "themes": list(THEMES.values())}
    catalogue = loaded(document)
    assert catalogue.theme("JJ-1-07").cooperating == ()
    with pytest.raises(Refusal, match="THEME_UNKNOWN"):
        catalogue.theme("JJ-9-99")


@pytest.mark.requirement("B02")
def test_one_body_is_one_code_however_it_is_written() -> None:
    table = DepartmentTable(department_in(entry) for entry in KNOWN)
    for names in (("区人力社保局", "江津区人力社保局"), ("江津区市场监管局", "区市场监管局", " 江津 市场监管局")):
        assert len({table.code_of(name) for name in names}) == 1
    with pytest.raises(Refusal, match="DEPARTMENT_UNKNOWN"):
        table.code_of("市场监管")
    twice = [*KNOWN, {"code": UNIT, "name": "别处", "region": "500112000000", "aliases": ["区公安局"]}]
    with pytest.raises(Refusal, match="DEPARTMENT_AMBIGUOUS"):
        DepartmentTable(department_in(entry) for entry in twice).code_of("区公安局")


def test_sample_codes_are_well_formed_and_of_their_region() -> None:
    assert len({entry["code"] for entry in KNOWN}) == len(KNOWN) == 13
    for entry in KNOWN:
        assert credit_code(entry["code"]) == entry["code"]
        assert entry["code"][2:8] == entry["region"][:6]


@pytest.mark.requirement("B02")
@pytest.mark.parametrize(
    "change, code",
    [
        ({"lead_department": "市场监管局"}, "DEPARTMENT_UNKNOWN"),
        ({"lead_department": ""}, "DEPARTMENT_UNKNOWN"),
        ({"cooperating_units": "区公安局;某局"}, "DEPARTMENT_UNKNOWN"),
        ({"applicant_type": "其他"}, "CELL_VALUE"),
        ({"seq": "一"}, "CELL_VALUE"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused(tmp_path: Path, change: dict[str, str], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        listed_themes(written(tmp_path, ROW | change), KNOWN)


def test_a_list_in_gb18030_with_blank_and_repeated_units(tmp_path: Path) -> None:
    (made,) = listed_themes(written(tmp_path, ROW | {"cooperating_units": " ; 区公安局"}), KNOWN)
    assert len(made["cooperating"]) == 1 and made["name"] == "我要开花店"


def test_a_list_without_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("list_no,seq\n1,1\n", encoding="utf-8")
    with pytest.raises(Refusal, match="COLUMN_MISSING"):
        listed_themes(path, KNOWN)


@pytest.mark.requirement("B01", "B03", "B05", "B12", "B13")
def test_a_plan_has_lead_form_list_order_limits_and_one_exit() -> None:
    found = loaded().theme("JJ-1-08")
    plan = found.require_intake("yubei-hall")
    assert (found.lead, found.cooperating, plan.exit_node) == (LEAD, (UNIT,), "yubei-hall")
    assert [part.code for part in plan.entries()] == ["P1"]
    assert (plan.statutory_days, plan.extension_days, plan.failure_policy) == (45, 15, "ALL_OR_NOTHING")
    core = plan.part("P1")
    assert core is not None and core.core and core.department == found.lead
    assert plan.materials[0].serves == {"P1": "M02", "P3": "M02"}
    assert plan.form[0].maps == {"P1": "name", "P3": "unit_name"}
    opinion = plan.part("P2")
    assert opinion is not None and (opinion.kind, opinion.section) == ("CONSULTATION", "综合科")
    assert plan.part("P9") is None


@pytest.mark.requirement("B18")
def test_only_listed_windows_take_a_live_theme_in() -> None:
    catalogue = loaded()
    with pytest.raises(Refusal, match="THEME_WINDOW"):
        catalogue.theme("JJ-1-08").require_intake("xihu-hall")
    with pytest.raises(Refusal, match="THEME_NOT_LIVE"):
        theme_in(THEMES["出生一件事"]).require_intake("yubei-hall")


@pytest.mark.requirement("B15")
def test_the_guide_of_the_whole_is_made_from_the_plan() -> None:
    found = loaded().theme("JJ-1-08")
    assert found.plan is not None
    text = guide_text(found, found.plan, {LEAD: "市场监管局", UNIT: "人力社保局"})
    for told in ("我要开便利店", "市场监管局", "1. 居民身份证", "字号", "在第 1、2 步之后", "承诺 13 个工作日"):
        assert told in text


def test_the_longest_path_adds_what_must_follow() -> None:
    parts = theme()["plan"]["parts"]
    assert longest_path(parts) == 13
    parts[2]["after"] = ["P1"]
    assert longest_path(parts) == 10
    parts[1]["limit"] = limit(49, "HOUR")
    assert longest_path(parts) == 10
    assert longest_path([]) == 0


def test_what_waits_for_a_circle_never_comes() -> None:
    after = {"A": [], "B": ["A", "C"], "C": ["B"], "D": ["C"], "E": ["A"]}
    assert list(in_order(after)) == ["A", "E"]
    document = sound()
    document["themes"][0]["plan"]["parts"][0]["after"] = ["P2"]
    (found,) = [one for one in findings(document) if one.code == "THEME_CIRCLE"]
    assert found.detail == "P1、P2、P3"
