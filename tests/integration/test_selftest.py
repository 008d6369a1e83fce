"""A node tests its own connection at a running hub (B24): every line, every fault, nothing left behind."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crypto import canonical, certificates
from crypto.refusal import Refusal
from deploy.cli import app
from hub.services.probes import PREFIX, SIZE_MOST
from node_agent.client.selftest import Pong, SelfTestClient
from node_agent.process import selftest
from node_agent.process.runtime import Agent
from storage.files import write_private
from storage.objectstore import content_md5
from storage.objectstore_s3 import S3ObjectStore
from storage.transfer import PooledSend, Reply, TransferClient
from tests.integration.hub_region import Region
from tests.integration.test_hub_keys import agent_of

pytestmark = [pytest.mark.integration, pytest.mark.requirement("B24")]
DEMO = Path(__file__).parents[2] / "deploy" / "demo"
CODES = ["PING", "CLOCK", "CERTIFICATE", "REGISTRY", "CATALOGUE", "STORE"]
Said = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module", autouse=True)
def _published(region: Region) -> None:
    for kind in ("catalogue", "calendar"):
        document = json.loads((DEMO / f"{kind}.json").read_bytes())
        data = canonical.encode(document)
        region.say(region.registrar.publish(kind, document["version"], data, "2026-01-01"), data)


@pytest.fixture
def store(region: Region) -> S3ObjectStore:
    """The hub's bucket of documents, as its operator sees it."""
    settings = region.settings
    return S3ObjectStore(settings.s3_endpoint, settings.s3_documents, *settings.read_s3_credentials())


@pytest.fixture
def agent(region: Region, name: str) -> Iterator[Agent]:
    region.enrol(name, "department")
    made = agent_of(region, name)
    yield made
    made.close()


@pytest.fixture
def said(agent: Agent) -> Said:
    """``yidi selftest`` at the agent: exit code and answer."""

    def called(*words: str) -> tuple[int, dict[str, Any]]:
        done = CliRunner().invoke(app, ["selftest", *words, "--json", "--home", str(agent.settings.home)])
        shown = CliRunner().invoke(app, ["selftest", *words, "--home", str(agent.settings.home)])
        assert shown.exit_code == done.exit_code and ("不通" in shown.stdout) == (done.exit_code == 1), shown.stdout
        return done.exit_code, json.loads(done.stdout)

    return called


def faults(told: dict[str, Any]) -> dict[str, str]:
    """Code of the refusal by code of the line; each has its way out."""
    failed = [line for line in told["lines"] if not line["ok"]]
    assert all(line["refusal"]["message"].count("\n") for line in failed)
    return {line["code"]: line["refusal"]["code"] for line in failed}


def test_all_is_well_and_nothing_is_left(region: Region, said: Said, store: S3ObjectStore) -> None:
    region.enrol("b24-far", "department")
    size = region.server.parts.publications.head().size
    code, told = said("--to", "b24-far")
    assert (code, told["ok"], [line["code"] for line in told["lines"]]) == (0, True, [*CODES, "NODE"])
    lines = {line["code"]: line for line in told["lines"]}
    assert abs(lines["CLOCK"]["seconds"]) < 60 and lines["CERTIFICATE"]["days"] in (89, 90)
    assert lines["REGISTRY"]["epoch"] == region.server.parts.publications.head().epoch
    assert lines["NODE"]["node"] == region.node("b24-far") and lines["STORE"]["bytes"] == selftest.OBJECT_SIZE
    assert list(store.versions("")) == [] and list(store.multiparts()) == []
    assert region.server.parts.publications.head().size == size, "a test is no leaf"


def test_a_node_that_is_none_or_revoked_is_told(region: Region, said: Said) -> None:
    assert faults(said("--to", "nobody")[1]) == {"NODE": "SUBJECT_UNKNOWN"}
    region.enrol("b24-gone", "department")
    region.revoke("b24-gone")
    code, told = said("--to", region.node("b24-gone"))
    assert (code, faults(told)) == (1, {"NODE": "KEY_REVOKED"})


def test_a_hub_that_is_away_fails_each_line_that_needs_it(agent: Agent, said: Said) -> None:
    settings = agent.settings.home / "agent.env"
    write_private(settings, settings.read_bytes().replace(agent.settings.hub.encode(), b"localhost:1"))
    code, told = said()
    assert (code, set(faults(told))) == (1, {"PING", "CLOCK", "REGISTRY", "STORE"})
    assert set(faults(told).values()) == {"HUB_UNAVAILABLE"}


def test_a_window_without_a_snapshot_is_told(region: Region, name: str) -> None:
    region.enrol(name, "window")
    window = agent_of(region, name)
    found = selftest.selftest(window)
    assert [(line.code, line.refusal.code) for line in found if line.refusal] == [("REGISTRY", "SNAPSHOT_MISSING")]
    window.close()


@pytest.mark.parametrize("ahead, fails", [(240, False), (-240, False), (360, True), (-360, True)])
def test_a_clock_that_is_off_is_told(agent: Agent, monkeypatch: pytest.MonkeyPatch, ahead: int, fails: bool) -> None:
    told = canonical.time_text(datetime.now(UTC) - timedelta(seconds=ahead))
    monkeypatch.setattr(SelfTestClient, "ping", lambda self, echo: Pong(echo, told, 0))
    if fails:
        with pytest.raises(Refusal, match="CLOCK_DIFFERS"):
            selftest.clock(agent)
    else:
        assert abs(float(str(selftest.clock(agent)["seconds"])) - ahead) < 30


