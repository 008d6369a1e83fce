"""Closed lists of materials that are missing, promised or used again."""

from typing import Final

from hub.casework.reasons.words import Words

SECOND_INTAKES: Final[Words] = {
    "OTHER_MATTER": "同一事项的另一笔业务（如另一处场所、另一份证照）",
    "FIRST_WITHDRAWN_SOON": "申请人已申请撤回前一件",
    "FIRST_UNREACHABLE": "前一件所在窗口联系不上，申请人要求在本窗口办理",
    "NEW_FACTS": "情况有变，申请人要求重新申请",
}
"""A22: why a second intake of the same applicant for the same item is right."""

COMMITMENT_RESULTS: Final[Words] = {
    "KEPT": "核查属实",
    "BROKEN": "核查不实，承诺未兑现",
    "REPAIRED": "信用已修复",
}
"""B09, G15; 国办发〔2020〕42号."""

REVOCATION_GROUNDS: Final[Words] = {
    "DEBT_OVERDUE": "容缺材料逾期未补",
    "COMMITMENT_BROKEN": "承诺不实",
}
"""行政许可法 69; B09, B10."""
