"""The lease of the demo case, three pages. Invariants: those of ``deploy.demo.sheets``."""

from deploy.demo.paper import HEI, WIDTH, Sheet, round_seal
from deploy.demo.sheets import LEFT, RIGHT, Cell, Form, table, title, written_date

CLAUSES = (
    (
        "第一条　租赁房屋",
        "甲方将位于{premises}的商业用房出租给乙方使用，建筑面积{area}平方米，产权清晰，无查封、抵押等限制情形。乙方已实地查看，对房屋现状无异议。",
    ),
    (
        "第二条　用途",
        "乙方承租该房屋用于餐饮服务经营。乙方应当在取得食品经营许可后方可营业，不得擅自改变房屋用途，不得转租。",
    ),
    (
        "第三条　租赁期限",
        "租赁期限三年，自2026年9月1日起至2029年8月31日止。期满后乙方要求续租的，应当提前两个月书面告知甲方，同等条件下乙方优先。",
    ),
    (
        "第四条　租金及支付",
        "月租金人民币4800元（大写：肆仟捌佰元整），按季支付，乙方应当于每季度首月五日前付清。租金三年内不作调整。",
    ),
    (
        "第五条　押金",
        "乙方于签约当日支付押金人民币9600元。租赁关系终止，乙方结清费用并交还房屋后七日内，甲方无息退还押金。",
    ),
    (
        "第六条　双方义务",
        "甲方保证房屋及水电、排烟、消防设施能够正常使用，并负责主体结构的维修。乙方应当合理使用房屋，自行承担经营期间的水、电、燃气及物业费用。",
    ),
    (
        "第七条　装修与改造",
        "乙方装修应当事先将方案告知甲方，不得改动承重结构。后厨排烟、隔油设施由乙方按照规定安装，期满后附着物归甲方所有。",
    ),
    (
        "第八条　合同解除",
        "有下列情形之一的，可以解除合同：房屋因不可抗力毁损不能使用的；乙方拖欠租金超过三十日的；乙方利用房屋从事违法活动的；因征收需要拆除房屋的。",
    ),
    (
        "第九条　违约责任",
        "任何一方违反约定，应当向对方支付相当于一个月租金的违约金；违约金不足以弥补损失的，还应当赔偿不足部分。",
    ),
    ("第十条　争议解决", "履行中发生争议的，双方协商解决；协商不成的，可以向房屋所在地人民法院起诉。"),
    ("第十一条　其他", "本合同一式三份，甲乙双方各执一份，办理行政许可备用一份，自双方签字盖章之日起生效。"),
)


def _clauses(sheet: Sheet, form: Form, y: int, first: int, last: int) -> int:
    what = form["application"]
    for head, body in CLAUSES[first:last]:
        sheet.text((LEFT, y), head, 36, HEI, "Bold")
        y = (
            sheet.paragraph(
                (LEFT, y + 62),
                RIGHT - LEFT,
                body.format(premises=what["premises"], area=what["area_m2"]),
                38,
                1.95,
            )
            + 40
        )
    return y


def contract_1(sheet: Sheet, form: Form) -> None:
    who = form["applicant"]
    title(sheet, "房屋租赁合同", 230, 66, 22)
    sheet.text((RIGHT, 360), "合同编号：SL-2026-0901", 30, anchor="ra")
    sheet.text((LEFT, 440), "出租方（甲方）：", 36)
    sheet.pen((LEFT + 300, 424), "南昌示例物业管理有限公司", 44)
    sheet.text((LEFT, 520), "承租方（乙方）：", 36)
    sheet.pen((LEFT + 300, 504), who["name"], 46)
    sheet.text((LEFT, 600), "身份证号码：", 36)
    sheet.pen((LEFT + 230, 584), who["citizen_id"], 46)
    y = sheet.paragraph(
        (LEFT, 700),
        RIGHT - LEFT,
        "根据《中华人民共和国民法典》及有关规定，甲乙双方在平等、自愿的基础上，就房屋租赁事宜订立本合同。",
        38,
        1.95,
    )
    _clauses(sheet, form, y + 34, 0, 4)
    sheet.footer("— 1 —")


def contract_2(sheet: Sheet, form: Form) -> None:
    _clauses(sheet, form, 230, 4, 9)
    sheet.stamp((WIDTH - 70, 1250), round_seal(sheet.rng, "南昌示例物业管理有限公司", "合同专用章", 320), 84.0)
    sheet.footer("— 2 —")


def contract_3(sheet: Sheet, form: Form) -> None:
    who = form["applicant"]
    y = _clauses(sheet, form, 230, 9, 11) + 20
    sheet.text((LEFT, y), "附：交接清单", 36, HEI, "Bold")
    rows: list[tuple[int, list[Cell]]] = [
        (70, [("项目", 380, "label"), ("数量", 200, "label"), ("读数 / 状况", 734, "label")])
    ]
    for name, count, state in (
        ("店门钥匙", "3 把", "完好"),
        ("电表", "1 只", "02318.6"),
        ("水表", "1 只", "00457"),
        ("排烟管道", "1 套", "通畅"),
    ):
        rows.append((80, [(name, 380, "label"), (count, 200, "pen"), (state, 734, "pen")]))
    y = table(sheet, y + 70, rows) + 130
    sheet.text((LEFT, y), "甲方（盖章）：", 38)
    sheet.text((WIDTH // 2 + 40, y), "乙方（签字）：", 38)
    sheet.pen((WIDTH // 2 + 320, y - 24), who["name"], 66, wild=1.7)
    sheet.text((LEFT, y + 110), "代表人：", 38)
    sheet.pen((LEFT + 170, y + 92), "（代）", 50, wild=1.5)
    sheet.text((WIDTH // 2 + 40, y + 110), "联系电话：", 38)
    sheet.pen((WIDTH // 2 + 240, y + 94), who["mobile"], 48)
    written_date(sheet, LEFT + 580, y + 230, "2026-08-28")
    written_date(sheet, RIGHT + 20, y + 230, "2026-08-28")
    sheet.stamp(
        (LEFT + 330, y + 90),
        round_seal(sheet.rng, "南昌示例物业管理有限公司", "合同专用章"),
        float(sheet.rng.uniform(-18, 18)),
    )
    sheet.footer("— 3 —")
