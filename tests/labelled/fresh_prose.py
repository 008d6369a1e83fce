"""The third set's papers in running words: certificates, judgments, contracts, hospital papers, receipts."""

from collections.abc import Mapping
from typing import Final

from deploy.demo.paper import round_seal
from tests.labelled.board import Board, Part
from tests.labelled.known import Draw
from tests.labelled.people import Person, person

_DIGITS: Final = "〇一二三四五六七八九"


def _chinese(number: int) -> str:
    """A month or day as a certificate writes it."""
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else _DIGITS[tens] + "十") + (_DIGITS[ones] if ones else "")


def _written_birth(who: Person) -> str:
    year, month, day = who.birth
    return f"{''.join(_DIGITS[int(d)] for d in str(year))}年{_chinese(month)}月{_chinese(day)}日"


def no_crime(board: Board) -> None:
    """无犯罪记录证明."""
    who = person(board.rng)
    board.title("无 犯 罪 记 录 证 明", 240, 60)
    board.put((980, 360), "样公(示)无罪证字〔2026〕4417号", 28)
    y = board.flow(
        (180, 480), 1300,
        ["经查询,未发现", (who.name, "NAME"), f"(性别:{who.sex},国籍:中国,身份证件种类:居民身份证,号码:",
         (who.citizen_id, "CITIZEN_ID"), ")在2001年1月1日至2026年11月12日期间有犯罪记录。"],
        38,
    )  # fmt: skip
    y = board.flow((180, y + 20), 1300, ["特此证明。"], 38)
    board.put((940, y + 260), "样张市公安局示例派出所", 36)
    board.put((1000, y + 340), "2026年11月12日", 36)
    board.stamp((1150, y + 300), round_seal(board.rng, "样张市公安局示例派出所"), 4.0)
    board.put((180, y + 520), "注:1.此证明书只反映出具证明时信息查询平台内的犯罪记录信息情况。", 28)
    board.put((180, y + 570), "2.如未注明查询时间范围,即查询全时段信息。", 28)


def judgment(board: Board) -> None:
    """民事判决书, its first page and who signed it."""
    plaintiff, defendant, lawyer, judge, clerk = (person(board.rng) for _ in range(5))
    board.title("江西省样张市东湖区人民法院", 180, 50)
    board.title("民 事 判 决 书", 270, 60)
    board.put((940, 380), "(2026)赣0102民初4417号", 34)
    parties: list[list[Part]] = [
        ["原告:", (plaintiff.name, "NAME"), f",{plaintiff.sex},", (plaintiff.birth_text, "BIRTH"), "出生,汉族,住",
         (plaintiff.address, "ADDRESS"), ",公民身份号码", (plaintiff.citizen_id, "CITIZEN_ID"), "。"],
        ["委托诉讼代理人:", (lawyer.name, "NAME"), ",江西示例律师事务所律师。"],
        ["被告:", (defendant.name, "NAME"), f",{defendant.sex},", (defendant.birth_text, "BIRTH"), "出生,汉族,户籍地",
         (defendant.address, "ADDRESS"), "。"],
        ["原告", (plaintiff.name, "NAME"), "与被告", (defendant.name, "NAME"), "民间借贷纠纷一案,本院于2026年6月3日立案后,依法适用简易程序,"
         "公开开庭进行了审理。原告", (plaintiff.name, "NAME"), "到庭参加诉讼,被告", (defendant.name, "NAME"), "经传票传唤无正当理由拒不到庭。本案现已审理终结。"],
        ["依照《中华人民共和国民法典》第六百七十五条之规定,判决如下:被告于本判决生效之日起十日内偿还借款本金86000元。"],
    ]  # fmt: skip
    y = 480
    for parts in parties:
        y = board.flow((170, y), 1320, parts, 34, 1.6)
    board.put((980, y + 60), ["审 判 员    ", (judge.name, "NAME")], 36)
    board.put((980, y + 130), "二〇二六年九月十七日", 36)
    board.put((980, y + 200), ["书 记 员    ", (clerk.name, "NAME")], 36)
    board.stamp((1180, y + 150), round_seal(board.rng, "江西省样张市东湖区人民法院"), 3.0)


