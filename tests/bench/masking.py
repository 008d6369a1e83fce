"""Finding personal data on pages: how much is found, how much too much, what another engine still reads, how fast.

Part of ``make bench`` (options: ``--help``). The pages are made by ``tests.labelled.make``; half of them stand in
layouts that no rule was written against (``apart``, ``fresh``) and are scored by themselves, clean and degraded pages
too. ``fresh_first_run`` is what was found in the third set before any rule was mended after it.

``falls_short`` names every value that is not covered, with its page and why (see ``tests.bench.shortfall``);
``too_much`` names every box over nothing personal, with its rule. The values of ``apart`` are told by kind only.

Beside: the same reading with plain regular expressions; presidio-image-redactor with Tesseract on every n-th page.
Tesseract then reads the masked pages: a page counts when a sensitive value still stands in what it reads.
Seconds are wall clock of this process and its CPU time (marks are seen while the words are read); memory and the
queue's pace come from the real worker.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "proto" / "gen")]

import cv2  # noqa: E402

from hub.casework.masking.fields import Profile  # noqa: E402
from hub.casework.masking.pictures import PageKind  # noqa: E402
from node_agent.imaging.finding.find import find, in_text  # noqa: E402
from node_agent.imaging.finding.hints import Hint  # noqa: E402
from node_agent.imaging.finding.layout import Text, arrange, plain  # noqa: E402
from node_agent.imaging.picture import Pixels  # noqa: E402
from node_agent.imaging.reading.beside import Beside  # noqa: E402
from node_agent.imaging.reading.engine import Engine, turned  # noqa: E402
from node_agent.imaging.reading.keeper import Keeper  # noqa: E402
from node_agent.imaging.reading.lines import Box, Reading, on_the_page_given  # noqa: E402
from node_agent.imaging.reading.queue import PageQueue  # noqa: E402
from tests.bench import peers_install, report  # noqa: E402
from tests.bench.shortfall import needless, why_missed  # noqa: E402
from tests.labelled.fresh import FIRST_RUN  # noqa: E402
from tests.labelled.make import make  # noqa: E402
from tests.labelled.score import Score, score_page  # noqa: E402

PLAIN = re.compile(
    r"(?<!\d)[1-9]\d{16}[\dXx](?!\d)|(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)|(?<!\d)\d{16,19}(?!\d)"
    r"|[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}|(?<![A-Za-z0-9])[EGHM]\d{8}(?!\d)|[\u4e00-\u9fff][A-Z]·?[A-Z0-9]{5}"
)
HINTED = {"NAME", "CITIZEN_ID", "PHONE", "ADDRESS"}
READABLE = {"CITIZEN_ID", "PHONE", "BANK_CARD", "PASSPORT", "PERMIT", "PLATE", "EMAIL", "NAME", "ADDRESS"}
WORKER_PAGES = 24
Sums = defaultdict[str, Score]


def main() -> None:
    """Read the options, make the pages, measure, keep the report."""
    parser = argparse.ArgumentParser(description="finding and masking personal data on labelled pages")
    parser.add_argument("--pages", type=Path, help="folder with pages made before (else they are made anew)")
    parser.add_argument("--every", type=int, default=1, help="score every n-th page")
    parser.add_argument("--peers-every", type=int, default=3, help="every n-th of these for presidio and Tesseract")
    parser.add_argument("--misses", action="store_true", help="print misses (not those of the set apart)")
    report.add_option(parser)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        folder = given.pages or Path(own) / "pages"
        if given.pages is None:
            make(folder)
        pages = json.loads((folder / "truth.json").read_text(encoding="utf-8"))[:: given.every]
        found = measure(folder, pages, given.peers_every, given.misses, Path(own))
    report.write(given.results, "masking", found)
    print(
        json.dumps({key: found[key] for key in ("ours", "other_engine", "worker") if key in found}, ensure_ascii=False)
    )


def measure(folder: Path, pages: Sequence[Mapping[str, Any]], every: int, tell: bool, own: Path) -> dict[str, Any]:
    """All figures."""
    engine = Engine()
    sums: dict[str, Sums] = {name: defaultdict(Score) for name in ("ours", "ours_with_hints", "plain_expressions")}
    masked: dict[str, Sequence[Box]] = {}
    withheld: dict[str, list[str]] = {}
    short: list[dict[str, Any]] = []
    too_much: list[dict[str, Any]] = []
    clock = Clock()
    for page in pages:
        pixels = _load(folder / page["file"])
        beside = Beside(engine)
        with clock.of("reading"):
            reading = beside.read(pixels)
        with clock.of("finding"):
            judged = find(turned(pixels, reading.turn), reading, (), beside.seen(reading.turn))
        boxes = [one.box for one in judged.covered(Profile.OUTSIDE)]
        hinted = [*boxes, *by_form(reading, page)]
        if judged.withheld:
            withheld[page["file"]] = list(judged.withheld)
        else:
            masked[page["file"]] = boxes
        missed = _add(sums["ours"], page, boxes)
        _add(sums["ours_with_hints"], page, hinted)
        _add(sums["plain_expressions"], page, by_expressions(reading))
        short += why_missed(page, missed, boxes, reading)
        too_much += needless(page, judged)
        if missed and tell and page["set"] != "apart":
            print(page["file"], missed)
    count = max(1, len(pages))
    told = {name: {part: one.report() for part, one in parts.items()} for name, parts in sums.items()}
    some = pages[::every]
    return {
        "pages": count,
        **told,
        "withheld": withheld,
        "fresh_first_run": FIRST_RUN,
        "falls_short": short,
        "too_much": too_much,
        "seconds_a_page": clock.report(count),
        "worker": by_worker(folder, pages[:: max(1, count // WORKER_PAGES)], own),
        "presidio": by_presidio(folder, some),
        "other_engine": by_tesseract(folder, some, masked, own),
    }


class Clock:
    """Wall clock and CPU time by step."""

    def __init__(self) -> None:
        self._wall: dict[str, float] = defaultdict(float)
        self._cpu: dict[str, float] = defaultdict(float)

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        """Time what the block does."""
        wall, cpu = time.monotonic(), time.process_time()
        yield
        self._wall[step] += time.monotonic() - wall
        self._cpu[step] += time.process_time() - cpu

    def report(self, count: int) -> dict[str, dict[str, float]]:
        """Seconds a page."""
        return {
            step: {"wall": round(self._wall[step] / count, 3), "cpu": round(self._cpu[step] / count, 3)}
            for step in self._wall
        }


def hints_of(page: Mapping[str, Any]) -> list[Hint]:
    """What the form of the first person on the page would tell the window."""
    first: dict[str, Hint] = {}
    whole: dict[int, str] = defaultdict(str)
    for value in page["values"]:
        whole[value["group"]] += value["text"]
    for value in page["values"]:
        if value["kind"] in HINTED and value["kind"] not in first:
            first[value["kind"]] = Hint(PageKind(value["kind"]), whole[value["group"]])
    return list(first.values())


def by_form(reading: Reading, page: Mapping[str, Any]) -> list[Box]:
    """What the form's data add, with the names that follow from them."""
    return [on_the_page_given(one.box, reading) for one in in_text(arrange(reading.lines), hints_of(page))]


