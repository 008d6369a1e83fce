"""The list: every breach is found at once, what is outside it is refused, and a case reaches exactly one
queue.
"""

import copy
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from crypto.canonical import digest, encode
from crypto.refusal import Refusal
from hub.casework.catalogue.lint import RULE_GROUPS
from hub.casework.catalogue.model import Catalogue, breaches, load_catalogue
from hub.casework.hand_off.routing import route
from hub.casework.time.clocks import Unit

NANCHANG, DONGHU, XIHU = "360100000000", "360102000000", "360103000000"
CHONGQING = "500112000000"
BODY_CODE = "12441500196720244T"
ON = date(2026, 11, 21)
Document = dict[str, Any]


def _task(number: int = 3) -> str:
    return f"{BODY_CODE}4442199806{number:03}"


TASK = _task()


def _item(number: int = 3, **changes: Any) -> Document:
    plain: Document = {
        "task_code": _task(number),
        "catalog_code": f"442199806{number:03}",
        "name": "食品经营许可证核发",
        "item_type": "01",
        "level": "4",
        "case_type": "COMMITTED",
        "scope": ["CROSS_PROVINCE", "IN_PROVINCE"],
        "modes": ["PROXY_COLLECT", "ONLINE"],
        "in_person_required": True,
        "status": "LIVE",
        "effective_from": "2026-11-01",
        "effective_to": None,
        "implementing_body": {"name": "测试区审批局", "credit_code": BODY_CODE, "region": DONGHU},
        "statutory_limit": {"n": 20, "unit": "WORKING_DAY"},
        "promised_limit": {"n": 5, "unit": "WORKING_DAY"},
        "licensing_law": True,
        "special_procedures": [{"kind": "SITE_VISIT", "stops_clock": False}],
        "receipt_basis": "ELECTRONIC",
        "required_proof_level": 2,
        "originals_note": "",
        "materials": [
            {
                "code": "M01",
                "name": "申请书",
                "key": True,
                "acquisition": ["SUBMIT"],
                "original_policy": "NOT_NEEDED",
                "legal_basis": "食品安全法 35",
                "copies": 1,
                "colour": True,
            }
        ],
        "result": {"name": "食品经营许可证", "kind": "CERTIFICATE"},
        "legal_basis": "食品安全法 35",
        "fees": "不收费",
        "rule_groups": dict.fromkeys(RULE_GROUPS, "见办事指南"),
        "complaint_channel": "12345",
    }
    return plain | changes


def _queue(number: int = 3, region: str = DONGHU, node: str = "donghu-spj") -> Document:
    return {
        "region": region,
        "task_code": _task(number),
        "node": node,
        "queue": "inbound",
        "liaison": "综合股",
    }


