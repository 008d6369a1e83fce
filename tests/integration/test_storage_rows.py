"""Rows on a real PostgreSQL: what is unique, what is compared and set, what is locked, what a rollback undoes."""

from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

import storage.tables
from crypto import canonical
from crypto.refusal import Refusal
from storage import failpoints, node_rows
from storage.case_rows import CaseRow
from storage.database import Database
from storage.failpoints import Order
from storage.node_rows import EnrolmentRow
from storage.object_rows import PacketRow, PinnedRow, UploadRow
from tests.integration.bare_rows import CASE, append, at_once, leaf

pytestmark = pytest.mark.integration


# --- log -------------------------------------------------------------------------------------------------------------


def test_the_head_is_given_to_one_at_a_time(database: Database) -> None:
    """Ten writers that each read the head and count on: no index twice, none missing."""

    def count_on() -> None:
        for _ in range(5):
            with database.unit() as unit:
                head = unit.log.lock_head()
                unit.log.append(replace(head, size=head.size + 1), [leaf(head.size)], [])
                unit.commit()

    assert at_once([count_on] * 10) == [None] * 10
    with database.unit() as unit:
        assert [row.index for row in unit.log.range(0, 100)] == list(range(50))
        assert unit.log.head().size == 50


def test_an_index_and_a_payload_are_kept_once(database: Database) -> None:
    append(database, leaf(0))
    for again in (leaf(0), replace(leaf(1), payload_digest=leaf(0).payload_digest)):
        with pytest.raises(UniqueViolation):
            append(database, again)
    with database.unit() as unit:
        assert unit.log.head().size == 1
        assert unit.log.known([leaf(0).payload_digest, "f" * 64]) == {leaf(0).payload_digest: leaf(0)}
        assert unit.log.known([]) == {}


def test_leaves_are_found_by_place_case_and_registry(database: Database) -> None:
    rows = [leaf(0, None, 1, True), leaf(1, "a", 1), leaf(2, "b", 1), leaf(3, None, 2, True), leaf(4, "a", 2)]
    append(database, *rows, to=(("n", 1, "a"), ("n", 4, "a"), ("m", 2, "b")))
    with database.unit() as unit:
        assert unit.log.range(1, 3) == rows[1:3]
        assert unit.log.of_case("a") == [rows[1], rows[4]]
        assert unit.log.of_case("a", after=1) == [rows[4]]
        assert unit.log.of_case("a", limit=1) == [rows[1]]
        assert unit.log.of_cases(["b", "a", "none"]) == [rows[1], rows[2], rows[4]]
        assert unit.log.of_cases([]) == []
        assert unit.log.registry(0) == [rows[0], rows[3]]
        assert unit.log.registry(1) == [rows[3]]
        (first, one), (second, other) = unit.log.inbox("n", -1, 10)
        assert first < second and [one, other] == [rows[1], rows[4]]
        assert unit.log.inbox("n", first, 10) == [(second, rows[4])]
        assert unit.log.inbox("n", -1, 1) == [(first, rows[1])]
        assert unit.log.inbox("stranger", -1, 10) == []


def test_an_older_leaf_that_comes_to_a_node_late_comes_after_its_cursor(database: Database) -> None:
    append(database, leaf(0, "a"), leaf(1, "b"), to=(("n", 1, "b"),))
    with database.unit() as unit:
        ((cursor, _),) = unit.log.inbox("n", -1, 10)
    append(database, leaf(2, "a"), to=(("n", 0, "a"), ("n", 2, "a")))
    with database.unit() as unit:
        assert [row.index for _, row in unit.log.inbox("n", cursor, 10)] == [0, 2]


def test_the_checkpoint_moves_by_compare_and_set(database: Database) -> None:
    with database.unit() as unit:
        assert unit.log.checkpoint() == (0, "")
        assert unit.log.move_checkpoint(0, 5, "five")
        assert not unit.log.move_checkpoint(0, 7, "seven")
        unit.commit()
    with database.unit() as unit:
        assert unit.log.checkpoint() == (5, "five")


def test_the_failpoint_of_the_checkpoint_is_its_move_not_a_look_at_sizes(database: Database) -> None:
    failpoints.drill(Order("integrator.checkpoint", failpoints.BEFORE, failpoints.ERROR))
    try:
        with database.reading() as reading:
            assert reading.log.extent().integrated == 0
        with pytest.raises(Refusal, match="DATABASE_UNAVAILABLE"), database.unit() as unit:
            unit.log.move_checkpoint(0, 5, "five")
    finally:
        failpoints.end()
    with database.unit() as unit:
        assert unit.log.checkpoint() == (0, "")


