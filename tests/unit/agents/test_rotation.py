"""A node rotates its keys with cases in flight: nothing is lost, old keys end, strangers are vetoed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from crypto.directory import COOLING_OFF
from crypto.kem import generate_kem
from crypto.keyid import key_id
from crypto.keystore import SoftwareKeystore, new_signer
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.sealing import KeyPacket
from crypto.statement import read_envelope, read_signed
from deploy.commands.keys import _lines
from hub.casework.states import State
from node_agent.auditor.alarms import alarms
from node_agent.department import desk as department
from node_agent.department import result
from node_agent.keys import enrol, key_status, new_keys, older_keys
from node_agent.keys.new_keys import FOLDER, TLS_WANTED
from node_agent.keys.rotation import Rotation
from node_agent.known.casemirror import mirror
from node_agent.process.runtime import Agent
from node_agent.transfer import opening, pulling
from node_agent.transfer.receiver import Receiver
from node_agent.transfer.rewrap import owed
from storage.journal import OutboxEntry
from tests.unit.agents.agent_region import RECOVERY, Region, exchange, picture
from tests.unit.evidence_log import DEPARTMENT, WINDOW, Keys, node


@pytest.fixture
def agent(region: Region, tmp_path: Path) -> Agent:
    made = region.agent(tmp_path / "dept", DEPARTMENT, ("A01", "D01", "H01", "I01"))
    made.registry.refresh(made.hub)
    return made


@pytest.fixture
def loop(region: Region, agent: Agent) -> Rotation:
    return Rotation(agent, now=lambda: region.log.now)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "licence.jpg"
    path.write_bytes(picture(50))
    return path


def in_every_state(region: Region, agent: Agent, inbox: Receiver, page: Path) -> dict[State, str]:
    """One case in each state that the department can have, and pages of its own where it made some."""
    made = {}
    for counter, state in enumerate((State.PENDING_ACCEPT, State.UNDER_REVIEW, State.DECIDED, State.DELIVERING), 1):
        case, _ = region.forward(counter)
        exchange(region, agent, inbox)
        for act in range(counter - 1):
            if act == 0:
                department.accept(agent, case, "A01")
            elif act == 1:
                department.decide(agent, case, "D01", "GRANT")
            else:
                result.issue(agent, case, "I01", [page])
            exchange(region, agent, inbox)
        made[state] = case
    made[State.FORWARDED], _ = region.forward(9)
    assert {state: region.log.files[case].state for state, case in made.items()} == {state: state for state in made}
    return made


def own_kem(agent: Agent) -> str:
    return key_id(agent.identity.kem.suite, agent.identity.kem.public)


def rotate(region: Region, agent: Agent, loop: Rotation) -> None:
    """Planned, cooled off, activated, in place."""
    new_keys.plan(agent)
    region.send(agent)
    assert loop.step() is False
    region.log.now += COOLING_OFF
    assert loop.step() is False
    assert [entry.event for entry in region.send(agent)] == ["key.activate"]
    assert loop.step() is True
    agent.journal.keep(TLS_WANTED, b"")  # the daemon renews the certificate and connects anew


def test_cases_in_every_state_go_on_after_a_rotation_and_the_old_key_is_destroyed(
    region: Region, agent: Agent, inbox: Receiver, loop: Rotation, page: Path
) -> None:
    cases = in_every_state(region, agent, inbox, page)
    old, signer = own_kem(agent), agent.identity.sign.public
    rotate(region, agent, loop)
    assert own_kem(agent) != old and agent.identity.sign.public != signer
    assert agent.registry.directory.current(DEPARTMENT).kem.id == own_kem(agent)
    assert key_status.status(agent)["older"][old] > 0 and not (agent.settings.home / FOLDER).exists()
    inbox.step()  # the case on its way comes in: its packets are to the old key, which is still here
    assert opened(region, agent, inbox, cases[State.PENDING_ACCEPT])
    while loop.step() is False and (agent.journal.waiting() or owed(agent, cases[State.FORWARDED])):
        assert all(entry.event in {"wrap", "delivered"} for entry in exchange(region, agent, inbox))
    assert not any(owed(agent, case) for case in cases.values())
    for _ in range(3):
        loop.step()
    shown = key_status.status(agent)
    assert (shown["older"], list(shown["destroyed"]), shown["unreadable"]) == ({}, [old], [])
    assert not agent.identity.holds(old) and any(old in line and "已销毁" in line for line in _lines(shown))
    # with the new key alone, every case goes its way to the end
    for case in cases.values():
        state = region.log.files[case].state
        if state is State.PENDING_ACCEPT:
            department.accept(agent, case, "A01")
            department.decide(agent, case, "D01", "GRANT")
        if state is State.UNDER_REVIEW:
            department.decide(agent, case, "D01", "GRANT")
        if state is not State.DELIVERING:
            result.issue(agent, case, "I01", [page])
        result.post(agent, case, "I01")
        exchange(region, agent, inbox)
        assert opened(region, agent, inbox, case)
        assert (region.log.files[case].state, mirror(agent, case).file) == (State.DELIVERING, region.log.files[case])


def opened(region: Region, agent: Agent, inbox: Receiver, case: str) -> bool:
    """Whether all pages come up on the screen."""

    def answered(digest: str) -> OutboxEntry:
        exchange(region, agent, inbox)
        found = agent.journal.entry(digest)
        assert found is not None
        return found

    shown = opening.open_case(agent, case, "A01", "ACCEPTOR", "ENQUIRY", answered=answered, transfer=region.transfer())
    return all(page.data for line in shown.lines for page in line.pages)


def test_acts_that_wait_are_signed_again_by_the_node_and_stay_the_same_statements(
    region: Region, agent: Agent, inbox: Receiver, loop: Rotation
) -> None:
    case, _ = region.forward()
    exchange(region, agent, inbox)
    new_keys.plan(agent)
    region.send(agent)
    accepted = department.accept(agent, case, "A01")  # without network, under the old key
    proposal = agent.registry.directory
    agent.registry.refresh(agent.hub)
    region.log.say_registry("key.activate", body_of(proposal.proposal(DEPARTMENT)), [region.log.registrar])
    with pytest.raises(Refusal, match="KEY_REVOKED") as refused:
        region.log.place(read_signed(accepted.envelope), read_envelope(accepted.envelope))
    person = read_envelope(accepted.envelope).signatures[0]
    assert new_keys.sign_again(agent, accepted, refused.value)
    again = agent.journal.entry(accepted.payload_digest)
    assert again is not None and again.state == "WAITING"
    envelope = read_envelope(again.envelope)
    assert envelope.payload == read_envelope(accepted.envelope).payload and envelope.signatures[0] == person
    assert not new_keys.sign_again(agent, again, refused.value), "once is enough"
    assert [entry.event for entry in exchange(region, agent, inbox)] == ["accept"]
    assert region.log.files[case].state is State.UNDER_REVIEW


def body_of(proposal: object) -> dict[str, str]:
    record = proposal.record  # type: ignore[attr-defined]  # a Proposal; None fails here
    return {"subject": record.subject, "record": record.digest}


def test_another_ones_refusal_is_no_reason_to_sign_again(region: Region, agent: Agent, inbox: Receiver) -> None:
    case, _ = region.forward()
    exchange(region, agent, inbox)
    accepted = department.accept(agent, case, "A01")
    for code in ("HEAD_MOVED", "KEY_REVOKED"):
        assert not new_keys.sign_again(agent, accepted, Refusal(code, "a rule", subject=RECOVERY))


def test_a_stranger_with_the_signing_key_is_vetoed_and_alarmed(region: Region, agent: Agent, loop: Rotation) -> None:
    agent.registry.refresh(agent.hub)
    mine = agent.registry.directory.current(DEPARTMENT)
    stolen, kem, fresh = agent.identity.sign, generate_kem(), new_signer()
    keys = {
        **mine.keys,
        "kem": PublicKey(kem.suite, kem.public),
        "sign": PublicKey(fresh.suite, fresh.public),
    }
    facts = enrol.facts_of(mine)
    body = enrol.record_body(replace(facts, replaces=mine.digest), keys)
    region.log.say_registry("key.register", body, [fresh, stolen])  # type: ignore[list-item]  # a SoftwareSigner
    agent.registry.refresh(agent.hub)
    loop.step()
    loop.step()
    assert [entry.event for entry in region.send(agent)] == ["key.veto"], "said once"
    loop.step()
    assert region.log.directory.proposals() == []
    assert [alarm.code for alarm in alarms(agent.journal)] == ["KEYS_PROPOSED_BY_OTHERS"]


def test_a_rotation_that_the_registrar_vetoes_ends_and_says_so(region: Region, agent: Agent, loop: Rotation) -> None:
    old = own_kem(agent)
    made = new_keys.plan(agent)
    assert new_keys.plan(agent).payload_digest == made.payload_digest, "asked again it is the same one"
    region.send(agent)
    loop.step()
    region.log.say_registry("key.veto", {"subject": DEPARTMENT, "record": made.payload_digest}, [region.log.registrar])
    loop.step()
    assert own_kem(agent) == old and not (agent.settings.home / FOLDER).exists()
    assert [(alarm.code, alarm.values["reason"]) for alarm in alarms(agent.journal)] == [("ROTATION_ENDED", "VETOED")]
    assert new_keys.plan(agent).payload_digest != made.payload_digest, "the next one has other keys"


@pytest.mark.parametrize("moved", [("kem",), ("kem", "witness"), ()])
def test_a_kill_between_the_keys_is_mended(
    region: Region, agent: Agent, loop: Rotation, moved: tuple[str, ...]
) -> None:
    new_keys.plan(agent)
    region.send(agent)
    region.log.now += COOLING_OFF
    loop.step()
    region.send(agent)
    agent.registry.refresh(agent.hub)
    fresh = SoftwareKeystore(agent.settings.home / FOLDER)
    for purpose in moved:
        if purpose == "kem":
            agent.identity.keys.keep_as("kem", "kem-" + own_kem(agent))
        agent.identity.keys.take_over(fresh, purpose)
    if not moved:
        agent.identity.keys.keep_as("kem", "kem-" + own_kem(agent))
        assert agent.identity.older_kem() == [], "the key of now is never taken for an old one"
    assert new_keys.install(agent)
    current = agent.registry.directory.current(DEPARTMENT)
    assert own_kem(agent) == current.kem.id and len(agent.identity.older_kem()) == 1
    assert not (agent.settings.home / FOLDER).exists()
    assert key_id(agent.identity.sign.suite, agent.identity.sign.public) == current.keys["sign"].id


def test_a_kill_after_the_last_key_begins_no_second_rotation(region: Region, agent: Agent, loop: Rotation) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("node_agent.keys.rotation.shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            rotate(region, agent, loop)
    assert (agent.settings.home / FOLDER / enrol.RECORD).exists()
    agent.journal.keep(TLS_WANTED, b"")  # after the next start the daemon connected anew
    again = Rotation(agent, now=lambda: region.log.now)
    for _ in range(3):
        assert again.step() is False
    assert not (agent.settings.home / FOLDER).exists() and alarms(agent.journal) == []
    assert [act.event for act in agent.journal.acts("")] == ["key.register", "key.activate"]


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def own_wraps(agent: Agent, case: str) -> list[OutboxEntry]:
    return [act for act in agent.journal.acts(case) if act.event == "wrap"]


def test_a_pulled_case_is_wrapped_again_without_asking_and_a_refusal_ends_the_old_key_too(
    region: Region, agent: Agent, inbox: Receiver, loop: Rotation, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, _ = region.forward()
    exchange(region, agent, inbox)
    old = own_kem(agent)
    rotate(region, agent, loop)
    inbox.step()
    monkeypatch.setattr(agent.hub, "key_packets", gone_elsewhere([]))
    loop.step()
    (wrap,) = own_wraps(agent, case)
    assert older_keys.still_needed(agent) == {old: 1}
    agent.journal.answered(wrap.payload_digest, b"", "", Refusal("NOT_YOUR_CASE", "A24"))
    for _ in range(3):
        loop.step()
    assert len(own_wraps(agent, case)) == 1 and key_status.status(agent)["older"] == {}
    assert list(key_status.status(agent)["destroyed"]) == [old]


def test_a_case_that_went_elsewhere_keeps_no_old_key_and_is_asked_for_once_a_change(
    region: Region, agent: Agent, inbox: Receiver, loop: Rotation, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, digest = region.forward()
    exchange(region, agent, inbox)
    old = own_kem(agent)
    rotate(region, agent, loop)
    inbox.step()
    agent.journal.forget(pulling.packets_note(case, digest))
    asked: list[str] = []
    monkeypatch.setattr(agent.hub, "key_packets", gone_elsewhere(asked))
    for _ in range(4):
        loop.step()
    assert len(asked) == 1 and list(key_status.status(agent)["destroyed"]) == [old]


def gone_elsewhere(asked: list[str]) -> Callable[[str, str], list[KeyPacket]]:
    def key_packets(case_id: str, manifest_digest: str) -> list[KeyPacket]:
        asked.append(manifest_digest)
        raise Refusal("NOT_YOUR_CASE", "A24; H02")

    return key_packets


def test_a_department_that_lost_its_keys_gets_its_cases_from_the_window(
    region: Region, agent: Agent, inbox: Receiver, page: Path, tmp_path: Path
) -> None:
    cases = in_every_state(region, agent, inbox, page)
    window = region.agent(tmp_path / "window", WINDOW)
    at_window = Receiver(window, region.transfer())
    at_window.step()
    region.log.say_registry("key.revoke", {"subject": DEPARTMENT, "reason": "KEY_LOST"}, [region.log.registrar])
    at_window.step()
    assert not any(owed(window, case) for case in cases.values()), "there is no key to wrap to yet"
    old = region.log.keys[DEPARTMENT]
    del region.log.keys[DEPARTMENT]
    register_anew(region)
    assert region.log.keys[DEPARTMENT].sign.public != old.sign.public
    rebuilt = region.agent(tmp_path / "dept-new", DEPARTMENT, ("A01", "D01", "I01"))
    inbox = Receiver(rebuilt, region.transfer())
    inbox.step()
    assert set(key_status.status(rebuilt)["unreadable"]) == set(cases.values())
    loop = Rotation(window)
    for _ in range(4):
        at_window.step()
        loop.step()
        assert all(entry.refusal is None for entry in region.send(window))
    inbox._tries.clear()  # the pauses between attempts
    inbox.step()
    assert key_status.status(rebuilt)["unreadable"] == []
    exchange(region, rebuilt, inbox)
    for case in cases.values():
        assert opened(region, rebuilt, inbox, case)
    department.accept(rebuilt, cases[State.PENDING_ACCEPT], "A01")
    department.decide(rebuilt, cases[State.UNDER_REVIEW], "D01", "GRANT")
    result.issue(rebuilt, cases[State.DECIDED], "I01", [page])
    result.post(rebuilt, cases[State.DELIVERING], "I01")
    exchange(region, rebuilt, inbox)


def register_anew(region: Region) -> None:
    """The registrar enrols the department again: same id, none of the older keys."""
    log = region.log
    last = log.directory.newest(DEPARTMENT)
    assert last is not None
    made = Keys(new_signer(), generate_kem())
    assert made.opening is not None
    keys = {
        "sign": PublicKey(made.sign.suite, made.sign.public),
        "kem": PublicKey(made.opening.suite, made.opening.public),
    }
    log.keys[DEPARTMENT] = made
    body = enrol.record_body(replace(enrol.facts_of(last), replaces=last.digest), keys)
    log.say_registry("key.register", body, [made.sign, log.registrar])


def test_a_rotation_far_apart_in_time_is_proposed_again_on_a_newer_record(
    region: Region, agent: Agent, loop: Rotation
) -> None:
    made = new_keys.plan(agent)
    region.send(agent)
    loop.step()
    current = region.log.directory.current(DEPARTMENT)
    title = replace(enrol.facts_of(current), replaces=current.digest, title="改名后的部门")
    own = region.log.keys[DEPARTMENT].sign
    region.log.say_registry("key.register", enrol.record_body(title, current.keys), [own, region.log.registrar])
    loop.step()
    loop.step()
    (again,) = region.send(agent)
    assert again.event == "key.register" and again.payload_digest != made.payload_digest
    region.log.now += COOLING_OFF + timedelta(minutes=1)
    loop.step()
    region.send(agent)
    assert loop.step() is True and region.log.directory.current(DEPARTMENT).digest == again.payload_digest


def test_an_auditor_is_alarmed_of_every_announcement(region: Region, agent: Agent, tmp_path: Path) -> None:
    office = node("360000000000", "audit-office")
    region.log.register(office, office, "360000000000", ["auditor"], None)
    auditor = region.agent(tmp_path / "audit", office)
    made = new_keys.plan(agent)
    region.send(agent)
    auditor.registry.refresh(auditor.hub)
    Rotation(auditor).step()
    raised = alarms(auditor.journal)
    assert [(one.code, one.subject) for one in raised] == [("KEYS_PROPOSED", made.payload_digest)]
    assert not auditor.journal.acts(""), "an auditor vetoes nothing"
