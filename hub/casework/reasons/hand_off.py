"""Closed lists while a case goes from window to department."""

from typing import Final

from hub.casework.reasons.words import Words

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
