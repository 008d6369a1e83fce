"""The tables of a report, header first, in Chinese; the same rows go to the screen and into files.

Invariant: every table of figures is followed by the definitions that it was counted by.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from crypto import identity
from deploy.catalogue.files import Rows
from hub.casework import reasons
from hub.casework.catalogue.listing import Figures
from hub.casework.figures.definitions import ZONE, definitions
from hub.casework.figures.ledger import STATUS_WORDS, LedgerLine, Owed
from hub.casework.figures.people import Person
from hub.casework.figures.report import DIMENSION_WORDS, OTHERS, Dimension, Report
from hub.casework.figures.spread import decimal, percent
from hub.casework.figures.tally import Tally
from hub.casework.figures.values import ENQUIRY, FACT_WORDS, STEP_WORDS, CaseFigures, Fact, Step
from hub.casework.supervision.affiliation import WORDS as AFFILIATION_WORDS
from hub.casework.supervision.card_rules import Level, level_of
from hub.casework.time.clock_table import CLOCKS

Names = Callable[[Dimension, str], str]
Groups = Sequence[tuple[str, Tally]]
_LISTS: Mapping[Fact, reasons.Words] = {
    Fact.MISROUTED: reasons.MISROUTE_REASONS,
    Fact.NOT_ACCEPTED: reasons.REFUSAL_REASONS,
    Fact.RETURNED: reasons.RETURN_REASONS,
    Fact.BOUNCED: reasons.BOUNCE_REASONS,
    Fact.ABANDONED: reasons.DISCARD_REASONS,
    Fact.NOTICE: reasons.DEFECTS,
    Fact.SECOND_NOTICE: reasons.DEFECTS,
    Fact.ENQUIRED: reasons.ENQUIRY_TOPICS,
}
OVERDUE_RULES: Final[Rows] = [
    ["指标", "说明"],
    ["逾期", "尚未了结的办件，受理、承诺、法定、转交或者送达时限已过而没有停；每个时限一行（C15）"],
    ["逾期工作日", "到期日次日起，到统计当日为止的工作日"],
]
LEDGER_RULES: Final[Rows] = [
    ["指标", "说明"],
    ["实际日期", "历次发布的清单中第一次可以异地办理的生效日期，不以单位自报为准（J04）"],
    ["状态", "按期、逾期以实际日期对照计划日期；开通后停办：曾经可以办，现行清单不能办"],
    ["落后天数", "自然日；按期的和未到期的为 0"],
]
OWED_RULES: Final[Rows] = [
    ["指标", "说明"],
    ["应报日期", "按报送安排的日期，当日二十四时为止（J01、J02、J03）"],
    ["逾期天数", "自然日；迟报的算到收到之日，未报的算到今天；迟报不因补报而消除"],
]
"""What the lists mean that are no report: overdue cases, the progress ledger, reports that are owed."""


def tables_of(made: Report, names: Names, *, outside: bool = False) -> dict[str, Rows]:
    """All tables of a report by title, those of empty dimensions left out."""
    found: dict[str, Rows] = {}
    for dimension in Dimension:
        groups = made.tallies(dimension, outside=outside)
        if not groups:
            continue
        word = DIMENSION_WORDS[dimension]
        shown = [(_key(dimension, key, names), tally) for key, tally in groups]
        found[f"{word}_业务量"] = volumes(word, shown)
        found[f"{word}_用时"] = steps(word, shown)
        found[f"{word}_按时率"] = clocks(word, shown)
        found[f"{word}_监督"] = voices(word, shown)
        found[f"{word}_在办"] = load(word, shown)
    found["原因分布"] = codes(made.tallies(Dimension.ALL))
    found["口径"] = definition_rows()
    return found


def volumes(word: str, groups: Groups) -> Rows:
    """How often each fact came about."""
    facts = [fact for fact in Fact if any(tally.volume[fact] for _, tally in groups)]
    header = [word, "涉及办件数", *(FACT_WORDS[fact] for fact in facts)]
    return [header, *([key, str(tally.cases), *(str(tally.volume[fact]) for fact in facts)] for key, tally in groups)]


def steps(word: str, groups: Groups) -> Rows:
    """Durations: hours by the clock, working days by the law's counting."""
    units = ("均小时", "中位小时", "九成小时", "最长小时", "均工作日", "中位工作日", "九成工作日", "最长工作日")
    rows = [[word, "环节", "次数", *units]]
    for key, tally in groups:
        for step in (one for one in Step if one in tally.hours):
            hours, days = tally.hours[step].as_object(60), tally.days[step].as_object()
            values = [*hours.values(), *days.values()]
            rows.append([key, STEP_WORDS[step], str(tally.hours[step].n), *values])
    return rows


