"""The rows of the law (states.md section 4). One row, one event; the article and the body's members stand beside it.

Here: how a case begins at the window, is handed on, accepted, supplemented or refused, decided and delivered. Special
procedures, steps, parents and the rest of states.md are further rows of the same form.
"""

from hub.casework import effects as e
from hub.casework import effects_entry as ee
from hub.casework import effects_route as er
from hub.casework import effects_supplement as es
from hub.casework import guards as g
from hub.casework import guards_entry as ge
from hub.casework import guards_route as gr
from hub.casework import guards_supplement as gs
from hub.casework.casefile import BEFORE_DECISION, State
from hub.casework.law import Law, Party, Rule, Signers

_LIVE = tuple(state for state in State if state is not State.ARCHIVED)
_WITH_PARCEL = (State.DECIDED, State.DELIVERING, State.CLOSED)
_WINDOW = frozenset({"COLLECTOR", "COLLECT_LEAD"})
_ACCEPTOR = frozenset({"ACCEPTOR"})
_COORDINATOR = frozenset({"COORDINATOR"})
_READERS = frozenset({"COLLECTOR", "COLLECT_LEAD", "ACCEPTOR", "REVIEWER", "DECIDER", "HEAD", "ISSUER"})
_HUB = frozenset({"hub"})
_WINDOW_NODE = frozenset({"window"})
_DEPARTMENT_NODE = frozenset({"department"})
_PN, _N, _H = Signers.PERSON_AND_NODE, Signers.NODE, Signers.HUB


def _members(names: str) -> frozenset[str]:
    return frozenset(names.split())


_SEAL_GUARDS = (
    g.not_from_future, ge.item_on_list, ge.window_authorised, ge.public_number_valid, ge.application_sealed,
    ge.lines_closed, ge.declarations_given, ge.applicant_key_given,
)  # fmt: skip
_SEAL_EFFECTS = (ee.keep_application, e.keep_sealing, ee.start_forward_clock)
_SEAL_MEMBERS = _members(
    "task_code region catalogue manifest public_no applicant_key delivery "
    "no_classified applicant_signed privacy_notice insisted_defects"
)
_DECLINE_GUARDS = (g.not_from_future, ge.window_authorised, ge.decline_complete)
_DECLINE_MEMBERS = _members("task_code region catalogue missing applicant_agreed paper")
_DISCARD_MEMBERS = _members("task_code region catalogue reason")
_NOTICE_MEMBERS = _members("lines due methods manifest")

ENTRY = (
    Rule(
        "T03", "ask_pre_review", (), State.PRE_REVIEW, Party.COLLECTING, _WINDOW, _PN,
        (
            g.not_from_future, ge.window_authorised, ge.pre_review_sealed, ge.pre_review_routed,
            ge.pre_review_declared,
        ),
        (ee.ask_department, e.keep_sealing), "states.md T03; E05",
        _members("task_code region catalogue manifest accepting_node queue no_classified privacy_notice"),
        opening=ee.open_case,
    ),
    Rule(
        "T04", "pre_review_answer", (State.PRE_REVIEW,), State.DRAFT, Party.ACCEPTING, _ACCEPTOR, _PN,
        (g.not_from_future, ge.answer_complete), (), "states.md T04; E05", _members("answer lines"),
    ),
    Rule(
        "T05", "seal", (), State.COLLECTED, Party.COLLECTING, _WINDOW, _PN, _SEAL_GUARDS, _SEAL_EFFECTS,
        "states.md T05; A03, A04, E04", _SEAL_MEMBERS, opening=ee.open_case,
    ),
    Rule(
        "T05R", "seal", (State.DRAFT,), State.COLLECTED, Party.COLLECTING, _WINDOW, _PN, _SEAL_GUARDS, _SEAL_EFFECTS,
        "states.md T05, T24; A03, A04, E04", _SEAL_MEMBERS,
    ),
    Rule(
        "T06", "decline", (), State.NOT_COLLECTED, Party.COLLECTING, _WINDOW, _PN, _DECLINE_GUARDS, (),
        "states.md T06; E04; 行政许可法 32(4)", _DECLINE_MEMBERS, opening=ee.open_case,
    ),
    Rule(
        "T06R", "decline", (State.DRAFT,), State.NOT_COLLECTED, Party.COLLECTING, _WINDOW, _PN, _DECLINE_GUARDS, (),
        "states.md T06; E04; 行政许可法 32(4)", _DECLINE_MEMBERS,
    ),
    Rule(
        "T07", "discard", (), State.ABANDONED, Party.COLLECTING, _WINDOW_NODE, _N,
        (g.not_from_future, ge.item_known, ge.discard_reason_known), (), "states.md T07", _DISCARD_MEMBERS,
        opening=ee.open_case,
    ),
    Rule(
        "T07R", "discard", (State.DRAFT, State.PRE_REVIEW), State.ABANDONED, Party.COLLECTING, _WINDOW_NODE, _N,
        (g.not_from_future, ge.item_known, ge.discard_reason_known, ge.never_sealed), (), "states.md T07",
        _DISCARD_MEMBERS,
    ),
    Rule(
        "T35", "withdraw", BEFORE_DECISION, State.WITHDRAWN, Party.COLLECTING, _WINDOW, _PN,
        (g.not_from_future, ge.withdrawal_written), (e.stop(),), "states.md T35; standards.md 4",
        _members("identity_checked paper"),
    ),
)  # fmt: skip

