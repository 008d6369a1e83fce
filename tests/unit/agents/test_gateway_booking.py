"""The gateway: opens the address alone, books once, states each event once, judges the whole set, stops in time."""

import base64
import json
import secrets
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crypto import canonical, sealing
from crypto import manifest as manifests
from crypto.keystore import SoftwareKeystore, new_signer
from crypto.refusal import Refusal
from crypto.statement import read_envelope, read_statement
from node_agent.gateway import parcels
from node_agent.gateway.address import open_address
from node_agent.gateway.booking import Gateway
from node_agent.gateway.legs import Leg
from node_agent.gateway.parcels import TaskKind
from node_agent.gateway.tracking import ProofSource
from node_agent.keys.identity import AgentIdentity
from node_agent.known.registry import AgentRegistry
from node_agent.process.runtime import Agent
from node_agent.process.settings import AgentSettings
from storage.journal import Journal
from storage.transfer import TransferClient
from tests.unit.agents.gateway_bench import (
    COURIER,
    NAME,
    NOW,
    PARCEL,
    PHONE,
    PLACE,
    RECOVERY,
    TITLE,
    WAYBILL,
    Bench,
    FakeCarrier,
    FakeHub,
    Make,
    Posted,
    Store,
    deliver,
    everything_kept,
    post_case,
)


@pytest.fixture
def posted(evidence_log: ModuleType) -> Posted:
    return post_case(evidence_log)


@pytest.fixture
def bench(tmp_path: Path, evidence_log: ModuleType) -> Make:
    def make(posted: Posted) -> Bench:
        keys = posted.log.keys[evidence_log.GATEWAY]
        SoftwareKeystore(tmp_path / "keys")
        (tmp_path / "keys" / "sign.pem").write_bytes(keys.sign.private_pem())
        (tmp_path / "keys" / "kem.kem").write_bytes(keys.opening.private_bytes())
        (tmp_path / "pins.json").write_bytes(posted.log.pins().to_json())
        settings = AgentSettings(
            home=tmp_path, node=evidence_log.GATEWAY, hub="hub.test:1", hub_node=evidence_log.HUB,
            recovery_node=evidence_log.HUB, carrier_poll_seconds=0.01,
        )  # fmt: skip
        identity, journal = AgentIdentity(tmp_path, evidence_log.GATEWAY), Journal(tmp_path / "journal.sqlite")
        hub: Any = FakeHub(posted)
        agent = Agent(settings, identity, journal, AgentRegistry(journal, identity.pins), hub)
        agent.registry.refresh(hub)
        deliver(agent, posted)
        return Bench(agent, FakeCarrier(), Store(posted.stored))

    return make


# --- the address ---------------------------------------------------------------------------------------------------


def test_books_with_the_sealed_address_and_fetches_nothing_else(posted: Posted, bench: Make) -> None:
    made = bench(posted)
    made.gateway().step()
    (booking,) = made.carrier.orders.values()
    assert (booking.receiver.name, booking.receiver.phone, booking.receiver.address) == (NAME, PHONE, PLACE)
    assert (booking.order_id, booking.sender.name, booking.sender.phone) == (PARCEL, TITLE, "0791-0000000")
    assert booking.receipt_level == 2
    stream = manifests.read(posted.log.manifests[posted.manifest]).lines[1].pages[0].renditions[0].stream
    assert made.store.asked == [f"bytes={stream.offset}-{stream.offset + stream.length - 1}"]
    assert made.said("waybill", posted.case) == [{"parcel": PARCEL, "carrier": "EMS", "waybill_no": WAYBILL}]


def test_waybill_hangs_on_the_post_and_the_law_takes_it(posted: Posted, bench: Make) -> None:
    made = bench(posted)
    made.carrier.tell("203")
    made.gateway().step()
    file = posted.log.files[posted.case]
    for act in made.agent.journal.acts(posted.case):
        envelope = read_envelope(act.envelope)
        statement = read_statement(envelope.payload)
        assert (statement.chain, statement.prev, statement.actor.person) == ("tracking", file.head, None)
        posted.log.place(statement, envelope)
    leg = posted.log.files[posted.case].parcel(PARCEL)
    assert (leg.waybill_no, leg.status) == (WAYBILL, "COLLECTED")


