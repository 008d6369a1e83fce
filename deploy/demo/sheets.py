"""The papers of the demo case, one function a page. Every fact comes from form.json.

Invariants: persons, bodies and numbers are invented; id numbers and credit codes are the reserved test values; each
page says at its foot that it is a specimen; seals name bodies that do not exist.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from deploy.demo.paper import (
    HEI,
    HEIGHT,
    INK,
    MONO,
    RED,
    SONG,
    WIDTH,
    Sheet,
    font,
    portrait,
    round_seal,
    square_seal,
)

Form = dict[str, Any]
Cell = tuple[str, int, str]
"""Text, width in pixels, and who wrote it: ``label``, ``print`` or ``pen``."""
Row = tuple[int, list[Cell]]
"""Height in pixels, and its cells."""

LEFT, RIGHT = 170, WIDTH - 170


def heads(height: int, *columns: tuple[str, int]) -> Row:
    """A row of labels alone."""
    return height, [(text, width, "label") for text, width in columns]


def fields(height: int, kind: str, *pairs: tuple[str, int, str, int]) -> Row:
    """A row of labels, each with its value beside it (label, width, value, width); ``kind``: who wrote the values."""
    cells: list[Cell] = []
    for label, beside, value, width in pairs:
        cells += [(label, beside, "label"), (value, width, kind)]
    return height, cells


def table(sheet: Sheet, y: int, rows: Sequence[Row], left: int = LEFT) -> int:
    """Ruled table from rows of (height, cells); returns the y below it."""
    top = y
    for height, cells in rows:
        x = left
        for text, width, kind in cells:
            sheet.box((x, y, x + width, y + height))
            if kind == "label":
                sheet.text((x + width // 2, y + height // 2), text, 31, SONG, anchor="mm")
            elif kind == "print":
                sheet.text((x + 18, y + height // 2), text, 31, SONG, anchor="lm")
            else:
                size = 40 if len(text) * 38 < width - 30 else max(24, (width - 30) // max(1, len(text)))
                mono = sum(c.isascii() for c in text)
                if mono > len(text) * 0.8:
                    size = 42
                sheet.pen((x + 22, y + height // 2 - size * 7 // 10), text, size)
            x += width
        y += height
    sheet.box((left, top, left + sum(width for _, width, _ in rows[0][1]), y), 4)
    return y


def written_date(sheet: Sheet, right: int, y: int, date: str, label: str = "日期：") -> None:
    year, month, day = date.split("-")
    x = right - 560
    sheet.text((x, y), label, 34)
    x += 110
    for part, unit, room in ((year, "年", 130), (str(int(month)), "月", 70), (str(int(day)), "日", 70)):
        sheet.pen((x + 8, y - 10), part, 44)
        sheet.text((x + room, y), unit, 34)
        x += room + 50


def title(sheet: Sheet, text: str, y: int = 190, size: int = 62, spread: int = 12) -> None:
    sheet.text((WIDTH // 2, y), text, size, SONG, "Bold", anchor="ma", spread=spread)


def application_1(sheet: Sheet, form: Form) -> None:
    title(sheet, "食品经营许可申请书", 170)
    sheet.text((LEFT, 285), "受理编号：", 30)
    sheet.text((LEFT + 150, 285), "（由受理机关填写）", 28, colour=(120, 120, 120))
    sheet.text((RIGHT, 285), "第 1 页 共 2 页", 28, anchor="ra")
    y = table(sheet, 340, _operator(form, RIGHT - LEFT))
    y = _choices(sheet, form, y)
    sheet.text((LEFT, y), "家庭成员共同经营的，填写：", 34, HEI, "Bold")
    y = table(sheet, y + 62, _kin(form, RIGHT - LEFT))
    sheet.text((LEFT, y + 40), "注：请用黑色或蓝黑色墨水填写，字迹清楚，不得涂改。", 28, colour=(80, 80, 80))


def _operator(form: Form, wide: int) -> list[Row]:
    """Who applies, and for which premises."""
    who, firm, what = form["applicant"], form["enterprise"], form["application"]
    person = ("法定代表人（负责人）", 330, who["name"], 320), ("性别", 120, who["sex"], 130)
    area = ("场所面积", 260, f"{what['area_m2']} 平方米", 396)
    kitchen = ("其中厨房", 230, f"{what['kitchen_m2']} 平方米", wide - 886)
    return [
        fields(84, "pen", ("经营者名称", 260, firm["name"], wide - 260)),
        fields(84, "pen", ("统一社会信用代码", 260, firm["credit_code"], wide - 260)),
        fields(84, "pen", *person, ("民族", 120, who["nation"], wide - 1020)),
        fields(84, "pen", ("身份证号码", 260, who["citizen_id"], wide - 260)),
        fields(84, "pen", ("住所", 260, firm["domicile"], wide - 260)),
        fields(84, "pen", ("经营场所", 260, what["premises"], wide - 260)),
        fields(84, "pen", area, kitchen),
        fields(84, "pen", ("从业人员", 260, f"{what['staff']} 人", 396), ("联系电话", 230, who["mobile"], wide - 886)),
    ]


def _kin(form: Form, wide: int) -> list[Row]:
    """The member of the family who runs it too."""
    kin = form["family"]
    widths = (230, 160, 520, wide - 910)
    values = (kin["name"], kin["relation"], kin["citizen_id"], kin["mobile"])
    return [
        heads(74, *zip(("姓名", "关系", "身份证号码", "联系电话"), widths, strict=True)),
        (84, [(value, width, "pen") for value, width in zip(values, widths, strict=True)]),
    ]


def _choices(sheet: Sheet, form: Form, y: int) -> int:
    what = form["application"]
    sheet.text((LEFT, y + 34), "主体业态（单选）", 34, HEI, "Bold")
    y += 100
    for row in (("食品销售经营者", "餐饮服务经营者"), ("单位食堂（学校、托幼）", "单位食堂（其他）")):
        x = LEFT + 20
        for name in row:
            sheet.tick((x, y), name, what["main_form"].startswith(name))
            x += 560
        y += 66
    sheet.text((LEFT, y + 24), "经营项目（可多选）", 34, HEI, "Bold")
    y += 90
    names = (
        "预包装食品销售",
        "散装食品销售",
        "热食类食品制售",
        "冷食类食品制售",
        "生食类食品制售",
        "糕点类食品制售",
        "自制饮品制售",
        "其他类食品制售",
    )
    for k, name in enumerate(names):
        sheet.tick((LEFT + 20 + (k % 2) * 560, y + (k // 2) * 66), name, name in what["projects"])
    return y + 4 * 66 + 30


def application_2(sheet: Sheet, form: Form) -> None:
    who = form["applicant"]
    sheet.text((RIGHT, 175), "第 2 页 共 2 页", 28, anchor="ra")
    sheet.text((LEFT, 225), "一、主要设备设施", 36, HEI, "Bold")
    wide = RIGHT - LEFT
    things = (
        ("双门冷藏柜", "2", "后厨东侧", "生熟分开"),
        ("热力消毒柜", "1", "洗消间", ""),
        ("三联水池", "2", "粗加工区", "荤素分开"),
        ("油烟净化机", "1", "灶台上方", "已年检"),
        ("防蝇帘", "3", "各出入口", ""),
    )
    widths = (110, 380, 150, 330, wide - 970)
    rows = [heads(70, *zip(("序号", "名称", "数量", "位置", "备注"), widths, strict=True))]
    for k, thing in enumerate(things, 1):
        kinds = ("label", "pen", "pen", "pen", "pen")
        rows.append((78, list(zip((str(k), *thing), widths, kinds, strict=True))))
    y = table(sheet, 290, rows)
    y = _delivery(sheet, form, y)
    sheet.text((LEFT, y + 44), "三、申请人声明", 36, HEI, "Bold")
    y = sheet.paragraph(
        (LEFT, y + 110),
        wide,
        "本申请人已阅读办事指南，所填内容和提交的材料真实、合法、有效，复印件与原件一致。食品经营场所、设备设施、经营布局和操作流程符合食品安全标准，"
        "愿意接受现场核查。本人在异地窗口提交申请，知悉窗口只作形式审查和身份核验，是否受理、是否准予许可由受理地机关决定。",
    )
    sheet.text((LEFT + 560, y + 60), "申请人（签字）：", 36)
    sheet.pen((LEFT + 850, y + 36), who["name"], 64, wild=1.7)
    sheet.stamp((RIGHT - 130, y + 80), square_seal(sheet.rng, who["name"]), float(sheet.rng.uniform(-6, 6)))
    written_date(sheet, RIGHT, y + 190, form["application"]["date"])
    _window_box(sheet, y + 290)


def _delivery(sheet: Sheet, form: Form, y: int) -> int:
    way, wide = form["delivery"], RIGHT - LEFT
    sheet.text((LEFT, y + 44), "二、领证方式", 36, HEI, "Bold")
    x = LEFT + 20
    for name in ("窗口领取", "邮政寄递", "仅领电子证照"):
        x = sheet.tick((x, y + 112), name, name == "邮政寄递") + 50
    return table(
        sheet,
        y + 180,
        [
            (
                84,
                [
                    ("收件人", 230, "label"),
                    (way["name"], 426, "pen"),
                    ("联系电话", 230, "label"),
                    (way["mobile"], wide - 886, "pen"),
                ],
            ),
            (84, [("寄递地址", 230, "label"), (way["address"], wide - 230, "pen")]),
            (84, [("邮政编码", 230, "label"), (way["postcode"], wide - 230, "pen")]),
        ],
    )


def _window_box(sheet: Sheet, y: int) -> None:
    """What the collecting window writes: pages, original check, staff code."""
    sheet.box((LEFT, y, RIGHT, y + 270), 3)
    sheet.text((LEFT + 24, y + 20), "收件窗口填写", 32, HEI, "Bold")
    sheet.text((LEFT + 24, y + 82), "材料共        页，原件已核对，与扫描件一致。", 32)
    sheet.pen((LEFT + 126, y + 66), "12", 44)
    sheet.text((LEFT + 24, y + 150), "收件人工号：", 32)
    sheet.pen((LEFT + 225, y + 136), "A01", 44)
    sheet.stamp(
        (RIGHT - 220, y + 135),
        round_seal(sheet.rng, "示例异地通办专窗", "收件专用", 250),
        float(sheet.rng.uniform(-14, 14)),
    )


def _card(size: tuple[int, int], shade: tuple[int, int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty card with the fine waves that security print has."""
    card = Image.new("RGB", size, shade)
    draw = ImageDraw.Draw(card)
    x = np.arange(0, size[0], 6)
    for k in range(-40, size[1] + 40, 9):
        wave = k + 14 * np.sin(x / 70 + k / 60)
        draw.line(list(zip(x.tolist(), wave.tolist(), strict=True)), fill=tuple(c - 13 for c in shade), width=1)
    return card, draw


