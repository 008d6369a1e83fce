"""Layouts that no rule was written against: their score is the honest one.

Whoever mends rules does not look at misses on these pages, but in a round that is counted in the report.
"""

from collections.abc import Mapping
from typing import Final

from deploy.demo.paper import round_seal
from tests.labelled.board import Board, Part
from tests.labelled.known import Draw
from tests.labelled.people import person


def driving(board: Board) -> None:
    """驾驶证: labels in two languages, values under or beside them."""
    who = person(board.rng)
    x, y = 280, 420
    board.draw.rounded_rectangle((x, y, x + 1100, y + 760), 20, fill=(240, 240, 236), outline=(90, 90, 90), width=3)
    board.put((x + 190, y + 40), "中华人民共和国机动车驾驶证", 48)
    board.put((x + 230, y + 105), "Driving License of the People's Republic of China", 26)
    board.put((x + 50, y + 170), ["证号  ", (who.citizen_id, "CITIZEN_ID")], 40)
    board.put((x + 50, y + 215), "License No.", 20)
    board.put((x + 50, y + 260), ["姓名  ", (who.name, "NAME")], 38)
    board.put((x + 50, y + 302), "Name", 20)
    board.put((x + 480, y + 260), f"性别 {who.sex}    国籍 中国", 36)
    board.put((x + 50, y + 345), "住址", 36)
    board.put((x + 50, y + 388), "Address", 20)
    board.within((x + 150, y + 330, x + 1040, y + 440), [(who.address, "ADDRESS")], 36)
    year, month, day = who.birth
    board.put((x + 330, y + 470), ["出生日期  ", (f"{year}-{month:02d}-{day:02d}", "BIRTH")], 36)
    board.put((x + 330, y + 512), "Date of Birth", 20)
    board.put((x + 330, y + 550), "初次领证日期  2012-06-18", 36)
    board.put((x + 330, y + 640), "准驾车型  C1", 36)
    board.face((x + 50, y + 440, x + 280, y + 720))
    board.put((330, 1400), "仅供办理网约车驾驶员证申请使用", 36)


def marriage(board: Board) -> None:
    """结婚登记审查处理表: two people side by side, labels in the middle."""
    left, right = person(board.rng), person(board.rng)
    board.title("结婚登记审查处理表")
    rows: list[tuple[str, Part, Part]] = [
        ("申请人", "男 方", "女 方"),
        ("姓 名", (left.name, "NAME"), (right.name, "NAME")),
        ("出生日期", (left.birth_text, "BIRTH"), (right.birth_text, "BIRTH")),
        ("身份证件号", (left.citizen_id, "CITIZEN_ID"), (right.citizen_id, "CITIZEN_ID")),
        ("国 籍", "中国", "中国"),
        ("职 业", "专业技术人员", "商业服务业人员"),
        ("常住户口所在地", (left.address, "ADDRESS"), (right.address, "ADDRESS")),
        ("联系方式", (left.mobile, "PHONE"), (right.mobile, "PHONE")),
        ("婚姻状况", "未婚", "未婚"),
    ]
    for number, (label, one, two) in enumerate(rows):
        y = 330 + number * 120
        for box in ((120, y, 400, y + 120), (400, y, 960, y + 120), (960, y, 1530, y + 120)):
            board.box(box)
        board.put((150, y + 40), label, 32)
        board.within((400, y + 8, 960, y + 120), [one], 30)
        board.within((960, y + 8, 1530, y + 120), [two], 30)
    y = 1500
    board.put((150, y), "审查意见:经审查,双方符合结婚条件,准予登记。", 34)
    board.put((150, y + 100), "婚姻登记员", 34)
    board.sign((380, y + 76), person(board.rng).name)
    board.put((850, y + 100), "(登记机关印章)", 34)
    board.stamp((1080, y + 200), round_seal(board.rng, "样张市民政局婚姻登记专用章"), 5.0)