def by_expressions(reading: Reading) -> list[Box]:
    """Plain regular expressions over each line of the same reading."""
    boxes = []
    for line in reading.lines:
        text = Text(plain(line.text), line.chars)
        for match in PLAIN.finditer(text.text):
            boxes += [on_the_page_given(place, reading) for place in text.places(match.start(), match.end())]
    return boxes


def by_worker(folder: Path, pages: Sequence[Mapping[str, Any]], own: Path) -> dict[str, Any]:
    """The product's queue and process: seconds a page with and without its start, peak memory."""
    queue = PageQueue(own / "queue")
    keeper, stop = Keeper(queue), threading.Event()
    thread = threading.Thread(target=keeper.run, args=(stop,))
    start = time.monotonic()
    jobs = [queue.put((folder / page["file"]).read_bytes()) for page in pages]
    queued = time.monotonic() - start
    thread.start()
    try:
        first = queue.wait(jobs[:1], 300)
        after = time.monotonic()
        done = queue.wait(jobs, 1200)
        seconds = (time.monotonic() - after) / max(1, len(jobs) - 1)
    finally:
        stop.set()
        thread.join()
    return {
        "pages": len(jobs),
        "all_done": first and done,
        "seconds_to_queue_a_page": round(queued / len(jobs), 4),
        "seconds_a_page": round(seconds, 3),
        "peak_mb": round(keeper.peak_bytes / 2**20),
    }