HAND_OFF = (
    Rule(
        "T08", "route", (State.COLLECTED,), State.FORWARDED, Party.HUB, _HUB, _H,
        (gr.no_open_bounce, gr.route_is_the_one), (er.forward,), "states.md T08; A05",
        _members("accepting_node queue"),
    ),
    Rule(
        "T09", "route_failed", (State.COLLECTED,), State.REROUTING, Party.HUB, _HUB, _H,
        (gr.no_open_bounce, gr.route_fails, gr.coordinator_there), (er.ask_coordinator,), "states.md T09; A05",
        _members("cause"),
    ),
    Rule(
        "T10", "delivered", (State.FORWARDED,), State.PENDING_ACCEPT, Party.ACCEPTING, _DEPARTMENT_NODE, _N,
        (g.not_from_future, gr.delivered_whole), (er.hand_over, e.stop("K1"), er.start_accept_clock),
        "states.md T10; GB/T 39786-2021 8.4 h", _members("manifest"),
    ),
    Rule(
        "T10b", "constructive_delivery", (State.FORWARDED,), State.PENDING_ACCEPT, Party.HUB, _HUB, _H,
        (gr.delivered_whole, gr.delivery_is_constructive),
        (er.hand_over, e.stop("K1"), er.start_accept_clock, er.card_receiver), "states.md T10b",
        _members("cause manifest"),
    ),
    Rule(
        "T11", "retry", (State.FORWARDED,), None, Party.HUB, _HUB, _H,
        (gr.retry_due,), (er.count_retry,), "states.md T11", _members("attempt"),
    ),
    Rule(
        "T12", "bounced", (State.FORWARDED,), State.COLLECTED, Party.ACCEPTING, _DEPARTMENT_NODE, _N,
        (g.not_from_future, gr.delivered_whole, gr.bounce_reason_known), (er.keep_bounce,), "states.md T12",
        _members("manifest reason"),
    ),
    Rule(
        "T12E", "bounce_examined", (State.COLLECTED,), None, Party.HUB, _HUB, _H,
        (gr.bounce_unexamined,), (er.keep_finding,), "states.md T10b, T12", _members("bounce finding"),
    ),
    Rule(
        "T12R", "resend", (State.COLLECTED,), None, Party.COLLECTING, _WINDOW_NODE, _N,
        (g.not_from_future, gr.resent_the_same), (er.keep_resent,), "states.md T12; promise 5", _members("manifest"),
    ),
    Rule(
        "T12D", "reopen", (State.COLLECTED,), State.DRAFT, Party.COLLECTING, _WINDOW, _PN,
        (g.not_from_future, gr.lost_for_good), (er.give_up_bounce, er.back_to_window, e.stop()),
        "states.md T12; invariant 12", _members("reason"),
    ),
    Rule(
        "T22", "misrouted", (State.PENDING_ACCEPT,), State.REROUTING, Party.ACCEPTING, _ACCEPTOR, _PN,
        (g.not_from_future, gr.hops_left, gr.misroute_told, gr.coordinator_there),
        (er.keep_hop, e.stop("K2"), er.ask_coordinator), "states.md T22; A05, F05", _members("reason target queue"),
    ),
    Rule(
        "T23", "redirect", (State.REROUTING,), State.FORWARDED, Party.COORDINATOR, _COORDINATOR, _PN,
        (g.not_from_future, gr.target_live, gr.target_is_new, gr.lead_on_third_hop),
        (er.card_wrong_route, er.direct, er.forward, e.stop("K11")), "states.md T23, 9; A05",
        _members("accepting_node queue forced second_person"),
    ),
    Rule(
        "T23H", "redirected", (State.REROUTING,), State.FORWARDED, Party.HUB, _HUB, _H,
        (gr.proposal_is_the_lists,), (er.card_wrong_route, er.direct, er.forward, e.stop("K11")),
        "states.md T23; A05", _members("accepting_node queue"),
    ),
    Rule(
        "T24", "return_to_window", (State.REROUTING,), State.DRAFT, Party.COORDINATOR, _COORDINATOR, _PN,
        (g.not_from_future, gr.return_reason_known), (er.back_to_window, e.stop()), "states.md T24",
        _members("reason"),
    ),
    Rule(
        "K11", "escalate", (State.REROUTING,), None, Party.HUB, _HUB, _H,
        (gr.reroute_overdue,), (er.escalate,), "states.md 2 (K11), 10 (17)", _members("clock due"),
    ),
)  # fmt: skip