def clocks(word: str, groups: Groups) -> Rows:
    """On-time rate of each limit, and of answers to enquiries."""
    names = {**{name: rule.name for name, rule in CLOCKS.items()}, ENQUIRY: "咨询答复期限"}
    rows = [[word, "时限", "名称", "按时", "超期", "按时率"]]
    for key, tally in groups:
        for name, words in names.items():
            within, over = tally.within[name], tally.over[name]
            if within + over:
                rows.append([key, name, words, str(within), str(over), _share(within, within + over)])
    return rows


def voices(word: str, groups: Groups) -> Rows:
    """Cards that stand, cards lifted, ratings by level, complaints, enquiries."""
    header = [
        word,
        "预警",
        "黄牌",
        "红牌",
        "已撤销",
        *reasons.RATING_LEVELS.values(),
        "差评率",
        "投诉",
        "咨询",
        "单位互评差",
    ]
    rows = [header]
    for key, tally in groups:
        cards = [sum(n for rule, n in tally.cards.items() if level_of(rule) is level) for level in Level]
        levels = [_rated(tally, "PUBLIC", int(level)) for level in reasons.RATING_LEVELS]
        internal = _rated(tally, "INTERNAL", 4) + _rated(tally, "INTERNAL", 5)
        bad = tally.bad_ratings()
        values = [*cards, sum(tally.lifted.values()), *levels]
        asked = [str(tally.volume[fact]) for fact in (Fact.COMPLAINED, Fact.ENQUIRED)]
        rows.append([key, *map(str, values), bad + "%" if bad else "", *asked, str(internal)])
    return rows


def load(word: str, groups: Groups) -> Rows:
    """F14: what lies open at the end of the period, its age in working days; visits of those delivered."""
    rows = [[word, "在办", "其中逾期", "平均在办工作日", "最长在办工作日", "平均跑动次数"]]
    for key, tally in groups:
        ages, came = tally.open_ages.as_object(), tally.visits.as_object()
        shown = [ages.get("mean", ""), ages.get("max", ""), came.get("mean", "")]
        rows.append([key, str(tally.open_ages.n), str(tally.overdue), *shown])
    return rows


def codes(groups: Groups) -> Rows:
    """J09: why cases were refused, sent on, supplemented, bounced."""
    rows = [["行为", "原因", "次数"]]
    for _, tally in groups:
        for (fact, code), n in sorted(tally.codes.items()):
            rows.append([FACT_WORDS[fact], _LISTS.get(fact, {}).get(code, code), str(n)])
    return rows


def definition_rows() -> Rows:
    """What each figure means."""
    rows = [["指标", "名称", "分子", "分母", "依据"], ["时间", "时区", ZONE, "—", "系统约定"]]
    return rows + [[one.id, one.name, one.numerator, one.denominator, one.source] for one in definitions()]


