"""The portal's agent: an order is taken once, whole or not at all, and not lost to a race for the case's head."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from crypto.canonical import CHINA
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.statement import read_signed
from node_agent.client.hub import HubClient
from node_agent.known.snapshot import fetch_snapshot
from node_agent.portal import materials as portal_materials
from node_agent.portal import outcomes, papers, sealing
from node_agent.portal.folder import PortalFolder, take
from node_agent.supervision import supervising
from node_agent.transfer.following import attend
from node_agent.verification.connector import Answer, Query, Result
from tests.unit import evidence_log as synthetic
from tests.unit.agents.agent_region import Region, picture
from tests.unit.agents.window_world import FORM, KEY_MATERIALS, SendingHub, World
from tests.unit.evidence_log import ACCEPTOR, DECIDER, DEPARTMENT, ITEM

PORTAL = synthetic.node("500000000000", "chongqing-portal")
ASKED = "还要几天才能办好"
SIGNED = {"method": "FACE", "reference": "demo-0001"}
DECLARED = {"no_classified": True, "applicant_signed": True, "privacy_notice": True}
pytestmark = pytest.mark.requirement("A02")


@pytest.fixture
def world(tmp_path: Path) -> World:
    region = Region()
    region.log.register(PORTAL, PORTAL, "500000000000", ["portal"], 50000)
    agent = region.agent(tmp_path / "portal", PORTAL, [])
    hub = SendingHub(region, PORTAL)
    agent.hub = cast(HubClient, hub)
    fetch_snapshot(agent)
    return World(region, agent, hub)


def laid(home: Path, name: str, file: str, value: dict[str, Any], materials: tuple[str, ...] = ()) -> Path:
    """A folder as the front lays it down."""
    folder = home / "in" / name
    folder.mkdir(parents=True)
    for seed, material in enumerate(materials):
        (folder / f"{material}.jpg").write_bytes(picture(seed))
    (folder / file).write_text(json.dumps(value), encoding="utf-8")
    return folder


def application(materials: tuple[str, ...] = KEY_MATERIALS, **changes: Any) -> dict[str, Any]:
    """What the applicant filled in."""
    files = {material: [f"{material}.jpg"] for material in materials}
    return {
        "task_code": ITEM, "delivery": "ELECTRONIC", "form": FORM, "materials": files, "signed": SIGNED,
        "declared": DECLARED,
    } | changes  # fmt: skip


def applied(world: World, home: Path, name: str = "w-1") -> sealing.Taken:
    """An application that waits in the journal."""
    return take(world.agent, laid(home, name, "application.json", application(), KEY_MATERIALS), home / "out")


def test_an_order_is_taken_once_and_the_applicant_is_told_after_it_is_queued(world: World, tmp_path: Path) -> None:
    made = applied(world, tmp_path)
    answer = json.loads((tmp_path / "out/w-1.json").read_text())
    assert (answer["case"], answer["public_no"]) == (made.case, made.public_no)
    assert made.public_no.startswith("50000") and len(answer["secret"]) == 64
    again = take(world.agent, tmp_path / "in/w-1", tmp_path / "out")
    assert (again.case, again.entries) == (made.case, made.entries)
    assert len([act for act in world.agent.journal.acts(made.case) if act.event == "seal"]) == 1
    (seal,) = [act for act in world.agent.journal.acts(made.case) if act.event == "seal"]
    statement = read_signed(seal.envelope)
    assert (statement.actor.person, statement.body["mode"]) == (None, "ONLINE")
    assert "demo-0001" not in seal.envelope.decode("latin-1") and answer["secret"] not in str(statement.body)
    assert [one.refusal for one in world.region.send(world.agent) if one.refusal] == []
    assert world.region.log.files[made.case].mode == "ONLINE"


def test_an_order_that_loses_a_race_for_the_head_is_said_again(world: World, tmp_path: Path) -> None:
    made = applied(world, tmp_path)
    world.region.send(world.agent)  # sealed, and routed by the hub, which the portal has not heard of
    order = {"act": "withdraw", "case": made.public_no, "signed": SIGNED}
    with pytest.raises(Refusal, match="CASE_UNKNOWN_HERE"):
        take(world.agent, laid(tmp_path, "o-0", "order.json", order), tmp_path / "out")
    seal = list(world.hub.inbox(0))[:1]
    world.agent.journal.receive([(item.index, item.case_id, item.leaf) for item in seal])
    taken = take(world.agent, laid(tmp_path, "o-1", "order.json", order), tmp_path / "out")
    (lost,) = world.region.send(world.agent)
    assert lost.refusal is not None and lost.refusal.code == "HEAD_MOVED"
    assert outcomes.follow(world.agent, tmp_path / "out") == 0  # what moved it has not come
    world.receive()
    assert outcomes.follow(world.agent, tmp_path / "out") == 1
    assert [one.refusal for one in world.region.send(world.agent)] == [None]
    assert world.region.log.files[made.case].state == "WITHDRAWN"
    assert outcomes.follow(world.agent, tmp_path / "out") == 0
    assert world.agent.journal.notes(outcomes.TAKEN) == []
    done = json.loads((tmp_path / "out/o-1.json").read_text())
    assert (done["ok"], done["state"]) == (True, "DONE")
    note = sealing.taken(world.agent, "o-1")
    assert note is not None and len(note.entries) == 2 and note.entries[0] == taken.entries[0]


@pytest.mark.requirement("F05", "G06", "row T38")
def test_online_the_applicant_asks_and_complains_and_the_words_stay_at_the_portal(world: World, tmp_path: Path) -> None:
    made = applied(world, tmp_path)
    world.region.send(world.agent)
    world.receive()
    for name, more in (
        ("o-1", {"act": "enquire", "topic": "LIMITS", "to": DEPARTMENT}),
        ("o-2", {"act": "complain", "kind": "DELAY", "about_node": DEPARTMENT, "handler": PORTAL}),
    ):
        order = {"case": made.public_no, "signed": SIGNED, "words": ASKED, **more}
        take(world.agent, laid(tmp_path, name, "order.json", order), tmp_path / "out")
        assert [one.refusal for one in world.region.send(world.agent)] == [None]
        world.receive()
    empty = {"act": "enquire", "case": made.public_no, "signed": SIGNED, "words": " ", "topic": "LIMITS"}
    with pytest.raises(Refusal, match="APPLICATION_FORMAT"):
        take(world.agent, laid(tmp_path, "o-3", "order.json", empty), tmp_path / "out")
    file = world.region.log.files[made.case]
    (enquiry,), (complaint,) = file.enquiries, file.complaints
    assert (enquiry.topic, enquiry.channel, enquiry.holder, enquiry.node) == ("LIMITS", "ONLINE", DEPARTMENT, PORTAL)
    assert (complaint.kind, complaint.handler) == ("DELAY", PORTAL)
    for act in world.agent.journal.acts(made.case):
        assert ASKED.encode() not in act.envelope
        if act.event in ("enquire", "complain"):
            words = str(read_signed(act.envelope).body["words"])
            assert supervising.words_of(world.agent, words) == ASKED


def test_pages_that_lose_a_race_go_again_with_their_keys_and_the_end_is_told(world: World, tmp_path: Path) -> None:
    made = applied(world, tmp_path)
    world.region.send(world.agent)
    seal = list(world.hub.inbox(0))[:1]
    world.agent.journal.receive([(item.index, item.case_id, item.leaf) for item in seal])
    outcomes.follow(world.agent, tmp_path / "out")
    told = json.loads((tmp_path / "out/w-1.json").read_text())
    assert (told["ok"], told["state"], len(told["secret"])) == (True, "DONE", 64)
    folder = laid(tmp_path, "o-1", "order.json", {"act": "pay", "case": made.case, "signed": SIGNED,
                                                  "materials": {"M02": ["M02.jpg"]}}, ("M02",))  # fmt: skip
    asked = papers.read(folder)
    assert isinstance(asked, papers.Order)
    taken = sealing._addendum(world.agent, "o-1", asked, made.case, "supplement_part", "custody")
    count = len(taken.entries)  # the act, and packets for this node, the department of the list and the recovery node
    assert count == 4
    lost = world.region.send(world.agent)[0]
    assert lost.refusal is not None and lost.refusal.code == "HEAD_MOVED"
    world.receive()
    assert outcomes.follow(world.agent, tmp_path / "out") == 1
    entries = {act.payload_digest: act for act in world.agent.journal.acts(made.case)}
    now = sealing.taken(world.agent, "o-1")
    assert now is not None and now.entries[:count] == taken.entries
    first, *wraps = (entries[digest] for digest in now.entries[:count])
    again, *wrapped = (entries[digest] for digest in now.entries[count:])
    assert (again.needs_upload, again.state) == (first.needs_upload, "WAITING")
    assert [one.packets for one in wrapped] == [one.packets for one in wraps] and not set(wraps) & set(wrapped)
    assert not (tmp_path / "out/o-1.json").exists()
    world.region.send(world.agent)  # no notice stands: the law says no
    assert outcomes.follow(world.agent, tmp_path / "out") == 0
    end = json.loads((tmp_path / "out/o-1.json").read_text())
    assert (end["ok"], end["state"]) == (False, "REFUSED") and end["code"] != "HEAD_MOVED"
    assert any("一" <= letter <= "鿿" for letter in end["message"])
    assert world.agent.journal.notes(outcomes.TAKEN) == []
    again_taken = take(world.agent, folder, tmp_path / "out")
    assert again_taken.entries == now.entries  # an answered order is not taken again


@pytest.mark.requirement("A22")
def test_a_second_application_says_which_other_case_it_knows_of(world: World, tmp_path: Path) -> None:
    said: dict[str, Any] = {"duplicate_of": "d1" * 16, "duplicate_reason": "OTHER_MATTER"}
    made = take(
        world.agent, laid(tmp_path, "w-1", "application.json", application(**said), KEY_MATERIALS), tmp_path / "out"
    )
    (seal,) = [act for act in world.agent.journal.acts(made.case) if act.event == "seal"]
    assert said.items() <= read_signed(seal.envelope).body.items()


@pytest.mark.requirement("B10")
def test_what_is_not_owed_is_not_taken(world: World, tmp_path: Path) -> None:
    made = applied(world, tmp_path)
    world.region.send(world.agent)
    world.receive()
    order = {"act": "pay", "case": made.case, "signed": SIGNED, "materials": {"M02": ["M02.jpg"]}}
    with pytest.raises(Refusal) as refused:
        take(world.agent, laid(tmp_path, "o-1", "order.json", order, ("M02",)), tmp_path / "out")
    assert refused.value.code == "NOT_OWED"


@pytest.mark.parametrize(
    "changes, code",
    [({"signed": {}}, "APPLICATION_FORMAT"), ({"declared": {}}, "DECLARATION_MISSING"),
     ({"task_code": "0" * 31}, "UNKNOWN_ITEM"), ({"form": {"citizen_id": "1"}}, "CITIZEN_ID"),
     ({"materials": {}}, "MATERIALS_INCOMPLETE"), ({"materials": {"M01": ["../x.jpg"]}}, "APPLICATION_FORMAT"),
     ({"materials": {"M01": ["absent.jpg"]}}, "APPLICATION_FORMAT"), ({"delivery": "COUNTER_COLLECT"}, None)],
)  # fmt: skip
def test_what_is_not_whole_is_refused_and_leaves_nothing(
    world: World, tmp_path: Path, changes: dict[str, Any], code: str | None
) -> None:
    folder = laid(tmp_path, "w-9", "application.json", application() | changes, KEY_MATERIALS)
    if code is None:
        take(world.agent, folder, tmp_path / "out")
        refused = [one.refusal for one in world.region.send(world.agent) if one.event == "seal"]
        assert refused[0] is not None and refused[0].code == "DELIVERY_NO_COUNTER"
        return
    with pytest.raises(Refusal) as caught:
        take(world.agent, folder, tmp_path / "out")
    assert caught.value.code.startswith(code)
    assert world.agent.journal.waiting() == [] and sealing.taken(world.agent, "w-9") is None


def test_the_folder_answers_takes_away_and_goes_on(world: World, tmp_path: Path) -> None:
    loop = PortalFolder(world.agent, tmp_path)
    for name, value in (("a-bad", application(declared={})), ("b-good", application())):
        (laid(tmp_path, name, papers.APPLICATION, value, KEY_MATERIALS) / "READY").write_bytes(b"")
    laid(tmp_path, "c-not-ready", papers.APPLICATION, application(), KEY_MATERIALS)
    assert loop.step() == 2 and loop.step() == 0
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == ["c-not-ready"]
    bad = json.loads((tmp_path / "out/a-bad.json").read_text())
    assert (bad["ok"], bad["code"]) == (False, "DECLARATION_MISSING") and "勾选" in bad["message"]
    assert "secret" in json.loads((tmp_path / "out/b-good.json").read_text())


# --- how materials are got (T02 at a portal) -------------------------------------------------------------------------

CHECKED = {"material": "M02", "way": "VERIFY_ONLINE", "kind": "IDENTITY"}
REST = tuple(code for code in KEY_MATERIALS if code != "M02")


class Body:
    """A body that has the data; ``result`` None: it does not answer."""

    def __init__(self, result: Result | None) -> None:
        self.result, self.asked = result, list[Query]()

    def ask(self, query: Query) -> Answer:
        self.asked.append(query)
        if self.result is None:
            raise Refusal("VERIFIER_UNAVAILABLE", "D20", kind=query.kind.value)
        return Answer(self.result, DEPARTMENT, "REF-2026-000007", "2026-11-22T10:00:00.000+08:00", {"status": "VALID"})

    def close(self) -> None:
        """Nothing is open."""


def asked_of(monkeypatch: pytest.MonkeyPatch, result: Result | None) -> Body:
    """The body that the portal's own file names."""
    body = Body(result)
    monkeypatch.setattr(portal_materials, "connector_for", lambda file, kind: body)
    return body


