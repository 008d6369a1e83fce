"""Powers of attorney (授权委托书, F04): what they allow, how they stand, why one was taken back."""

from typing import Final

from hub.casework.reasons.words import Words

GRANT_KINDS: Final[Words] = {
    "DECIDE": "审批决定",
    "PRE_REVIEW": "初审",
    "SEAL_USE": "使用审批专用章",
    "COORDINATE": "业务协调",
    "EXPORT": "导出数据",
    "POST_A": "A岗",
    "POST_B": "B岗",
}
"""F01 to F04, F06, H01; the codes are those of ``crypto.records.GRANT_KINDS``."""

GRANT_STATES: Final[Words] = {"LIVE": "有效", "COMING": "尚未生效", "OVER": "已过期", "ENDED": "已收回"}
"""As of a day."""

GRANT_ENDS: Final[Words] = {
    "LEFT_POST": "离岗或调离",
    "DUTY_CHANGED": "分工调整",
    "REPLACED": "另签新的授权",
    "MISUSED": "越权或滥用",
}
"""Why a head takes a grant back; the codes are those of ``crypto.records.GRANT_ENDS``."""
