"""The agent's journal: what was said to be kept is kept, in order, once, privately, whatever kills the process."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from crypto.refusal import Refusal
from crypto.sealing import KeyPacket
from storage.journal import Journal, KeptDraft, OutboxEntry, PendingUpload

ROOT = Path(__file__).parents[3]
CASE = "c0" * 16


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite")


def entry(number: int, case: str = CASE, **changes: object) -> OutboxEntry:
    made = OutboxEntry(
        case, "seal", f"{number:064x}", b"envelope %d" % number, queued_at="2026-11-21T20:00:00.000+08:00"
    )
    return replace(made, **changes)  # type: ignore[arg-type]


WRITER = """
import sys
from pathlib import Path
from storage.journal import Journal, OutboxEntry, PendingUpload
journal = Journal(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    entries = [OutboxEntry("c0" * 16, "wrap", f"{number:032x}{part:032x}", b"e") for part in range(5)]
    journal.queue(entries, [PendingUpload(f"{number:064x}", b"m", "f")])
    counted = journal.next_number("public_no")
    print(number, counted, flush=True)
"""


def test_a_kill_at_any_moment_loses_nothing_said_and_halves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    said = 0
    for wanted in (3, 11, 26):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert child.stdout is not None
        lines = [child.stdout.readline().split() for _ in range(wanted)]
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().splitlines()
        child.wait(30)
        lines += [line.split() for line in rest if len(line.split()) == 2]
        said = max(said, *(int(number) for number, _ in lines))
        last_counted = max(int(counted) for _, counted in lines)
        journal = Journal(path)
        uploads = {upload.manifest_digest for upload in journal.uploads_waiting()}
        assert {f"{number:064x}" for number in range(1, said + 1)} <= uploads
        for upload in uploads:
            group = [act for act in journal.acts(CASE) if act.payload_digest.startswith(upload[32:])]
            assert len(group) == 5
        assert journal.next_number("public_no") > last_counted
        journal.close()


def test_queueing_again_changes_nothing(journal: Journal) -> None:
    first = entry(1, packets=(KeyPacket("M01", "full", "node", "key", b"p"),), attachments=(b"a",), check_code_hash="h")
    upload = PendingUpload("d" * 64, b"manifest", "file")
    journal.queue([first], [upload])
    journal.queue([replace(first, envelope=b"other")], [replace(upload, file="other")])
    assert journal.waiting() == [replace(first, number=1)]
    assert journal.uploads_waiting() == [upload]
    journal.uploaded(upload.manifest_digest)
    journal.queue([], [upload])
    assert journal.uploads_waiting() == []


def test_order_is_the_order_of_queueing_across_cases_and_processes(tmp_path: Path, journal: Journal) -> None:
    other = Journal(tmp_path / "journal.sqlite")
    journal.queue([entry(3), entry(1)])
    other.queue([entry(2, case="d0" * 16)])
    journal.queue([entry(0)])
    assert [int(act.payload_digest, 16) for act in other.waiting()] == [3, 1, 2, 0]
    assert [int(act.payload_digest, 16) for act in journal.acts(CASE)] == [3, 1, 0]
    assert [int(act.payload_digest, 16) for act in journal.waiting(limit=2)] == [3, 1]


def test_an_answer_is_kept_once_and_never_replaced(journal: Journal) -> None:
    journal.queue([entry(1), entry(2)])
    refusal = Refusal("HEAD_MOVED", "order", head="x")
    journal.answered(entry(1).payload_digest, b"receipt", "no", None)
    journal.answered(entry(1).payload_digest, b"", "", refusal)
    journal.answered(entry(2).payload_digest, b"", "", refusal)
    done, refused = (journal.entry(f"{number:064x}") for number in (1, 2))
    assert done is not None and (done.state, done.receipt, done.case_no, done.refusal) == (
        "DONE",
        b"receipt",
        "no",
        None,
    )
    assert refused is not None and refused.state == "REFUSED" and refused.refusal is not None
    assert (refused.refusal.code, refused.refusal.rule, dict(refused.refusal.values)) == (
        "HEAD_MOVED",
        "order",
        {"head": "x"},
    )
    assert journal.waiting() == []
    assert journal.entry("f" * 64) is None


def test_numbers_are_never_given_out_twice(tmp_path: Path) -> None:
    given: list[int] = []

    def draw() -> None:
        mine = Journal(tmp_path / "journal.sqlite")
        given.extend(mine.next_number("public_no:10017") for _ in range(20))
        mine.close()

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(1, 81))
    assert Journal(tmp_path / "journal.sqlite").next_number("public_no:10018") == 1


def test_only_the_owner_reads_the_journal_and_its_side_files(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        journal = Journal(tmp_path / "journal.sqlite")
        journal.save_draft(KeptDraft(CASE, "OPEN", {"name": "余知远"}))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert "journal.sqlite-wal" in modes
    assert set(modes.values()) == {0o600}


def test_an_unwritable_journal_says_so_and_keeps_what_it_had(journal: Journal, tmp_path: Path) -> None:
    journal.queue([entry(1)])
    journal._connection.execute("PRAGMA query_only=ON")  # as a read-only disk does: reading goes on, writing does not
    for act in (
        lambda: journal.queue([entry(2)]),
        lambda: journal.save_draft(KeptDraft(CASE, "OPEN", {})),
        lambda: journal.next_number("n"),
        lambda: journal.keep("n", b""),
        lambda: journal.answered(entry(1).payload_digest, b"r", "", None),
    ):
        with pytest.raises(Refusal) as caught:
            act()
        assert caught.value.code == "JOURNAL_UNWRITABLE"
    journal._connection.execute("PRAGMA query_only=OFF")
    assert [act.payload_digest for act in journal.waiting()] == [entry(1).payload_digest]


def test_a_full_disk_undoes_the_whole_transaction(journal: Journal) -> None:
    journal.queue([entry(1)])
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(Refusal, match="JOURNAL_UNWRITABLE"):
        journal.queue([entry(2), entry(3, envelope=b"x" * 200_000)], [PendingUpload("d" * 64, b"m", "f")])
    journal._connection.execute("PRAGMA max_page_count=1000000")
    assert len(journal.waiting()) == 1 and journal.uploads_waiting() == []
    journal.queue([entry(2)])
    assert len(journal.waiting()) == 2


def test_an_error_inside_a_transaction_undoes_it(journal: Journal) -> None:
    with pytest.raises(sqlite3.IntegrityError), journal.transaction() as at:
        at.execute("INSERT INTO notes VALUES('a', x'00')")
        at.execute("INSERT INTO notes VALUES('a', x'01')")
    assert journal.kept("a") is None
    journal.keep("a", b"\x02")
    assert journal.kept("a") == b"\x02"


def test_what_is_asked_all_the_time_is_found_by_an_index(journal: Journal) -> None:
    asked = (
        ("SELECT * FROM outbox WHERE case_id=? ORDER BY number", "outbox_case"),
        ("SELECT * FROM uploads WHERE state='WAITING' ORDER BY rowid", "uploads_waiting"),
    )
    with journal.transaction() as at:
        assert at.execute("PRAGMA secure_delete").fetchone()[0] == 1
        for query, index in asked:
            plan = at.execute(f"EXPLAIN QUERY PLAN {query}", ("c",) * query.count("?")).fetchall()
            assert [index in row["detail"] for row in plan] == [True], plan


def test_leaves_come_once_and_in_order(journal: Journal) -> None:
    journal.receive([(4, CASE, b"four"), (9, "d0" * 16, b"nine")])
    journal.receive([(4, CASE, b"changed"), (11, CASE, b"eleven")])
    assert journal.leaves(CASE) == [b"four", b"eleven"]
    assert journal.case_ids() == [CASE, "d0" * 16]


def test_drafts_keep_their_order_and_newest_state(journal: Journal) -> None:
    assert journal.save_draft(KeptDraft(CASE, "OPEN", {"form": {"name": "余知远"}})) == 1
    journal.save_draft(KeptDraft("d0" * 16, "OPEN", {}))
    assert journal.save_draft(KeptDraft(CASE, "SEALED", {"form": {}}, 1)) == 2
    assert journal.drafts() == [(CASE, "SEALED"), ("d0" * 16, "OPEN")]
    assert journal.draft(CASE) == KeptDraft(CASE, "SEALED", {"form": {}}, 2)
    assert journal.draft("e0" * 16) is None


def test_nothing_is_kept_over_what_another_command_kept(journal: Journal) -> None:
    journal.save_draft(KeptDraft(CASE, "OPEN", {"page": 1}))
    journal.save_draft(KeptDraft(CASE, "OPEN", {"page": 2}, 1))
    journal.keep("supplement:c", b"one")
    stale = KeptDraft(CASE, "SEALED", {}, 1)
    for act in (
        lambda: journal.save_draft(stale),
        lambda: journal.save_draft(KeptDraft(CASE, "OPEN", {})),
        lambda: journal.save_draft(KeptDraft("d0" * 16, "OPEN", {}, 1)),
        lambda: journal.queue([entry(1)], [PendingUpload("d" * 64, b"m", "f")], {"n": b""}, stale),
        lambda: journal.queue([entry(1)], over={"supplement:c": b"other"}),
        lambda: journal.queue([entry(1)], over={"supplement:none": b"one"}),
        lambda: journal.keep_over("supplement:c", None, b"two"),
    ):
        with pytest.raises(Refusal, match="DRAFT_NEWER"):
            act()
    assert journal.draft(CASE) == KeptDraft(CASE, "OPEN", {"page": 2}, 2)
    assert (journal.waiting(), journal.uploads_waiting(), journal.kept("n")) == ([], [], None)
    journal.keep_over("supplement:c", b"one", b"two")
    journal.queue([entry(1)], draft=replace(stale, revision=2), over={"supplement:c": b"two", "supplement:none": None})
    kept = journal.draft(CASE)
    assert kept is not None and (kept.state, kept.revision, len(journal.waiting())) == ("SEALED", 3, 1)


def test_a_note_is_erased_only_as_it_was_read(journal: Journal) -> None:
    journal.keep("supplement:c", b"other")
    assert not journal.forget_over("supplement:c", b"one") and journal.kept("supplement:c") == b"other"
    assert journal.forget_over("supplement:c", b"other") and journal.kept("supplement:c") is None
    assert not journal.forget_over("supplement:c", b"other")


def test_a_journal_from_before_drafts_were_counted_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    old = sqlite3.connect(path)
    old.execute("CREATE TABLE drafts(case_id TEXT PRIMARY KEY, state TEXT NOT NULL, document TEXT NOT NULL)")
    old.execute("INSERT INTO drafts VALUES(?,'OPEN','{}')", (CASE,))
    old.commit()
    old.close()
    journal = Journal(path)
    assert journal.draft(CASE) == KeptDraft(CASE, "OPEN", {}, 1)
    assert journal.save_draft(KeptDraft(CASE, "OPEN", {}, 1)) == 2
    assert Journal(path).save_draft(KeptDraft("d0" * 16, "OPEN", {})) == 1