def authorise(world: World) -> None:
    """The platform lets the portal ask for identities at intake."""
    body = {
        "sharing_id": "S-1", "supplier": DEPARTMENT, "consumer": PORTAL, "kind": "IDENTITY", "standard": "GB/T36906",
        "items": ["*"], "flow": "VERIFY", "purpose": "INTAKE", "valid_from": "2026-01-01", "valid_to": "2999-12-31",
        "document": "a" * 64,
    }  # fmt: skip
    world.region.log.say_registry("sharing.issue", body, [world.region.log.registrar])
    fetch_snapshot(world.agent)


def lines_of(world: World, made: sealing.Taken) -> dict[str, tuple[str, str]]:
    """Way and trust of each line that was sealed."""
    (seal,) = [act for act in world.agent.journal.acts(made.case) if act.event == "seal"]
    manifest = read_manifest(world.region.log.manifests[str(read_signed(seal.envelope).body["manifest"])])
    return {line.material: (line.acquisition, line.trust) for line in manifest.lines}


@pytest.mark.requirement("A02", "A07", "D20", "H05", "row T05", "row H05")
def test_online_a_line_is_closed_by_a_question_and_the_log_knows_of_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, value = asked_of(monkeypatch, Result.OK), application(REST, verify=[CHECKED])
    with pytest.raises(Refusal, match="SHARING_MISSING"):
        take(world.agent, laid(tmp_path, "w-0", "application.json", value, REST), tmp_path / "out")
    assert body.asked == []
    authorise(world)
    made = take(world.agent, laid(tmp_path, "w-1", "application.json", value, REST), tmp_path / "out")
    assert [one.refusal for one in world.region.send(world.agent) if one.refusal] == []
    assert lines_of(world, made)["M02"] == ("VERIFY_ONLINE", "A")
    world.receive()
    attend(world.agent, made.case)
    (told,) = [read_signed(one.envelope) for one in world.region.send(world.agent) if one.event == "data_queried"]
    assert (told.body["result"], told.body["material"], told.actor.person) == ("OK", "M02", None)
    assert "asked_by" not in told.body and world.region.log.files[made.case].mode == "ONLINE"
    (query,) = body.asked
    assert query.subject["citizen_id"] == FORM["applicant"]["citizen_id"]
    assert all(b"REF-2026-000007" not in entry for entry in world.region.log.entries)


