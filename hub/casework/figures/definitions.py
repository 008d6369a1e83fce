"""What each figure means: printed with every report, so that two screens never differ (users.md C10).

Invariant: numerator, denominator and source of the rule stand beside each figure; a test holds the list against what a
report holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hub.casework.figures.values import STEP_WORDS
from hub.casework.time.clock_table import CLOCKS

ZONE: Final = "时间一律为北京时间（东八区），以枢纽记录时间为准；期间起止日都计入。"


@dataclass(frozen=True)
class Definition:
    """One figure: id as in the document, name, what is counted of what, where the rule stands."""

    id: str
    name: str
    numerator: str
    denominator: str
    source: str

    def as_object(self) -> Mapping[str, str]:
        """JSON form."""
        return dict(vars(self))


_FIXED: Final = (
    Definition("cases", "涉及办件数", "期间内至少有一项计入本表的办件", "—", "J05"),
    Definition("volume", "业务量", "期间内记入日志的该类行为，每次计一次；收件每件只计首次", "—", "J05、J06"),
    Definition("codes", "原因分布", "期间内该类行为所列的每个原因代码", "该类行为次数", "J09"),
    Definition("cards", "发牌数", "期间内发出且未撤销的牌", "—", "G01、G12"),
    Definition("lifted", "撤销的牌", "期间内发出、申诉后撤销的牌", "—", "G12"),
    Definition("ratings", "评价数", "期间内的评价，误评和恶意差评除外", "—", "国办发〔2019〕51号"),
    Definition("bad_ratings", "差评率", "四级、五级的公众评价项数", "公众评价总项数", "GB/T 39046-2020 A.8"),
    Definition("visits", "跑动次数", "期间内送达的办件中申请人到场的次数", "期间内送达的办件数", "A20、B19"),
    Definition("open", "在办件", "截止时尚未了结的办件；天数为收件次日起的工作日", "—", "F14"),
    Definition("overdue", "逾期在办件", "截止时受理、承诺、法定、转交或送达时限已过而未停的在办件", "在办件", "C15"),
    Definition(
        "LATE_ENTRY", "补录", "停电断网后注明补录的，或者申报时间后超过二十四小时才到达日志的人员行为", "—", "H04"
    ),
    Definition(
        "ENQUIRY",
        "咨询按时答复率",
        "期间内在答复期限（五个工作日，延期一次再加五个）内答复的咨询",
        "期间内答复的咨询，加上期间内到期而未答复的；记在现负责答复的单位",
        "GB/T 39046-2020 表10；F05",
    ),
    Definition("BAD_DIGEST", "摘要不符", "签收方退回、枢纽核对属实的次数", "—", "H04"),
)


def definitions() -> tuple[Definition, ...]:
    """All of them: the fixed ones, one a step, one a clock."""
    steps = tuple(
        Definition(
            step.value, f"{words}用时", "期间内走完这一段的办件用时：小时为自然小时，天为工作日，首日不计",
            "期间内走完这一段的次数；百分位用最近秩，超过一天的按整小时取", "J05、C06；行政许可法 45、82",
        )
        for step, words in STEP_WORDS.items()
    )  # fmt: skip
    clocks = tuple(
        Definition(
            rule.id, f"{rule.name}按时率", "期间内在时限内停止的次数", "期间内停止的次数，加上期间内到期而未停的次数",
            rule.citation,
        )
        for rule in CLOCKS.values()
    )  # fmt: skip
    return (*_FIXED, *steps, *clocks)
