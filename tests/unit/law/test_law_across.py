"""Other cases of the same applicant: second intakes, papers used again, barred commitments (A22, E02, G15)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from crypto.manifest import Line, Manifest, Page, Rendition
from crypto.refusal import Refusal
from crypto.sealing import Context, Stream
from hub.casework.casefile import CaseFile
from hub.casework.materials import across
from hub.casework.materials.across import Known, known_of
from hub.casework.materials.values import Commitment, Reuse
from hub.casework.parents.values import Bond
from hub.casework.review.values import Link
from hub.casework.states import State
from tests.unit.law.law_people import CASE, OTHER_WINDOW, TASK, WINDOW, manifest
from tests.unit.law.law_scenarios_materials import again
from tests.unit.law.law_steps_materials import COMMITTED, EARLIER_CASE, EARLIER_SEALING, with_line
from tests.unit.law.law_world import Bench

WHO, SOMEBODY, OLDER = "a1" * 32, "a2" * 32, "a3" * 32


# --- other cases of the same applicant (A22, E02, G15) ----------------------------------------------------------------


def other(**changes: str) -> Known:
    """Another open case of the same applicant for the same item."""
    known = Known("d1" * 16, WHO, TASK, "100170000027", OTHER_WINDOW, "OPEN", "")
    return replace(known, **changes)


def page(commitment: str = "c1" * 32, media: str = "image/jpeg", number: int = 1) -> Page:
    """A page whose plain text has this commitment."""
    stream = Stream(Context(CASE, 1, "M02", number, "full"), 0, 1, "0" * 64, commitment, 1)
    return Page(number, (Rendition("full", stream, media),))


def judged(
    bench: Bench, name: str, known: tuple[Known, ...], said: Mapping[str, Any], earlier: CaseFile | None = None
) -> str:
    """Code of the refusal of an act beside these other cases; empty when it counts."""
    step = bench.step(name).saying(**said)
    act, sealed = bench.act(step), with_line(manifest("application"), "M02", pages=(page(),))
    after = bench.law.apply(bench.file, act, bench.world())
    try:
        across.require_lawful(act, bench.file, after, known, lambda case: earlier, lambda digest: sealed)
    except Refusal as refusal:
        return refusal.code
    return ""


@pytest.mark.requirement("A22", "row T05")
@pytest.mark.parametrize(
    ("known", "code"),
    [
        (other(), "DUPLICATE_INTAKE"),
        (other(standing=""), ""),
        (other(task_code="0" * 31), ""),
        (other(applicant=SOMEBODY), ""),
        (other(case_id=CASE), ""),
    ],
)
def test_a22_an_open_case_of_the_same_applicant_and_item_is_named(known: Known, code: str) -> None:
    assert judged(Bench(), "T05", (known,), {"applicant": WHO}) == code


@pytest.mark.requirement("A22", "E02", "row T05")
@pytest.mark.parametrize(
    ("applicant", "before", "code"),
    [
        (WHO, "", "DUPLICATE_INTAKE"),
        (OLDER, "", "DUPLICATE_INTAKE"),
        (SOMEBODY, WHO, "DUPLICATE_INTAKE"),
        (SOMEBODY, OLDER, "DUPLICATE_INTAKE"),
        (SOMEBODY, "a4" * 32, ""),
        (SOMEBODY, "", ""),
    ],
)
def test_a22_while_the_key_is_exchanged_either_digest_tells_the_applicant(
    applicant: str, before: str, code: str
) -> None:
    said = {"applicant": applicant} | ({"applicant_before": before} if before else {})
    assert judged(Bench(), "T05", (other(applicant_before=OLDER),), said) == code
    bench = Bench()
    bench.do(bench.step("T05").saying(**said))
    found = across.known_of(bench.case)
    assert found is not None and (found.applicant, found.applicant_before) == (applicant, before)


@pytest.mark.requirement("A22", "row T05")
def test_a22_a_second_intake_with_a_reason_is_taken_and_linked() -> None:
    named = {"applicant": WHO, "duplicate_of": other().case_id, "duplicate_reason": "OTHER_MATTER"}
    bench = Bench()
    assert judged(bench, "T05", (other(),), named) == ""
    assert judged(bench, "T05", (), named) == "DUPLICATE_UNRELATED"
    bench.do(bench.step("T05").saying(**named))
    assert [(link.case, link.kind) for link in bench.case.linked] == [(other().case_id, "SECOND_INTAKE")]


@pytest.mark.requirement("A22", "row T05R", "row T24")
def test_a22_a_case_that_came_back_is_sealed_again_after_the_other_one_has_ended() -> None:
    """Only the link that the act itself adds is judged: what an earlier seal named may have ended since."""
    bench = Bench().reach("T05R")
    link = Link(other().case_id, "SECOND_INTAKE")
    bench.file = replace(bench.case, applicant=WHO, linked=(link,))
    who, named = {"applicant": WHO}, {"duplicate_reason": "OTHER_MATTER", "duplicate_of": other().case_id}
    for known in ((), (other(standing=""),), (other(),)):
        assert judged(bench, "T05R", known, who) == ""
        assert judged(bench, "T05R", known, who | named) == ""
    third = "d3" * 16
    assert judged(bench, "T05R", (other(case_id=third),), who) == "DUPLICATE_INTAKE"
    assert judged(bench, "T05R", (other(case_id=third),), who | named) == "DUPLICATE_INTAKE"
    assert judged(bench, "T05R", (other(case_id=third),), who | named | {"duplicate_of": third}) == ""
    assert judged(bench, "T05R", (other(),), who | named | {"duplicate_of": third}) == "DUPLICATE_UNRELATED"
    bench.do(bench.step("T05R").saying(**who, **named))
    assert bench.case.linked == (link,)


@pytest.mark.requirement("A22", "row T36")
def test_t36_a_duplicate_ends_only_in_favour_of_a_case_of_the_same_applicant_and_item() -> None:
    bench = Bench().reach("T36")
    bench.file = replace(bench.case, applicant=WHO)
    step = {"reason": "DUPLICATE", "linked": other().case_id}
    assert judged(bench, "T36", (other(),), step) == ""
    assert judged(bench, "T36", (other(task_code="0" * 31),), step) == "DUPLICATE_UNRELATED"
    assert judged(bench, "T36", (), step) == "DUPLICATE_UNRELATED"


@pytest.mark.requirement("G15", "row T05")
def test_g15_who_broke_a_commitment_proves_what_he_says_until_it_is_repaired() -> None:
    bench = Bench()
    made = with_line(manifest("application"), COMMITTED, acquisition="COMMITMENT", trust="D", original="NOT_NEEDED")
    bench.application = bench.store(made)
    said = {"applicant": WHO, "commitment_notice": True}
    assert judged(bench, "T05", (other(standing="", breach="BROKEN"),), said) == "COMMITMENT_BARRED"
    assert judged(bench, "T05", (other(standing="", breach=""),), said) == ""
    plain = Bench()
    assert judged(plain, "T05", (other(standing="", breach="BROKEN"),), {"applicant": WHO}) == ""


@pytest.mark.requirement("E02", "D21", "row T05")
def test_e02_only_the_same_applicants_papers_that_this_window_may_read_are_used_again() -> None:
    bench = Bench()
    step = again()(bench, bench.step("T05"))
    mine = replace(Bench().reach("T08").case, case=EARLIER_CASE, applicant=WHO)
    sealing = replace(mine.sealings[0], manifest=EARLIER_SEALING)
    mine = replace(mine, sealings=(sealing,))
    said = dict(step.body) | {"applicant": WHO}
    assert judged(bench, "T05", (), said, mine) == ""
    assert judged(bench, "T05", (), said, replace(mine, applicant=SOMEBODY)) == "REUSE_NOT_THEIRS"
    assert judged(bench, "T05", (), said, None) == "REUSE_NOT_THEIRS"
    theirs = replace(mine, collecting_node=OTHER_WINDOW, holder=OTHER_WINDOW)
    assert judged(bench, "T05", (), said, theirs) == "REUSE_NOT_SEEN"
    other_line = [said["reused"][0] | {"line": "M99"}]
    assert judged(bench, "T05", (), said | {"reused": other_line}, mine) == "REUSE_LINE_UNKNOWN"


@pytest.mark.requirement("E02", "D19")
@pytest.mark.parametrize(
    ("trust", "code"), [("A", ""), ("B", ""), ("C", "REUSE_LINE_UNKNOWN"), ("D", "REUSE_LINE_UNKNOWN")]
)
def test_e02_only_levels_a_and_b_are_used_again(trust: str, code: str) -> None:
    reuse = Reuse("M02", EARLIER_CASE, EARLIER_SEALING, "M02", "LONG_TERM")
    mine = replace(Bench().reach("T08").case, applicant=WHO)
    mine = replace(mine, sealings=(replace(mine.sealings[0], manifest=EARLIER_SEALING),))
    sealed = replace(manifest("application"), lines=(Line("M02", "M02", "SUBMIT", trust, "NOT_NEEDED", (page(),)),))
    assert reusable(mine, reuse, sealed, sealed) == code


def reusable(mine: CaseFile, reuse: Reuse, earlier: Manifest, sealed: Manifest) -> str:
    """Code of the refusal of a reuse, empty when it counts."""
    try:
        across.require_reusable(mine, reuse, WINDOW, replace(mine, bond=None), earlier, sealed)
    except Refusal as refusal:
        return refusal.code
    return ""


JSON_PAGE = page("c2" * 32, "application/json")


@pytest.mark.requirement("E02", "D21", "row T05")
@pytest.mark.parametrize(
    ("earlier", "now", "code"),
    [
        ((page(),), (page(),), ""),
        ((page(),), (page("c3" * 32),), "REUSE_DIFFERS"),
        ((page(),), (page(media="image/png"),), "REUSE_DIFFERS"),
        ((page(),), (page(), page(number=2)), "REUSE_DIFFERS"),
        ((page(),), (page(), page("c3" * 32, "application/json", 2)), "REUSE_DIFFERS"),
        ((page(), page(number=2)), (page(),), "REUSE_DIFFERS"),
        ((page(),), (page(number=2),), "REUSE_DIFFERS"),
        ((page(),), None, "REUSE_DIFFERS"),
        ((page(),), (), "REUSE_DIFFERS"),
        ((JSON_PAGE,), (JSON_PAGE,), ""),
        ((JSON_PAGE,), (page("c3" * 32, "application/json"),), "REUSE_DIFFERS"),
        ((Page(1, ()),), (Page(1, ()),), "REUSE_LINE_UNKNOWN"),
        ((), (), "REUSE_LINE_UNKNOWN"),
    ],
)
def test_e02_what_is_used_again_is_page_by_page_what_was_sealed_before(
    earlier: tuple[Page, ...], now: tuple[Page, ...] | None, code: str
) -> None:
    reuse, mine = reuse_by_window()
    before = replace(manifest("application"), lines=(Line("M02", "M02", "VERIFY_ONLINE", "A", "NOT_NEEDED", earlier),))
    lines = () if now is None else (Line("M02", "M02", "REUSED", "A", "NOT_NEEDED", now),)
    assert reusable(mine, reuse, before, replace(before, lines=lines)) == code


@pytest.mark.requirement("E02", "row T05")
def test_e02_one_material_is_no_other_one_and_no_better() -> None:
    reuse, mine = reuse_by_window()
    line = Line("M02", "M02", "REUSED", "B", "NOT_NEEDED", (page(),))
    sealed = replace(manifest("application"), lines=(line,))
    assert reusable(mine, reuse, sealed, sealed) == ""
    assert reusable(mine, reuse, sealed, replace(sealed, lines=(replace(line, trust="A"),))) == "REUSE_DIFFERS"
    other_paper = replace(sealed, lines=(replace(line, material="M03"),))
    assert reusable(mine, reuse, other_paper, sealed) == "REUSE_LINE_UNKNOWN"


@pytest.mark.requirement("E02", "B05", "row P1")
def test_e02_a_child_uses_again_what_its_parents_sealing_holds_for_its_part() -> None:
    """The pages lie in the parent's sealing, under the code of the one list (states.md P1)."""
    reuse, mine = reuse_by_window()
    bond = Bond("d7" * 16, "A", "ONLINE", (), (("T01", "M02"),), (), False)
    earlier = Line("M02", "M02", "SUBMIT", "B", "SEEN_RETURNED", (page(),))
    line = Line("T01", "T01", "REUSED", "B", "NOT_NEEDED", (page(),))
    before = replace(manifest("application"), lines=(earlier,))
    sealed = replace(before, case=bond.parent, lines=(line,))
    mine = replace(mine, bond=bond)
    assert reusable(mine, reuse, before, sealed) == ""
    different = replace(sealed, lines=(replace(line, pages=(page("c3" * 32),)),))
    assert reusable(mine, reuse, before, different) == "REUSE_DIFFERS"


def reuse_by_window() -> tuple[Reuse, CaseFile]:
    """A reuse of M02, and the case in whose sealing it lies."""
    mine = replace(Bench().reach("T08").case, applicant=WHO)
    mine = replace(mine, sealings=(replace(mine.sealings[0], manifest=EARLIER_SEALING),))
    return Reuse("M02", EARLIER_CASE, EARLIER_SEALING, "M02", "LONG_TERM"), mine


@pytest.mark.requirement("A22", "G15")
def test_a22_the_index_follows_from_the_case_alone() -> None:
    bench = Bench().reach("T08")
    assert known_of(bench.case) is None
    mine = replace(bench.case, applicant=WHO)
    assert known_of(mine) == Known(CASE, WHO, TASK, mine.public_no, WINDOW, "OPEN", "")
    ended = replace(mine, state=State.CLOSED, commitments=(Commitment("M04", "", "BROKEN", "a" * 64),))
    assert known_of(ended) == Known(CASE, WHO, TASK, mine.public_no, WINDOW, "", "BROKEN")
