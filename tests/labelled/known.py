"""Layouts that the rules were written against. Each draws one page for one new person or several."""

from collections.abc import Callable, Mapping
from typing import Final

from deploy.demo.paper import MONO, SONG, font, round_seal, square_seal
from tests.labelled.board import Board, Part
from tests.labelled.people import person

RED = (186, 30, 36)
Draw = Callable[[Board], None]


def form(board: Board) -> None:
    """申请表: a grid of labels and values."""
    who, agent = person(board.rng), person(board.rng)
    board.title("食品经营许可申请表")
    rows: list[list[Part]] = [
        ["申请人姓名", (who.name, "NAME")],
        ["性别", who.sex],
        ["出生日期", (who.birth_text, "BIRTH")],
        ["公民身份号码", (who.citizen_id, "CITIZEN_ID")],
        ["联系电话", (who.mobile, "PHONE")],
        ["固定电话", (who.landline, "PHONE")],
        ["电子邮箱", (who.email, "EMAIL")],
        ["住址", (who.address, "ADDRESS")],
        ["开户银行", "示例银行股份有限公司样张支行"],
        ["银行账号", (who.bank_card, "BANK_CARD")],
        ["单位名称", "南昌市样张食品有限公司"],
        ["经营项目", "预包装食品销售、热食类食品制售"],
        ["委托代理人", (agent.name, "NAME")],
        ["代理人身份证号", (agent.citizen_id, "CITIZEN_ID")],
        ["代理人手机", (agent.mobile, "PHONE")],
    ]
    top, height = 270, int(board.rng.integers(84, 100))
    hand = board.rng.random() < 0.25
    for row, (label, value) in enumerate(rows):
        y = top + row * height
        board.box((130, y, 470, y + height))
        board.box((470, y, 1520, y + height))
        board.put((150, y + 24), label, 32)
        if hand and not isinstance(value, str) and value[1] in ("NAME", "PHONE"):
            board.sign((500, y + 16), value[0], value[1], 44)
        else:
            board.put((497, y + 24), value, 32)
    y = top + len(rows) * height + 60
    board.flow((130, y), 1390, ["本人承诺所填内容真实有效,如有不实,愿承担相应的法律责任。"], 32)
    board.put((930, y + 150), "申请人签名:", 34)
    board.sign((1150, y + 130), who.name)
    board.put((930, y + 250), "2026年11月20日", 34)
    board.footer("第 1 页 共 1 页")


def id_card(board: Board) -> None:
    """居民身份证, front and back, copied on one page."""
    who = person(board.rng)
    board.title("居民身份证复印件")
    x, y = 330, 380
    board.draw.rounded_rectangle((x, y, x + 1000, y + 630), 36, fill=(232, 240, 244), outline=(120, 130, 140), width=2)
    year, month, day = who.birth
    board.put((x + 60, y + 60), ["姓 名  ", (who.name, "NAME")], 38)
    board.put((x + 60, y + 140), ["性 别  ", who.sex, "    民 族  汉"], 36)
    board.put((x + 60, y + 220), ["出 生  ", (f"{year} 年 {month} 月 {day} 日", "BIRTH")], 36)
    board.put((x + 60, y + 300), "住 址", 36)
    board.within((x + 186, y + 284, x + 620, y + 470), [(who.address, "ADDRESS")], 36)
    board.put((x + 60, y + 530), "公民身份号码", 36)
    board.put((x + 350, y + 528), (who.citizen_id, "CITIZEN_ID"), 40, spread=6)
    board.face((x + 650, y + 70, x + 940, y + 440))
    y = 1180
    board.draw.rounded_rectangle((x, y, x + 1000, y + 630), 36, fill=(238, 240, 240), outline=(120, 130, 140), width=2)
    board.put((x + 330, y + 120), "中华人民共和国", 52)
    board.put((x + 350, y + 220), "居 民 身 份 证", 60)
    board.put((x + 180, y + 430), "签发机关  样张市公安局东湖分局", 36)
    board.put((x + 180, y + 510), "有效期限  2016.05.20-2036.05.20", 36)
    board.put((330, 1950), "与原件核对无误", 36)
    board.put((330, 2040), "核对人签名:", 34)
    board.sign((560, 2016), person(board.rng).name)


