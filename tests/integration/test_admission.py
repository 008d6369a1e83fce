"""A further window gets a part in a case by number and check code, and no more than its part (A-1, T17, T18)."""

import threading
from collections.abc import Iterator

import pytest

from crypto import checkcode
from crypto.refusal import Refusal
from hub.services.admission import WRONG_A_NODE, WRONG_A_NUMBER, AdmissionService
from hub.services.views import Views
from storage.objectstore_s3 import S3ObjectStore
from tests.integration.casework import CaseWork
from tests.integration.cast import DEPARTMENT, OTHER_WINDOW, WINDOW
from tests.integration.detours import CODE, Detour, Shelf
from tests.integration.sealings import Sealed, seal_pages
from tests.refused import code_of

pytestmark = pytest.mark.integration


@pytest.fixture
def desk(detour: Detour) -> Iterator[AdmissionService]:
    made = AdmissionService(detour.world.database, detour.world.sequencer, detour.clock)
    yield made
    made.close()


def views(detour: Detour) -> Views:
    world = detour.world
    return Views(world.database, world.registry, None, world.members["hub"].sign)  # type: ignore[arg-type]


def test_a_supplement_through_another_window(detour: Detour, desk: AdmissionService) -> None:
    work = detour.sealed_with_code()
    detour.notice(work)
    helper = detour.world.record(OTHER_WINDOW)
    assert code_of(lambda: views(detour).find_case(helper, work.case)) == "CASE_UNKNOWN"
    assert detour.seen(OTHER_WINDOW, work) == []
    assert desk.admit_now(helper, work.public_no, CODE) == work.case
    assert [index for _, index in detour.seen(OTHER_WINDOW, work)] == [index for _, index in detour.told(work)]
    size = detour.world.size()
    assert desk.admit_now(helper, work.public_no, CODE) == work.case  # again: nothing more
    assert detour.world.size() == size
    addendum = detour.addendum(work)
    work.do(detour.part(work, addendum), OTHER_WINDOW)
    assert detour.file(work).state == "SUPPLEMENT"  # the department cannot open it yet
    handed_in, detour.clock.at = detour.clock.at, "2026-11-25T11:00:00.000+08:00"
    work.do(work.wrap(OTHER_WINDOW, OTHER_WINDOW, addendum), OTHER_WINDOW)
    work.do(work.wrap(DEPARTMENT, OTHER_WINDOW, addendum), OTHER_WINDOW)
    file = detour.file(work)
    assert (file.state, file.supplement_at) == ("PENDING_ACCEPT", handed_in)
    assert file.clocks["K2"].due == "2026-12-02T23:59:59.999+08:00"
    assert detour.wake_at(work) == "2026-12-02T00:00:00.000+08:00"  # a reminder (W1), a day before K2 ends
    work.do(work.accept(), DEPARTMENT)
    decided = work.do(work.decide(), DEPARTMENT)
    shown = [index for _, index in detour.seen(OTHER_WINDOW, work)]
    assert decided.leaf.index in shown  # the leaf that ends its part
    issued = work.do(work.issue(), DEPARTMENT)
    assert issued.leaf.index not in [index for _, index in detour.seen(OTHER_WINDOW, work)]
    assert code_of(lambda: views(detour).find_case(helper, work.case)) == "CASE_UNKNOWN"
    assert len(views(detour).case_leaves(helper, work.case, -1, 500)) == len(shown)


def test_unknown_number_wrong_code_and_erased_code_get_one_answer(detour: Detour, desk: AdmissionService) -> None:
    work = detour.sealed_with_code()
    bare = detour.world.open().to_pending()  # no code was ever kept
    helper = detour.world.record(OTHER_WINDOW)
    tries = [
        (work.public_no, "000000"),
        (detour.world.public_number(), CODE),
        (bare.public_no, CODE),
        (work.public_no, ""),
        (work.case, CODE),
        ("x" * 900, "y" * 900),
    ]
    refusals = []
    for number, shown in tries:
        with pytest.raises(Refusal) as caught:
            desk.admit_now(helper, number, shown)
        refusals.append((caught.value.code, caught.value.rule, dict(caught.value.values)))
    assert refusals == [("CHECK_CODE_WRONG", refusals[0][1], {})] * len(tries)


def test_a_case_that_waits_for_nothing_admits_nobody(detour: Detour, desk: AdmissionService) -> None:
    work = detour.sealed_with_code()
    helper = detour.world.record(OTHER_WINDOW)
    assert code_of(lambda: desk.admit_now(helper, work.public_no, CODE)) == "STATE_FORBIDS"
    assert desk.admit_now(detour.world.record(WINDOW), work.public_no, CODE) == work.case  # it has a part already
    assert detour.seen(OTHER_WINDOW, work) == []


