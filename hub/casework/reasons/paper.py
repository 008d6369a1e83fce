"""Closed lists of originals and results on paper."""

from typing import Final

from hub.casework.reasons.words import Words

CHECK_IN_FINDINGS: Final[Words] = {
    "OK": "与封装清单一致",
    "MISSING": "清单上有、件内没有",
    "PAGES_DIFFER": "页数不符",
    "WRONG_DOCUMENT": "不是清单上的那份",
    "SEAL_BROKEN": "封签破损",
    "DAMAGED": "破损",
}
"""O6, O7, O12: what is found of each line of the packing list at opening."""

DISCREPANCY_ANSWERS: Final[Words] = {
    "AS_RECEIVED": "寄出时即如此，按收到的为准",
    "FOUND_HERE": "未装入，仍在本处",
    "DISPUTED": "不认可，已按清单装入",
}
"""O7: the sender's side."""

LOSS_CAUSES: Final[Words] = {
    "CARRIER_CONFIRMED": "寄递企业确认丢失",
    "TEN_DAYS": "查找满十日无下落",
}
"""O10."""

RECALL_REASONS: Final[Words] = {
    "WRONG_CONTENT": "内容有误",
    "WRONG_ADDRESS": "收件地址有误",
    "WITHDRAWN": "申请人已撤回申请",
}
"""D11; states.md 9."""

CALL_CAUSES: Final[Words] = {
    "ATTEMPTS": "两次投递未成",
    "UNPROVEN": "显示妥投但签收人不明",
    "RETURNED": "邮件已退回",
}
"""D6 to D8: why the applicant is to be called."""

ADDRESS_ANSWERS: Final[Words] = {
    "SAME": "地址无误，可再寄一次",
    "CHANGED": "地址有变，改到窗口领取",
}
"""D8."""

ITEM_STATES: Final[Words] = {
    "SEEN_RETURNED": "核对后当场退还",
    "HELD": "留在收件地",
    "PACKED": "已封装",
    "WAYBILLED": "已出面单",
    "IN_CARRIER": "在途",
    "ARRIVED": "已到，待核收",
    "CHECKED_IN": "核收一致",
    "DISCREPANCY": "核收不符",
    "IN_CUSTODY": "保管",
    "ARCHIVED": "归档",
    "RETURN_PACKED": "退回已封装",
    "RETURN_IN_CARRIER": "退回在途",
    "RETURNED_TO_APPLICANT": "已退回申请人",
    "BACK_AT_SENDER": "退回寄件人",
    "LOST_SUSPECTED": "疑似丢失",
    "LOST": "丢失",
    "DAMAGED": "损毁",
}
"""States.md 5: what becomes of one physical document."""

PAPER_ENDS: Final[Words] = {
    "KEPT": "在现处留存归档",
    "FREE": "各部分都不再需要，退还申请人",
}
"""States.md 8: where the way of a paper ends that several parts need."""
