"""The rest of the demo's papers: family papers, letters and the result.

Invariants: those of ``deploy.demo.sheets``.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from deploy.demo.paper import (
    HEI,
    HEIGHT,
    RED,
    SONG,
    WIDTH,
    Sheet,
    portrait,
    round_seal,
    square_seal,
)
from deploy.demo.sheets import LEFT, RIGHT, Form, Row, border, code_square, fields, table, title, written_date


def household(sheet: Sheet, form: Form) -> None:
    """The page of the spouse, copied from the booklet onto A4."""
    who = form["applicant"]
    page = (150, 330, WIDTH - 150, 1690)
    sheet.draw.rectangle(page, fill=(243, 238, 226), outline=(170, 160, 140), width=2)
    for y in range(page[1] + 8, page[3], 7):
        sheet.draw.line((page[0], y, page[2], y), fill=(238, 231, 217))
    sheet.text((WIDTH // 2, 400), "常住人口登记卡", 58, SONG, "Bold", anchor="ma", spread=20)
    y = _register(sheet, form, 510)
    sheet.text((230, y + 60), "承办人签章：", 32)
    sheet.text((WIDTH - 240, y + 60), "登记日期：2014年6月20日", 32, anchor="ra")
    sheet.stamp(
        (530, y + 130),
        round_seal(sheet.rng, "示例市公安局示例派出所", "户口专用", 270),
        float(sheet.rng.uniform(-16, 16)),
    )
    sheet.stamp((WIDTH - 400, y + 155), square_seal(sheet.rng, "经办", 96), 3.0)
    sheet.text((LEFT, 1800), "与原件一致，仅供证明家庭成员关系使用。", 34)
    sheet.text((LEFT, 1880), "签字：", 34)
    sheet.pen((LEFT + 130, 1858), who["name"], 62, wild=1.7)
    written_date(sheet, RIGHT, 1880, form["application"]["date"])


def _register(sheet: Sheet, form: Form, y: int) -> int:
    kin = form["family"]
    year, month, day = kin["born"].split("-")
    born = f"{year}年{int(month)}月{int(day)}日"

    def two(one: tuple[str, str], other: tuple[str, str]) -> Row:
        return fields(92, "print", (one[0], 230, one[1], 330), (other[0], 310, other[1], 330))

    rows = [
        two(("姓　名", kin["name"]), ("户主或与户主关系", "妻")),
        two(("曾 用 名", "—"), ("性　别", kin["sex"])),
        two(("出 生 地", "江西省南昌市"), ("民　族", "汉族")),
        two(("籍　贯", "江西省南昌市"), ("出生日期", born)),
        fields(92, "print", ("本市（县）其他住址", 330, "无", 870)),
        fields(92, "print", ("公民身份号码", 330, kin["citizen_id"], 870)),
        two(("文化程度", "大学本科"), ("婚姻状况", "有配偶")),
        fields(92, "print", ("服务处所", 230, form["enterprise"]["name"], 970)),
        fields(92, "print", ("何时由何地迁来本址", 330, "2014年6月由示例区示例街道迁来", 870)),
    ]
    return table(sheet, y, rows, left=227)


def marriage(sheet: Sheet, form: Form) -> None:
    """The opened certificate on one sheet: photograph and seal on the left, the two persons on the right."""
    who, kin = form["applicant"], form["family"]
    left, right = (110, 420, WIDTH // 2 - 4, 1480), (WIDTH // 2 + 4, 420, WIDTH - 110, 1480)
    sheet.draw.rectangle((92, 402, WIDTH - 92, 1498), fill=(128, 22, 28))
    for page in (left, right):
        sheet.draw.rectangle(page, fill=(250, 236, 232))
        for k in range(page[1] + 70, page[3] - 8, 16):
            sheet.draw.arc((page[0] + 20, k - 40, page[2] - 20, k + 40), 200, 340, fill=(245, 221, 216), width=2)
        sheet.box((page[0] + 24, page[1] + 24, page[2] - 24, page[3] - 24), 3, (204, 116, 108))
    _registered(sheet, who["name"])
    _couple(sheet, right, (who, kin))
    sheet.text((LEFT, 1640), "复印件与原件一致，仅供办理食品经营许可证明夫妻共同经营使用。", 34)
    sheet.text((LEFT, 1730), "持证人签字：", 34)
    x = sheet.pen((LEFT + 230, 1706), who["name"], 62, wild=1.7)
    sheet.pen((x + 60, 1706), kin["name"], 60, wild=1.9)
    written_date(sheet, RIGHT, 1830, form["application"]["date"])


def _registered(sheet: Sheet, holder: str) -> None:
    """The left page: photograph, register and seal."""
    photo = Image.new("RGB", (420, 290), (176, 30, 34))
    photo.paste(portrait(sheet.rng, (214, 290), (176, 30, 34), False), (0, 0))
    photo.paste(portrait(sheet.rng, (214, 290), (176, 30, 34), True), (206, 0))
    sheet.image.paste(photo, (255, 500))
    for k, (label, value) in enumerate(
        (
            ("持 证 人", holder),
            ("登记日期", "2014年05月20日"),
            ("结婚证字号", "J000000-2014-000000"),
            ("备　注", "样张"),
        )
    ):
        y = 900 + k * 88
        sheet.text((170, y), label, 32, SONG, colour=(110, 30, 30))
        sheet.text((360, y - 2), value, 34, SONG)
        sheet.lines([(350, y + 46), (WIDTH // 2 - 60, y + 46)], 1, (150, 110, 100))
    sheet.text((170, 1290), "登记机关（章）", 32, SONG, colour=(110, 30, 30))
    sheet.stamp(
        (600, 1310),
        round_seal(sheet.rng, "示例市示例区婚姻登记处", "登记专用章", 280),
        float(sheet.rng.uniform(-10, 10)),
    )


def _couple(sheet: Sheet, right: tuple[int, int, int, int], persons: Sequence[Form]) -> None:
    """The right page: the two persons."""
    sheet.text(((right[0] + right[2]) // 2, 490), "结 婚 证", 54, SONG, "Bold", (150, 24, 28), "ma")
    y = 640
    for person in persons:
        for label, value in (
            ("姓　名", f"{person['name']}      性别  {person['sex']}"),
            ("国　籍", "中国"),
            ("出生日期", "{}年{}月{}日".format(*person["born"].split("-"))),
            ("身份证件号", person["citizen_id"]),
        ):
            sheet.text((right[0] + 70, y), label, 32, SONG, colour=(110, 30, 30))
            sheet.text((right[0] + 260, y - 2), value, 34, SONG)
            sheet.lines([(right[0] + 250, y + 46), (right[2] - 70, y + 46)], 1, (150, 110, 100))
            y += 84
        y += 60


PROMISES = (
    "已经知晓行政机关告知的许可条件、标准、技术要求和不实承诺的法律责任。",
    "经营场所与有毒、有害场所及其他污染源保持规定的距离，后厨布局合理，防止待加工食品与直接入口食品、原料与成品交叉污染。",
    "建立从业人员健康管理、进货查验、食品安全自查和事故处置制度，接触直接入口食品的人员每年健康检查，持有效健康证明上岗。",
    "不采购、不使用国家禁止的食品原料和添加剂，餐饮具清洗消毒后使用，按规定留存进货票据。",
    "现场核查发现与承诺内容不符的，愿意在规定期限内整改；整改后仍不符合条件的，愿意承担撤销许可决定的后果。",
    "上述承诺是申请人真实的意思表示，承诺内容愿意接受社会监督，并同意纳入信用记录。",
)


def commitment(sheet: Sheet, form: Form) -> None:
    who, firm = form["applicant"], form["enterprise"]
    title(sheet, "食品安全承诺书", 220, 66, 22)
    sheet.text((LEFT, 380), "申请人：", 36)
    sheet.pen((LEFT + 160, 364), firm["name"], 46)
    sheet.text((LEFT, 460), "统一社会信用代码：", 36)
    sheet.pen((LEFT + 340, 444), firm["credit_code"], 46)
    y = sheet.paragraph((LEFT, 560), RIGHT - LEFT, "申请人就申请食品经营许可（新办），郑重作出如下承诺：", 36, 1.75)
    for k, promise in enumerate(PROMISES):
        y = sheet.paragraph((LEFT, y + 14), RIGHT - LEFT, f"{'一二三四五六'[k]}、{promise}", 36, 1.75)
    sheet.text((LEFT, y + 70), "以下由申请人抄写：", 34, HEI, "Bold")
    sheet.box((LEFT, y + 130, RIGHT, y + 330))
    sheet.pen((LEFT + 40, y + 150), "本人已阅读并理解以上全部内容，自愿作出", 50, wild=1.3)
    sheet.pen((LEFT + 40, y + 232), "承诺，如有不实，愿承担法律责任。", 50, wild=1.3)
    sheet.text((LEFT + 480, y + 420), "承诺人（签字、盖章）：", 36)
    sheet.pen((LEFT + 870, y + 394), who["name"], 66, wild=1.8)
    sheet.stamp(
        (RIGHT - 130, y + 470),
        round_seal(sheet.rng, "南昌市东湖区知味小馆", "", 290),
        float(sheet.rng.uniform(-14, 14)),
    )
    written_date(sheet, RIGHT, y + 540, form["application"]["date"])


def proxy(sheet: Sheet, form: Form) -> None:
    who, agent = form["applicant"], form["agent"]
    title(sheet, "授权委托书", 240, 70, 30)
    wide = RIGHT - LEFT
    rows = []
    for role, person in (("委托人", who), ("受托人", agent)):
        number, mobile = person["citizen_id"], person["mobile"]
        rows += [
            fields(92, "pen", (role, 200, person["name"], 380), ("性别", 150, person["sex"], wide - 730)),
            fields(92, "pen", ("证件号码", 200, number, 620), ("电话", 130, mobile, wide - 950)),
        ]
    y = table(sheet, 420, rows)
    y = sheet.paragraph(
        (LEFT, y + 70),
        wide,
        "委托人现居重庆市江津区，在当地窗口提交申请，不便往返，现委托受托人代为办理下列事项：",
        38,
        1.8,
    )
    sheet.tick((LEFT + 40, y + 20), "向受理机关补交材料、核对原件", True)
    sheet.tick((LEFT + 40, y + 92), "签收补正通知、受理通知等文书", True)
    sheet.tick((LEFT + 40, y + 164), "配合经营场所现场核查", True)
    sheet.tick((LEFT + 40, y + 236), "领取许可证（本次选择邮政寄递）", False)
    y = sheet.paragraph(
        (LEFT, y + 340), wide, "受托人在上述权限内签署的文书，委托人均予承认。受托人无转委托权。", 38, 1.8
    )
    sheet.text((LEFT + 76, y + 20), "委托期限：自", 38)
    x = sheet.pen((LEFT + 316, y + 2), "2026年11月16日", 48)
    sheet.text((x + 16, y + 20), "起至", 38)
    x = sheet.pen((x + 106, y + 2), "2027年2月15日", 48)
    sheet.text((x + 10, y + 20), "止。", 38)
    sheet.text((LEFT + 420, y + 200), "委托人（签字、按印）：", 38)
    sheet.pen((LEFT + 830, y + 172), who["name"], 68, wild=1.8)
    _thumb(sheet, (LEFT + 1130, y + 235))
    sheet.text((LEFT + 420, y + 330), "受托人（签字）：", 38)
    sheet.pen((LEFT + 720, y + 302), agent["name"], 64, wild=2.1)
    written_date(sheet, RIGHT, y + 470, form["application"]["date"])


def _thumb(sheet: Sheet, centre: tuple[int, int]) -> None:
    """A red print of ridges that no finger has: rings bent by waves."""
    size = 150
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    phase = sheet.rng.uniform(0, 6, 3)
    bend = np.hypot(x * 1.35 + 0.12 * np.sin(3 * y + phase[0]), y + 0.3 + 0.1 * np.sin(4 * x + phase[1]))
    ridges = (np.sin(bend * 62) > -0.1) * (np.hypot(x * 1.4, y) < 0.93)
    thin = cv2.GaussianBlur(sheet.rng.random((size, size)).astype(np.float32), (0, 0), 3) > 0.42
    mask = cv2.GaussianBlur((ridges * thin * 200).astype(np.uint8), (0, 0), 0.9)
    layer = np.zeros((size, size, 4), np.uint8)
    layer[..., :3] = RED
    layer[..., 3] = mask
    sheet.stamp(centre, Image.fromarray(layer, "RGBA"), 14.0)


def result(sheet: Sheet, form: Form) -> None:
    """The licence that the accepting department issues and sends back."""
    firm, who, what = form["enterprise"], form["applicant"], form["application"]
    border(sheet, (110, 150, WIDTH - 110, HEIGHT - 190), (60, 116, 92))
    sheet.text((WIDTH // 2, 300), "食品经营许可证", 116, SONG, "Bold", anchor="ma", spread=22)
    sheet.text((WIDTH // 2, 480), "（正本 · 演示样张）", 40, SONG, anchor="ma")
    code_square(sheet, (WIDTH - 460, 590), 203)
    rows = (
        ("许可证编号", "JY00000000000000"),
        ("经营者名称", firm["name"]),
        ("信用代码", firm["credit_code"]),
        ("负 责 人", who["name"]),
        ("主体业态", what["main_form"]),
        ("经营项目", "、".join(what["projects"])),
        ("住　　所", firm["domicile"]),
        ("经营场所", what["premises"]),
        ("有 效 期", "2026年11月20日 至 2031年11月19日"),
    )
    y = 640
    for label, value in rows:
        sheet.text((240, y), label, 36, HEI, colour=(40, 80, 64))
        sheet.text((480, y - 4), value, 38, SONG)
        y += 104
    sheet.text((240, 1640), "监督管理机构：示例区示例监管所　　投诉举报电话：0791-0000000", 30, colour=(60, 70, 66))
    sheet.text((WIDTH - 660, 1770), "发证机关", 42, SONG)
    sheet.text((WIDTH - 660, 1860), "2026 年 11 月 20 日", 38, SONG)
    sheet.stamp(
        (WIDTH - 490, 1810),
        round_seal(sheet.rng, "示例市东湖区示例发证机关", "许可专用章"),
        float(sheet.rng.uniform(-12, 12)),
    )
    sheet.text((240, 1960), "签发人：", 36, SONG)
    sheet.pen((390, 1936), "示例", 62, wild=1.7)
