"""Rows: parents and children (states.md 8, P1 to P13): 多地联办, 一件事. Ids are those of the page, with a letter more.

What the hub tells a case of its kin and moves no state stands on the side chain ``kin``.
"""

from hub.casework import common as c
from hub.casework.acceptance import effects as es
from hub.casework.acceptance import guards as gs
from hub.casework.access import effects as ae
from hub.casework.decision import effects as de
from hub.casework.delivery import effects as ve
from hub.casework.delivery import guards as vg
from hub.casework.entry import effects as ee
from hub.casework.entry import guards as ge
from hub.casework.entry import online as go
from hub.casework.law import Party, Rule
from hub.casework.materials import guards_seal as ms
from hub.casework.originals import effects as oe
from hub.casework.parents import effects as fe
from hub.casework.parents import effects_child as fc
from hub.casework.parents import fees as ff
from hub.casework.parents import guards as fg
from hub.casework.parents import guards_child as fk
from hub.casework.parents import guards_entry as fo
from hub.casework.parents.kin import AWAITED_THERE
from hub.casework.parents.look import UNDER_WAY
from hub.casework.review import guards as pg
from hub.casework.review import guards_procedure as pp
from hub.casework.row_values import (
    ACCEPTOR,
    APPLICANTS,
    BY_HUB,
    COORDINATOR,
    HUB,
    INTAKE_NODE,
    NODE,
    PERSON,
    WINDOW,
    WITH_PAPER,
    members,
)
from hub.casework.sharing import guards as hg
from hub.casework.states import BEFORE_DECISION, PARENT_STATES, State

KIN = "kin"
_COUNTER = WINDOW | {"ISSUER"}
_LEADS = frozenset({"DECIDER", "HEAD"})
_STAFF = frozenset({"ACCEPTOR", "REVIEWER", "TECH_REVIEWER", "DECIDER", "HEAD"})
_DONE = (State.P_CONCLUDED, State.P_DELIVERING)
_OPEN = (State.P_COLLECTED, *UNDER_WAY)
_LEARNING = (*_OPEN, *_DONE)
_CHARGED = (*_LEARNING, State.P_CLOSED, State.P_WITHDRAWN, State.P_FAILED)
_WITH_RESULT = (State.DECIDED, State.DELIVERING)
_OWED = (fg.stated_as_owed,)
_WITHDRAWAL = members("identity_checked paper order")
_EVIDENCE = members("evidence")
_PART_PAPER = tuple(state for state in WITH_PAPER if state not in PARENT_STATES)
_RATED = (
    *(State.DECIDED, State.DELIVERING, State.CLOSED, State.NOT_ACCEPTED),
    *(State.WITHDRAWN, State.TERMINATED, State.VOIDED),
)