def by_presidio(folder: Path, pages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """presidio-image-redactor with Tesseract, in its own environment."""
    lacking = peers_install.tesseract()
    python, error = peers_install.presidio()
    if lacking or python is None:
        return {"not_installed": lacking or error}
    script = ROOT / "tests" / "bench" / "peers" / "presidio_boxes.py"
    command = [str(python), str(script), str(folder), *[page["file"] for page in pages]]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        return {"not_run": ended.stderr[-400:]}
    lines = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    sums: Sums = defaultdict(Score)
    for page, line in zip(pages, lines, strict=True):
        _add(sums, page, [(box[0], box[1], box[2], box[3]) for box in line["boxes"]])
    seconds = sum(line["seconds"] for line in lines) / max(1, len(lines))
    return {"seconds_a_page": round(seconds, 2), **{part: one.report() for part, one in sums.items()}}


def by_tesseract(
    folder: Path, pages: Sequence[Mapping[str, Any]], masked: Mapping[str, Sequence[Box]], own: Path
) -> dict[str, Any]:
    """Pages on which Tesseract reads a sensitive value, before and after masking."""
    lacking = peers_install.tesseract()
    if lacking:
        return {"not_installed": lacking}
    before, after, left = 0, 0, []
    released = [page for page in pages if page["file"] in masked]
    for page in released:
        pixels = _load(folder / page["file"])
        before += bool(_readable(page, _tesseract(pixels, own)))
        for left_edge, top, right, bottom in masked[page["file"]]:
            pixels[max(0, top) : bottom, max(0, left_edge) : right] = 0
        seen = _readable(page, _tesseract(pixels, own))
        after += bool(seen)
        if seen:
            apart = page["set"] == "apart"
            left.append({"file": page["file"], "read": [value.split()[0] for value in seen] if apart else seen})
    return {"pages": len(released), "read_before_masking": before, "read_after_masking": after, "where": left}


def _tesseract(pixels: Pixels, own: Path) -> str:
    file = own / "page.png"
    cv2.imwrite(str(file), pixels)
    command = ["tesseract", str(file), "stdout", "-l", "chi_sim", "--psm", "3"]
    read = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return re.sub(r"[\s.,·\-]", "", read)


def _readable(page: Mapping[str, Any], text: str) -> list[str]:
    values = {(value["kind"], re.sub(r"[\s.,·\-]", "", value["text"])) for value in page["values"]}
    return sorted(f"{kind} {value}" for kind, value in values if kind in READABLE and len(value) >= 2 and value in text)


def _add(sums: Sums, page: Mapping[str, Any], boxes: Sequence[Box]) -> list[str]:
    score, missed = score_page(page, boxes)
    for part in (page["set"], f"{page['set']}_{'clean' if page['change'] == 'clean' else 'degraded'}", page["layout"]):
        sums[part].add(score)
    return missed


def _load(file: Path) -> Pixels:
    pixels = cv2.imread(str(file))
    assert pixels is not None, file
    return pixels.astype("uint8")


if __name__ == "__main__":
    main()