def licence(board: Board) -> None:
    """营业执照: mostly public; the operator of a person's business is not."""
    who = person(board.rng)
    board.box((90, 90, 1564, 2250), 8, RED)
    board.title("营 业 执 照", 320, 92)
    board.put((220, 520), "统一社会信用代码  92360102MA00EXAM7P", 34)
    board.code((1230, 330), "https://example.cn/licence/92360102MA00EXAM7P", 6)
    rows: list[list[Part]] = [
        ["名    称  样张区示例小吃店"],
        ["类    型  个体工商户"],
        ["经 营 者  ", (who.name, "NAME")],
        ["经营场所  ", (who.address, "ADDRESS")],
        ["注册日期  2021年03月18日"],
        ["经营范围  餐饮服务(依法须经批准的项目,经相关部门批准后方可开展经营活动)"],
    ]
    for row, parts in enumerate(rows):
        board.put((220, 700 + row * 110), parts, 38 if row != 5 else 34)
    board.put((1010, 1680), "登记机关", 40)
    board.put((1000, 1860), "2021年03月18日", 36)
    board.stamp((1120, 1760), round_seal(board.rng, "样张市东湖区市场监督管理局"), float(board.rng.uniform(-10, 10)))
    board.footer("国家企业信用信息公示系统网址:http://www.example.gov.cn")


def roster(board: Board) -> None:
    """花名册: a table with columns."""
    board.title("从业人员花名册")
    board.put((130, 250), "单位:南昌市样张食品有限公司      填表日期:2026年10月12日", 30)
    edges = (110, 200, 370, 780, 1030, 1560)
    heads = ("序号", "姓名", "身份证号码", "联系电话", "家庭住址")
    count, height = int(board.rng.integers(10, 17)), 100
    for row in range(count + 1):
        y = 320 + row * height
        for left, right in zip(edges, edges[1:], strict=False):
            board.box((left, y, right, y + height))
        if row == 0:
            for left, head in zip(edges, heads, strict=False):
                board.put((left + 14, y + 32), head, 30)
            continue
        who = person(board.rng)
        board.put((edges[0] + 24, y + 32), str(row), 28)
        board.put((edges[1] + 14, y + 32), (who.name, "NAME"), 30)
        board.put((edges[2] + 14, y + 32), (who.citizen_id, "CITIZEN_ID"), 30)
        board.put((edges[3] + 14, y + 32), (who.mobile, "PHONE"), 30)
        board.within((edges[4], y, edges[5], y + height), [(who.address, "ADDRESS")], 26)
    maker = person(board.rng)
    board.put((130, 320 + (count + 1) * height + 40), ["制表人:", (maker.name, "NAME"), "    审核人签字:"], 32)
    board.sign((760, 320 + (count + 1) * height + 16), person(board.rng).name)


def mandate(board: Board) -> None:
    """授权委托书: prose with numbers in it."""
    giver, taker = person(board.rng), person(board.rng)
    board.title("授权委托书")
    y = board.flow(
        (160, 320),
        1340,
        [
            "委托人:", (giver.name, "NAME"), f",{giver.sex},身份证号:", (giver.citizen_id, "CITIZEN_ID"),
            ",住址:", (giver.address, "ADDRESS"), ",联系电话:", (giver.mobile, "PHONE"), "。",
        ],
        36,
    )  # fmt: skip
    y = board.flow(
        (160, y + 20),
        1340,
        [
            "受托人:", (taker.name, "NAME"), f",{taker.sex},身份证号:", (taker.citizen_id, "CITIZEN_ID"),
            ",住址:", (taker.address, "ADDRESS"), ",联系电话:", (taker.mobile, "PHONE"), "。",
        ],
        36,
    )  # fmt: skip
    y = board.flow(
        (160, y + 20),
        1340,
        [
            "现委托人", (giver.name, "NAME"), "委托", (taker.name, "NAME"),
            "代为办理不动产登记事项,受托人在委托权限内签署的一切有关文件,委托人均予以承认,由此产生的法律后果由委托人承担。"
            "委托期限自2026年11月1日起至2027年4月30日止。受托人无转委托权。",
        ],
        36,
    )  # fmt: skip
    board.put((160, y + 120), "委托人(签字、按指印):", 36)
    board.sign((590, y + 96), giver.name)
    board.fingerprint((900, y + 130))
    board.put((160, y + 260), "受托人(签字):", 36)
    board.sign((460, y + 236), taker.name)
    board.put((1060, y + 380), "2026年11月1日", 36)


