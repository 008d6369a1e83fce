"""The words for codes that stand in the values of acts and refusals: roles, clocks, ways, reasons, states."""

from collections.abc import Mapping
from typing import Final

from hub.casework import reasons
from hub.casework.messages.words.events import EVENTS
from hub.casework.messages.words.members import MEMBERS
from hub.casework.states import CHINESE

ROLES: Final = {
    "COLLECTOR": "窗口收件员",
    "COLLECT_LEAD": "窗口负责人",
    "ACCEPTOR": "受理员",
    "REVIEWER": "承办人",
    "TECH_REVIEWER": "技术审查人",
    "DECIDER": "首席审批员",
    "HEAD": "部门负责人",
    "ISSUER": "出件人员",
    "AUDITOR": "审计人员",
    "COORDINATOR": "统筹人员",
    "COORDINATOR_LEAD": "统筹负责人",
    "SUPERVISOR": "电子监察人员",
    "window": "收件窗口",
    "department": "受理部门",
    "gateway": "寄递网关",
    "portal": "网上入口",
    "SYSTEM_ADMIN": "系统管理员",
    "SECURITY_ADMIN": "安全管理员",
    "AUDIT_ADMIN": "审计管理员",
    "coordinator": "统筹",
    "auditor": "审计",
    "hub": "枢纽",
    "registrar": "密钥登记员",
    "recovery": "密钥恢复",
}
CLOCKS: Final = {
    "K1": "转交时限",
    "K2": "受理时限",
    "K3": "承诺时限",
    "K4": "法定时限",
    "K5": "环节时限",
    "K6": "补正时限",
    "K7": "容缺补交时限",
    "K8": "送达时限",
    "K9": "寄出时限",
    "K10": "在途时限",
    "K11": "改派时限",
    "K12": "差评整改时限",
}
DELIVERY: Final = {
    "POST": "邮寄",
    "COUNTER_COLLECT": "收件窗口领取",
    "COUNTER_DEPT": "受理部门窗口领取",
    "ELECTRONIC": "电子送达",
}
PURPOSES: Final = {
    "ACCEPT_REVIEW": "受理审查",
    "DECISION": "审批决定",
    "HANDOVER": "移交业务系统",
    "ISSUE": "制证出件",
    "ENQUIRY": "答复咨询",
    "COMPLAINT": "投诉核查",
    "AUDIT": "审计抽查",
    "NOTICE": "告知申请人",
    "RESEAL": "退回后重新封装",
    "REUSE": "申请人同意复用材料",
    "PUBLICITY": "公开公示",
}
OUTCOMES: Final = {"GRANT": "准予", "REFUSE": "不予"}
_DECLARATIONS: Final = {
    "no_classified": "无涉密材料",
    "applicant_signed": "申请人已签字",
    "privacy_notice": "已告知个人信息处理",
    "identity_checked": "已核对身份",
    "applicant_agreed": "申请人同意不予收件",
    "commitment_notice": "已书面告知承诺的内容和后果",
}
_KINDS: Final = {
    "DECIDE": "审批决定",
    "SEAL_USE": "用印",
    "PRE_REVIEW": "预审",
    "COORDINATE": "业务协调",
    "POST_A": "A岗",
    "POST_B": "B岗",
    "catalogue": "事项清单",
    "calendar": "工作日历",
}
_REASONS: Final = {
    **reasons.REFUSAL_REASONS,
    **reasons.MISROUTE_REASONS,
    **reasons.RETURN_REASONS,
    **reasons.BOUNCE_REASONS,
    **reasons.DISCARD_REASONS,
    **reasons.RECALL_REASONS,
    "WRONG_ITEM": "事项选错",
}
ACQUISITIONS: Final = {
    "SUBMIT": "提交",
    "VERIFY_ONLINE": "在线核验",
    "FROM_LICENCE": "电子证照",
    "COMMITMENT": "告知承诺",
    "COVERED_BY": "由其他材料涵盖",
    "REUSED": "复用已交材料",
}
EXCLUSIONS: Final = {"CLASSIFIED": "涉密", "EXEMPT": "经批准不进平台"}
_ACQUIRED: Final = {**ACQUISITIONS, "FORM": "申请表"}
_CARRIERS: Final = {"EMS": "邮政速递", "SF": "顺丰", "JD": "京东"}
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "acquisition": _ACQUIRED,
    "allowed": _ACQUIRED,
    "event": EVENTS,
    "where": {
        **{"UPPER_LEFT": "左上角", "UPPER": "上方", "UPPER_RIGHT": "右上角", "LEFT": "左侧", "MIDDLE": "中间"},
        **{"RIGHT": "右侧", "LOWER_LEFT": "左下角", "LOWER": "下方", "LOWER_RIGHT": "右下角"},
    },
    "why": reasons.WITHHELD_REASONS,
    "exclusion": EXCLUSIONS,
    "type": EVENTS,
    "role": ROLES,
    "state": {state.value: word for state, word in CHINESE.items()},
    "clock": CLOCKS,
    "fee": reasons.FEE_STATES,
    "fee_before": reasons.FEE_STATES,
    "lane": reasons.LANES,
    "channel": reasons.APPOINTMENT_CHANNELS,
    "delivery": DELIVERY,
    "outcome": OUTCOMES,
    "purposes": PURPOSES,
    "declaration": _DECLARATIONS,
    "kind": _KINDS,
    "answer": {**reasons.PRE_REVIEW_ANSWERS, **reasons.DISCREPANCY_ANSWERS, **reasons.ADDRESS_ANSWERS},
    "basis": {**reasons.SECOND_NOTICE_BASES, **reasons.TAKING_BASES},
    "step": reasons.STEP_NAMES,
    "next": reasons.STEP_NAMES,
    "special": reasons.SPECIAL_KINDS,
    "matter": reasons.CONSULT_MATTERS,
    "card": reasons.CARDS,
    "cause": {
        **reasons.ROUTE_FAILURES,
        **reasons.CONSTRUCTIVE_CAUSES,
        **reasons.LOSS_CAUSES,
        **reasons.CALL_CAUSES,
        **reasons.LATE_CAUSES,
    },
    "defect": reasons.DEFECTS,
    "finding": {**reasons.BOUNCE_FINDINGS, **reasons.CHECK_IN_FINDINGS},
    "method": reasons.SUPPLEMENT_METHODS,
    "methods": reasons.SUPPLEMENT_METHODS,
    "reason": _REASONS,
    "ground": reasons.REVOCATION_GROUNDS,
    "carrier": _CARRIERS,
    "member": MEMBERS,
}
