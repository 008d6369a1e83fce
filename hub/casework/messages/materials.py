"""Texts of how materials are got, of promises, commitments, second intakes and originals by a step."""

from hub.casework.messages.entry import Message, say

# fmt: off
MESSAGES: dict[str, Message] = {
    # how a material was got
    "LINE_WITHOUT_PAGES": say("书面承诺和复用的材料须有页面。", "请扫描签好的承诺书，或重新调取以前的材料。", "material", "acquisition"),
    "COVER_MISSING": say("这份材料说是由其他材料涵盖，但涵盖它的材料不在。", "请先收涵盖它的材料，或改为提交原件。", "material", "covered_by"),
    "TRUST_WRONG": say("材料的可信等级与取得方式不符（国办函〔2016〕108号）。", "请按实际的取得方式和是否核对原件重新登记。",
        "material", "acquisition", "trust"),
    "TRUST_TOO_LOW": say("补交的材料可信等级低于清单的要求，不能算作补齐。",
        "请申请人持原件到窗口核对后登记，或按清单允许的其他方式（在线核验、电子证照）取得。", "material", "trust", "needed"),
    "REUSE_UNNAMED": say("复用的材料须逐份指明出自哪一件、哪一份。", "请重新调取以前的材料后再封存。"),
    "REUSE_EXPIRED": say("复用的材料已过有效期。", "请申请人提交在有效期内的材料。", "material", "until"),
    "REUSE_NOT_THEIRS": say("指明的那一件不是同一申请人的，不能复用。", "请申请人提交这份材料。", "material"),
    "REUSE_NOT_SEEN": say("本窗口不是那一件的经办单位，不能从中调取材料。", "请申请人提交这份材料，或到原收件窗口办理。", "material"),
    "REUSE_LINE_UNKNOWN": say("指明的那一件里没有可以复用的这份材料；只有核对过原件的和签发单位出具的可以复用。",
        "请申请人提交这份材料。", "material"),
    "REUSE_DIFFERS": say("复用的页面与先前那一件里的不是同一份。", "请重新调取以前的材料，不要另行扫描。", "material"),
    "APPLICANT_UNNAMED": say("封存时须带申请人代码（由证件号码加密算出，枢纽无法还原）。",
        "请在申请表写明申请人的证件号码；仍不行请联系登记机构重发密钥。"),
    "APPLICANT_SECRET_MISSING": say("本窗口还没有收到申请人代码的密钥。", "请联系登记机构给本窗口发放。", "node"),
    "SHARE_GENERATION": say("申请人代码密钥的代次不对：最多新旧两代同时有效，只能停用两代中旧的一代，停用的不再发放。",
                            "请先停用旧的一代，再换新；已停用的无须再发。", "generation", "problem"),
    "SHARE_LACKING": say("这个节点还没有这一代申请人代码密钥：缺旧的不能先发新的，缺新的不能停用旧的，否则核不出重复收件。",
                         "请先运行发放命令，给各收件窗口和网上入口补发，再重试。", "node", "generation"),
    "SHARE_FORMAT": say("发放的密钥不合格式，或不是发给这个节点现在的公钥。", "请登记机构重新发放。", "problem"),
    # second intake
    "DUPLICATE_INTAKE": say("同一申请人的同一事项已有一件正在办理，避免两头受理。",
        "请告诉申请人先前那件的查询号；确有必要再收的，写明理由并关联那一件。", "public_no", "region", "node"),
    "DUPLICATE_UNRELATED": say("指明的那一件不是同一申请人同一事项的在办件。", "请核对后重新指明。", "linked"),
    # promises and debts
    "TOLERANCE_NONE": say("清单规定这份材料不能容缺。", "请现在提交；申请人坚持提交的，请登记缺项。", "material"),
    "PROMISE_TOO_LATE": say("承诺补交的日期超过了清单允许的期限。", "请与申请人另约更早的日期。", "material", "due", "days"),
    "PROMISE_NEEDLESS": say("这份材料已经交了，不用再承诺补交。", "请去掉这一项承诺。", "material"),
    "PROMISE_AFTER_LIMIT": say("承诺补交的日期须在承诺办结的期限以内，受理时还须早于其最后一天。",
        "请与申请人另约更早的日期并重新签承诺书，或一次性告知补正。", "material", "due", "until"),
    "PROMISE_PAPER_MISSING": say("容缺受理须有申请人签字的书面承诺。", "请扫描签好的承诺书后再办。", "material"),
    "DEBT_OVERDUE": say("承诺补交的日期已过，材料还没有补交。", "请申请人重新书面承诺，或一次性告知补正。", "material", "due"),
    "DEBT_OPEN": say("容缺的材料还没有补交，不能作决定。", "请等申请人补交；逾期未补或者办结期限已过的，只能作不予决定。", "material", "due"),
    "NOT_OWED": say("这份材料不是申请人承诺补交的。", "请只收承诺补交的材料。", "material"),
    "MATERIALS_NOT_THERE": say("主要材料还没有齐，或者可以容缺的材料没有书面承诺，不能受理。",
        "请一次性告知补正；可以容缺的请申请人书面承诺补交日期。", "missing"),
    # commitments
    "COMMITMENT_BARRED": say("申请人以前的承诺经核查不实，信用修复以前不适用告知承诺（国办发〔2020〕42号）。",
        "请申请人提交证明材料；已修复信用的请原核查部门登记。", "public_no", "node"),
    "NO_COMMITMENT": say("本件没有这样一项待核查的承诺。", "请核对材料和核查结果。", "material"),
    "RESULT_UNKNOWN": say("核查结果须从规定的几种中选择。", "请重新选择。", "result"),
    "REPAIR_ONLY": say("本件已经结束，只能登记信用修复。", "请核对核查结果。", "result"),
    "PROMISES_PENDING": say("承诺补交或者告知承诺的事项还没有了结，暂不归档。",
        "请登记核查结果、信用修复或者撤销决定；期限一过即自动归档。", "until"),
    "NOTHING_TO_REVOKE": say("没有可以据以撤销的事由，或者已经撤销，或者不是准予的决定。", "请核对后再办。", "ground"),
    # originals by a step
    "ORIGINAL_AWAITED": say("清单要求这一步以前收到原件，原件还没有核收。",
        "请先核收原件；已确认丢失或损毁的，按清单用核对过的扫描件，或取得核证副本后一并登记。", "material", "step"),
}
