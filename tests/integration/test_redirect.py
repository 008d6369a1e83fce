"""A case that came to the wrong place, on a real database and store: who sees, fetches and acts, before and after.

T22, T23, T24; A24: whose part is over keeps what it saw.
"""

from collections.abc import Iterator

import pytest

from hub.services import views as views_module
from hub.services.batch import Placed
from hub.services.intake import Submission
from hub.services.views import CasePage, Views
from storage.objectstore_s3 import S3ObjectStore
from tests.integration.casework import CaseWork
from tests.integration.cast import AUDITOR, DEPARTMENT, GATEWAY, OTHER_DEPARTMENT, OTHER_WINDOW, RECOVERY, WINDOW
from tests.integration.detours import COORDINATOR, Detour, Shelf
from tests.integration.sealings import seal_pages
from tests.refused import code_of

pytestmark = pytest.mark.integration
K11_DUE = "2026-11-23T14:30:00.000+08:00"  # four window hours from 9:30, with an hour at noon


@pytest.fixture
def shelf(database_url: str, objectstore: S3ObjectStore) -> Iterator[Shelf]:
    detour = Detour.begin(database_url)
    yield Shelf(detour, objectstore)
    detour.world.close()


def views(shelf: Shelf) -> Views:
    world = shelf.detour.world
    return Views(world.database, world.registry, None, world.members["hub"].sign)  # type: ignore[arg-type]


def misrouted(shelf: Shelf) -> CaseWork:
    work = shelf.forwarded()
    work.do(work.delivered(), DEPARTMENT)
    shelf.detour.misroute(work)
    return work


def fetches(shelf: Shelf, work: CaseWork) -> dict[str, str]:
    names = (WINDOW, DEPARTMENT, OTHER_DEPARTMENT, COORDINATOR, OTHER_WINDOW, AUDITOR, RECOVERY)
    return {name: shelf.may_fetch(name, work, work.application.digest) for name in names}


def test_the_keys_follow_the_case_and_the_right_to_fetch_does_too(shelf: Shelf) -> None:
    work = misrouted(shelf)
    target = shelf.detour.world.members[OTHER_DEPARTMENT].subject
    assert fetches(shelf, work) == {
        WINDOW: "OK",
        DEPARTMENT: "OK",
        OTHER_DEPARTMENT: "NOT_YOUR_CASE",
        COORDINATOR: "NOT_YOUR_CASE",
        OTHER_WINDOW: "NOT_YOUR_CASE",
        AUDITOR: "NOT_YOUR_CASE",
        RECOVERY: "OK",
    }
    redirected = shelf.detour.redirect(work)
    file = shelf.detour.file(work)
    assert (file.state, file.accepting_node) == ("FORWARDED", target)
    assert file.holder == shelf.detour.world.members[DEPARTMENT].subject  # answers until the next one countersigned
    assert shelf.may_fetch(OTHER_DEPARTMENT, work, work.application.digest) == "KEYS_MISSING"
    work.do(work.wrap(OTHER_DEPARTMENT, DEPARTMENT), DEPARTMENT)  # by the department that holds the keys
    assert fetches(shelf, work)[OTHER_DEPARTMENT] == fetches(shelf, work)[DEPARTMENT] == "OK"
    first = [index for _, index in shelf.detour.seen(OTHER_DEPARTMENT, work)]
    assert first == [index for _, index in shelf.detour.told(work)]  # the whole past, in order, and the redirect
    assert redirected.leaf.index in first
    delivered = shelf.detour.delivered_by(work, OTHER_DEPARTMENT)
    assert fetches(shelf, work) | {WINDOW: "OK"} == fetches(shelf, work)
    assert shelf.may_fetch(DEPARTMENT, work, work.application.digest) == "NOT_YOUR_CASE"
    packets = (shelf.detour.world.record(DEPARTMENT), work.case, work.application.digest, ("", ""), 500)
    assert code_of(lambda: views(shelf).packets(*packets)) == "NOT_YOUR_CASE"
    upload = seal_pages(work.case, kind="result", revision=2, materials=("RESULT",))
    assert code_of(lambda: shelf.upload(upload, DEPARTMENT)) == "NOT_YOUR_CASE"
    assert delivered.leaf.index in [index for _, index in shelf.detour.seen(DEPARTMENT, work)]


