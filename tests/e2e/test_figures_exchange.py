"""Figures and exchange on real processes: counted at window, department and auditor alike; exported once; the hook."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest

from crypto.identity import person_id
from deploy.stack.layout import AUDITOR, DEPARTMENT, WINDOW
from node_agent.process.runtime import open_agent
from tests.e2e.town import DEMO, Answer, Town, Walk

pytestmark = pytest.mark.e2e
TOKEN = "e" * 48
ITEM = "11360102900001025R4000131012001"
YEARS = ("--from", "2026-01-01", "--to", "2099-12-31")


@pytest.mark.requirement("J05", "A24")
def test_three_nodes_count_the_same_case_alike(town: Town, walk: Walk, tmp_path: Path) -> None:
    town.until("window knows the end", lambda: town.shown(WINDOW, walk.case).get("state") == "CLOSED")
    told = {
        node: town.said(node, "figures", "report", *YEARS, "--out", str(tmp_path / f"{node.name}.xlsx"))["report"]
        for node in (WINDOW, DEPARTMENT)
    }
    packages = ("--packages", str(walk.folder))
    told[AUDITOR] = town.said(AUDITOR, "figures", "report", *YEARS, *packages)["report"]
    for report in told.values():
        # the other tests of this stack break cases on purpose
        assert walk.case not in report["read"]["left_out"] and report["groups"]["ITEM"][ITEM]["volume"]["PROVEN"] >= 1
        assert report["groups"]["ITEM"][ITEM]["clocks"]["K3"]["over"] == 0
    assert told[AUDITOR]["groups"]["ALL"][""]["cases"] == 1
    early = town.said(
        DEPARTMENT, "figures", "freeze", "--year", "2099", "--staff", "B00", "--out", str(tmp_path), code=1
    )
    assert early["refusal"]["code"] == "FIGURES_YEAR_OPEN"


@pytest.mark.requirement("H01", "H02", "H10")
def test_the_department_exports_its_cases_once(town: Town, walk: Walk, tmp_path: Path) -> None:
    order = ("exchange", "export", "--staff", "B00", "--out", str(tmp_path / "out"), "--source", "p36")
    refused = town.typed(DEPARTMENT, *order, code=1)
    assert refused["refusal"]["code"] == "GRANT_MISSING"
    paper = tmp_path / "grant.pdf"
    paper.write_bytes(b"%PDF-1.4 authority to export")
    words = ["dept", "grant", "--kind", "EXPORT", "--person", "B00", "--item", "*", "--staff", "B00"]
    valid = ["--from", "2026-01-01", "--to", "2099-12-31", "--document", str(paper)]
    town.typed(DEPARTMENT, *words, *valid)
    town.until("grant known", lambda: _granted(town))
    town.typed(DEPARTMENT, *order)
    (batch,) = sorted((tmp_path / "out").glob("batch-*"))
    said = town.typed(DEPARTMENT, *order)
    assert said["folder"] == "" and said["rows"] == 0
    reconciled = _reconciled(batch)
    assert reconciled["ok"] and {"up_pro_accept", "up_pro_result", "post"} <= set(reconciled["tables"])
    form = json.loads((DEMO / "form.json").read_text(encoding="utf-8"))
    assert form["enterprise"]["name"] in (batch / "up_pro_accept.csv").read_text("utf-8-sig")
    events = [one.type for one in town.statements(walk.case, tmp_path / "audit")]
    assert events.count("export") == 1
    assert form["applicant"]["citizen_id"].encode() not in (tmp_path / "audit" / "evidence.zip").read_bytes()


def _granted(town: Town) -> bool:
    agent = open_agent(town.home(DEPARTMENT))
    try:
        directory = agent.registry.directory
        person = person_id(agent.identity.node, "B00")
        return directory.live_grant("EXPORT", person, ITEM, date.today().isoformat()) is not None
    finally:
        agent.close()


def _reconciled(batch: Path) -> Answer:
    line = [sys.executable, "-m", "deploy", "exchange", "reconcile", str(batch), "--json"]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=60)
    told: Answer = json.loads(done.stdout)
    return told


@pytest.fixture
def hook(town: Town, walk: Walk, tmp_path: Path) -> Iterator[httpx.Client]:
    """The hook as a process beside the running agent, and a client of it."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [sys.executable, "-m", "deploy", "exchange", "serve", "--home", str(town.home(DEPARTMENT))]
    line += ["--token-file", str(token), "--port", str(port), "--json"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            client.headers["Authorization"] = f"Bearer {TOKEN}"
            town.until("hook answers", lambda: _answers(client))
            yield client
        process.terminate()
        process.wait(30)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/v1/health").status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.requirement("H10", "A21", "H13")
def test_the_line_system_pulls_and_pushes_and_a_person_signs(
    town: Town, walk: Walk, hook: httpx.Client, tmp_path: Path
) -> None:
    names = [one["name"] for one in hook.get("/v1/cases").json()["cases"]]
    assert walk.handed_over.name in names
    got = hook.get(f"/v1/cases/{walk.handed_over.name}/files/form.json")
    assert got.content == (walk.handed_over / "form.json").read_bytes()
    case = str(town.collect(town.said)["case"])
    town.countersigned(case)
    body = {"case": case, "event": "accept"}
    for _ in range(2):
        sent = hook.post("/v1/pushes", json=body, headers={"Idempotency-Key": f"accept-{case}"})
        assert sent.status_code == 202 and sent.json()["state"] == "PENDING"
    assert town.shown(DEPARTMENT, case)["state"] == "PENDING_ACCEPT", "nothing moves without a signature"
    waiting = [one for one in town.said(DEPARTMENT, "exchange", "pending")["pushes"] if one["case"] == case]
    assert len(waiting) == 1
    town.typed(DEPARTMENT, "exchange", "sign", f"accept-{case}", "--staff", "B01")
    town.reached(case, "UNDER_REVIEW")
    assert hook.get(f"/v1/pushes/accept-{case}").json()["state"] == "DONE"
