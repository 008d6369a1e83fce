"""node_agent.imaging.quality: the verdict on pages that are good, and on pages spoilt in one way each (DA/T
31-2017)."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from crypto.refusal import Refusal
from hub.casework import messages
from node_agent.imaging.check import inspect_page
from node_agent.imaging.picture import decode
from node_agent.imaging.quality import rules
from node_agent.imaging.quality.outline import find_outline
from node_agent.imaging.quality.skew import turned
from node_agent.imaging.quality.verdict import Verdict, judge
from tests.pages import A4, Pixels, jpeg, photographed, sheet

SCANS = Path(__file__).resolve().parents[4] / "shared/scans"
PAGE = sheet(7, A4, pitch=60)


def verdict(page: Pixels) -> Verdict:
    return judge(jpeg(page))


def stops(page: Pixels) -> list[str]:
    return [finding.code for finding in verdict(page).stops]


def moved(page: Pixels, pixels: int, degrees: float) -> Pixels:
    kernel = np.zeros((pixels, pixels), np.float32)
    kernel[pixels // 2] = 1
    matrix = cv2.getRotationMatrix2D((pixels // 2, pixels // 2), degrees, 1.0)
    kernel = np.asarray(cv2.warpAffine(kernel, matrix, (pixels, pixels)), np.float32)
    return np.asarray(cv2.filter2D(page, -1, kernel / kernel.sum()), np.uint8)


def lit(page: Pixels, light: float) -> Pixels:
    return np.asarray(page * light, np.uint8)


def shining(page: Pixels) -> Pixels:
    """A lamp in the varnish, in the lower left corner of paper that is not white all over."""
    height, width = page.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    spot = np.exp(-(((x - width * 0.15) ** 2 + (y - height * 0.88) ** 2) / (2 * (width * 0.05) ** 2)))
    return np.asarray(np.clip(page * 0.8 + 400 * spot[..., None], 0, 255), np.uint8)


def shaded(page: Pixels) -> Pixels:
    light = np.linspace(1.0, 0.02, page.shape[1], dtype=np.float32)
    return np.asarray(page * light[None, :, None], np.uint8)


@pytest.mark.requirement("A04")
def test_a_flat_page_is_good_and_stays_as_it_is() -> None:
    seen = verdict(PAGE)
    assert (seen.findings, seen.dpi, seen.paper, seen.mode, seen.corrected) == ((), 200, "A4", "COLOUR", None)


@pytest.mark.parametrize(("keystone", "turn"), [(60, 2.0), (0, -4.0), (120, 0.5), (20, 0.0)])
def test_a_photographed_page_is_cut_out_and_laid_flat(keystone: int, turn: float) -> None:
    seen = verdict(photographed(PAGE, keystone, turn, margin=150))
    assert seen.stops == ()
    assert seen.corrected is not None
    height, width = seen.corrected.shape[:2]
    assert abs(width / A4[0] - 1) < 0.03 and abs(height / A4[1] - 1) < 0.03
    again = verdict(seen.corrected)
    assert again.corrected is None, "a page laid flat is flat"


def test_the_corners_are_found_within_a_few_pixels() -> None:
    page = photographed(PAGE, 0, 0.0, margin=150)
    found = find_outline(page)
    assert found is not None
    wanted = [(150, 150), (150 + A4[0], 150), (150 + A4[0], 150 + A4[1]), (150, 150 + A4[1])]
    assert np.abs(np.array(found.corners) - np.array(wanted)).max() < 8


def test_a_table_on_a_white_page_is_no_outline() -> None:
    page = np.full_like(PAGE, 252)
    for y in range(400, 1800, 100):
        cv2.line(page, (200, y), (1450, y), (10, 10, 10), 4)
    for x in range(200, 1451, 250):
        cv2.line(page, (x, 400), (x, 1700), (10, 10, 10), 4)
    assert find_outline(page) is None


@pytest.mark.parametrize("lean", [-6.0, -1.5, 0.8, 3.0])
def test_lines_that_lean_are_turned_straight(lean: float) -> None:
    seen = verdict(turned(PAGE, -lean))
    assert abs(seen.lean - lean) < 0.3
    assert seen.corrected is not None


SPOILT: dict[str, tuple[str, Callable[[], Pixels]]] = {
    "out of focus": ("PAGE_BLUR", lambda: np.asarray(cv2.GaussianBlur(PAGE, (0, 0), 3.5), np.uint8)),
    "moved across": ("PAGE_MOVED", lambda: moved(PAGE, 17, 0)),
    "moved down": ("PAGE_MOVED", lambda: moved(PAGE, 17, 90)),
    "reflection": ("PAGE_GLARE", lambda: shining(PAGE)),
    "shadow": ("PAGE_SHADOW", lambda: shaded(PAGE)),
    "dark": ("PAGE_DARK", lambda: lit(PAGE, 0.2)),
    "blank": ("PAGE_BLANK", lambda: np.full_like(PAGE, 240)),
    "small": ("PAGE_DPI", lambda: sheet(7, (1200, 1697), pitch=60)),
    "on its side": ("PAGE_SIDEWAYS", lambda: np.ascontiguousarray(np.rot90(PAGE))),
    "not whole": ("PAGE_CUT", lambda: np.ascontiguousarray(photographed(PAGE, 0, 0.0, margin=150)[:2300])),
}


@pytest.mark.requirement("A04")
@pytest.mark.parametrize("fault", SPOILT)
def test_each_fault_stops_the_page_and_says_what_to_do(fault: str) -> None:
    code, make = SPOILT[fault]
    found = {finding.code: finding for finding in verdict(make()).stops}
    assert code in found
    told = messages.render(found[code].refusal())
    assert "重拍" in told or "不用收" in told


def test_the_place_of_a_reflection_is_told() -> None:
    found = next(finding for finding in verdict(shining(PAGE)).stops if finding.code == "PAGE_GLARE")
    assert "左下角" in messages.render(found.refusal()) and "反光" in messages.render(found.refusal())


def test_one_zone_out_of_focus_is_found_and_named() -> None:
    page = PAGE.copy()
    soft = cv2.GaussianBlur(PAGE, (0, 0), 5)
    page[1560:, :] = soft[1560:, :]
    found = [finding for finding in verdict(page).stops if finding.code == "PAGE_BLUR"]
    assert found and found[0].where.startswith("LOWER")


def test_a_grey_page_is_told_of_and_taken() -> None:
    seen = verdict(sheet(7, A4, pitch=60, colour=False))
    assert seen.mode == "GREY" and seen.codes == ("PAGE_GREY",) and seen.stops == ()


def test_a_page_of_two_tones_is_bilevel() -> None:
    page = np.where(sheet(7, A4, pitch=60, colour=False) > 128, 255, 0).astype(np.uint8)
    done, data = cv2.imencode(".png", page)
    assert done and judge(data.tobytes()).mode == "BILEVEL"


def test_seals_are_counted_by_their_colour() -> None:
    page = PAGE.copy()
    cv2.circle(page, (1200, 1900), 150, (30, 30, 210), 10)
    assert verdict(page).seals == 1


@pytest.mark.parametrize(
    ("size", "declared", "paper", "dpi"),
    [
        ((1654, 2339), "AUTO", "A4", 200),
        ((2339, 1654), "AUTO", "A4", 200),
        ((680, 430), "AUTO", "CARD", 202),
        ((2339, 3307), "A3", "A3", 200),
        ((2592, 1944), "AUTO", "A4", 222),
    ],
)
def test_dpi_comes_from_the_papers_size(size: tuple[int, int], declared: str, paper: str, dpi: int) -> None:
    name = rules.paper_of(*size, declared)
    assert (name, rules.dpi_of(*size, name)) == (paper, dpi)


def test_an_unknown_paper_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        judge(jpeg(PAGE), "A9")
    assert caught.value.code == "PAPER_UNKNOWN"


def test_every_limit_has_a_text_and_stops_above_or_below() -> None:
    for code, limit in rules.LIMITS.items():
        assert code in messages.MESSAGES
        assert limit.note is not None or limit.stop is not None
    assert rules.LIMITS["PAGE_DPI"].verdict(199) is False and rules.LIMITS["PAGE_DPI"].verdict(150) is True
    assert rules.LIMITS["PAGE_DPI"].verdict(200) is None


def test_transparent_pixels_hide_nothing() -> None:
    page = np.zeros((430, 680, 4), np.uint8)
    page[:, :, 2] = 200  # red, and wholly transparent
    done, data = cv2.imencode(".png", page)
    assert done and bool((decode(data.tobytes()) == 255).all())


@pytest.mark.parametrize(
    "name", sorted(path.name for path in SCANS.glob("*.jpg")) or [pytest.param("", marks=pytest.mark.skip("no scans"))]
)
def test_sample_pages(name: str) -> None:
    """Clean samples pass; those of a camera are cut out; a page on its side is stopped."""
    data = (SCANS / name).read_bytes()
    inspect_page(name, data)
    seen = judge(data)
    if "rot90" in name:
        assert "PAGE_SIDEWAYS" in seen.codes
    elif "combo" in name or "persp" in name:
        assert seen.corrected is not None and set(seen.codes) <= {"PAGE_DPI", "PAGE_SHADOW", "PAGE_GREY"}
    elif "shadow" not in name:
        assert seen.stops == ()