PARENT = (
    Rule(
        "P1S", "seal_parent", (), State.P_COLLECTED, Party.COLLECTING, WINDOW, APPLICANTS,
        (
            c.not_from_future, fo.parts_told, fo.modes_lawful, fo.parts_collectable, fo.opinions_askable,
            ge.public_number_valid, fo.sealed_once, ge.declarations_given, fo.one_key_one_choice,
            go.applicant_ordered, go.no_original_seen,
        ),
        (ae.keep_sealing, ee.start_forward_clock), "states.md P1; A09, B01, B06",
        members(
            "theme catalogue region manifest public_no applicant_key delivery partial_delivery parts serves "
            "no_classified applicant_signed privacy_notice order"
        ),
        opening=fe.open_parent,
    ),
    Rule(
        "P1R", "child_reported", _LEARNING, None, Party.HUB, HUB, BY_HUB, _OWED, (fe.keep_report,),
        "states.md P1, P2, P4, P9",
        members("part case state at evidence node outcome effective_at answer lacks notice papers"), chain=KIN,
    ),
    Rule(
        "P1", "dispatch", (State.P_COLLECTED,), State.P_DISPATCHED, Party.HUB, HUB, BY_HUB, _OWED, (c.stop("K1"),),
        "states.md P1; B06", _EVIDENCE,
    ),
    Rule(
        "P2", "merged_notice", (State.P_DISPATCHED,), State.P_SUPPLEMENT, Party.MERGER, ACCEPTOR | COORDINATOR, PERSON,
        (c.not_from_future, fg.merge_in_turn, fg.merge_ripe, fg.merged_whole, gs.words_sealed),
        (es.keep_words, es.keep_notice, fe.tell_parts), "states.md P2, P12; B04; 行政许可法 32(4)",
        members("lines due methods manifest"),
    ),
    Rule(
        "P2O", "supplement_over", (State.P_SUPPLEMENT,), State.P_DISPATCHED, Party.HUB, HUB, BY_HUB, _OWED,
        (c.stop("K6"),), "states.md P2", frozenset(),
    ),
    Rule(
        "P2W", "admit", (State.P_SUPPLEMENT,), None, Party.HUB, HUB, BY_HUB, (gs.helper_admissible,),
        (fe.admit_to_all,), "states.md P2, T17; A24", members("node basis"), chain="access",
    ),
    Rule(
        "P3", "parent_accepted", (State.P_DISPATCHED,), State.P_IN_PROGRESS, Party.HUB, HUB, BY_HUB, _OWED,
        (fe.accept_whole,), "states.md P3, P4; 行政许可法 26, 42(2)", members("effective_at"),
    ),
    Rule(
        "P4", "extend_parent", (State.P_IN_PROGRESS,), None, Party.ACCEPTING, _LEADS, PERSON,
        (c.not_from_future, pp.head_extends, pp.notice_sealed, fg.joint_extension_lawful),
        (es.keep_words, fe.extend_joint), "states.md P4; 行政许可法 42(2)",
        members("days reason manifest second_person"),
    ),
    Rule(
        "P6", "ask_applicant", UNDER_WAY, None, Party.HUB, HUB, BY_HUB, _OWED, (fe.ask_applicant,), "states.md P6",
        members("part"), chain=KIN,
    ),
    Rule(
        "P6G", "go_on_in_part", UNDER_WAY, None, Party.COLLECTING, WINDOW, APPLICANTS,
        (c.not_from_future, fg.applicant_asked, ge.withdrawal_written, go.applicant_ordered), (fe.keep_choice,),
        "states.md P6", _WITHDRAWAL,
    ),
    Rule(
        "P6L", "hold_over", UNDER_WAY, None, Party.HUB, HUB, BY_HUB, _OWED, (fe.keep_choice,), "states.md P6",
        members("due"), chain=KIN,
    ),
    Rule(
        "P7", "conclude", (State.P_IN_PROGRESS,), State.P_CONCLUDED, Party.HUB, HUB, BY_HUB, _OWED,
        (c.stop("K3", "K4"), fe.start_exit_clock), "states.md P7", frozenset(),
    ),
    Rule(
        "P7F", "parent_failed", UNDER_WAY, State.P_FAILED, Party.HUB, HUB, BY_HUB, _OWED, (c.stop(),),
        "states.md P6, P7", frozenset(),
    ),
    Rule(
        "P8", "results_gathered", (State.P_CONCLUDED,), State.P_DELIVERING, Party.EXIT, _COUNTER, PERSON,
        (c.not_from_future, fg.results_here), (fe.gather,), "states.md P8; B07, B08", members("results"),
    ),
    Rule(
        "P8S", "deliver_singly", (State.P_CONCLUDED,), State.P_DELIVERING, Party.HUB, HUB, BY_HUB, _OWED, (),
        "states.md P8; B08", frozenset(),
    ),
    Rule(
        "P8P", "post", (State.P_DELIVERING,), None, Party.EXIT, _COUNTER, PERSON,
        (c.not_from_future, vg.parcel_possible, vg.result_ready), (ve.open_parcel,), "states.md P8, D4; A08",
        members("parcel gateway kind"),
    ),
    Rule(
        "P8O", "e_opened", (State.P_DELIVERING,), None, Party.COLLECTING, INTAKE_NODE, NODE,
        (c.not_from_future, fg.results_opened), (ve.open_electronic, ve.stop_when_proven), "states.md P8, D3",
        members("results"), chain="delivery",
    ),
    Rule(
        "P8D", "delivered_proven", (State.P_DELIVERING,), State.P_CLOSED, Party.HUB, HUB, BY_HUB, (vg.proof_enough,),
        (fe.close_clock,), "states.md P8, T34; postal.md 7", members("parcel proof_level evidence"),
    ),
    Rule(
        "P8C", "parent_closed", (State.P_DELIVERING,), State.P_CLOSED, Party.HUB, HUB, BY_HUB, _OWED, (fe.close_clock,),
        "states.md P8; B08", frozenset(),
    ),
    Rule(
        "P10", "withdraw_parent", _OPEN, State.P_WITHDRAWN, Party.COLLECTING, WINDOW, APPLICANTS,
        (c.not_from_future, ge.withdrawal_written, go.applicant_ordered, fg.nothing_decided),
        (fe.keep_withdrawal, c.stop()), "states.md P10, T35", _WITHDRAWAL,
    ),
    Rule(
        "P10U", "withdraw_undecided", UNDER_WAY, None, Party.COLLECTING, WINDOW, APPLICANTS,
        (c.not_from_future, ge.withdrawal_written, go.applicant_ordered, fg.something_left),
        (fe.keep_withdrawal,), "states.md P10", _WITHDRAWAL,
    ),
    Rule(
        "P14", "fee_told", _CHARGED, None, Party.COLLECTING, WINDOW, PERSON,
        (c.not_from_future, ff.fee_split, ff.fee_listed, ff.fee_once), (ff.keep_fee,),
        "requirements I04, I03; 行政许可法 58", members("pay_no state total shares"), chain="delivery",
    ),
    Rule(
        "P13", "consult_part", UNDER_WAY, None, Party.HUB, HUB, BY_HUB, _OWED, (fe.ask_opinion,), "states.md P13; B22",
        members("part node until"), chain=KIN,
    ),
    Rule(
        "P13O", "part_opinion", UNDER_WAY, None, Party.CONSULTED, _STAFF, PERSON,
        (c.not_from_future, pp.opinion_asked), (es.keep_words, fe.keep_opinion), "states.md P13; B22",
        members("consult answer manifest"), chain=KIN,
    ),
    Rule(
        "P13L", "part_silent", UNDER_WAY, None, Party.HUB, HUB, BY_HUB, _OWED, (fe.keep_silence,), "states.md P13; B22",
        members("consult due"), chain=KIN,
    ),
    Rule(
        "P13N", "part_unasked", UNDER_WAY, None, Party.HUB, HUB, BY_HUB, _OWED, (fe.go_on_unasked,),
        "states.md P13; B22", members("part due"), chain=KIN,
    ),
)  # fmt: skip

