"""The public asks with number and check code: masked, counted, and of no effect (G06, H01)."""

from collections.abc import Iterator

import pytest

from hub.services.admission import AdmissionService
from hub.services.check_codes import WRONG_A_NUMBER
from hub.services.public_query import PublicQuery
from tests.integration.cast import DEPARTMENT, OTHER_WINDOW
from tests.integration.detours import CODE, Detour
from tests.refused import code_of

pytestmark = [pytest.mark.integration, pytest.mark.requirement("G06", "H01")]


@pytest.fixture
def query(detour: Detour) -> Iterator[PublicQuery]:
    made = PublicQuery(detour.world.database, detour.world.registry, detour.clock)
    yield made
    made.close()


def test_number_and_code_tell_the_state_and_change_nothing(detour: Detour, query: PublicQuery) -> None:
    work = detour.sealed_with_code()
    size, node = detour.world.size(), detour.world.record(OTHER_WINDOW)
    found = query.ask_now(node, work.public_no, CODE)
    assert (found.public_no, found.state) == (work.public_no, detour.file(work).state)
    assert found.words and found.next_step and found.holder and found.milestones[0][0] == "收件"
    assert found.case_type == "承诺件"
    assert "spiffe" not in str(found) and work.case not in str(found)
    assert detour.world.size() == size


def test_the_unit_that_acts_keeps_its_name_when_its_keys_have_ended(detour: Detour, query: PublicQuery) -> None:
    work, node = detour.sealed_with_code(), detour.world.record(OTHER_WINDOW)
    before = query.ask_now(node, work.public_no, CODE).holder
    detour.world.revoke(DEPARTMENT)
    assert query.ask_now(node, work.public_no, CODE).holder == before


def test_wrong_codes_close_the_number_at_both_doors(detour: Detour, query: PublicQuery) -> None:
    work = detour.sealed_with_code()
    node = detour.world.record(OTHER_WINDOW)
    wrong = "000000" if CODE != "000000" else "000001"
    for _ in range(WRONG_A_NUMBER):
        assert code_of(lambda: query.ask_now(node, work.public_no, wrong)) == "CHECK_CODE_WRONG"
    assert code_of(lambda: query.ask_now(node, work.public_no, CODE)) == "CHECK_CODE_LIMIT"
    desk = AdmissionService(detour.world.database, detour.world.sequencer, detour.clock)
    assert code_of(lambda: desk.admit_now(node, work.public_no, CODE)) == "CHECK_CODE_LIMIT"
    desk.close()


def test_an_unknown_number_gets_the_answer_of_a_wrong_code(detour: Detour, query: PublicQuery) -> None:
    node = detour.world.record(OTHER_WINDOW)
    assert code_of(lambda: query.ask_now(node, "100170000009", CODE)) == "CHECK_CODE_WRONG"
    assert code_of(lambda: query.ask_now(node, "no number", CODE)) == "CHECK_CODE_WRONG"
