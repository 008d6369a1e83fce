"""A list with everything that a list may have, without one finding; tests plant what is wrong."""

import copy
from typing import Any

from hub.casework.catalogue.lint import RULE_GROUPS
from hub.casework.catalogue.model import Catalogue, load_catalogue
from hub.casework.review.values import STEPS

Document = dict[str, Any]

DONGHU, XIHU, JIUJIANG, YUBEI, WANZHOU = (
    "360102000000",
    "360103000000",
    "360403000000",
    "500112000000",
    "500101000000",
)
BODY, LEAD, UNIT, THIRD = "12441500196720244T", "11500116900001164E", "11500116900001260P", "11360702900007021P"
BASIS = "《食品安全法》第三十五条"
APPROVAL = "东湖府〔2026〕8号"


def task(number: int, body: str = BODY, level: str = "4") -> str:
    """An implementation code."""
    return f"{body}{level}{catalog(number)}"


def catalog(number: int) -> str:
    """A basic code."""
    return f"000131{number:06}"


def limit(n: int, unit: str = "WORKING_DAY") -> Document:
    """A limit."""
    return {"n": n, "unit": unit}


def material(code: str, name: str, **changes: Any) -> Document:
    """A material."""
    plain = {
        "code": code,
        "name": name,
        "key": True,
        "acquisition": ["SUBMIT"],
        "original_policy": "SCAN_REPLACES",
        "legal_basis": BASIS,
        "copies": 1,
        "colour": True,
    }
    return plain | changes


def item(number: int, name: str, *, body: str = BODY, level: str = "4", **changes: Any) -> Document:
    """An item that all its city may take in."""
    plain: Document = {
        "task_code": task(number, body, level),
        "catalog_code": catalog(number),
        "name": name,
        "item_type": "01",
        "level": level,
        "case_type": "COMMITTED",
        "scope": ["IN_CITY"],
        "modes": ["PROXY_COLLECT"],
        "in_person_required": True,
        "status": "LIVE",
        "effective_from": "2026-01-01",
        "effective_to": None,
        "implementing_body": {"name": "测试区审批局", "credit_code": body, "region": DONGHU},
        "statutory_limit": limit(20),
        "promised_limit": limit(5),
        "licensing_law": True,
        "special_procedures": [],
        "receipt_basis": "ELECTRONIC",
        "required_proof_level": 2,
        "originals_note": "",
        "materials": [material("M01", "申请书")],
        "result": {"name": "许可证", "kind": "CERTIFICATE"},
        "legal_basis": BASIS,
        "fees": "不收费",
        "rule_groups": dict.fromkeys(RULE_GROUPS, "见办事指南"),
        "complaint_channel": "12345",
    }
    return plain | changes


def rich_item() -> Document:
    """An item with situations, guide, tags and all that is optional."""
    return item(
        1,
        "食品经营许可",
        scope=["NATIONAL", "CROSS_PROVINCE", "IN_PROVINCE"],
        special_procedures=[{"kind": "SITE_VISIT", "stops_clock": True, "legal_basis": "特别法第三条"}],
        materials=[
            material("M01", "申请书"),
            material("M02", "居民身份证", acquisition=["SUBMIT", "VERIFY_ONLINE"], trust_level="B", needed_by="ACCEPT"),
            material("M03", "法人授权书", when={"situation": "S1", "is": ["LEGAL"]}),
            material(
                "M04",
                "租赁合同",
                key=False,
                acquisition=["SUBMIT", "COMMITMENT"],
                when={"all": [{"situation": "S1", "is": ["LEGAL"]}, {"situation": "S2", "is": ["YES"]}]},
                allowance={"tolerance": "BLOCKS_DECISION", "days": 3, "commitment": True},
            ),
            material("M05", "户口簿", key=False, acquisition=["SUBMIT", "COVERED_BY"], covered_by=["M02"]),
        ],
        situations=[
            {
                "code": "S1",
                "question": "申请人是单位还是个人",
                "choices": [{"code": "LEGAL", "text": "单位"}, {"code": "NATURAL", "text": "个人"}],
            },
            {"code": "S2", "question": "场所是租来的吗", "when": {"situation": "S1", "is": ["LEGAL"]}},
        ],
        guide={
            "version": "2026-1",
            "review_rules": "形式审查",
            "cautions": ["先核验，后收件"],
            "faq": [{"question": "多久办好", "answer": "五个工作日"}],
            "sample_forms": ["示范文本一"],
            "common_mistakes": ["漏签名"],
            "supplements": [{"label": "东湖区补充", "region": DONGHU, "text": "可到二楼"}],
            "modes": {"PROXY_COLLECT": "收件地核对原件后封装"},
        },
        tags=["MAX_ONE_VISIT"],
        business_class="市场准入",
        handling_level="县级",
        prerequisites=["先办营业执照"],
        assisted_fee=0,
        decision_by="COLLECTIVE",
        steps={STEPS[0]: 2},
    )


def window(node: str, region: str, *tasks: str, **changes: Any) -> Document:
    """A window."""
    hours = [["09:00", "12:00"], ["13:00", "17:00"]]
    plain: Document = {
        "node": node,
        "kind": "CROSS_REGION",
        "region": region,
        "may_collect": list(tasks),
        "timetable": {
            "forward_limit_hours": 4,
            "summer": {"from": "05-01", "to": "09-30", "hours": hours},
            "winter": {"hours": hours},
            "weekdays": [1, 2, 3, 4, 5],
        },
    }
    return plain | changes