def medical(board: Board) -> None:
    """健康检查报告: underlined blanks on one line."""
    who, doctor = person(board.rng), person(board.rng)
    board.title("从业人员健康检查表")
    board.face((1240, 300, 1480, 610))
    board.put((150, 320), ["编号 JK2026-00417    体检日期 2026.09.03"], 32)
    board.put((150, 400), ["姓名 ", (who.name, "NAME"), f"   性别 {who.sex}   年龄 {2026 - who.birth[0]}岁"], 34)
    board.put((150, 480), ["身份证号 ", (who.citizen_id, "CITIZEN_ID")], 34)
    board.put((150, 560), ["手机 ", (who.mobile, "PHONE"), "   工种 餐饮服务"], 34)
    board.put((150, 640), ["家庭地址 ", (who.address, "ADDRESS")], 32)
    for row, item in enumerate(
        ("既往病史", "体 征:心  肺  肝  脾", "皮 肤", "X线胸透", "痢疾杆菌", "谷丙转氨酶 28 U/L", "HAV-IgM")
    ):
        board.box((150, 740 + row * 90, 1500, 830 + row * 90))
        board.put((170, 762 + row * 90), item, 32)
        board.put((1000, 762 + row * 90), "未见异常", 32)
    board.put((150, 1430), "结论:合格", 36)
    board.put((150, 1520), ["主检医师 ", (doctor.name, "NAME")], 34)
    board.put((800, 1520), "受检者签字", 34)
    board.sign((1000, 1496), who.name)


def interview(board: Board) -> None:
    """询问笔录: question and answer in free prose."""
    who, other, officer = person(board.rng), person(board.rng), person(board.rng)
    board.title("询 问 笔 录")
    y = 290
    talk: list[list[Part]] = [
        ["时间:2026年10月9日14时20分至15时05分    地点:样张市市场监督管理局二楼"],
        ["询问人:", (officer.name, "NAME"), "    记录人:", (person(board.rng).name, "NAME")],
        ["问:请介绍一下你的基本情况。"],
        ["答:我叫", (who.name, "NAME"), "," + who.sex + ",汉族,", (who.birth_text, "BIRTH"), "出生,身份证号码是", (who.citizen_id, "CITIZEN_ID"),
         ",家住", (who.address, "ADDRESS"), ",电话", (who.mobile, "PHONE"), "。"],
        ["问:店铺由谁经营?"],
        ["答:由我和", (other.name, "NAME"), "一起经营,", (other.name, "NAME"), "负责进货,他的电话是", (other.mobile, "PHONE"), ",货款打到他的卡上,卡号", (other.bank_card, "BANK_CARD"), "。"],
        ["问:送货车辆的车牌号是多少?"],
        ["答:是", (other.plate, "PLATE"), ",每天早上七点送到。"],
        ["问:以上所说是否属实?"],
        ["答:属实。以上笔录我看过,和我说的一样。"],
    ]  # fmt: skip
    for line in talk:
        y = board.flow((160, y), 1340, line, 34, 1.6)
    board.put((160, y + 70), "被询问人:", 34)
    board.sign((350, y + 46), who.name)
    board.fingerprint((640, y + 90))


