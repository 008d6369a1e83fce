"""Printed papers: read back by another library, from text and from the picture a camera would take."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdfium2
import pytest

from crypto.refusal import Refusal
from node_agent.paper import shelf
from node_agent.paper.fonts import OWN, coverage, fonts_of
from node_agent.paper.notice import Table, notice_pdf, one_time_list
from node_agent.paper.receipt import Handed, PrintOrder, ReceiptFacts, qr_text, receipt_pdf
from node_agent.paper.sheet import Paper
from tests.paper_reader import read_paper

AT = datetime(2026, 11, 21, 4, 5, 6, tzinfo=UTC)
SECRET = "0f" * 31 + "a5"
HANDED = Handed("123456", SECRET)
RARE = "㛃𬭎龑"
BEYOND = "\U0002a6d6"
COMPLAINTS = "12345 政务服务便民热线；0791-0000000（演示号码）"
FACTS = ReceiptFacts(
    public_no="501160000017",
    item="食品经营许可（新办）",
    department="南昌市东湖区市场监督管理局",
    applicant="余**",
    window=[("名称", "重庆市江津区政务服务中心"), ("地址", "样例大道 9 号"), ("电话", "023-00000000")],
    staff_code="A01",
    occurred_at="2026-11-21T12:05:06.000+08:00",
    materials=[(f"材料{number}", "已提交，2 页", "原件已核对退还") for number in range(1, 9)],
    originals_note="由收件窗口当场核对后退还",
    answers=["受理：收到之日起 5 个工作日内决定是否受理。", "办结：自受理起 10 个工作日。"],
    complaint_channel=COMPLAINTS,
)


def receipt(**more: object) -> bytes:
    return receipt_pdf(FACTS, HANDED, made_at=AT, **more).data  # type: ignore[arg-type]


# --- receipt -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paper", Paper)
@pytest.mark.parametrize("url", ["", "https://chaxun.chongqing.gov.test/yidi/q"])
def test_the_secret_is_scanned_from_every_paper_and_stands_nowhere_in_its_text(paper: Paper, url: str) -> None:
    data = receipt(paper=paper, query_url=url)
    seen = read_paper(data)
    assert seen.codes == (f"{url}/501160000017#{SECRET}" if url else f"yidi:501160000017#{SECRET}",)
    assert SECRET[:16] not in seen.flat and SECRET.encode() not in data
    meta = pypdfium2.PdfDocument(data).get_metadata_dict()
    assert {name: value for name, value in meta.items() if value} == {
        "Title": "异地通办收件凭证",
        "Producer": "Yidi",
        "CreationDate": "D:20261121120506+08'00'",
    }


def test_the_code_survives_a_copier_that_shrinks_a_sheet_to_two_thirds() -> None:
    assert read_paper(receipt(paper=Paper.A4, query_url="https://chaxun.test/q"), side_mm=140).secret == SECRET


@pytest.mark.parametrize("paper", Paper)
def test_a_receipt_says_what_an_applicant_needs(paper: Paper) -> None:
    text = read_paper(receipt(paper=paper)).flat
    for words in (
        *("异地通办收件凭证", "501160000017", "123456", "食品经营许可（新办）", "南昌市东湖区市场监督管理局", "余**"),
        *("2026-11-2112:05（窗口申报）", "以枢纽登记的时间为准", "样例大道9号", "023-00000000", "原件已核对退还"),
        *("5个工作日", "不代表受理机关已经受理", "个人信息保护法", "更正", "12345", "只印这一次", "加盖专用印章"),
        *(f"材料{number}" for number in range(1, 9)),
    ):
        assert words in text, words


def test_a_copy_has_neither_secret_nor_check_code_and_says_so() -> None:
    facts = replace(FACTS, case_no="1" * 43, recorded_at="2026-11-21T15:00:00.000+08:00")
    seen = read_paper(receipt_pdf(facts, None, made_at=AT).data)
    assert seen.codes == ("yidi:501160000017",)
    assert "123456" not in seen.flat.replace("501160000017", "")
    assert "副本" in seen.flat and "1" * 43 in seen.flat and "2026-11-2115:00（枢纽登记）" in seen.flat


def test_the_same_receipt_is_the_same_bytes_and_another_moment_is_not() -> None:
    assert receipt() == receipt()
    assert receipt() != receipt_pdf(FACTS, HANDED, made_at=AT + timedelta(seconds=1)).data


def test_the_secret_is_a_fragment_which_no_server_is_sent() -> None:
    assert qr_text("1", "aa", "https://x.test/q/") == "https://x.test/q/1#aa"
    assert qr_text("1", "", "") == "yidi:1"


# --- characters --------------------------------------------------------------------------------------------------


def test_rare_characters_of_names_are_printed_and_drawn() -> None:
    printed = notice_pdf("通知", [RARE], made_at=AT, issuer="江津", complaint_channel=COMPLAINTS)
    assert printed.missing == ()
    assert RARE in read_paper(printed.data).flat
    page = pypdfium2.PdfDocument(printed.data)[0]
    drawn = [obj for obj in page.get_objects() if obj.type == 1]
    assert drawn and {ord(sign) for sign in RARE} <= coverage(OWN)


def test_every_character_of_gb_18030_2022_level_1_is_in_the_products_font() -> None:
    levels = {*range(0x3400, 0x4DB6), *range(0x4E00, 0x9FF0)}
    assert levels - coverage(OWN) == set()


def test_a_character_without_a_glyph_is_named_in_its_place_and_told() -> None:
    printed = one_time_list(
        f"事项{BEYOND}", [("营业执照", "缺", "请提交\x07")], made_at=AT, issuer="江津", complaint_channel=COMPLAINTS
    )
    assert printed.missing == ("U+2A6D6", "U+0007")
    assert "事项〔U+2A6D6〕" in read_paper(printed.data).flat


def test_a_further_font_of_the_agent_shows_what_the_own_one_cannot(tmp_path: Path) -> None:
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    pen.moveTo((0, 0)), pen.lineTo((900, 0)), pen.lineTo((900, 900)), pen.lineTo((0, 900)), pen.closePath()
    made = FontBuilder(1000, isTTF=True)
    made.setupGlyphOrder([".notdef", "rare"])
    made.setupCharacterMap({ord(BEYOND): "rare"})
    made.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "rare": pen.glyph()})
    made.setupHorizontalMetrics({".notdef": (1000, 0), "rare": (1000, 0)})
    made.setupHorizontalHeader(ascent=900, descent=-100)
    made.setupNameTable({"familyName": "Rare", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    (tmp_path / "fonts").mkdir()
    made.save(tmp_path / "fonts" / "rare.ttf")
    printed = notice_pdf(
        "通知", [f"甲{BEYOND}乙"], made_at=AT, issuer="江津", complaint_channel=COMPLAINTS, fonts=fonts_of(tmp_path)
    )
    assert printed.missing == ()
    assert f"甲{BEYOND}乙" in read_paper(printed.data).flat


def test_a_broken_font_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "bad.otf").write_bytes(b"no font")
    with pytest.raises(Refusal) as caught:
        notice_pdf(BEYOND, [], made_at=AT, issuer="", complaint_channel="", fonts=fonts_of(tmp_path))
    assert (caught.value.code, caught.value.values["file"]) == ("FONT_UNREADABLE", "bad.otf")


# --- notices -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paper", Paper)
def test_a_long_list_goes_on_over_pages_with_nothing_lost_and_its_header_again(paper: Paper) -> None:
    missing = [(f"材料第{number}号", "没有提交", "可以提交原件扫描；可以书面承诺代替") for number in range(1, 61)]
    printed = one_time_list(
        "食品经营许可（新办）", missing, made_at=AT, issuer="江津政务中心", complaint_channel=COMPLAINTS, paper=paper
    )
    seen = read_paper(printed.data)
    assert all(f"材料第{number}号" in seen.flat for number in range(1, 61))
    assert seen.pages == (1 if paper is Paper.ROLL80 else seen.flat.count("怎样补齐"))
    assert "2026年11月21日（加盖专用印章）" in seen.flat and "行政许可法第三十二条" in seen.flat


def test_lines_break_as_chinese_lines_do() -> None:
    words = "申请人须在2026年12月31日以前补交《营业执照》，" * 12
    seen = read_paper(notice_pdf("通知", [words], made_at=AT, issuer="", complaint_channel="").data)
    lines = [line for line in seen.text.split("\n") if "营业" in line or "申请" in line or "2026年12" in line]
    assert len(lines) > 5
    assert not [line for line in lines if line[0] in "，》。、" or line.rstrip()[-1] in "《（"]
    assert not [line for line in lines if re.search(r"(^|\D)(\d|\d{3})$", line)]  # no number cut in two


def test_a_table_keeps_its_cells_apart() -> None:
    table = Table(("材料", "怎样补齐"), [("一", "甲" * 40), ("二", "乙")], (1, 2))
    text = read_paper(notice_pdf("通知", [], table, made_at=AT, issuer="", complaint_channel="").data).flat
    assert text.count("甲") == 40 and text.index("一") < text.index("甲") < text.index("二") < text.index("乙")


# --- the shelf ---------------------------------------------------------------------------------------------------


def test_a_receipt_is_private_and_gone_when_printed(tmp_path: Path) -> None:
    shelf.lay(tmp_path, "d" * 64, b"paper")
    assert shelf.order(tmp_path, "501160000017") is None
    for _ in range(2):
        shelf.publish(tmp_path, "d" * 64, "501160000017")
        assert shelf.order(tmp_path, "501160000017") == b"paper"
    file = shelf.put(tmp_path, "501160000017", b"printed")
    assert {path.stat().st_mode & 0o777 for path in file.parent.iterdir()} == {0o600}
    assert file.read_bytes() == b"printed" and file.parent.stat().st_mode & 0o777 == 0o700
    assert shelf.erase(tmp_path, "501160000017") and not list(file.parent.iterdir())
    assert not shelf.erase(tmp_path, "501160000017")


def test_a_full_disk_at_the_printer_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    for act, code in ((shelf.put, "RECEIPT_NOT_PRINTED"), (shelf.lay, "RECEIPT_UNWRITABLE")):
        with pytest.raises(Refusal, match=code):
            act(tmp_path, "501160000017", b"printed")
    assert not list((tmp_path / "receipts").iterdir())


def test_a_print_order_prints_the_same_after_it_was_kept() -> None:
    order = PrintOrder(FACTS, HANDED, FACTS.occurred_at)
    again = PrintOrder.read(order.encode())
    assert again.handed == HANDED
    made = [receipt_pdf(one.facts, one.handed, made_at=AT).data for one in (order, again)]
    assert made[0] == made[1]


def test_what_a_kill_left_is_finished_or_erased_and_nothing_lies_for_long(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    for digest in ("a" * 64, "b" * 64):
        shelf.lay(tmp_path, digest, digest.encode())
    sealed, folder = {"a" * 64: "501160000017"}.get, tmp_path / "receipts"
    shelf.tidy(tmp_path, sealed, now, 12)
    assert sorted(path.name for path in folder.iterdir()) == [
        "501160000017.order",
        "b" * 64 + ".sealing",
    ]
    shelf.tidy(tmp_path, sealed, now + timedelta(minutes=11), 12)
    assert [path.name for path in folder.iterdir()] == ["501160000017.order"]
    shelf.tidy(tmp_path, sealed, now + timedelta(hours=13), 12)
    assert not list(folder.iterdir())
