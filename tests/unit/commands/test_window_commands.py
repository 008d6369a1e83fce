"""``yidi window``: one JSON object, exit codes, words for the counter; over the demonstration's pages."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.commands.shared import common
from deploy.commands.window.main import app
from hub.casework.numbers import check_public_number
from node_agent.transfer.sender import Sender
from tests.paper_reader import read_paper
from tests.unit.agents.window_world import STAFF, World, open_world
from tests.unit.evidence_log import DEMO, ITEM

TICKS = ["--no-classified", "--signed", "--notice"]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = open_world(tmp_path)
    monkeypatch.setattr(made.agent.journal, "close", lambda: None)
    monkeypatch.setattr(common, "open_agent", lambda home, attempts: made.agent)
    monkeypatch.setenv("YIDI_AGENT_HOME", str(made.agent.settings.home))
    monkeypatch.setenv("YIDI_STAFF", STAFF)
    return made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def run_json(*arguments: str, exit_code: int = 0) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == exit_code, result.output
    value = json.loads(result.stdout)
    assert isinstance(value, dict)
    return value


def collect(exit_code: int = common.EXIT_KEPT) -> dict[str, Any]:
    form = ["--form", str(DEMO / "form.json"), "--wait", "0"]
    return run_json("collect", str(DEMO / "pages.json"), *form, *TICKS, exit_code=exit_code)


def test_the_demonstration_case_is_collected_offline_and_shown_until_it_is_sent(world: World) -> None:
    world.hub.away = True
    made = collect()
    assert made["state"] == "WAITING" and check_public_number(made["public_no"])
    assert [act["event"] for act in made["acts"]] == ["seal", "wrap", "wrap", "wrap"]
    paper = read_paper(Path(made["receipt"]))
    assert "食品经营许可（新办）" in paper.flat and made["unprintable"] == []
    assert paper.secret and paper.secret not in json.dumps(made)
    line = run_json("list")["cases"][0]
    assert (line["case"], line["state"], line["state_text"]) == (made["case"], "SEALED", "已封存，待登记")
    sender = Sender(world.agent, world.transfer())
    sender.step()
    queue = run_json("queue")
    assert len(queue["waiting"]) == 4 and queue["problem"]["code"] == "HUB_UNAVAILABLE"
    world.hub.away = False
    sender.step()
    world.receive()
    shown = run_json("show", made["public_no"])
    assert (shown["state_text"], shown["next"], shown["holder"]) == (
        "已转交待签收",
        "受理方签收",
        "chongqing-jiangjin-hall",
    )
    assert len(shown["case_no"]) == 43 and shown["due"] and shown["liaison"]
    assert run_json("queue")["waiting"] == []


def test_steps_one_by_one_tell_what_is_missing(world: World, tmp_path: Path) -> None:
    case = run_json("begin", ITEM, "--form", str(DEMO / "form.json"))["case"]
    page = str(DEMO / "pages/01-application-1.jpg")
    assert len(run_json("scan", case, "M01", page)["pages"]) == 1
    checked = run_json("check", case)
    assert checked["complete"] is False
    assert [line["material"] for line in checked["lines"] if line["key"] and line["open"]] == [
        "M02", "M03", "M04", "M06", "M07",
    ]  # fmt: skip
    refused = run_json("seal", case, *TICKS, exit_code=common.EXIT_REFUSED)
    assert refused["refusal"]["code"] == "MATERIALS_INCOMPLETE" and refused["refusal"]["message"]
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    answer = run_json("scan", case, "M02", str(bad), exit_code=common.EXIT_REFUSED)
    assert [(one["file"], one["code"]) for one in answer["refused"]] == [("bad.jpg", "PAGE_NOT_IMAGE")]


def test_an_item_says_whether_this_window_may_take_it(world: World) -> None:
    found = run_json("items", "食品经营许可", "新办")["items"]
    assert found[0]["task_code"] == ITEM and found[0]["may_collect"] is True
    shut = [item for item in run_json("items", "医师执业注册")["items"] if not item["may_collect"]]
    assert shut and all(item["reason"] for item in shut)
    assert "不可收" in run("items", "医师执业注册").output


@pytest.mark.requirement("E04")
@pytest.mark.parametrize("tick", TICKS)
def test_a_collection_that_cannot_be_sealed_leaves_no_draft(world: World, tick: str) -> None:
    """What the clerk forgot to confirm is asked before anything is written."""
    ticks = [other for other in TICKS if other != tick]
    form = ["--form", str(DEMO / "form.json"), "--wait", "0"]
    refused = run_json("collect", str(DEMO / "pages.json"), *form, *ticks, exit_code=common.EXIT_REFUSED)
    assert refused["refusal"]["code"] == "DECLARATION_MISSING"
    assert run_json("list")["cases"] == []


@pytest.mark.parametrize(
    "plan",
    [{}, {"task_code": ITEM}, {"pages": []}, {"task_code": ITEM, "pages": ["M01"]}, {"task_code": 7, "pages": []}]
    + [{"task_code": ITEM, "pages": [{"material": "M01"}]}, {"pages": [{"material": "M01", "file": "a.jpg"}]}],
    ids=str,
)
def test_a_list_of_pages_out_of_form_is_a_refusal(world: World, tmp_path: Path, plan: dict[str, Any]) -> None:
    listed = tmp_path / "pages.json"
    listed.write_text(json.dumps(plan))
    words = ["collect", str(listed), "--form", str(DEMO / "form.json"), *TICKS]
    assert run_json(*words, exit_code=common.EXIT_REFUSED)["refusal"]["code"] == "PAGE_LIST_FORMAT"
    assert run_json("list")["cases"] == []


def test_refusals_are_words_and_exit_codes_for_people_too(world: World) -> None:
    result = run("check", "f" * 32)
    assert result.exit_code == common.EXIT_REFUSED
    assert "DRAFT_UNKNOWN" in result.output and "Traceback" not in result.output
    unreadable = run_json(
        "begin", ITEM, "--form", str(DEMO / "pages/01-application-1.jpg"), exit_code=common.EXIT_REFUSED
    )
    assert unreadable["refusal"]["code"] == "FORM_UNREADABLE"


def test_a_snapshot_is_fetched_by_hand(world: World) -> None:
    assert run_json("snapshot")["catalogue"] == "2026.11-1"
    world.hub.away = True
    assert run_json("snapshot", exit_code=common.EXIT_REFUSED)["refusal"]["code"] == "HUB_UNAVAILABLE"


def test_an_answered_seal_ends_with_zero(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = Sender(world.agent, world.transfer())
    monkeypatch.setattr("deploy.commands.shared.common.time.sleep", lambda _: sender.step())
    form = ["--form", str(DEMO / "form.json"), "--wait", "60"]
    made = run_json("collect", str(DEMO / "pages.json"), *form, *TICKS)
    assert made["state"] == "DONE" and made["acts"][0]["case_no"]


def test_a_page_is_taken_as_the_camera_writes_it(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "camera"
    folder.mkdir()
    (folder / "1.txt").write_bytes(b"no picture at all")
    shutil.copyfile(DEMO / "pages/01-application-1.jpg", folder / "2.jpg")
    case = run_json("begin", ITEM, "--form", str(DEMO / "form.json"))["case"]
    answer = run_json("scan", case, "M01", str(folder), "--watch", "1")
    assert answer["pages"][-1] == {"file": "2.jpg", "refusal": None}
    assert all(page["refusal"]["code"] == "PAGE_NOT_IMAGE" for page in answer["pages"][:-1])
    assert [path.name for path in folder.iterdir()] == ["1.txt"]
