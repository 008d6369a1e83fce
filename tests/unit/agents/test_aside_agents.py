"""What agents do off the straight path: bounce and resend, keys onward, coordinator's desk, drafts that end."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crypto.identity import person_id
from crypto.log import leaf as leaves
from crypto.refusal import Refusal
from crypto.statement import read_envelope, read_signed
from deploy.commands.shared.choices import code_of, pairs_of
from hub.casework import reasons
from hub.casework.states import State
from node_agent.auditor.course import course
from node_agent.department import refusals as department_refusals
from node_agent.known.casemirror import history, mirror
from node_agent.process.runtime import Agent
from node_agent.supervision import coordinator
from node_agent.transfer import bounce, following
from node_agent.transfer.receiver import Receiver, alarms
from node_agent.transfer.sender import Sender
from node_agent.window import back as window_back
from node_agent.window import drafts, pre_review, proxy
from node_agent.window import ends as window_ends
from node_agent.window import intake as window
from node_agent.window import supplement as window_supplement
from storage.journal import OutboxEntry
from tests.unit import evidence_log as synthetic
from tests.unit.agents.agent_region import Region, exchange
from tests.unit.agents.window_world import ADDRESS, FORM, KEY_MATERIALS, STAFF, TICKS, World, open_world, page_file
from tests.unit.evidence_log import ACCEPTOR, DEPARTMENT, HUB, WINDOW

DESK = synthetic.node("360000000000", "coordination-desk")
YUBEI = synthetic.node("500112000000", "chongqing-yubei-scj")
C01, C09 = person_id(DESK, "C01"), person_id(DESK, "C09")
LINES = [("M05", "MISSING")]


@pytest.fixture
def region() -> Region:
    """With a coordinator and a second department."""
    made = Region()
    add_desk(made)
    return made


@pytest.fixture
def agent(region: Region, tmp_path: Path) -> Agent:
    return region.agent(tmp_path / "dept", DEPARTMENT, ("A01", "H01"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = open_world(tmp_path)
    add_desk(made.region)
    made.agent.registry.refresh(made.agent.hub)
    return made


def add_desk(region: Region) -> None:
    region.log.register(DESK, DESK, "360000000000", ["coordinator"], None)
    region.log.register(YUBEI, YUBEI, "500112000000", ["department"], None)
    for person, roles in ((C01, ["COORDINATOR"]), (C09, ["COORDINATOR", "COORDINATOR_LEAD"])):
        region.log.register(person, DESK, "", roles, None)


def due(days: int = 30) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def countersigned(region: Region, agent: Agent, inbox: Receiver) -> str:
    case, _ = region.forward()
    exchange(region, agent, inbox)
    return case


def body_of(entry: OutboxEntry) -> Mapping[str, Any]:
    return read_signed(entry.envelope).body


class Clock:
    """Time that jumps far ahead at every look, so no pause holds anything back."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1000
        return self.now


# --- bounce and resend ---------------------------------------------------------------------------------------------


def test_what_is_wrong_for_good_goes_back_after_bounded_tries(region: Region, agent: Agent) -> None:
    case, digest = region.forward()
    region.objects[digest] = region.objects[digest][:-1] + b"?"
    inbox = Receiver(agent, region.transfer(), Clock())
    for tries in range(1, bounce.BOUNCE_AFTER):
        inbox.step()
        assert [act.event for act in agent.journal.acts(case)] == [], tries
        assert alarms(agent)[f"pull:{case}"].code == "CIPHERTEXT_CHANGED"
    inbox.step()
    (act,) = agent.journal.acts(case)
    assert act.event == "bounced"
    assert body_of(act) == {"manifest": digest, "reason": "OBJECT_DIGEST"}
    exchange(region, agent, inbox)
    assert region.log.files[case].state is State.COLLECTED
    assert [act.event for act in agent.journal.acts(case)] == ["bounced"]  # and not pulled again before it is sent anew


