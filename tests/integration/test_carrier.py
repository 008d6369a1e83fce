"""The gateway's carrier client against the real simulator process: booking, 18 scenarios, kill, outage."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from crypto.refusal import Refusal
from deploy.carrier.scenarios import scenarios
from hub.casework.masking.fields import Profile
from hub.casework.masking.text import mask_text
from node_agent.gateway.carrier import Booking, HttpCarrier, Party, TrackingPage
from node_agent.gateway.tracking import (
    ParcelStatus,
    ProofSource,
    SignerKind,
    alerts_of,
    proof_of,
    status_of,
)

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[2]
S = ParcelStatus
K = SignerKind
SENDER = Party("测试科", "13000000002", "江西省测试市测试路 1 号")
RECEIVER = Party("测试丁", "13000000003", "重庆市测试区测试街 2 号")


class Simulator:
    """One simulator process on one home folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.start()

    def start(self, port: int = 0) -> None:
        command = [sys.executable, "-m", "deploy.carrier", "--home", str(self.home), "--port", str(port)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()  # written once the socket listens
        assert line, "the simulator ended before it listened"
        announced = json.loads(line)
        self.port = int(announced["port"])
        self.url = f"http://127.0.0.1:{self.port}"
        self.key = Path(announced["key_file"]).read_text().strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def admin(self, path: str, **body: object) -> dict[str, int]:
        answer = httpx.post(f"{self.url}/admin/{path}", json=body, headers={"X-Api-Key": self.key}, trust_env=False)
        assert answer.status_code == 200, answer.text
        done: dict[str, int] = answer.json()
        return done

    def play(self, waybill: str, steps: int = 1) -> int:
        """Play steps; how many events were told."""
        return self.admin("advance", waybill=waybill, steps=steps)["played"]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    running = Simulator(tmp_path_factory.mktemp("carrier"))
    yield running
    running.kill()


@pytest.fixture
def carrier(simulator: Simulator) -> Iterator[HttpCarrier]:
    simulator.admin("outage", answers=0)
    client = HttpCarrier(simulator.url, simulator.key, attempts=3, pause=0.001)
    yield client
    client.close()


def booking(order_id: str, **more: object) -> Booking:
    return Booking(order_id, SENDER, RECEIVER, **more)  # type: ignore[arg-type]


def booked(simulator: Simulator, carrier: HttpCarrier, number: int, **more: object) -> str:
    simulator.admin("scenario", scenario=number)
    order_id = os.urandom(8).hex()
    return carrier.book(booking(order_id, **more)).waybill_no


def to_the_end(simulator: Simulator, carrier: HttpCarrier, number: int, **more: object) -> TrackingPage:
    waybill = booked(simulator, carrier, number, **more)
    simulator.play(waybill, steps=len(scenarios()[number].steps))
    return carrier.events(waybill)


def test_same_order_same_waybill_other_content_refused(carrier: HttpCarrier) -> None:
    first = carrier.book(booking("order-1"))
    assert carrier.book(booking("order-1")) == first
    assert len(first.waybill_no) == 13
    assert first.waybill_no.startswith("985")
    assert carrier.book(booking("order-2")).waybill_no != first.waybill_no
    with pytest.raises(Refusal) as refused:
        carrier.book(booking("order-1", insured=True))
    assert (refused.value.code, refused.value.values["reason"]) == ("CARRIER_REFUSED", "ORDER_CONFLICT")


FINAL = {
    1: (S.DELIVERED, 2, K.SELF),
    2: (S.DELIVERED, 1, K.HOUSEHOLD),
    3: (S.DELIVERED, 0, K.LOCKER),
    4: (S.DELIVERED, 0, K.DOORSTEP),
    5: (S.DELIVERED, 2, K.SELF),
    6: (S.DELIVERED, 2, K.SELF),
    7: (S.RETURNED, 0, K.UNKNOWN),
    8: (S.DELIVERED, 2, K.SELF),
    9: (S.DELIVERED, 2, K.SELF),
    10: (S.LOST, 0, K.UNKNOWN),
    11: (S.DAMAGED, 0, K.UNKNOWN),
    12: (S.DELIVERED, 2, K.SELF),
    13: (S.DELIVERED, 2, K.SELF),
    14: (S.DELIVERED, 2, K.SELF),
    15: (S.LOST_SUSPECTED, 0, K.UNKNOWN),
    16: (S.DELIVERED, 2, K.SELF),
    17: (S.DELIVERED, 2, K.SELF),
    18: (S.RETURNED, 0, K.UNKNOWN),
}


def test_all_scenarios_are_asserted() -> None:
    assert set(scenarios()) == set(FINAL) == set(range(1, 19))


@pytest.mark.requirement("I05")
@pytest.mark.parametrize("number", sorted(FINAL))
def test_scenario_to_the_end(simulator: Simulator, carrier: HttpCarrier, number: int) -> None:
    page = to_the_end(simulator, carrier, number)
    proof = proof_of(page.events)
    assert (status_of(page.events), proof.level, proof.signer_kind) == FINAL[number]
    assert page.cursor == len(page.events) + len(page.slips)
    assert carrier.events(page.events[0].waybill_no, after=page.cursor).events == ()
    for event in page.events:
        assert event.operator_masked == "测*"
        assert "130000" not in mask_text(event.provider_text, Profile.OUTSIDE)
        assert "测试甲" not in mask_text(event.provider_text, Profile.OUTSIDE)
        assert "测试乙" not in mask_text(event.provider_text, Profile.OUTSIDE)


def statuses(simulator: Simulator, carrier: HttpCarrier, number: int) -> list[ParcelStatus]:
    """The status after each step, asked anew each time."""
    waybill = booked(simulator, carrier, number)
    seen = []
    for _ in scenarios()[number].steps:
        simulator.play(waybill)
        seen.append(status_of(carrier.events(waybill).events))
    return seen


def test_on_the_way_each_scenario_shows_its_trouble(simulator: Simulator, carrier: HttpCarrier) -> None:
    assert statuses(simulator, carrier, 5).count(S.ATTEMPT_FAILED) == 2
    assert S.REDIRECTED in statuses(simulator, carrier, 6)
    refused = statuses(simulator, carrier, 7)
    assert refused[-4:] == [S.REFUSED, S.RETURNING, S.RETURNING, S.RETURNED]
    assert statuses(simulator, carrier, 8)[:3] == [S.CREATED, S.CREATED, S.COLLECTED]
    assert statuses(simulator, carrier, 11)[-2:] == [S.DELIVERED, S.DAMAGED]
    assert statuses(simulator, carrier, 12)[2:] == [S.DELIVERED] * 5


def test_scenario_9_silence_is_suspected_and_then_found(simulator: Simulator, carrier: HttpCarrier) -> None:
    waybill = booked(simulator, carrier, 9)
    simulator.play(waybill, steps=3)
    page = carrier.events(waybill)
    now = page.events[-1].received_at
    assert status_of(page.events, now) is S.LOST_SUSPECTED
    assert status_of(page.events, now - timedelta(days=2)) is S.IN_TRANSIT
    simulator.play(waybill)
    assert status_of(carrier.events(waybill).events, now) is S.IN_TRANSIT


def test_scenario_12_tells_events_twice(simulator: Simulator, carrier: HttpCarrier) -> None:
    page = to_the_end(simulator, carrier, 12)
    times = [event.occurred_at for event in page.events]
    assert times != sorted(times)
    assert len(page.events) > len({(e.occurred_at, e.provider_code) for e in page.events})


def test_scenario_13_slip_stays_out_of_the_parcel(simulator: Simulator, carrier: HttpCarrier) -> None:
    page = to_the_end(simulator, carrier, 13)
    assert len(page.slips) == 3
    assert {e.waybill_no for e in page.slips}.isdisjoint({e.waybill_no for e in page.events})
    assert status_of(page.slips) is S.DELIVERED


def test_scenario_14_alerts(simulator: Simulator, carrier: HttpCarrier) -> None:
    page = to_the_end(simulator, carrier, 14)
    assert [event.provider_code for event in alerts_of(page.events)] == ["997"]


def test_scenario_16_down_then_a_batch(simulator: Simulator, carrier: HttpCarrier) -> None:
    waybill = booked(simulator, carrier, 16)
    simulator.play(waybill)
    cursor = carrier.events(waybill).cursor
    simulator.play(waybill)
    with pytest.raises(Refusal) as refused:
        carrier.events(waybill, after=cursor)
    assert refused.value.code == "CARRIER_UNAVAILABLE"
    assert refused.value.values["attempts"] == "3"
    simulator.play(waybill)
    assert [event.seq for event in carrier.events(waybill, after=cursor).events] == [2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("9859999999999", "CARRIER_REFUSED"),
        ("98599999", "WAYBILL_FORMAT"),
        ("LZ290346174CN", "WAYBILL_CHECK_DIGIT"),
    ],
)
def test_scenario_17_wrong_number(carrier: HttpCarrier, typed: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        carrier.events(typed)
    assert refused.value.code == code
    assert typed not in str(refused.value)


def test_scenario_18_two_cases_are_refused_before_booking(carrier: HttpCarrier) -> None:
    with pytest.raises(Refusal) as refused:
        carrier.book(booking("two-cases", cases=2))
    assert refused.value.code == "PARCEL_ONE_CASE"


@pytest.mark.parametrize(("number", "level"), [(1, 3), (2, 3), (4, 0)])
def test_electronic_slip(simulator: Simulator, carrier: HttpCarrier, number: int, level: int) -> None:
    page = to_the_end(simulator, carrier, number, receipt_level=3)
    proof = proof_of(page.events)
    waybill = page.events[0].waybill_no
    assert proof.level == level
    if level == 3:
        assert proof.source is ProofSource.ELECTRONIC_SLIP
        assert proof.object_digest is not None
        assert carrier.slip(waybill, proof.object_digest).startswith(b"<svg")
        with pytest.raises(Refusal) as refused:
            carrier.slip(waybill, "00" * 32)
        assert refused.value.code == "CARRIER_SLIP_DIGEST"
    else:
        with pytest.raises(Refusal) as refused:
            carrier.slip(waybill, "00" * 32)
        assert refused.value.values["reason"] == "NO_SLIP"


def test_cancel_before_collection_only(simulator: Simulator, carrier: HttpCarrier) -> None:
    early = booked(simulator, carrier, 1)
    carrier.cancel(early)
    carrier.cancel(early)
    assert simulator.play(early) == 0
    assert status_of(carrier.events(early).events) is S.CANCELLED
    late = booked(simulator, carrier, 1)
    simulator.play(late)
    with pytest.raises(Refusal) as refused:
        carrier.cancel(late)
    assert refused.value.values["reason"] == "ALREADY_COLLECTED"


@pytest.mark.drill
def test_kill_and_restart_continue(tmp_path: Path) -> None:
    simulator = Simulator(tmp_path)
    try:
        carrier = HttpCarrier(simulator.url, simulator.key, attempts=2, pause=0.001)
        simulator.admin("scenario", scenario=2)
        first = carrier.book(booking("kept"))
        simulator.play(first.waybill_no, steps=3)
        before = carrier.events(first.waybill_no).events
        simulator.admin("scenario", scenario=4)  # planned, not yet used
        simulator.kill()
        with pytest.raises(Refusal) as refused:
            carrier.events(first.waybill_no)
        assert refused.value.code == "CARRIER_UNAVAILABLE"
        simulator.start(simulator.port)
        assert carrier.book(booking("kept")) == first
        after = carrier.events(first.waybill_no).events
        assert [event.raw_digest for event in after] == [event.raw_digest for event in before]
        simulator.play(first.waybill_no, steps=3)
        assert proof_of(carrier.events(first.waybill_no).events).signer_kind is K.HOUSEHOLD
        second = carrier.book(booking("next"))
        assert second.waybill_no != first.waybill_no
        simulator.play(second.waybill_no, steps=6)
        assert proof_of(carrier.events(second.waybill_no).events).signer_kind is K.DOORSTEP
        carrier.close()
    finally:
        simulator.kill()
    assert (tmp_path / "carrier.sqlite").stat().st_mode & 0o077 == 0
    assert (tmp_path / "api.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("persisted", [False, True])
def test_a_short_outage_is_retried_and_books_once(simulator: Simulator, carrier: HttpCarrier, persisted: bool) -> None:
    order_id = f"outage-{persisted}"
    simulator.admin("outage", answers=2, persisted=persisted)
    waybill = carrier.book(booking(order_id))
    assert carrier.book(booking(order_id)) == waybill


def test_a_long_outage_is_a_refusal_and_asking_again_books_once(simulator: Simulator, carrier: HttpCarrier) -> None:
    simulator.admin("outage", answers=3, persisted=True)
    with pytest.raises(Refusal) as refused:
        carrier.book(booking("long"))
    assert refused.value.code == "CARRIER_UNAVAILABLE"
    assert carrier.book(booking("long")) == carrier.book(booking("long"))


def test_nothing_personal_in_errors_and_logs(
    simulator: Simulator, carrier: HttpCarrier, caplog: pytest.LogCaptureFixture
) -> None:
    personal = [text for party in (SENDER, RECEIVER) for text in (party.name, party.phone, party.address)]
    with caplog.at_level(logging.DEBUG):
        waybill = booked(simulator, carrier, 1)
        carrier.events(waybill)
        simulator.admin("outage", answers=3)
        with pytest.raises(Refusal) as refused:
            carrier.events(waybill)
        with pytest.raises(Refusal) as conflict:
            carrier.book(booking("leak"))
            carrier.book(booking("leak", insured=True))
    shown = caplog.text + str(refused.value) + str(conflict.value) + repr(booking("leak"))
    for secret in [*personal, simulator.key]:
        assert secret not in shown
    assert f"parcels/{waybill}" not in caplog.text
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("key", ["", "wrong"])
def test_wrong_key_is_refused(simulator: Simulator, key: str) -> None:
    stranger = HttpCarrier(simulator.url, key, attempts=1)
    with pytest.raises(Refusal) as refused:
        stranger.events("9850000000001")
    stranger.close()
    assert refused.value.values["reason"] == "BAD_KEY"
    assert httpx.post(f"{simulator.url}/admin/advance", json={}, trust_env=False).status_code == 401
    assert httpx.get(f"{simulator.url}/healthz", trust_env=False).json()["status"] == "SERVING"


@pytest.mark.requirement("H01")
@pytest.mark.parametrize("url", ["http://192.0.2.1:80", "ftp://127.0.0.1", "carrier"])
def test_clear_text_leaves_the_machine_never(url: str) -> None:
    with pytest.raises(Refusal) as refused:
        HttpCarrier(url, "key")
    assert refused.value.code == "CARRIER_INSECURE_URL"


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"no json",
        b'{"events": 1}',
        b'{"events": [7]}',
        b'{"events": [{"provider": "EMS"}]}',
        b'{"events": [{"provider": "GATEWAY", "opCode": "PAPER_SLIP", "opDesc": "", "seq": 1,'
        b' "operatorName": "", "opTime": "2026-11-02T09:00:00.000+08:00",'
        b' "waybillNo": "9850000000001", "opOrgCity": ""}]}',
        b'{"events": [{"provider": "EMS", "opCode": "704", "opDesc": "", "seq": 1, "operatorName": "",'
        b' "opTime": "yesterday", "waybillNo": "9850000000001", "opOrgCity": ""}]}',
        b'{"events": [{"provider": "EMS", "opCode": "704", "opDesc": "", "seq": 1, "operatorName": "",'
        b' "proof": {"source": "PAPER_SLIP"},'
        b' "opTime": "2026-11-02T09:00:00.000+08:00", "waybillNo": "9850000000001", "opOrgCity": ""}]}',
    ],
)
def test_an_answer_that_is_none_is_refused(body: bytes) -> None:
    with Listening(body) as (url, _):
        carrier = HttpCarrier(url, "key", attempts=1)
        with pytest.raises(Refusal) as refused:
            carrier.events("9850000000001")
        carrier.close()
    assert refused.value.code == "CARRIER_ANSWER_INVALID"


