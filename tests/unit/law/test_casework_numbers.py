"""Numbers against the vectors of standards.md 3 and 10, with the reserved test numbers only."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_10

from crypto.refusal import Refusal
from hub.casework.numbers import (
    ProofLevel,
    case_no,
    check_public_number,
    citizen_id,
    credit_code,
    parse_case_no,
    print_public_number,
    proof_level,
    public_number,
    region_code,
    region_prefix,
    task_code,
)

TASK = "12441500196720244T" + "3" + "442199806003"


@pytest.mark.requirement("E07")
@pytest.mark.parametrize(
    "text, born, sex",
    [
        ("11010519491231002X", date(1949, 12, 31), "F"),
        ("440524188001010014", date(1880, 1, 1), "M"),
        ("360101199003070018", date(1990, 3, 7), "M"),
        ("360101198512120023", date(1985, 12, 12), "F"),
        ("36110120000229004X", date(2000, 2, 29), "F"),
        ("36110120000229004x", date(2000, 2, 29), "F"),
    ],
)
def test_valid_citizen_numbers(text: str, born: date, sex: str) -> None:
    found = citizen_id(text)
    assert (found.text, found.birth_date, found.sex) == (text.upper(), born, sex)
    assert found.region == text[:6]


@pytest.mark.requirement("E07")
@pytest.mark.parametrize(
    "text, code",
    [
        ("530501197802290038", "CITIZEN_ID_DATE"),
        ("360101199003070019", "CITIZEN_ID_CHECK"),
        ("360101900307001", "CITIZEN_ID_15"),
        ("36010119900307001", "CITIZEN_ID_FORMAT"),
        ("X60101199003070018", "CITIZEN_ID_FORMAT"),
        ("３60101199003070018", "CITIZEN_ID_FORMAT"),
        ("", "CITIZEN_ID_FORMAT"),
    ],
)
def test_refused_citizen_numbers_are_not_repeated(text: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        citizen_id(text)
    assert refused.value.code == code
    assert not text or text not in str(refused.value)


@given(st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_of_a_citizen_number_is_found(place: int, shift: int) -> None:
    right = "360101199003070018"
    wrong = right[:place] + str((int(right[place]) + shift) % 10) + right[place + 1 :]
    with pytest.raises(Refusal):
        citizen_id(wrong)


@pytest.mark.requirement("E07")
@pytest.mark.parametrize("text", ["91110000600037341L", "12441500196720244T", "11500381009320238D"])
def test_valid_credit_codes(text: str) -> None:
    assert credit_code(text.lower()) == text


@pytest.mark.requirement("E07")
@pytest.mark.parametrize(
    "text, code",
    [
        ("91310000MA1FL4DL6H", "CREDIT_CODE_CHECK"),
        ("9131000OMA1FL4DL6H", "CREDIT_CODE_FORMAT"),
        ("91110000600037341", "CREDIT_CODE_FORMAT"),
    ],
)
def test_refused_credit_codes(text: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        credit_code(text)
    assert refused.value.code == code


def test_regions_are_stored_with_twelve_digits() -> None:
    assert region_code("360102") == region_code("360102000") == region_code("360102000000") == "360102000000"
    for text in ("36010", "3601020", "060102", "36010a", ""):
        with pytest.raises(Refusal) as refused:
            region_code(text)
        assert refused.value.code == "REGION_CODE"


@pytest.mark.parametrize(
    "region, prefix",
    [
        ("000000000000", ""),
        ("360000000000", "36"),
        ("360100000000", "3601"),
        ("360102000000", "360102"),
        ("360102001000", "360102001"),
        ("360102001002", "360102001002"),
    ],
)
def test_region_prefix(region: str, prefix: str) -> None:
    assert region_prefix(region) == prefix


def test_task_code_falls_into_its_parts() -> None:
    parts = task_code(TASK)
    assert parts.credit_code + parts.level + parts.catalog_code == TASK


@pytest.mark.parametrize(
    "text, code",
    [
        (TASK[:-1], "TASK_CODE_FORMAT"),
        (TASK[:18] + "9" + TASK[19:], "TASK_CODE_FORMAT"),
        (TASK.lower(), "TASK_CODE_FORMAT"),
        (TASK[:17] + "X" + TASK[18:], "CREDIT_CODE_CHECK"),
    ],
)
def test_refused_task_codes(text: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        task_code(text)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "serial, text",
    [
        (1, "0001"),
        (68, "0068"),
        (9999, "9999"),
        (10000, "A000"),
        (10036, "A010"),
        (1_223_055, "ZZZZ"),
    ],
)
def test_case_numbers_name_item_and_day(serial: int, text: str) -> None:
    number = case_no(TASK, date(2022, 6, 23), serial)
    assert number == f"{TASK}20220623{text}"
    assert len(number) == 43
    assert parse_case_no(number).serial == serial


@pytest.mark.requirement("invariant 18")
@given(st.integers(1, 1_223_054))
def test_serials_never_repeat_and_sort_as_they_were_given(serial: int) -> None:
    one, two = (case_no(TASK, date(2026, 1, 1), serial + step) for step in (0, 1))
    assert one < two
    assert parse_case_no(one).serial == serial


def test_case_numbers_end_somewhere() -> None:
    with pytest.raises(Refusal) as refused:
        case_no(TASK, date(2026, 1, 1), 1_223_056)
    assert refused.value.code == "CASE_SERIAL_SPENT"
    with pytest.raises(ValueError):
        case_no(TASK, date(2026, 1, 1), 0)
    with pytest.raises(Refusal):
        case_no(TASK[1:], date(2026, 1, 1), 1)


@pytest.mark.parametrize("tail", ["202206230000", "2022W2230001", "20220631000A", "2022063100", "20220623a000"])
def test_refused_case_numbers(tail: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_case_no(TASK + tail)
    assert refused.value.code == "CASE_NO_FORMAT"


@given(st.integers(0, 99_999), st.integers(0, 999_999))
def test_public_numbers_carry_the_check_digit_of_iso_7064(prefix: int, counter: int) -> None:
    body = f"{prefix:05}{counter:06}"
    number = public_number(prefix, counter)
    assert number == body + mod_11_10.calc_check_digit(body)
    assert print_public_number(number) == f"{number[:4]} {number[4:8]} {number[8:]}"


@given(st.integers(0, 99_999), st.integers(0, 999_999), st.integers(0, 11), st.integers(1, 9))
def test_one_wrong_digit_of_a_public_number_is_found(prefix: int, counter: int, place: int, shift: int) -> None:
    number = public_number(prefix, counter)
    assert check_public_number(print_public_number(number)) == number
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    with pytest.raises(Refusal) as refused:
        check_public_number(wrong)
    assert refused.value.code == "PUBLIC_NUMBER_CHECK"


def test_public_numbers_have_bounds() -> None:
    for prefix, counter in ((100_000, 0), (0, 1_000_000), (-1, 0)):
        with pytest.raises(ValueError):
            public_number(prefix, counter)


@pytest.mark.parametrize(
    "signer, evidence, level",
    [
        ("UNKNOWN", "EVENT", 0),
        ("DOORSTEP", "EVENT", 0),
        ("LOCKER", "EVENT", 0),
        ("PICKUP_POINT", "EVENT", 0),
        ("DOORSTEP", "SIGNATURE_IMAGE", 0),
        ("HOUSEHOLD", "EVENT", 1),
        ("UNIT", "EVENT", 1),
        ("SELF", "EVENT", 2),
        ("LOCKER", "DELIVERY_CODE", 2),
        ("SELF", "SIGNATURE_IMAGE", 3),
        ("UNIT", "ELECTRONIC_SLIP", 3),
        ("UNKNOWN", "PAPER_SLIP", 4),
        ("SELF", "COUNTER_SIGNATURE", 4),
    ],
)
def test_levels_of_proof(signer: str, evidence: str, level: int) -> None:
    assert proof_level(signer, evidence) is ProofLevel(level)


@pytest.mark.parametrize("signer, evidence", [("DRONE", "EVENT"), ("SELF", "RUMOUR")])
def test_unknown_words_of_proof_are_refused(signer: str, evidence: str) -> None:
    with pytest.raises(Refusal) as refused:
        proof_level(signer, evidence)
    assert refused.value.code == "PROOF_KIND"
