"""``yidi audit …`` on a file alone: exit codes, one JSON object, tables that agree with the leaves, attacks found."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.commands.audit import sample
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


@pytest.mark.requirement("H01", "H05")
def test_access_shows_what_was_exported_and_which_data_were_asked_for(tmp_path: Path, evidence_log: ModuleType) -> None:
    log, department = evidence_log.founded(), evidence_log.DEPARTMENT
    supply = {
        "sharing_id": "S-1", "supplier": evidence_log.WINDOW, "consumer": department, "kind": "IDENTITY",
        "standard": "GB/T36906",
        "items": ["*"], "flow": "VERIFY", "purpose": "REVIEW", "valid_from": "2026-01-01", "valid_to": "2999-12-31",
        "document": "a" * 64,
    }  # fmt: skip
    log.say_registry("sharing.issue", supply, [log.registrar])
    case = log.run_case(1)
    told = {"kind": "IDENTITY", "grant": "S-1", "purpose": "REVIEW", "result": "OK", "reference": "b" * 64}
    asked = told | {"asked_by": evidence_log.ACCEPTOR}
    log.say(case, "data_queried", department, "department", asked, "access")
    left = {"profile": "OUTSIDE", "kind": "CASE_LIST", "digest": "c" * 64}
    log.say(case, "export", evidence_log.HEAD, "HEAD", left, "access")
    (tmp_path / "case.zip").write_bytes(log.package(case))
    code, value = answer("access", tmp_path / "case.zip")
    query, export = value["used"]
    assert (code, query["event"], query["grant"], query["person"]) == (0, "data_queried", "S-1", evidence_log.ACCEPTOR)
    assert query["words"] == "自然人和企业身份核验，审查核验，核验一致"
    assert (export["words"], export["person"], export["grant"]) == ("办件清单，按对外脱敏", evidence_log.HEAD, "")
    assert "查询共享数据" in run("access", tmp_path / "case.zip").stdout


def test_all_attacks_are_found_and_the_original_stays_valid(files: tuple[Path, Path, str]) -> None:
    code, value = answer("attacks", files[0], "--pins", files[1])
    assert (code, value["untouched"], value["ok"]) == (0, "VALID", True)
    assert [row["caught"] for row in value["attacks"]] == [True] * len(ATTACKS)


def test_a_sample_is_drawn_again_by_its_seed_and_each_package_is_verified(
    tmp_path: Path, evidence_log: ModuleType
) -> None:
    """Of four packages one is cut off at its end and one lies under the name of another case."""
    log, folder, pins = evidence_log.founded(), tmp_path / "packages", tmp_path / "pins.json"
    folder.mkdir()
    pins.write_bytes(log.pins().to_json())
    good, cut, *others = cases = [log.run_case(counter) for counter in (1, 2, 3, 4)]
    for case in cases:
        (folder / f"{case}.zip").write_bytes(log.package(case))
    short = next(one for one in ATTACKS if one.name == "tail_cut_off").apply(log.package(cut))
    (folder / f"{cut}.zip").write_bytes(short)
    (folder / f"{others[1]}.zip").write_bytes(log.package(others[0]))

    def drawn(*words: object) -> tuple[int, dict[str, Any]]:
        given = [str(folder), "--pins", str(pins), *map(str, words), "--json"]
        done = CliRunner(env={"YIDI_AGENT_HOME": None}).invoke(sample.app, given)
        value: dict[str, Any] = json.loads(done.stdout)
        return done.exit_code, value

    code, whole = drawn("--share", 100, "--seed", "2026-11")
    told = {one["case"]: one for one in whole["drawn"]}
    assert code == 1 and not whole["ok"] and set(told) == set(cases)
    assert (told[good]["verdict"], told[good]["codes"]) == ("VALID", []) and len(told[good]["case_no"]) == 43
    assert "EXTRACT_TRUNCATED" in told[cut]["codes"]
    assert (told[others[1]]["verdict"], told[others[1]]["codes"]) == ("INVALID", ["PACKAGE_OTHER_CASE"])
    _, half = drawn("--share", 50, "--seed", "2026-11")
    assert [one["case"] for one in half["drawn"]] == [one["case"] for one in whole["drawn"]][:2]
    assert drawn("--share", 50, "--seed", "2026-11")[1] == half and half["packages"] == 4
    orders = {tuple(one["case"] for one in drawn("--share", 50, "--seed", n)[1]["drawn"]) for n in range(6)}
    assert len(orders) > 1, "another seed, other cases"
    one_of_four = drawn("--share", 5)[1]
    assert len(one_of_four["drawn"]) == 1 and len(one_of_four["seed"]) == 16
    for path in folder.iterdir():
        path.unlink()
    assert drawn()[1]["refusal"]["code"] == "SAMPLE_EMPTY"


@pytest.mark.parametrize("command", ["custody", "access", "clocks"])
def test_a_case_name_needs_a_home(command: str) -> None:
    code, value = answer(command, "102340000010")
    assert code == 1 and value["refusal"]["code"] == "HOME_MISSING"
