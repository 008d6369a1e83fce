"""Rules that find personal data in what was read: forms, tables, running text (issue 5, part 3). No engine here."""

import pytest

from hub.casework.masking.fields import Profile
from hub.casework.masking.pictures import SHOWN, PageKind, is_covered
from node_agent.imaging.finding.find import in_text, withheld
from node_agent.imaging.finding.found import Found
from node_agent.imaging.finding.hints import Hint, distance
from node_agent.imaging.finding.layout import arrange
from node_agent.imaging.finding.numbers import valid_credit, valid_id
from node_agent.imaging.reading.lines import Line, Reading, line_of, on_the_page_given

SIZE = 30
CARD = "6200001234567890123"


def line(text: str, x: int = 100, y: int = 100, score: float = 0.99) -> Line:
    """A line of print, each character as wide as it is high; a blank leaves a gap."""
    boxes = [(x + k * SIZE, y, x + (k + 1) * SIZE, y + SIZE) for k in range(len(text))]
    return line_of([(c, box) for c, box in zip(text, boxes, strict=True) if c != " "], score)


def seen(*lines: Line, hints: tuple[Hint, ...] = ()) -> list[Found]:
    """What is found in these lines."""
    return in_text(arrange(lines), hints)


def values(kind: PageKind, *lines: Line) -> set[str]:
    """Texts found of a kind, without blanks and line ends."""
    return {"".join(one.text.split()) for one in seen(*lines) if one.kind is kind}


@pytest.mark.requirement("H01")
@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("360101199003070018", PageKind.CITIZEN_ID, "360101199003070018"),
        ("身份证号:36010119900307001X", PageKind.CITIZEN_ID, "36010119900307001X"),  # check digit fails
        ("360101900307001", PageKind.CITIZEN_ID, "360101900307001"),
        ("公民身份号码:36O1O119900307OO18", PageKind.CITIZEN_ID, "36O1O119900307OO18"),  # the letter O
        ("360101.19900307.0018", PageKind.CITIZEN_ID, "360101.19900307.0018"),
        ("联系电话:13800001234", PageKind.PHONE, "13800001234"),
        ("请致电138-0000-1234核实", PageKind.PHONE, "138-0000-1234"),
        ("0791-01234567", PageKind.PHONE, "0791-01234567"),
        ("汇入" + CARD, PageKind.BANK_CARD, CARD),
        ("护照E00123456", PageKind.PASSPORT, "E00123456"),
        ("通行证H00123456", PageKind.PERMIT, "H00123456"),
        ("车辆赣O·12A34停放", PageKind.PLATE, "赣O·12A34"),
        ("发邮件至lin01@example.cn", PageKind.EMAIL, "lin01@example.cn"),
    ],
)
def test_numbers_are_found_in_any_form(text: str, kind: PageKind, value: str) -> None:
    assert value in values(kind, line(text))


@pytest.mark.parametrize(
    "text",
    [
        "统一社会信用代码:91110000600037341L",
        "办件编号:113601029000010251310120120261120",
        "法定办结时限:20个工作日",
        "有效期限2016.05.20-2036.05.20",
        "合计39924.25元",
        "项目代码2403-440305-04-01-882731",
        "咨询服务热线:12345",
        "邮政编码:330038",
        "起止日期:20260701-20260930",
    ],
)
def test_public_numbers_stay(text: str) -> None:
    assert seen(line(text)) == []


@pytest.mark.requirement("H01")
@pytest.mark.parametrize(
    ("full", "rest", "kind", "value"),
    [
        ("每月以转账方式发放至乙方账户" + CARD[:5], CARD[5:] + "。", PageKind.BANK_CARD, CARD),
        (
            "汉族,户籍地江西省南昌市示例区样张镇溪口村",
            "12组83号。",
            PageKind.ADDRESS,
            "江西省南昌市示例区样张镇溪口村12组83号",
        ),
        ("其本人的居民身份证号码为" + "36010119", "9003070018,", PageKind.CITIZEN_ID, "360101199003070018"),
    ],
)
def test_a_line_goes_on_in_the_nearest_below_though_a_paragraph_ends_just_above(
    full: str, rest: str, kind: PageKind, value: str
) -> None:
    """The line above ends a paragraph, is the shorter one, and stands near enough to have the rest for its own."""
    above = line("委托诉讼代理人由本所律师担任", 160, 100)
    assert value in values(kind, above, line(full, 160, 134), line(rest, 100, 168))


