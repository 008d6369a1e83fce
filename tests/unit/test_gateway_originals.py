"""The gateway books what goes to a node too: no address is opened, the list says where (E09, O3; D11)."""

from types import ModuleType

import pytest

from crypto.identity import node_name
from crypto.refusal import Refusal
from node_agent.gateway.carrier import Booking
from node_agent.gateway.tracking import ParcelStatus
from tests.unit import test_gateway_booking as booking
from tests.unit.test_gateway_booking import Bench, Make, Posted, deliver

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