@pytest.mark.requirement("D20", "E04")
@pytest.mark.parametrize("result", [None, Result.MISMATCH, Result.NOT_FOUND])
def test_online_without_a_yes_the_paper_counts_that_was_uploaded_beside_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, result: Result | None
) -> None:
    authorise(world)
    asked_of(monkeypatch, result)
    value = application(KEY_MATERIALS, verify=[CHECKED])
    made = take(world.agent, laid(tmp_path, "w-1", "application.json", value, KEY_MATERIALS), tmp_path / "out")
    assert [one.refusal for one in world.region.send(world.agent) if one.refusal] == []
    assert lines_of(world, made)["M02"] == ("SUBMIT", "C")
    bare = application(REST, verify=[CHECKED])
    with pytest.raises(Refusal) as refused:
        take(world.agent, laid(tmp_path, "w-2", "application.json", bare, REST), tmp_path / "out")
    assert (refused.value.code, refused.value.values["missing"]) == ("MATERIALS_INCOMPLETE", "M02")
    (ended,) = world.region.send(world.agent)
    assert (ended.event, ended.refusal) == ("discard", None)
    world.receive()
    attend(world.agent, ended.case_id)
    (told,) = [read_signed(one.envelope) for one in world.region.send(world.agent) if one.refusal is None]
    assert (told.type, told.body["result"]) == ("data_queried", result or "UNAVAILABLE")
    assert world.region.log.files[ended.case_id].state == "ABANDONED"


