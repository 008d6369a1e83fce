"""node_agent.exchange.hook and pushes: who may call, what is given out, and that a person signs what is pushed."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from crypto.identity import person_id
from crypto.refusal import Refusal
from crypto.statement import read_signed
from hub.casework.states import State
from node_agent import acts
from node_agent.department import desk as department
from node_agent.department import handover, review
from node_agent.exchange import hook, pushes
from node_agent.process.runtime import Agent
from node_agent.transfer import opening
from node_agent.transfer.receiver import Receiver
from storage.journal import OutboxEntry
from tests.unit.agents.agent_region import Region, exchange, picture
from tests.unit.evidence_log import DEPARTMENT

TOKEN = "t" * 40
KEY = "case-0001-accept"


@dataclass
class Line:
    """The line system, as it calls from ``peer``."""

    app: Starlette
    peer: str = "127.0.0.1"

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.call("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.call("POST", path, **more)

    def call(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        async def made() -> httpx.Response:
            way = httpx.ASGITransport(app=self.app, client=(self.peer, 40000))
            async with httpx.AsyncClient(transport=way, base_url="http://127.0.0.1") as client:
                told = {"Authorization": f"Bearer {TOKEN}"} | (headers or {})
                return await client.request(method, path, headers=told, **more)

        return asyncio.run(made())


@pytest.fixture
def region() -> Region:
    made = Region()
    made.log.register(person_id(DEPARTMENT, "R01"), DEPARTMENT, "", ["REVIEWER"], None)
    return made


@pytest.fixture
def agent(region: Region, tmp_path: Path) -> Agent:
    return region.agent(tmp_path / "dept", DEPARTMENT, ("A01", "D01", "H01", "I01", "R01"))


@pytest.fixture
def case(region: Region, agent: Agent, inbox: Receiver) -> str:
    made, _ = region.forward()
    exchange(region, agent, inbox)
    review.take(agent, made, "A01", "ON_DUTY")
    exchange(region, agent, inbox)
    return made


@pytest.fixture
def line(agent: Agent, tmp_path: Path) -> Line:
    return Line(hook.hook_app(agent, TOKEN, tmp_path / "out"))


def pushed(line: Line, key: str, case: str, event: str, **more: Any) -> Any:
    body = {"case": case, "event": event, **more}
    return line.post("/v1/pushes", json=body, headers={"Idempotency-Key": key})


# --- who may call ----------------------------------------------------------------------------------------------------


def test_only_this_machine_with_the_token_is_answered(line: Line) -> None:
    assert line.get("/v1/health").json() == {"ok": True, "node": DEPARTMENT}
    for header in ("", f"Basic {TOKEN}", "Bearer ", f"Bearer {TOKEN}x"):
        said = line.get("/v1/health", headers={"Authorization": header})
        assert (said.status_code, said.json()["code"]) == (401, "HOOK_TOKEN") and "口令" in said.json()["message"]
    assert line.get("/v1/health", headers={"Host": "yidi.example"}).json()["code"] == "HOOK_HOST"
    away = Line(line.app, "10.0.0.7")
    assert (away.get("/v1/health").status_code, away.get("/v1/health").json()["code"]) == (403, "HOOK_HOST")


@pytest.mark.parametrize("mode, text", [(0o640, TOKEN), (0o600, "short"), (0o600, "")])
def test_the_token_lies_in_a_file_of_its_owner(tmp_path: Path, mode: int, text: str) -> None:
    file = tmp_path / "token"
    with pytest.raises(Refusal, match="HOOK_TOKEN_FILE"):
        hook.read_token(file)
    file.write_text(text + "\n")
    file.chmod(mode)
    with pytest.raises(Refusal, match="HOOK_TOKEN_FILE"):
        hook.read_token(file)
    file.chmod(0o600)
    file.write_text(TOKEN + "\n")
    assert hook.read_token(file) == TOKEN


# --- what is given out -----------------------------------------------------------------------------------------------


def handed_over(region: Region, agent: Agent, case: str) -> Path:
    def answered(digest: str) -> OutboxEntry:
        region.send(agent)
        found = agent.journal.entry(digest)
        assert found is not None
        return found

    role = acts.role_of(agent, "A01", opening.READERS)
    opened = opening.open_case(agent, case, "A01", role, "HANDOVER", answered=answered, transfer=region.transfer())
    return handover.handover(agent, case, opened)[0]


def test_a_bundle_that_a_person_handed_over_is_taken_file_by_file(
    region: Region, agent: Agent, case: str, line: Line
) -> None:
    assert line.get("/v1/cases").json() == {"cases": []}, "nothing is handed over by itself"
    folder = handed_over(region, agent, case)
    (told,) = line.get("/v1/cases").json()["cases"]
    assert told["name"] == folder.name and "form.json" in told["files"]
    for name in told["files"]:
        got = line.get(f"/v1/cases/{folder.name}/files/{name}")
        assert got.status_code == 200 and got.content == (folder / name).read_bytes()
    assert line.get("/v1/cases").json()["cases"], "listed until it was taken"
    assert line.post(f"/v1/cases/{folder.name}/taken").json() == {"ok": True}
    assert line.post(f"/v1/cases/{folder.name}/taken").status_code == 200
    assert line.get("/v1/cases").json() == {"cases": []}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/cases/{name}/files/../../journal.sqlite",
        "/v1/cases/{name}/files/%2e%2e/%2e%2e/journal.sqlite",
        "/v1/cases/{name}/files//etc/hostname",
        "/v1/cases/..%2f..%2fagent/files/x",
        "/v1/cases/" + "0" * 43 + "/files/form.json",
        "/v1/batches/batch-000001/files/../../agent.env",
    ],
)
def test_no_path_leads_outside(region: Region, agent: Agent, case: str, line: Line, path: str) -> None:
    folder = handed_over(region, agent, case)
    said = line.get(path.format(name=folder.name))
    assert said.status_code in (404, 422) and b"SQLite" not in said.content


def test_the_queue_is_codes_and_days(case: str, line: Line) -> None:
    (told,) = line.get("/v1/queue").json()["cases"]
    assert told["case"] == case and told["state"] == "PENDING_ACCEPT" and set(told["days"]) == {"K2"}


# --- what is pushed --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("H10", "A21")
def test_a_push_changes_nothing_until_a_person_signs(
    region: Region, agent: Agent, inbox: Receiver, case: str, line: Line
) -> None:
    said = pushed(line, KEY, case, "accept")
    assert (said.status_code, said.json()["state"]) == (202, "PENDING")
    assert region.send(agent) == [] and region.log.files[case].state is State.PENDING_ACCEPT
    entry = pushes.sign(agent, KEY, "A01")
    told = read_signed(entry.envelope)
    assert told.actor.person == person_id(DEPARTMENT, "A01") and told.type == "accept"
    assert line.get(f"/v1/pushes/{KEY}").json()["state"] == "WAITING"
    exchange(region, agent, inbox)
    assert line.get(f"/v1/pushes/{KEY}").json()["state"] == "DONE"
    assert region.log.files[case].state is State.UNDER_REVIEW
    with pytest.raises(Refusal, match="HOOK_SETTLED"):
        pushes.sign(agent, KEY, "A01")
    with pytest.raises(Refusal, match="HOOK_SETTLED"):
        pushes.drop(agent, KEY, "A01")


@pytest.mark.requirement("H10")
def test_the_same_push_twice_is_one_and_another_under_its_key_is_refused(agent: Agent, case: str, line: Line) -> None:
    first = pushed(line, KEY, case, "accept").json()
    assert pushed(line, KEY, case, "accept").json() == first
    said = pushed(line, KEY, case, "step_done", values={"step": "UNDERTAKE"})
    assert (said.status_code, said.json()["code"]) == (409, "HOOK_KEY_REUSED")
    assert len(pushes.pushes(agent)) == 1


@pytest.mark.requirement("F01", "F04", "H10", "H13")
def test_steps_decision_and_result_by_the_people_who_may(
    region: Region, agent: Agent, inbox: Receiver, case: str, line: Line
) -> None:
    department.accept(agent, case, "A01")
    exchange(region, agent, inbox)
    words = "经审查符合许可条件"
    step = {"step": "UNDERTAKE", "opinion": words}
    assert pushed(line, "key-step-1", case, "step_done", values=step).status_code == 202
    assert pushed(line, "key-decide", case, "decide", values={"outcome": "GRANT"}).status_code == 202
    page = base64.b64encode(picture(3)).decode()
    assert pushed(line, "key-issue-1", case, "issue", files=[page]).status_code == 202
    with pytest.raises(Refusal, match="GRANT_MISSING"):
        pushes.sign(agent, "key-decide", "R01")
    assert pushes.kept(agent, "key-decide").state == pushes.PENDING  # type: ignore[union-attr]  # it was just pushed
    for key, staff in (("key-step-1", "R01"), ("key-decide", "D01"), ("key-issue-1", "I01")):
        entry = pushes.sign(agent, key, staff)
        assert words.encode() not in read_signed(entry.envelope).payload()
        exchange(region, agent, inbox)
        assert line.get(f"/v1/pushes/{key}").json()["state"] == "DONE"
    assert region.log.files[case].state is State.DELIVERING
    pushed(line, "key-later-1", case, "accept")
    done = pushes.kept(agent, "key-issue-1")
    assert done is not None and done.files == () and not (agent.settings.home / "hook" / "key-issue-1").exists()
    assert pushes.kept(agent, "key-step-1").values == {}  # type: ignore[union-attr]  # words have done their work


def test_what_the_law_refuses_is_told_and_may_be_signed_again(
    region: Region, agent: Agent, inbox: Receiver, case: str, line: Line
) -> None:
    pushed(line, "key-step-1", case, "step_done", values={"step": "UNDERTAKE"})
    pushes.sign(agent, "key-step-1", "R01")
    region.send(agent)
    told = line.get("/v1/pushes/key-step-1").json()
    assert (told["state"], told["refusal"]["code"]) == ("REFUSED", "STATE_FORBIDS")
    department.accept(agent, case, "A01")
    exchange(region, agent, inbox)
    pushes.sign(agent, "key-step-1", "R01")
    exchange(region, agent, inbox)
    assert line.get("/v1/pushes/key-step-1").json()["state"] == "DONE"


def test_a_person_may_drop_a_push(agent: Agent, case: str, line: Line) -> None:
    pushed(line, "key-decide", case, "decide", values={"outcome": "REFUSE", "reasons": "理由", "appeal": "途径"})
    assert pushes.drop(agent, "key-decide", "D01").values == {}
    assert line.get("/v1/pushes/key-decide").json()["state"] == "DROPPED"
    with pytest.raises(Refusal, match="HOOK_SETTLED"):
        pushes.sign(agent, "key-decide", "D01")
    with pytest.raises(Refusal, match="HOOK_UNKNOWN"):
        pushes.drop(agent, "key-absent", "D01")


PAGE = base64.b64encode(picture(1)).decode()


@pytest.mark.parametrize(
    "code, change",
    [
        ("HOOK_ACT", {"event": "void"}),
        ("HOOK_ACT", {"event": "accept", "staff": "D01"}),
        ("HOOK_VALUE", {"event": "step_done", "values": {}}),
        ("HOOK_VALUE", {"event": "step_done", "values": {"step": "OTHER"}}),
        ("HOOK_VALUE", {"event": "step_done", "values": {"step": ["UNDERTAKE"]}}),
        ("HOOK_VALUE", {"event": "step_done", "values": {"step": "UNDERTAKE", "opinion": "字" * 4001}}),
        ("HOOK_VALUE", {"event": "accept", "values": {"grant": "G-1"}}),
        ("HOOK_VALUE", {"event": "accept", "values": []}),
        ("HOOK_FILES", {"event": "issue"}),
        ("HOOK_FILES", {"event": "issue", "files": ["***"]}),
        ("HOOK_FILES", {"event": "issue", "files": [7]}),
        ("HOOK_FILES", {"event": "accept", "files": [PAGE]}),
        ("PAGE_NOT_IMAGE", {"event": "issue", "files": [base64.b64encode(b"no picture at all").decode()]}),
        ("CASE_UNKNOWN_HERE", {"event": "accept", "case": "0" * 32}),
    ],
)
def test_what_is_not_in_order_is_not_kept(
    agent: Agent, case: str, line: Line, code: str, change: dict[str, Any]
) -> None:
    said = line.post("/v1/pushes", json={"case": case, **change}, headers={"Idempotency-Key": KEY})
    assert said.json()["code"] == code and said.status_code in (404, 422), said.text
    assert pushes.pushes(agent) == [] and said.json()["message"]


@pytest.mark.parametrize("key", ["", "short", "a b c d e f", "k" * 65, "../../../etc"])
def test_a_key_is_plain(agent: Agent, case: str, line: Line, key: str) -> None:
    assert pushed(line, key, case, "accept").json()["code"] == "HOOK_KEY"
    assert line.get("/v1/pushes/absent-key-1").status_code == 404


def test_bodies_are_bounded_before_they_are_read(case: str, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    assert line.post("/v1/pushes", content=b"{", headers={"Idempotency-Key": KEY}).json()["code"] == "HOOK_JSON"
    assert line.post("/v1/pushes", content=b"[]", headers={"Idempotency-Key": KEY}).json()["code"] == "HOOK_JSON"
    monkeypatch.setattr(hook, "LARGEST", 100)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"x" * 60
        yield b"x" * 60

    for content in (b"x" * 101, pieces()):
        said = line.post("/v1/pushes", content=content, headers={"Idempotency-Key": KEY})
        assert (said.status_code, said.json()["code"]) == (413, "HOOK_TOO_LARGE")


def test_more_than_people_can_sign_is_not_taken(
    agent: Agent, case: str, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushes, "MOST_WAITING", 1)
    assert pushed(line, "key-first-1", case, "accept").status_code == 202
    assert pushed(line, "key-first-1", case, "accept").status_code == 202, "the same one is no more"
    said = pushed(line, "key-second-1", case, "accept")
    assert (said.status_code, said.json()["code"]) == (503, "HOOK_FULL")


@pytest.mark.requirement("H10")
def test_a_kill_while_it_is_signed_makes_no_second_act(
    region: Region, agent: Agent, inbox: Receiver, case: str, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed(line, KEY, case, "accept")
    kept = pushes._keep

    def dies(agent: Agent, push: pushes.Push) -> None:
        if push.state == pushes.SIGNED:
            raise KeyboardInterrupt
        kept(agent, push)

    with monkeypatch.context() as patch:
        patch.setattr(pushes, "_keep", dies)
        with pytest.raises(KeyboardInterrupt):
            pushes.sign(agent, KEY, "A01")
    pushes.sign(agent, KEY, "A01")
    assert [entry.event for entry in agent.journal.acts(case)].count("accept") == 1
    exchange(region, agent, inbox)
    assert line.get(f"/v1/pushes/{KEY}").json()["state"] == "DONE"