def bank(board: Board) -> None:
    """银行卡复印件 and the account information."""
    who = person(board.rng)
    board.title("收款账户信息")
    x, y = 330, 340
    colour = tuple(int(v) for v in board.rng.integers(40, 120, 3))
    board.draw.rounded_rectangle((x, y, x + 1000, y + 630), 40, fill=(colour[0], colour[1], colour[2]))
    number = " ".join(who.bank_card[i : i + 4] for i in range(0, len(who.bank_card), 4))
    ink, family = board.ink, board.family
    board.ink, board.family = (240, 240, 236), SONG
    board.put((x + 60, y + 60), "示例银行  借记卡", 46)
    board.family = MONO
    board.put((x + 70, y + 340), (number, "BANK_CARD"), 58)
    board.put((x + 70, y + 480), "VALID THRU 09/33", 30)
    board.ink, board.family = ink, family
    board.put((220, 1120), ["开户名:", (who.name, "NAME")], 36)
    board.put((220, 1200), ["账  号:", (number, "BANK_CARD")], 36)
    board.put((220, 1280), "开户行:示例银行样张支行营业部", 36)
    board.put((220, 1360), ["预留手机号:", (who.mobile, "PHONE")], 36)
    board.put((220, 1440), ["身份证号:", (who.citizen_id, "CITIZEN_ID")], 36)
    board.put((900, 1650), "持卡人签名:", 36)
    board.sign((1120, 1626), who.name)


def lease(board: Board) -> None:
    """房屋租赁合同: two parties."""
    owner, tenant = person(board.rng), person(board.rng)
    board.title("房屋租赁合同")
    y = 300
    for party, who in (("出租方(甲方):", owner), ("承租方(乙方):", tenant)):
        board.put((160, y), [party, (who.name, "NAME")], 36)
        board.put((160, y + 70), ["身份证号码:", (who.citizen_id, "CITIZEN_ID")], 36)
        board.put((160, y + 140), ["电话:", (who.mobile, "PHONE"), "    邮箱:", (who.email, "EMAIL")], 36)
        y += 240
    y = board.flow(
        (160, y), 1340, ["一、甲方将位于", (owner.address, "ADDRESS"), "的房屋出租给乙方使用,建筑面积89.6平方米。"], 36
    )
    y = board.flow((160, y), 1340, ["二、租赁期限自2026年1月1日至2028年12月31日,月租金人民币3500元,按季支付。"], 36)
    y = board.flow(
        (160, y),
        1340,
        ["三、乙方应将租金汇入甲方账户,户名:", (owner.name, "NAME"), ",账号:", (owner.bank_card, "BANK_CARD"), "。"],
        36,
    )
    y = board.flow((160, y), 1340, ["四、乙方车辆", (tenant.plate, "PLATE"), "可停放于小区地面车位。"], 36)
    y = board.flow(
        (160, y), 1340, ["五、本合同一式两份,双方各执一份,自签字之日起生效。争议由房屋所在地人民法院管辖。"], 36
    )
    for x, label, who in ((160, "甲方签字:", owner), (860, "乙方签字:", tenant)):
        board.put((x, y + 160), label, 36)
        board.sign((x + 200, y + 136), who.name)
        board.put((x, y + 260), "日期:2025年12月28日", 34)
    board.stamp((360, y + 210), square_seal(board.rng, owner.name), float(board.rng.uniform(-6, 6)))
    board.mark("SIGNATURE", owner.name, (300, y + 150, 420, y + 270))


def household(board: Board) -> None:
    """常住人口登记卡."""
    who, head = person(board.rng), person(board.rng)
    board.title("常住人口登记卡")
    rows: list[list[tuple[Part, Part]]] = [
        [("姓名", (who.name, "NAME")), ("户主或与户主关系", "户主之妻")],
        [("曾用名", "无"), ("性别", who.sex)],
        [("出生地", "江西省南昌市"), ("民族", "汉族")],
        [("籍贯", "江西省丰城市"), ("出生日期", (who.birth_text, "BIRTH"))],
        [("本市(县)其他住址", (who.address, "ADDRESS")), ("宗教信仰", "无")],
        [("公民身份号码", (who.citizen_id, "CITIZEN_ID")), ("身高", "165厘米")],
        [("文化程度", "大学本科"), ("婚姻状况", "有配偶")],
        [("户主姓名", (head.name, "NAME")), ("登记日期", "2019年06月11日")],
    ]
    height = 130
    for number, row in enumerate(rows):
        y = 340 + number * height
        for column, (label, value) in enumerate(row):
            x = 110 + column * 830
            wide = 830 if column == 0 else 620
            board.box((x, y, x + 250, y + height))
            board.box((x + 250, y, x + wide, y + height))
            board.within((x, y, x + 250, y + height), [label], 30)
            board.within((x + 250, y, x + wide, y + height), [value], 30)
    y = 340 + len(rows) * height + 60
    board.put((140, y), ["承办人签章:"], 32)
    board.stamp(
        (1260, y + 130), round_seal(board.rng, "样张市公安局户口专用章", "户口专用"), float(board.rng.uniform(-10, 10))
    )
    board.put((960, y + 20), "登记机关(盖章)", 32)