def test_nothing_personal_is_kept_or_said(posted: Posted, bench: Make, caplog: pytest.LogCaptureFixture) -> None:
    made = bench(posted)
    made.carrier.tell("704", f"您的快件已签收【本人签收】，如有疑问请电联{COURIER}")
    made.gateway().step()
    on_disk = everything_kept(made.agent)
    assert not any(text.encode() in on_disk for text in (NAME, PHONE, PLACE))
    said = b"".join(act.envelope for act in made.agent.journal.acts(posted.case))
    assert said and not any(text.encode() in said for text in (NAME, PHONE, PLACE, "测试乙", "13000000001"))
    assert not any(text in caplog.text for text in (NAME, PHONE, PLACE, "测试乙"))


def test_the_posting_department_may_wrap_the_address(evidence_log: ModuleType, bench: Make) -> None:
    made = bench(post_case(evidence_log, wrap_by=evidence_log.DEPARTMENT))
    made.gateway().step()
    assert [booking.receiver.address for booking in made.carrier.orders.values()] == [PLACE]


def test_a_wrap_by_a_third_node_sends_no_parcel(evidence_log: ModuleType, bench: Make) -> None:
    made = bench(post_case(evidence_log, wrap_by=RECOVERY))
    made.gateway().step()
    assert made.carrier.orders == {}
    assert made.tasks() == [(TaskKind.BOOKING_REFUSED, "ADDRESS_NOT_WRAPPED")]


@pytest.mark.requirement("row T24", "row D4")
def test_a_case_that_was_sealed_once_more_goes_to_its_newest_address(evidence_log: ModuleType, bench: Make) -> None:
    made = bench(post_case(evidence_log, wrap_by=evidence_log.DEPARTMENT, moved_from="重庆市江津区旧址样例路1号"))
    made.gateway().step()
    assert [booking.receiver.address for booking in made.carrier.orders.values()] == [PLACE]
    assert made.tasks() == []


def test_who_sends_another_parcel_wraps_nothing_for_this_one(evidence_log: ModuleType, bench: Make) -> None:
    posted = post_case(evidence_log, wrap_by=evidence_log.DEPARTMENT)
    made = bench(posted)
    assert refused(made, posted, "P0002") == "ADDRESS_NOT_WRAPPED"


def test_a_packet_that_no_wrap_names_is_not_used(posted: Posted, bench: Make) -> None:
    made = bench(posted)
    hub: Any = made.agent.hub
    own = made.agent.identity.kem
    hub.packets = list(sealing.wrap_keys(posted.case, 1, {("L02", "full"): b"k" * 32}, "x", own.suite, own.public))
    assert refused(made, posted) == "ADDRESS_NOT_WRAPPED"


def test_another_manifest_is_refused(posted: Posted, bench: Make) -> None:
    made = bench(posted)
    hub: Any = made.agent.hub
    hub.manifest = hub.manifest.replace(b'"trust":"D"', b'"trust":"A"')
    assert refused(made, posted) == "MANIFEST_MISMATCH"


def test_changed_ciphertext_is_refused(posted: Posted, bench: Make) -> None:
    made, damaged = bench(posted), bytearray(posted.stored)
    (sealed,) = (line for line in posted.log.pinned[posted.manifest].manifest.lines if line.material == "ADDRESS")
    stream = sealed.pages[0].renditions[0].stream
    damaged[stream.offset + stream.length - 1] ^= 1
    made.store.data = bytes(damaged)
    assert refused(made, posted) == "CIPHERTEXT_CHANGED"


@pytest.mark.parametrize("page", [b"no json", b"[]", b'{"name":"a"}', b'{"address":"","name":"a","phone":"1"}'])
def test_what_is_no_address_is_refused_without_repeating_it(evidence_log: ModuleType, bench: Make, page: bytes) -> None:
    posted = post_case(evidence_log, page=page)
    made = bench(posted)
    with pytest.raises(Refusal) as caught:
        open_address(made.agent, TransferClient(made.store), posted.case, PARCEL)
    assert caught.value.code == "ADDRESS_FORMAT"
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_a_stolen_signature_does_not_pass(posted: Posted, bench: Make) -> None:
    """The hub shows a wrap that the window never signed."""
    made = bench(posted)
    for index in posted.log.cases[posted.case]:
        value = json.loads(posted.log.entries[index])
        envelope = read_envelope(canonical.encode(value["envelope"]))
        if read_statement(envelope.payload).body.get("recipient") == made.agent.identity.node:
            forged = new_signer().sign(envelope.signed_bytes)
            value["envelope"]["signatures"][0]["sig"] = base64.b64encode(forged).decode()
            posted.log.entries[index] = canonical.encode(value)
    assert refused(made, posted) == "SIGNATURE_INVALID"