def employment(board: Board) -> None:
    """劳动合同: underlined blanks."""
    boss, worker = person(board.rng), person(board.rng)
    board.title("劳 动 合 同 书", 180, 60)
    lines: list[list[Part]] = [
        ["甲方(用人单位)名称:南昌市样张食品有限公司"],
        ["法定代表人(主要负责人)或委托代理人 ", (boss.name, "NAME")],
        ["通讯地址 ", (boss.address, "ADDRESS")],
        ["联系电话 ", (boss.landline, "PHONE")],
        ["乙方(劳动者)姓名 ", (worker.name, "NAME"), f"  性别 {worker.sex}"],
        ["居民身份证号码 ", (worker.citizen_id, "CITIZEN_ID")],
        ["户籍所在地 ", (worker.address, "ADDRESS")],
        ["邮箱 ", (worker.email, "EMAIL"), "   微信/手机 ", (worker.mobile, "PHONE")],
    ]
    for row, parts in enumerate(lines):
        y = 320 + row * 86
        end = board.put((150, y), parts, 31)
        board.lines([(150, y + 48), (min(1540, end + 20), y + 48)], 1)
    y = board.flow((150, 1050), 1350, ["第一条 本合同期限自2026年3月1日起至2029年2月28日止,其中试用期三个月。"], 32)
    y = board.flow((150, y), 1350, ["第二条 乙方从事包装岗位工作,每月工资4600元,每月15日以转账方式发放至乙方账户",
                                    (worker.bank_card, "BANK_CARD"), "。"], 32)  # fmt: skip
    board.put((150, y + 90), "甲方(公章)", 34)
    board.stamp((460, y + 150), round_seal(board.rng, "南昌市样张食品有限公司"), 5.0)
    board.put((900, y + 90), "乙方(签字)", 34)
    board.sign((1110, y + 66), worker.name)
    board.fingerprint((1380, y + 130))


def warrant(board: Board) -> None:
    """法定代表人身份证明书 with a copy of the mandate below."""
    boss, agent = person(board.rng), person(board.rng)
    board.title("法定代表人身份证明书", 180, 52)
    y = board.flow((170, 330), 1320, ["兹证明", (boss.name, "NAME"), f"同志(性别{boss.sex},身份证号", (boss.citizen_id, "CITIZEN_ID"),
                                      ")在我单位任总经理职务,系我单位法定代表人。"], 36)  # fmt: skip
    y = board.flow((170, y + 20), 1320, ["现授权我单位员工", (agent.name, "NAME"), "(手机", (agent.mobile, "PHONE"), ",身份证号",
                                         (agent.citizen_id, "CITIZEN_ID"), ")前往贵局办理企业变更登记,", (agent.name, "NAME"),
                                         "所提交材料均代表我单位意思表示。"], 36)  # fmt: skip
    board.put((900, y + 120), "南昌市示例建材有限公司", 36)
    board.put((900, y + 200), "法定代表人", 36)
    board.sign((1100, y + 176), boss.name)
    board.put((900, y + 290), "二〇二六年十一月五日", 36)
    board.stamp((1240, y + 180), round_seal(board.rng, "南昌市示例建材有限公司"), 8.0)


def discharge(board: Board) -> None:
    """出院小结: many labels on a line, then prose."""
    who, contact, doctor, chief = (person(board.rng) for _ in range(4))
    board.title("样张市第一人民医院", 140, 44)
    board.title("出 院 记 录", 210, 52)
    board.put(
        (120, 320),
        [
            "姓名:",
            (who.name, "NAME"),
            f"  性别:{who.sex}  年龄:{2026 - who.birth[0]}岁  科室:骨科三病区  床号:17  住院号:00417735",
        ],
        28,
    )
    board.put(
        (120, 380),
        ["联系人:", (contact.name, "NAME"), "(配偶)  联系人电话:", (contact.mobile, "PHONE"), "  现住址:"],
        28,
    )
    board.put((120, 430), (who.address, "ADDRESS"), 28)
    board.lines([(110, 490), (1540, 490)], 2)
    text: list[list[Part]] = [
        ["入院日期:2026年10月02日  出院日期:2026年10月15日  住院天数:13天"],
        ["入院情况:患者", (who.name, "NAME"), "因“摔伤致右腕部肿痛、活动受限3小时”入院。查体:T 36.7℃,P 82次/分,BP 128/76mmHg。"],
        ["诊疗经过:入院后完善相关检查,于10月05日由", (chief.name, "NAME"), "主任医师主刀行切开复位内固定术,术后恢复良好。"],
        ["出院诊断:右桡骨远端骨折(ICD-10 S52.501)"],
        ["出院医嘱:1.门诊随访,两周后拆线。2.不适随诊,咨询电话0791-12320。"],
    ]  # fmt: skip
    y = 520
    for parts in text:
        y = board.flow((120, y), 1400, parts, 32, 1.65)
    board.put((860, y + 80), ["主治医师:", (chief.name, "NAME"), "  住院医师:", (doctor.name, "NAME")], 30)
    board.put((860, y + 150), "医师签名:", 32)
    board.sign((1020, y + 126), doctor.name)