def test_a_store_that_is_away_sends_nothing_back(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    inbox = Receiver(agent, region.transfer(), Clock())
    for _ in range(bounce.BOUNCE_AFTER + 2):
        region.broken = 0
        inbox.step()
    assert agent.journal.acts(case) == []


def unsound(world: World, case: str) -> None:
    """The department bounced, the hub found it right, and the object in the store is gone."""
    log = world.region.log
    digest = str(log.files[case].sealing("application").manifest)  # type: ignore[union-attr]
    said = {"manifest": digest, "reason": "OBJECT_DIGEST"}
    log.say(case, "bounced", DEPARTMENT, "department", said)
    finding = {"bounce": log.files[case].head, "finding": "UNSOUND"}
    log.say(case, "bounce_examined", HUB, "hub", finding)
    world.region.objects.pop(digest)
    world.hub.uploads.pop(digest)
    world.receive()


def test_an_unsound_object_is_stored_again_from_the_spool_and_goes_out_again(world: World, tmp_path: Path) -> None:
    result = world.sealed(tmp_path)
    sender = Sender(world.agent, world.transfer())
    sender.step()
    assert world.region.log.files[result.case_id].state is State.FORWARDED
    unsound(world, result.case_id)
    following.attend(world.agent, result.case_id)
    following.attend(world.agent, result.case_id)  # asked again: queued once
    assert [act.event for act in world.agent.journal.acts(result.case_id)].count("resend") == 1
    sender.step()
    file = world.region.log.files[result.case_id]
    assert (file.state, file.bounces[-1].settled) == (State.FORWARDED, True)
    assert bounce.spooled(world.agent, result.manifest)
    world.region.log.say(result.case_id, "delivered", DEPARTMENT, "department", {"manifest": result.manifest})
    world.receive()
    following.attend(world.agent, result.case_id)
    assert not bounce.spooled(world.agent, result.manifest)


def test_without_ciphertext_nothing_is_sent_again_and_the_window_is_told(world: World, tmp_path: Path) -> None:
    result = world.sealed(tmp_path)
    Sender(world.agent, world.transfer()).step()
    world.agent.settings = world.agent.settings.model_copy(update={"spool_keep_mib": 0})
    bounce.bound_spool(world.agent)
    unsound(world, result.case_id)
    assert bounce.resend(world.agent, result.case_id, history(world.agent.journal, result.case_id)) is False
    assert bounce.resend_impossible(world.agent, result.case_id)


# --- sent elsewhere ------------------------------------------------------------------------------------------------


def test_the_keys_go_along_with_a_case_that_went_to_the_wrong_department(region: Region, agent: Agent) -> None:
    inbox = Receiver(agent, region.transfer())
    case = countersigned(region, agent, inbox)
    department_refusals.misrouted(agent, case, "A01", "WRONG_DEPARTMENT", YUBEI)
    exchange(region, agent, inbox)
    file = region.log.files[case]
    assert (file.state, file.hops, file.coordinator) == (State.REROUTING, (DEPARTMENT,), DESK)
    wrapped = [wrap for wrap in file.wraps if wrap.recipient == YUBEI]
    assert len(wrapped) == 1 and len(wrapped[0].lines) == 8
    acts = len(agent.journal.acts(case))
    following.attend(agent, case)
    assert len(agent.journal.acts(case)) == acts  # done already


def test_a_window_steps_in_only_after_its_minutes(world: World, tmp_path: Path) -> None:
    result, log = world.sealed(tmp_path), world.region.log
    Sender(world.agent, world.transfer()).step()
    case = result.case_id
    log.say(case, "delivered", DEPARTMENT, "department", {"manifest": result.manifest})
    log.say(case, "misrouted", ACCEPTOR, "ACCEPTOR", {"reason": "WRONG_DEPARTMENT"})
    log.say(case, "redirect", C01, "COORDINATOR", {"accepting_node": YUBEI, "queue": "inbound"})
    world.receive()
    now = log.now
    left = following.attend(world.agent, case, now)
    assert left is not None and 0 < left <= 600
    assert not [act for act in world.agent.journal.acts(case) if act.state == "WAITING"]
    assert following.attend(world.agent, case, now + timedelta(minutes=11)) is None
    (made,) = [act for act in world.agent.journal.acts(case) if act.state == "WAITING"]
    assert (made.event, body_of(made)["recipient"]) == ("wrap", YUBEI)


def test_the_coordinators_desk_and_its_refusals(region: Region, agent: Agent, tmp_path: Path) -> None:
    inbox = Receiver(agent, region.transfer())
    case = countersigned(region, agent, inbox)
    department_refusals.misrouted(agent, case, "A01", "WRONG_DEPARTMENT")
    exchange(region, agent, inbox)
    desk = region.agent(tmp_path / "desk", DESK, ("C01", "C09"))
    desk.registry.refresh(desk.hub)
    for index in region.log.cases[case]:
        desk.journal.receive([(index, case, region.log.entries[index])])
    (waiting,) = coordinator.desk(desk)
    assert (waiting.case, waiting.reason, waiting.hops) == (case, "WRONG_DEPARTMENT", (DEPARTMENT,))
    for target, queue, code in (("nobody", "", "TARGET_UNKNOWN"), (DEPARTMENT, "", "")):
        if code:
            with pytest.raises(Refusal) as caught:
                coordinator.redirect(desk, case, "C01", target, queue)
            assert caught.value.code == code
    entry = coordinator.redirect(desk, case, "C01", YUBEI)
    assert body_of(entry) == {"accepting_node": YUBEI, "queue": "inbound"}
    assert [one.refusal for one in region.send(desk)] == [None]
    assert region.log.files[case].state is State.FORWARDED


@pytest.mark.parametrize("acting", [False, True])
def test_a_case_that_came_back_is_opened_again_from_its_sealing(world: World, tmp_path: Path, acting: bool) -> None:
    """``acting``: somebody acts for the applicant; his power of attorney comes back too."""
    begun, log = world.scanned(tmp_path), world.region.log
    if acting:
        draft = drafts.open_draft(world.agent, begun)
        draft.form = draft.form | {"agent": {"name": "方小满", "citizen_id": "36110120000229004X"}}
        drafts.save(world.agent, draft)
        proxy.empower(world.agent, begun, page_file(tmp_path, "power.jpg", 31))
    result = window.seal(world.agent, begun, STAFF, **TICKS)
    sender = Sender(world.agent, world.transfer())
    sender.step()
    case = result.case_id
    log.say(case, "delivered", DEPARTMENT, "department", {"manifest": result.manifest})
    log.say(case, "misrouted", ACCEPTOR, "ACCEPTOR", {"reason": "WRONG_ITEM"})
    log.say(case, "return_to_window", C01, "COORDINATOR", {"reason": "WRONG_ITEM"})
    world.receive()
    with pytest.raises(Refusal) as caught:
        window.add_pages(world.agent, case, "M08", page_file(tmp_path, "proxy.jpg"))
    assert caught.value.code == "DRAFT_ERASED"

    def answered(digest: str) -> OutboxEntry:
        sender.step()
        found = world.agent.journal.entry(digest)
        assert found is not None
        return found

    world.hub.__dict__["grant_download"] = lambda name, manifest: ("store", log.manifests[manifest])
    sealed = world.agent.settings.home / "inbox" / case
    sealed.mkdir(parents=True)
    (sealed / f"{result.manifest}.sealed").write_bytes(world.region.objects[result.manifest])
    made = window_back.reopen(world.agent, case, STAFF, answered=answered)
    assert (made.reason, made.dropped) == ("WRONG_ITEM", ())
    draft = drafts.open_draft(world.agent, case)
    assert set(draft.lines) == set(KEY_MATERIALS) and draft.form["applicant"]
    assert len(draft.proxy) == acting
    again = window.seal(world.agent, case, STAFF, **TICKS)
    assert (again.public_no, again.check_code) == (result.public_no, "")
    sender.step()
    assert log.files[case].sealings_of("application")[-1].revision == 2
    sealed_again = log.manifests[log.files[case].sealings_of("application")[-1].manifest]
    assert (b'"PROXY"' in sealed_again) is acting


def test_what_neither_store_nor_window_has_is_collected_anew(world: World, tmp_path: Path) -> None:
    result, log = world.sealed(tmp_path), world.region.log
    sender = Sender(world.agent, world.transfer())
    sender.step()
    case = result.case_id
    bounced = log.say(
        case, "bounced", DEPARTMENT, "department", {"manifest": result.manifest, "reason": "OBJECT_MISSING"}
    )
    found = {"bounce": read_envelope(bounced.envelope).digest, "finding": "UNSOUND"}
    log.say(case, "bounce_examined", HUB, "hub", found)
    world.receive()
    form = dict(FORM)
    with pytest.raises(Refusal, match="NOT_RETURNED"):
        window_back.collect_anew(world.agent, case, STAFF, form, ADDRESS)
    with pytest.raises(Refusal, match="NOT_RETURNED"):
        window_back.reopen(world.agent, case, STAFF, answered=lambda digest: pytest.fail(digest))
    with pytest.raises(Refusal, match="REASON_UNKNOWN"):
        window_back.give_up(world.agent, case, STAFF, "WHATEVER")
    digest = window_back.give_up(world.agent, case, STAFF, "CIPHERTEXT_GONE")
    sender.step()
    assert (entry := world.agent.journal.entry(digest)) is not None and entry.state == "DONE"
    world.receive()
    window_back.collect_anew(world.agent, case, STAFF, form, ADDRESS)
    draft = drafts.open_draft(world.agent, case)
    assert (draft.lines, draft.public_no, draft.form) == ({}, result.public_no, form)
    for material in KEY_MATERIALS:
        window.add_pages(world.agent, case, material, page_file(tmp_path, f"again-{material}.jpg"))
    again = window.seal(world.agent, case, STAFF, **TICKS)
    sender.step()
    assert (again.public_no, again.check_code) == (result.public_no, "")
    assert (log.files[case].state, log.files[case].sealings_of("application")[-1].revision) == (State.FORWARDED, 2)


# --- supplement ----------------------------------------------------------------------------------------------------


def test_a_second_notice_is_refused_and_needs_the_heads_hand(region: Region, agent: Agent) -> None:
    inbox = Receiver(agent, region.transfer())
    case = countersigned(region, agent, inbox)
    department_refusals.notice(agent, case, "A01", LINES, due(), ["WINDOW"], "请补交户口簿")
    exchange(region, agent, inbox)
    file = region.log.files[case]
    assert (file.state, file.notices[0].lines) == (State.SUPPLEMENT, (("M05", "MISSING"),))
    assert [sealing.kind for sealing in file.sealings] == ["application", "notice"]
    assert {wrap.recipient for wrap in file.wraps if wrap.manifest == file.sealings[1].manifest} >= {WINDOW, DEPARTMENT}
    assert mirror(agent, case).file == file
    with pytest.raises(Refusal) as caught:
        department_refusals.second_notice(agent, case, "A01", "A01", "OVERRIDE", LINES, due(), ["WINDOW"])
    assert caught.value.code == "ROLE_MISSING"
    department_refusals.second_notice(agent, case, "A01", "H01", "OVERRIDE", LINES, due(), ["WINDOW"])
    (answer,) = region.send(agent)
    assert answer.refusal is not None and answer.refusal.code == "STATE_FORBIDS"
    assert body_of(answer)["second_person"] == synthetic.HEAD


def test_a_supplement_takes_what_was_demanded_and_nothing_else(world: World, tmp_path: Path) -> None:
    result, log = world.sealed(tmp_path), world.region.log
    sender = Sender(world.agent, world.transfer())
    sender.step()
    case = result.case_id
    world.receive()
    with pytest.raises(Refusal) as caught:
        window_supplement.demand(world.agent, case)
    assert caught.value.code == "NOTHING_DEMANDED"
    log.say(case, "delivered", DEPARTMENT, "department", {"manifest": result.manifest})
    notice = {"lines": [{"material": "M05", "defect": "MISSING"}], "due": due(), "methods": ["WINDOW"]}
    log.say(case, "supplement_notice", ACCEPTOR, "ACCEPTOR", notice)
    world.receive()
    page = page_file(tmp_path, "book.jpg")
    with pytest.raises(Refusal) as caught:
        window_supplement.add_pages(world.agent, case, "M01", page)
    assert caught.value.code == "NOT_DEMANDED"
    window_supplement.add_pages(world.agent, case, "M05", page)
    world.hub.away = True
    made = window_supplement.seal(world.agent, case, STAFF, applicant_signed=True)
    with pytest.raises(Refusal) as caught:
        window_supplement.add_pages(world.agent, case, "M05", page)
    assert caught.value.code == "SUPPLEMENT_SEALED"
    world.hub.away = False
    sender.step()
    file = log.files[case]
    assert (file.state, [one.kind for one in file.sealings]) == (State.PENDING_ACCEPT, ["application", "addendum"])
    world.receive()
    following.attend(world.agent, case)
    assert not (world.agent.settings.home / "supplements" / case).exists()
    assert made.materials == ("M05",)


# --- drafts --------------------------------------------------------------------------------------------------------


def test_a_pre_review_is_asked_once_and_leaves_the_draft_open(world: World, tmp_path: Path) -> None:
    case = world.scanned(tmp_path)
    pre_review.ask(world.agent, case, STAFF, no_classified=True, privacy_notice=True)
    with pytest.raises(Refusal) as caught:
        pre_review.ask(world.agent, case, STAFF, no_classified=True, privacy_notice=True)
    assert caught.value.code == "PRE_REVIEW_ASKED"
    sender = Sender(world.agent, world.transfer())
    sender.step()
    assert world.region.log.files[case].state is State.PRE_REVIEW
    lacks = {"answer": "LACKS", "lines": [{"material": "M04", "defect": "EXPIRED"}]}
    world.region.log.say(case, "pre_review_answer", ACCEPTOR, "ACCEPTOR", lacks)
    world.receive()
    advice = pre_review.advice(history(world.agent.journal, case))
    assert advice is not None and advice.answer == "LACKS"
    assert len(drafts.open_draft(world.agent, case).lines) == len(KEY_MATERIALS)
    window.seal(world.agent, case, STAFF, **TICKS)
    sender.step()
    assert [one.revision for one in world.region.log.files[case].sealings] == [0, 1]


def test_what_is_whole_is_not_declined_and_what_is_sealed_not_discarded(world: World, tmp_path: Path) -> None:
    case = world.scanned(tmp_path)
    with pytest.raises(Refusal) as caught:
        window_ends.decline(world.agent, case, STAFF, applicant_agreed=True)
    assert caught.value.code == "NOTHING_MISSING"
    window.seal(world.agent, case, STAFF, **TICKS)
    with pytest.raises(Refusal) as caught:
        window_ends.discard(world.agent, case, "MISTAKE")
    assert caught.value.code == "SEALED_ALREADY"


def test_drafts_that_nobody_touched_for_long_are_discarded_and_erased(world: World, tmp_path: Path) -> None:
    old, asked = world.scanned(tmp_path, ["M01"]), world.scanned(tmp_path, ["M02"])
    pre_review.ask(world.agent, asked, STAFF, no_classified=True, privacy_notice=True)
    now = datetime.now(UTC)
    window_ends.tidy(world.agent, now + timedelta(days=29))
    assert world.agent.journal.acts(old) == []
    window_ends.tidy(world.agent, now + timedelta(days=31))
    assert [act.event for act in world.agent.journal.acts(old)] == ["discard"]
    Sender(world.agent, world.transfer()).step()
    window_ends.tidy(world.agent, now + timedelta(days=31))
    assert not (world.agent.settings.home / "drafts" / old).exists()
    assert drafts.load(world.agent, old).form == {}
    assert drafts.load(world.agent, asked).form


def test_codes_are_typed_as_codes_or_words_and_nothing_else() -> None:
    assert code_of(reasons.DEFECTS, "EXPIRED", "--line") == code_of(reasons.DEFECTS, "材料已过有效期", "--line")
    assert pairs_of(["M04=EXPIRED"], reasons.DEFECTS, "--line") == [("M04", "EXPIRED")]
    for given, code in (("M04=旧了", "CHOICE_UNKNOWN"), ("M04", "PAIR_FORMAT"), ("=EXPIRED", "PAIR_FORMAT")):
        with pytest.raises(Refusal) as caught:
            pairs_of([given], reasons.DEFECTS, "--line")
        assert caught.value.code == code


def test_the_course_says_every_act_in_the_words_of_the_lists(region: Region) -> None:
    log = region.log
    case = log.supplemented(1)
    rows = course([leaves.decode(log.entries[index]) for index in log.cases[case]])
    assert all(row.word != row.event for row in rows)
    said = {row.event: row for row in rows}
    assert reasons.DEFECTS["MISSING"] in said["supplement_notice"].detail
    second = said["second_notice"]
    assert (second.second, reasons.SECOND_NOTICE_BASES["ADDENDUM_DEFECT"] in second.detail) == (synthetic.HEAD, True)
