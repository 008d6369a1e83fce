"""Lists as files: strict bytes, tables that say what is wrong where, and what is written can be read again."""

import copy
import csv
import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from crypto.refusal import Refusal
from deploy.catalogue import cells
from deploy.catalogue.decode import text_in
from deploy.catalogue.document import Cell, document_of, guarded, sheets_of, template
from deploy.catalogue.files import read_list, write_csv, write_json, write_tables
from deploy.catalogue.tables import TABLES
from hub.casework.catalogue.lint import findings
from hub.casework.catalogue.shape import TABLES as SHAPES
from hub.casework.catalogue.shape import Maybe
from hub.casework.messages import render
from tests.unit.law.catalogue_world import sound

RARE = "𠮷𬭚𫘜㙍䶮"
"""Characters of people's and places' names beyond GB 2312, three of them in CJK Ext B or later."""
DAMAGED = (
    "?。ㄒ唬┚劢估蟊忝窀哳l",
    "?。ㄋ模娀辗铡爱惖剞k理",
    "?。ㄒ唬娀M織",
    "?。ǘ娀瘏f",
    "?。ㄈ娀酱僦笇Ш腿粘U",
    "?。ㄋ模娀偨Y",
    "?。ù思鲃庸_",
)
"""The seven damaged headings of a seed (requirements 12.10): GB bytes shifted by one, which decode all the same."""


def code_of(data: bytes) -> Refusal:
    with pytest.raises(Refusal) as no:
        text_in(data, "事项.csv")
    return no.value


# --- bytes ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("D06")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("text", ["事项名称,材料\n食品经营许可,“申请书”\n", f"{RARE}·经营者\n", "plain\n", ""])
def test_both_encodings_are_read_with_and_without_mark(text: str, encoding: str) -> None:
    assert text_in(text.encode(encoding), "事项.csv") == text


def test_the_mark_of_gb18030_is_taken_off() -> None:
    assert text_in(b"\x84\x31\x95\x33" + RARE.encode("gb18030"), "x") == RARE


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_a_bad_byte_is_refused_with_its_position_and_line(encoding: str) -> None:
    good = "事项名称\n食品经营许可\n".encode(encoding)
    no = code_of(good + b"\xff" + good)
    assert (no.code, no.values["position"], no.values["row"]) == ("TABLE_ENCODING", str(len(good)), "3")


def test_a_marked_text_is_held_to_its_mark() -> None:
    no = code_of(b"\xef\xbb\xbf" + "许可".encode("gb18030"))
    assert (no.code, no.values["position"]) == ("TABLE_ENCODING", "3")


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff"])
def test_utf_16_is_refused_at_once(mark: bytes) -> None:
    assert code_of(mark + "许可".encode("utf-16-le")).values["position"] == "0"


@pytest.mark.parametrize("text", DAMAGED)
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_shifted_bytes_that_decode_are_refused_all_the_same(text: str, encoding: str) -> None:
    before = "编号,标题\n1,"
    no = code_of((before + text).encode(encoding))
    assert (no.code, no.values["row"]) == ("TABLE_DAMAGED", "2")
    assert int(no.values["position"]) >= len(before.encode(encoding))


@given(st.integers(0, 40), st.sampled_from("，。（）“”、；："))
def test_one_byte_lost_in_a_gb_cell_is_refused(cut: int, sign: str) -> None:
    """Shifted pairs run on to the end of the cell, where a comma or line end can be no second byte, or show signs."""
    cell = f"（一）持续推进{sign}事项名称、编码统一（二）依据"
    data = f"编号,{cell}\r\n".encode("gb18030")
    begin = len("编号,".encode("gb18030"))
    place = begin + cut % (len(data) - begin - 2)
    assert code_of(data[:place] + data[place + 1 :]).code in {"TABLE_ENCODING", "TABLE_DAMAGED"}


@given(st.binary(max_size=60))
def test_bytes_are_decoded_as_they_are_or_refused(data: bytes) -> None:
    try:
        text = text_in(data, "x")
    except Refusal as no:
        assert no.code in {"TABLE_ENCODING", "TABLE_DAMAGED"}
        return
    assert "\ufffd" not in text
    body = data.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\x84\x31\x95\x33")
    assert body in (text.encode("utf-8"), text.encode("gb18030"))