def people_rows(found: Mapping[str, Person], bodies: Mapping[str, tuple[str, str]]) -> Rows:
    """G12, F07: staff ids, never names. ``bodies``: home department and service centre of each."""
    header = [
        "人员编号",
        *AFFILIATION_WORDS.values(),
        "承诺时限内",
        "超承诺时限",
        "按时率",
        "预警",
        "黄牌",
        "红牌",
        "其中申诉中",
        "已撤销",
    ]
    rows = [header]
    for subject, person in found.items():
        total = person.within + person.over
        counts = [person.cards[level] for level in Level]
        who = subject.rpartition("/person/")[2] if "/person/" in subject else "（未落实到人）"
        values = [person.within, person.over, _share(person.within, total), *counts, person.appealed, person.lifted]
        rows.append([who, *bodies[subject], *map(str, values)])
    return rows


def list_rows(
    figures: Figures, items: Sequence[tuple[str, str, str, str, str]], uncovered: Sequence[str]
) -> dict[str, Rows]:
    """Figures of the list: compression (C01), routable share (J07), coverage (D25), one visit (J08)."""
    shares = [
        ["可异地办理事项", str(figures.routable), str(figures.items), _share(figures.routable, figures.items), "J07"],
        [
            "有窗口收件的事项",
            str(figures.with_window),
            str(figures.items),
            _share(figures.with_window, figures.items),
            "D25",
        ],
        ["最多跑一次事项", str(figures.one_visit), str(figures.items), _share(figures.one_visit, figures.items), "J08"],
        ["即办件", str(figures.instant), str(figures.items), _share(figures.instant, figures.items), "C02"],
    ]
    bodies = [[body, decimal(share * 100) + "%"] for body, share in figures.compression.items()]
    return {
        "清单指标": [["指标", "事项数", "在办事项总数", "占比", "依据"], *shares],
        "部门压缩比": [["实施主体", "承诺时限较法定时限压缩"], *bodies],
        "事项压缩比": [["实施编码", "事项", "法定时限", "承诺时限", "压缩比"], *map(list, items)],
        "没有窗口的事项": [["实施编码"], *([code] for code in uncovered)],
        "口径": [
            ["指标", "说明"],
            ["压缩比", "（法定时限－承诺时限）÷法定时限；自然日按每周五个工作日折算；部门为其各事项的平均（C01）"],
            ["占比", "分母为当日可以收件的事项；可异地办理：七组规则齐全、有且只有一个受理队列（D15、D16）"],
        ],
    }


def overdue_rows(found: Sequence[tuple[str, str, CaseFigures, str, str, int]]) -> Rows:
    """C15: open cases beyond a limit, by business line; no names, the numbers alone."""
    rows = [["业务条线", "事项", "办件编号", "受理部门", "时限", "到期", "逾期工作日"]]
    for line, item, case, clock, due, days in found:
        name = identity.node_name(case.department) if case.department else ""
        rows.append(
            [line, item, case.case_no or case.case, name, CLOCKS[clock].name, due[:16].replace("T", " "), str(days)]
        )
    return rows


def ledger_rows(lines: Sequence[LedgerLine]) -> Rows:
    """J04."""
    rows = [["实施编码", "事项", "办理单位", "责任单位", "状态", "计划日期", "实际日期", "落后天数"]]
    for line in lines:
        plan = line.plan
        actual = line.actual.isoformat() if line.actual else ""
        values = [plan.task_code, line.name, plan.node, plan.unit, STATUS_WORDS[line.status]]
        rows.append([*values, plan.planned.isoformat(), actual, str(line.days)])
    return rows


def owed_rows(found: Sequence[Owed]) -> Rows:
    """J01 to J03: who is late with a report."""
    return [
        ["报送安排", "单位", "应报日期", "逾期天数"],
        *([o.schedule, o.node, o.due.isoformat(), str(o.days)] for o in found),
    ]


def _key(dimension: Dimension, key: str, names: Names) -> str:
    if key == OTHERS:
        return "其他（办件过少，合并）"
    return "合计" if dimension is Dimension.ALL else names(dimension, key)


def _rated(tally: Tally, kind: str, level: int) -> int:
    return sum(n for (one, _, at), n in tally.ratings.items() if (one, at) == (kind, level))


def _share(part: int, whole: int) -> str:
    return percent(part, whole) + "%" if whole else ""
