"""deploy/demo: pages, form and catalogue fit each other, and no number in them can belong to a person."""

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import stdnum.cn.uscc
from PIL import Image

from deploy.demo import make_pages
from hub.casework.catalogue.model import breaches
from node_agent.imaging.check import inspect_file

DEMO = Path(__file__).parents[3] / "deploy" / "demo"
RESERVED = {"360101199003070018", "360101198512120023", "36110120000229004X"}
EXAMPLE_CODES = {"91110000600037341L", "12441500196720244T", "11500381009320238D"}
COUNTIES = {"500116", "500112", "500101", "360102", "360702", "360403"}


def load(name: str) -> dict[str, Any]:
    content = json.loads((DEMO / name).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


@pytest.fixture(scope="module")
def catalogue() -> dict[str, Any]:
    return load("catalogue.json")


@pytest.fixture(scope="module")
def demo_item(catalogue: dict[str, Any]) -> dict[str, Any]:
    wanted = load("form.json")["task_code"]
    (item,) = [item for item in catalogue["items"] if item["task_code"] == wanted]
    assert isinstance(item, dict)
    return item


def test_pages_are_many_whole_and_of_camera_size() -> None:
    pages = sorted((DEMO / "pages").iterdir())
    assert len(pages) >= 12
    for page in pages:
        facts = inspect_file(page)
        assert (facts.media_type, facts.mode) == ("image/jpeg", "RGB"), page.name
        assert facts.dpi_a4 >= 200, page.name
        assert 250_000 <= facts.byte_size <= 450_000, page.name
    assert len({inspect_file(page).sha256 for page in pages}) == len(pages)
    assert sum(page.stat().st_size for page in pages) < 6_000_000


def test_the_result_is_one_page() -> None:
    result = load("pages.json")["result"]
    assert [path.name for path in (DEMO / "result").iterdir()] == [Path(result["file"]).name]
    assert inspect_file(DEMO / result["file"]).dpi_a4 >= 200


def test_every_page_belongs_to_a_material_of_the_item(demo_item: dict[str, Any]) -> None:
    index = load("pages.json")
    assert index["task_code"] == demo_item["task_code"]
    assert {page["file"] for page in index["pages"]} == {f"pages/{path.name}" for path in (DEMO / "pages").iterdir()}
    materials = {material["code"] for material in demo_item["materials"]}
    assert {page["material"] for page in index["pages"]} == materials


@pytest.mark.parametrize("place", [0, 2, 8])
def test_the_script_still_makes_the_committed_pages(place: int) -> None:
    name, material, _, draw, look = make_pages.PAGES[place]
    made = make_pages.make(name, material, draw, look, load("form.json"))
    with Image.open(io.BytesIO(made)) as new, Image.open(DEMO / "pages" / name) as old:
        assert new.size == old.size
        difference = np.abs(np.asarray(new, np.int16) - np.asarray(old, np.int16)).mean()
    assert difference < 2.0  # another version of a library may move a few pixels, never a line of text


def test_the_demo_item(demo_item: dict[str, Any]) -> None:
    assert demo_item["implementing_body"]["region"] == "360102000000"
    assert demo_item["required_proof_level"] == 2
    assert demo_item["promised_limit"] == {"n": 5, "unit": "WORKING_DAY"}
    assert demo_item["status"] == "LIVE"


def test_catalogue_passes_the_lint(catalogue: dict[str, Any]) -> None:
    assert breaches(catalogue) == []


def test_codes_have_their_lengths_and_check_digits(catalogue: dict[str, Any]) -> None:
    for item in catalogue["items"]:
        body = item["implementing_body"]
        assert len(body["credit_code"]) == 18 and stdnum.cn.uscc.is_valid(body["credit_code"]), item["name"]
        assert re.fullmatch(r"\d{12}", item["catalog_code"]), item["name"]
        assert item["task_code"] == body["credit_code"] + item["level"] + item["catalog_code"]
        assert len(item["task_code"]) == 31
        assert body["credit_code"][2:8] == body["region"][:6]
    codes = [item["task_code"] for item in catalogue["items"]]
    assert len(codes) == len(set(codes)) >= 8


def test_two_provinces_and_six_counties(catalogue: dict[str, Any]) -> None:
    regions = {item["implementing_body"]["region"] for item in catalogue["items"]}
    assert regions == {f"{county}000000" for county in COUNTIES}


def test_each_item_has_one_queue_in_its_region(catalogue: dict[str, Any]) -> None:
    wanted = sorted((item["implementing_body"]["region"], item["task_code"]) for item in catalogue["items"])
    assert sorted((queue["region"], queue["task_code"]) for queue in catalogue["queues"]) == wanted


def test_refusals_can_be_shown(catalogue: dict[str, Any], demo_item: dict[str, Any]) -> None:
    items = catalogue["items"]
    assert [item["name"] for item in items if item["status"] == "SUSPENDED"] == ["医师执业注册（变更执业地点）"]
    ended = [item for item in items if item["effective_to"] and item["effective_to"] < catalogue["effective_from"]]
    assert [item["name"] for item in ended] == ["职业资格证书补发"]
    (window,) = [window for window in catalogue["windows"] if window["node"] == "chongqing-jiangjin-hall"]
    assert demo_item["task_code"] in window["may_collect"]
    assert {item["task_code"] for item in items} - set(window["may_collect"])


def test_only_reserved_numbers_stand_in_the_text(catalogue: dict[str, Any]) -> None:
    bodies = {item["implementing_body"]["credit_code"] for item in catalogue["items"]}
    files = [path for path in DEMO.rglob("*") if path.suffix in {".json", ".py", ".md"}]
    assert len(files) >= 8
    persons = set()
    for path in files:
        text = path.read_text(encoding="utf-8")
        for number in re.findall(r"(?<![0-9A-Za-z])[0-9]{17}[0-9Xx](?![0-9A-Za-z])", text):
            assert number in RESERVED | bodies | EXAMPLE_CODES, path.name
            persons |= {number} & RESERVED
        for number in re.findall(r"(?<![0-9A-Za-z])1[3-9][0-9]{9}(?![0-9A-Za-z])", text):
            assert number.startswith("1380000"), path.name
        for number in re.findall(r"(?<![0-9])0[0-9]{2,3}-[0-9]{7,8}(?![0-9])", text):
            assert set(number.split("-")[1]) == {"0"}, path.name
    assert persons == RESERVED


def test_people_on_the_form_have_the_birth_date_of_their_number() -> None:
    form = load("form.json")
    for role in ("applicant", "family"):
        person = form[role]
        assert person["born"].replace("-", "") == person["citizen_id"][6:14]
        assert (int(person["citizen_id"][16]) % 2 == 1) == (person["sex"] == "男")
    assert stdnum.cn.uscc.is_valid(form["enterprise"]["credit_code"])
    assert form["enterprise"]["credit_code"] in EXAMPLE_CODES
