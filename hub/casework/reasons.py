"""The closed lists of the law: what a body may give as reason, defect, answer, method or cause, with the Chinese words.

Invariants:
- a code of these lists is all that reaches the log; the words for people stand here and nowhere else, so that screen,
  notice and department say the same (promise 1, 行政许可法 30);
- a code is never given another meaning: a new meaning is a new code.
"""

from collections.abc import Mapping
from typing import Final

Words = Mapping[str, str]

PRE_REVIEW_ANSWERS: Final[Words] = {
    "OK": "预审通过，可以正式收件",
    "LACKS": "材料有缺项或不合要求",
    "NOT_OURS": "不属于本部门办理",
}
"""T04, E05: advice, never a decision."""

DEFECTS: Final[Words] = {
    "MISSING": "缺少这份材料",
    "INCOMPLETE": "内容不完整，有缺页或漏填",
    "WRONG_FORM": "不符合法定形式或规定格式",
    "UNREADABLE": "字迹或影像不清，无法辨认",
    "NOT_SIGNED": "缺少签名或盖章",
    "EXPIRED": "材料已过有效期",
    "INCONSISTENT": "与其他材料不一致",
    "NOT_THE_APPLICANT": "不是申请人本人或本单位的材料",
    "WRONG_MATERIAL": "交的不是这份材料",
}
"""T16, 行政许可法 32(4): what a notice may find wrong with a material; MISSING only where the case holds none (E01)."""

SUPPLEMENT_METHODS: Final[Words] = {
    "WINDOW": "就近窗口补交",
    "POST": "邮寄补交",
    "ONLINE": "网上补交",
}
"""T16, I06: no further visit is needed for a supplement."""

SECOND_NOTICE_BASES: Final[Words] = {
    "ADDENDUM_DEFECT": "补交的材料本身有缺陷",
    "OVERRIDE": "负责人特批再次告知（记红牌）",
}
"""T19: the first raises no card, the second raises R4."""

REFUSAL_REASONS: Final[Words] = {
    "NO_LICENCE_NEEDED": "依法不需要取得行政许可（《行政许可法》第三十二条第一款第一项）",
    "NOT_OUR_POWER": "依法不属于本机关职权范围（《行政许可法》第三十二条第一款第二项）",
    "FALSE_MATERIALS": "隐瞒情况或者提供虚假材料（《行政许可法》第七十八条）",
    "BARRED_PERIOD": "依法在限制期内不得再次申请（《行政许可法》第七十八条、第七十九条）",
}
"""T21. Missing papers are no reason to refuse: they are told once (行政许可法 32(4))."""

MISROUTE_REASONS: Final[Words] = {
    "WRONG_REGION": "应由其他地区办理",
    "WRONG_DEPARTMENT": "应由本地其他部门办理",
    "WRONG_ITEM": "事项选错",
}
"""T22."""

RETURN_REASONS: Final[Words] = {
    "WRONG_ITEM": "事项选错，退回窗口重新登记",
    "APPLICANT_WISH": "申请人要求退回更正",
}
"""T24."""

BOUNCE_REASONS: Final[Words] = {
    "OBJECT_DIGEST": "密文摘要与清单不符",
    "OBJECT_MISSING": "取不到密文",
    "SIGNATURE": "签名验证不通过",
    "MANIFEST": "材料清单不合规定",
    "KEYS": "密钥包打不开材料",
    "PAGE": "页面与承诺值不符",
}
"""T12: what the receiving machine found wrong."""

BOUNCE_FINDINGS: Final[Words] = {
    "SOUND": "枢纽核对：材料完好，退回不成立",
    "UNSOUND": "枢纽核对：材料确有问题，请窗口重传",
}
"""T12E."""

REOPEN_REASONS: Final[Words] = {
    "CIPHERTEXT_GONE": "窗口已无可重传的密文，须请申请人重新交件",
    "APPLICANT_WISH": "申请人要求重新交件",
}
"""T12D."""

ROUTE_FAILURES: Final[Words] = {
    "NO_ITEM": "清单无此事项",
    "ITEM_NOT_LIVE": "事项未启用",
    "NO_QUEUE": "该地无受理队列",
    "AMBIGUOUS": "有多个受理队列，无法确定",
}
"""T09, A05."""

CONSTRUCTIVE_CAUSES: Final[Words] = {
    "SILENT": "逾一个工作日未签收",
    "BOUNCE_UNFOUNDED": "退回经核对不成立",
}
"""T10b."""

DISCARD_REASONS: Final[Words] = {
    "APPLICANT_LEFT": "申请人不再办理",
    "DUPLICATE": "重复登记",
    "MISTAKE": "登记有误",
    "TIMEOUT": "草稿逾期",
}
"""T07."""

ADMISSION_BASES: Final[Words] = {"CHECK_CODE": "申请人出示取件号和校验码"}
"""A1: why a further window may hand in a supplement."""

CARDS: Final[Words] = {
    "Y3": "黄牌：逾期未签收",
    "Y6": "黄牌：两次送错部门",
    "Y7": "黄牌：改派逾期",
    "R3": "红牌：逾期未告知，视为受理",
    "R4": "红牌：第二次补正告知",
}
"""G01, standards.md 8; Y7 stands for the escalation of K11 (states.md 2)."""