def refused(made: Bench, posted: Posted, parcel: str = PARCEL) -> str:
    with pytest.raises(Refusal) as caught:
        open_address(made.agent, TransferClient(made.store), posted.case, parcel)
    return caught.value.code


# --- once, whatever happens ------------------------------------------------------------------------------------------


def test_a_lost_answer_books_no_second_parcel(posted: Posted, bench: Make) -> None:
    made = bench(posted)
    made.carrier.lose_answers = 1  # the carrier booked, its answer was lost
    assert made.gateway().step() == 0
    assert made.gateway().step() == 1
    assert list(made.carrier.orders) == [PARCEL]
    assert len(made.said("waybill", posted.case)) == 1


def test_killed_between_booking_and_statement(posted: Posted, bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = bench(posted)
    with monkeypatch.context() as patched:
        patched.setattr(Gateway, "_state", broken)
        with pytest.raises(RuntimeError):
            made.gateway().step()
    made.gateway().step()
    made.gateway().step()
    assert len(made.carrier.orders) == len(made.said("waybill", posted.case)) == 1


def broken(*_: object) -> int:
    raise RuntimeError("killed here")


def test_each_event_is_stated_once_across_restarts(posted: Posted, bench: Make) -> None:
    made = bench(posted)
    first = made.carrier.tell("203")
    made.gateway().step()
    made.carrier.told.append(replace(first, seq=2))  # told twice
    made.carrier.tell("954", hours=5)
    made.gateway().step()
    made.gateway().step()
    said = made.said("parcel_event", posted.case)
    assert [(one["canonical"], one["status"]) for one in said] == [
        ("COLLECTED", "COLLECTED"),
        ("IN_TRANSIT", "IN_TRANSIT"),
    ]
    assert len({one["key"] for one in said}) == 2
    assert said[1]["event_at"] == canonical.time_text(NOW + timedelta(hours=5))


def test_events_kept_before_a_kill_are_stated_afterwards(posted: Posted, bench: Make) -> None:
    made = bench(posted)
    made.gateway().step(poll=False)
    event = made.carrier.tell("203")
    record = parcels.load(made.agent.journal, PARCEL, posted.case)
    parcels.keep(made.agent.journal, record.told([event], [], 1))
    made.gateway().step()
    assert [one["canonical"] for one in made.said("parcel_event", posted.case)] == ["COLLECTED"]


# --- what events mean --------------------------------------------------------------------------------------------


def test_proof_and_status_are_those_as_of_the_event(posted: Posted, bench: Make) -> None:
    made = bench(posted)
    made.carrier.tell("704", "您的快件已签收【本人签收】", hours=9)
    made.carrier.tell("702", hours=7)  # told late
    made.gateway().step()
    said = made.said("parcel_event", posted.case)
    assert [one["canonical"] for one in said] == ["OUT_FOR_DELIVERY", "DELIVERED"]
    assert [(one["status"], one["proof_level"]) for one in said] == [("OUT_FOR_DELIVERY", 0), ("DELIVERED", 2)]
    assert made.tasks() == []


def test_left_at_the_door_proves_nothing_and_is_called_back(posted: Posted, bench: Make) -> None:
    made = bench(posted)
    made.carrier.tell("704", "已代签收【家门口】")
    made.gateway().step()
    made.gateway().step()
    (said,) = made.said("parcel_event", posted.case)
    assert (said["status"], said["proof_level"], said["signer_kind"]) == ("DELIVERED", 0, "DOORSTEP")
    assert made.tasks() == [(TaskKind.CALL_BACK, "DOORSTEP")]


@pytest.mark.parametrize(
    "code, text, task",
    [
        ("705", "因收件人拒收，快件退回", (TaskKind.FOLLOW_UP, "RETURNING")),
        ("705", "收件人不在", (TaskKind.FOLLOW_UP, "ATTEMPT_FAILED")),
        ("999", "不认识的代码", (TaskKind.READ_CODE, "EMS 999")),
    ],
)
def test_trouble_becomes_a_task(posted: Posted, bench: Make, code: str, text: str, task: tuple[TaskKind, str]) -> None:
    made = bench(posted)
    made.carrier.tell("203", hours=-1)
    made.carrier.tell(code, text)
    made.gateway().step()
    made.gateway().step()
    assert made.tasks() == [task]


def test_five_silent_days_ask_for_an_enquiry(posted: Posted, bench: Make) -> None:
    made = bench(posted)
    made.carrier.tell("203")
    made.now = NOW + timedelta(days=5)
    made.gateway().step()
    assert made.tasks() == [(TaskKind.ENQUIRE, "LOST_SUSPECTED")]


def test_a_picture_counts_only_when_it_was_fetched(posted: Posted, bench: Make) -> None:
    made = bench(posted)
    picture = b"<svg/>"
    made.carrier.tell(
        "704",
        "您的快件已签收【本人签收】",
        proof_source=ProofSource.ELECTRONIC_SLIP,
        proof_digest=canonical.digest(picture),
    )
    made.gateway().step()
    assert [one["proof_level"] for one in made.said("parcel_event", posted.case)] == [2]
    made.carrier.slips[canonical.digest(picture)] = picture
    made.gateway().step()
    assert [one["proof_level"] for one in made.said("parcel_event", posted.case)] == [2, 3]


def test_polling_stops_when_it_came_back(posted: Posted, bench: Make) -> None:
    made = bench(posted)
    made.carrier.tell("704", "快件已退回，寄件人签收")
    made.gateway().step()
    calls = made.carrier.calls
    made.gateway().step()
    assert made.carrier.calls == calls == 1


def test_polling_stops_when_the_hub_found_the_delivery_proven(posted: Posted, bench: Make) -> None:
    made = bench(posted)
    made.carrier.tell("704", "您的快件已签收【本人签收】")
    made.gateway().step()
    for act in made.agent.journal.acts(posted.case):
        envelope = read_envelope(act.envelope)
        posted.log.place(read_statement(envelope.payload), envelope)
    assert posted.log.files[posted.case].state == "CLOSED"
    deliver(made.agent, posted)
    calls = made.carrier.calls
    made.gateway().step()
    assert made.carrier.calls == calls


def test_a_look_reads_what_changed_alone(posted: Posted, bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    read, served = list[str](), list[str]()
    made = bench(posted)
    reading, serving = Gateway._legs_of, Gateway._serve

    def legs_of(self: Gateway, case: str) -> list[Leg]:
        read.append(case)
        return reading(self, case)

    def serve(self: Gateway, leg: Leg, poll: bool) -> int:
        served.append(leg.parcel)
        return serving(self, leg, poll)

    monkeypatch.setattr(Gateway, "_legs_of", legs_of)
    monkeypatch.setattr(Gateway, "_serve", serve)
    gateway = made.gateway()
    made.carrier.tell("704", "您的快件已签收【本人签收】")
    gateway.step()
    gateway.step()
    assert read == [posted.case] and len(served) == 2
    for act in made.agent.journal.acts(posted.case):
        envelope = read_envelope(act.envelope)
        posted.log.place(read_statement(envelope.payload), envelope)
    deliver(made.agent, posted)
    gateway.step()
    assert read == [posted.case] * 2, "it has new leaves"
    gateway.step()
    assert len(served) == 4, "its acts have no answer yet"
    for act in made.agent.journal.acts(posted.case):
        made.agent.journal.answered(act.payload_digest, b"receipt", "", None)
    for _ in range(3):
        gateway.step()
    assert len(read) == 2 and len(served) == 5, "closed, and all of it stated"


def test_a_refused_statement_is_shown_to_a_person_and_not_repeated(posted: Posted, bench: Make) -> None:
    made = bench(posted)
    made.gateway().step()
    (act,) = made.agent.journal.acts(posted.case)
    made.agent.journal.answered(act.payload_digest, b"", "", Refusal("WAYBILL_TAKEN", "A17; D4"))
    made.gateway().step()
    assert len(made.agent.journal.acts(posted.case)) == 1
    assert made.tasks() == [(TaskKind.STATEMENT_REFUSED, "WAYBILL_TAKEN")]


def test_one_parcels_trouble_does_not_stop_another(posted: Posted, bench: Make, evidence_log: ModuleType) -> None:
    made = bench(posted)
    other = secrets.token_hex(16)  # a case whose leaves the hub does not give
    index = posted.log.cases[posted.case][-1]
    value = json.loads(posted.log.entries[index])
    made.agent.journal.receive([(index + 1, other, canonical.encode(value | {"index": index + 1}))])
    posted.log.cases[other] = []
    made.gateway().step()
    assert len(made.said("waybill", posted.case)) == 1
