"""Closed lists of cards and exports (T38; standards.md 8)."""

from typing import Final

from hub.casework.reasons.words import Words

CARDS: Final[Words] = {
    "W1": "预警：环节一个工作日内到期",
    "W2": "预警：承诺时限已用八成",
    "W3": "预警：三个工作日无人接办",
    "Y1": "黄牌：转交逾期",
    "Y2": "黄牌：环节逾期",
    "Y3": "黄牌：逾期未签收",
    "Y4": "黄牌：原件或结果未按时寄出",
    "Y5": "黄牌：影像质量不合规定",
    "Y6": "黄牌：两次送错部门",
    "Y7": "黄牌：改派逾期",
    "Y8": "黄牌：送达逾期",
    "Y9": "黄牌：差评未按期整改",
    "Y10": "黄牌：投诉未按期答复",
    "Y11": "黄牌：特别程序到期未续未结",
    "Y12": "黄牌：征求意见逾期未答复",
    "Y13": "黄牌：转报初审超过二十个工作日",
    "Y14": "黄牌：邮件到达后未按时核收",
    "Y15": "黄牌：咨询未按期答复",
    "R1": "红牌：超过承诺时限",
    "R2": "红牌：超过法定时限",
    "R3": "红牌：逾期未告知，视为受理",
    "R4": "红牌：第二次补正告知",
    "R5": "红牌：索要清单外或已有的材料",
    "R6": "红牌：无书面告知或法定事由停钟",
    "R7": "红牌：无有效授权作决定",
    "R8": "红牌：日志签名或链条断裂",
    "R9": "红牌：无授权导出未脱敏数据",
    "R10": "红牌：送达严重逾期",
}
"""G01, standards.md 8; Y7 stands for the escalation of K11, Y8 and R10 for K8, Y9 for K12 (states.md 2)."""

CARD_MEASURES: Final[Words] = {
    "CORRECTED": "已改正",
    "IN_HAND": "正在改正",
    "ELSEWHERE": "责任不在本单位",
}
"""What a unit answers to a card: corrected at once, in hand, or not ours."""

CARD_GROUNDS: Final[Words] = {
    "FACTS_WRONG": "所认定的事实有误",
    "LAWFUL": "依法可以不计时限或不受限制",
    "NOT_OURS": "责任在其他单位",
    "SYSTEM_FAULT": "系统、网络故障所致",
}
"""G12: why a unit appeals against a card."""

CARD_RESULTS: Final[Words] = {
    "KEPT": "维持",
    "LIFTED": "撤销",
    "DONE": "整改属实，销号",
}
"""G12: what becomes of a card; a lifted one stays to be seen."""

IMAGE_DEFECTS: Final[Words] = {
    "RESOLUTION": "分辨率不足",
    "BLURRED": "影像模糊",
    "CROPPED": "内容被裁切",
    "SKEWED": "页面歪斜",
    "EXPOSURE": "过暗或过亮",
    "NOT_COLOUR": "应彩色而未彩色",
    "PAGE_ORDER": "缺页或页序错乱",
}
"""Y5, DA/T 31-2017: what an image falls short of."""

EXPORT_PROFILES: Final[Words] = {
    "RECEIPT": "按回执脱敏",
    "OUTSIDE": "按对外脱敏",
    "NONE": "不脱敏",
}
"""H01: without masking only under a grant."""

EXPORT_KINDS: Final[Words] = {
    "REPORT": "统计报表",
    "CASE_LIST": "办件清单",
    "CASE_FILE": "办件案卷",
    "SHARED_DATA": "共享数据",
}
"""H01, R9: what leaves the handling nodes."""