def test_whose_part_is_over_keeps_what_it_saw(shelf: Shelf) -> None:
    work = misrouted(shelf)
    shelf.detour.redirect(work)
    work.do(work.wrap(OTHER_DEPARTMENT, DEPARTMENT), DEPARTMENT)
    last = shelf.detour.delivered_by(work, OTHER_DEPARTMENT).leaf.index
    accept = work.act("accept", {}, OTHER_DEPARTMENT, "X01")
    later = work.do(Submission(accept.encode()), OTHER_DEPARTMENT).leaf.index
    for name in (DEPARTMENT, COORDINATOR):
        assert shelf.detour.seen(name, work)[-1][1] == last
    former = shelf.detour.world.record(DEPARTMENT)
    assert code_of(lambda: views(shelf).find_case(former, work.case)) == "CASE_UNKNOWN"
    assert [row.case_id for row, _ in views(shelf).list_cases(former, "", 1 << 60, 10).cases] == []
    kept = views(shelf).case_leaves(former, work.case, -1, 500)
    assert len(kept) == len([index for _, index in shelf.detour.told(work) if index <= last])
    assert later > last
    stranger = shelf.detour.world.record(OTHER_WINDOW)
    assert code_of(lambda: views(shelf).case_leaves(stranger, work.case, -1, 500)) == "CASE_UNKNOWN"


def test_the_coordinator_sees_its_queue_with_the_time_left(shelf: Shelf) -> None:
    quiet = shelf.forwarded()
    works = [misrouted(shelf) for _ in range(3)]
    caller = shelf.detour.world.record(COORDINATOR)
    page = views(shelf).list_cases(caller, "REROUTING", 1 << 60, 2)
    listed, before = page.cases, page.before
    assert before is not None
    rest = views(shelf).list_cases(caller, "REROUTING", before, 2).cases
    assert [file.case for _, file in (*listed, *rest)] == [work.case for work in reversed(works)]
    assert [file.clocks["K11"].due for _, file in listed] == [K11_DUE] * 2
    leaves = [index for _, index in shelf.detour.seen(COORDINATOR, works[0])]
    assert leaves == [index for _, index in shelf.detour.told(works[0])]
    assert shelf.detour.seen(COORDINATOR, quiet) == []
    shelf.detour.strike(K11_DUE)
    assert shelf.detour.events(works[0])[-1] == "misrouted"
    shelf.detour.strike(K11_DUE.replace(".000", ".001"))
    assert shelf.detour.events(works[0])[-1] == "escalate"
    assert shelf.detour.wake_at(works[0]) is None


def test_a_page_of_an_overseer_is_full_although_others_cases_lie_between(shelf: Shelf) -> None:
    """What is filtered out must not end the list (AIP-158)."""
    shelf.detour.world.enrol("chongqing-jiancha", "500116000000", "auditor")
    shelf.detour.world.enrol("jiangxi-jiancha", "360403000000", "auditor")  # the region of the other department
    mine = misrouted(shelf)
    shelf.detour.redirect(mine)
    for _ in range(5):
        shelf.forwarded()
    caller = shelf.detour.world.record("jiangxi-jiancha")
    assert [file.case for _, file in views(shelf).list_cases(caller, "", 1 << 60, 2).cases] == [mine.case]
    assert len(views(shelf).list_cases(shelf.detour.world.record("chongqing-jiancha"), "", 1 << 60, 2).cases) == 2