# --- tables --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("D06", "D07", "D09", "D11", "D19", "D23")
@pytest.mark.parametrize("name, encoding", [("a.xlsx", "utf-8-sig"), ("a", "utf-8-sig"), ("b", "gb18030")])
def test_a_list_written_as_tables_is_read_again_as_the_same_list(tmp_path: Path, name: str, encoding: str) -> None:
    document = sound()
    document["items"][0] |= {"business_class": f"市场准入{RARE}", "originals_note": "=不是公式"}
    document["windows"][0]["timetable"] |= {
        "extended": {"6": [["09:00", "12:00"]]},
        "special_days": {"2026-10-01": [], "2026-10-02": [["09:00", "12:00"], ["13:00", "15:00"]]},
    }
    document["items"][0].pop("assisted_fee")
    document["items"][3]["withdrawal"] = {"reason": "改革", "approval": "府〔2026〕1号", "from": "2026-12-01"}
    write_tables(sheets_of(document), tmp_path / name, encoding)
    read, problems = read_list(tmp_path / name)
    assert problems == []
    assert read == document
    assert findings(read) == []


def test_json_is_read_as_it_is(tmp_path: Path) -> None:
    write_json(sound(), tmp_path / "a.json")
    assert read_list(tmp_path / "a.json") == (sound(), [])


@pytest.mark.parametrize("name", ["t.xlsx", "t"])
def test_the_template_has_every_column_and_no_fault_but_emptiness(tmp_path: Path, name: str) -> None:
    write_tables(template(), tmp_path / name)
    document, problems = read_list(tmp_path / name)
    assert problems == []
    assert (document["items"], document["windows"]) == ([], [])
    told = {tuple(row[:2]) for row in template()["说明"][1:]}
    assert told == {(table.title, title) for table in TABLES for title in table.titles()}


