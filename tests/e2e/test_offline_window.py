"""A window whose hub and store are dead: it works on, and everything goes out by itself when they are back (promise 6).

Processes are killed, not asked to end. The store dies a second time in the middle of the first upload.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crypto.log import leaf as leaves
from crypto.manifest import read as read_manifest
from crypto.statement import read_envelope, read_signed
from deploy.stack.layout import WINDOW
from deploy.stack.stack import Stack
from storage.journal import Journal
from tests.e2e.counting_store import CountingStore, Part
from tests.e2e.town import DEMO, Answer, Town
from tests.paper_reader import read_paper

pytestmark = pytest.mark.e2e
PLAN = json.loads((DEMO / "pages.json").read_text(encoding="utf-8"))
TICKS = ("--no-classified", "--signed", "--notice", "--wait", "0")
KEPT = 3


@pytest.fixture
def journal(town: Town) -> Iterator[Journal]:
    made = Journal(town.home(WINDOW) / "journal.sqlite")
    yield made
    made.close()


def heavy_pages(folder: Path, count: int) -> Path:
    """The demonstration's pages and some that no compression makes small: an upload of several parts."""
    shutil.copytree(DEMO / "pages", folder / "pages")
    rng = np.random.default_rng(1)
    plan = {**PLAN, "pages": list(PLAN["pages"])}
    for number in range(count):
        name = f"pages/heavy-{number}.jpg"
        grain = rng.integers(0, 255, (2339, 1654, 3), dtype=np.uint8)
        Image.fromarray(grain).save(folder / name, quality=95, dpi=(200, 200))
        plan["pages"].append({"file": name, "material": "M04"})
    (folder / "pages.json").write_text(json.dumps(plan), encoding="utf-8")
    return folder / "pages.json"


def sealed_offline(town: Town, pages: Path) -> Answer:
    form = ("--form", str(town.form()), "--staff", "A01")
    made = town.said(WINDOW, "window", "collect", str(pages), *form, *TICKS, code=KEPT)
    assert made["state"] == "WAITING" and made["waiting_for"] == []
    return made


def through(stack: Stack, door: CountingStore) -> Stack:
    """The same stack, whose hubs find the store behind the door."""
    other = Stack(stack.layout.root)
    other.seaweed.endpoint = lambda: door.url  # type: ignore[method-assign]
    return other


@pytest.mark.requirement("A19", "H10")
def test_three_cases_sealed_with_everything_dead_go_out_once_and_in_order(
    town: Town, journal: Journal, tmp_path: Path
) -> None:
    stack = town.stack
    for service in (*stack.hubs(), stack.postgres, stack.seaweed):
        service.kill()
    assert any(item["may_collect"] for item in town.typed(WINDOW, "window", "items", "食品经营许可")["items"])
    cases = [sealed_offline(town, pages) for pages in (heavy_pages(tmp_path, 4), *[DEMO / "pages.json"] * 2)]
    told = waiting_is_explained(town, cases)
    heavy = read_manifest(journal.upload(cases[0]["manifest"]).manifest)  # type: ignore[union-attr]
    assert len(heavy.parts) >= 3

    def store_dies(part: Part) -> None:
        if part == (heavy.object_key.removeprefix("cases/"), 2) and door.sent[part] == 1:
            stack.seaweed.kill()

    ports = stack.seaweed.ports
    with CountingStore(ports["s3"], store_dies) as door:
        try:
            stack.postgres.start()
            stack.seaweed.start()
            through(stack, door).hub().start()  # one: a second would not come up while the store is dead
            town.until("store killed in the middle", lambda: stack.seaweed.running() is None)
            town.until("the queue says why", lambda: "存储" in town.said(WINDOW, "window", "queue")["why"])
            stack.seaweed.start()
            town.until("an empty queue", lambda: not town.said(WINDOW, "window", "queue")["waiting"])
            for made in cases:
                town.countersigned(str(made["case"]))
        finally:
            for hub in stack.hubs():
                hub.kill()
            stack.seaweed.start()
            for hub in stack.hubs():
                hub.start()
    uploaded_once(journal, cases, door)
    assert door.sent[heavy.object_key.removeprefix("cases/"), 1] == 1, "resumed from the beginning"
    submitted_once_in_order(journal, cases)
    both_numbers_find_the_case(town, cases, told)


def waiting_is_explained(town: Town, cases: list[Answer]) -> list[Answer]:
    """Queue, status and receipts of a window that is cut off; what ``status`` said of each case."""
    queue = town.said(WINDOW, "window", "queue")
    acts = [(act["case"], act["event"]) for act in queue["waiting"]]
    assert acts == [(made["case"], event) for made in cases for event in ("seal", "wrap", "wrap", "wrap")]
    assert {act["why"] for act in queue["waiting"]} <= {"等材料上传", "等材料上传，已传 0/3 片", "等本件前一步发出"}
    assert queue["offline_until"] and len(queue["uploads"]) == len(cases)
    town.until("the queue says why", lambda: "枢纽" in town.said(WINDOW, "window", "queue")["why"])
    told = []
    for made in cases:
        paper = read_paper(Path(made["receipt"]))
        assert made["public_no"] in paper.flat and made["check_code"] in paper.flat and len(paper.secret) == 64
        told.append(town.said(WINDOW, "window", "status", made["public_no"]))
        assert (told[-1]["case"], told[-1]["state"], told[-1]["recorded_at"]) == (made["case"], "SEALED", "")
        assert told[-1]["occurred_at"] and "枢纽登记为准" in told[-1]["late"]
    return told


def uploaded_once(journal: Journal, cases: list[Answer], door: CountingStore) -> None:
    wanted: dict[Part, int] = {}
    for made in cases:
        upload = journal.upload(made["manifest"])
        assert upload is not None and upload.state == "DONE"
        manifest = read_manifest(upload.manifest)
        wanted |= {(manifest.object_key.removeprefix("cases/"), n): 1 for n in range(1, len(manifest.parts) + 1)}
    assert {part: times for part, times in door.stored.items() if part in wanted} == wanted


def submitted_once_in_order(journal: Journal, cases: list[Answer]) -> None:
    for made in cases:
        acts = journal.acts(made["case"])
        assert [(act.event, act.state) for act in acts] == [("seal", "DONE"), *[("wrap", "DONE")] * 3]
        told = [leaves.decode(data) for data in journal.leaves(made["case"])]
        mine = [one.envelope for one in told if read_signed(one.envelope).actor.node == WINDOW.id]
        assert [read_envelope(data).digest for data in mine] == [act.payload_digest for act in acts]


def both_numbers_find_the_case(town: Town, cases: list[Answer], told: list[Answer]) -> None:
    for made, before in zip(cases, told, strict=True):
        by_public = town.said(WINDOW, "window", "status", made["public_no"])
        assert len(by_public["case_no"]) == 43
        by_number = town.said(WINDOW, "window", "status", by_public["case_no"])
        assert by_number == by_public and by_public["case"] == made["case"]
        assert by_public["occurred_at"] == before["occurred_at"] < by_public["recorded_at"]
        assert town.said(WINDOW, "window", "printed", made["public_no"])["erased"] is True
        copy = read_paper(Path(town.said(WINDOW, "window", "receipt", by_public["case_no"])["receipt"]))
        assert by_public["case_no"] in copy.flat and copy.secret == ""
