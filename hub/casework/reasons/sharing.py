"""Closed lists of data of other bodies (H03, H05 to H07)."""

from typing import Final

from hub.casework.reasons.words import Words

DATA_KINDS: Final[Words] = {
    "IDENTITY": "自然人和企业身份核验",
    "INVESTMENT_PROJECT": "投资项目基本信息",
    "TAX": "纳税证明",
    "REAL_ESTATE": "不动产登记",
    "EDUCATION": "学位学历证明",
    "QUALIFICATION": "资格资质",
    "SOCIAL_INSURANCE": "社会保险",
}
"""H06: the seven kinds of data that may be asked for."""

DATA_PURPOSES: Final[Words] = {"INTAKE": "收件核验", "REVIEW": "审查核验"}
"""H02, H03: what data may be asked for."""

DATA_RESULTS: Final[Words] = {
    "OK": "核验一致",
    "MISMATCH": "核验不一致",
    "NOT_FOUND": "查无此证照",
    "EXPIRED": "证照已过期",
    "UNAVAILABLE": "核验服务没有应答",
    "REFUSED": "数据提供部门拒绝核验",
    "INVALID": "核验答复不合规定",
}
"""D20: what became of a query; all but OK fall back to a scan, and say why."""

DATA_FLOWS: Final[Words] = {"VERIFY": "核验（问是否一致）", "FETCH": "提取（取电子证照）"}
"""H07."""

SHARING_GROUNDS: Final[Words] = {
    "BEYOND_SCOPE": "超出授权范围",
    "BEYOND_PURPOSE": "用于其他用途",
    "DATA_WRONG": "数据有误",
    "NOT_SUPPLIED": "应供未供",
}
"""H03: why supplier or consumer disputes an authorisation."""

SHARING_OUTCOMES: Final[Words] = {"CONTINUED": "维持授权", "CORRECTED": "更正后继续", "ENDED": "终止授权"}
"""H03: what the platform makes of a dispute."""

SHARING_REASONS: Final[Words] = {
    "PURPOSE_ENDED": "用途已经结束",
    "BASIS_ENDED": "依据已经失效",
    "MISUSE": "违规使用",
    "SUPPLIER_ASKED": "供给方要求",
}
"""H05: why an authorisation is withdrawn."""