def test_an_echo_that_differs_and_a_registry_that_stays_behind_are_told(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Pong(b"else", canonical.time_text(datetime.now(UTC)), agent.registry.directory.epoch + 9)
    monkeypatch.setattr(SelfTestClient, "ping", lambda self, echo: far)
    with pytest.raises(Refusal, match="SELFTEST_ECHO"):
        selftest.ping(agent)
    with pytest.raises(Refusal, match="REGISTRY_BEHIND"):
        selftest.registry(agent)


@pytest.mark.parametrize(
    "days, code", [(5, "CERTIFICATE_ENDING"), (-1, "CERTIFICATE_EXPIRED"), (20, "")], ids=["ending", "over", "well"]
)
def test_a_certificate_that_ends_is_told(region: Region, agent: Agent, days: int, code: str) -> None:
    home = agent.settings.home
    request, start = (home / "request.csr").read_bytes(), datetime.now(UTC) + timedelta(days=days - 90)
    made = certificates.certify(
        region.registrar._authority, region.registrar.authority_pem, request, agent.identity.node, now=start
    )
    write_private(home / "tls.pem", made)
    if code:
        with pytest.raises(Refusal, match=code):
            selftest.certificate(agent)
    else:
        assert selftest.certificate(agent).items() >= {"renewing": True}.items()


def test_a_certificate_of_another_or_for_another_purpose_is_told(region: Region, agent: Agent) -> None:
    region.enrol("b24-other", "department")
    write_private(agent.settings.home / "tls.pem", (region.home("b24-other") / "tls.pem").read_bytes())
    with pytest.raises(Refusal, match="CERTIFICATE_DIFFERS"):
        selftest.certificate(agent)
    with pytest.raises(Refusal, match="CERTIFICATE_(FORMAT|PURPOSE)"):
        certificates.require_purposes(region.registrar.authority_pem)


def test_a_list_that_is_over_is_told(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent.registry.catalogue(), "effective_to", datetime.now(UTC).date() - timedelta(days=2))
    with pytest.raises(Refusal, match="CATALOGUE_OVER"):
        selftest.catalogue(agent)


def test_a_store_that_answers_wrongly_or_not_at_all_is_told_and_left_clean(agent: Agent, store: S3ObjectStore) -> None:
    send_on = PooledSend()

    def other_bytes(method: str, url: str, headers: Any, body: Any) -> Reply:
        reply = send_on(method, url, headers, body)
        return replace(reply, chunks=[b"x" * len(b"".join(reply.chunks))]) if method == "GET" else reply

    def busy(method: str, url: str, headers: Any, body: Any) -> Reply:
        return Reply(503, {}, [])

    for send, code in ((other_bytes, "SELFTEST_BYTES"), (busy, "STORE_UNAVAILABLE")):
        with pytest.raises(Refusal, match=code):
            selftest.store(agent, TransferClient(send, attempts=1))
        assert list(store.versions(PREFIX)) == []


def test_a_probe_is_the_callers_own_small_and_swept_by_the_next(
    region: Region, agent: Agent, store: S3ObjectStore
) -> None:
    stranger = region.enrol("b24-stranger", "window").selftest
    mine, transfer, md5 = agent.hub.selftest, TransferClient(attempts=1), md5_of(b"data")
    for size, digest in ((0, md5), (SIZE_MOST + 1, md5), (9, md5[:15])):
        with pytest.raises(Refusal, match="PROBE_FORMAT"):
            mine.begin_probe(size, digest)
    probe, put = mine.begin_probe(4, md5_of(b"data"))
    transfer.put_part(put, b"data")
    with pytest.raises(Refusal, match="OBJECT_MISSING"):
        stranger.read_probe(probe)
    for wrong in ("", "../" + probe, probe.upper() + "0"):
        with pytest.raises(Refusal, match="PROBE_FORMAT"):
            mine.read_probe(wrong)
    stranger.end_probe(probe)
    assert len(list(store.versions(PREFIX))) == 1
    mine.begin_probe(4, md5_of(b"next"))  # the first test broke off
    assert list(store.versions(PREFIX)) == []


def test_however_many_permissions_a_node_asks_for_one_object_of_it_lies_about(
    agent: Agent, store: S3ObjectStore
) -> None:
    """Each is good for a minute: gathered first and used then, they would fill the store, and the next test with it."""
    mine, transfer = agent.hub.selftest, TransferClient(attempts=1)
    bodies = [b"%04d" % number for number in range(5)]
    asked = [mine.begin_probe(4, md5_of(body)) for body in bodies]
    for (_, put), body in zip(asked, bodies, strict=True):
        transfer.put_part(put, body)  # what stands there already is left as it is
    assert len(list(store.versions(PREFIX))) == 1
    assert mine.read_probe(asked[0][0])
    with pytest.raises(Refusal, match="OBJECT_MISSING"):
        mine.read_probe(asked[1][0])
    mine.end_probe(asked[4][0])
    assert list(store.versions(PREFIX)) == []


def test_the_hub_itself_and_the_registrar_put_nothing(region: Region) -> None:
    with pytest.raises(Refusal, match="ROLE_FORBIDS"):
        region.as_registrar().selftest.begin_probe(4, md5_of(b"data"))
    assert region.as_registrar().selftest.ping(b"x").echo == b"x"


def md5_of(data: bytes) -> bytes:
    """16 bytes, as the store checks them."""
    return base64.b64decode(content_md5(data))
