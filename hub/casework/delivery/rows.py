"""Rows: the result's way to the applicant (T34; D4, D5)."""

from hub.casework import common as c
from hub.casework.casefile import State
from hub.casework.delivery import effects as ve
from hub.casework.delivery import guards as vg
from hub.casework.law import Party, Rule
from hub.casework.row_values import BY_HUB, HUB, NODE, PERSON, WITH_PARCEL, members

ROWS = (
    Rule(
        "D4", "post", (State.DELIVERING,), None, Party.ACCEPTING, frozenset({"ISSUER"}), PERSON,
        (c.not_from_future, vg.parcel_possible), (ve.open_parcel,), "states.md D4; A08, A17",
        members("parcel gateway"),
    ),
    Rule(
        "T34", "delivered_proven", (State.DELIVERING,), State.CLOSED, Party.HUB, HUB, BY_HUB,
        (vg.proof_enough,), (c.stop("K8"),), "states.md T34, D5; postal.md 7",
        members("parcel proof_level evidence"),
    ),
    Rule(
        "D4W", "waybill", WITH_PARCEL, None, Party.GATEWAY, frozenset({"gateway"}), NODE,
        (c.not_from_future, vg.parcel_known), (ve.keep_waybill,), "states.md D4; A17",
        members("parcel carrier waybill_no"), chain="tracking",
    ),
    Rule(
        "D5E", "parcel_event", WITH_PARCEL, None, Party.GATEWAY, frozenset({"gateway"}), NODE,
        (c.not_from_future, vg.parcel_known), (ve.keep_tracking,), "states.md D5–D8; postal.md 7",
        members("parcel key status canonical signer_kind proof_level event_at"), chain="tracking",
    ),
)  # fmt: skip
