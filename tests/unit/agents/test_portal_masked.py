"""What an applicant uploaded leaves masked as what a window scanned does: made at the seal, proven, never guessed."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crypto.manifest import read as read_manifest
from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.found import Found
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.picture import decode
from node_agent.imaging.reading.lines import Reading, line_of
from node_agent.imaging.reading.queue import digest_of
from node_agent.imaging.redaction import disclosure
from node_agent.portal import masked, sealing
from node_agent.portal.folder import take
from node_agent.process import housekeeping
from node_agent.window import drafts, reading
from node_agent.window.drafts import Draft
from node_agent.window.seal import Reads
from tests.pages import card
from tests.unit.agents.test_portal import application, laid, world
from tests.unit.agents.window_world import KEY_MATERIALS, World
from tests.unit.evidence_log import ACCEPTOR, DEPARTMENT
from tests.unit.imaging.test_imaging_window import opened

__all__ = ["world"]
MASKED = KEY_MATERIALS[0]
ID = Found(PageKind.CITIZEN_ID, (100, 100, 300, 140), 1.0, "CHECKSUM", "360101199003070018")


@pytest.fixture(autouse=True)
def wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list wants the first material masked; nobody waits for a reading that is not there."""
    monkeypatch.setattr(masked, "masked_of", lambda item: frozenset({MASKED}))
    monkeypatch.setattr(masked, "READS", Reads(0.0))


def applied(world: World, home: Path, name: str, data: bytes) -> sealing.Taken:  # noqa: F811
    folder = laid(home, name, "application.json", application(), KEY_MATERIALS)
    (folder / f"{MASKED}.jpg").write_bytes(data)
    return take(world.agent, folder, home / "out")


def read_as(world: World, data: bytes, withheld: tuple[str, ...] = (), turn: int = 0) -> None:  # noqa: F811
    """What the reading process lays down for the page, with the form's data as hints."""
    form = application()["form"]
    hints = reading.hints_of(replace(Draft("", "", "", "", "", "", "", ""), form=form))
    queue = reading.queue_of(world.agent)
    queue.put(data, hints, again=True)
    lines = tuple(line_of([("字", (10, top, 40, top + 30)), ("样", (50, top, 80, top + 30))], 0.97) for top in (10, 60))
    queue.keep_reading(digest_of(data), Reading(680, 430, turn, 0.97, "tiny", lines))
    queue.finish(queue.job_of(digest_of(data), hints, again=True), Judged((ID,), withheld, turn))


def left(world: World) -> list[str]:  # noqa: F811
    """Pages and readings still on disk."""
    home = world.agent.settings.home
    return [path.name for path in [*home.glob(f"{masked.PREFIX}*"), *(home / "reading").rglob("*.json")]]


@pytest.mark.requirement("A02", "H01")
def test_a_page_uploaded_upside_down_is_masked_proven_and_stays_as_it_was_signed(
    world: World,  # noqa: F811
    tmp_path: Path,
) -> None:
    data = card(7)
    read_as(world, data, turn=180)
    applied(world, tmp_path, "w-1", data)
    got = opened(world)
    assert [line for line, _, name in got.pages if name == "masked"] == [MASKED]
    assert {name for _, _, name in got.pages} == {"full", "masked"}
    salt, full = got.pages[MASKED, 1, "full"]
    assert full == data, "not turned: it is what the applicant signed for"
    shown = got.pages[MASKED, 1, "masked"][1]
    given = disclosure.disclose(got.encoded, MASKED, 1, salt=salt, full=full, masked=shown)
    assert disclosure.check(got.encoded, given.opening, given.masked).boxes
    assert not decode(shown)[100:140, 100:300].any()
    assert left(world) == []
    assert [one.refusal for one in world.region.send(world.agent) if one.refusal] == []


@pytest.mark.requirement("H01")
@pytest.mark.parametrize("withheld", [None, ("POORLY_READ",)])
def test_a_page_that_was_not_judged_is_sealed_and_withheld(
    world: World,  # noqa: F811
    tmp_path: Path,
    withheld: tuple[str, ...] | None,
) -> None:
    data = card(8)
    if withheld is not None:
        read_as(world, data, withheld)
    applied(world, tmp_path, "w-1", data)
    got = opened(world)
    assert got.pages[MASKED, 1, "full"][1] == data and (MASKED, 1, "masked") not in got.pages
    assert left(world) == []


@pytest.mark.requirement("H01", "row T17")
def test_a_supplement_uploaded_is_masked_too(world: World, tmp_path: Path) -> None:  # noqa: F811
    made, log = applied(world, tmp_path, "w-1", card(9)), world.region.log
    assert [one.refusal for one in world.region.send(world.agent) if one.refusal] == []
    log.say(made.case, "delivered", DEPARTMENT, "department", {"manifest": log.files[made.case].sealings[0].manifest})
    due = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    notice = {"lines": [{"material": MASKED, "defect": "UNREADABLE"}], "due": due, "methods": ["ONLINE"]}
    log.say(made.case, "supplement_notice", ACCEPTOR, "ACCEPTOR", notice)
    world.receive()
    data = card(10)
    queue = reading.queue_of(world.agent)
    queue.put(data, (), again=True)
    queue.finish(queue.job_of(digest_of(data), again=True), Judged((ID,), (), 0))
    order: dict[str, Any] = {
        "act": "supplement", "case": made.public_no, "signed": {"by": "x"}, "materials": {MASKED: [f"{MASKED}.jpg"]},
    }  # fmt: skip
    folder = laid(tmp_path, "s-1", "order.json", json.loads(json.dumps(order)), (MASKED,))
    (folder / f"{MASKED}.jpg").write_bytes(data)
    take(world.agent, folder, tmp_path / "out")
    bundle = world.agent.journal.uploads_waiting()[-1]
    names = {
        one.name for line in read_manifest(bundle.manifest).lines for page in line.pages for one in page.renditions
    }
    assert names == {"full", "masked"} and left(world) == []


def test_what_a_kill_leaves_of_uploaded_pages_is_erased(world: World) -> None:  # noqa: F811
    folder = world.agent.settings.home / f"{masked.PREFIX}killed"
    folder.mkdir()
    (folder / "page.jpg").write_bytes(b"page")
    housekeeping.tidy(world.agent, datetime.now(UTC))
    assert folder.exists(), "just written: an order of this moment"
    old = (datetime.now(UTC) - 2 * drafts.WRITING_LASTS).timestamp()
    os.utime(folder, (old, old))
    housekeeping.tidy(world.agent, datetime.now(UTC))
    assert not folder.exists()
