"""The states of a case and of a parent (states.md 3, 8), with their Chinese words."""

from enum import StrEnum


class State(StrEnum):
    """States of a single case (states.md section 3), and of a parent (section 8)."""

    DRAFT = "DRAFT"
    PRE_REVIEW = "PRE_REVIEW"
    COLLECTED = "COLLECTED"
    REROUTING = "REROUTING"
    FORWARDED = "FORWARDED"
    PENDING_ACCEPT = "PENDING_ACCEPT"
    SUPPLEMENT = "SUPPLEMENT"
    UNDER_REVIEW = "UNDER_REVIEW"
    SUSPENDED = "SUSPENDED"
    DECIDED = "DECIDED"
    DELIVERING = "DELIVERING"
    CLOSED = "CLOSED"
    ARCHIVED = "ARCHIVED"
    NOT_COLLECTED = "NOT_COLLECTED"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    WITHDRAWN = "WITHDRAWN"
    TERMINATED = "TERMINATED"
    REFERRED = "REFERRED"
    VOIDED = "VOIDED"
    ABANDONED = "ABANDONED"
    P_COLLECTED = "P_COLLECTED"
    P_DISPATCHED = "P_DISPATCHED"
    P_SUPPLEMENT = "P_SUPPLEMENT"
    P_IN_PROGRESS = "P_IN_PROGRESS"
    P_CONCLUDED = "P_CONCLUDED"
    P_DELIVERING = "P_DELIVERING"
    P_CLOSED = "P_CLOSED"
    P_ARCHIVED = "P_ARCHIVED"
    P_WITHDRAWN = "P_WITHDRAWN"
    P_FAILED = "P_FAILED"


PARENT_STATES = frozenset(state for state in State if state.startswith("P_"))
"""States of a parent (多地联办, 一件事; states.md 8). Its drafts are the window's own, as a single case's are."""
PARENT_OPEN = (
    *(State.P_COLLECTED, State.P_DISPATCHED, State.P_SUPPLEMENT, State.P_IN_PROGRESS),
    *(State.P_CONCLUDED, State.P_DELIVERING),
)
PARENT_ENDS = frozenset({State.P_CLOSED, State.P_WITHDRAWN, State.P_FAILED})

CHINESE = {
    State.DRAFT: "登记中",
    State.PRE_REVIEW: "预审中",
    State.COLLECTED: "已收件",
    State.REROUTING: "待改派",
    State.FORWARDED: "已转交待签收",
    State.PENDING_ACCEPT: "待受理",
    State.SUPPLEMENT: "补正中",
    State.UNDER_REVIEW: "办理中",
    State.SUSPENDED: "特别程序中",
    State.DECIDED: "已决定",
    State.DELIVERING: "送达中",
    State.CLOSED: "已结案",
    State.ARCHIVED: "已归档",
    State.NOT_COLLECTED: "不予收件",
    State.NOT_ACCEPTED: "不予受理",
    State.WITHDRAWN: "已撤回",
    State.TERMINATED: "终止",
    State.REFERRED: "转报中",
    State.VOIDED: "作废",
    State.ABANDONED: "草稿作废",
    State.P_COLLECTED: "联办已收件",
    State.P_DISPATCHED: "联办已分送",
    State.P_SUPPLEMENT: "联办补正中",
    State.P_IN_PROGRESS: "联办办理中",
    State.P_CONCLUDED: "联办已办结",
    State.P_DELIVERING: "联办送达中",
    State.P_CLOSED: "联办已结案",
    State.P_ARCHIVED: "联办已归档",
    State.P_WITHDRAWN: "联办已撤回",
    State.P_FAILED: "联办未成",
}
BEFORE_DECISION = (
    State.DRAFT,
    State.PRE_REVIEW,
    State.COLLECTED,
    State.REROUTING,
    State.FORWARDED,
    State.PENDING_ACCEPT,
    State.SUPPLEMENT,
    State.UNDER_REVIEW,
    State.SUSPENDED,
    State.REFERRED,
)
