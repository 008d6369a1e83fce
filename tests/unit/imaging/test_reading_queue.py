"""The queue of pages on disk and the keeper of the reading process (issue 5, part 7)."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest

from crypto.refusal import Refusal
from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.found import Found
from node_agent.imaging.finding.hints import Hint
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.picture import Pixels, decode
from node_agent.imaging.reading import queue as queue_module
from node_agent.imaging.reading import worker
from node_agent.imaging.reading.engine import Engine
from node_agent.imaging.reading.keeper import Keeper
from node_agent.imaging.reading.lines import Line, Reading, line_of
from node_agent.imaging.reading.queue import PageQueue, digest_of
from tests.labelled.hard import hard_page
from tests.pages import jpeg, sheet

READING = Reading(10, 10, 0, 0.9, "tiny", ())
JUDGED = Judged((Found(PageKind.NAME, (1, 2, 30, 40), 0.9, "HINT", "张三"),), (), 90)


@contextmanager
def kept(keeper: Keeper) -> Iterator[None]:
    """The keeper at work in a thread of its own."""
    stop = threading.Event()
    thread = threading.Thread(target=keeper.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def test_a_page_waits_until_it_is_done_and_its_bytes_go_then(tmp_path: Path) -> None:
    queue = PageQueue(tmp_path)
    job = queue.put(b"page", [Hint(PageKind.NAME, "张三")])
    assert queue.put(b"page", [Hint(PageKind.NAME, "张三")]) == job
    assert queue.put(b"page") != job
    assert PageQueue(tmp_path).waiting()[0] == job
    asked = queue.asked(job)
    assert (asked.page, asked.hints, asked.again) == (b"page", (Hint(PageKind.NAME, "张三"),), False)
    assert queue.result(job) is None
    assert not queue.wait([job], 0.0)
    queue.start(job)
    queue.finish(job, JUDGED)
    assert queue.wait([job], 0.0)
    assert PageQueue(tmp_path).result(job) == JUDGED
    assert not (tmp_path / "pages" / job).exists()
    assert queue.progress([job]).done == 1
    queue.forget({digest_of(b"page")})
    assert queue.result(job) is None and queue.waiting() == []


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    queue = PageQueue(tmp_path)
    queue.put(b"page", [Hint(PageKind.NAME, "张三")])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_a_full_queue_refuses_and_drops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "MOST", 2)
    queue = PageQueue(tmp_path)
    jobs = [queue.put(b"1"), queue.put(b"2")]
    with pytest.raises(Refusal, match="PAGE_QUEUE_FULL"):
        queue.put(b"3")
    assert queue.waiting() == jobs


def test_a_value_is_not_shown_when_a_result_or_hint_is_printed() -> None:
    assert "张三" not in f"{JUDGED!r} {Hint(PageKind.NAME, '张三')!r}"


def test_the_worker_reads_what_waits_and_what_is_no_page_does_not_stop_it(tmp_path: Path) -> None:
    queue, keeper = PageQueue(tmp_path), Keeper(PageQueue(tmp_path))
    pixels, _ = hard_page("wide_digits")
    done, data = cv2.imencode(".png", pixels)
    assert done
    jobs = [queue.put(b"no page at all"), queue.put(data.tobytes())]
    with kept(keeper):
        assert queue.wait(jobs, 90)
    broken, read = queue.result(jobs[0]), queue.result(jobs[1])
    assert broken is not None and broken.withheld == ("PAGE_NOT_IMAGE",)
    assert read is not None and {one.kind for one in read.found} >= {PageKind.CITIZEN_ID, PageKind.PHONE}
    assert 0 < keeper.peak_bytes < 1024 * 2**20


def test_two_keepers_never_start_two_workers(tmp_path: Path) -> None:
    queue = PageQueue(tmp_path)
    queue.put(b"page")
    keeper = Keeper(queue)
    with PageQueue(tmp_path).held() as alone:
        assert alone
        keeper.look()
        assert keeper.worker is None


def test_a_worker_that_hangs_on_a_forgotten_page_is_ended_too(tmp_path: Path) -> None:
    queue = PageQueue(tmp_path)
    job = queue.put(b"a page that never ends")
    keeper = Keeper(queue, 0.0)
    keeper.worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    queue.start(job)
    queue.forget({digest_of(b"a page that never ends")})
    time.sleep(0.01)
    keeper.look()
    assert keeper.worker is None and queue.working() is None


@pytest.mark.parametrize(("limits", "reason"), [((0.0, 2**40), "TIME_LIMIT"), ((900.0, 1), "MEMORY_LIMIT")])
def test_a_page_over_the_limits_is_withheld_and_the_next_one_comes(
    tmp_path: Path, limits: tuple[float, int], reason: str
) -> None:
    queue = PageQueue(tmp_path)
    first = queue.put(b"a page that never ends")
    keeper = Keeper(queue, *limits)
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    keeper.worker = sleeper
    queue.start(first)
    time.sleep(0.01)
    keeper.look()
    assert sleeper.poll() is not None
    result = queue.result(first)
    assert result is not None and result.withheld == (reason,)
    assert queue.waiting() == []


def died(code: int) -> "subprocess.Popen[bytes]":
    """A worker that ended by itself."""
    worker = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
    worker.wait()
    return worker


def test_a_page_is_read_once_more_after_its_worker_died_and_withheld_after_the_second_time(tmp_path: Path) -> None:
    queue = PageQueue(tmp_path)
    job = queue.put(b"poison")
    keeper = Keeper(queue)
    for attempt in (1, 2):
        assert queue.waiting() == [job] and queue.result(job) is None, attempt
        keeper.worker = died(3)
        queue.start(job)
        keeper.look()
    result = queue.result(job)
    assert result is not None and result.withheld == ("READING_BROKE",)
    assert queue.waiting() == []


def test_a_page_that_somebody_waits_for_comes_first(tmp_path: Path) -> None:
    queue = PageQueue(tmp_path)
    jobs = [queue.put(bytes([number])) for number in range(4)]
    queue.hurry([jobs[3], jobs[1], "gone"])
    assert queue.waiting()[:2] == [jobs[3], jobs[1]]


def test_what_was_forgotten_meanwhile_gets_no_result(tmp_path: Path) -> None:
    """The draft ended while its page was being read: nothing of it may come back."""
    queue = PageQueue(tmp_path)
    job = queue.put(b"page")
    queue.start(job)
    queue.forget({digest_of(b"page")})
    worker.Kept(queue, job, digest_of(b"page")).reading(lambda: READING)
    queue.finish(job, JUDGED)
    assert queue.result(job) is None
    assert personal(tmp_path) == []


def test_housekeeping_erases_what_no_draft_names_and_a_kill_left(tmp_path: Path) -> None:
    queue = PageQueue(tmp_path)
    kept, gone, waits = (queue.put(page) for page in (b"kept", b"gone", b"waits"))
    for job in (kept, gone):
        queue.finish(job, JUDGED)
        queue.keep_reading(digest_of(b"kept" if job == kept else b"gone"), READING, "ab")
    (tmp_path / "done" / "x.json.1.part").write_bytes(b"half")
    (tmp_path / "pages" / "lost").write_bytes(b"bytes without a job")
    queue.sweep({digest_of(b"kept")}, time.time() - 100)
    assert queue.result(gone) is not None, "it may be somebody's of just now"
    queue.sweep({digest_of(b"kept")}, time.time() + 1)
    assert (queue.result(kept), queue.result(gone), queue.waiting()) == (JUDGED, None, [])
    assert personal(tmp_path) == sorted([f"done/{kept}.json", f"reads/{digest_of(b'kept')}.ab.json"])
    assert waits


def personal(folder: Path) -> list[str]:
    """All files but the lock."""
    found = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return sorted(name for name in found if name != "worker.lock")


# --- the worker's steps, with an engine that counts ---------------------------------------------------------------


class CountingEngine:
    """Reads the lines it is given; the other model's are ``under_masks``, by round."""

    def __init__(self, lines: Sequence[Line], under_masks: Sequence[Sequence[Line]] = (), thought: int = 0) -> None:
        self.lines, self.under_masks, self.thought = lines, list(under_masks), thought
        self.reads: list[str] = []

    def turn_of(self, page: Pixels) -> int:
        return self.thought

    def read(self, page: Pixels, turn: int) -> Reading:
        self.reads.append("tiny")
        return Reading(page.shape[1], page.shape[0], 0, 0.99, "tiny", tuple(self.lines))

    def read_with_small(self, upright: Pixels, turn: int) -> Reading:
        self.reads.append("small")
        lines = self.under_masks.pop(0) if self.under_masks else ()
        return Reading(upright.shape[1], upright.shape[0], turn, 0.99, "small", tuple(lines))