def test_a_call_reads_so_many_pages_of_rows_and_says_where_to_go_on(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A department whose part in the newest cases is over: what it still has lies behind them."""
    monkeypatch.setattr(views_module, "PAGES_MOST", 2)
    mine, *over = [misrouted(shelf) for _ in range(4)]
    for work in over:
        shelf.detour.redirect(work)
        work.do(work.wrap(OTHER_DEPARTMENT, DEPARTMENT), DEPARTMENT)
        shelf.detour.delivered_by(work, OTHER_DEPARTMENT)
    caller = shelf.detour.world.record(DEPARTMENT)
    first = views(shelf).list_cases(caller, "", 1 << 60, 1)
    assert first.cases == [] and first.before is not None
    second = views(shelf).list_cases(caller, "", first.before, 1)
    assert [file.case for _, file in second.cases] == [mine.case]
    assert second.before is not None
    assert views(shelf).list_cases(caller, "", second.before, 1) == CasePage([], None)


def test_the_silence_of_the_new_department_counts_from_the_redirect(shelf: Shelf) -> None:
    work = misrouted(shelf)
    shelf.detour.clock.at = "2026-11-23T11:00:00.000+08:00"
    shelf.detour.redirect(work)
    work.do(work.wrap(OTHER_DEPARTMENT, DEPARTMENT), DEPARTMENT)
    assert shelf.detour.strike("2026-11-25T00:00:00.000+08:00") is True
    file = shelf.detour.file(work)
    target = shelf.detour.world.members[OTHER_DEPARTMENT].subject
    assert (file.state, file.holder) == ("PENDING_ACCEPT", target)
    assert ("Y3", target) in [(card.kind, card.subject) for card in file.cards]
    assert shelf.may_fetch(DEPARTMENT, work, work.application.digest) == "NOT_YOUR_CASE"


def test_a_case_sealed_anew_is_found_by_all_its_numbers(shelf: Shelf) -> None:
    work = misrouted(shelf)
    world = shelf.detour.world
    body = {"reason": "WRONG_ITEM"}
    work.do(Submission(work.act("return_to_window", body, COORDINATOR, "K01").encode()), COORDINATOR)
    before = shelf.detour.file(work)
    assert before.state == "DRAFT"
    assert shelf.may_fetch(DEPARTMENT, work, work.application.digest) == "NOT_YOUR_CASE"
    other = "11360102900001025R4000131001001"
    again = seal_pages(work.case, revision=2, materials=("M01", "M02", "M03", "M04", "ADDRESS"), task_code=other)
    shelf.upload(again)
    changes = {"task_code": other, "manifest": again.digest}
    envelope = work.act("seal", work.seal_body() | changes, WINDOW, "W01")
    placed = work.do(Submission(envelope.encode(), (again.manifest,)), WINDOW)
    file = shelf.detour.file(work)
    assert placed.case_no == file.case_no == placed.leaf.assigned["case_no"]
    assert file.case_no[:31] == other
    assert file.former_nos == (before.case_no,)
    assert file.public_no == before.public_no
    caller = world.record(WINDOW)
    for number in (work.case, file.case_no, before.case_no, file.public_no):
        assert views(shelf).find_case(caller, number)[0].case_id == work.case
    for recipient in (WINDOW, RECOVERY, GATEWAY, DEPARTMENT):
        work.do(work.wrap(recipient, WINDOW, again), WINDOW)
    assert shelf.detour.file(work).state == "FORWARDED"
    seen = [index for _, index in shelf.detour.seen(DEPARTMENT, work)]
    assert seen == [index for _, index in shelf.detour.told(work)]  # a party again: all of it, once, in order


def test_a_pre_review_has_no_numbers_and_two_of_them_are_no_clash(shelf: Shelf) -> None:
    from tests.integration.cast import ITEM, REGION
    from tests.integration.sealings import catalogue_version

    world = shelf.detour.world
    works = []
    for _ in range(2):
        work = world.unpinned()
        sealed = seal_pages(work.case, revision=0)
        shelf.upload(sealed)
        body = {
            "task_code": ITEM,
            "region": REGION,
            "catalogue": catalogue_version(),
            "manifest": sealed.digest,
            "accepting_node": world.members[DEPARTMENT].subject,
            "queue": "inbound",
            "no_classified": True,
            "privacy_notice": True,
        }
        placed = work.do(
            Submission(work.act("ask_pre_review", body, WINDOW, "W01").encode(), (sealed.manifest,)), WINDOW
        )
        assert isinstance(placed, Placed)
        assert placed.case_no == ""
        work.do(work.wrap(DEPARTMENT, WINDOW, sealed), WINDOW)
        assert shelf.may_fetch(DEPARTMENT, work, sealed.digest) == "OK"
        works.append(work)
    assert {shelf.detour.file(work).state for work in works} == {"PRE_REVIEW"}