def test_full_width_digits_are_digits() -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in "360101199003070018")
    assert values(PageKind.CITIZEN_ID, line(wide)) == {"360101199003070018"}


def test_a_number_over_two_lines_is_one_number() -> None:
    upper, lower = line("本人申请办理许可身份证号为360101", 100, 100), line("199003070018特此说明", 100, 145)
    boxes = [one.box for one in seen(upper, lower) if one.kind is PageKind.CITIZEN_ID]
    assert any(box[1] < 130 for box in boxes) and any(box[3] > 145 for box in boxes)


def test_serial_numbers_below_each_other_are_no_number() -> None:
    assert seen(*[line(str(number), 100, 100 + 45 * number) for number in range(3, 14)]) == []


def test_a_form_tells_by_its_labels() -> None:
    rows = [line("姓 名", 100, 100), line("马时", 400, 100), line("住址", 100, 200)]
    rows += [line("江西省南昌市东湖区样张路1号", 400, 180), line("2栋301室", 400, 222)]
    assert "马时" in values(PageKind.NAME, *rows)
    tops = {one.box[1] // 40 for one in seen(*rows) if one.kind is PageKind.ADDRESS}
    assert tops == {176 // 40, 218 // 40}


def test_a_table_tells_by_its_heads() -> None:
    heads = (line("序号", 100, 100), line("姓名", 300, 100), line("联系电话", 600, 100))
    cells = (line("1", 100, 160), line("和应", 300, 160), line("13800001234", 600, 160))
    below = (line("2", 100, 220), line("欧阳文", 300, 220), line("13900001234", 600, 220), line("制表人:", 100, 300))
    assert values(PageKind.NAME, *heads, *cells, *below) == {"和应", "欧阳文"}


def test_a_head_with_words_outside_the_list_is_known_by_what_stands_below() -> None:
    columns = (100, 300, 500, 800, 1100)
    rows = [
        ("去向", "对方户名", "出生年月", "所属支部", "对方账号"),
        ("转入", "和应", "1959.09", "群众", CARD),
        ("转出", "欧阳文", "1960.11", "群众", CARD),
        ("转入", "马时", "1971.02", "退休", CARD),
    ]
    cells = [line(text, x, 100 + 60 * k) for k, row in enumerate(rows) for x, text in zip(columns, row, strict=True)]
    assert values(PageKind.NAME, *cells) == {"和应", "欧阳文", "马时"}
    assert values(PageKind.BIRTH, *cells) == {"1959.09", "1960.11", "1971.02"}


def test_a_form_of_labels_and_values_is_no_table() -> None:
    rows = [
        ("姓名", "马时", "政治面貌", "群众"),
        ("学历", "本科", "专业", "园林"),
        ("籍贯", "南昌", "健康状况", "良好"),
    ]
    cells = [
        line(text, x, 100 + 60 * k)
        for k, row in enumerate(rows)
        for x, text in zip((100, 300, 600, 900), row, strict=True)
    ]
    assert values(PageKind.NAME, *cells) == {"马时"}


def test_values_of_other_columns_are_no_names_because_a_relation_stands_first() -> None:
    cells = (line("妻子", 100), line("邓景", 300), line("1959.09", 500), line("群众", 800), line("退休", 1000))
    assert values(PageKind.NAME, *cells) == {"邓景"}
    assert values(PageKind.NAME, line("收款人:范冬秋", 100), line("校验:薛安", 600)) >= {"范冬秋"}
    assert "校验" not in values(PageKind.NAME, line("收款人:范冬秋", 100), line("校验:薛安", 600))


def test_the_english_of_a_label_asks_for_nothing_of_its_own() -> None:
    rows = [line("住址", 100, 100), line("江西省南昌市东湖区样张路1号", 400, 100), line("Address", 100, 150)]
    found = seen(*rows, line("品牌型号样张牌YZ7150", 100, 200))
    assert {one.text for one in found if one.kind is PageKind.ADDRESS} == {"江西省南昌市东湖区样张路1号"}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("未发现邓月光(性别:女)有犯罪记录", PageKind.NAME, "邓月光"),
        ("兹证明上官秀超同志在我单位任职", PageKind.NAME, "上官秀超"),
        ("于10月05日由高志主任医师主刀", PageKind.NAME, "高志"),
        ("今收到刘安", PageKind.NAME, "刘安"),
        ("万豪童13900001234", PageKind.NAME, "万豪童"),
        ("长女阿依努尔·买买提", PageKind.NAME, "长女阿依努尔·买买提"),
        ("购买方名称:赵冬雨", PageKind.NAME, "赵冬雨"),
        ("乙方(劳动者)姓名闫磊,性别女", PageKind.NAME, "闫磊"),
        ("林维,一九九二年六月十九日生", PageKind.BIRTH, "一九九二年六月十九日"),
        ("出生年月1959.06", PageKind.BIRTH, "1959.06"),
    ],
)
def test_what_other_layouts_taught(text: str, kind: PageKind, value: str) -> None:
    """The third set's one round of mending."""
    assert value in values(kind, line(text))


