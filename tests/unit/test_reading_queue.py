"""The queue of pages on disk and the keeper of the reading process (issue 5, part 7)."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest

from crypto.refusal import Refusal
from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.found import Found
from node_agent.imaging.finding.hints import Hint
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.reading import queue as queue_module
from node_agent.imaging.reading.keeper import Keeper
from node_agent.imaging.reading.queue import PageQueue
from tests.labelled.hard import hard_page

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
    assert queue.page(job) == (b"page", [Hint(PageKind.NAME, "张三")])
    assert queue.result(job) is None
    assert not queue.wait([job], 0.0)
    queue.start(job)
    queue.finish(job, JUDGED)
    assert queue.wait([job], 0.0)
    assert PageQueue(tmp_path).result(job) == JUDGED
    assert not (tmp_path / "pages" / job).exists()
    assert queue.progress([job]).done == 1
    queue.drop(job)
    assert queue.result(job) is None


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


def test_a_worker_that_dies_on_a_page_leaves_it_withheld(tmp_path: Path) -> None:
    queue = PageQueue(tmp_path)
    job = queue.put(b"poison")
    keeper = Keeper(queue)
    keeper.worker = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    keeper.worker.wait()
    queue.start(job)
    keeper.look()
    result = queue.result(job)
    assert result is not None and result.withheld == ("READING_BROKE",)
