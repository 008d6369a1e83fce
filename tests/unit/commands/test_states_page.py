"""The page of states shows what the law does: every clock with its beginning and its end, every way of a paper."""

import re

import pytest

from hub.casework.late.rows import ON_PAPER
from hub.casework.originals.values import ItemState
from hub.casework.reasons import LATE_CAUSES
from hub.casework.table import ROWS
from hub.casework.time.clock_table import CLOCKS
from tools import observe, states_page


@pytest.fixture(scope="module")
def page() -> str:
    return states_page.page(ROWS)


@pytest.mark.parametrize("clock", sorted(CLOCKS))
def test_each_clock_is_drawn_from_its_start_to_its_end(page: str, clock: str) -> None:
    """K9 and K10 follow from papers and parcels, K5 runs where the list limits the steps: all are there."""
    assert re.search(rf"^    \[\*\] --> {clock} : ", page, re.M)
    assert re.search(rf"^    {clock} --> \[\*\] : ", page, re.M)
    paused = re.search(rf"^    {clock} --> {clock}_paused : T26$", page, re.M)
    assert (paused is not None) == CLOCKS[clock].pausable


def test_what_the_table_of_states_md_says_of_the_clocks_is_what_is_seen() -> None:
    found = observe.by_clock(observe.observe())
    assert {"T05", "T05R"} <= set(found["K1"]["started"]) and "T10" in found["K1"]["stopped"]
    assert found["K2"]["started"] == ["T10", "T10b", "T18"]
    assert {"T14", "T15"} <= set(found["K3"]["started"]) & set(found["K4"]["started"]) & set(found["K5"]["started"])
    assert "T28" in found["K4"]["moved"] and found["K6"]["moved"] == ["T17E"]
    assert found["K7"]["started"] == ["T14"] and "K7S" in found["K7"]["stopped"]
    assert "T31" in found["K8"]["started"] and {"O2", "T33"} <= set(found["K9"]["started"])
    assert found["K10"]["started"] == ["D5E"] and "O8" in found["K10"]["stopped"]
    assert found["K11"]["started"] == ["T09", "T22"] and "T38F" in found["K12"]["stopped"]


def test_every_row_is_on_the_page_and_no_state_of_a_paper_is_missing(page: str) -> None:
    for row in ROWS:
        assert f"| {row.id} | `{row.event}` |" in page
    drawn = set(re.findall(r"[A-Z][A-Z_]+", page))
    on_the_line_alone = {ItemState.SEEN_RETURNED}  # O1: the sealed line says it; nothing is kept of the paper
    assert {state.value for state in set(ItemState) - on_the_line_alone} <= drawn


@pytest.mark.requirement("A22")
def test_the_page_says_which_acts_take_a_late_entry_and_why(page: str) -> None:
    (acts, causes) = re.findall(r"^- (?:acts|causes): (.*)$", page, re.M)
    assert set(re.findall(r"\((\w+)\)", acts)) == ON_PAPER
    assert all(f"{code} {word}" in causes for code, word in LATE_CAUSES.items())