def residence(board: Board) -> None:
    """居住证 and a passport's page with the lines for machines."""
    who = person(board.rng)
    x, y = 300, 260
    board.draw.rounded_rectangle((x, y, x + 1040, y + 640), 30, fill=(236, 236, 226), outline=(110, 120, 110), width=2)
    board.put((x + 60, y + 40), "居 住 证", 52)
    board.put((x + 60, y + 130), ["姓名 ", (who.name, "NAME")], 36)
    board.put((x + 60, y + 200), f"性别 {who.sex}  民族 汉", 36)
    board.put((x + 60, y + 270), ["出生 ", (who.birth_text, "BIRTH")], 36)
    board.put((x + 60, y + 340), "居住地址", 36)
    board.within((x + 220, y + 324, x + 680, y + 500), [(who.address, "ADDRESS")], 34)
    board.put((x + 60, y + 550), ["公民身份号码 ", (who.citizen_id, "CITIZEN_ID")], 38)
    board.face((x + 720, y + 90, x + 980, y + 430))
    y = 1040
    board.draw.rectangle((230, y, 1420, y + 860), fill=(238, 232, 238), outline=(120, 110, 120), width=2)
    board.put((270, y + 30), "护照 PASSPORT", 40)
    board.put((980, y + 40), "护照号/Passport No.", 26)
    board.put((980, y + 80), (who.passport, "PASSPORT"), 42)
    board.face((280, y + 130, 560, y + 500))
    board.put((620, y + 150), "姓名/Name", 26)
    board.put((620, y + 186), (who.name, "NAME"), 40)
    board.put((620, y + 260), "出生日期/Date of birth", 26)
    year, month, day = who.birth
    board.put((620, y + 296), (f"{day:02d} {month:02d} {year}", "BIRTH"), 40)
    board.put((620, y + 370), "签发机关/Authority", 26)
    board.put((620, y + 406), "公安部出入境管理局", 40)
    line = f"{who.passport}0CHN{year % 100:02d}{month:02d}{day:02d}5M3505208"
    board.family = "DejaVu Sans Mono"
    board.put((270, y + 680), ("POCHNSPECIMEN<<YANGZHANG<<<<<<<<<<<<<<<<<<<<", "NAME"), 40)
    board.put((270, y + 750), (line.ljust(44, "<"), "PASSPORT"), 40)


def minutes(board: Board) -> None:
    """会议签到表: three columns, names by hand, telephones printed."""
    board.title("项目现场核查签到表")
    board.put((140, 260), "项目名称:样张市示例路农贸市场改造    日期:2026年8月14日", 32)
    edges = (140, 560, 980, 1520)
    for left, right, head in zip(edges, edges[1:], ("参会单位", "签到人", "联系方式"), strict=False):
        board.box((left, 340, right, 430))
        board.put((left + 20, 364), head, 34)
    for row in range(int(board.rng.integers(6, 11))):
        who = person(board.rng)
        y = 430 + row * 110
        for left, right in zip(edges, edges[1:], strict=False):
            board.box((left, y, right, y + 110))
        board.put((edges[0] + 20, y + 36), ("市市场监管局", "示例设计院", "街道办事处", "样张物业公司")[row % 4], 32)
        board.sign((edges[1] + 20, y + 26), who.name, "NAME", 50)
        board.put((edges[2] + 20, y + 36), (who.mobile if row % 3 else who.landline, "PHONE"), 34)


def petition(board: Board) -> None:
    """信访来信: a plain letter, the writer's data at its end."""
    who, other = person(board.rng), person(board.rng)
    board.title("情况说明")
    y = board.flow((160, 320), 1340, ["样张市行政审批局:"], 36)
    y = board.flow(
        (160, y),
        1340,
        ["我与丈夫", (other.name, "NAME"), "于2009年购买了", (who.address, "ADDRESS"), "的房屋,产权证编号为赣(2019)样张市不动产权第0004417号。"
         "因开发商资料遗失,至今未能办理分户登记。2026年5月,我向窗口提交了申请,编号为20260514003127,窗口人员答复材料不全。"],
        36,
    )  # fmt: skip
    y = board.flow(
        (160, y),
        1340,
        [
            "现补交购房发票、完税证明各一份,请予办理为盼。如需核实可拨打",
            (who.mobile, "PHONE"),
            "或发邮件至",
            (who.email, "EMAIL"),
            "。",
        ],
        36,
    )
    board.put((860, y + 80), ["说明人:", (who.name, "NAME")], 36)
    board.put((860, y + 160), ["身份证:", (who.citizen_id, "CITIZEN_ID")], 34)
    board.put((860, y + 240), "2026年11月16日", 36)
    board.code((200, y + 60), f"https://example.cn/case?id={who.mobile}", 6)


LAYOUTS: Final[Mapping[str, Draw]] = {
    "driving": driving,
    "marriage": marriage,
    "medical": medical,
    "interview": interview,
    "residence": residence,
    "minutes": minutes,
    "petition": petition,
}
