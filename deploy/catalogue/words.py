"""Chinese words of the codes in a list, as its tables show them."""

from typing import Final

from hub.casework.messages.words.values import ACQUISITIONS as ACQUISITIONS
from hub.casework.messages.words.values import EXCLUSIONS as EXCLUSIONS
from hub.casework.reasons import PART_MODES
from hub.casework.reasons import STEP_NAMES as STEP_NAMES

CASE_TYPES: Final = {"INSTANT": "即办件", "COMMITTED": "承诺件"}
SCOPES: Final = {"NATIONAL": "全国", "CROSS_PROVINCE": "跨省", "IN_PROVINCE": "跨市", "IN_CITY": "跨县"}
"""GB/T 39046 通办范围."""
MODES: Final = PART_MODES
STATUSES: Final = {"LIVE": "在办", "SUSPENDED": "暂停"}
UNITS: Final = {"WORKING_DAY": "工作日", "NATURAL_DAY": "自然日", "HOUR": "小时"}
RECEIPTS: Final = {"ELECTRONIC": "电子送达起算", "ORIGINALS": "原件核收起算"}
TAGS: Final = {"MAX_ONE_VISIT": "最多跑一次", "INSTANT": "即办", "ZERO_VISIT": "零跑动"}
ORIGINALS: Final = {
    "NOT_NEEDED": "不需原件",
    "CHECK_AND_RETURN": "核对后退还",
    "SCAN_REPLACES": "扫描件代替",
    "MAIL_FOR_ARCHIVE": "邮寄归档",
}
STEPS: Final = {"ACCEPT": "受理前", "DECIDE": "决定前", "ISSUE": "出件前"}
TRUST: Final = {"A": "A", "B": "B", "C": "C", "D": "D"}
TOLERANCES: Final = {"NONE": "不可容缺", "BLOCKS_DECISION": "补齐后决定", "REVOCABLE": "不补可撤销"}
WINDOW_KINDS: Final = {
    "SPECIALISED": "专业办理窗口",
    "GENERAL": "综合受理窗口",
    "ONE_THING": "一件事专窗",
    "CROSS_REGION": "异地通办专窗",
    "PUBLIC_SERVICE": "公共服务窗口",
    "PORTAL": "网上入口",
}
POWERS: Final = {"COLLECT": "收件", "ISSUE": "出件", "DECIDE": "决定"}
PLACES: Final = {
    "PROVINCE": "省级",
    "CITY": "市级",
    "COUNTY": "县级",
    "DEVELOPMENT_ZONE": "国家级开发区",
    "PARK": "园区",
    "TOWNSHIP": "乡镇街道",
    "VILLAGE": "村社区",
}
APPLICANTS: Final = {"NATURAL_PERSON": "自然人", "LEGAL_PERSON": "法人", "": "不分"}
THEME_STATUSES: Final = {"LISTED": "列入名单", "LIVE": "已启用"}
DECISIONS: Final = {"GRANT": "获授权人决定", "HEAD": "负责人决定", "COLLECTIVE": "集体决定"}
RULE_GROUPS: Final = {
    "conditions": "申请条件",
    "application_ways": "申报方式",
    "intake_mode": "受理模式",
    "procedure": "审核程序",
    "limits": "办理时限说明",
    "issue_way": "发证方式",
    "fees": "收费标准",
}
"""D15."""
