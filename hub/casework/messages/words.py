"""The words of the trade: one Chinese word for each event, role, clock and value, used by all commands and pages.

Invariant: what has no word is shown as it is, so a new code never hides a value.
"""

import re
from collections.abc import Mapping
from typing import Final

from hub.casework.casefile import CHINESE

EVENTS: Final = {
    "seal": "收件封装",
    "route": "转交",
    "delivered": "签收",
    "accept": "受理",
    "decide": "决定",
    "issue": "出件",
    "post": "寄出",
    "delivered_proven": "送达",
    "withdraw": "撤回",
    "wrap": "分发密钥",
    "open_document": "查阅材料",
    "waybill": "出面单",
    "parcel_event": "物流更新",
    "key.register": "登记密钥",
    "key.revoke": "吊销密钥",
    "grant.issue": "签发授权",
    "grant.revoke": "收回授权",
    "catalogue.publish": "发布事项清单",
    "calendar.publish": "发布工作日历",
}
ROLES: Final = {
    "COLLECTOR": "窗口收件员",
    "COLLECT_LEAD": "窗口负责人",
    "ACCEPTOR": "受理员",
    "REVIEWER": "承办人",
    "DECIDER": "首席审批员",
    "HEAD": "部门负责人",
    "ISSUER": "出件人员",
    "AUDITOR": "审计人员",
    "COORDINATOR": "统筹人员",
    "window": "收件窗口",
    "department": "受理部门",
    "gateway": "寄递网关",
    "portal": "网上入口",
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
}
OUTCOMES: Final = {"GRANT": "准予", "REFUSE": "不予"}
_DECLARATIONS: Final = {
    "no_classified": "无涉密材料",
    "applicant_signed": "申请人已签字",
    "privacy_notice": "已告知个人信息处理",
    "identity_checked": "已核对身份",
}
_KINDS: Final = {
    "DECIDE": "审批决定",
    "SEAL_USE": "用印",
    "PRE_REVIEW": "预审",
    "COORDINATE": "统筹",
    "catalogue": "事项清单",
    "calendar": "工作日历",
}
_CAUSES: Final = {"NO_ITEM": "清单无此事项", "ITEM_NOT_LIVE": "事项未启用", "NO_QUEUE": "该地无受理队列"}
_ACQUISITIONS: Final = {
    "SUBMIT": "提交",
    "VERIFY_ONLINE": "在线核验",
    "FROM_LICENCE": "电子证照",
    "COMMITMENT": "告知承诺",
    "COVERED_BY": "由其他材料涵盖",
    "REUSED": "复用已交材料",
    "FORM": "申请表",
}
_CARRIERS: Final = {"EMS": "邮政速递", "SF": "顺丰", "JD": "京东"}
_MEMBERS: Final = {
    "accepting_node": "受理单位",
    "applicant_key": "申请人密钥",
    "carrier": "寄递企业",
    "case": "办件",
    "catalogue": "事项清单版本",
    "delivery": "送达方式",
    "gateway": "寄递网关",
    "grant": "授权编号",
    "kind": "材料类别",
    "manifest": "材料清单",
    "outcome": "决定",
    "packets": "密钥包",
    "paper": "申请人签字的书面材料",
    "parcel": "邮件",
    "public_no": "取件号",
    "purpose": "查阅事由",
    "queue": "受理队列",
    "reasons": "理由",
    "appeal": "救济途径",
    "recipient": "接收单位",
    "region": "办理地",
    "status": "物流状态",
    "proof_level": "签收证明等级",
    "task_code": "事项编码",
    "waybill_no": "运单号",
}

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "acquisition": _ACQUISITIONS,
    "allowed": _ACQUISITIONS,
    "event": EVENTS,
    "type": EVENTS,
    "role": ROLES,
    "state": {state.value: word for state, word in CHINESE.items()},
    "clock": CLOCKS,
    "delivery": DELIVERY,
    "outcome": OUTCOMES,
    "purposes": PURPOSES,
    "declaration": _DECLARATIONS,
    "kind": _KINDS,
    "cause": _CAUSES,
    "carrier": _CARRIERS,
    "member": _MEMBERS,
}
LABELS: Final = {
    "acquisition": "取得方式",
    "actor": "署名人",
    "address": "地址",
    "after": "自",
    "allowed": "允许方式",
    "at": "时间",
    "attempts": "已试次数",
    "bytes": "大小",
    "carrier": "寄递企业",
    "case": "件",
    "case_no": "办件编号",
    "cases": "涉及件数",
    "cause": "原因",
    "clock": "时限",
    "codes": "问题代码",
    "command": "命令",
    "count": "处数",
    "database": "库内长度",
    "date": "日期",
    "days": "天数",
    "declaration": "缺少确认",
    "delivery": "送达方式",
    "due": "到期",
    "ended": "到期时间",
    "enrolment": "申请编号",
    "event": "办理环节",
    "file": "文件",
    "first": "首处",
    "format": "格式",
    "frames": "张数",
    "grant": "授权编号",
    "height": "高（像素）",
    "hours": "允许小时数",
    "incident": "事件号",
    "index": "日志序号",
    "kind": "类别",
    "label": "密钥名称",
    "last": "末号",
    "length": "位数",
    "level": "现有等级",
    "limit": "上限",
    "line": "材料行",
    "made_at": "制作时间",
    "material": "材料",
    "member": "项目",
    "missing": "缺少",
    "most": "上限",
    "n": "数量",
    "name": "名称",
    "nearest": "最近可收窗口",
    "nearest_region": "所在区划",
    "needed": "要求等级",
    "node": "单位",
    "nodes": "涉及单位",
    "now": "枢纽时间",
    "number": "取件号",
    "occurred_at": "申报时间",
    "on": "办理日期",
    "origin": "日志",
    "original": "填写内容",
    "outcome": "填写内容",
    "page": "页码",
    "parcel": "邮件",
    "path": "位置",
    "person": "人员",
    "port": "端口",
    "position": "位置",
    "prefix": "号段",
    "purposes": "可选事由",
    "published": "已公布长度",
    "reason": "原因",
    "recipient": "接收单位",
    "region": "区划",
    "role": "身份",
    "service": "服务",
    "setting": "设置项",
    "since": "起",
    "size": "大小",
    "staff_code": "工号",
    "state": "当前状态",
    "stopped_at": "停止时间",
    "subject": "登记对象",
    "task_code": "事项编码",
    "type": "办理环节",
    "unit": "单位",
    "until": "止",
    "user": "用户",
    "value": "填写内容",
    "version": "版本",
    "waiting": "排队数",
    "waiting_for": "等待",
    "where": "位置",
    "width": "宽（像素）",
    "window": "窗口",
}
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:[+-]\d\d:\d\d|Z)?")
_ID: Final = re.compile(r"spiffe://\S+/([^/\s]+)")
_DIGEST: Final = re.compile(r"[0-9a-f]{32,}")
_SIZES: Final = frozenset({"size", "bytes"})


def shown(name: str, value: str) -> str:
    """``value`` in words for a clerk: codes translated, ids and digests cut to what tells them apart."""
    words = WORDS.get(name, {})
    if name in _SIZES and value.isdecimal():
        return _size(int(value))
    return "、".join(words.get(part, _plain(part)) for part in value.split(","))


def event_name(event: str) -> str:
    """Chinese name of an event, or the event itself."""
    return EVENTS.get(event, event)


def _plain(value: str) -> str:
    moment = _TIME.fullmatch(value)
    if moment:
        return f"{moment[1]} {moment[2]}"
    named = _ID.fullmatch(value)
    if named:
        return named[1]
    return f"{value[:12]}…" if _DIGEST.fullmatch(value) else value


def _size(octets: int) -> str:
    return f"{octets / (1 << 20):.1f} MB" if octets >= 1 << 20 else f"{octets} 字节"