def test_events_are_pushed_to_the_callback(simulator: Simulator, carrier: HttpCarrier) -> None:
    with Listening(b"{}") as (url, pushed):
        waybill = booked(simulator, carrier, 12, callback=f"{url}/push")
        simulator.play(waybill, steps=7)
    assert [item["seq"] for item in pushed] == [1, 2, 3, 4, 5, 6, 7]
    with pytest.raises(Refusal) as refused:
        carrier.book(booking("far", callback="http://192.0.2.1/push"))
    assert refused.value.values["reason"] == "BAD_CALLBACK"


def test_automatic_mode_plays_by_itself(tmp_path: Path) -> None:
    """The callback tells when an event was played, so that nothing here waits for a time."""
    arrived = threading.Semaphore(0)
    home = tmp_path / "home"
    command = [sys.executable, "-m", "deploy.carrier", "--home", str(home), "--tick", "0.01"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        announced = json.loads(process.stdout.readline())
        with Listening(b"{}", arrived) as (url, pushed):
            key = Path(announced["key_file"]).read_text().strip()
            carrier = HttpCarrier(f"http://127.0.0.1:{announced['port']}", key)
            waybill = carrier.book(booking("auto", callback=url)).waybill_no
            for _ in scenarios()[1].steps:
                assert arrived.acquire(timeout=30)
            assert status_of(carrier.events(waybill).events) is S.DELIVERED
            assert len(pushed) == 6
            carrier.close()
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


class Listening:
    """A server on loopback that answers every call with ``body`` and keeps what was posted."""

    def __init__(self, body: bytes, arrived: threading.Semaphore | None = None) -> None:
        pushed: list[dict[str, object]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                pushed.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.do_GET()
                if arrived is not None:
                    arrived.release()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self.pushed = pushed
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))

    def __enter__(self) -> tuple[str, list[dict[str, object]]]:
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_port}", self.pushed

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
