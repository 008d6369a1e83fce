"""Closed lists when a department accepts, refuses or asks for a supplement."""

from typing import Final

from hub.casework.reasons.words import Words

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

ADMISSION_BASES: Final[Words] = {"CHECK_CODE": "申请人出示查询号和校验码"}
"""A1: why a further window may hand in a supplement."""
