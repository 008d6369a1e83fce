"""The plan of the premises with a photograph and a receipt. Invariants: those of ``deploy.demo.sheets``."""

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from deploy.demo.paper import HEI, MONO, RED, SONG, WIDTH, Sheet, font, round_seal
from deploy.demo.sheets import LEFT, RIGHT, Form, title, written_date


def _shop_photo(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """A drawn shop front, softened and grained until it looks like a print from a pocket camera."""
    width, height = size[0] * 2, size[1] * 2
    image = Image.new("RGB", (width, height), (150, 172, 196))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 0.12, width, height), fill=(186, 172, 154))
    for y in range(int(height * 0.12), int(height * 0.86), 34):
        draw.line((0, y, width, y), fill=(170, 155, 138), width=3)
        for x in range((y // 34 % 2) * 50, width, 100):
            draw.line((x, y, x, y + 34), fill=(170, 155, 138), width=3)
    draw.rectangle((0, height * 0.86, width, height), fill=(120, 118, 116))
    draw.rectangle((width * 0.08, height * 0.2, width * 0.92, height * 0.36), fill=(140, 30, 26))
    draw.text(
        (width / 2, height * 0.28),
        "知 味 小 馆",
        font=font(HEI, int(height * 0.11), "Bold"),
        fill=(250, 222, 140),
        anchor="mm",
    )
    for left, right in ((0.1, 0.36), (0.64, 0.9)):
        draw.rectangle(
            (width * left, height * 0.42, width * right, height * 0.78),
            fill=(58, 70, 78),
            outline=(90, 62, 40),
            width=14,
        )
        draw.polygon(
            [
                (width * left + 20, height * 0.76),
                (width * (left + 0.1), height * 0.44),
                (width * (left + 0.16), height * 0.44),
                (width * (left + 0.05), height * 0.76),
            ],
            fill=(92, 108, 116),
        )
    draw.rectangle(
        (width * 0.4, height * 0.42, width * 0.6, height * 0.86),
        fill=(98, 66, 42),
        outline=(70, 46, 28),
        width=12,
    )
    _door_and_words(draw, width, height)
    image = image.filter(ImageFilter.GaussianBlur(2.2)).resize(size, Image.Resampling.LANCZOS)
    down, across = np.mgrid[-1 : 1 : size[1] * 1j, -1 : 1 : size[0] * 1j]
    lit = np.asarray(image, np.float32) * (1.08 - 0.3 * (across**2 + down**2) / 2 + 0.1 * across)[..., None]
    grain = cv2.GaussianBlur(rng.normal(0, 14, (size[1], size[0], 3)).astype(np.float32), (0, 0), 0.9)
    return Image.fromarray((lit + grain).clip(0, 255).astype(np.uint8))


def _door_and_words(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
    draw.rectangle((width * 0.43, height * 0.46, width * 0.57, height * 0.68), fill=(220, 190, 132))
    for x in (0.16, 0.84):
        draw.ellipse((width * (x - 0.035), height * 0.37, width * (x + 0.035), height * 0.47), fill=(206, 40, 30))
    draw.text(
        (width * 0.23, height * 0.6),
        "家常菜",
        font=font(SONG, int(height * 0.06), "Bold"),
        fill=(230, 210, 170),
        anchor="mm",
    )
    draw.text(
        (width * 0.77, height * 0.6),
        "明厨亮灶",
        font=font(SONG, int(height * 0.05), "Bold"),
        fill=(230, 210, 170),
        anchor="mm",
    )


ROOMS = (
    (0, 0, 560, 520, "用餐区", "54㎡"),
    (560, 0, 900, 300, "烹饪区", "18㎡"),
    (900, 0, 1180, 300, "粗加工区", "8㎡"),
    (560, 300, 800, 520, "洗消间", "6㎡"),
    (800, 300, 1000, 520, "凉菜间", ""),
    (1000, 300, 1180, 520, "库房", ""),
)


def plan(sheet: Sheet, form: Form) -> None:
    """Plan of the rooms and the way of the food, with a glued-in photograph and the receipt for the extractor."""
    title(sheet, "经营场所布局图及照片", 190, 56, 10)
    sheet.text((LEFT, 320), f"地址：{form['application']['premises']}", 32)
    sheet.text((RIGHT, 320), "比例 1:100", 30, anchor="ra")
    x0, y0 = LEFT + 60, 430
    for left, top, right, bottom, name, area in ROOMS:
        sheet.box((x0 + left, y0 + top, x0 + right, y0 + bottom), 7)
        centre = (x0 + (left + right) // 2, y0 + (top + bottom) // 2 - 20)
        sheet.text(centre, name, 32, HEI, anchor="mm")
        sheet.text((centre[0], centre[1] + 44), area, 28, SONG, anchor="mm")
    for gap in (
        (x0 + 180, y0 + 520, x0 + 320, y0 + 520),
        (x0 + 560, y0 + 110, x0 + 560, y0 + 200),
        (x0 + 900, y0 + 200, x0 + 900, y0 + 270),
        (x0 + 1180, y0 + 100, x0 + 1180, y0 + 190),
    ):
        sheet.draw.line(gap, fill=(251, 250, 246), width=11)
    for tail, head in (((1250, 145), (1120, 145)), ((970, 235), (830, 235)), ((640, 155), (480, 155))):
        start, end = (x0 + tail[0], y0 + tail[1]), (x0 + head[0], y0 + head[1])
        sheet.lines([start, end], 4, RED)
        angle = np.arctan2(end[1] - start[1], end[0] - start[0])
        for side in (2.6, -2.6):
            sheet.lines(
                [end, (int(end[0] + 24 * np.cos(angle + side)), int(end[1] + 24 * np.sin(angle + side)))],
                4,
                RED,
            )
    for k in range(4):
        left, top = x0 + 60 + (k % 2) * 240, y0 + 60 + (k // 2) * 260
        sheet.box((left, top, left + 130, top + 70), 3)
    sheet.text(
        (x0, y0 + 560),
        "红线：食品流向（原料 → 粗加工 → 烹饪 → 用餐）。人员入口在南侧，餐厨垃圾由东侧门运出。",
        28,
    )
    photo = _shop_photo(sheet.rng, (700, 520))
    sheet.image.paste(Image.new("RGB", (736, 556), (206, 204, 200)), (LEFT + 9, 1131))
    sheet.image.paste(Image.new("RGB", (736, 556), (254, 254, 253)), (LEFT, 1120))
    sheet.image.paste(photo, (LEFT + 18, 1138))
    sheet.text((LEFT + 200, 1700), "图2　店面照片（2026年11月）", 28)
    _receipt(sheet, (WIDTH - 170 - 480, 1110))
    sheet.text((LEFT, 1960), "申请人签字：", 34)
    sheet.pen((LEFT + 230, 1936), form["applicant"]["name"], 62, wild=1.7)
    written_date(sheet, RIGHT, 1960, form["application"]["date"])
    sheet.stamp(
        (LEFT + 560, 1990),
        round_seal(sheet.rng, "南昌市东湖区知味小馆", "", 280),
        float(sheet.rng.uniform(-14, 14)),
    )


def _receipt(sheet: Sheet, at: tuple[int, int]) -> None:
    x, y = at
    sheet.draw.rectangle((x + 6, y + 8, x + 486, y + 748), fill=(212, 210, 206))
    sheet.draw.rectangle((x, y, x + 480, y + 740), fill=(255, 253, 250), outline=(216, 214, 208))
    sheet.text((x + 240, y + 34), "收 据", 48, SONG, "Bold", anchor="ma")
    sheet.text((x + 30, y + 110), "No. 0000731", 26, MONO, colour=RED)
    sheet.text((x + 450, y + 110), "2026-10-12", 26, MONO, anchor="ra")
    rows = (
        ("油烟净化机 1台", "3,280.00"),
        ("风管及安装", "860.00"),
        ("热力消毒柜 1台", "1,150.00"),
        ("合 计", "5,290.00"),
    )
    for k, (name, price) in enumerate(rows):
        top = y + 180 + k * 76
        sheet.lines([(x + 24, top - 14), (x + 456, top - 14)], 1, (120, 120, 120))
        sheet.text((x + 34, top), name, 30, SONG)
        sheet.text((x + 446, top + 2), price, 28, MONO, anchor="ra")
    sheet.lines([(x + 24, y + 480), (x + 456, y + 480)], 2)
    sheet.text((x + 34, y + 500), "伍仟贰佰玖拾元整", 30, SONG)
    sheet.text((x + 34, y + 570), "收款单位（章）", 28, SONG)
    sheet.text((x + 34, y + 660), "经手：", 28, SONG)
    sheet.pen((x + 120, y + 640), "小方", 46, wild=1.7)
    sheet.stamp(
        (x + 340, y + 610),
        round_seal(sheet.rng, "示例厨具商行", "财务专用章", 220),
        float(sheet.rng.uniform(-16, 16)),
    )