@pytest.mark.requirement("B10", "row K7S")
def test_online_a_promise_is_given_and_paid_before_the_decision(world: World, tmp_path: Path) -> None:
    """The whole way of ``pay``: promised with the application, owed at the department, uploaded, decided."""
    log, due = world.region.log, (datetime.now(UTC).astimezone(CHINA).date() + timedelta(days=3)).isoformat()
    promise = {"material": "M05", "due": due, "paper": "M01.jpg"}
    value = application(promises=[promise])
    made = take(world.agent, laid(tmp_path, "w-1", "application.json", value, KEY_MATERIALS), tmp_path / "out")
    assert [one.refusal for one in world.region.send(world.agent) if one.refusal] == []
    (debt,) = log.files[made.case].debts
    assert (debt.material, debt.due) == ("M05", due)
    assert [paper.stem[-64:] for paper in (world.agent.settings.home / "papers").iterdir()] == [debt.paper]
    log.say(made.case, "delivered", DEPARTMENT, "department", {"manifest": log.files[made.case].sealings[0].manifest})
    log.say(made.case, "accept", ACCEPTOR, "ACCEPTOR", {})
    world.receive()
    with pytest.raises(Refusal, match="DEBT_OPEN"):
        log.say(made.case, "decide", DECIDER, "DECIDER", {"outcome": "GRANT", "grant": "G-DECIDE"})
    order = {"act": "pay", "case": made.public_no, "signed": SIGNED, "materials": {"M05": ["M05.jpg"]}}
    folder = laid(tmp_path, "p-1", "order.json", order, ("M05",))
    empty = laid(tmp_path, "p-0", "order.json", order | {"materials": {}}, ())
    with pytest.raises(Refusal, match="PAGES_NONE"):
        take(world.agent, empty, tmp_path / "out")
    take(world.agent, folder, tmp_path / "out")
    assert [one.refusal for one in world.region.send(world.agent) if one.refusal] == []
    assert all(one.settled for one in log.files[made.case].debts)
    outcomes.follow(world.agent, tmp_path / "out")
    assert json.loads((tmp_path / "out/p-1.json").read_text())["state"] == "DONE"
    log.say(made.case, "decide", DECIDER, "DECIDER", {"outcome": "GRANT", "grant": "G-DECIDE"})
    assert log.files[made.case].state == "DECIDED"


