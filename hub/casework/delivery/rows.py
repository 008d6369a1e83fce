"""Rows: the result's way to the applicant (T34; states.md 6, D1 to D11)."""

from hub.casework import common as c
from hub.casework.access import effects as ae
from hub.casework.decision import guards as dg
from hub.casework.delivery import effects as ve
from hub.casework.delivery import guards as vg
from hub.casework.law import Party, Rule
from hub.casework.originals import effects as oe
from hub.casework.parents import guards_child as fk
from hub.casework.row_values import (
    APPLICANTS,
    BY_HUB,
    DEPARTMENT_NODE,
    HUB,
    INTAKE_NODE,
    NODE,
    PERSON,
    WINDOW,
    WITH_PAPER,
    members,
)
from hub.casework.states import BEFORE_DECISION, PARENT_OPEN, State

_CHAIN = "delivery"
_ISSUER = frozenset({"ISSUER"})
_GATEWAY = frozenset({"gateway"})
_COUNTER = WINDOW | _ISSUER
_GOING_OUT = (State.DELIVERING, State.P_DELIVERING)
"""The result of a case, or those of a parent's parts at its one exit (P8)."""
_CHOOSABLE = tuple(
    state for state in (*BEFORE_DECISION, State.DECIDED, State.DELIVERING, *PARENT_OPEN)
    if state not in (State.DRAFT, State.PRE_REVIEW)
)  # fmt: skip

ROWS = (
    Rule(
        "D1", "choose_delivery", _CHOOSABLE, None, Party.SUPPLIER, WINDOW, APPLICANTS,
        (c.not_from_future, fk.exit_is_one, vg.delivery_choosable), (ve.choose,), "states.md D1; I01",
        members("delivery paper"), chain=_CHAIN,
    ),
    Rule(
        "D2C", "lay_out", _GOING_OUT, None, Party.EITHER, _COUNTER, PERSON,
        (c.not_from_future, fk.exit_is_one, vg.may_lie_at_counter), (ve.lay_out,), "states.md D2, D8",
        members("notice"), chain=_CHAIN,
    ),
    Rule(
        "D2", "hand_over", _GOING_OUT, None, Party.EITHER, _COUNTER, PERSON,
        (c.not_from_future, fk.exit_is_one, vg.result_at_this_counter, vg.receiver_checked),
        (ve.hand_over, ve.stop_when_proven),
        "states.md D2; I07; 行政许可法 29", members("identity_checked proxy signature"),
    ),
    Rule(
        "D3", "e_opened", (State.DELIVERING,), None, Party.EITHER, INTAKE_NODE | DEPARTMENT_NODE, NODE,
        (c.not_from_future, fk.exit_is_one, vg.electronic_result_opened), (ve.open_electronic, ve.stop_when_proven),
        "states.md D3; I06", members("manifest"), chain=_CHAIN,
    ),
    Rule(
        "D4", "post", (State.DELIVERING,), None, Party.ACCEPTING, _ISSUER, PERSON,
        (c.not_from_future, fk.exit_is_one, vg.parcel_possible, vg.result_ready), (ve.open_parcel,),
        "states.md D4, D8; A08, A17, E09",
        members("parcel gateway kind"),
    ),
    Rule(
        "T34", "delivered_proven", (State.DELIVERING,), State.CLOSED, Party.HUB, HUB, BY_HUB,
        (vg.proof_enough, vg.items_accounted_for), (c.stop("K8"),), "states.md T34, D5; postal.md 7",
        members("parcel proof_level evidence"),
    ),
    Rule(
        "D4W", "waybill", WITH_PAPER, None, Party.GATEWAY, _GATEWAY, NODE,
        (c.not_from_future, vg.parcel_known), (ve.keep_waybill, oe.follow), "states.md D4, O4; A17",
        members("parcel carrier waybill_no"), chain="tracking",
    ),
    Rule(
        "D5E", "parcel_event", WITH_PAPER, None, Party.GATEWAY, _GATEWAY, NODE,
        (c.not_from_future, vg.parcel_known, vg.status_listed), (ve.keep_tracking, oe.follow, ve.stop_when_proven),
        "states.md D5–D8, O4, O5, O9, O11, O14; postal.md 7",
        members("parcel key status canonical signer_kind proof_level event_at"), chain="tracking",
    ),
    Rule(
        "D6C", "confirmed_by_applicant", WITH_PAPER, None, Party.EITHER, _COUNTER, PERSON,
        (c.not_from_future, vg.applicant_asked), (ve.confirm, oe.follow, ve.stop_when_proven), "states.md D6",
        members("parcel paper"), chain=_CHAIN,
    ),
    Rule(
        "D6D", "denied_by_applicant", WITH_PAPER, None, Party.EITHER, _COUNTER, PERSON,
        (c.not_from_future, vg.applicant_asked), (ve.deny, oe.follow), "states.md D6", members("parcel paper"),
        chain=_CHAIN,
    ),
    Rule(
        "D7", "call_applicant", WITH_PAPER, None, Party.HUB, HUB, BY_HUB,
        (vg.call_owed,), (ve.ask_for_call,), "states.md D6, D7, D8", members("parcel cause"), chain=_CHAIN,
    ),
    Rule(
        "D8", "address_confirmed", WITH_PAPER, None, Party.EITHER, _COUNTER, PERSON,
        (c.not_from_future, vg.address_asked), (ve.keep_address,), "states.md D7, D8",
        members("parcel answer paper"), chain=_CHAIN,
    ),
    Rule(
        "D9", "unclaimed", _GOING_OUT, None, Party.HUB, HUB, BY_HUB,
        (vg.reminder_owed,), (ve.remind,), "states.md D9", members("number due"), chain=_CHAIN,
    ),
    Rule(
        "D10", "reissue", (State.DELIVERING,), None, Party.ACCEPTING, _ISSUER, PERSON,
        (c.not_from_future, dg.seal_use_grant, dg.result_sealed, fk.not_gathered, vg.result_replaceable),
        (ve.void_old, ae.keep_sealing, ve.make_ready), "states.md D10; E10, F03",
        members("manifest grant applicant_packets certificate voids"),
    ),
    Rule(
        "D11R", "recall_result", (State.DELIVERING,), None, Party.ACCEPTING, _ISSUER, PERSON,
        (c.not_from_future, fk.not_gathered, vg.result_recallable), (ve.recall_result,), "states.md D11",
        members("reason"), chain=_CHAIN,
    ),
)  # fmt: skip