def id_card(sheet: Sheet, form: Form) -> None:
    """Both sides of the card on one sheet, in colour, as the guide asks."""
    who = form["applicant"]
    size = (920, 580)
    front, draw = _card(size, (226, 236, 238))
    year, month, day = who["born"].split("-")

    def field(x: int, y: int, label: str, value: str, big: int = 36) -> None:
        draw.text((x, y + 4), label, font=font(HEI, 27), fill=(58, 110, 160))
        draw.text((x + 28 * len(label) + 18, y), value, font=font(HEI, big), fill=INK)

    field(54, 56, "姓 名", who["name"], 42)
    field(54, 128, "性 别", who["sex"])
    field(290, 128, "民 族", who["nation"])
    field(54, 196, "出 生", f"{year}  年  {int(month)}  月  {int(day)}  日", 33)
    address = who["address"]
    field(54, 266, "住 址", address[:12], 33)
    draw.text((156, 314), address[12:], font=font(HEI, 33), fill=INK)
    draw.text((54, 484), "公民身份号码", font=font(HEI, 27), fill=(58, 110, 160))
    draw.text(
        (290, 474),
        "  ".join((who["citizen_id"][:6], who["citizen_id"][6:14], who["citizen_id"][14:])),
        font=font(MONO, 40, "Bold"),
        fill=INK,
    )
    front.paste(portrait(sheet.rng, (240, 306), (214, 226, 230), False), (636, 92))
    back, draw = _card(size, (232, 233, 224))
    draw.ellipse((66, 60, 216, 210), outline=RED, width=7)
    draw.text((141, 135), "样张", font=font(SONG, 52, "Bold"), fill=RED, anchor="mm")
    draw.text((570, 82), "演示用身份证件", font=font(SONG, 52, "Bold"), fill=INK, anchor="ma")
    draw.text((570, 176), "居民身份证样张", font=font(HEI, 60, "Bold"), fill=INK, anchor="ma")
    for y, label, value in (
        (398, "签发机关", "示例市公安局示例分局"),
        (468, "有效期限", "2018.03.07-2038.03.07"),
    ):
        draw.text((150, y + 3), label, font=font(HEI, 29, "Bold"), fill=INK)
        draw.text((310, y), value, font=font(HEI, 34), fill=INK)
    for card, y in ((front, 300), (back, 1080)):
        mask = Image.new("L", size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), 36, fill=255)
        turn = float(sheet.rng.uniform(-1.5, 1.5))
        shadow = Image.new("RGB", size, (196, 194, 190))
        x = (WIDTH - size[0]) // 2
        turned = mask.rotate(turn, Image.Resampling.BICUBIC, True)
        sheet.image.paste(shadow.resize(turned.size), (x + 7, y + 9), turned)
        sheet.image.paste(card.rotate(turn, Image.Resampling.BICUBIC, True), (x, y), turned)
    sheet.text((LEFT, 1810), "本复印件仅供办理食品经营许可使用，与原件一致。", 34)
    sheet.text((LEFT, 1890), "签字：", 34)
    sheet.pen((LEFT + 130, 1868), who["name"], 62, wild=1.7)
    written_date(sheet, RIGHT, 1890, form["application"]["date"])


