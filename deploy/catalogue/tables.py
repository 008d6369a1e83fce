"""The tables of a list: which there are, their columns, and which member of the document each column is.

Invariant: a column title stands once in its table; titles are what a file is read by, never the place of a column.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from deploy.catalogue import cells, words
from deploy.catalogue.cells import Kind


class Empty(Enum):
    """What an empty cell says."""

    REFUSED = "it has to be filled in"
    ABSENT = "the member is left out"
    VALUE = "the member has its empty value"


@dataclass(frozen=True, slots=True)
class Column:
    """``path``: members from the entry down; ``blank``: the value of an empty cell when ``empty`` is VALUE."""

    title: str
    path: tuple[str, ...]
    kind: Kind = cells.TEXT
    empty: Empty = Empty.REFUSED
    blank: Any = ""


@dataclass(frozen=True, slots=True)
class Table:
    """``member``: list of the document, or of the owner, that the rows are; ``owner``: title of the table whose entries
    they belong to, by the columns ``key`` that both have.
    """

    title: str
    member: str
    columns: tuple[Column, ...]
    owner: str = ""
    key: tuple[str, ...] = ()
    needed: bool = False

    def titles(self) -> list[str]:
        """Column titles, the owner's key first."""
        return [*self.key, *(column.title for column in self.columns)]


def _maybe(title: str, path: str, kind: Kind = cells.TEXT) -> Column:
    return Column(title, tuple(path.split(".")), kind, Empty.ABSENT)


def _must(title: str, path: str, kind: Kind = cells.TEXT) -> Column:
    return Column(title, tuple(path.split(".")), kind)


def _blank(title: str, path: str, kind: Kind = cells.TEXT, blank: Any = "") -> Column:
    return Column(title, tuple(path.split(".")), kind, Empty.VALUE, blank)


def _limit(title: str, path: str) -> tuple[Column, Column]:
    return (
        _must(title, f"{path}.n", cells.NUMBER),
        _must(f"{title}单位", f"{path}.unit", cells.words(words.UNITS)),
    )


_WITHDRAWAL: Final = (
    _maybe("撤回原因", "withdrawal.reason"),
    _maybe("撤回批准文号", "withdrawal.approval"),
    _maybe("撤回日期", "withdrawal.from", cells.DAY),
)
ITEM_KEY: Final = "实施编码"

