"""The labelled set: reproducible, large enough, reserved numbers only (issue 5; standards.md 10)."""

from collections import Counter

import numpy as np
from stdnum import luhn

from node_agent.imaging.finding.numbers import valid_id
from tests.labelled import apart, fresh, known
from tests.labelled.make import draw, plan
from tests.labelled.people import person
from tests.labelled.score import needless, score_page


def test_the_plan_has_the_pages_that_are_asked_for() -> None:
    pages = plan()
    sets = Counter(page[0] for page in pages)
    assert len(pages) >= 200
    assert (sets["apart"] + sets["fresh"]) * 3 >= len(pages) - 3
    assert len(fresh.LAYOUTS) >= 15 and sets["fresh"] >= 4 * len(fresh.LAYOUTS)
    assert len({*known.LAYOUTS, *apart.LAYOUTS, *fresh.LAYOUTS}) == sum(
        map(len, (known.LAYOUTS, apart.LAYOUTS, fresh.LAYOUTS))
    )
    assert len({page[2] for page in pages}) >= 13
    assert plan() == pages


def test_the_same_seed_gives_the_same_page() -> None:
    one, two, other = draw("idcard", "combined", 3), draw("idcard", "combined", 3), draw("idcard", "combined", 4)
    assert np.array_equal(one[0], two[0]) and one[1] == two[1]
    assert not np.array_equal(one[0], other[0])


def test_numbers_are_reserved_and_well_formed() -> None:
    rng = np.random.default_rng(1)
    for who in (person(rng) for _ in range(200)):
        assert valid_id(who.citizen_id) and who.citizen_id[4:6] == "01"
        assert who.mobile[3:7] == "0000" and len(who.mobile) == 11
        assert luhn.is_valid(who.bank_card) and who.bank_card.startswith("620000")
        assert who.landline.split("-")[1].startswith("0")
        assert "O" in who.plate and who.email.split("@")[1].startswith("example.")


def test_the_truth_lies_on_ink_and_a_box_over_it_scores() -> None:
    pixels, values = draw("roster", "rot90", 2)
    assert all(pixels[_rows(v.quad), _columns(v.quad)].min() < 120 for v in values)
    page = {"width": pixels.shape[1], "height": pixels.shape[0]}
    page["values"] = [{"kind": v.kind, "text": v.text, "quad": v.quad} for v in values]  # type: ignore[assignment]
    first = values[0].quad
    box = (int(first[1][0]) - 50, int(first[0][1]) - 2, int(first[0][0]) + 3, int(first[2][1]) + 3)
    score, missed = score_page(page, [box, (0, 0, 20, 20)])
    assert len(missed) == len(values) - 1
    assert (score.boxes, score.right) == (2, 1)
    assert needless(page, [box, (0, 0, 20, 20)]) == [1]


def _rows(quad: list[list[float]]) -> slice:
    return slice(int(min(y for _, y in quad)), int(max(y for _, y in quad)) + 1)


def _columns(quad: list[list[float]]) -> slice:
    return slice(int(min(x for x, _ in quad)), int(max(x for x, _ in quad)) + 1)