CHILD = (
    Rule(
        "P1C", "release", (State.COLLECTED,), None, Party.HUB, HUB, BY_HUB, _OWED,
        (fc.release, ee.start_forward_clock), "states.md P1; B07", members("granted"), chain=KIN,
    ),
    Rule(
        "P2A", "defects_answer", (State.PENDING_ACCEPT,), None, Party.ACCEPTING, ACCEPTOR, PERSON,
        (c.not_from_future, pg.responsible_acts, fk.answer_due, fk.answer_whole), (fc.keep_answer,),
        "states.md P2; B04", members("answer lines"), chain=KIN,
    ),
    Rule(
        "P2S", "merged_supplement", (State.PENDING_ACCEPT,), State.SUPPLEMENT, Party.HUB, HUB, BY_HUB, _OWED,
        (es.keep_notice, c.stop("K2")), "states.md P2, T16; B04", members("lines due evidence"),
    ),
    Rule(
        "P2H", "admit_with_parent", AWAITED_THERE, None, Party.HUB, HUB, BY_HUB, _OWED, (es.admit_helper,),
        "states.md P2, T17; A24", members("node evidence"), chain="access",
    ),
    Rule(
        "P5A", "part_shared", AWAITED_THERE, None, Party.SUPPLIER, WINDOW, APPLICANTS,
        (
            c.not_from_future, gs.addendum_sealed, fk.brought_for_kin, ms.ways_lawful, gs.supplement_signed,
            go.applicant_ordered, go.no_original_seen, hg.verifications_founded,
        ),
        (ae.keep_sealing, oe.keep_originals), "states.md P5; E01",
        members("manifest materials applicant_signed order verified"), chain=KIN,
    ),
    Rule(
        "P5T", "paper_turn", _PART_PAPER, None, Party.HUB, HUB, BY_HUB, _OWED, (fc.take_turn,),
        "states.md 5, 8 (多地联办), P5", members("item part node evidence"), chain=KIN,
    ),
    Rule(
        "P5K", "paper_kept", _PART_PAPER, None, Party.HUB, HUB, BY_HUB, _OWED, (fc.end_at_keeper,),
        "states.md O13, 8 (多地联办)", members("item part evidence"), chain=KIN,
    ),
    Rule(
        "P5F", "paper_free", _PART_PAPER, None, Party.HUB, HUB, BY_HUB, _OWED, (fc.set_free,),
        "states.md O14, 8 (多地联办)", members("item parts"), chain=KIN,
    ),
    Rule(
        "P5S", "paper_shown", _PART_PAPER, None, Party.HUB, HUB, BY_HUB, _OWED, (fc.keep_shown,),
        "states.md O6, 8 (多地联办), P5", members("line finding evidence"), chain=KIN,
    ),
    Rule(
        "P6H", "hold", BEFORE_DECISION, None, Party.HUB, HUB, BY_HUB, _OWED, (fc.hold,), "states.md P6", _EVIDENCE,
        chain=KIN,
    ),
    Rule(
        "P6R", "go_on", BEFORE_DECISION, None, Party.HUB, HUB, BY_HUB, _OWED, (fc.go_on,), "states.md P6", _EVIDENCE,
        chain=KIN,
    ),
    Rule(
        "P6S", "stop_part", (State.COLLECTED,), State.TERMINATED, Party.HUB, HUB, BY_HUB, _OWED, (c.stop(),),
        "states.md P6", members("part evidence"),
    ),
    Rule(
        "P8E", "open_exit", _WITH_RESULT, None, Party.HUB, HUB, BY_HUB, _OWED, (fc.open_exit, de.start_delivery_clock),
        "states.md P8; 行政许可法 44", _EVIDENCE, chain=KIN,
    ),
    Rule(
        "P8T", "delivered_together", (State.DELIVERING,), State.CLOSED, Party.HUB, HUB, BY_HUB, _OWED, (c.stop("K8"),),
        "states.md P8, T34", _EVIDENCE,
    ),
    Rule(
        "P10C", "withdrawn_with_parent", BEFORE_DECISION, State.WITHDRAWN, Party.HUB, HUB, BY_HUB, _OWED, (c.stop(),),
        "states.md P10, T35", _EVIDENCE,
    ),
    Rule(
        "P11", "inherit_rating", _RATED, None, Party.HUB, HUB, BY_HUB, _OWED, (fc.inherit_rating,),
        "states.md P11; B11", members("evidence scores"), chain=KIN,
    ),
)  # fmt: skip
ROWS = (*PARENT, *CHILD)