TABLES: Final = (
    Table(
        "版本", "",
        (
            _must("版本号", "version"),
            _must("生效日期", "effective_from", cells.DAY),
            _blank("终止日期", "effective_to", cells.DAY, None),
            _maybe("差评整改工作日数", "rating_fix_days", cells.NUMBER),
        ),
        needed=True,
    ),
    Table(
        "事项", "items",
        (
            _must(ITEM_KEY, "task_code"),
            _must("基本编码", "catalog_code"),
            _must("事项名称", "name"),
            _must("事项类型", "item_type"),
            _must("行使层级", "level"),
            _must("办件类型", "case_type", cells.words(words.CASE_TYPES)),
            _must("通办范围", "scope", cells.many_words(words.SCOPES)),
            _must("办理方式", "modes", cells.many_words(words.MODES)),
            _must("依法须到场", "in_person_required", cells.FLAG),
            _must("状态", "status", cells.words(words.STATUSES)),
            _must("生效日期", "effective_from", cells.DAY),
            _blank("终止日期", "effective_to", cells.DAY, None),
            _must("实施主体", "implementing_body.name"),
            _must("实施主体代码", "implementing_body.credit_code"),
            _must("实施主体区划", "implementing_body.region"),
            *_limit("法定时限", "statutory_limit"),
            *_limit("承诺时限", "promised_limit"),
            _must("适用行政许可法", "licensing_law", cells.FLAG),
            _must("受理期限起算", "receipt_basis", cells.words(words.RECEIPTS)),
            _must("送达证明等级", "required_proof_level", cells.NUMBER),
            _blank("原件说明", "originals_note"),
            _must("结果名称", "result.name"),
            _must("结果种类", "result.kind"),
            _blank("设定依据", "legal_basis"),
            _blank("收费", "fees"),
            _must("监督举报方式", "complaint_channel"),
            *(_maybe(f"规则_{word}", f"rule_groups.{name}") for name, word in words.RULE_GROUPS.items()),
            _maybe("标签", "tags", cells.many_words(words.TAGS)),
            _maybe("业务分类", "business_class"),
            _maybe("办理层级", "handling_level"),
            _maybe("前置环节", "prerequisites", cells.LINES),
            _maybe("帮代办收费（分）", "assisted_fee", cells.NUMBER),
            *_WITHDRAWAL,
            _maybe("不进平台", "exclusion.kind", cells.words(words.EXCLUSIONS)),
            _maybe("不进平台批准文号", "exclusion.approval"),
            _maybe("决定方式", "decision_by", cells.words(words.DECISIONS)),
            *(_maybe(f"环节时限_{word}", f"steps.{step}", cells.NUMBER) for step, word in words.STEP_NAMES.items()),
            _maybe("指南版本", "guide.version"),
            _maybe("审查细则", "guide.review_rules"),
            _maybe("注意事项", "guide.cautions", cells.LINES),
            _maybe("示范文本", "guide.sample_forms", cells.LINES),
            _maybe("常见错误", "guide.common_mistakes", cells.LINES),
            *(_maybe(f"操作指南_{word}", f"guide.modes.{mode}") for mode, word in words.MODES.items()),
        ),
        needed=True,
    ),
    Table(
        "特别程序", "special_procedures",
        (_must("种类", "kind"), _must("停止计时", "stops_clock", cells.FLAG), _maybe("依据", "legal_basis")),
        owner="事项", key=(ITEM_KEY,),
    ),
    Table(
        "材料", "materials",
        (
            _must("材料编码", "code"),
            _must("材料名称", "name"),
            _must("主要材料", "key", cells.FLAG),
            _must("取得方式", "acquisition", cells.many_words(words.ACQUISITIONS)),
            _must("原件处理", "original_policy", cells.words(words.ORIGINALS)),
            _blank("依据", "legal_basis"),
            _must("份数", "copies", cells.NUMBER),
            _must("彩色", "colour", cells.FLAG),
            _maybe("适用情形", "when", cells.CONDITION),
            _maybe("最低可信等级", "trust_level", cells.words(words.TRUST)),
            _maybe("原件到达", "needed_by", cells.words(words.STEPS)),
            _maybe("由何材料涵盖", "covered_by", cells.CODES),
            _maybe("容缺", "allowance.tolerance", cells.words(words.TOLERANCES)),
            _maybe("容缺天数", "allowance.days", cells.NUMBER),
            _maybe("可承诺", "allowance.commitment", cells.FLAG),
            _maybe("附遮盖件", "masked", cells.FLAG),
        ),
        owner="事项", key=(ITEM_KEY,), needed=True,
    ),
    Table(
        "情形", "situations",
        (_must("题号", "code"), _must("问题", "question"), _maybe("前提", "when", cells.CONDITION)),
        owner="事项", key=(ITEM_KEY,),
    ),
    Table(
        "情形选项", "choices", (_must("选项", "code"), _must("文字", "text")),
        owner="情形", key=(ITEM_KEY, "题号"),
    ),
    Table(
        "常见问题", "guide.faq", (_must("问", "question"), _must("答", "answer")), owner="事项", key=(ITEM_KEY,),
    ),
    Table(
        "本地补充", "guide.supplements",
        (_must("标注", "label"), _must("区划", "region"), _must("内容", "text")),
        owner="事项", key=(ITEM_KEY,),
    ),
    Table(
        "队列", "queues",
        (
            _must("区划", "region"), _must(ITEM_KEY, "task_code"), _must("节点", "node"), _must("队列", "queue"),
            _blank("联络", "liaison"),
        ),
        needed=True,
    ),
    Table(
        "窗口", "windows",
        (
            _must("节点", "node"),
            _must("窗口类型", "kind", cells.words(words.WINDOW_KINDS)),
            _must("区划", "region"),
            _blank("可收事项", "may_collect", cells.CODES, []),
            _must("转交时限（小时）", "timetable.forward_limit_hours", cells.NUMBER),
            _must("夏季起", "timetable.summer.from"),
            _must("夏季止", "timetable.summer.to"),
            _must("夏季时段", "timetable.summer.hours", cells.SPANS),
            _must("冬季时段", "timetable.winter.hours", cells.SPANS),
            _must("办公日", "timetable.weekdays", cells.WEEKDAYS),
            _maybe("延时服务", "timetable.extended", cells.SPANS_BY_KEY),
            _maybe("特殊日期", "timetable.special_days", cells.SPANS_BY_KEY),
            _maybe("地址", "address"),
            _maybe("电话", "telephone"),
            _maybe("权限", "powers", cells.many_words(words.POWERS)),
            _maybe("委托单位", "delegated_by"),
            _maybe("季节设置", "seasons", cells.RANGES),
            *_WITHDRAWAL,
        ),
        needed=True,
    ),
    Table(
        "协议", "agreements",
        (
            _must("协议编号", "id"), _must("甲方", "a"), _must("乙方", "b"), _must("事项范围", "items", cells.CODES),
            _must("起", "from", cells.DAY), _blank("止", "to", cells.DAY, None),
        ),
    ),
    Table(
        "节点", "places",
        (
            _must("节点", "node"), _must("种类", "kind", cells.words(words.PLACES)), _must("区划", "region"),
            _maybe("上级节点", "parent"), _maybe("代表主体", "bodies", cells.CODES),
            _maybe("赋权受理", "may_accept", cells.CODES), _maybe("内部股室", "sections", cells.CODES),
        ),
    ),
    Table(
        "部门", "departments",
        (
            _must("部门代码", "code"), _must("部门名称", "name"), _must("区划", "region"),
            _must("各种写法", "aliases", cells.CODES),
        ),
    ),
    Table(
        "一件事", "themes",
        (
            _must("编码", "code"), _must("名称", "name"), _must("状态", "status", cells.words(words.THEME_STATUSES)),
            _blank("申请人", "applicant", cells.words(words.APPLICANTS)), _must("来源名单", "lists", cells.LISTED),
            _must("牵头部门代码", "lead"), _blank("配合单位代码", "cooperating", cells.CODES, []),
            _must("一键评价", "rating", cells.FLAG), _maybe("实施方案", "plan", cells.JSON),
        ),
    ),
)  # fmt: skip
BY_TITLE: Final[Mapping[str, Table]] = {table.title: table for table in TABLES}


def inner(title: str) -> Iterator[Table]:
    """Tables whose rows belong to entries of the table ``title``."""
    return (table for table in TABLES if table.owner == title)