def cash_receipt(board: Board) -> None:
    """收款收据, filled in by hand."""
    payer, cashier = person(board.rng), person(board.rng)
    board.box((120, 260, 1540, 1000), 3)
    board.title("收 款 收 据", 290, 56)
    board.put((1180, 310), "No 0041773", 36)
    board.put((1100, 390), "2026 年 10 月 26 日", 32)
    board.put((170, 460), "今收到", 38)
    board.sign((310, 448), payer.name, "NAME", 50)
    board.lines([(300, 512), (900, 512)], 2)
    board.put((170, 560), "交来  房屋押金及第一季度租金", 38)
    board.put((170, 660), "人民币(大写) 壹万贰仟捌佰元整   ¥12800.00", 38)
    board.put((170, 760), "付款方式 转账  尾号 0417", 36)
    board.put((170, 880), ["会计", "           出纳 ", (cashier.name, "NAME"), "           经手人"], 34)
    board.sign((1080, 866), person(board.rng).name)
    board.stamp((1330, 760), round_seal(board.rng, "南昌市示例物业有限公司财务专用章"), 6.0)
    board.put((170, 1080), ["交款人电话 ", (payer.mobile, "PHONE")], 32)


def diploma(board: Board) -> None:
    """毕业证书: the birth date in Chinese numerals."""
    who, dean = person(board.rng), person(board.rng)
    board.box((70, 150, 1584, 1300), 8, (150, 110, 50))
    board.title("普通高等学校", 210, 44)
    board.title("毕 业 证 书", 280, 80)
    board.face((160, 480, 430, 860))
    y = board.flow(
        (500, 470), 980,
        ["学生", (who.name, "NAME"), f",性别{who.sex},", (_written_birth(who), "BIRTH"),
         "生,于二〇一四年九月至二〇一八年六月在本校土木工程专业四年制本科学习,修完教学计划规定的全部课程,成绩合格,准予毕业。"],
        38,
    )  # fmt: skip
    board.put((560, y + 80), "校  名:示例理工大学", 36)
    board.put((1060, y + 80), "校(院)长:", 36)
    board.sign((1230, y + 56), dean.name)
    board.put((160, 1150), "证书编号:104171201805004417", 34)
    board.put((1060, 1150), "二〇一八年六月二十日", 34)
    board.stamp((1000, y + 190), round_seal(board.rng, "示例理工大学"), 0.0)


def invoice(board: Board) -> None:
    """电子普通发票 for a person: names at its foot, many numbers that tell of nobody."""
    buyer, maker, checker = person(board.rng), person(board.rng), person(board.rng)
    board.title("江西增值税电子普通发票", 160, 48)
    board.put((1040, 250), "发票代码:036002600111", 26)
    board.put((1040, 290), "发票号码:00417735", 26)
    board.put((1040, 330), "开票日期:2026年11月02日", 26)
    board.code((140, 180), "01,10,036002600111,00417735,1280.00,20261102", 4)
    board.box((100, 390, 1550, 1180), 2, (150, 60, 40))
    board.put((130, 420), ["购买方  名    称:", (buyer.name, "NAME")], 30)
    board.put((130, 470), "        纳税人识别号:", 30)
    board.put((130, 520), ["        地址、电话:", (buyer.address, "ADDRESS"), " ", (buyer.mobile, "PHONE")], 24)
    board.lines([(100, 580), (1550, 580)])
    board.put((130, 610), "货物或应税劳务名称      规格型号  单位  数量    单价       金额      税率   税额", 26)
    board.put((130, 670), "*物业管理*物业服务费              月    4      301.89    1207.55     6%    72.45", 26)
    board.put((130, 900), "价税合计(大写)  壹仟贰佰捌拾元整        (小写)¥1280.00", 30)
    board.lines([(100, 960), (1550, 960)])
    board.put((130, 990), "销售方  名    称:南昌市示例物业有限公司", 30)
    board.put((130, 1040), "        纳税人识别号:91110000600037341L", 30)
    board.put((130, 1090), "        开户行及账号:示例银行样张支行", 30)
    board.put(
        (130, 1210),
        [
            "收款人:",
            (person(board.rng).name, "NAME"),
            "       复核:",
            (checker.name, "NAME"),
            "       开票人:",
            (maker.name, "NAME"),
        ],
        30,
    )
    board.stamp((1380, 1180), round_seal(board.rng, "南昌市示例物业有限公司发票专用章", size=260), 0.0)


LAYOUTS: Final[Mapping[str, Draw]] = {
    "no_crime": no_crime,
    "judgment": judgment,
    "employment": employment,
    "warrant": warrant,
    "discharge": discharge,
    "cash_receipt": cash_receipt,
    "diploma": diploma,
    "invoice": invoice,
}
