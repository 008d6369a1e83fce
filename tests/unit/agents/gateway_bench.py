"""A gateway with a hub, a store and a carrier in memory, and a case that was posted to it."""

import io
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

from crypto import canonical, sealing
from crypto import manifest as manifests
from crypto.log import leaf as leaves
from crypto.refusal import Refusal
from crypto.sealing import KeyPacket
from crypto.statement import read_envelope, read_statement
from hub.casework.context import Pinned
from node_agent.gateway import parcels
from node_agent.gateway.booking import Gateway
from node_agent.gateway.carrier import Booking, TrackingPage, Waybill
from node_agent.gateway.carrier_codes import canonical as read_code
from node_agent.gateway.parcels import TaskKind
from node_agent.gateway.tracking import TrackingEvent
from node_agent.process.runtime import Agent
from storage.transfer import Reply, TransferClient

NAME, PHONE, PLACE = "余知远", "13800000000", "重庆市江津区几江街道样例大道9号1单元502室"
COURIER = "投递员【测试乙，电话:13000000001】"
WAYBILL = "9850000000001"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=canonical.CHINA)
TITLE = "南昌市东湖区市场监督管理局"
PARCEL = "P0001"
RECOVERY = "spiffe://yidi.test/500000000000/recovery-key"


@dataclass
class Posted:
    """A case that stands at ``post``: the log, the case, the object and the packets for the gateway."""

    log: Any
    case: str
    manifest: str
    stored: bytes
    packets: list[KeyPacket]


def post_case(module: ModuleType, page: bytes | None = None, wrap_by: str = "", moved_from: str = "") -> Posted:
    """``page``: what the address line holds. ``wrap_by``: who signs the wrap to the gateway, the window if empty.

    ``moved_from``: the address that was sealed first, before the case came back to its window (T24).
    """

    class Titled(module.SyntheticLog):  # type: ignore[misc, name-defined]
        def register(self, subject: str, *rest: Any, **changes: Any) -> None:
            super().register(subject, *rest, **{"title": TITLE, **changes})

    log = Titled()
    log.register_all()
    case = secrets.token_hex(16)
    address = page or canonical.encode({"name": NAME, "phone": PHONE, "address": PLACE})
    if moved_from:
        seal_and_return(module, log, case, moved_from)
    revision = 2 if moved_from else 1
    manifest, stored, keys = seal_pages(module, log, case, {"FORM": b"{}", "ADDRESS": address}, revision)
    log.say(case, "seal", module.COLLECTOR, "COLLECTOR", module._seal_body(manifest, 1))
    gateway = log.keys[module.GATEWAY].opening
    made = sealing.wrap_keys(
        case, revision, {("L02", "full"): keys["L02", "full"]}, module.GATEWAY, gateway.suite, gateway.public
    )
    body = {
        "manifest": manifest, "recipient": module.GATEWAY, "recipient_key": made[0].recipient_key,
        "packets": [{"line": one.line, "rendition": one.rendition, "digest": one.digest} for one in made],
    }  # fmt: skip
    log._wrap(case, manifest, module.DEPARTMENT, LINES)
    if not wrap_by:
        log.say(case, "wrap", module.WINDOW, "window", body, "keys")
    log.say(case, "delivered", module.DEPARTMENT, "department", {"manifest": manifest})
    if wrap_by:
        log.register(RECOVERY, RECOVERY, "500000000000", ["recovery"], None)
        log._wrap(case, manifest, RECOVERY, LINES)
        log.say(case, "wrap", wrap_by, "node", body, "keys")
    log.say(case, "accept", module.ACCEPTOR, "ACCEPTOR", {})
    log.say(case, "decide", module.DECIDER, "DECIDER", {"outcome": "GRANT", "grant": "G-DECIDE"})
    log.say(case, "issue", module.ISSUER, "ISSUER", log._issue_body(case))
    log.say(case, "post", module.ISSUER, "ISSUER", {"parcel": PARCEL, "gateway": module.GATEWAY})
    return Posted(log, case, manifest, stored, list(made))


def seal_and_return(module: ModuleType, log: Any, case: str, place: str) -> None:
    """A first sealing, which the department and the coordinator sent back to the window (T22, T24)."""
    desk, clerk = module.node("360000000000", "desk"), module.person_id(module.node("360000000000", "desk"), "C01")
    log.register(desk, desk, "360000000000", ["coordinator"], None)
    log.register(clerk, desk, "", ["COORDINATOR"], None)
    address = canonical.encode({"name": NAME, "phone": PHONE, "address": place})
    manifest, _, _ = seal_pages(module, log, case, {"FORM": b"{}", "ADDRESS": address})
    log.say(case, "seal", module.COLLECTOR, "COLLECTOR", module._seal_body(manifest, 1))
    log._wrap(case, manifest, module.DEPARTMENT, LINES)
    log.say(case, "delivered", module.DEPARTMENT, "department", {"manifest": manifest})
    log.say(case, "misrouted", module.ACCEPTOR, "ACCEPTOR", {"reason": "WRONG_ITEM"})
    log.say(case, "return_to_window", clerk, "COORDINATOR", {"reason": "WRONG_ITEM"})


LINES = [f"L{number:02}" for number in range(1, 9)]
KEY_MATERIALS = ("M01", "M02", "M03", "M04", "M06", "M07")