def test_the_integrator_lock_belongs_to_one_and_ends_with_its_transaction(database: Database) -> None:
    with database.unit() as first, database.unit() as second:
        assert first.log.try_integrator_lock()
        assert not second.log.try_integrator_lock()
        first.commit()
        assert second.log.try_integrator_lock()


def test_a_witness_has_one_line_a_size(database: Database) -> None:
    with database.unit() as unit:
        for line in ("\u2014 a_b 1", "\u2014 a_b 2", "\u2014 axb 3", "\u2014 a_b 2"):
            unit.log.add_cosignature(5, line)
        unit.log.add_cosignature(6, "\u2014 a_b 4")
        assert unit.log.cosignatures(5) == ["\u2014 a_b 2", "\u2014 axb 3"]
        assert unit.log.cosignatures(6) == ["\u2014 a_b 4"]
        assert unit.log.cosignatures(7) == []


# --- cases -----------------------------------------------------------------------------------------------------------


def test_a_case_moves_from_what_was_read_only(database: Database) -> None:
    with database.unit() as unit:
        unit.cases.insert([CASE])
        unit.commit()
    moved = replace(CASE, seq=2, state="FORWARDED", updated_index=3)
    with database.unit() as unit:
        unit.cases.move([(CASE, moved)])
        unit.cases.move([])
        unit.commit()
    for stale in (CASE, replace(moved, seq=1), replace(moved, updated_index=0)):
        with pytest.raises(Refusal, match="HEAD_MOVED"), database.unit() as unit:
            unit.cases.move([(stale, replace(CASE, state="CLOSED"))])
    with database.unit() as unit:
        assert [unit.cases.find(name) for name in (CASE.case_id, CASE.public_no, CASE.case_no)] == [moved] * 3
        assert unit.cases.find("nothing") is None


def test_loaded_cases_are_locked(database: Database) -> None:
    with database.unit() as unit:
        unit.cases.insert([CASE])
        unit.commit()
    with database.unit() as first:
        assert first.cases.load([CASE.case_id, "absent"]) == {CASE.case_id: CASE}
        with database.unit() as second, pytest.raises(Refusal, match="DATABASE_UNAVAILABLE"):
            second._connection.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
            with database.unit():
                second.cases.load([CASE.case_id])
        assert first.cases.load([]) == {}


@pytest.mark.requirement("invariant 18")
@pytest.mark.parametrize("same", ["case_id", "public_no", "case_no"])
def test_a_case_its_number_and_its_public_number_are_unique(database: Database, same: str) -> None:
    other = CaseRow("d" * 32, 1, "COLLECTED", "n", "310010000027", "y" * 43, 0, b"{}")
    with database.unit() as unit:
        unit.cases.insert([CASE])
        unit.commit()
    with pytest.raises(UniqueViolation), database.unit() as unit:
        unit.cases.insert([replace(other, **{same: getattr(CASE, same)})])
    with database.unit() as unit:
        unit.cases.insert([other])


def test_serials_are_given_out_once_an_item_and_day(database: Database) -> None:
    def draw() -> list[int]:
        drawn = []
        for _ in range(5):
            with database.unit() as unit:
                drawn.append(unit.cases.next_serial("item", "2026-11-21"))
                unit.commit()
        return drawn

    drawn = [number for part in at_once([draw] * 4) for number in part]  # type: ignore[attr-defined]
    assert sorted(drawn) == list(range(1, 21))
    with database.unit() as unit:
        assert unit.cases.next_serial("item", "2026-11-22") == 1
        assert unit.cases.next_serial("other", "2026-11-21") == 1
    with database.unit() as unit:
        assert unit.cases.next_serial("item", "2026-11-22") == 1  # undone before
        unit.cases.keep_serial("item", "2026-11-22", 5)
        assert unit.cases.next_serial("item", "2026-11-22") == 6


def test_a_node_lists_the_cases_that_it_was_shown_newest_first(database: Database) -> None:
    rows = [
        replace(CASE, case_id=f"{n:032x}", public_no=f"p{n}", case_no=f"n{n}", updated_index=n, state=state)
        for n, state in enumerate(("COLLECTED", "CLOSED", "COLLECTED"))
    ]
    append(
        database,
        *(leaf(n, row.case_id) for n, row in enumerate(rows)),
        to=(("n", 0, rows[0].case_id), ("n", 2, rows[2].case_id), ("m", 1, rows[1].case_id)),
    )
    with database.unit() as unit:
        unit.cases.insert(rows)
        assert unit.cases.listed("n", "", 100, 10) == [rows[2], rows[0]]
        assert unit.cases.listed("n", "", 2, 10) == [rows[0]]
        assert unit.cases.listed("n", "CLOSED", 100, 10) == []
        assert [unit.cases.is_party(node, rows[0].case_id) for node in ("n", "m")] == [True, False]


