"""Closed lists before a case is sealed."""

from typing import Final

from hub.casework.reasons.words import Words

PRE_REVIEW_ANSWERS: Final[Words] = {
    "OK": "预审通过，可以正式收件",
    "LACKS": "材料有缺项或不合要求",
    "NOT_OURS": "不属于本部门办理",
}
"""T04, E05: advice, never a decision."""

LANES: Final[Words] = {"GREEN": "绿色通道", "ASSISTED": "老年人等特殊群体优先"}
"""E11, E12: why a case comes first in every queue; it says nothing of who the applicant is beyond that."""

APPOINTMENT_CHANNELS: Final[Words] = {
    "HALL": "现场预约",
    "PHONE": "电话预约",
    "WEB": "网站预约",
    "APP": "移动端预约",
    "HOTLINE": "12345 热线预约",
}
"""C14: by which way the applicant's appointment was made."""

NOTICE_CHANNELS: Final[Words] = {
    "SMS": "短信",
    "APP": "政务客户端",
    "WECHAT": "微信",
    "WEIBO": "微博",
    "CALL": "人工电话",
}
"""I02, E12: how an applicant wants to be told; it stands at the window alone."""

DISCARD_REASONS: Final[Words] = {
    "APPLICANT_LEFT": "申请人不再办理",
    "DUPLICATE": "重复登记",
    "MISTAKE": "登记有误",
    "NOT_VERIFIED": "在线核验未通过，材料不齐",
    "TIMEOUT": "草稿逾期",
}
"""T07."""

LATE_CAUSES: Final[Words] = {
    "NO_POWER": "停电",
    "NO_NETWORK": "断网",
    "SYSTEM_DOWN": "系统停用或故障",
    "DEVICE_DOWN": "本机设备故障",
    "EMERGENCY": "灾害或突发事件",
}
"""States.md 9, A22: why something was done on paper and entered later."""
