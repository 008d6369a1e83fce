"""The rows of the law (states.md section 4). One row, one event; the article and the body's members stand beside it.

Here: the main path. Refusals, supplements, re-routing, special procedures, parents and the rest of states.md are
further rows of the same form.
"""

from hub.casework import effects as e
from hub.casework import guards as g
from hub.casework.casefile import BEFORE_DECISION, State
from hub.casework.law import Law, Party, Rule, Signers

_LIVE = tuple(state for state in State if state not in (State.DRAFT, State.PRE_REVIEW, State.ARCHIVED))
_WITH_PARCEL = (State.DECIDED, State.DELIVERING, State.CLOSED)
_WINDOW = frozenset({"COLLECTOR", "COLLECT_LEAD"})
_READERS = frozenset({"COLLECTOR", "COLLECT_LEAD", "ACCEPTOR", "REVIEWER", "DECIDER", "HEAD", "ISSUER"})
_HUB = frozenset({"hub"})
_PN, _N, _H = Signers.PERSON_AND_NODE, Signers.NODE, Signers.HUB


def _members(names: str) -> frozenset[str]:
    return frozenset(names.split())


ROWS = (
    Rule(
        "T05", "seal", (), State.COLLECTED, Party.COLLECTING, _WINDOW, _PN,
        (
            g.not_from_future, g.item_on_list, g.window_authorised, g.public_number_valid, g.application_sealed,
            g.lines_closed, g.declarations_given, g.applicant_key_given,
        ),
        (e.keep_sealing, e.start_forward_clock),
        "states.md T05; A03, A04, E04",
        _members(
            "task_code region catalogue manifest public_no applicant_key delivery "
            "no_classified applicant_signed privacy_notice insisted_defects"
        ),
        opening=e.open_case,
    ),
    Rule(
        "T08", "route", (State.COLLECTED,), State.FORWARDED, Party.HUB, _HUB, _H,
        (g.route_is_the_one,), (e.forward,), "states.md T08; A05",
        _members("accepting_node queue"),
    ),
    Rule(
        "T10", "delivered", (State.FORWARDED,), State.PENDING_ACCEPT, Party.ACCEPTING, frozenset({"department"}), _N,
        (g.not_from_future, g.delivered_whole), (e.hand_over, e.stop("K1"), e.start_accept_clock),
        "states.md T10; GB/T 39786-2021 8.4 h",
        _members("manifest"),
    ),
    Rule(
        "T14", "accept", (State.PENDING_ACCEPT,), State.UNDER_REVIEW, Party.ACCEPTING, frozenset({"ACCEPTOR"}), _PN,
        (g.not_from_future,), (e.effective_from_today, e.stop("K2"), e.start_decision_clocks),
        "states.md T14; 行政许可法 32(5), 42",
        frozenset(),
    ),
    Rule(
        "T31", "decide", (State.UNDER_REVIEW,), State.DECIDED, Party.ACCEPTING, frozenset({"DECIDER", "HEAD"}), _PN,
        (g.not_from_future, g.decide_grant, g.decision_complete),
        (e.keep_outcome, e.stop("K3", "K4"), e.start_delivery_clock),
        "states.md T31; F01, F04; 行政许可法 38",
        _members("outcome grant reasons appeal"),
    ),
    Rule(
        "T33", "issue", (State.DECIDED,), State.DELIVERING, Party.ACCEPTING, frozenset({"ISSUER"}), _PN,
        (g.not_from_future, g.seal_use_grant, g.result_sealed), (e.keep_sealing,), "states.md T33; E10, F03",
        _members("manifest grant applicant_packets"),
    ),
    Rule(
        "D4", "post", (State.DELIVERING,), None, Party.ACCEPTING, frozenset({"ISSUER"}), _PN,
        (g.not_from_future, g.parcel_possible), (e.open_parcel,), "states.md D4; A08, A17",
        _members("parcel gateway"),
    ),
    Rule(
        "T34", "delivered_proven", (State.DELIVERING,), State.CLOSED, Party.HUB, _HUB, _H,
        (g.proof_enough,), (e.stop("K8"),), "states.md T34, D5; postal.md 7",
        _members("parcel proof_level evidence"),
    ),
    Rule(
        "T35", "withdraw", BEFORE_DECISION, State.WITHDRAWN, Party.COLLECTING, _WINDOW, _PN,
        (g.not_from_future, g.withdrawal_written), (e.stop(),), "states.md T35; standards.md 4",
        _members("identity_checked paper"),
    ),
    Rule(
        "W1", "wrap", _LIVE, None, Party.KEY_HOLDER, frozenset({"window", "department", "recovery"}), _N,
        (g.not_from_future, g.wrap_valid), (e.keep_wrap,), "architecture: key packets; A24",
        _members("manifest recipient recipient_key packets"), chain="keys",
    ),
    Rule(
        "H02", "open_document", _LIVE, None, Party.EITHER, _READERS, _PN,
        (g.not_from_future, g.opening_has_purpose), (), "H02; 个人信息保护法 51",
        _members("manifest purpose"), chain="access",
    ),
    Rule(
        "D4W", "waybill", _WITH_PARCEL, None, Party.GATEWAY, frozenset({"gateway"}), _N,
        (g.not_from_future, g.parcel_known), (e.keep_waybill,), "states.md D4; A17",
        _members("parcel carrier waybill_no"), chain="tracking",
    ),
    Rule(
        "D5E", "parcel_event", _WITH_PARCEL, None, Party.GATEWAY, frozenset({"gateway"}), _N,
        (g.not_from_future, g.parcel_known), (e.keep_tracking,), "states.md D5–D8; postal.md 7",
        _members("parcel key status canonical signer_kind proof_level event_at"), chain="tracking",
    ),
)  # fmt: skip

LAW = Law(ROWS)