def members(spec: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of all single members; lists of entries are tables of their own."""
    spec = spec.spec if isinstance(spec, Maybe) else spec
    if isinstance(spec, dict):
        for name, inner in spec.items():
            yield from members(inner, (*path, name))
    elif not (isinstance(spec, list) and isinstance(spec[0], dict)):
        yield path


@pytest.mark.parametrize("member", ["items", "queues", "agreements", "places", "departments"])
def test_every_member_of_a_list_has_its_column(member: str) -> None:
    """Who adds a member to the list adds its column, or exports refuse (TABLE_LOSS)."""
    (table,) = [one for one in TABLES if one.member == member]
    columns = {column.path for column in table.columns}
    by_name = {("rule_groups",), ("guide", "modes"), ("steps",)}  # one column each name
    assert {path for path in members(SHAPES[member]) if path not in by_name} <= columns


def tables() -> dict[str, list[list[Cell]]]:
    return {title: [[Cell(text) for text in row] for row in rows] for title, rows in sheets_of(sound()).items()}


def put(title: str, row: int, column: str, cell: Cell) -> dict[str, list[list[Cell]]]:
    made = tables()
    made[title][row - 1][[one.text for one in made[title][0]].index(column)] = cell
    return made


@pytest.mark.parametrize(
    "title, row, column, cell, code",
    [
        ("事项", 2, "事项名称", Cell(" "), "CELL_EMPTY"),
        ("事项", 3, "办件类型", Cell("即刻办"), "CELL_VALUE"),
        ("事项", 3, "法定时限", Cell("二十"), "CELL_VALUE"),
        ("事项", 3, "法定时限", Cell("20.5"), "CELL_VALUE"),
        ("事项", 4, "生效日期", Cell("2026-02-30"), "CELL_VALUE"),
        ("事项", 4, "实施编码", Cell("1.2E+30", number=True), "CELL_NUMBER"),
        ("事项", 4, "事项名称", Cell("", formula=True), "CELL_FORMULA"),
        ("材料", 2, "实施编码", Cell("没有的"), "ROW_OWNER"),
        ("材料", 2, "主要材料", Cell("大概"), "CELL_VALUE"),
        ("材料", 4, "适用情形", Cell("S1=A 且 S2=B 或 S3=C"), "CELL_VALUE"),
        ("情形选项", 2, "题号", Cell("S9"), "ROW_OWNER"),
        ("窗口", 2, "夏季时段", Cell("上午"), "CELL_VALUE"),
        ("窗口", 3, "季节设置", Cell("六月"), "CELL_VALUE"),
        ("一件事", 2, "实施方案", Cell("{"), "CELL_VALUE"),
        ("一件事", 2, "来源名单", Cell("第一批"), "CELL_VALUE"),
    ],
)
def test_a_wrong_cell_is_told_with_table_row_and_column(
    title: str, row: int, column: str, cell: Cell, code: str
) -> None:
    _, problems = document_of(put(title, row, column, cell))
    assert code in [one.code for one in problems]
    told = next(one for one in problems if one.code == code)
    assert (told.values["table"], told.values["row"]) == (title, str(row))
    if code != "ROW_OWNER":
        assert told.values["column"] == column
    assert f"行：{row}" in render(told)


def test_all_wrong_cells_are_told_at_once() -> None:
    made = put("事项", 2, "事项名称", Cell(""))
    made["事项"][2][0] = Cell("")
    made["窗口"][1][0] = Cell("")
    assert len(document_of(made)[1]) >= 3


@pytest.mark.parametrize(
    "change, code",
    [
        (lambda made: made.pop("材料"), "TABLE_MISSING"),
        (lambda made: made.update({"杂项": []}), "TABLE_UNKNOWN"),
        (lambda made: made["事项"][0].append(Cell("备注")), "COLUMN_UNKNOWN"),
        (lambda made: made["事项"][0].append(Cell("事项名称")), "COLUMN_UNKNOWN"),
        (lambda made: made["事项"][0].__setitem__(2, Cell("名字")), "COLUMN_MISSING"),
        (lambda made: made["事项"][1].pop(), "ROW_LENGTH"),
        (lambda made: made["事项"].append(made["事项"][1]), "ROW_TWICE"),
        (lambda made: made["版本"].append(made["版本"][1]), "ROW_TWICE"),
    ],
)
def test_wrong_tables_and_columns_are_named(change: Any, code: str) -> None:
    made = copy.deepcopy(tables())
    change(made)
    assert code in [one.code for one in document_of(made)[1]]


def test_blank_rows_and_the_legend_are_left_alone() -> None:
    made = tables() | {"说明": [[Cell("随便")]]}
    made["事项"].insert(1, [Cell("") for _ in made["事项"][0]])
    document, problems = document_of(made)
    assert problems == [] and document == document_of(tables())[0]


def test_optional_columns_may_be_missing() -> None:
    made = tables()
    width = len(made["协议"][0])
    made["窗口"] = [
        [cell for place, cell in enumerate(row) if made["窗口"][0][place].text != "季节设置"] for row in made["窗口"]
    ]
    document, problems = document_of(made)
    assert problems == [] and width == 6
    assert "seasons" not in document["windows"][1]


def test_what_no_table_has_a_place_for_is_not_written() -> None:
    document = sound()
    document["items"][0]["remark"] = "会丢"
    with pytest.raises(Refusal, match="TABLE_LOSS"):
        sheets_of(document)


# --- files ---------------------------------------------------------------------------------------------------------


def test_a_workbook_formula_a_number_for_a_code_and_a_date_cell(tmp_path: Path) -> None:
    write_tables(sheets_of(sound()), tmp_path / "a.xlsx")
    book = load_workbook(tmp_path / "a.xlsx")
    sheet = book["事项"]
    header = [cell.value for cell in sheet[1]]
    sheet.cell(2, header.index("事项名称") + 1).value = '=HYPERLINK("x")'
    sheet.cell(3, header.index("基本编码") + 1).value = 131000002
    sheet.cell(4, header.index("法定时限") + 1).value = 20
    book.save(tmp_path / "b.xlsx")
    problems = read_list(tmp_path / "b.xlsx")[1]
    found = {(one.code, one.values.get("row"), one.values.get("column")) for one in problems}
    assert ("CELL_FORMULA", "2", "事项名称") in found and ("CELL_NUMBER", "3", "基本编码") in found
    assert not any(column == "法定时限" for _, _, column in found)


def test_damaged_text_in_a_workbook_is_refused(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["事项名称"])
    book.active.append([DAMAGED[0]])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(Refusal, match="TABLE_DAMAGED"):
        read_list(tmp_path / "a.xlsx")


@pytest.mark.parametrize(
    "name, data, code",
    [
        ("a.xlsx", b"PK\x03\x04 broken", "TABLE_FILE"),
        ("a.json", b"[1]", "TABLE_FILE"),
        ("a.json", b'{"a":1,"a":2}', "TABLE_FILE"),
        ("a.json", b"{" * 100_000, "TABLE_FILE"),
        ("a.json", '{"名称":"许可"}'.encode("utf-16"), "TABLE_ENCODING"),
        ("a.txt", b"x", "TABLE_FORMAT"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Refusal, match=code):
        read_list(tmp_path / name)


def test_a_csv_with_a_broken_quote_is_refused(tmp_path: Path) -> None:
    (tmp_path / "事项.csv").write_bytes('"事项名称"x,"y\n'.encode())
    with pytest.raises(Refusal, match="TABLE_FILE"):
        read_list(tmp_path)


def test_a_workbook_that_unpacks_to_too_much_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tables(template(), tmp_path / "a.xlsx")
    monkeypatch.setattr("deploy.catalogue.files.LARGEST_UNPACKED", 1000)
    with pytest.raises(Refusal, match="TABLE_TOO_LARGE"):
        read_list(tmp_path / "a.xlsx")


@pytest.mark.parametrize(
    "before, after, code",
    [
        (b'<dimension ref="A1:C2"', b'<dimension ref="A1:XFD1048576"', ""),
        (b'<row r="2"', b'<row r="1048576"', "TABLE_TOO_LARGE"),
        (b'<c r="C2"', b'<c r="XFD2"', "TABLE_TOO_LARGE"),
    ],
)
def test_the_size_that_a_workbook_claims_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes, after: bytes, code: str
) -> None:
    """A few kilobytes that claim 17 thousand million cells."""
    book, path = Workbook(), tmp_path / "a.xlsx"
    sheet = book.active
    assert sheet is not None
    sheet.title = "版本"
    sheet.append(["版本号", "生效日期", "终止日期"])
    sheet.append(["1", "2026-01-01", "2027-01-01"])
    book.save(path)
    changed_sheet(path, before, after)
    monkeypatch.setattr("deploy.catalogue.files.MOST_CELLS", 10_000)
    if code:
        with pytest.raises(Refusal, match=code):
            read_list(path)
        return
    tracemalloc.start()
    assert read_list(path)[0]["version"] == "1"
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def changed_sheet(path: Path, before: bytes, after: bytes) -> None:
    """The workbook with other bytes in its one sheet."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    name = next(name for name in parts if name.startswith("xl/worksheets/"))
    assert parts[name].count(before) == 1
    parts[name] = parts[name].replace(before, after)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)


