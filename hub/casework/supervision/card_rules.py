"""The rules of electronic supervision as data (standards.md 8; G01, F16): what raises a card, who answers for it.

Invariants:
- the codes are those of ``hub.casework.reasons.CARDS``, where their words stand;
- each rule has one way of being raised (``Raised``): by an act of the law, by time, or by an auditor's check of what
  the law's guards keep out of the log; no card has two sources.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hub.casework import reasons


class Level(StrEnum):
    """How serious: 预警, 黄牌, 红牌."""

    REMINDER = "REMINDER"
    YELLOW = "YELLOW"
    RED = "RED"


LEVELS: Final[Mapping[Level, str]] = {Level.REMINDER: "预警", Level.YELLOW: "黄牌", Level.RED: "红牌"}


class Raised(StrEnum):
    """What raises a card: an act, the hub when time has run, an auditor's finding."""

    BY_ACT = "by an act"
    BY_TIME = "by time"
    BY_AUDIT = "by an audit"


class Answers(StrEnum):
    """Which unit answers for a card."""

    COLLECTING = "收件地"
    ACCEPTING = "受理地"
    RECEIVER = "签收单位"
    SENDER = "送错的单位"
    COORDINATOR = "统筹"
    HANDLER = "办理单位"
    HUB = "枢纽"
    EXPORTER = "导出单位"


@dataclass(frozen=True)
class CardRule:
    """One rule. ``source``: what raises it, in words for people; ``clock``: whose limit it watches, where it is one."""

    id: str
    level: Level
    raised: Raised
    source: str
    answers: Answers
    citation: str
    clock: str = ""

    @property
    def words(self) -> str:
        """What it is called (``reasons.CARDS``)."""
        return reasons.CARDS[self.id]


_BY_ACT, _BY_TIME, _BY_AUDIT = Raised.BY_ACT, Raised.BY_TIME, Raised.BY_AUDIT
_YELLOW, _RED = Level.YELLOW, Level.RED
_TABLE: Final = (
    CardRule("W1", Level.REMINDER, _BY_TIME, "环节时限只剩一个工作日", Answers.HANDLER, "standards.md 8 (i)"),
    CardRule("W2", Level.REMINDER, _BY_TIME, "承诺时限用去百分之八十", Answers.ACCEPTING, "standards.md 8; C01", "K3"),
    CardRule("W3", Level.REMINDER, _BY_ACT, "满三个工作日无人接办，告知统筹", Answers.ACCEPTING, "states.md T13, 9"),
    CardRule("Y1", _YELLOW, _BY_TIME, "收件后超过转交时限仍未转出", Answers.COLLECTING, "states.md 2; A14", "K1"),
    CardRule("Y2", _YELLOW, _BY_TIME, "环节时限已过", Answers.ACCEPTING, "states.md 2; C06", "K5"),
    CardRule("Y3", _YELLOW, _BY_ACT, "满一个工作日未签收，枢纽视为签收", Answers.RECEIVER, "states.md T10b"),
    CardRule("Y4", _YELLOW, _BY_ACT, "原件或结果在寄出时限内没有封装或揽收", Answers.HANDLER, "states.md 2; O3", "K9"),
    CardRule("Y5", _YELLOW, _BY_ACT, "受理地指出影像低于归档规范", Answers.COLLECTING, "DA/T 31-2017; E06, H04"),
    CardRule("Y6", _YELLOW, _BY_ACT, "第二次送错部门，或退回又收下本单位的事项", Answers.SENDER, "states.md T23, 9"),
    CardRule(
        "Y7", _YELLOW, _BY_ACT, "改派时限已过，枢纽上报", Answers.COORDINATOR, "states.md 2 (K11), 10 (17)", "K11"
    ),
    CardRule("Y8", _YELLOW, _BY_TIME, "送达时限已过", Answers.HANDLER, "行政许可法 44", "K8"),
    CardRule("Y9", _YELLOW, _BY_TIME, "差评整改时限已过", Answers.HANDLER, "国办发〔2019〕51号; states.md 2", "K12"),
    CardRule("Y10", _YELLOW, _BY_TIME, "投诉答复时限已过", Answers.HANDLER, "GB/T 39046-2020 table 10; G07"),
    CardRule("Y11", _YELLOW, _BY_ACT, "特别程序到告知的日期自动恢复计时", Answers.ACCEPTING, "states.md T27"),
    CardRule("Y12", _YELLOW, _BY_ACT, "被征求意见的单位逾期未答复", Answers.HANDLER, "states.md T29"),
    CardRule("Y13", _YELLOW, _BY_ACT, "下级初审超过二十个工作日才转报", Answers.ACCEPTING, "行政许可法 43; T30"),
    CardRule("Y14", _YELLOW, _BY_ACT, "邮件到达后满一个工作日没有核收", Answers.RECEIVER, "states.md O5"),
    CardRule("Y15", _YELLOW, _BY_TIME, "咨询答复时限已过", Answers.HANDLER, "GB/T 39046-2020 table 10; F05, F16"),
    CardRule("R1", _RED, _BY_TIME, "承诺办结时限已过", Answers.ACCEPTING, "states.md 2; C01", "K3"),
    CardRule("R2", _RED, _BY_TIME, "法定办结时限已过", Answers.ACCEPTING, "行政许可法 42", "K4"),
    CardRule("R3", _RED, _BY_ACT, "五个工作日内没有告知，视为受理", Answers.ACCEPTING, "行政许可法 32(4); T15", "K2"),
    CardRule("R4", _RED, _BY_ACT, "特批的再次补正告知", Answers.ACCEPTING, "行政许可法 32(4); T19"),
    CardRule("R5", _RED, _BY_ACT, "特批的再次告知索要已经持有的材料", Answers.ACCEPTING, "E01, D03"),
    CardRule("R6", _RED, _BY_AUDIT, "停钟没有书面告知或没有法定事由", Answers.ACCEPTING, "行政许可法 45"),
    CardRule("R7", _RED, _BY_AUDIT, "决定时没有有效的授权", Answers.ACCEPTING, "F01, F04; T31"),
    CardRule("R8", _RED, _BY_AUDIT, "签名、链条或包含证明核验不通过", Answers.HUB, "states.md 10 (10)"),
    CardRule("R9", _RED, _BY_AUDIT, "没有导出授权而导出未脱敏的数据", Answers.EXPORTER, "H01; 个人信息保护法 51"),
    CardRule("R10", _RED, _BY_TIME, "送达时限过后又满五个工作日", Answers.HANDLER, "行政许可法 44", "K8"),
)
RULES: Final[Mapping[str, CardRule]] = {rule.id: rule for rule in _TABLE}


def level_of(kind: str) -> Level:
    """Level of a card; a kind that another version of the rules raised goes by its letter."""
    known = RULES.get(kind)
    if known is not None:
        return known.level
    return {"W": Level.REMINDER, "R": Level.RED}.get(kind[:1], Level.YELLOW)