def seal_pages(
    module: ModuleType, log: Any, case: str, pages: Mapping[str, bytes], revision: int = 1
) -> tuple[str, bytes, dict[tuple[str, str], bytes]]:
    out = io.BytesIO()
    sealer, keys, facts, media = sealing.Sealer(out), {}, [], {}
    seen = dict.fromkeys(KEY_MATERIALS, b"{}")
    for number, (material, page) in enumerate({**pages, **seen}.items(), 1):
        line = f"L{number:02}"
        keys[line, "full"] = sealing.new_data_key()
        sealer.add(keys[line, "full"], sealing.Context(case, revision, line, 1, "full"), io.BytesIO(page))
        media[line, 1, "full"] = "application/json"
        got = ("SUBMIT", "B", "SEEN_RETURNED") if material in seen else ("FORM", "D", "NOT_NEEDED")
        facts.append(manifests.LineFacts(line, material, *got))
    made = manifests.build(
        sealer.finish(), facts, media, case=case, revision=revision, kind="application", task_code=module.ITEM,
        catalogue="2026.11-1", object_key=f"{case}/application/{revision}", part_size=sealing.PART_SIZE,
    )  # fmt: skip
    data = made.encode()
    digest = canonical.digest(data)
    log.manifests[digest] = data
    log.pinned[digest] = Pinned(digest, made, secrets.token_hex(8))
    return digest, out.getvalue(), keys


class FakeHub:
    """What a gateway asks of the hub, out of the synthetic log."""

    def __init__(self, posted: Posted) -> None:
        self.posted = posted
        self.packets = list(posted.packets)
        self.manifest = posted.log.manifests[posted.manifest]

    def case_leaves(self, name: str, after_index: int = -1) -> list[bytes]:
        log = self.posted.log
        return [log.entries[index] for index in log.cases[name] if index > after_index]

    def grant_download(self, case_id: str, manifest_digest: str) -> tuple[str, bytes]:
        assert (case_id, manifest_digest) == (self.posted.case, self.posted.manifest)
        return "http://store.test/object", self.manifest

    def key_packets(self, case_id: str, manifest_digest: str) -> list[KeyPacket]:
        return self.packets

    def registry_leaves(self, after_epoch: int) -> tuple[list[bytes], int]:
        log = self.posted.log
        return [log.entries[index] for index in log.registry][after_epoch:], len(log.registry)

    def published(self, kind: str, version: str) -> bytes:
        found: bytes = self.posted.log.documents[kind, version]
        return found

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Store:
    """A ``Send`` over one object that keeps what was asked."""

    data: bytes
    asked: list[str] = field(default_factory=list)

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: object) -> Reply:
        self.asked.append(headers["Range"])
        first, last = headers["Range"].removeprefix("bytes=").split("-")
        return Reply(206, {}, [self.data[int(first) : int(last) + 1]])


@dataclass
class FakeCarrier:
    """Keeps the contract of ``Carrier``: one waybill an order id, events by cursor, pictures by digest."""

    orders: dict[str, Booking] = field(default_factory=dict)
    told: list[TrackingEvent] = field(default_factory=list)
    slips: dict[str, bytes] = field(default_factory=dict)
    lose_answers: int = 0
    calls: int = 0

    def book(self, booking: Booking) -> Waybill:
        known = self.orders.setdefault(booking.order_id, booking)
        if known != booking:
            raise Refusal("CARRIER_REFUSED", "test", reason="ORDER_CONFLICT")
        if self.lose_answers:
            self.lose_answers -= 1
            raise Refusal("CARRIER_UNAVAILABLE", "test")
        return Waybill(WAYBILL)

    def events(self, waybill_no: str, after: int = 0) -> TrackingPage:
        assert waybill_no == WAYBILL
        self.calls += 1
        new = tuple(event for event in self.told if event.seq > after)
        return TrackingPage(new, (), max([after, *(event.seq for event in new)]))

    def cancel(self, waybill_no: str) -> None:
        raise AssertionError("nobody cancels")

    def slip(self, waybill_no: str, object_digest: str) -> bytes:
        if object_digest not in self.slips:
            raise Refusal("CARRIER_SLIP_DIGEST", "test")
        return self.slips[object_digest]

    def tell(self, code: str, text: str = "", hours: int = 0, **more: Any) -> TrackingEvent:
        status, signer = read_code("EMS", code, text)
        at = NOW + timedelta(hours=hours)
        event = TrackingEvent("EMS", WAYBILL, "EMS", code, text, status, signer, at, at, seq=len(self.told) + 1)
        event = replace(event, **more)
        self.told.append(event)
        return event


@dataclass
class Bench:
    """A gateway over a folder, its carrier and what it put into its outbox."""

    agent: Agent
    carrier: FakeCarrier
    store: Store
    now: datetime = NOW

    def gateway(self) -> Gateway:
        """As after a start of the process."""
        transfer = TransferClient(self.store, attempts=1)
        return Gateway(self.agent, self.carrier, transfer, clock=lambda: self.now)

    def said(self, event: str, case: str) -> list[dict[str, Any]]:
        acts = [act for act in self.agent.journal.acts(case) if act.event == event]
        return [dict(read_statement(read_envelope(act.envelope).payload).body) for act in acts]

    def tasks(self) -> list[tuple[TaskKind, str]]:
        return [(task.kind, task.detail) for task in parcels.tasks(self.agent.journal)]


Make = Callable[[Posted], Bench]


def deliver(agent: Agent, posted: Posted) -> None:
    """What the hub's inbox gives a gateway: the case from ``post`` on."""
    decoded = [(index, posted.log.entries[index]) for index in posted.log.cases[posted.case]]
    kinds = [read_statement(read_envelope(leaves.decode(data).envelope).payload).type for _, data in decoded]
    agent.journal.receive([(index, posted.case, data) for index, data in decoded[kinds.index("post") :]])


def everything_kept(agent: Agent) -> bytes:
    """Journal and its log, as they lie on the disk."""
    with agent.journal.transaction() as at:
        at.execute("SELECT 1")
    return b"".join(path.read_bytes() for path in sorted(agent.settings.home.rglob("*")) if path.is_file())