@pytest.mark.parametrize("write", ["a.json", "a.csv", "a.xlsx"])
def test_a_file_that_cannot_be_written_leaves_the_old_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    path = tmp_path / write
    write_one(path, "旧")
    old = path.read_bytes()

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:1])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError):
            write_one(path, "新")
    assert path.read_bytes() == old and list(tmp_path.iterdir()) == [path]
    write_one(path, "新")
    assert path.read_bytes() != old and list(tmp_path.iterdir()) == [path]


def write_one(path: Path, text: str) -> None:
    """A list with one text, in the kind of file that the name asks for."""
    if path.suffix == ".json":
        write_json({"v": text}, path)
    elif path.suffix == ".csv":
        write_csv([[text]], path)
    else:
        write_tables({"版本": [[text]]}, path)


@pytest.mark.parametrize("text", ["\t=1+1", "\r=1+1", "\n@SUM(1)", "\u3000＝1+1", "＝1+1", "＋1", "－1", "＠A"])
def test_what_a_spreadsheet_takes_for_a_formula_all_the_same_is_guarded(text: str) -> None:
    assert guarded(text) == "'" + text
    document = sound()
    document["items"][0]["originals_note"] = text
    assert any("'" + text in row for row in sheets_of(document)["事项"])


def test_brackets_without_end_in_a_cell_are_told_as_a_wrong_cell() -> None:
    _, problems = document_of(put("一件事", 2, "实施方案", Cell("[" * 100_000)))
    assert [one.code for one in problems] == ["CELL_VALUE"]


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Co", "Cn", "Zs", "Zl", "Zp")), max_size=12
)


@settings(max_examples=60)
@given(TEXTS)
def test_no_text_becomes_a_formula_and_none_is_changed(text: str) -> None:
    assert not guarded(text).startswith(("=", "+", "-", "@"))
    made = io.StringIO(newline="")
    csv.writer(made).writerow([guarded(text)])
    document = {"版本": [["版本号", "生效日期", "终止日期"], [guarded(text), "2026-01-01", ""]]}
    read, _ = document_of({title: [[Cell(cell) for cell in row] for row in rows] for title, rows in document.items()})
    assert read.get("version", "") == text


CODES = st.text("ABCS0123456789", min_size=1, max_size=4)
LEAVES = st.builds(
    lambda code, choices: {"situation": code, "is": choices}, CODES, st.lists(CODES, min_size=1, max_size=3)
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda kind, parts: {kind: parts}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=5,
)


@given(CONDITIONS)
def test_every_condition_can_be_written_into_a_cell(condition: dict[str, Any]) -> None:
    assert cells.CONDITION.read(cells.CONDITION.write(condition)) == condition


@pytest.mark.parametrize("text", ["2026-11-22", "2026/11/22", "2026.11.22", "2026年11月22日"])
def test_days_are_read_as_people_write_them(text: str) -> None:
    assert cells.DAY.read(text) == "2026-11-22"


def test_a_table_for_old_systems_is_written_in_gb18030(tmp_path: Path) -> None:
    write_csv([[RARE]], tmp_path / "a.csv", "gb18030")
    assert (tmp_path / "a.csv").read_bytes() == (RARE + "\r\n").encode("gb18030")