def test_cases_are_listed_by_region_beside_those_that_were_shown(database: Database) -> None:
    places = [("500116000000", ""), ("360102000000", "360403000000"), ("110101000000", "360403001000"), ("1" * 12, "")]
    rows = [
        replace(
            CASE,
            case_id=f"{n:032x}",
            public_no=f"p{n}",
            case_no=f"n{n}",
            updated_index=n,
            document=canonical.encode({"collecting_node": node(first), "accepting_node": node(last), "wraps": "甲"}),
        )
        for n, (first, last) in enumerate(places)
    ]
    append(database, *(leaf(n, row.case_id) for n, row in enumerate(rows)), to=(("n", 3, rows[3].case_id),))
    with database.unit() as unit:
        unit.cases.insert(rows)

        def found(region: str, before: int = 100, limit: int = 10) -> list[int]:
            return [row.updated_index for row in unit.cases.listed("n", "", before, limit, region)]

        assert found("360403") == [3, 2, 1]
        assert found("360403", before=2) == [1]
        assert found("36", limit=2) == [3, 2]
        assert found("360102000000") == [3, 1]
        assert found("50") == [3, 0]
        assert found("44") == [3]
        assert [row.updated_index for row in unit.cases.listed("n", "CLOSED", 100, 10, "36")] == []
        unit.regions.keep({rows[0].case_id: {"440106000000"}, rows[1].case_id: {"440103000000", "440106000000"}})
        assert found("440106") == [3, 1, 0]
        assert found("44", before=1) == [0]
        unit.regions.keep({rows[1].case_id: {"440103000000"}, rows[0].case_id: set()})
        assert [found("440106"), found("440103"), found("44")] == [[3], [3, 1], [3, 1]]
        assert unit.regions.of_case(rows[0].case_id) == set()


def node(region: str) -> str:
    return f"spiffe://yidi.test/{region}/hall" if region else ""


def test_the_first_check_code_hash_stays(database: Database) -> None:
    with database.unit() as unit:
        unit.cases.keep_check_codes({"1": "first", "2": "other"})
        unit.cases.keep_check_codes({"1": "second"})
        kept = unit._connection.exec_driver_sql("SELECT public_no, hash FROM check_codes ORDER BY 1").all()
    assert [tuple(row) for row in kept] == [("1", "first"), ("2", "other")]


# --- objects ---------------------------------------------------------------------------------------------------------


UPLOAD = UploadRow("u1", "m" * 64, "node", "cases/a/1/b", "store-1", "OPEN")
PIN = PinnedRow("m" * 64, "node", "c" * 32, "cases/a/1/b", "v1", 5, "e-1")


def test_an_upload_belongs_to_one_manifest_and_one_key(database: Database) -> None:
    with database.unit() as unit:
        assert unit.objects.open_upload(UPLOAD) == UPLOAD
        assert unit.objects.open_upload(replace(UPLOAD, upload_id="u2", store_upload_id="store-2")) == UPLOAD
        with pytest.raises(Refusal, match="OBJECT_KEY"):
            unit.objects.open_upload(replace(UPLOAD, upload_id="u3", manifest="n" * 64))
        unit.objects.end_upload("u1")
        assert unit.objects.upload("u1") == unit.objects.upload_of(UPLOAD.manifest) == replace(UPLOAD, state="DONE")
        unit.objects.forget_upload("u1")
        assert unit.objects.upload("u1") is None and unit.objects.upload_of(UPLOAD.manifest) is None


def test_the_first_pinned_version_stays(database: Database) -> None:
    with database.unit() as unit:
        unit.objects.keep_document(PIN.manifest, "manifest", b"manifest")
        unit.objects.pin(PIN)
        unit.objects.pin(replace(PIN, version_id="v2"))
        assert unit.objects.pinned([PIN.manifest, "x"]) == {PIN.manifest: (PIN, b"manifest")}
        assert unit.objects.pinned([]) == {}
    with pytest.raises(IntegrityError), database.unit() as unit:
        unit.objects.pin(replace(PIN, manifest="without its bytes"))


