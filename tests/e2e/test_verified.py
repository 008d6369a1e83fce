"""A line of the list closed by a question on real processes: authorised by the platform, asked, sealed, in the log."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from crypto import canonical
from deploy.cli import app
from deploy.stack.layout import AUDITOR, DEPARTMENT, WINDOW
from tests.e2e.test_aside import begun
from tests.e2e.town import Town

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def service(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The body that has the data, named in the window's own file."""
    home = tmp_path_factory.mktemp("verifier")
    command = [sys.executable, "-m", "deploy.verifier", "--home", str(home)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    made = {"url": f"http://127.0.0.1:{told['port']}", "key_file": told["key_file"]}
    file = home / "verifiers.json"
    file.write_text(json.dumps({"*": made}))
    with (town.home(WINDOW) / "agent.env").open("a") as settings:
        settings.write(f"YIDI_AGENT_VERIFIERS_FILE={file}\n")
    yield made
    process.kill()
    process.wait()
    process.stdout.close()


def at_desk(town: Town, *arguments: str) -> dict[str, Any]:
    """A command of the registrar."""
    home = town.stack.layout.folder("registrar")
    done = CliRunner().invoke(app, ["registrar", *arguments, "--json", "--home", str(home)])
    assert done.exit_code == 0, (done.output[-1000:], done.exception)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.requirement("A07", "D20", "H02", "H05", "H07")
def test_a_verified_line_from_the_authorisation_to_the_package(
    town: Town, service: dict[str, Any], tmp_path: Path
) -> None:
    paper = tmp_path / "authorisation.pdf"
    paper.write_bytes(b"paper")
    sharing = str(
        at_desk(
            town, "sharing-issue", "--supplier", DEPARTMENT.name, "--consumer", WINDOW.name, "--kind", "IDENTITY",
            "--standard", "GB/T36906", "--item", "*", "--flow", "VERIFY", "--purpose", "INTAKE",
            "--from", "2026-01-01", "--to", "2999-12-31", "--document", str(paper),
        )["sharing"]
    )  # fmt: skip
    (listed,) = [one for one in at_desk(town, "sharings")["sharings"] if one["sharing_id"] == sharing]
    assert listed["live"] and listed["kind"] == "IDENTITY"
    key = Path(service["key_file"]).read_text().strip()
    answer = httpx.put(
        f"{service['url']}/admin/sharings", json={"sharings": {sharing: listed["supplier"]}}, headers={"X-Api-Key": key}
    )  # fmt: skip
    assert answer.status_code == 200

    town.until("the window knows", lambda: town.said(WINDOW, "window", "snapshot")["ok"])
    case = begun(town, lambda material: material != "M02")
    ask = ["window", "verify", case, "M02", "--staff", "A01"]
    assert town.said(WINDOW, *ask, "--kind", "TAX", code=1)["refusal"]["code"] == "SHARING_MISSING"
    checked = town.said(WINDOW, *ask, "--kind", "IDENTITY")
    assert (checked["result"], checked["closed"]) == ("OK", True)
    sealed = town.said(WINDOW, "window", "seal", case, "--staff", "A01", "--no-classified", "--signed", "--notice")
    assert sealed["ok"]
    town.countersigned(case)

    folder = tmp_path / "audit"
    town.until("the query in the log", lambda: _queried(town, case, tmp_path))
    said = town.statements(case, folder)
    (seal,) = [one for one in said if one.type == "seal"]
    (query,) = [one for one in said if one.type == "data_queried"]
    verified = seal.body["verified"][0]  # type: ignore[index]
    assert verified["grant"] == query.body["grant"] == sharing
    assert verified["reference"] == query.body["reference"]
    told = town.said(AUDITOR, "audit", "verify", str(folder / "evidence.zip"), "--pins", str(folder / "pins.json"))
    assert told["verdict"] == "VALID"
    assert town.said(DEPARTMENT, "dept", "open", case, "--purpose", "受理审查", "--staff", "B01")["doubts"] == {}
    _answer_that_somebody_changed(town)
    at_desk(town, "sharing-withdraw", sharing, "--reason", "PURPOSE_ENDED")
    (listed,) = [one for one in at_desk(town, "sharings")["sharings"] if one["sharing_id"] == sharing]
    assert not listed["live"]


def _answer_that_somebody_changed(town: Town) -> None:
    """Who has the window's disk alters the answer before it is sealed: the hub cannot see it, the department can."""
    case = begun(town, lambda material: material != "M02")
    assert town.said(WINDOW, "window", "verify", case, "M02", "--staff", "A01", "--kind", "IDENTITY")["closed"]
    (page,) = (town.home(WINDOW) / "drafts" / case).glob("*.json")
    page.write_bytes(canonical.encode(canonical.parse(page.read_bytes()) | {"source": WINDOW.id}))
    assert town.said(WINDOW, "window", "seal", case, "--staff", "A01", "--no-classified", "--signed", "--notice")["ok"]
    town.countersigned(case)
    words = ("dept", "open", case, "--purpose", "受理审查", "--staff", "B01")
    assert town.said(DEPARTMENT, *words)["doubts"] == {"M02": "source"}
    shown = CliRunner().invoke(app, [*words, "--home", str(town.home(DEPARTMENT))])
    assert shown.exit_code == 0 and "M02" in shown.output and "核验" in shown.output


def _queried(town: Town, case: str, tmp_path: Path) -> bool:
    folder = tmp_path / f"look-{len(list(tmp_path.iterdir()))}"
    return any(one.type == "data_queried" for one in town.statements(case, folder))