ACCEPTANCE = (
    Rule(
        "T14", "accept", (State.PENDING_ACCEPT,), State.UNDER_REVIEW, Party.ACCEPTING, _ACCEPTOR, _PN,
        (g.not_from_future,), (es.effective_from_completion, e.stop("K2"), e.start_decision_clocks),
        "states.md T14; 行政许可法 32(5), 42", frozenset(),
    ),
    Rule(
        "T15", "deem_accept", (State.PENDING_ACCEPT,), State.UNDER_REVIEW, Party.HUB, _HUB, _H,
        (gs.accept_clock_expired,), (es.deem, e.start_decision_clocks), "states.md T15; 行政许可法 32(4)",
        _members("clock due"),
    ),
    Rule(
        "T16", "supplement_notice", (State.PENDING_ACCEPT,), State.SUPPLEMENT, Party.ACCEPTING, _ACCEPTOR, _PN,
        (g.not_from_future, gs.first_notice, gs.notice_complete, gs.words_sealed),
        (es.keep_words, es.keep_notice, e.stop("K2")), "states.md T16; 行政许可法 32(4); E01", _NOTICE_MEMBERS,
    ),
    Rule(
        "T17", "supplement_part", (State.SUPPLEMENT,), None, Party.SUPPLIER, _WINDOW, _PN,
        (g.not_from_future, gs.addendum_sealed, gs.only_demanded, gs.supplement_signed), (e.keep_sealing, es.handed_in),
        "states.md T17; I06", _members("manifest materials applicant_signed"),
    ),
    Rule(
        "T17E", "extend_due", (State.SUPPLEMENT,), None, Party.ACCEPTING, _ACCEPTOR, _PN,
        (g.not_from_future, gs.extension_asked), (es.move_due,), "states.md T17", _members("due paper"),
    ),
    Rule(
        "T18", "supplement_complete", (State.SUPPLEMENT,), State.PENDING_ACCEPT, Party.HUB, _HUB, _H,
        (gs.supplement_whole,), (e.stop("K6"), er.start_accept_clock),
        "states.md T18; 行政许可法 32(5)", _members("addenda"),
    ),
    Rule(
        "T19", "second_notice", (State.PENDING_ACCEPT,), State.SUPPLEMENT, Party.ACCEPTING, _ACCEPTOR, _PN,
        (
            g.not_from_future, gs.notice_before, gs.notice_complete, gs.second_notice_founded, gs.head_signs_too,
            gs.words_sealed,
        ),
        (es.keep_words, es.keep_notice, e.stop("K2"), es.card_second_notice),
        "states.md T19; 行政许可法 32(4)", _NOTICE_MEMBERS | _members("basis second_person"),
    ),
    Rule(
        "T20", "lapse", (State.SUPPLEMENT,), State.TERMINATED, Party.ACCEPTING, _ACCEPTOR, _PN,
        (g.not_from_future, gs.lapse_due), (e.stop(),), "states.md T20", _members("reminder_paper"),
    ),
    Rule(
        "T21", "refuse_accept", (State.PENDING_ACCEPT,), State.NOT_ACCEPTED, Party.ACCEPTING, _ACCEPTOR, _PN,
        (g.not_from_future, gs.refusal_founded, gs.refusal_reasoned, gs.words_sealed), (es.keep_words, e.stop()),
        "states.md T21; 行政许可法 32(1)(2)", _members("reason competent_body appeal reasons manifest"),
    ),
    Rule(
        "A1", "admit", (State.SUPPLEMENT,), None, Party.HUB, _HUB, _H,
        (gs.helper_admissible,), (es.admit_helper,), "states.md T17; A24", _members("node basis"), chain="access",
    ),
)  # fmt: skip

DECISION = (
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
)  # fmt: skip

SIDE = (
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

ROWS = (*ENTRY, *HAND_OFF, *ACCEPTANCE, *DECISION, *SIDE)
LAW = Law(ROWS)
