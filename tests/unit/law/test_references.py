"""hub.casework.references: what numbers of other systems may look like in a body (promise 1; C14, I04, G10)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.casework.references import is_personal, is_reference
from tests.unit.agents.window_world import FORM

CITIZEN = str(FORM["applicant"]["citizen_id"])


@pytest.mark.requirement("C14", "I04")
@pytest.mark.parametrize("text", ["YY20260302-07", "JK-1", "36010226000001", "A0001", "01234567890123456789"])
def test_numbers_that_halls_give_out(text: str) -> None:
    assert is_reference(text)


@pytest.mark.requirement("C14", "I04", "G10")
@pytest.mark.parametrize(
    "text",
    ["", "123", "1" * 41, "WANG", "ZHANGSAN1", "call me", "YY-1-", "1\n23", "13800000000", "YY13800000000",
     "86-138-0000-0000", "0791-00000000",
     CITIZEN, f"{CITIZEN[:6]}-{CITIZEN[6:14]}-{CITIZEN[14:]}", f"YY{CITIZEN[:17]}"],
)  # fmt: skip
def test_what_could_name_somebody_is_no_number(text: str) -> None:
    assert not is_reference(text)


@given(st.text())
def test_no_words_fit_into_a_number(text: str) -> None:
    assert not is_reference(text) or sum(map(str.isalpha, text)) <= 4
    assert not (is_reference(text) and is_personal(text))
