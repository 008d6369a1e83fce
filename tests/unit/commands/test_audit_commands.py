"""``yidi audit …`` on a file alone: exit codes, one JSON object, tables that agree with the leaves, attacks found."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.commands.audit.main import app
from deploy.demo.attacks import ATTACKS
from node_agent.auditor.__main__ import UNUSABLE


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, evidence_log: ModuleType) -> tuple[Path, Path, str]:
    """Package, pins and case id of a whole case."""
    folder, log = tmp_path_factory.mktemp("audit"), evidence_log.founded()
    case = log.run_case(1)
    (folder / "case.zip").write_bytes(log.package(case))
    (folder / "pins.json").write_bytes(log.pins().to_json())
    return folder / "case.zip", folder / "pins.json", case


def run(*arguments: object) -> Result:
    return CliRunner(env={"YIDI_AGENT_HOME": None}).invoke(app, [str(one) for one in arguments])


def answer(*arguments: object) -> tuple[int, dict[str, Any]]:
    result = run(*arguments, "--json")
    value: dict[str, Any] = json.loads(result.stdout)
    return result.exit_code, value


def test_a_true_package_is_valid(files: tuple[Path, Path, str]) -> None:
    package, pins, case = files
    code, value = answer("verify", package, "--pins", pins)
    assert (code, value["verdict"], value["case"], value["findings"]) == (0, "VALID", case, [])
    shown = run("verify", package, "--pins", pins)
    assert shown.exit_code == 0 and "有效" in shown.stdout and "没有发现问题" in shown.stdout


def test_every_finding_is_listed_with_code_and_sentence(files: tuple[Path, Path, str], tmp_path: Path) -> None:
    package, pins, _ = files
    changed = tmp_path / "changed.zip"
    changed.write_bytes(next(a for a in ATTACKS if a.name == "tail_cut_off").apply(package.read_bytes()))
    code, value = answer("verify", changed, "--pins", pins)
    codes = [finding["code"] for finding in value["findings"]]
    assert code == 1 and "EXTRACT_TRUNCATED" in codes and len(value["sentences"]) == len(codes) > 1
    shown = run("verify", changed, "--pins", pins).stdout
    assert all(one[:12] in shown.replace("\n", "") for one in codes)


def test_without_enough_witnesses_it_cannot_be_judged(
    files: tuple[Path, Path, str], tmp_path: Path, evidence_log: ModuleType
) -> None:
    log = evidence_log.founded()
    log.cosigned = False
    (tmp_path / "p.zip").write_bytes(log.package(log.run_case(1)))
    (tmp_path / "pins.json").write_bytes(log.pins().to_json())
    code, value = answer("verify", tmp_path / "p.zip", "--pins", tmp_path / "pins.json")
    assert (code, value["verdict"]) == (2, "INDETERMINATE")


@pytest.mark.parametrize("pins", ["absent.json", "wrong.json"])
def test_unusable_pins_are_no_verdict(files: tuple[Path, Path, str], tmp_path: Path, pins: str) -> None:
    (tmp_path / "wrong.json").write_bytes(b"{}")
    code, value = answer("verify", files[0], "--pins", tmp_path / pins)
    assert code == UNUSABLE and value["refusal"]["code"] in {"PINS_MISSING", "PINS_FORMAT"}


def test_custody_names_holders_and_minutes(files: tuple[Path, Path, str]) -> None:
    code, value = answer("custody", files[0])
    holders = [row["holder"].rsplit("/", 1)[-1] for row in value["custody"]]
    assert code == 0 and holders[:2] == ["chongqing-jiangjin-hall", "jiangxi-donghu-scj"]
    assert value["custody"][0]["minutes"] > 0 and "carrier:EMS" in holders
    assert "交接表" in run("custody", files[0]).stdout


def test_clocks_are_recomputed(files: tuple[Path, Path, str]) -> None:
    code, value = answer("clocks", files[0], "--pins", files[1])
    assert code == 0 and value["same_as_hub"] is None
    assert {row["clock"] for row in value["clocks"]} == {"K1", "K2", "K3", "K4", "K8"}
    assert all(row["due"] and row["calendar_version"] for row in value["clocks"])
    assert "时限" in run("clocks", files[0], "--pins", files[1]).stdout


def test_access_shows_who_when_and_why(files: tuple[Path, Path, str]) -> None:
    code, value = answer("access", files[0])
    (row,) = value["openings"]
    assert code == 0 and (row["purpose"], row["person"][-3:], row["role"]) == ("ACCEPT_REVIEW", "A01", "ACCEPTOR")
    shown = run("access", files[0]).stdout
    assert "受理审查" in shown and "ACCEPT_REVIEW" not in shown


def test_all_attacks_are_found_and_the_original_stays_valid(files: tuple[Path, Path, str]) -> None:
    code, value = answer("attacks", files[0], "--pins", files[1])
    assert (code, value["untouched"], value["ok"]) == (0, "VALID", True)
    assert [row["caught"] for row in value["attacks"]] == [True] * len(ATTACKS)


@pytest.mark.parametrize("command", ["custody", "access", "clocks"])
def test_a_case_name_needs_a_home(command: str) -> None:
    code, value = answer(command, "102340000010")
    assert code == 1 and value["refusal"]["code"] == "HOME_MISSING"
