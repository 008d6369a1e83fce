"""Small pages that try to get past the finding (issue 5, adversarial): each holds values that must be covered."""

from collections.abc import Callable, Mapping
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageDraw

from deploy.demo.paper import HEI, MONO, SONG, font, round_seal
from tests.labelled.board import Board
from tests.labelled.degrade import Pixels
from tests.labelled.make import Value, moved
from tests.labelled.people import person

SIZE: Final = (1240, 760)
Draw = Callable[[Board], None]
_WIDE: Final = {ord(c): ord(c) + 0xFEE0 for c in "0123456789X"}


def split_id(board: Board) -> None:
    """The number runs over the end of the line."""
    who = person(board.rng)
    words = "本人长期在样张市从事个体经营,现申请办理食品经营许可,申请人的身份证号为"
    group = board.group()
    board.put((120, 200), words[2:], 32)
    board._piece((1118, 200), who.citizen_id[:5], "CITIZEN_ID", 32, "Regular", 0, group)
    board._piece((80, 254), who.citizen_id[5:], "CITIZEN_ID", 32, "Regular", 0, group)
    board.put((400, 254), ",特此说明并请予以受理。", 32)
    board.put((80, 308), "以上情况属实。", 32)


def wide_digits(board: Board) -> None:
    """Full-width digits."""
    who = person(board.rng)
    board.put((120, 200), ["身份证号:", (who.citizen_id.translate(_WIDE), "CITIZEN_ID")], 32)
    board.put((120, 300), ["电话:", (who.mobile.translate(_WIDE), "PHONE")], 32)


def parted_digits(board: Board) -> None:
    """Blanks, dots and hyphens between digits."""
    who = person(board.rng)
    number, mobile, card = who.citizen_id, who.mobile, who.bank_card
    board.put((120, 160), [(f"{number[:6]} {number[6:14]} {number[14:]}", "CITIZEN_ID")], 34)
    board.put(
        (120, 260), [(f"{number[:3]}.{number[3:6]}.{number[6:10]}.{number[10:14]}.{number[14:]}", "CITIZEN_ID")], 34
    )
    board.put((120, 360), [(f"{mobile[:3]}-{mobile[3:7]}-{mobile[7:]}", "PHONE")], 34)
    board.put((120, 460), [(" ".join(card[k : k + 4] for k in range(0, 19, 4)), "BANK_CARD")], 34)


def boxes(board: Board) -> None:
    """One digit a box."""
    who = person(board.rng)
    board.put((80, 200), "身份证号", 34)
    for place, digit in enumerate(who.citizen_id):
        x = 250 + place * 52
        board.box((x, 190, x + 52, 250))
        board.put((x + 16, 198), digit, 34)
    board.mark("CITIZEN_ID", who.citizen_id, (264, 196, 250 + 17 * 52 + 36, 240))


def by_hand(board: Board) -> None:
    """Handwriting."""
    who = person(board.rng)
    board.put((80, 200), "姓名:", 36)
    board.sign((200, 190), who.name, "NAME", 46)
    board.put((80, 320), "联系电话:", 36)
    board.sign((270, 310), who.mobile, "PHONE", 46)


def white_on_dark(board: Board) -> None:
    """Light print on a dark card."""
    who = person(board.rng)
    board.draw.rectangle((40, 100, 1200, 600), fill=(24, 40, 70))
    board.ink = (240, 240, 236)
    board.put((100, 180), ["姓名:", (who.name, "NAME")], 36)
    board.put((100, 300), ["公民身份号码:", (who.citizen_id, "CITIZEN_ID")], 36)


def under_stamp(board: Board) -> None:
    """A seal over the number."""
    who = person(board.rng)
    board.put((120, 300), ["身份证号码:", (who.citizen_id, "CITIZEN_ID")], 38)
    board.put((120, 400), ["手机:", (who.mobile, "PHONE")], 38)
    board.stamp((480, 330), round_seal(board.rng, "样张市行政审批局"), 4.0)


