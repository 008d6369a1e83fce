"""A line closed by a question at the window, or scanned because nobody answered; the log knows of it (D20, H05)."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crypto import canonical
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.statement import read_envelope, read_statement
from hub.casework import reasons
from node_agent.known.snapshot import fetch_snapshot
from node_agent.transfer.following import attend
from node_agent.transfer.opening import OpenedLine, OpenedPage
from node_agent.verification import desk, evidence, queries
from node_agent.verification.connector import Answer, Kind, Query, Result
from node_agent.window import drafts
from node_agent.window import intake as window
from storage.journal import OutboxEntry
from tests.unit.agents.window_world import FORM, KEY_MATERIALS, STAFF, TICKS, World, open_world, page_file
from tests.unit.evidence_log import DEPARTMENT, WINDOW

NUMBER = "REF-2026-000001"
AT = "2026-11-22T10:00:00.000+08:00"


@dataclass
class Body:
    """A body that has the data: keeps ``Connector``. ``result`` None: it does not answer."""

    result: Result | None = Result.OK
    asked: list[Query] = field(default_factory=list)
    source: str = DEPARTMENT
    fault: str = ""

    def ask(self, query: Query) -> Answer:
        """The planned answer."""
        self.asked.append(query)
        if self.fault:
            raise Refusal(self.fault, "D20", kind=query.kind.value, status=403, member="json")
        if self.result is None:
            raise Refusal("VERIFIER_UNAVAILABLE", "D20", kind=query.kind.value)
        return Answer(self.result, self.source, NUMBER, AT, {"status": "VALID"})


class Killed(Body):
    """The process ends while the body is asked."""

    def ask(self, query: Query) -> Answer:
        raise KeyboardInterrupt


def authorise(world: World, name: str = "S-1", **changes: Any) -> None:
    """The platform lets the window ask; the window knows it."""
    body = {
        "sharing_id": name, "supplier": DEPARTMENT, "consumer": WINDOW, "kind": "IDENTITY", "standard": "GB/T36906",
        "items": ["*"], "flow": "VERIFY", "purpose": "INTAKE", "valid_from": "2026-01-01", "valid_to": "2999-12-31",
        "document": "a" * 64,
    } | changes  # fmt: skip
    world.region.log.say_registry("sharing.issue", body, [world.region.log.registrar])
    fetch_snapshot(world.agent)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return open_world(tmp_path)


def body_of(entry: OutboxEntry) -> dict[str, Any]:
    return dict(read_statement(read_envelope(entry.envelope).payload).body)


def drafted(world: World, home: Path) -> str:
    """A draft that lacks M02 alone."""
    case = world.begin()
    for seed, material in enumerate(KEY_MATERIALS):
        if material != "M02":
            window.add_pages(world.agent, case, material, page_file(home, f"{material}.jpg", seed))
    return case


def settled(world: World, case: str) -> list[OutboxEntry]:
    """Everything is sent and answered, the window hears of it, and what it owes then is sent too."""
    made = world.region.send(world.agent)
    world.receive()
    attend(world.agent, case)
    return [*made, *world.region.send(world.agent)]


@pytest.mark.requirement("A07", "D20", "H05", "row T05", "row H05")
def test_a_verified_line_needs_no_scan_and_the_log_knows_of_the_query(world: World, tmp_path: Path) -> None:
    authorise(world)
    case, body = drafted(world, tmp_path), Body()
    made = desk.check(world.agent, case, "M02", "VERIFY_ONLINE", Kind.IDENTITY, STAFF, body)
    assert (made.closed, made.result) == (True, Result.OK)
    (asked,) = body.asked
    assert (asked.sharing, asked.purpose) == ("S-1", "INTAKE")
    assert dict(asked.subject) == {"name": "余知远", "citizen_id": FORM["applicant"]["citizen_id"],
                                   "credit_code": FORM["enterprise"]["credit_code"]}  # fmt: skip
    assert not [line for line in drafts.checklist(world.agent, case) if line.key and line.open]

    window.seal(world.agent, case, STAFF, **TICKS)
    entries = settled(world, case)
    assert [entry.refusal for entry in entries if entry.refusal] == []
    seal = next(entry for entry in entries if entry.event == "seal")
    (said,) = body_of(seal)["verified"]
    manifest = read_manifest(world.region.log.manifests[body_of(seal)["manifest"]])
    line = next(one for one in manifest.lines if one.material == "M02")
    assert (line.acquisition, line.trust, line.original, len(line.pages)) == ("VERIFY_ONLINE", "A", "NOT_NEEDED", 1)
    (told,) = [body_of(entry) for entry in entries if entry.event == "data_queried"]
    assert told == {
        "kind": "IDENTITY", "grant": "S-1", "purpose": "INTAKE", "result": "OK", "material": "M02",
        "reference": said["reference"], "asked_by": world.agent.identity.person(STAFF)[0],
    }  # fmt: skip
    assert all(NUMBER.encode() not in entry.envelope for entry in entries)
    assert queries.flush(world.agent, case) == 0 and queries.waiting(world.agent, case) == []


@pytest.mark.requirement("D20")
@pytest.mark.parametrize("result", [None, Result.MISMATCH, Result.NOT_FOUND, Result.EXPIRED])
def test_without_a_yes_the_paper_is_scanned_and_the_log_says_why(
    world: World, tmp_path: Path, result: Result | None
) -> None:
    authorise(world)
    case = drafted(world, tmp_path)
    made = desk.check(world.agent, case, "M02", "VERIFY_ONLINE", Kind.IDENTITY, STAFF, Body(result))
    assert not made.closed and "请提交原件扫描" in made.words
    assert [line.material for line in drafts.checklist(world.agent, case) if line.key and line.open] == ["M02"]
    window.add_pages(world.agent, case, "M02", page_file(tmp_path, "M02.jpg", 9))
    window.seal(world.agent, case, STAFF, **TICKS)
    entries = settled(world, case)
    assert [entry.refusal for entry in entries if entry.refusal] == []
    assert "verified" not in body_of(next(entry for entry in entries if entry.event == "seal"))
    (told,) = [body_of(entry) for entry in entries if entry.event == "data_queried"]
    assert (told["result"], told["material"]) == (result.value if result else "UNAVAILABLE", "M02")
    assert told["result"] in reasons.DATA_RESULTS


@pytest.mark.requirement("H05")
@pytest.mark.parametrize(
    "changes",
    [{"kind": "TAX"}, {"consumer": DEPARTMENT}, {"purpose": "REVIEW"}, {"flow": "FETCH"}, {"items": ["other"]},
     {"valid_to": "2026-01-02"}],
)  # fmt: skip
def test_without_a_live_authorisation_nobody_is_asked(world: World, tmp_path: Path, changes: dict[str, Any]) -> None:
    authorise(world, **changes)
    case, body = drafted(world, tmp_path), Body()
    with pytest.raises(Refusal, match="SHARING_MISSING"):
        desk.check(world.agent, case, "M02", "VERIFY_ONLINE", Kind.IDENTITY, STAFF, body)
    assert body.asked == [] and queries.waiting(world.agent, case) == []


@pytest.mark.requirement("H05")
def test_a_line_whose_authorisation_was_withdrawn_meanwhile_is_refused_by_the_law(world: World, tmp_path: Path) -> None:
    authorise(world)
    case = drafted(world, tmp_path)
    desk.check(world.agent, case, "M02", "VERIFY_ONLINE", Kind.IDENTITY, STAFF, Body())
    gone = {"sharing_id": "S-1", "reason": "MISUSE"}
    world.region.log.say_registry("sharing.withdraw", gone, [world.region.log.registrar])
    window.seal(world.agent, case, STAFF, **TICKS)
    refused = [entry.refusal for entry in world.region.send(world.agent) if entry.event == "seal"]
    assert refused[0] is not None and refused[0].code == "SHARING_MISSING"


@pytest.mark.requirement("D19", "D20")
def test_only_ways_of_the_list_are_asked_for(world: World, tmp_path: Path) -> None:
    authorise(world)
    case, body = drafted(world, tmp_path), Body()
    for material, way in (("M01", "VERIFY_ONLINE"), ("M02", "SUBMIT"), ("M02", "FROM_LICENCE")):
        with pytest.raises(Refusal, match="ACQUISITION_NOT_ALLOWED"):
            desk.check(world.agent, case, material, way, Kind.IDENTITY, STAFF, body)
    assert body.asked == []


def test_the_sealed_answer_opens_the_commitment_of_the_log(world: World, tmp_path: Path) -> None:
    authorise(world)
    case, body = drafted(world, tmp_path), Body()
    desk.check(world.agent, case, "M02", "VERIFY_ONLINE", Kind.IDENTITY, STAFF, body)
    line = drafts.load(world.agent, case).lines["M02"]
    page = json.loads((drafts.folder(world.agent, case) / line.pages[0].file).read_bytes())
    assert (page["source"], page["reference"], page["checked_at"]) == (DEPARTMENT, NUMBER, AT)
    (waiting,) = queries.waiting(world.agent, case)
    assert canonical.digest(bytes.fromhex(page["salt"]) + NUMBER.encode()) == waiting["reference"]
    (asked,) = body.asked
    subject = canonical.encode(dict(asked.subject))
    assert (page["query"], page["kind"]) == (asked.query_id, "IDENTITY")
    assert page["subject"] == canonical.digest(bytes.fromhex(page["salt"]) + subject)


@pytest.mark.requirement("H02", "H05")
@pytest.mark.parametrize(
    "body, code, result",
    [(Body(fault="VERIFIER_REFUSED"), "VERIFIER_REFUSED", "REFUSED"),
     (Body(fault="VERIFIER_ANSWER_INVALID"), "VERIFIER_ANSWER_INVALID", "INVALID"),
     (Body(source=WINDOW), "VERIFIER_ANSWER_INVALID", "INVALID")],
)  # fmt: skip
def test_a_query_without_a_lawful_answer_closes_nothing_and_is_told_too(
    world: World, tmp_path: Path, body: Body, code: str, result: str
) -> None:
    authorise(world)
    case = drafted(world, tmp_path)
    with pytest.raises(Refusal) as refused:
        desk.check(world.agent, case, "M02", "VERIFY_ONLINE", Kind.IDENTITY, STAFF, body)
    assert refused.value.code == code
    assert [line.material for line in drafts.checklist(world.agent, case) if line.key and line.open] == ["M02"]
    window.add_pages(world.agent, case, "M02", page_file(tmp_path, "M02.jpg", 9))
    window.seal(world.agent, case, STAFF, **TICKS)
    entries = settled(world, case)
    assert [entry.refusal for entry in entries if entry.refusal] == []
    (told,) = [body_of(entry) for entry in entries if entry.event == "data_queried"]
    assert (told["result"], told["material"]) == (result, "M02")


@pytest.mark.requirement("H02")
def test_a_kill_between_question_and_answer_loses_no_query(world: World, tmp_path: Path) -> None:
    authorise(world)
    case = drafted(world, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        desk.check(world.agent, case, "M02", "VERIFY_ONLINE", Kind.IDENTITY, STAFF, Killed())
    (kept,) = queries.waiting(world.agent, case)
    assert kept["result"] == "UNAVAILABLE"


@pytest.mark.requirement("H02", "H05")
def test_the_log_has_the_time_of_the_query_and_the_note_stays_until_the_hub_has_it(
    world: World, tmp_path: Path
) -> None:
    authorise(world)
    case = drafted(world, tmp_path)
    desk.check(world.agent, case, "M02", "VERIFY_ONLINE", Kind.IDENTITY, STAFF, Body())
    asked_at = json.loads(world.agent.journal.kept(queries.NOTE + case) or b"")[0]["at"]
    window.seal(world.agent, case, STAFF, **TICKS)
    world.region.send(world.agent)
    world.receive()
    attend(world.agent, case)
    (told,) = [act for act in world.agent.journal.acts(case) if act.event == "data_queried"]
    assert read_statement(read_envelope(told.envelope).payload).occurred_at == asked_at
    assert queries.waiting(world.agent, case) and queries.flush(world.agent, case) == 0
    world.region.send(world.agent)
    assert queries.flush(world.agent, case) == 0 and queries.waiting(world.agent, case) == []


@pytest.mark.requirement("H05")
@pytest.mark.parametrize(
    "changes, member",
    [({}, ""), ({"reference": "REF-2"}, "reference"), ({"kind": "TAX"}, "kind"), ({"grant": "S-2"}, "grant"),
     ({"source": WINDOW}, "source"), ({"salt": "??"}, "page")],
)  # fmt: skip
def test_who_opens_the_page_holds_it_against_the_act(
    world: World, tmp_path: Path, changes: dict[str, str], member: str
) -> None:
    authorise(world)
    case = drafted(world, tmp_path)
    desk.check(world.agent, case, "M02", "VERIFY_ONLINE", Kind.IDENTITY, STAFF, Body())
    draft = drafts.load(world.agent, case)
    act = {"verified": evidence.said_in(world.agent, draft)}
    page = json.loads((drafts.folder(world.agent, case) / draft.lines["M02"].pages[0].file).read_bytes())
    data = canonical.encode(page | changes)
    opened = OpenedPage(1, drafts.JSON_MEDIA, len(data), lambda: data)
    line = OpenedLine("M02", "M02", "", "VERIFY_ONLINE", "A", "NOT_NEEDED", (opened,))
    assert evidence.differences(world.agent, act, [line]) == ({"M02": member} if member else {})
    assert evidence.differences(world.agent, {}, [line])["M02"] in ("verified", "page")