def test_a_document_keeps_its_bytes(database: Database) -> None:
    with database.unit() as unit:
        unit.objects.keep_document("d", "seal", b"first")
        unit.objects.keep_document("d", "seal", b"second")
        unit.objects.keep_documents([("e", "seal", b"e"), ("d", "seal", b"third"), ("e", "seal", b"again")])
        assert [unit.objects.document(name) for name in "def"] == [b"first", b"e", None]


def test_packets_come_in_order_and_a_new_one_takes_the_place_of_the_old(database: Database) -> None:
    made = [
        PacketRow("m", "n", "k", line, rendition, "c", f"{line}{rendition}".encode())
        for line in ("L1", "L2") for rendition in ("full", "masked")
    ]  # fmt: skip
    with database.unit() as unit:
        unit.objects.keep_packets(list(reversed(made)))
        assert unit.objects.packets("m", "n") == made
        assert unit.objects.packets("m", "n", ("L1", "masked"), 1) == [made[2]]
        newer = replace(made[0], packet=b"newer")
        unit.objects.keep_packets([newer])
        assert unit.objects.packets("m", "n") == [newer, *made[1:]]
        unit.objects.keep_packets([made[0], newer, made[0]])  # one place three times: the last one counts
        assert unit.objects.packets("m", "n") == made
        assert unit.objects.packets("m", "stranger") == []


# --- enrolments ------------------------------------------------------------------------------------------------------


def test_the_oldest_answers_of_a_kind_go(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_rows, "ANSWERED_KEPT", 2)
    with database.unit() as unit:
        for name in ("waits", "done", "r1", "r2", "r3", "r4"):
            unit.enrolments.add(EnrolmentRow(name, name, b"csr", b"record", bytes(32), False))
        unit.enrolments.answer("done", b"certificate", "")
        for name in ("r1", "r2", "r3", "r4"):
            assert unit.enrolments.answer(name, b"", "TOKEN_WRONG")
        left = [name for name in ("waits", "done", "r1", "r2", "r3", "r4") if unit.enrolments.get(name)]
    assert left == ["waits", "done", "r3", "r4"]


def test_an_enrolment_is_answered_once_and_waits_in_order(database: Database) -> None:
    rows = [EnrolmentRow(name, name, b"csr", b"record", bytes(32), False) for name in ("a", "b", "c")]
    with database.unit() as unit:
        for row in rows:
            unit.enrolments.add(row)
        assert [row.enrolment_id for row in unit.enrolments.pending()] == ["a", "b", "c"]
        first = unit.enrolments.pending(limit=1)[0]
        assert [row.enrolment_id for row in unit.enrolments.pending(first.number)] == ["b", "c"]
        assert unit.enrolments.answer("a", b"certificate", "")
        assert not unit.enrolments.answer("a", b"", "REFUSED_LATER")
        assert unit.enrolments.answer("b", b"", "TOKEN_WRONG")
        assert not unit.enrolments.answer("unknown", b"", "X")
        assert unit.enrolments.count_pending() == 1
        done, refused = unit.enrolments.get("a"), unit.enrolments.get("b")
        assert done is not None and refused is not None
        assert (done.state, done.certificate, done.refusal_code) == ("DONE", b"certificate", "")
        assert (refused.state, refused.certificate, refused.refusal_code) == ("REFUSED", b"", "TOKEN_WRONG")
    with pytest.raises(IntegrityError), database.unit() as unit:
        unit.enrolments.add(rows[0])
        unit.enrolments.add(rows[0])


def test_the_further_regions_of_older_cases_are_found_when_the_schema_grows(database: Database) -> None:
    """Migration 0006: what follows from cases that were passed up, or had parts, before there was such a table."""
    told: list[dict[str, object]] = [
        {"first_reviewers": [node("360102000000")], "parts": [{"node": node("440106000000")}, {"node": ""}]},
        {"collecting_node": node("500116000000")},
    ]
    told += [{"parts": [{"node": node("500116000000")}]}] * 1001  # more than two of its pages
    rows = [
        replace(CASE, case_id=f"{n:032x}", public_no=f"p{n}", case_no=f"n{n}", document=canonical.encode(document))
        for n, document in enumerate(told)
    ]
    with database.unit() as unit:
        unit.cases.insert(rows)
        unit.commit()
    config = Config()
    config.set_main_option("script_location", str(Path(storage.tables.__file__).parent / "migrations"))
    with database._single.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0005")
        connection.commit()
    database.migrate()
    with database.reading() as reading:
        assert reading.regions.of_case(rows[0].case_id) == {"360102000000", "440106000000"}
        assert reading.regions.of_case(rows[1].case_id) == set()
        assert all(reading.regions.of_case(row.case_id) == {"500116000000"} for row in rows[2:])