def watermark(board: Board) -> None:
    """Grey words across the page."""
    who = person(board.rng)
    layer = Image.new("RGBA", (1500, 300), (0, 0, 0, 0))
    ImageDraw.Draw(layer).text((20, 60), "仅供办理政务服务事项时使用", font=font(HEI, 90), fill=(120, 120, 120, 90))
    turned = layer.rotate(20, expand=True)
    board.put((120, 240), ["身份证号码:", (who.citizen_id, "CITIZEN_ID")], 34)
    board.put((120, 340), ["住址:", (who.address, "ADDRESS")], 28)
    board.image.paste(turned, (-80, -60), turned)


def tiny(board: Board) -> None:
    """Print of 6 points."""
    who = person(board.rng)
    board.put((120, 200), ["身份证号:", (who.citizen_id, "CITIZEN_ID"), "  联系电话:", (who.mobile, "PHONE")], 17)
    board.put((120, 260), ["姓名:", (who.name, "NAME")], 17)


def two_cards(board: Board) -> None:
    """Two cards side by side."""
    for x in (30, 640):
        who = person(board.rng)
        board.draw.rounded_rectangle((x, 120, x + 580, 500), 20, fill=(232, 240, 244), outline=(120, 130, 140))
        board.put((x + 30, 150), ["姓 名 ", (who.name, "NAME")], 26)
        board.put((x + 30, 210), f"性 别 {who.sex}  民 族 汉", 24)
        board.put((x + 30, 440), "公民身份号码", 22)
        board.put((x + 200, 438), (who.citizen_id, "CITIZEN_ID"), 25)
        board.face((x + 400, 150, x + 560, 360))


def old_number(board: Board) -> None:
    """15 digits, a check digit that fails, a card without its Luhn digit."""
    who = person(board.rng)
    wrong = who.citizen_id[:-1] + str((int(who.citizen_id[-1].replace("X", "0")) + 3) % 10)
    board.put((120, 200), ["身份证号:", (who.old_id, "CITIZEN_ID")], 34)
    board.put((120, 300), [(wrong, "CITIZEN_ID")], 34)
    board.put((120, 400), ["卡号 ", (who.bank_card[:-1] + str((int(who.bank_card[-1]) + 1) % 10), "BANK_CARD")], 34)


PAGES: Final[Mapping[str, Draw]] = {
    "split_id": split_id,
    "wide_digits": wide_digits,
    "parted_digits": parted_digits,
    "boxes": boxes,
    "by_hand": by_hand,
    "white_on_dark": white_on_dark,
    "under_stamp": under_stamp,
    "watermark": watermark,
    "tiny": tiny,
    "two_cards": two_cards,
    "old_number": old_number,
}


def hard_page(name: str, turn: int = 0, dpi: int = 200, seed: int = 5) -> tuple[Pixels, list[Value]]:
    """Pixels (BGR) and truth; ``turn`` in degrees clockwise; ``dpi`` below 200: scaled down."""
    board = Board(np.random.default_rng(seed), MONO if name == "mono" else SONG)
    PAGES[name](board)
    pixels = cv2.cvtColor(np.asarray(board.image.crop((0, 0, *SIZE))), cv2.COLOR_RGB2BGR)
    matrix = np.eye(3)
    if dpi != 200:
        pixels = cv2.resize(pixels, None, fx=dpi / 200, fy=dpi / 200, interpolation=cv2.INTER_AREA)
        matrix = np.diag([dpi / 200, dpi / 200, 1.0])
    height, width = pixels.shape[:2]
    if turn == 90:
        pixels = cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE)
        matrix = np.array([[0, -1, height - 1], [1, 0, 0], [0, 0, 1.0]]) @ matrix
    elif turn == 180:
        pixels = cv2.rotate(pixels, cv2.ROTATE_180)
        matrix = np.array([[-1, 0, width - 1], [0, -1, height - 1], [0, 0, 1.0]]) @ matrix
    return np.asarray(pixels, np.uint8), [moved(span, matrix) for span in board.spans]
