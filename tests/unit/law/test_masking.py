"""Masking by field type and of free text (standards.md 15; H01; states.md 10, invariant 14)."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.casework.masking.fields import DOUBLE_SURNAMES, MASKS, Field, Profile, mask
from hub.casework.masking.text import mask_line, mask_record, mask_text
from tests.writings import holds, writings_of

pytestmark = pytest.mark.requirement("H01", "H02")
INSIDE, OUTSIDE = Profile.RECEIPT, Profile.OUTSIDE
ID, OTHER_ID = "360101199003070018", "36110120000229004X"
MOBILE = "13800000000"
TABLE = (
    (Field.PERSON_NAME, "张三", "张*", "张*"),
    (Field.PERSON_NAME, "张三丰", "张**", "张*"),
    (Field.PERSON_NAME, "欧阳修", "欧阳*", "欧阳*"),
    (Field.PERSON_NAME, "欧阳", "欧*", "欧*"),
    (Field.PERSON_NAME, "阿依古丽·买买提", "阿*", "阿*"),
    (Field.PERSON_NAME, "\U00020bb7野家", "\U00020bb7**", "\U00020bb7*"),
    (Field.PERSON_NAME, "Maria Lopez", "M*", "M*"),
    (Field.PERSON_NAME, "张", "张*", "张*"),
    (Field.CITIZEN_ID, ID, "360***********0018", "3****************8"),
    (Field.CITIZEN_ID, OTHER_ID.lower(), "361***********004X", "3****************X"),
    (Field.CITIZEN_ID, "360101900307001", "****", "****"),
    (Field.MOBILE, MOBILE, "138****0000", "138****0000"),
    (Field.MOBILE, "12345", "****", "****"),
    (Field.LANDLINE, "0791-80000012", "0791-****12", "0791-****12"),
    (Field.LANDLINE, "01080000012", "010-****12", "010-****12"),
    (Field.LANDLINE, "112", "****", "****"),
    (Field.ADDRESS, "江西省南昌市东湖区八一大道1号", "江西省南昌市东湖区八一大道****", "江西省南昌市东湖区****"),
    (Field.ADDRESS, "重庆市江津区几江街道8栋", "重庆市江津区几江街道****", "重庆市江津区****"),
    (
        Field.ADDRESS,
        "湖南省永州市江华瑶族自治县沱江镇3号",
        "湖南省永州市江华瑶族自治县沱江镇****",
        "湖南省永州市江华瑶族自治县****",
    ),
    (Field.ADDRESS, "某处", "****", "****"),
    (Field.BANK_CARD, "6222 0000 0000 0001234", "****1234", "****1234"),
    (Field.BANK_CARD, "12", "****", "****"),
    (Field.EMAIL, "zhang@x.cn", "z***@x.cn", "z***@x.cn"),
    (Field.EMAIL, "zhang", "****", "****"),
    (Field.PASSPORT, "E00000012", "E****12", "E****"),
    (Field.PASSPORT, "E 1", "****", "****"),
    (Field.NUMBER_PLATE, "赣A00012", "赣A***12", "赣A***12"),
    (Field.NUMBER_PLATE, "赣A·D00012", "赣A***12", "赣A***12"),
    (Field.NUMBER_PLATE, "00012", "****", "****"),
    (Field.CREDIT_CODE, "91110000600037341L", "91110000600037341L", "91110000600037341L"),
    (Field.UNIT_NAME, "某某公司", "某某公司", "某某公司"),
)


@pytest.mark.parametrize("field, value, receipt, outside", TABLE)
def test_each_type_is_masked_as_the_table_says(field: Field, value: str, receipt: str, outside: str) -> None:
    assert (mask(field, value, INSIDE), mask(field, value, OUTSIDE)) == (receipt, outside)


def test_every_type_has_a_rule_and_nothing_is_made_of_nothing() -> None:
    assert set(MASKS) == set(Field)
    assert all(mask(field, " ", profile) == "" for field in Field for profile in Profile)
    assert all(len(name) == 2 for name in DOUBLE_SURNAMES)


PERSONAL = sorted(set(Field) - {Field.CREDIT_CODE, Field.UNIT_NAME, Field.PUBLIC})


@given(st.sampled_from(PERSONAL), st.text())
def test_a_mask_never_fails_open(field: Field, value: str) -> None:
    """Whatever is written into a field of personal data, it never comes out whole."""
    text = value.strip()
    for profile in Profile:
        shown = mask(field, value, profile)
        assert ("*" in shown) == bool(text)
        assert not text or shown != text or set(text) == {"*"}


@given(st.text(alphabet="0123456789", min_size=8, max_size=8), st.text(alphabet="0123456789Xx", min_size=4, max_size=4))
def test_outside_the_birth_date_never_shows(middle: str, tail: str) -> None:
    shown = mask(Field.CITIZEN_ID, f"360101{middle}{tail}", OUTSIDE)
    assert shown in {"****", f"3{'*' * 16}{tail[-1].upper()}"}


@pytest.mark.parametrize(
    "text, wanted",
    [
        (f"申请人证号{ID}，电话{MOBILE}。", "申请人证号3****************8，电话138****0000。"),
        (f"id:{OTHER_ID.lower()}", "id:3****************X"),
        ("360101 19900307 0018", "3****************8"),
        ("３６０１０１１９９００３０７００１８", "3****************8"),
        ("138-0000-0000", "138****0000"),
        ("请拨 0791-80000012 或 12345", "请拨 0791-****12 或 12345"),
        ("卡号6222000000000001234", "卡号****1234"),
        ("写信 zhang@x.cn", "写信 z***@x.cn"),
        ("查询号 100170000017，2026-03-02", "查询号 100170000017，2026-03-02"),
        ("事项 11360102900001025R4000131012001", "事项 11360102900001025R4000131012001"),
        ("没有号码", "没有号码"),
        ("360.101.1990.0307.0018", "3****************8"),
        ("138.0000.0000", "138****0000"),
        ("地址 192.168.10.123:7443", "地址 192.168.10.123:7443"),
        ("投递员【测试乙，电话:13000000001】", "投递员【测*，电话:130****0001】"),
        ("投递员:测试乙:13000000001", "投递员:测*:130****0001"),
        ("揽投部【电话:010-00000000】，投诉请致电11183。", "揽投部【电话:010-****00】，投诉请致电11183。"),
        ("已代签收【家人，，】", "已代签收【家人，，】"),
        ("操作员：测·试丙", "操作员：测*"),
        ("联系人 \U00020000试乙 130 0000 0001", "联系人 \U00020000* 130****0001"),
        ("申请人：余知远，材料齐全", "申请人：余*，材料齐全"),
        ("申请人：材料齐全", "申请人：材料齐全"),
        ("余知远 13800000000", "余* 138****0000"),
        ("样张区服务中心 0791-80000012", "样张区服务中心 0791-****12"),
    ],
)
def test_free_text_is_scanned(text: str, wanted: str) -> None:
    assert mask_text(text, OUTSIDE) == wanted


@pytest.mark.requirement("invariant 14")
@given(st.text(alphabet="张三，。 电话abc", max_size=12), st.text(alphabet="张三，。 电话abc", max_size=12))
def test_no_id_number_survives_any_surroundings(before: str, after: str) -> None:
    for number in (ID, OTHER_ID, MOBILE):
        for profile in Profile:
            shown = mask_text(f"{before}{number}{after}", profile)
            assert number not in shown and not re.search(r"\d{8}", shown)


def test_a_record_shows_only_what_has_a_type() -> None:
    record = {"name": "张三丰", "id": ID, "remark": f"电话 {MOBILE}", "face": "base64…", "empty": ""}
    types = {"name": Field.PERSON_NAME, "id": Field.CITIZEN_ID, "remark": Field.PUBLIC}
    assert mask_record(record, types, OUTSIDE) == {
        "name": "张*", "id": "3****************8", "remark": "电话 138****0000", "face": "****", "empty": "",
    }  # fmt: skip


# --- nothing of a value in any writing ---------------------------------------------------------------------------


@given(
    st.sampled_from([(Field.CITIZEN_ID, ID), (Field.CITIZEN_ID, OTHER_ID), (Field.MOBILE, MOBILE)]),
    st.sampled_from([
        "".join, " ".join, "-".join, "\u3000".join, "\u2013".join,
        lambda digits: "".join(chr(ord(one) + 0xFEE0) for one in digits),
    ]),
    st.text(alphabet="，。：（）abc 张于", max_size=8),
    st.sampled_from(Profile),
)  # fmt: skip
def test_no_writing_of_a_number_is_left_in_free_text(
    held: tuple[Field, str], written: "object", around: str, profile: Profile
) -> None:
    """Parted, wide or plain: neither the number nor one of its encodings stands in what came out, in any encoding."""
    field, value = held
    shown = mask_text(f"{around}{written(value)}{around}", profile)  # type: ignore[operator]
    assert "*" in shown
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030"):
        assert not holds(shown.encode(encoding), [value])
    assert mask(field, value, profile) in shown


@given(st.sampled_from(PERSONAL), st.text(min_size=1), st.sampled_from(Profile))
def test_masking_what_is_masked_shows_no_more(field: Field, value: str, profile: Profile) -> None:
    once = mask(field, value, profile)
    assert len(set(mask(field, once, profile)) - set(once)) == 0


def test_a_search_finds_every_writing() -> None:
    """A search that finds nothing proves something only when it can find."""
    for value in ("余知远", ID, "江西省南昌市东湖区样例路1号"):
        for name, data in writings_of(value).items():
            assert holds(b"before " + data + b" behind", [value]), name


@pytest.mark.parametrize(
    "line, wanted",
    [
        (f"inbox: CASE_NAME [A24] name=余知远 {MOBILE}", "inbox: CASE_NAME [A24] name=余* 138****0000"),
        (f"申请人:余知远 {ID}", "申请人:余* 3****************8"),
        ("case " + "18312345678" * 2 + "abcdef0123 waits", "case " + "18312345678" * 2 + "abcdef0123 waits"),
        ("serving 127.0.0.1:7443", "serving 127.0.0.1:7443"),
    ],
)
def test_a_log_line_keeps_ids_and_loses_numbers(line: str, wanted: str) -> None:
    assert mask_line(line) == wanted


def test_nobody_else_masks_values() -> None:
    """One way only: no module outside the law's masking makes stars of a value (standards.md 15; issue 5, part 6)."""
    helper = re.compile(
        r"def _?mask(ed)?_(name|text|id|phone|mobile|address|number|value)|HIDDEN\b|[\"']\*+[\"'] ?\*|\* ?[\"']\*+[\"']"
    )
    root = Path(__file__).resolve().parents[3]
    files = [
        file for room in ("crypto", "deploy", "hub", "node_agent", "storage") for file in (root / room).rglob("*.py")
    ]
    assert len(files) > 300
    found = [str(file.relative_to(root)) for file in files if helper.search(file.read_text("utf-8"))]
    assert sorted(set(found)) == ["hub/casework/masking/fields.py", "hub/casework/masking/text.py"]
