"""What one case adds to the figures (J05): timestamped facts, read from its leaves by the law run again.

Invariants:
- codes, node ids, staff ids, times and counts; nothing of the applicant, not even the case's random id but where a
  list of overdue cases names it to those who handle it;
- every fact has the legal time at which it came about, so that a period takes it or leaves it.
"""

from dataclasses import dataclass
from enum import StrEnum

from hub.casework.states import State
from hub.casework.supervision.values import Card


class Fact(StrEnum):
    """What can be counted of a case."""

    COLLECTED = "COLLECTED"
    NOT_COLLECTED = "NOT_COLLECTED"
    ABANDONED = "ABANDONED"
    FORWARDED = "FORWARDED"
    DELIVERED = "DELIVERED"
    CONSTRUCTIVE = "CONSTRUCTIVE"
    BOUNCED = "BOUNCED"
    MISROUTED = "MISROUTED"
    RETURNED = "RETURNED"
    ACCEPTED = "ACCEPTED"
    DEEMED = "DEEMED"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    NOTICE = "NOTICE"
    SECOND_NOTICE = "SECOND_NOTICE"
    SUPPLEMENTED = "SUPPLEMENTED"
    TERMINATED = "TERMINATED"
    SUSPENDED = "SUSPENDED"
    EXTENDED = "EXTENDED"
    DECIDED = "DECIDED"
    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    ISSUED = "ISSUED"
    PROVEN = "PROVEN"
    WITHDRAWN = "WITHDRAWN"
    REFERRED = "REFERRED"
    VOIDED = "VOIDED"
    ARCHIVED = "ARCHIVED"
    COMPLAINED = "COMPLAINED"
    ENQUIRED = "ENQUIRED"
    LATE_ENTRY = "LATE_ENTRY"
    BAD_DIGEST = "BAD_DIGEST"
    BAD_IMAGES = "BAD_IMAGES"


FACT_WORDS = {
    Fact.COLLECTED: "收件",
    Fact.NOT_COLLECTED: "不予收件",
    Fact.ABANDONED: "草稿作废",
    Fact.FORWARDED: "转交",
    Fact.DELIVERED: "送达受理地",
    Fact.CONSTRUCTIVE: "视为签收",
    Fact.BOUNCED: "核验退回",
    Fact.MISROUTED: "送错改派",
    Fact.RETURNED: "退回窗口",
    Fact.ACCEPTED: "受理",
    Fact.DEEMED: "视为受理",
    Fact.NOT_ACCEPTED: "不予受理",
    Fact.NOTICE: "补正告知",
    Fact.SECOND_NOTICE: "再次补正告知",
    Fact.SUPPLEMENTED: "补正齐全",
    Fact.TERMINATED: "补正不来终止",
    Fact.SUSPENDED: "特别程序停钟",
    Fact.EXTENDED: "延长期限",
    Fact.DECIDED: "办结",
    Fact.GRANTED: "准予",
    Fact.REFUSED: "不予许可",
    Fact.ISSUED: "出件",
    Fact.PROVEN: "送达申请人",
    Fact.WITHDRAWN: "撤回",
    Fact.REFERRED: "转报",
    Fact.VOIDED: "作废",
    Fact.ARCHIVED: "归档",
    Fact.COMPLAINED: "投诉",
    Fact.ENQUIRED: "咨询",
    Fact.LATE_ENTRY: "补录",
    Fact.BAD_DIGEST: "摘要不符",
    Fact.BAD_IMAGES: "影像不合格",
}


ENQUIRY = "ENQUIRY"
"""The limit of an answer to an enquiry, beside the clocks (GB/T 39046-2020 table 10; F05)."""


class Step(StrEnum):
    """A stretch of the way, from one fact to the next (J05, C06); WHOLE and TO_HAND from the seal on."""

    FORWARD = "FORWARD"
    DELIVER = "DELIVER"
    ACCEPT = "ACCEPT"
    DECIDE = "DECIDE"
    ISSUE = "ISSUE"
    PROVE = "PROVE"
    WHOLE = "WHOLE"
    TO_HAND = "TO_HAND"


STEP_WORDS = {
    Step.FORWARD: "收件到转交",
    Step.DELIVER: "转交到签收",
    Step.ACCEPT: "签收到受理",
    Step.DECIDE: "受理到办结",
    Step.ISSUE: "办结到出件",
    Step.PROVE: "出件到送达",
    Step.WHOLE: "收件到办结",
    Step.TO_HAND: "收件到送达",
}
STEPS = {
    Step.FORWARD: (Fact.COLLECTED, Fact.FORWARDED),
    Step.DELIVER: (Fact.FORWARDED, Fact.DELIVERED),
    Step.ACCEPT: (Fact.DELIVERED, Fact.ACCEPTED),
    Step.DECIDE: (Fact.ACCEPTED, Fact.DECIDED),
    Step.ISSUE: (Fact.DECIDED, Fact.ISSUED),
    Step.PROVE: (Fact.ISSUED, Fact.PROVEN),
    Step.WHOLE: (Fact.COLLECTED, Fact.DECIDED),
    Step.TO_HAND: (Fact.COLLECTED, Fact.PROVEN),
}


@dataclass(frozen=True)
class Happened:
    """One fact: when, at which window and department the case was then; ``code``: reason or defects, or empty."""

    fact: Fact
    at: str
    window: str
    department: str
    code: str = ""


@dataclass(frozen=True)
class Took:
    """One step that ended ``at``: minutes by the clock, working days as the law counts them (pauses left out)."""

    step: Step
    at: str
    minutes: int
    days: int
    window: str
    department: str


@dataclass(frozen=True)
class Run:
    """One run of a clock K1 to K12, or one enquiry (``ENQUIRY``): start, last moment inside the limit, stop (empty
    while it runs).

    ``due``: empty while paused. ``expired``: the law has found it run out. An enquiry stands on the side of who answers
    for it, on neither while an overseer does.
    """

    clock: str
    started_at: str
    due: str
    stopped_at: str
    expired: bool
    window: str
    department: str

    def settled(self, as_of: str) -> tuple[str, bool] | None:
        """When the run was over, or its limit was, and whether within the limit; None while neither is at ``as_of``."""
        if self.stopped_at:
            return self.stopped_at, not self.expired and (not self.due or self.stopped_at <= self.due)
        if self.due and self.due < as_of:
            return self.due, False
        return None


@dataclass(frozen=True)
class Rated:
    """One rating: PUBLIC or INTERNAL, target, level 1 to 5; ``counts``: not excluded as false or malicious."""

    at: str
    kind: str
    target: str
    level: int
    counts: bool


@dataclass(frozen=True)
class Carded:
    """One card: rule, node, staff id of who answers (empty when nobody is named), how far it has come."""

    at: str
    rule: str
    node: str
    person: str
    status: str
    card: Card


@dataclass(frozen=True)
class CaseFigures:
    """One case. ``visits``: times that the applicant had to come to a counter (A20); ``top``: index of its newest leaf.

    ``theme``: of a parent (一件事, 多地联办); empty for a single case or a child, which are counted as cases.
    """

    case: str
    case_no: str
    task_code: str
    region: str
    window: str
    department: str
    state: State
    collected_at: str
    responsible: str
    theme: str
    visits: int
    top: int
    happened: tuple[Happened, ...]
    took: tuple[Took, ...]
    runs: tuple[Run, ...]
    ratings: tuple[Rated, ...]
    cards: tuple[Carded, ...]
