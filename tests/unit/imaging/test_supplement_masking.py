"""A page of a supplement is boxed and masked by hand as one of a draft (H01, T17)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crypto.canonical import CHINA
from crypto.refusal import Refusal
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.picture import decode
from node_agent.imaging.reading.queue import digest_of
from node_agent.transfer.sender import Sender
from node_agent.window import intake as window
from node_agent.window import masking as window_masking
from node_agent.window import reading
from node_agent.window import supplement as window_supplement
from tests.pages import card
from tests.unit.agents.window_world import STAFF, TICKS, World
from tests.unit.evidence_log import ACCEPTOR, DEPARTMENT
from tests.unit.imaging.test_imaging_window import put, world
from tests.unit.imaging.test_window_ready import AT_ONCE, ID, MASKED, read_as, scanned

__all__ = ["world"]


@pytest.mark.requirement("H01", "row T17")
def test_a_page_of_a_supplement_is_masked_by_hand_as_one_of_a_draft(world: World, tmp_path: Path) -> None:  # noqa: F811
    agent, log, case = world.agent, world.region.log, scanned(world, tmp_path)
    read_as(world, case)
    sealed = window.seal(agent, case, STAFF, AT_ONCE, **TICKS)
    with pytest.raises(Refusal, match="DRAFT_SEALED"):
        window_masking.add(agent, case, MASKED, 1, (96, 96, 304, 144), "NAME", STAFF)
    world.hub.away = False
    Sender(agent, world.transfer()).step()
    log.say(case, "delivered", DEPARTMENT, "department", {"manifest": sealed.manifest})
    due = (datetime.now(UTC).astimezone(CHINA) + timedelta(days=30)).date().isoformat()
    notice = {"lines": [{"material": MASKED, "defect": "UNREADABLE"}], "due": due, "methods": ["WINDOW"]}
    log.say(case, "supplement_notice", ACCEPTOR, "ACCEPTOR", notice)
    world.receive()
    window_supplement.add_pages(agent, case, MASKED, put(tmp_path, "again.jpg", card(60)))
    queue, page = reading.queue_of(agent), digest_of(card(60))
    queue.finish(queue.job_of(page, again=True), Judged((ID,), ("POORLY_READ",), 0))
    marks, judged = window_masking.propose(agent, case, MASKED, 1, 0)
    assert ([mark.kind for mark in marks], judged.withheld) == (["CITIZEN_ID"], ("POORLY_READ",))
    with pytest.raises(Refusal, match="PAGE_WITHHELD"):
        window_masking.cover(agent, case, MASKED, 1, looked=False)
    window_masking.add(agent, case, MASKED, 1, (96, 196, 304, 244), "NAME", STAFF)
    assert len(window_masking.marks_of(agent, case, MASKED, 1)) == 2
    assert decode(window_masking.view(agent, case, MASKED, 1)).shape == decode(card(60)).shape
    assert window_masking.cover(agent, case, MASKED, 1, looked=True) == 2
    made = window_supplement.seal(agent, case, STAFF, applicant_signed=True, reads=AT_ONCE)
    assert [(one.material, one.state, one.boxes) for one in made.pages] == [(MASKED, "MASKED", 2)]
    with pytest.raises(Refusal, match="SUPPLEMENT_SEALED"):
        window_masking.cover(agent, case, MASKED, 1, looked=True)
