"""Verification online against the real simulator process: answers, faults, and how long it may take (D20, H06)."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import httpx
import pytest

from crypto import sharing
from crypto.canonical import time_value
from crypto.refusal import Refusal
from node_agent.verification.connector import HttpConnector, Kind, Query, Result, connector_for

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]
SUPPLIER = "spiffe://yidi.test/region/500116000000/node/police"
SUBJECT = {"name": "余知远", "citizen_id": "360101199003070018"}
SLOW_SECONDS = 3.0


class Simulator:
    """One simulator process on one home folder."""

    def __init__(self, home: Path) -> None:
        command = [sys.executable, "-m", "deploy.verifier", "--home", str(home), "--slow", str(SLOW_SECONDS)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()  # written once the socket listens
        assert line, "the simulator ended before it listened"
        announced = json.loads(line)
        self.url = f"http://127.0.0.1:{announced['port']}"
        self.key_file = Path(announced["key_file"])
        self.key = self.key_file.read_text().strip()
        self.admin("PUT", "sharings", {"sharings": {"S-1": SUPPLIER}})

    def admin(self, method: str, what: str, value: object) -> None:
        answer = httpx.request(method, f"{self.url}/admin/{what}", json=value, headers={"X-Api-Key": self.key})
        assert answer.status_code == 200, answer.text

    def plan(self, scenario: str, count: int = 1) -> None:
        self.admin("POST", "scenario", {"scenario": scenario, "count": count})

    def answered(self) -> int:
        got = httpx.get(f"{self.url}/admin/asked", headers={"X-Api-Key": self.key})
        return int(got.json()["answered"])

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def body(tmp_path: Path) -> Iterator[Simulator]:
    made = Simulator(tmp_path / "verifier")
    yield made
    made.end()


def connector(body: Simulator, key: str = "") -> HttpConnector:
    return HttpConnector(body.url, key or body.key, attempts=3, timeout=1.0, pause=0.01)


def query(kind: Kind = Kind.IDENTITY, **changes: str) -> Query:
    given = {"query_id": token_hex(16), "flow": "VERIFY", "purpose": "INTAKE", "sharing": "S-1"} | changes
    return Query(kind=kind, subject=SUBJECT, **given)


def code_of(body: Simulator, asked: Query, key: str = "") -> str:
    with pytest.raises(Refusal) as refused:
        connector(body, key).ask(asked)
    assert "余知远" not in str(refused.value) and SUBJECT["citizen_id"] not in repr(refused.value)
    return refused.value.code


@pytest.mark.requirement("A07", "H06")
@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_answered_with_source_time_and_reference(body: Simulator, kind: Kind) -> None:
    answer = connector(body).ask(query(kind))
    assert answer.result is Result.OK and answer.source == SUPPLIER and answer.reference.startswith(kind)
    assert time_value(answer.at)
    assert [one.value for one in Kind] == list(sharing.KINDS)


@pytest.mark.requirement("D20")
@pytest.mark.parametrize("result", [Result.MISMATCH, Result.NOT_FOUND, Result.EXPIRED])
def test_what_is_not_so_is_told(body: Simulator, result: Result) -> None:
    body.plan(result.value)
    assert connector(body).ask(query()).result is result


@pytest.mark.requirement("D20")
def test_a_service_that_is_down_is_asked_again_and_then_given_up(body: Simulator) -> None:
    body.plan("DOWN", 2)
    assert connector(body).ask(query()).result is Result.OK
    body.plan("DOWN", 3)
    assert code_of(body, query()) == "VERIFIER_UNAVAILABLE"
    body.end()
    assert code_of(body, query()) == "VERIFIER_UNAVAILABLE"


@pytest.mark.requirement("D20")
def test_a_slow_service_keeps_nobody_waiting(body: Simulator) -> None:
    body.plan("SLOW", 3)
    began = time.monotonic()
    assert code_of(body, query()) == "VERIFIER_UNAVAILABLE"
    assert time.monotonic() - began < 3 * 1.0 + 2.0


@pytest.mark.requirement("H05")
def test_nobody_is_answered_without_an_authorisation(body: Simulator) -> None:
    assert code_of(body, query(sharing="S-2")) == "VERIFIER_REFUSED"
    assert code_of(body, query(sharing="")) == "VERIFIER_REFUSED"
    assert code_of(body, query(), key="another") == "VERIFIER_REFUSED"
    assert body.answered() == 0


def test_a_repeated_question_is_one_question(body: Simulator) -> None:
    asked = query()
    assert connector(body).ask(asked) == connector(body).ask(asked)
    assert body.answered() == 1


def test_an_answer_out_of_form_is_none(body: Simulator) -> None:
    body.plan("GARBLED")
    assert code_of(body, query()) == "VERIFIER_ANSWER_INVALID"


def test_what_a_licence_says_is_fetched(body: Simulator) -> None:
    assert connector(body).ask(query(flow="FETCH")).facts["status"] == "VALID"


def test_the_nodes_own_file_names_the_services(body: Simulator, tmp_path: Path) -> None:
    file = tmp_path / "verifiers.json"
    file.write_text(json.dumps({"TAX": {"url": body.url, "key_file": str(body.key_file)}}))
    assert connector_for(file, Kind.TAX).ask(query(Kind.TAX)).result is Result.OK
    for missing in (Kind.IDENTITY, Kind.EDUCATION):
        with pytest.raises(Refusal, match="SETTING_MISSING"):
            connector_for(file, missing)
    with pytest.raises(Refusal, match="CARRIER_INSECURE_URL"):
        HttpConnector("http://192.0.2.1", "key")