def travel(board: Board) -> None:
    """出入境证件登记."""
    board.title("境外人员临时住宿登记表")
    for number in range(4):
        who = person(board.rng)
        y = 320 + number * 420
        board.box((130, y, 1520, y + 360))
        board.put(
            (160, y + 30),
            ["姓名:", (who.name, "NAME"), f"    性别:{who.sex}    出生日期:", (who.birth_text, "BIRTH")],
            32,
        )
        if number % 2:
            board.put((160, y + 110), ["证件类型:普通护照    证件号码:", (who.passport, "PASSPORT")], 32)
        else:
            board.put((160, y + 110), ["证件类型:港澳居民来往内地通行证    证件号码:", (who.permit, "PERMIT")], 32)
        board.put((160, y + 190), ["车牌号:", (who.plate, "PLATE"), "    手机号码:", (who.mobile, "PHONE")], 32)
        board.put((160, y + 270), ["住址:", (who.address, "ADDRESS")], 32)


def near_misses(board: Board) -> None:
    """Nothing personal, many digits: what must stay visible."""
    board.title("行政许可受理通知书")
    serial = "".join(str(int(d)) for d in board.rng.integers(0, 10, 4))
    lines = (
        f"办件编号:11360102900001025R4000131012001202611{serial}",
        "统一社会信用代码:91110000600037341L",
        "申请单位:南昌市样张食品有限公司",
        "实施编码:12441500196720244T3442199806003",
        "收件日期:2026年11月20日    受理日期:2026年11月21日",
        "法定办结时限:20个工作日    承诺办结时限:8个工作日",
        f"收费金额:人民币128{serial}.50元(大写:壹拾贰万捌仟元整)",
        f"缴款书编号:3601{serial}20261121000{serial}",
        "咨询服务热线:12345",
        "依据《中华人民共和国行政许可法》第三十二条、第四十二条的规定,",
        "经审查,申请材料齐全,符合法定形式,决定予以受理。",
        "邮政编码:330038    传真登记簿第0791号",
        f"文号:赣市监许受字〔2026〕第{serial}号",
    )
    for row, line in enumerate(lines):
        board.put((170, 330 + row * 92), line, 34)
    board.put((980, 1800), "样张市行政审批局", 36)
    board.put((1000, 1880), "2026年11月21日", 34)
    board.stamp(
        (1150, 1850), round_seal(board.rng, "样张市行政审批局", "受理专用章"), float(board.rng.uniform(-10, 10))
    )


def parcel(board: Board) -> None:
    """邮寄单: sender and receiver."""
    sender, receiver = person(board.rng), person(board.rng)
    board.title("证件材料寄递单")
    board.code((1200, 260), f"EX00{int(board.rng.integers(10**8)):08d}CN", 8)
    y = 340
    for label, who in (("寄件人", sender), ("收件人", receiver)):
        board.box((130, y, 1130, y + 330))
        board.put((160, y + 30), [f"{label}:", (who.name, "NAME"), "   电话:", (who.mobile, "PHONE")], 34)
        board.put((160, y + 110), f"{label}地址:", 34)
        board.within((340, y + 96, 1110, y + 260), [(who.address, "ADDRESS")], 34)
        y += 370
    board.put((160, y + 40), "内件品名:不动产权证书 1本    重量:0.35千克    资费:22.00元", 34)
    board.put((160, y + 130), "寄件人签名:", 34)
    board.sign((370, y + 106), sender.name)
    board.put((860, y + 130), "收件人签收:", 34)
    board.sign((1070, y + 106), receiver.name)
    width = font(SONG, 28).getlength("备注")
    board.put((int(1500 - width), y + 300), "备注", 28)


LAYOUTS: Final[Mapping[str, Draw]] = {
    "form": form,
    "idcard": id_card,
    "licence": licence,
    "roster": roster,
    "mandate": mandate,
    "bank": bank,
    "lease": lease,
    "household": household,
    "travel": travel,
    "notice": near_misses,
    "parcel": parcel,
}