def printed(text: str, top: int) -> Line:
    """A line of print, 20 pixels a character."""
    return line_of([(one, (40 + 20 * at, top, 60 + 20 * at, top + 24)) for at, one in enumerate(text)], 0.99)


WORDS = [printed("电话:13800000000", 40), printed("备注一切正常", 120)]
PAGE = jpeg(sheet(3))


def worked(queue: PageQueue, engine: CountingEngine, job: str) -> Judged:
    """What the worker makes of a job with this engine."""
    asked = queue.asked(job)
    kept = worker.Kept(queue, job, asked.digest)
    queue.finish(job, worker.judge(cast(Engine, engine), asked.page, asked.hints, again=asked.again, kept=kept))
    result = queue.result(job)
    assert result is not None
    return result


def test_other_hints_find_again_and_read_nothing_again(tmp_path: Path) -> None:
    queue, engine = PageQueue(tmp_path), CountingEngine(WORDS)
    plain = worked(queue, engine, queue.put(PAGE))
    hinted = worked(queue, engine, queue.put(PAGE, [Hint(PageKind.NAME, "正常")]))
    assert engine.reads == ["tiny"]
    assert {one.kind for one in hinted.found} - {one.kind for one in plain.found} == {PageKind.NAME}


@pytest.mark.parametrize("thought", [0, 180])
def test_marks_seen_beside_the_reading_are_those_of_the_upright_page(thought: int) -> None:
    """``thought``: which way up the page seemed to lie before it was read, 0 when that was right."""
    page = decode(PAGE)
    qr = cv2.resize(cv2.QRCodeEncoder.create().encode("SPECIMEN"), (200, 200), interpolation=cv2.INTER_NEAREST)
    page[170:400, 380:610] = 255
    page[185:385, 395:595] = qr[..., np.newaxis]
    judged = worker.judge_pixels(cast(Engine, CountingEngine(WORDS, thought=thought)), page)
    codes = [one.box for one in judged.found if one.kind is PageKind.CODE]
    assert codes and all(left < 420 and upper < 210 and right > 570 and low > 360 for left, upper, right, low in codes)


