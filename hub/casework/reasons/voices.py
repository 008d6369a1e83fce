"""Closed lists of ratings, complaints and enquiries (T38; standards.md 9)."""

from typing import Final

from hub.casework.reasons.words import Words

RATING_LEVELS: Final[Words] = {
    "1": "非常满意",
    "2": "满意",
    "3": "基本满意",
    "4": "不满意",
    "5": "非常不满意",
}
"""GB/T 39046-2020 A.8: 1 is the best; the last two are bad ratings."""

RATING_TARGETS: Final[Words] = {"process": "办事流程", "window": "办事窗口", "staff": "办事人员"}
"""B11: the three targets of one rating."""

INTERNAL_TARGETS: Final[Words] = {"scan": "扫描质量", "routing": "流转准确", "timing": "办理及时"}
"""G03: what nodes rate of each other."""

RATING_BASES: Final[Words] = {
    "TERMINAL": "申请人在评价器上评价",
    "PAPER": "申请人书面评价",
    "CHECK_CODE": "申请人凭查询号和校验码评价",
}
"""T38: how the applicant gave it; nothing is rated without the applicant's own act (standards.md 9)."""

RATING_FINDINGS: Final[Words] = {
    "UPHELD": "核实属实，须整改",
    "EXCLUDED": "核实为误评或恶意差评，不计入",
}
"""国办发〔2019〕51号: false and malicious bad ratings do not count."""

RATING_MEASURES: Final[Words] = {
    "EXPLAINED": "已向申请人说明",
    "CORRECTED": "已改正并回访",
    "APOLOGISED": "已致歉并回访",
    "TRAINED": "已教育培训相关人员",
}
"""国办发〔2019〕51号: 评价、核实、整改、反馈."""

COMPLAINT_CHANNELS: Final[Words] = {
    "WINDOW": "窗口当面",
    "HOTLINE": "热线转办",
    "ONLINE": "网上",
    "LETTER": "来信",
    "TELEPHONE": "电话",
}
"""G07, G10: a ticket of the hotline (12345) is named by its reference."""

COMPLAINT_KINDS: Final[Words] = {
    "DELAY": "办理拖延",
    "REFUSAL": "该收不收、该办不办",
    "DEMANDS": "多要材料、反复补正",
    "ATTITUDE": "服务态度",
    "FEES": "违规收费",
    "PRIVACY": "泄露个人信息",
    "LOST_PAPERS": "材料丢失损毁",
    "OTHER": "其他方面",
}
"""G07."""

COMPLAINT_FINDINGS: Final[Words] = {
    "FOUNDED": "属实",
    "PARTLY": "部分属实",
    "UNFOUNDED": "不属实",
}
"""GB/T 39046-2020 table 10."""

COMPLAINT_EXTENSIONS: Final[Words] = {
    "INQUIRY": "须进一步调查",
    "OTHER_UNIT": "须其他单位协助",
    "APPLICANT_WISH": "投诉人要求延后",
}
"""GB/T 39046-2020 table 10: an extension names its reason."""

ENQUIRY_CHANNELS: Final[Words] = COMPLAINT_CHANNELS
"""G06, G10: an enquiry comes in as a complaint does."""

ENQUIRY_TOPICS: Final[Words] = {
    "PROGRESS": "办理进度",
    "MATERIALS": "材料要求",
    "RULES": "办理条件和程序",
    "LIMITS": "办理时限",
    "FEES": "收费",
    "RESULT": "结果领取送达",
    "REMEDIES": "救济途径",
    "OTHER": "其他方面",
}
"""F05, GB/T 39046-2020 table 10: what an enquiry is about; the words stay at the node."""

ENQUIRY_ANSWERS: Final[Words] = {
    "ANSWERED": "已解答",
    "GUIDED": "已告知办法和去处",
    "NOT_PUBLIC": "依法不公开，已说明理由",
    "WITHDRAWN": "咨询人不再询问",
}
"""GB/T 39046-2020 table 10: the feedback as a code."""

ENQUIRY_EXTENSIONS: Final[Words] = {
    "INQUIRY": "须进一步核实",
    "OTHER_UNIT": "须其他单位答复",
    "APPLICANT_WISH": "咨询人要求延后",
}
"""GB/T 39046-2020 table 10: an extension names its reason."""
