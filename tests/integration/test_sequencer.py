"""The narrow place on a real PostgreSQL: the main path, every refusal, races, kills, and the replay of the log."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crypto import canonical
from crypto.directory import Directory
from crypto.log import leaf as leaves
from crypto.manifest import read as read_manifest
from crypto.statement import Envelope, read_envelope, read_statement
from hub.casework.replay import replay
from hub.services.batch import Batch
from hub.services.intake import Ready, Submission
from tests.integration.cast import DEPARTMENT, OTHER_DEPARTMENT, OTHER_WINDOW, WINDOW
from tests.integration.placing import act, code, placed, require_whole, state

if TYPE_CHECKING:
    from tests.integration.casework import CaseWork
    from tests.integration.world import World

pytestmark = pytest.mark.integration
EXPIRED = "11500112900001228J4002014023003"
SUSPENDED = "1136070290000712834000123009001"
NOT_HERE = "11500116900001164E4000131012002"


# --- the main path ---------------------------------------------------------------------------------------------------


def test_a_case_goes_its_whole_way_and_every_leaf_counts(world: "World") -> None:
    work = world.open().to_closed()
    file = world.file(work.case)
    assert file is not None
    assert (file.state.value, file.outcome, file.holder) == ("CLOSED", "GRANT", world.members[DEPARTMENT].subject)
    rows = [row for row in world.rows() if row.case_id == work.case]
    made = [leaves.decode(row.leaf) for row in rows]
    events = [read_statement(read_envelope(leaf.envelope).payload).type for leaf in made]
    assert events == [
        *("seal", "wrap", "wrap", "wrap", "wrap", "route", "delivered", "open_document", "accept", "decide"),
        *("issue", "post", "waybill", "parcel_event", "delivered_proven"),
    ]
    assert (file.seq, file.case_seq) == (8, 15)
    with world.database.unit() as unit:
        pinned = unit.objects.pinned([work.application.digest])[work.application.digest][0]
    assert made[0].assigned == {"case_no": file.case_no, "object_version": pinned.version_id}
    assert len(file.case_no) == 43
    assert set(file.clocks) == {"K1", "K2", "K3", "K4", "K8"}
    assert all(clock.stopped_at is not None for clock in file.clocks.values())
    require_whole(world)


def test_a_node_sees_its_case_from_the_first_leaf_and_a_stranger_nothing(world: "World") -> None:
    work = world.open().to_closed()
    with world.database.unit() as unit:
        seen = {
            name: [row.index for _, row in unit.log.inbox(world.members[name].subject, -1, 100)]
            for name in (WINDOW, DEPARTMENT, "gateway", OTHER_DEPARTMENT, OTHER_WINDOW)
        }
    of_case = [row.index for row in world.rows() if row.case_id == work.case]
    assert seen[WINDOW] == seen[DEPARTMENT] == of_case
    # The gateway: the address line that was wrapped to it, then everything from its parcel on.
    assert seen["gateway"] == [of_case[3], *of_case[-4:]]
    assert seen[OTHER_DEPARTMENT] == seen[OTHER_WINDOW] == []


def test_a_whole_case_in_one_batch_is_the_same_case(world: "World") -> None:
    work = world.open()
    seal = work.seal()
    work.head = (1, read_envelope(seal.envelope).digest)
    items = [seal, *(work.wrap(name) for name in (WINDOW, "recovery", "gateway", DEPARTMENT))]
    outcomes = world.place([world.examined(WINDOW, item) for item in items])
    assert [code(outcome) for outcome in outcomes] == ["PLACED"] * 5
    assert state(work) == "FORWARDED"
    with world.database.unit() as unit:
        assert len(unit.log.inbox(world.members[DEPARTMENT].subject, -1, 100)) == 6
    require_whole(world)


def test_the_same_payload_gets_the_same_receipt_and_no_new_leaf(world: "World") -> None:
    work = world.open()
    seal = work.seal()
    first = work.do(seal, WINDOW)
    work.do(work.wrap(DEPARTMENT), WINDOW)
    size = world.size()
    again = work.do(seal, WINDOW)
    twice = [world.examined(WINDOW, seal)] * 2
    third, fourth = (placed(outcome) for outcome in world.place(twice))
    assert [one.fresh for one in (first, again, third, fourth)] == [True, False, False, False]
    assert {world.receipt(one) for one in (first, again, third, fourth)} == {world.receipt(first)}
    assert {one.case_no for one in (first, again, third, fourth)} == {first.case_no}
    assert world.size() == size
    receipt = json.loads(read_envelope(world.receipt(first), "application/vnd.yidi.receipt+json").payload)
    assert receipt["objects"][0]["version_id"] == receipt["assigned"]["object_version"]


def test_the_same_payload_twice_in_one_batch_is_one_leaf(world: "World") -> None:
    work = world.open()
    ready = world.examined(WINDOW, work.seal())
    size = world.size()
    first, second = (placed(outcome) for outcome in world.place([ready, ready]))
    assert world.receipt(first) == world.receipt(second)
    assert (first.fresh, second.fresh, world.size()) == (True, False, size + 1)


Make = Callable[["World", "CaseWork"], tuple[Submission, str]]
# --- what is refused -------------------------------------------------------------------------------------------------


PENDING: dict[str, tuple[str, Make]] = {
    "wrong seq": ("HEAD_MOVED", lambda w, c: (act(c, "accept", DEPARTMENT, "D01", seq=99), DEPARTMENT)),
    "wrong prev": ("HEAD_MOVED", lambda w, c: (act(c, "accept", DEPARTMENT, "D01", prev="0" * 64), DEPARTMENT)),
    "person missing": (
        "PERSON_SIGNATURE_MISSING",
        lambda w, c: (act(c, "accept", DEPARTMENT, "D01", signers=[DEPARTMENT]), DEPARTMENT),
    ),
    "no person named": (
        "PERSON_SIGNATURE_MISSING",
        lambda w, c: (act(c, "accept", DEPARTMENT, None, role="ACCEPTOR"), DEPARTMENT),
    ),
    "node missing": (
        "NODE_SIGNATURE_MISSING",
        lambda w, c: (act(c, "accept", DEPARTMENT, "D01", signers=["D01"]), DEPARTMENT),
    ),
    "other person signed": (
        "PERSON_SIGNATURE_MISSING",
        lambda w, c: (act(c, "accept", DEPARTMENT, "D01", signers=["D05", DEPARTMENT]), DEPARTMENT),
    ),
    "person of another node": (
        "PERSON_OF_OTHER_NODE",
        lambda w, c: (act(c, "accept", DEPARTMENT, "X01"), DEPARTMENT),
    ),
    "role not held": (
        "ROLE_MISSING",
        lambda w, c: (act(c, "accept", DEPARTMENT, "D02", role="ACCEPTOR"), DEPARTMENT),
    ),
    "role not for this": ("ROLE_FORBIDS", lambda w, c: (act(c, "accept", DEPARTMENT, "D02"), DEPARTMENT)),
    "collector accepts": ("ROLE_FORBIDS", lambda w, c: (act(c, "accept", WINDOW, "W01"), WINDOW)),
    "another department": ("NOT_YOUR_CASE", lambda w, c: (act(c, "accept", OTHER_DEPARTMENT, "X01"), OTHER_DEPARTMENT)),
    "in another's voice": ("NOT_YOUR_VOICE", lambda w, c: (act(c, "accept", DEPARTMENT, "D01"), OTHER_DEPARTMENT)),
    "event unknown": ("EVENT_UNKNOWN", lambda w, c: (act(c, "abolish", DEPARTMENT, "D01"), DEPARTMENT)),
    "too early": ("STATE_FORBIDS", lambda w, c: (c.decide(), DEPARTMENT)),
    "case unknown": ("CASE_UNKNOWN", lambda w, c: (act(c, "accept", DEPARTMENT, "D01", case="ab" * 16, seq=1, prev=None), DEPARTMENT)),  # noqa: E501
    "gateway reads a document": ("GATEWAY_ADDRESS_ONLY", lambda w, c: (c.wrap("gateway", lines=["M01"]), WINDOW)),
    "wrap for a stranger": ("RECIPIENT_FORBIDDEN", lambda w, c: (c.wrap(OTHER_DEPARTMENT), WINDOW)),
    "other window withdraws": ("NOT_YOUR_CASE", lambda w, c: (act(c, "withdraw", OTHER_WINDOW, "W11"), OTHER_WINDOW)),
    "side chain hangs on nothing": (
        "ANCHOR_UNKNOWN",
        lambda w, c: (Submission(c.act("open_document", {}, DEPARTMENT, "D01", chain="access", prev="0" * 64).encode()), DEPARTMENT),  # noqa: E501
    ),
    "opened without purpose": ("BODY_MEMBER", lambda w, c: (c.open_document(purpose=""), DEPARTMENT)),
}  # fmt: skip


@pytest.mark.parametrize("name", PENDING)
def test_an_act_on_a_pending_case_is_refused_and_leaves_no_trace(world: "World", name: str) -> None:
    wanted, make = PENDING[name]
    work = world.open().to_pending()
    before, size = world.file(work.case), world.size()
    submission, caller = make(world, work)
    assert code(work.place(submission, caller)) == wanted
    assert (world.file(work.case), world.size()) == (before, size)


SEALS: dict[str, tuple[str, dict[str, object]]] = {
    "unknown item": ("UNKNOWN_ITEM", {"task_code": "1" * 31}),
    "expired item": ("ITEM_EXPIRED", {"task_code": EXPIRED}),
    "suspended item": ("ITEM_SUSPENDED", {"task_code": SUSPENDED}),
    "item not for this window": ("ITEM_NOT_COLLECTABLE", {"task_code": NOT_HERE}),
    "catalogue never published": ("VERSION_UNKNOWN", {"catalogue": "2030.1"}),
    "wrong check digit": ("PUBLIC_NUMBER_CHECK", {"public_no": "310010000000"}),
    "number of another window": ("PUBLIC_NUMBER_PREFIX", {}),
    "object never uploaded": ("OBJECT_MISSING", {"manifest": "0" * 64}),
    "classified paper": ("DECLARATION_MISSING", {"no_classified": False}),
    "unsigned": ("DECLARATION_MISSING", {"applicant_signed": "yes"}),
    "delivery of no kind": ("DELIVERY_UNKNOWN", {"delivery": "PIGEON"}),
}


@pytest.mark.parametrize("name", SEALS)
def test_a_bad_seal_is_refused_and_opens_nothing(world: "World", name: str) -> None:
    wanted, changes = SEALS[name]
    work = world.open()
    if name == "number of another window":
        changes = {"public_no": world.public_number(OTHER_WINDOW)}
    envelope = work.act("seal", work.seal_body() | changes, WINDOW, "W01")
    size = world.size()
    assert code(work.place(Submission(envelope.encode()), WINDOW)) == wanted
    assert (world.file(work.case), world.size()) == (None, size)
    assert code(work.place(work.seal(), WINDOW)) == "PLACED"


def test_a_department_cannot_seal_and_a_window_seals_once(world: "World") -> None:
    work = world.open()
    by_department = work.act("seal", work.seal_body(), DEPARTMENT, "D01")
    assert code(work.place(Submission(by_department.encode()), DEPARTMENT)) == "ROLE_FORBIDS"
    work.do(work.seal(), WINDOW)
    second = work.act("seal", work.seal_body() | {"public_no": world.public_number()}, WINDOW, "W01")
    assert code(work.place(Submission(second.encode()), WINDOW)) == "CASE_EXISTS"


def test_a_seal_needs_its_pinned_object(world: "World") -> None:
    work = world.open()
    elsewhere = world.open()
    foreign = work.seal(manifest=elsewhere.application.digest)
    foreign = replace(foreign, attachments=(elsewhere.application.manifest,))
    assert code(work.place(foreign, WINDOW)) == "MANIFEST_MISMATCH"
    with world.database.unit() as unit:
        kept = unit.objects.pinned([work.application.digest])
    assert list(kept) == [work.application.digest]


def test_a_public_number_is_used_once(world: "World") -> None:
    first, second = world.open(), world.open()
    first.public_no = second.public_no = world.public_number()
    ready = [world.examined(WINDOW, work.seal()) for work in (first, second)]
    assert [code(outcome) for outcome in world.place(ready)] == ["PLACED", "PUBLIC_NUMBER_TAKEN"]
    third = world.open()
    third.public_no = first.public_no
    assert code(third.place(third.seal(), WINDOW)) == "PUBLIC_NUMBER_TAKEN"


def test_case_numbers_of_one_item_and_day_follow_each_other(world: "World") -> None:
    works = [world.open() for _ in range(3)]
    spoiled = works[1].seal(manifest="0" * 64)
    submissions = [works[0].seal(), replace(spoiled, attachments=()), works[2].seal()]
    outcomes = world.place([world.examined(WINDOW, one) for one in submissions])
    assert [code(outcome) for outcome in outcomes] == ["PLACED", "OBJECT_MISSING", "PLACED"]
    assert [placed(outcomes[at]).case_no[-4:] for at in (0, 2)] == ["0001", "0002"]
    later = world.open()
    assert later.do(later.seal(), WINDOW).case_no[-4:] == "0003"


def test_a_changed_signature_or_payload_is_refused(world: "World") -> None:
    work = world.open()
    envelope = read_envelope(work.seal().envelope)
    (person, signature), node = envelope.signatures
    for spoiled in (
        replace(envelope, signatures=((person, signature[:-1] + bytes([signature[-1] ^ 1])), node)),
        replace(envelope, signatures=((person, b""), node)),
        replace(envelope, payload=envelope.payload.replace(b'"POST"', b'"ELECTRONIC"')),
    ):
        assert code(work.place(Submission(spoiled.encode()), WINDOW)) == "SIGNATURE_INVALID"
    stranger = replace(envelope, signatures=(("0" * 32, signature), node))
    assert code(work.place(Submission(stranger.encode()), WINDOW)) == "SIGNER_UNKNOWN"


def test_the_future_is_refused_five_minutes_are_not(world: "World") -> None:
    work = world.open()
    moments = [canonical.time_text(datetime.now(UTC) + timedelta(minutes=minutes)) for minutes in (6, 4)]
    codes = []
    for moment in moments:
        envelope = work.act("seal", work.seal_body(), WINDOW, "W01", occurred_at=moment)
        codes.append(code(work.place(Submission(envelope.encode()), WINDOW)))
    assert codes == ["FROM_FUTURE", "PLACED"]


def test_a_wrap_to_a_revoked_or_stale_key_is_refused_and_the_case_waits(world: "World") -> None:
    work = world.open()
    work.do(work.seal(), WINDOW)
    stale = work.wrap(DEPARTMENT)
    world.revoke(DEPARTMENT)
    assert code(work.place(stale, WINDOW)) == "KEY_REVOKED"
    assert state(work) == "COLLECTED"
    world.register_again(DEPARTMENT)
    assert code(work.place(stale, WINDOW)) == "RECIPIENT_KEY_STALE"
    assert state(work) == "COLLECTED"
    work.do(work.wrap(DEPARTMENT), WINDOW)
    assert state(work) == "FORWARDED"
    require_whole(world)


def test_a_key_revoked_in_the_same_batch_no_longer_speaks(world: "World") -> None:
    work = world.open().to_pending()
    accept = world.examined(DEPARTMENT, work.accept())
    world.revoke("D01")
    assert code(world.place([accept])[0]) == "PERSON_KEY_REVOKED"
    assert state(work) == "PENDING_ACCEPT"


def test_a_grant_that_ends_is_no_grant(world: "World") -> None:
    work = world.open().to_pending()
    work.do(work.accept(), DEPARTMENT)
    decide = work.decide()
    foreign = work.act("decide", {"outcome": "GRANT", "grant": world.grants["SEAL_USE"]}, DEPARTMENT, "D02")
    assert code(work.place(Submission(foreign.encode()), DEPARTMENT)) == "GRANT_MISSING"
    work.do(decide, DEPARTMENT)
    assert state(work) == "DECIDED"


def test_a_parcel_at_the_door_closes_nothing(world: "World") -> None:
    work = world.open().to_pending()
    for submission in (work.accept, work.decide, work.issue, work.post):
        work.do(submission(), DEPARTMENT)
    work.do(work.waybill(), "gateway")
    work.do(work.tracked("DELIVERED", 0), "gateway")
    assert state(work) == "DELIVERING"
    work.do(work.tracked("DELIVERED", 2), "gateway")
    assert state(work) == "CLOSED"


# --- neighbours ------------------------------------------------------------------------------------------------------


def test_a_loser_never_aborts_its_neighbours(world: "World") -> None:
    pending = world.open().to_pending()
    fresh = [world.open() for _ in range(3)]
    items = [
        world.examined(WINDOW, fresh[0].seal()),
        world.examined(DEPARTMENT, act(pending, "accept", DEPARTMENT, "D01", prev="1" * 64)),
        world.examined(WINDOW, fresh[1].seal()),
        world.examined(OTHER_DEPARTMENT, act(pending, "accept", OTHER_DEPARTMENT, "X01")),
        world.examined(DEPARTMENT, pending.accept()),
        world.examined(WINDOW, fresh[2].seal()),
    ]
    codes = [code(outcome) for outcome in world.place(items)]
    assert codes == ["PLACED", "HEAD_MOVED", "PLACED", "NOT_YOUR_CASE", "PLACED", "PLACED"]
    require_whole(world)


def test_an_unforeseen_error_is_answered_alone(world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    works = [world.open() for _ in range(3)]
    items = [world.examined(WINDOW, work.seal()) for work in works]
    real = Batch._keep

    def keep(self: Batch, item: Ready, file: object) -> None:
        if item is items[1]:
            raise ValueError("unforeseen")
        real(self, item, file)  # type: ignore[arg-type]

    monkeypatch.setattr(Batch, "_keep", keep)
    assert [code(outcome) for outcome in world.place(items)] == ["PLACED", "INTERNAL", "PLACED"]
    assert [state(work) for work in works] == ["COLLECTED", "", "COLLECTED"]
    require_whole(world)


BAD_PACKETS: dict[str, dict[str, object]] = {
    "zero byte": {"line": "M01", "rendition": "full\x00", "digest": "0" * 64},
    "rendition of no kind": {"line": "M01", "rendition": "hologram", "digest": "0" * 64},
    "line is a list": {"line": ["M01"], "rendition": "full", "digest": "0" * 64},
    "member missing": {"line": "M01", "digest": "0" * 64},
}


@pytest.mark.parametrize("name", BAD_PACKETS)
def test_packets_out_of_form_do_not_reach_the_database(world: "World", name: str) -> None:
    work = world.open()
    work.do(work.seal(), WINDOW)
    good = work.wrap(DEPARTMENT)
    body = dict(read_statement(read_envelope(good.envelope).payload).body) | {"packets": [BAD_PACKETS[name]]}
    bad = replace(good, envelope=work.act("wrap", body, WINDOW, chain="keys").encode())
    assert code(work.place(bad, WINDOW)) == "BODY_MEMBER"
    assert code(work.place(good, WINDOW)) == "PLACED"


def test_a_check_code_hash_out_of_form_is_refused(world: "World") -> None:
    work = world.open()
    seal = work.seal()
    assert code(work.place(replace(seal, check_code_hash="scrypt$\x00"), WINDOW)) == "CHECK_CODE_FORMAT"
    assert code(work.place(replace(seal, check_code_hash="scrypt$16384$8$1$aa$bb"), WINDOW)) == "PLACED"
    with world.database.unit() as unit:
        kept = unit._connection.exec_driver_sql("SELECT public_no, hash FROM check_codes").all()
    assert [tuple(row) for row in kept] == [(work.public_no, "scrypt$16384$8$1$aa$bb")]


# --- promise 3 -------------------------------------------------------------------------------------------------------


def test_replaying_the_leaves_gives_the_rows(world: "World") -> None:
    closed, waiting, withdrawn = world.open().to_closed(), world.open().to_forwarded(), world.open().to_pending()
    withdrawn.do(withdrawn.withdraw(), WINDOW)
    rows = world.rows()
    registry = [leaves.decode(row.leaf) for row in rows if row.is_registry]
    directory = Directory(world.registrar_keys)
    for leaf in registry:
        directory.admit(read_envelope(leaf.envelope), recorded_at=leaf.recorded_at)  # every signature checked anew
    assert directory.epoch == world.registry.refresh().epoch
    with world.database.unit() as unit:
        documents = {
            (kind, world.registry.version(kind) or ""): world.registry.document(unit, kind)[1]
            for kind in ("catalogue", "calendar")
        }
    for work in (closed, waiting, withdrawn):
        manifests = {made.digest: made.manifest for made in (work.application, work.result) if made}
        assert all(read_manifest(data).case == work.case for data in manifests.values())
        of_case = [leaves.decode(row.leaf) for row in rows if row.case_id == work.case]
        told = replay(of_case, registry, documents, manifests, world.registrar_keys)
        with world.database.unit() as unit:
            kept = unit.cases.find(work.case)
        assert told.findings == ()
        assert told.file is not None and kept is not None
        assert canonical.encode(told.file.to_document()) == kept.document
        assert (kept.state, kept.seq, kept.updated_index) == (told.file.state, told.file.seq, of_case[-1].index)


def test_a_leaf_carries_the_envelope_as_it_was_signed(world: "World") -> None:
    work = world.open()
    seal = work.seal()
    made: Envelope = read_envelope(placed(work.place(seal, WINDOW)).leaf.envelope)
    assert made.encode() == seal.envelope
