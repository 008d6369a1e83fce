"""``yidi registrar publish-…``: nothing vanishes between two versions, open cases are listed first (D08, D09)."""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crypto import canonical
from crypto.records import Publication
from crypto.statement import read_envelope, read_statement
from deploy.commands.registrar import publish as registrar_publish
from deploy.commands.registrar import seat
from deploy.registrar.registrar import Registrar
from hub.casework.catalogue import changes
from node_agent.client.hub import Answer, Outgoing

DEMO = Path(__file__).resolve().parents[3] / "deploy/demo"
LIST: dict[str, Any] = json.loads((DEMO / "catalogue.json").read_text())
GONE = LIST["windows"][-1]["node"]
WHERE = LIST["windows"][-1]["region"]


class Hub:
    """A hub that has one version and takes what is handed in."""

    def __init__(self) -> None:
        self.taken: list[Outgoing] = []

    def published(self, kind: str, version: str) -> bytes:
        return canonical.encode(LIST)

    def submit(self, submissions: list[Outgoing]) -> list[Answer]:
        self.taken += submissions
        return [Answer(index=7)]


class Known:
    """What the registrar replayed."""

    digest = canonical.digest(canonical.encode(LIST))

    def publications(self, kind: str) -> list[Publication]:
        return [Publication(1, kind, LIST["version"], self.digest, LIST["effective_from"])]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub()
    registrar = Registrar.found(tmp_path / "registrar", "yidi.test", "500000000000")

    @contextmanager
    def registry(*_: object) -> Iterator[tuple[Registrar, Known, str]]:
        from deploy.commands.shared.common import refusals

        with refusals(True):
            yield registrar, Known(), "hub.test:1"

    @contextmanager
    def client(*_: object) -> Iterator[Hub]:
        yield made

    monkeypatch.setattr(seat, "registry_at", registry)
    monkeypatch.setattr(seat, "hub_client", client)
    return made


def published(home: Path, document: dict[str, Any], *more: str) -> dict[str, Any]:
    path = home / "list.json"
    path.write_text(json.dumps(document, ensure_ascii=False))
    line = ["publish-catalogue", str(path), "--home", str(home), "--json", *more]
    done = CliRunner().invoke(registrar_publish.app, line)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return dict(json.loads(done.stdout))


def next_version(change: str = "") -> dict[str, Any]:
    document = copy.deepcopy(LIST) | {"version": "2026.12-1", "effective_from": "2026-12-01"}
    if change == "dropped":
        document["windows"] = [window for window in document["windows"] if window["node"] != GONE]
        for item in document["windows"]:
            item.pop("substitutes", None)
    if change == "withdrawn":
        withdrawal = {"reason": "合并设置", "approval": "渝江津府函〔2026〕9号", "from": "2026-12-31"}
        next(window for window in document["windows"] if window["node"] == GONE)["withdrawal"] = withdrawal
    return document


@pytest.mark.requirement("D08")
def test_a_sound_version_is_published(hub: Hub, tmp_path: Path) -> None:
    told = published(tmp_path, next_version())
    assert told["ok"] and told["index"] == 7 and told["withdrawn"] == []
    (taken,) = hub.taken
    said = read_statement(read_envelope(taken.envelope).payload)
    assert (said.type, said.body["version"]) == ("catalogue.publish", "2026.12-1")
    assert canonical.digest(taken.attachments[0]) == said.body["document"]


@pytest.mark.requirement("D09")
def test_a_window_that_vanishes_stops_the_publication(hub: Hub, tmp_path: Path) -> None:
    told = published(tmp_path, next_version("dropped"))
    assert not told["ok"] and "WINDOW_DROPPED" in {one["code"] for one in told["errors"]}
    assert hub.taken == []


@pytest.mark.requirement("D09")
def test_a_withdrawal_needs_the_list_of_its_open_cases(hub: Hub, tmp_path: Path) -> None:
    document, path = next_version("withdrawn"), tmp_path / "cases.json"
    assert changes.withdrawn(LIST, document) == [("windows", GONE, "2026-12-31")]
    assert published(tmp_path, document)["refusal"]["code"] == "OPEN_CASES_UNLISTED"
    case = {"case": "c0" * 16, "case_no": "", "task_code": "T", "window": GONE, "state": "COLLECTED"}
    sound = {
        "v": 1,
        "catalogue": canonical.digest(canonical.encode(document)),
        "region": WHERE,
        "withdrawn": [["windows", GONE, "2026-12-31"]],
        "cases": [case],
    }
    for code, wrong in (
        ("OPEN_CASES_OTHER", {"catalogue": "0" * 64}),
        ("OPEN_CASES_OTHER", {"withdrawn": []}),
        ("OPEN_CASES_FORM", {"cases": {"case": "c0" * 16}}),
        ("OPEN_CASES_FORM", {"cases": [{**case, "state": "GONE"}]}),
        ("OPEN_CASES_FORM", {"cases": [{**case, "window": "another"}]}),
        ("OPEN_CASES_FORM", {"cases": [{**case, "case": 1}]}),
        ("OPEN_CASES_FORM", {"cases": [{"case": "c0" * 16}]}),
        ("OPEN_CASES_FORM", {"region": "everywhere"}),
        ("OPEN_CASES_REGION", {"region": "110000000000"}),
    ):
        path.write_text(json.dumps({**sound, **wrong}))
        assert published(tmp_path, document, "--open-cases", str(path))["refusal"]["code"] == code
    assert hub.taken == []
    path.write_text(json.dumps(sound))
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(json.dumps({**sound, "region": "110000000000", "cases": []}))
    told = published(tmp_path, document, "--open-cases", str(elsewhere), "--open-cases", str(path))
    assert told["ok"] and told["open_cases"] == [case] and len(hub.taken) == 1


@pytest.mark.requirement("C02")
def test_a_calendar_starts_on_the_day_of_china(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Night(datetime):
        """Half past four in the afternoon in UTC: after midnight in UTC+8."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Night":
            return cls(2026, 11, 22, 16, 30, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr(registrar_publish, "datetime", Night)
    line = ["publish-calendar", str(DEMO / "calendar.json"), "--home", str(tmp_path), "--json"]
    assert CliRunner().invoke(registrar_publish.app, line).exit_code == 0
    said = read_statement(read_envelope(hub.taken[0].envelope).payload)
    assert said.body["effective_from"] == "2026-11-23"


@pytest.mark.requirement("D09")
def test_what_goes_in_two_regions_needs_a_list_of_each(hub: Hub, tmp_path: Path) -> None:
    document, path = next_version("withdrawn"), tmp_path / "cases.json"
    other = next(window for window in document["windows"] if window["region"][:2] != WHERE[:2])
    other["withdrawal"] = {"reason": "合并设置", "approval": "渝江津府函〔2026〕9号", "from": "2026-12-31"}
    gone = changes.withdrawn(LIST, document)
    sound = {"catalogue": canonical.digest(canonical.encode(document)), "withdrawn": [list(one) for one in gone]}
    path.write_text(json.dumps({**sound, "v": 1, "region": WHERE, "cases": []}))
    told = published(tmp_path, document, "--open-cases", str(path))["refusal"]
    assert (told["code"], told["values"]["withdrawn"]) == ("OPEN_CASES_REGION", other["node"])


def test_a_calendar_is_published(hub: Hub, tmp_path: Path) -> None:
    line = ["publish-calendar", str(DEMO / "calendar.json"), "--home", str(tmp_path), "--json"]
    done = CliRunner().invoke(registrar_publish.app, line)
    assert json.loads(done.stdout)["kind"] == "calendar" and len(hub.taken) == 1