@pytest.mark.requirement("B10")
@pytest.mark.parametrize(
    ("changes", "code"),
    [({"material": "M01"}, "PROMISE_NEEDLESS"), ({"material": "M99"}, "MATERIAL_NOT_LISTED"),
     ({"due": "2020-01-01"}, "PROMISE_DATE"), ({"due": "2999-01-01"}, "PROMISE_AFTER_LIMIT"),
     ({"due": "soon"}, "APPLICATION_FORMAT"), ({"paper": "../x.jpg"}, "APPLICATION_FORMAT")],
)  # fmt: skip
def test_online_an_unlawful_promise_is_refused_and_keeps_no_paper(
    world: World, tmp_path: Path, changes: dict[str, Any], code: str
) -> None:
    promise = {"material": "M05", "due": "2026-11-25", "paper": "M01.jpg"} | changes
    folder = laid(tmp_path, "w-1", "application.json", application(promises=[promise]), KEY_MATERIALS)
    with pytest.raises(Refusal) as refused:
        take(world.agent, folder, tmp_path / "out")
    assert refused.value.code == code
    assert not (world.agent.settings.home / "papers").exists()


@pytest.mark.requirement("B09", "A07")
def test_online_a_commitment_stands_for_a_proof_once_its_meaning_was_told(world: World, tmp_path: Path) -> None:
    rest = tuple(code for code in KEY_MATERIALS if code != "M04")
    value = application(rest, commitments={"M04": ["M01.jpg"]})
    with pytest.raises(Refusal) as refused:
        take(world.agent, laid(tmp_path, "w-0", "application.json", value, rest), tmp_path / "out")
    assert (refused.value.code, refused.value.values["declaration"]) == ("DECLARATION_MISSING", "commitment_notice")
    told = value | {"declared": DECLARED | {"commitment_notice": True}}
    made = take(world.agent, laid(tmp_path, "w-1", "application.json", told, rest), tmp_path / "out")
    assert [one.refusal for one in world.region.send(world.agent) if one.refusal] == []
    assert lines_of(world, made)["M04"] == ("COMMITMENT", "D")
    assert [one.material for one in world.region.log.files[made.case].commitments] == ["M04"]
    other = application(rest[1:], commitments={rest[0]: ["M02.jpg"]}, declared=DECLARED | {"commitment_notice": True})
    with pytest.raises(Refusal, match="ACQUISITION_NOT_ALLOWED"):
        take(world.agent, laid(tmp_path, "w-2", "application.json", other, rest), tmp_path / "out")