def test_the_masked_page_is_read_by_the_other_model_and_its_finds_are_covered(tmp_path: Path) -> None:
    """Issue 5, part 4: what the small recogniser still reads is covered, and the page read once more."""
    slipped = [printed("手机:13900000001", 200)]
    queue, engine = PageQueue(tmp_path), CountingEngine(WORDS, [slipped, []])
    judged = worked(queue, engine, queue.put(PAGE, again=True))
    assert engine.reads == ["tiny", "small", "small"] and judged.withheld == ()
    more = [one.box for one in judged.found if one.reason == "READ_AGAIN"]
    assert more and all(upper > 180 and lower < 240 for _, upper, _, lower in more)
    other_hints = CountingEngine(WORDS)
    hinted = worked(queue, other_hints, queue.put(PAGE, [Hint(PageKind.NAME, "无此人")], again=True))
    assert (hinted.found, other_hints.reads) == (judged.found, [])


def test_a_page_on_which_something_is_read_after_two_rounds_is_withheld(tmp_path: Path) -> None:
    rounds = [[printed("手机:13900000001", 200)], [printed("手机:13900000001", 320)]]
    queue = PageQueue(tmp_path)
    judged = worked(queue, CountingEngine(WORDS, rounds), queue.put(PAGE, again=True))
    assert judged.withheld == ("STILL_READ",)
    assert queue.put(PAGE, again=True) != queue.put(PAGE)


def test_print_that_lies_under_a_mask_is_no_new_find(tmp_path: Path) -> None:
    """Engines read shapes into the rim of a black box."""
    queue, engine = PageQueue(tmp_path), CountingEngine(WORDS, [WORDS[:1]])
    judged = worked(queue, engine, queue.put(PAGE, again=True))
    assert judged.withheld == () and engine.reads == ["tiny", "small"]