def test_wrong_codes_of_a_number_close_it_for_a_day(detour: Detour, desk: AdmissionService) -> None:
    work = detour.sealed_with_code()
    detour.notice(work)
    helper, own = detour.world.record(OTHER_WINDOW), detour.world.record(WINDOW)
    for _ in range(2):
        assert desk.admit_now(own, work.public_no, CODE) == work.case  # good ones do not count
    for _ in range(WRONG_A_NUMBER):
        assert code_of(lambda: desk.admit_now(helper, work.public_no, "111111")) == "CHECK_CODE_WRONG"
    with pytest.raises(Refusal) as caught:
        desk.admit_now(own, work.public_no, CODE)  # from anywhere, even with the right one
    assert caught.value.code == "CHECK_CODE_LIMIT"
    assert caught.value.values["until"] == "2026-11-24T09:30:00.000+08:00"
    detour.clock.at = caught.value.values["until"]
    assert desk.admit_now(helper, work.public_no, CODE) == work.case


def test_a_window_that_tries_many_numbers_is_stopped(detour: Detour, desk: AdmissionService) -> None:
    helper = detour.world.record(OTHER_WINDOW)
    for _ in range(WRONG_A_NODE):
        assert code_of(lambda: desk.admit_now(helper, detour.world.public_number(), CODE)) == "CHECK_CODE_WRONG"
    assert code_of(lambda: desk.admit_now(helper, detour.world.public_number(), CODE)) == "CHECK_CODE_LIMIT"
    work = detour.sealed_with_code()
    assert desk.admit_now(detour.world.record(WINDOW), work.public_no, CODE) == work.case  # others go on


def test_limits_hold_for_several_hub_processes_at_once(detour: Detour) -> None:
    work = detour.sealed_with_code()
    desks = [AdmissionService(detour.world.database, detour.world.hub_process()[1], detour.clock) for _ in range(2)]
    helper, answers = detour.world.record(OTHER_WINDOW), []

    def guess(desk: AdmissionService) -> None:
        for _ in range(WRONG_A_NUMBER):
            answers.append(code_of(lambda: desk.admit_now(helper, work.public_no, "222222")))

    threads = [threading.Thread(target=guess, args=(desk,)) for desk in desks for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for desk in desks:
        desk.close()
    assert answers.count("CHECK_CODE_WRONG") == WRONG_A_NUMBER
    assert answers.count("CHECK_CODE_LIMIT") == 3 * WRONG_A_NUMBER


def test_a_helper_fetches_its_own_addendum_and_the_notice(detour: Detour, objectstore: S3ObjectStore) -> None:
    shelf = Shelf(detour, objectstore)
    work = detour.world.unpinned()
    shelf.upload(work.application)
    work.to_forwarded().do(work.delivered(), DEPARTMENT)
    detour.notice(work)
    with detour.world.database.unit() as unit:
        unit.cases.keep_check_codes({work.public_no: checkcode.slow_hash(work.public_no, CODE)})
        unit.commit()
    desk = AdmissionService(detour.world.database, detour.world.sequencer, detour.clock)
    desk.admit_now(detour.world.record(OTHER_WINDOW), work.public_no, CODE)
    desk.close()
    assert shelf.may_fetch(OTHER_WINDOW, work, work.application.digest) == "NOT_YOUR_CASE"
    mine, theirs = addendum(work), addendum(work, 2)
    shelf.upload(mine, OTHER_WINDOW)
    work.do(detour.part(work, mine), OTHER_WINDOW)
    shelf.upload(theirs, WINDOW)
    work.do(detour.part(work, theirs, WINDOW, "W01"), WINDOW)
    for made, by in ((mine, OTHER_WINDOW), (theirs, WINDOW)):
        work.do(work.wrap(OTHER_WINDOW if by == OTHER_WINDOW else WINDOW, by, made), by)
    assert shelf.may_fetch(OTHER_WINDOW, work, mine.digest) == "OK"
    assert shelf.may_fetch(OTHER_WINDOW, work, theirs.digest) == "NOT_YOUR_CASE"
    assert shelf.may_fetch(DEPARTMENT, work, mine.digest) == "KEYS_MISSING"
    rows = views(detour).packets(detour.world.record(OTHER_WINDOW), work.case, mine.digest, ("", ""), 500)
    assert [row.line for row in rows] == ["M02"]
    asked = (detour.world.record(OTHER_WINDOW), work.case, theirs.digest, ("", ""), 500)
    assert code_of(lambda: views(detour).packets(*asked)) == "NOT_YOUR_CASE"


def addendum(work: CaseWork, number: int = 1) -> Sealed:
    return seal_pages(work.case, kind="addendum", revision=number, materials=("M02",))