def border(sheet: Sheet, box: tuple[int, int, int, int], colour: tuple[int, int, int]) -> None:
    """The woven border of a licence."""
    left, top, right, bottom = box
    for inset, width in ((0, 8), (16, 2), (58, 2), (70, 5)):
        sheet.box((left + inset, top + inset, right - inset, bottom - inset), width, colour)
    for x in range(left + 37, right - 20, 26):
        for y in (top + 37, bottom - 37):
            sheet.draw.ellipse((x - 12, y - 12, x + 12, y + 12), outline=colour, width=2)
            sheet.draw.line((x - 12, y, x + 12, y), fill=colour)
    for y in range(top + 37, bottom - 20, 26):
        for x in (left + 37, right - 37):
            sheet.draw.ellipse((x - 12, y - 12, x + 12, y + 12), outline=colour, width=2)
            sheet.draw.line((x, y - 12, x, y + 12), fill=colour)


def code_square(sheet: Sheet, at: tuple[int, int], side: int) -> None:
    """A square of dots like a two-dimensional code; it holds nothing and no reader finds one."""
    cells = sheet.rng.random((29, 29)) > 0.5
    step = side // 29
    for row, line in enumerate(cells):
        for column, dark in enumerate(line):
            if dark:
                x, y = at[0] + column * step, at[1] + row * step
                sheet.draw.rectangle((x, y, x + step - 1, y + step - 1), fill=INK)


