"""Closed lists in the inner life of a case at the department."""

from typing import Final

from hub.casework.reasons.words import Words

TAKING_BASES: Final[Words] = {
    "ON_DUTY": "当班接办",
    "OFF_DUTY_A": "A岗不在岗，B岗接办",
    "TAKEOVER": "接手同事的在办件",
    "SHIFT": "交接班",
    "REASSIGNED": "负责人指派",
}
"""T13, F06: why a person answers for the case; REASSIGNED comes from who assigns, never from who takes."""

STEP_NAMES: Final[Words] = {"UNDERTAKE": "承办", "EXAMINE": "审核", "APPROVE": "批准"}
"""T25."""

STEP_RETURN_REASONS: Final[Words] = {
    "INCOMPLETE": "审查内容不全",
    "WRONG_BASIS": "适用依据不当",
    "FACTS_UNCLEAR": "事实没有查清",
    "WRONG_FORM": "文书有误",
}
"""T25: why a step goes back to be done again."""

SPECIAL_KINDS: Final[Words] = {
    "HEARING": "听证",
    "TENDER": "招标",
    "AUCTION": "拍卖",
    "INSPECTION": "检验",
    "TEST": "检测",
    "QUARANTINE": "检疫",
    "APPRAISAL": "鉴定",
    "EXPERT_REVIEW": "专家评审",
    "SITE_VISIT": "现场踏勘",
    "PUBLICITY": "公示公告",
    "TECH_REVIEW": "技术审查",
}
"""T26: words for kinds; which of them an item has, and which stop the clock, the list says (行政许可法 45)."""

SPECIAL_RESULTS: Final[Words] = {
    "PASSED": "通过",
    "FAILED": "不通过",
    "CONDITIONAL": "整改后通过",
    "HELD": "已举行，意见记录在案",
    "CANCELLED": "取消，不再进行",
}
"""T27, C10."""

EXTENSION_REASONS: Final[Words] = {
    "COMPLEX": "案情复杂，需要进一步核实",
    "OTHER_BODY": "须等待其他机关的结论",
    "MANY_PARTIES": "涉及多方利害关系人",
    "FORCE_MAJEURE": "不可抗力",
}
"""T28, 行政许可法 42."""

CONSULT_MATTERS: Final[Words] = {
    "FACTS": "请核实事实",
    "POWERS": "请就职权范围提出意见",
    "TECHNICAL": "请提出专业意见",
    "RECORD": "请核对登记或许可记录",
}
"""T29."""

OPINIONS: Final[Words] = {
    "AGREE": "同意",
    "DISAGREE": "不同意",
    "NO_COMMENT": "没有意见",
    "CONFIRMED": "核实无误",
    "NOT_CONFIRMED": "核实不符",
}
"""T29: silence is none of them."""

CORRECTION_REASONS: Final[Words] = {
    "TYPING": "文字、数字笔误",
    "WRONG_PAGE": "装订或页序错误",
    "SEAL_MISSING": "漏盖印章",
    "WRONG_FORM": "文书格式错误",
}
"""T32: clerical, never the decision itself."""

VOID_REASONS: Final[Words] = {
    "DUPLICATE": "同一申请重复登记",
    "APPLICANT_DEAD": "申请人死亡或者丧失行为能力",
    "APPLICANT_DISSOLVED": "申请单位终止",
    "IMPOSSIBLE": "因不可抗力，申请事项无法实施",
    "INVALID": "申请自始无效",
}
"""T36; 行政许可法 70 by analogy (states.md 9)."""

REVIEW_ORDERS: Final[Words] = {
    "COURT": "人民法院判决重新作出决定",
    "RECONSIDERATION": "复议机关决定重新作出决定",
    "SUPERVISION": "上级机关责令重新处理",
}
"""T39: who ordered that the matter be decided anew."""
