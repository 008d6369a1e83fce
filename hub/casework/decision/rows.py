"""Rows: decision and result (T31, T33)."""

from hub.casework import common as c
from hub.casework.access import effects as ae
from hub.casework.decision import effects as de
from hub.casework.decision import guards as dg
from hub.casework.delivery import effects as ve
from hub.casework.law import Party, Rule
from hub.casework.materials import effects as me
from hub.casework.materials import guards as mg
from hub.casework.parents import guards_child as fk
from hub.casework.row_values import PERSON, members
from hub.casework.states import State

ROWS = (
    Rule(
        "T31", "decide", (State.UNDER_REVIEW,), State.DECIDED, Party.ACCEPTING, frozenset({"DECIDER", "HEAD"}), PERSON,
        (
            c.not_from_future, dg.decide_grant, dg.decided_by_whom, dg.decider_apart, dg.review_finished,
            dg.decision_complete, mg.debts_settled, mg.originals_there, fk.part_not_held,
        ),
        (de.keep_outcome, c.stop("K3", "K4", "K5"), de.start_delivery_clock, me.keep_copies),
        "states.md T31; F01, F02, F04, F12; B10; 行政许可法 38",
        members("outcome grant reasons appeal record copies"),
    ),
    Rule(
        "T32", "correct", (State.DECIDED,), None, Party.ACCEPTING, frozenset({"DECIDER", "HEAD"}), PERSON,
        (c.not_from_future, dg.decide_grant, dg.decided_by_whom, dg.decider_apart, dg.correction_clerical),
        (de.keep_correction,), "states.md T32; F02, F12", members("reason paper grant record"),
    ),
    Rule(
        "T32R", "correct_result", (State.DELIVERING,), None, Party.ACCEPTING, frozenset({"DECIDER", "HEAD"}), PERSON,
        (
            c.not_from_future, fk.not_gathered, dg.decide_grant, dg.decided_by_whom, dg.decider_apart,
            dg.replacing_seal_grant,
            dg.correction_clerical, dg.result_replaced,
        ),
        (ae.keep_sealing, de.keep_correction, ve.restore, ve.make_ready),
        "states.md T32, D11; F02, F03, F12; invariant 12",
        members("reason paper grant record seal_grant second_person manifest applicant_packets"),
    ),
    Rule(
        "T33", "issue", (State.DECIDED,), State.DELIVERING, Party.ACCEPTING, frozenset({"ISSUER"}), PERSON,
        (c.not_from_future, dg.seal_use_grant, dg.result_sealed, mg.originals_there),
        (ae.keep_sealing, me.keep_copies, ve.make_ready),
        "states.md T33; E10, F03", members("manifest grant applicant_packets copies"),
    ),
)  # fmt: skip
