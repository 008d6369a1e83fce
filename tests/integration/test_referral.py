"""A case that is passed up, on a real database and store: who sees, fetches and acts; what time does (T30; A24).

行政许可法 35, 43: all materials go up with the first review, nothing is asked again.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from crypto import canonical
from crypto.refusal import Refusal
from hub.services.batch import Outcome, Placed
from hub.services.intake import Submission
from storage.objectstore_s3 import S3ObjectStore
from tests.integration.casework import CaseWork
from tests.integration.cast import DEMO, DEPARTMENT, WINDOW
from tests.integration.detours import COORDINATOR, Detour, Shelf
from tests.integration.sealings import Sealed, seal_pages
from tests.unit.evidence_log import listed_above

pytestmark = pytest.mark.integration
HIGHER = "jiangxi-scj"
REVIEWER, ABOVE = "D05", "S01"


@dataclass
class Passed:
    """A case on its way up with the sealing of its first review."""

    work: CaseWork
    opinion: Sealed


@pytest.fixture
def shelf(database_url: str, objectstore: S3ObjectStore) -> Iterator[Shelf]:
    detour = Detour.begin(database_url)
    detour.world.enrol(HIGHER, "360000000000", "department", S01="DECIDER", S04="HEAD")
    yield Shelf(detour, objectstore)
    detour.world.close()


def passed_up(shelf: Shelf) -> Passed:
    """T30 by the head of the first department, who needs no grant; nobody above has keys yet."""
    work, detour = shelf.forwarded(), shelf.detour
    newer = listed_above(json.loads((DEMO / "catalogue.json").read_bytes()))
    detour.world.publish("catalogue", canonical.encode({**newer, "version": f"{newer['version']}-above"}))
    work.do(work.delivered(), DEPARTMENT)
    work.do(work.accept(), DEPARTMENT)
    opinion = seal_pages(work.case, kind="opinion", revision=1, materials=("NOTICE",))
    shelf.upload(opinion, DEPARTMENT)
    body = {
        "accepting_node": detour.world.members[HIGHER].subject,
        "queue": "inbound",
        "manifest": opinion.digest,
    }
    work.do(Submission(work.act("refer_up", body, DEPARTMENT, "D04").encode(), (opinion.manifest,)), DEPARTMENT)
    return Passed(work, opinion)


def taken_up(passed: Passed) -> Outcome:
    """T30D by the machine of the department above."""
    work = passed.work
    body = {"manifest": work.application.digest}
    return work.place(Submission(work.act("taken_up", body, HIGHER).encode()), HIGHER)


def listed_in(region: str, detour: Detour) -> list[str]:
    """Cases in the list of an overseer of this region who was shown none."""
    with detour.world.database.reading() as reading:
        return [row.case_id for row in reading.cases.listed("nobody", "", 1 << 60, 10, region)]


def wrap_up(passed: Passed) -> None:
    for sealed in (passed.work.application, passed.opinion):
        passed.work.do(passed.work.wrap(HIGHER, DEPARTMENT, sealed), DEPARTMENT)


@pytest.mark.requirement("row T30", "C10", "E01", "A24", "F05")
def test_a_case_goes_on_above_with_all_its_materials(shelf: Shelf) -> None:
    passed, detour = passed_up(shelf), shelf.detour
    work, below = passed.work, detour.world.members[DEPARTMENT].subject
    assert (detour.file(work).state, detour.file(work).holder) == ("REFERRED", below)
    seen = [index for _, index in detour.seen(HIGHER, work)]
    assert seen == [index for _, index in detour.told(work)]  # the whole past
    assert shelf.may_fetch(HIGHER, work, work.application.digest) == "KEYS_MISSING"
    refused = taken_up(passed)
    assert isinstance(refused, Refusal) and refused.code == "KEYS_MISSING"
    wrap_up(passed)
    for sealed in (work.application, passed.opinion):
        assert shelf.may_fetch(HIGHER, work, sealed.digest) == "OK"
    taken = taken_up(passed)
    assert isinstance(taken, Placed), taken
    file = detour.file(work)
    assert (file.state, file.accepting_node, file.first_reviewers) == ("UNDER_REVIEW", file.holder, (below,))
    assert shelf.may_fetch(DEPARTMENT, work, work.application.digest) == "NOT_YOUR_CASE"
    assert (listed_in("360102", detour), listed_in("36", detour), listed_in("44", detour)) == ([work.case],) * 2 + ([],)
    assert taken.leaf.index in [index for _, index in detour.seen(DEPARTMENT, work)]
    grant = detour.world.grant("DECIDE", ABOVE, HIGHER, by="S04")
    body = {"outcome": "GRANT", "grant": grant}
    decided = work.place(Submission(work.act("decide", body, HIGHER, ABOVE).encode()), HIGHER)
    assert isinstance(decided, Placed), decided
    assert decided.leaf.index in [index for _, index in detour.seen(WINDOW, work)]
    assert decided.leaf.index not in [index for _, index in detour.seen(DEPARTMENT, work)]


@pytest.mark.requirement("row T30", "F05")
def test_silence_above_is_ended_by_the_hub_once_the_keys_are_there(shelf: Shelf) -> None:
    """Passed up on Monday, 2026-11-23: the full working day is Tuesday."""
    passed, detour = passed_up(shelf), shelf.detour
    work = passed.work
    detour.strike("2026-11-25T00:00:00.000+08:00")
    assert detour.events(work)[-1] == "refer_up"
    assert detour.wake_at(work) == "2026-11-28T00:00:00.000+08:00"  # the clocks run on below: a reminder of K3 (W2)
    wrap_up(passed)
    assert detour.wake_at(work) == "2026-11-25T00:00:00.000+08:00"
    detour.strike("2026-11-25T00:00:00.001+08:00")
    assert detour.events(work)[-1] == "constructive_take_up"
    file = detour.file(work)
    assert [(card.kind, card.subject) for card in file.cards] == [("Y3", detour.world.members[HIGHER].subject)]
    detour.strike("2026-12-01T00:00:00.000+08:00")
    assert "chase" in detour.events(work)
    assert detour.seen(COORDINATOR, work)
