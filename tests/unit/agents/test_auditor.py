"""The auditor's command: Chinese sentences and codes, exit status, two files and no network."""

import ast
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.attacks import ATTACKS
from hub.casework.replay import rules_document
from node_agent.auditor.__main__ import main
from node_agent.auditor.texts import SENTENCES
from node_agent.auditor.verify import audit

ROOT = Path(__file__).parents[3]
NETWORK = {
    "socket", "ssl", "asyncio", "http", "http.client", "urllib.request", "grpc", "boto3", "botocore", "httpx",
    "sqlalchemy", "psycopg",
}  # fmt: skip
SPY = """
import runpy, sys
opened = []
sys.argv = ["auditor", *sys.argv[1:]]
import node_agent.auditor.__main__, encodings.idna
def watch(event, arguments):
    if event == "open" and not str(arguments[0]).endswith((".py", ".pyc")):
        opened.append(str(arguments[0]))
    if event.startswith("socket."):
        opened.append(event)
sys.addaudithook(watch)
status = node_agent.auditor.__main__.main()
print("SPY", status, sorted(opened), sorted(set(sys.modules) & set({network!r})))
"""


@pytest.fixture(scope="module")
def folder(evidence_log: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package, pins, a package that cannot be judged and one that was attacked."""
    log = evidence_log.founded()
    case = log.run_case(1)
    made = tmp_path_factory.mktemp("audit")
    (made / "pins.json").write_bytes(log.pins().to_json())
    (made / "valid.zip").write_bytes(log.package(case))
    (made / "invalid.zip").write_bytes(ATTACKS[0].apply(log.package(case)))
    log.cosigned = False
    (made / "indeterminate.zip").write_bytes(log.package(case))
    return made


@pytest.mark.parametrize(("name", "status"), [("valid", 0), ("invalid", 1), ("indeterminate", 2)])
def test_exit_status_and_sentences(folder: Path, capsys: pytest.CaptureFixture[str], name: str, status: int) -> None:
    arguments = [str(folder / f"{name}.zip"), str(folder / "pins.json")]
    assert main(arguments) == status
    text = capsys.readouterr().out
    assert f"（{name.upper()}）" in text
    assert ("没有发现问题" in text) is (status == 0)
    assert ("SIGNATURE_INVALID" in text) is (name == "invalid")
    assert "carrier:EMS" in text and "K4" in text
    assert main([*arguments, "--json"]) == status
    value = json.loads(capsys.readouterr().out)
    assert value["verdict"] == name.upper()
    assert [row["clock"] for row in value["clocks"]][:2] == ["K1", "K2"]
    assert set(value["custody"][0]) == {"holder", "kind", "item", "from_at", "to_at", "minutes", "basis"}


def test_unusable_arguments_have_a_status_of_their_own(folder: Path, tmp_path: Path) -> None:
    bad = tmp_path / "pins.json"
    bad.write_bytes(b"{}")
    assert main([str(folder / "valid.zip"), str(bad)]) == 3
    assert main([str(tmp_path / "none.zip"), str(folder / "pins.json")]) == 3
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 3


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def test_it_opens_two_files_and_knows_no_network(folder: Path) -> None:
    paths = [str(folder / "valid.zip"), str(folder / "pins.json")]
    done = run(sys.executable, "-c", SPY.replace("{network!r}", repr(sorted(NETWORK))), *paths)
    assert done.returncode == 0, done.stderr
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("SPY 0 ")
    opened, _, modules = last.removeprefix("SPY 0 ").partition("] [")
    assert ast.literal_eval(opened + "]") == sorted(paths)
    assert ast.literal_eval("[" + modules) == []


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="unshare -n needs root")
def test_it_runs_where_there_is_no_network(folder: Path) -> None:
    command = ["-m", "node_agent.auditor", str(folder / "valid.zip"), str(folder / "pins.json")]
    if run("unshare", "-n", "true").returncode:
        pytest.skip("this machine lets nobody make a network namespace")
    done = run("unshare", "-n", sys.executable, *command)
    assert (done.returncode, done.stderr) == (0, "")
    assert "（VALID）" in done.stdout


def test_every_code_of_the_verifier_has_a_sentence() -> None:
    codes: set[str] = set()
    for path in [*(ROOT / "crypto" / "evidence").glob("*.py"), ROOT / "hub/casework/replay.py"]:
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "add":
                first = call.args[0] if call.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    codes.add(first.value)
            for keyword in call.keywords if isinstance(call, ast.Call) else ():
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant) and keyword.value.value:
                    codes.add(str(keyword.value.value))
    assert len(codes) > 50
    assert codes <= set(SENTENCES)


def test_another_law_under_the_same_version_cannot_be_judged(evidence_log: Any) -> None:
    log = evidence_log.founded()
    case = log.run_case(1)
    other = rules_document().replace(b"PERSON_AND_NODE", b"NODE")
    report = audit(log.package(case, lambda parts: replace(parts, rules=other)), log.pins())
    assert (report.verdict.value, [one.code for one in report.findings]) == ("INDETERMINATE", ["RULES_DIFFER"])


@pytest.mark.parametrize("junk", [b"", b"junk", b"PK\x03\x04" + bytes(40)])
def test_no_bytes_make_the_audit_raise(evidence_log: Any, junk: bytes) -> None:
    report = audit(junk, evidence_log.SyntheticLog().pins())
    assert report.verdict.value == "INVALID" and report.file is None