def licence(sheet: Sheet, form: Form) -> None:
    firm, who = form["enterprise"], form["applicant"]
    border(sheet, (110, 150, WIDTH - 110, HEIGHT - 190), (176, 136, 60))
    sheet.draw.ellipse((WIDTH // 2 - 75, 270, WIDTH // 2 + 75, 420), outline=RED, width=8)
    sheet.text((WIDTH // 2, 345), "样张", 54, SONG, "Bold", RED, "mm")
    sheet.text((WIDTH // 2, 450), "营业执照", 130, SONG, "Bold", anchor="ma", spread=44)
    sheet.text((WIDTH // 2, 640), "（副  本）", 44, SONG, anchor="ma")
    sheet.text((250, 740), "统一社会信用代码", 32, HEI)
    sheet.text((250, 792), firm["credit_code"], 44, MONO, "Bold")
    code_square(sheet, (WIDTH - 460, 690), 203)
    year, month, day = firm["founded"].split("-")
    rows = (
        ("名 称", firm["name"]),
        ("类 型", firm["kind"]),
        ("投 资 人", who["name"]),
        ("出资方式", "以家庭共有财产作为个人出资"),
        ("经营范围", firm["scope"]),
        ("成立日期", f"{year}年{month}月{day}日"),
        ("住 所", firm["domicile"]),
    )
    y = 960
    for label, value in rows:
        sheet.text((250, y), label, 36, HEI, colour=(70, 60, 40))
        sheet.text((480, y - 4), value, 40, SONG)
        y += 94
    sheet.text((250, 1690), "依法须经批准的项目，经相关部门批准后方可开展经营活动。", 28, colour=(70, 60, 40))
    sheet.text((WIDTH - 640, 1800), "登记机关", 42, SONG)
    sheet.text((WIDTH - 640, 1890), f"{year} 年 {month} 月 {day} 日", 38, SONG)
    sheet.stamp(
        (WIDTH - 480, 1830),
        round_seal(sheet.rng, "示例市登记机关示例分局", "登记专用章"),
        float(sheet.rng.uniform(-12, 12)),
    )