def test_names_in_running_text() -> None:
    found = values(PageKind.NAME, line("现委托张志伟代为办理,另查,李梅系该户户主,身份证号附后"))
    assert found >= {"张志伟", "李梅"}
    assert not values(PageKind.NAME, line("委托人均予以承认,受托人无转委托权,申请人应当如实填写"))


def test_a_name_is_found_again_wherever_it_stands() -> None:
    found = seen(line("姓名:马时", 100, 100), line("此件由马时领走", 100, 400))
    assert any(one.reason == "NAME_AGAIN" and one.box[1] > 300 for one in found)


def test_the_forms_data_are_found_with_slips_of_the_engine() -> None:
    hints = (Hint(PageKind.NAME, "童乐乐"), Hint(PageKind.PHONE, "13800001234"))
    found = seen(line("已交童东乐转", 100, 100), line("13800O1Z34", 100, 300), hints=hints)
    assert {one.kind for one in found if one.reason == "HINT"} == {PageKind.NAME, PageKind.PHONE}


def test_what_cannot_be_judged_is_withheld() -> None:
    def reasons(*lines: Line, score: float = 0.99) -> list[str]:
        return withheld(Reading(1600, 1000, 0, score, "tiny", lines), arrange(lines))

    standing = Line("姓名", 0.9, (100, 100, 140, 400), ((100, 100, 140, 250), (100, 250, 140, 400)))
    boxes = tuple(line(digit, 200 + 60 * k, 100) for k, digit in enumerate("36010119900"))
    assert reasons() == ["NOTHING_READ"]
    assert reasons(line("清楚的一行"), score=0.7) == ["POORLY_READ"]
    assert reasons(line("读不出来的一行", score=0.3)) == ["LINES_NOT_READ"]
    assert reasons(standing) == ["VERTICAL_TEXT"]
    assert reasons(*boxes[:9]) == ["DIGIT_GRID"]
    assert reasons(*boxes) == []
    assert reasons(line("清楚的一行")) == []


@pytest.mark.parametrize(
    ("turn", "expected"),
    [(0, (10, 20, 30, 40)), (90, (20, 70, 40, 90)), (180, (70, 160, 90, 180)), (270, (160, 10, 180, 30))],
)
def test_boxes_go_back_to_the_page_as_it_was_given(turn: int, expected: tuple[int, int, int, int]) -> None:
    assert on_the_page_given((10, 20, 30, 40), Reading(100, 200, turn, 1.0, "tiny", ())) == expected


def test_every_kind_but_the_official_seal_is_covered_for_everybody_outside() -> None:
    assert set(SHOWN) == set(Profile)
    for profile in Profile:
        assert {kind for kind in PageKind if not is_covered(kind, profile)} == {PageKind.SEAL}


def test_check_digits_and_distance() -> None:
    assert valid_id("36110120000229004X") and not valid_id("530501197802290039")
    assert valid_credit("91110000600037341L") and not valid_credit("91310000MA1FL4DL6H")
    assert (distance("张三丰", "张山丰"), distance("1380", "138"), distance("", "ab")) == (1, 1, 2)