def _window(node: str, region: str, *tasks: str) -> Document:
    hours = [["09:00", "12:00"], ["13:00", "17:00"]]
    return {
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


def _document() -> Document:
    return {
        "v": 1,
        "version": "2026.11-1",
        "effective_from": "2026-11-01",
        "effective_to": None,
        "items": [
            _item(),
            _item(4, name="食品经营许可证变更", status="SUSPENDED"),
            _item(5, name="残疾人证换领", effective_to="2026-11-20"),
        ],
        "queues": [_queue(), _queue(region=XIHU, node="xihu-spj"), _queue(4), _queue(5)],
        "windows": [
            _window("yubei-hall", CHONGQING, TASK, _task(4)),
            _window("xihu-hall", XIHU, TASK),
            _window("liangjiang-hall", "500105000000"),
        ],
    }


def _load(document: Document | None = None) -> Catalogue:
    return load_catalogue(document or _document())


def _refusal(act: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as refused:
        act()
    return refused.value


def test_a_sound_document_has_no_breach_and_loads_as_values() -> None:
    document = _document()
    assert breaches(document) == []
    catalogue = _load(document)
    item = catalogue.item(TASK)
    assert (item.promised_limit.n, item.promised_limit.unit) == (5, Unit.WORKING_DAY)
    assert item.implementing_body.region == DONGHU
    material = item.material("M01")
    assert material is not None
    assert material.key
    assert item.material("M99") is None
    assert catalogue.digest() == digest(encode(document))
    window = catalogue.window("yubei-hall")
    assert window is not None
    assert window.timetable.forward_limit_hours == 4


def test_a_changed_document_has_another_digest() -> None:
    other = _document()
    other["items"][0]["promised_limit"]["n"] = 6
    assert _load(other).digest() != _load().digest()


def _edit_item(**changes: Any) -> Callable[[Document], None]:
    return lambda document: document["items"][0].update(changes)


def _edit_material(**changes: Any) -> Callable[[Document], None]:
    return lambda document: document["items"][0]["materials"][0].update(changes)


def _limit(n: int, unit: str) -> Document:
    return {"n": n, "unit": unit}


BAD_CODE = "91310000MA1FL4DL6H"


@pytest.mark.requirement("D08")
@pytest.mark.parametrize(
    "edit, code",
    [
        (_edit_item(task_code=TASK[:-1]), "TASK_CODE_FORMAT"),
        (_edit_item(task_code=BAD_CODE + TASK[18:]), "CREDIT_CODE_CHECK"),
        (_edit_item(catalog_code="442199806999"), "TASK_CODE_PARTS"),
        (
            _edit_item(implementing_body={"name": "x", "credit_code": BAD_CODE, "region": DONGHU}),
            "CREDIT_CODE_CHECK",
        ),
        (
            _edit_item(implementing_body={"name": "x", "credit_code": BODY_CODE, "region": "360102"}),
            "REGION_CODE",
        ),
        (_edit_item(item_type="02"), "ITEM_TYPE_REFUSED"),
        (_edit_item(item_type="03"), "ITEM_TYPE_REFUSED"),
        (_edit_item(item_type="06"), "ITEM_TYPE_REFUSED"),
        (_edit_item(item_type="1"), "ITEM_TYPE_FORMAT"),
        (_edit_item(promised_limit=_limit(21, "WORKING_DAY")), "PROMISE_TOO_LONG"),
        (_edit_item(promised_limit=_limit(21, "NATURAL_DAY")), "PROMISE_TOO_LONG"),
        (_edit_item(promised_limit=_limit(481, "HOUR")), "PROMISE_TOO_LONG"),
        (
            _edit_item(promised_limit=_limit(5, "WORKING_DAY"), statutory_limit=_limit(6, "NATURAL_DAY")),
            "PROMISE_TOO_LONG",
        ),
        (_edit_item(promised_limit=_limit(0, "WORKING_DAY")), "FIELD_VALUE"),
        (_edit_item(case_type="INSTANT", promised_limit=_limit(1, "WORKING_DAY")), "INSTANT_SPECIAL"),
        (_edit_item(case_type="INSTANT", special_procedures=[]), "INSTANT_PROMISE"),
        (_edit_item(scope=["CROSS_PROVINCE"]), "SCOPE_ORDER"),
        (_edit_item(effective_to="2026-10-31"), "DATES_ORDER"),
        (_edit_item(rule_groups={}), "RULE_GROUP_MISSING"),
        (_edit_item(legal_basis=" "), "LEGAL_BASIS_MISSING"),
        (_edit_item(special_procedures=[{"kind": "SITE_VISIT", "stops_clock": True}]), "CLOCK_STOP_BASIS"),
        (_edit_item(status="GONE"), "FIELD_VALUE"),
        (_edit_item(scope="CROSS_PROVINCE"), "FIELD_VALUE"),
        (_edit_item(effective_from="2026-11-31"), "FIELD_VALUE"),
        (_edit_item(materials="none"), "SHAPE"),
        (_edit_item(result=[]), "SHAPE"),
        (_edit_item(extra=1.5), "NOT_CANONICAL"),
        (_edit_material(name="法律规定的其他材料"), "MATERIAL_CATCH_ALL"),
        (_edit_material(name="有关材料"), "MATERIAL_CATCH_ALL"),
        (_edit_material(name="相关材料"), "MATERIAL_CATCH_ALL"),
        (_edit_material(name="营业执照等材料"), "MATERIAL_CATCH_ALL"),
        (_edit_material(legal_basis=""), "LEGAL_BASIS_MISSING"),
        (_edit_material(copies=True), "FIELD_VALUE"),
        (lambda document: document["items"][0].pop("fees"), "FIELD_MISSING"),
        (
            lambda document: document["items"][0]["materials"].append(_item()["materials"][0]),
            "MATERIAL_TWICE",
        ),
        (lambda document: document["items"].append(_item()), "ITEM_TWICE"),
        (lambda document: document["items"].append("x"), "SHAPE"),
        (lambda document: document["queues"].append(_queue(9)), "QUEUE_UNKNOWN_ITEM"),
        (lambda document: document["queues"].append(_queue(region="3601")), "REGION_CODE"),
        (lambda document: document["windows"].append(_window("w", XIHU, "x")), "WINDOW_UNKNOWN_ITEM"),
        (lambda document: document["windows"].append(_window("xihu-hall", XIHU)), "WINDOW_TWICE"),
        (lambda document: document["windows"][0]["timetable"].pop("winter"), "TIMETABLE_FORMAT"),
        (lambda document: document.pop("items"), "FIELD_MISSING"),
        (lambda document: document.update(v=2), "FIELD_VALUE"),
    ],
)
def test_each_breach_is_named_and_refuses_the_whole_document(edit: Callable[[Document], None], code: str) -> None:
    document = _document()
    edit(document)
    found = breaches(document)
    assert code in {breach.code for breach in found}
    assert all(breach.message_en for breach in found)
    refused = _refusal(lambda: load_catalogue(document))
    assert refused.code == "CATALOGUE_BREACHES"
    assert refused.values["count"] == str(len(found))


@pytest.mark.requirement("C01", "C02")
@pytest.mark.parametrize(
    "changes",
    [
        {"promised_limit": _limit(20, "NATURAL_DAY")},
        {"promised_limit": _limit(480, "HOUR")},
        {"promised_limit": _limit(5, "WORKING_DAY"), "statutory_limit": _limit(7, "NATURAL_DAY")},
        {"case_type": "INSTANT", "promised_limit": _limit(8, "HOUR"), "special_procedures": []},
        {"special_procedures": [{"kind": "HEARING", "stops_clock": True}]},
        {"special_procedures": [{"kind": "SITE_VISIT", "stops_clock": True, "legal_basis": "特别法 3"}]},
        {"scope": ["IN_CITY", "IN_PROVINCE"]},
    ],
)
def test_what_the_rules_allow_is_no_breach(changes: Document) -> None:
    document = _document()
    document["items"][0].update(changes)
    assert breaches(document) == []


@pytest.mark.requirement("D04")
def test_all_breaches_come_at_once() -> None:
    document = _document()
    document["items"][0].update(item_type="06", legal_basis="", scope=["CROSS_PROVINCE"])
    document["items"][1]["materials"][0]["name"] = "其他材料"
    assert len(breaches(document)) == 4


@pytest.mark.requirement("D01", "A18")
@pytest.mark.parametrize(
    "task, on, window, code",
    [
        (_task(9), ON, None, "UNKNOWN_ITEM"),
        (TASK, date(2026, 10, 31), None, "ITEM_EXPIRED"),
        (_task(5), ON, None, "ITEM_EXPIRED"),
        (_task(4), ON, "yubei-hall", "ITEM_SUSPENDED"),
        (TASK, ON, "liangjiang-hall", "ITEM_NOT_COLLECTABLE"),
        (TASK, ON, "nowhere", "ITEM_NOT_COLLECTABLE"),
    ],
)
def test_outside_the_list_there_is_nothing(task: str, on: date, window: str | None, code: str) -> None:
    catalogue = _load()
    assert _refusal(lambda: catalogue.require_live(task, on, window)).code == code


def test_the_list_lets_through_what_it_holds() -> None:
    catalogue = _load()
    assert catalogue.require_live(TASK, date(2026, 11, 1), "yubei-hall").task_code == TASK
    assert catalogue.require_live(_task(5), date(2026, 11, 20)).task_code == _task(5)


@pytest.mark.requirement("A18")
def test_the_way_out_is_the_nearest_authorised_window() -> None:
    catalogue = _load()
    refused = _refusal(lambda: catalogue.require_live(TASK, ON, "liangjiang-hall"))
    assert (refused.values["nearest"], refused.values["nearest_region"]) == ("yubei-hall", CHONGQING)
    near = catalogue.nearest_window(TASK, NANCHANG)
    assert near is not None
    assert near.node == "xihu-hall"
    assert catalogue.nearest_window(_task(5), NANCHANG) is None
    nobody = _refusal(lambda: catalogue.require_live(_task(5), date(2026, 11, 2), "xihu-hall"))
    assert nobody.values["nearest"] == ""


def test_search_needs_every_word_and_keeps_to_the_region() -> None:
    catalogue = _load()

    def found(text: str, region: str | None = None) -> list[str]:
        return [item.task_code for item in catalogue.search(text, region)]

    assert found("食品 许可证 变更") == [_task(4)]
    assert found("许可证") == [TASK, _task(4)]
    assert found("变更 食品") == [_task(4)]
    assert found("护照") == []
    assert found("许可证", XIHU) == [TASK]
    assert found("许可证", NANCHANG) == [TASK, _task(4)]
    assert found("许可证", CHONGQING) == []


@pytest.mark.requirement("A05")
def test_a_case_goes_to_the_one_queue_of_item_and_region() -> None:
    catalogue = _load()
    assert route(catalogue, TASK, DONGHU, ON).node == "donghu-spj"
    assert route(catalogue, TASK, XIHU, ON).node == "xihu-spj"


@pytest.mark.parametrize(
    "task, region, cause",
    [
        (_task(9), DONGHU, "NO_ITEM"),
        (_task(4), DONGHU, "ITEM_NOT_LIVE"),
        (_task(5), DONGHU, "ITEM_NOT_LIVE"),
        (TASK, CHONGQING, "NO_QUEUE"),
    ],
)
def test_no_queue_is_said_with_its_cause(task: str, region: str, cause: str) -> None:
    catalogue = _load()
    refused = _refusal(lambda: route(catalogue, task, region, ON))
    assert (refused.code, refused.values["cause"]) == ("ROUTE_NONE", cause)


@pytest.mark.requirement("A05")
def test_several_queues_are_no_guess() -> None:
    document = _document()
    document["queues"].append(_queue(node="donghu-other"))
    refused = _refusal(lambda: route(_load(document), TASK, DONGHU, ON))
    assert refused.code == "ROUTE_AMBIGUOUS"
    assert refused.values["nodes"] == "donghu-other,donghu-spj"


def test_loading_does_not_hold_on_to_the_callers_document() -> None:
    document = _document()
    catalogue = _load(document)
    kept = copy.deepcopy(catalogue.item(TASK))
    document["items"][0]["rule_groups"].clear()
    document["items"][0]["materials"].clear()
    assert catalogue.item(TASK) == kept
