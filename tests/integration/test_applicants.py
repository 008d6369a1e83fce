"""Other cases of one applicant, as a real hub keeps them: second intakes, duplicates that end, the index (A22, G15)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from crypto.refusal import Refusal
from hub.services.batch import Outcome
from hub.services.intake import Submission
from storage.applicant_rows import ApplicantRow
from tests.integration.cast import WINDOW
from tests.integration.placing import code

if TYPE_CHECKING:
    from tests.integration.casework import CaseWork
    from tests.integration.world import World

pytestmark = [pytest.mark.integration, pytest.mark.requirement("A22")]
WHO, SOMEBODY, OLDER = "a1" * 32, "a2" * 32, "a3" * 32
REASON = "OTHER_MATTER"


def sealed(work: "CaseWork", **said: object) -> Outcome:
    """A seal that names its applicant."""
    return work.place(work.seal(**{"applicant": WHO} | said), WINDOW)


def row(world: "World", case: str) -> ApplicantRow | None:
    """What the index has of a case."""
    with world.database.unit() as unit:
        return unit.applicants.of_case(case)


def test_a_second_intake_is_refused_with_the_first_ones_number_until_it_says_why(world: "World") -> None:
    first, second = world.open(), world.open()
    assert code(sealed(first)) == "PLACED"
    refused = sealed(second)
    assert isinstance(refused, Refusal) and refused.code == "DUPLICATE_INTAKE"
    assert refused.values["public_no"] == first.public_no and refused.values["case"] == first.case
    assert world.file(second.case) is None
    said: Mapping[str, object] = {"duplicate_of": first.case, "duplicate_reason": REASON}
    assert code(sealed(second, **said)) == "PLACED"
    file = world.file(second.case)
    assert file is not None and [(link.case, link.kind) for link in file.linked] == [(first.case, "SECOND_INTAKE")]


def test_another_applicant_or_no_digest_at_all_is_no_second_intake(world: "World") -> None:
    assert code(sealed(world.open())) == "PLACED"
    assert code(sealed(world.open(), applicant=SOMEBODY)) == "PLACED"
    unnamed = world.open()
    assert code(unnamed.place(unnamed.seal(), WINDOW)) == "PLACED"
    assert row(world, unnamed.case) is None


def test_two_seals_of_one_batch_are_a_first_and_a_second(world: "World") -> None:
    works = [world.open(), world.open()]
    items = [world.examined(WINDOW, work.seal(applicant=WHO)) for work in works]
    assert [code(one) for one in world.place(items)] == ["PLACED", "DUPLICATE_INTAKE"]


@pytest.mark.parametrize("parent", ["x", "c7" * 16])
def test_a_neighbour_that_names_a_parent_takes_nothing_from_what_is_known_of_applicants(
    world: "World", parent: str
) -> None:
    """Kin is looked up in a second round (states.md 8): it must not forget what the first one found."""
    first, second, stranger = world.open(), world.open(), world.open()
    assert code(sealed(first)) == "PLACED"
    items = [
        world.examined(WINDOW, stranger.seal(applicant=SOMEBODY, parent=parent)),
        world.examined(WINDOW, second.seal(applicant=WHO)),
    ]
    foreign, twin = world.place(items)
    assert isinstance(foreign, Refusal)
    assert code(twin) == "DUPLICATE_INTAKE"


def test_while_a_key_is_exchanged_an_applicant_is_found_by_either_digest(world: "World") -> None:
    """The first window has the older key alone, the second both, the third the new one alone (the older is retired)."""
    first, second, third, old = world.open(), world.open(), world.open(), world.open()
    assert code(sealed(first, applicant=OLDER)) == "PLACED"
    assert code(sealed(second, applicant_before=OLDER)) == "DUPLICATE_INTAKE"
    said = {"duplicate_of": first.case, "duplicate_reason": REASON}
    assert code(sealed(second, applicant_before=OLDER, **said)) == "PLACED"
    found = row(world, second.case)
    assert found is not None and (found.applicant, found.applicant_before) == (WHO, OLDER)
    assert code(sealed(third)) == "DUPLICATE_INTAKE"
    assert code(sealed(old, applicant=OLDER)) == "DUPLICATE_INTAKE"
    assert code(sealed(old, applicant=SOMEBODY)) == "PLACED"
    ended = second.act("void", {"reason": "DUPLICATE", "linked": first.case, "paper": "0" * 64}, WINDOW, "W01")
    assert code(second.place(Submission(ended.encode()), WINDOW)) != "DUPLICATE_UNRELATED"


def test_the_index_follows_the_case_and_an_ended_one_stands_in_nobodys_way(world: "World") -> None:
    first, second = world.open(), world.open()
    sealed(first)
    found = row(world, first.case)
    assert found is not None and (found.applicant, found.standing, found.breach) == (WHO, "OPEN", "")
    withdrawn = {"identity_checked": True, "paper": "0" * 64}
    act = Submission(first.act("withdraw", withdrawn, WINDOW, "W01").encode())
    assert code(first.place(act, WINDOW)) == "PLACED"
    ended = row(world, first.case)
    assert ended is not None and ended.standing == ""
    assert code(sealed(second)) == "PLACED"