def queue(number: int, region: str = DONGHU, node: str = "donghu-spj", **codes: str) -> Document:
    """A queue."""
    return {"region": region, "task_code": task(number, **codes), "node": node, "queue": "inbound", "liaison": "综合股"}


def theme() -> Document:
    """A live theme of three parts, two departments, and one opinion in between."""
    parts = [
        {"code": "P1", "task_code": task(5, LEAD), "department": LEAD, "kind": "APPROVAL", "core": True, "after": [],
         "limit": limit(5)},
        {"code": "P2", "task_code": "", "department": UNIT, "kind": "CONSULTATION", "core": False, "after": ["P1"],
         "limit": limit(3), "section": "综合科"},
        {"code": "P3", "task_code": task(6, UNIT), "department": UNIT, "kind": "APPROVAL", "core": False,
         "after": ["P1", "P2"], "limit": limit(5)},
    ]  # fmt: skip
    return {
        "code": "JJ-1-08",
        "name": "我要开便利店",
        "status": "LIVE",
        "applicant": "LEGAL_PERSON",
        "lists": [{"list": "第一批", "seq": 8}],
        "lead": LEAD,
        "cooperating": [UNIT],
        "rating": True,
        "plan": {
            "version": "1",
            "parts": parts,
            "materials": [
                {"code": "T01", "name": "居民身份证", "serves": {"P1": "M02", "P3": "M02"}},
                {"code": "T02", "name": "申请书", "serves": {"P1": "M01", "P3": "M01"}},
            ],
            "form": [{"code": "F01", "label": "字号", "maps": {"P1": "name", "P3": "unit_name"}}],
            "conditions": "有固定场所",
            "procedure": "先登记，后备案",
            "promised_limit": limit(13),
            "failure_policy": "ALL_OR_NOTHING",
            "accept_together": True,
            "exit_node": "yubei-hall",
            "windows": ["yubei-hall"],
        },
    }


def sound() -> Document:
    """The list. No finding, neither error nor warning."""
    pair = [material("M01", "申请书"), material("M02", "居民身份证")]
    five = item(5, "个体工商户登记", body=LEAD, materials=copy.deepcopy(pair))
    six = item(6, "用工备案", body=UNIT, item_type="20", materials=copy.deepcopy(pair))
    instant: Document = {"case_type": "INSTANT", "promised_limit": limit(1), "modes": ["ONLINE"]}
    instant["in_person_required"] = False
    return {
        "v": 1,
        "version": "2026.11-9",
        "effective_from": "2026-11-01",
        "effective_to": None,
        "items": [
            rich_item(),
            item(2, "户外广告备案"),
            item(2, "户外广告备案", body=THIRD, level="3"),
            item(3, "排水许可", scope=["CROSS_PROVINCE", "IN_PROVINCE"]),
            item(4, "即时查询", tags=["INSTANT", "ZERO_VISIT"], **instant),
            five,
            six,
            item(7, "涉密事项", exclusion={"kind": "CLASSIFIED"}),
        ],
        "queues": [
            queue(1),
            queue(1, XIHU, "xihu-spj"),
            queue(2),
            queue(2, JIUJIANG, "jiujiang-town", body=THIRD, level="3"),
            queue(3),
            queue(4),
            queue(5, body=LEAD),
            queue(6, body=UNIT),
        ],
        "windows": [
            window("yubei-hall", YUBEI, task(1), task(3), task(5, LEAD), task(6, UNIT)),
            window(
                "xihu-hall",
                XIHU,
                *(task(number) for number in (1, 2, 3, 4)),
                kind="SPECIALISED",
                powers=["COLLECT", "ISSUE", "DECIDE"],
                delegated_by="测试区审批局",
                seasons=[{"from": "2026-01-01", "to": "2026-12-31"}],
                address="样例路 1 号",
                telephone="0791-0000000",
            ),
            window("jiujiang-hall", JIUJIANG, task(2, THIRD, "3"), task(2)),
        ],
        "agreements": [
            {"id": "XY-1", "a": YUBEI, "b": "donghu-spj", "items": [task(3)], "from": "2026-01-01", "to": "2026-12-31"}
        ],
        "places": [
            {"node": "jiangxi", "kind": "PROVINCE", "region": "360000000000"},
            {"node": "gaoxin", "kind": "DEVELOPMENT_ZONE", "region": XIHU, "parent": "jiangxi"},
            {
                "node": "jiujiang-town",
                "kind": "TOWNSHIP",
                "region": "360403001000",
                "parent": "jiangxi",
                "may_accept": [task(2, THIRD, "3")],
            },
            {"node": "xihu-spj", "kind": "COUNTY", "region": XIHU, "parent": "jiangxi", "bodies": [BODY]},
        ],
        "departments": [
            {"code": LEAD, "name": "重庆市江津区市场监督管理局", "region": YUBEI, "aliases": ["区市场监管局"]},
            {"code": UNIT, "name": "重庆市江津区人力资源和社会保障局", "region": YUBEI, "aliases": ["区人力社保局"]},
        ],
        "themes": [theme()],
    }


def loaded(document: Document | None = None) -> Catalogue:
    """The list as values."""
    return load_catalogue(document or sound())
