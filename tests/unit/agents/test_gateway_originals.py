"""The gateway books what goes to a node too: no address is opened, the list says where (E09, O3; D11)."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crypto import canonical
from crypto.identity import node_name
from crypto.refusal import Refusal
from crypto.statement import read_signed
from hub.casework.originals import states
from node_agent.department import desk
from node_agent.gateway.booking import Gateway
from node_agent.gateway.carrier import Booking
from node_agent.gateway.tracking import ParcelStatus
from node_agent.originals import desk as originals
from node_agent.transfer.receiver import Receiver
from tests.unit.agents import gateway_bench
from tests.unit.agents import test_gateway_booking as booking
from tests.unit.agents.agent_region import Region, picture
from tests.unit.agents.gateway_bench import NAME, PHONE, PLACE, Bench, Make, Posted, deliver
from tests.unit.evidence_log import DEPARTMENT, GATEWAY, WINDOW, SyntheticLog

PARCEL = "5f" * 16
bench = booking.bench


def to_window(module: ModuleType) -> Posted:
    """A case whose result is posted to the collecting window."""
    log = module.founded()
    case = log.run_case(1, "issue")
    choice = {"delivery": "COUNTER_COLLECT", "paper": "0" * 64}
    log.say(case, "choose_delivery", module.COLLECTOR, "COLLECTOR", choice, "delivery")
    body = {"parcel": PARCEL, "gateway": module.GATEWAY, "kind": "RESULT_TO_WINDOW"}
    log.say(case, "post", module.ISSUER, "ISSUER", body)
    return Posted(log, case, log.files[case].sealings[0].manifest, b"", [])


def booked(made: Bench) -> Booking:
    """What was ordered of the carrier."""
    (booking,) = made.carrier.orders.values()
    return booking


@pytest.mark.requirement("E09", "A08", "H01")
def test_a_result_for_the_window_is_sent_to_its_entry_in_the_list(evidence_log: ModuleType, bench: Make) -> None:
    posted = to_window(evidence_log)
    made = bench(posted)
    made.gateway().step()
    window = made.agent.registry.catalogue("2026.11-1", made.agent.hub).window(node_name(evidence_log.WINDOW))
    assert window is not None and window.telephone
    asked = booked(made)
    assert (asked.receiver.phone, asked.receiver.address) == (window.telephone, window.address)
    assert asked.receipt_level == 1 and not asked.insured
    assert made.store.asked == []


@pytest.mark.requirement("E09")
def test_what_a_node_opens_itself_is_asked_about_until_it_is_there(evidence_log: ModuleType, bench: Make) -> None:
    made = bench(to_window(evidence_log))
    made.carrier.tell("704", "您的快件已签收【单位收发章】")
    made.gateway().step()
    calls = made.carrier.calls
    made.gateway().step()
    assert made.carrier.calls == calls
    assert [body["status"] for body in made.said("parcel_event", made.agent.journal.case_ids()[0])] == [
        str(ParcelStatus.DELIVERED)
    ]


@pytest.mark.requirement("row D11")
def test_a_recalled_parcel_is_not_booked_or_cancelled(
    evidence_log: ModuleType, bench: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted = to_window(evidence_log)
    recall = {"parcel": PARCEL, "reason": "WRONG_CONTENT"}
    late = bench(posted)
    late.gateway().step()
    posted.log.say(posted.case, "recall_parcel", evidence_log.ISSUER, "ISSUER", recall, "originals")
    deliver(late.agent, posted)
    cancelled: list[str] = []
    monkeypatch.setattr(late.carrier, "cancel", cancelled.append)
    late.gateway().step()
    assert len(cancelled) == 1
    monkeypatch.setattr(late.carrier, "cancel", _too_late)
    late.gateway().step()
    assert [detail for _, detail in late.tasks()] == ["CARRIER_REFUSED"]


def _too_late(waybill_no: str) -> None:
    raise Refusal("CARRIER_REFUSED", "test", reason="ALREADY_COLLECTED")


@pytest.mark.requirement("row D11")
def test_a_parcel_that_was_recalled_before_it_was_booked_is_never_booked(evidence_log: ModuleType, bench: Make) -> None:
    posted = to_window(evidence_log)
    recall = {"parcel": PARCEL, "reason": "WRONG_CONTENT"}
    posted.log.say(posted.case, "recall_parcel", evidence_log.ISSUER, "ISSUER", recall, "originals")
    made = bench(posted)
    made.gateway().step()
    assert made.carrier.orders == {}


class Mailing(SyntheticLog):
    """A list that wants the original of one material in the archive (A06)."""

    def publish(self, kind: str, document: dict[str, Any]) -> None:
        for item in document.get("items", ()):
            item["materials"][1]["original_policy"] = states.MAIL
        super().publish(kind, document)


@pytest.mark.requirement("O14", "H01", "A08")
def test_originals_that_the_department_returns_are_booked_to_the_applicant(tmp_path: Path) -> None:
    """The department refuses, packs, gives the gateway the address by a wrap of its own, and that wrap is taken."""
    log = Mailing()
    log.register_all()
    region = Region(log, held=("M02",))
    page = tmp_path / "page.jpg"
    page.write_bytes(picture(51))
    case, _ = region.forward(ADDRESS=canonical.encode({"name": NAME, "phone": PHONE, "address": PLACE}))
    window = region.agent(tmp_path / "win", WINDOW, ("C01",))
    department = region.agent(tmp_path / "dept", DEPARTMENT, ("A01", "D01", "I01"))
    carriers = region.agent(tmp_path / "gate", GATEWAY)

    def exchange() -> list[str]:
        inboxes = [Receiver(agent, region.transfer()) for agent in (window, department, carriers)]
        for inbox in inboxes:
            inbox.step()
        answered = [entry for agent in (window, department) for entry in region.send(agent)]
        assert [entry.refusal for entry in answered] == [None] * len(answered)
        for inbox in inboxes:
            inbox.step()
        return [entry.event for entry in answered]

    exchange()
    originals.offer(window, case, "C01", 3)
    exchange()
    originals.pick_up(department, case, "A01", 1, 3)
    exchange()
    desk.accept(department, case, "A01")
    desk.decide(department, case, "D01", "REFUSE", "经营场所不符", "60日内可申请行政复议")
    exchange()
    packed = originals.pack(department, case, "I01", "A01", "FQ-1", "a" * 64, page, kind=states.RETURN_KIND)
    assert exchange() == ["wrap", "pack"]
    carrier = gateway_bench.FakeCarrier()
    gateway = Gateway(carriers, carrier, region.transfer())
    gateway.step()
    (asked,) = carrier.orders.values()
    assert (asked.order_id, asked.receiver.address, asked.insured) == (
        read_signed(packed.envelope).body["parcel"],
        PLACE,
        True,
    )
    assert [packet.line for packet in region.packets[region.log.files[case].sealings[0].manifest, GATEWAY]] == ["L08"]
