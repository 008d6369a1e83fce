"""Rows: acceptance, the one supplement notice, its completion, refusal (T14 to T21, A1)."""

from hub.casework import common as c
from hub.casework.acceptance import effects as es
from hub.casework.acceptance import guards as gs
from hub.casework.access import effects as ae
from hub.casework.decision import effects as de
from hub.casework.entry import online as go
from hub.casework.hand_off import effects as er
from hub.casework.law import Party, Rule
from hub.casework.materials import effects as me
from hub.casework.materials import guards as mg
from hub.casework.materials import guards_seal as ms
from hub.casework.originals import effects as oe
from hub.casework.parents import guards_child as fk
from hub.casework.review import effects as pe
from hub.casework.review import guards as pg
from hub.casework.row_values import ACCEPTOR, APPLICANTS, BY_HUB, HUB, PERSON, WINDOW, members
from hub.casework.sharing import guards as hg
from hub.casework.states import State
from hub.casework.supervision import effects as se

_NOTICE_MEMBERS = members("lines due methods manifest")

ROWS = (
    Rule(
        "T14", "accept", (State.PENDING_ACCEPT,), State.UNDER_REVIEW, Party.ACCEPTING, ACCEPTOR, PERSON,
        (c.not_from_future, pg.responsible_acts, mg.materials_there, mg.debts_allowed, mg.originals_there),
        (
            es.effective_from_completion, pe.first_act_takes, c.stop("K2"), de.start_decision_clocks,
            pe.start_step_clock, me.keep_promises, me.run_tolerance, me.keep_copies,
        ),
        "states.md T14; 行政许可法 32(5), 42; F06; B10", members("tolerated copies"),
    ),
    Rule(
        "T15", "deem_accept", (State.PENDING_ACCEPT,), State.UNDER_REVIEW, Party.HUB, HUB, BY_HUB,
        (gs.accept_clock_expired,),
        (es.deem, de.start_decision_clocks, pe.start_step_clock, me.bound_promises, me.run_tolerance),
        "states.md T15; 行政许可法 32(4); B10", members("clock due"),
    ),
    Rule(
        "T16", "supplement_notice", (State.PENDING_ACCEPT,), State.SUPPLEMENT, Party.ACCEPTING, ACCEPTOR, PERSON,
        (
            c.not_from_future, pg.responsible_acts, gs.first_notice, fk.notice_merged, gs.notice_complete,
            fk.held_by_kin, gs.words_sealed,
        ),
        (es.keep_words, pe.first_act_takes, es.keep_notice, c.stop("K2")),
        "states.md T16; 行政许可法 32(4); E01", _NOTICE_MEMBERS,
    ),
    Rule(
        "T17", "supplement_part", (State.SUPPLEMENT,), None, Party.SUPPLIER, WINDOW, APPLICANTS,
        (
            c.not_from_future, gs.addendum_sealed, gs.only_demanded, ms.ways_lawful, gs.supplement_signed,
            go.applicant_ordered, go.no_original_seen, hg.verifications_founded,
        ),
        (ae.keep_sealing, oe.keep_originals, es.handed_in, me.settle_debts),
        "states.md T17; I06", members("manifest materials applicant_signed order verified"),
    ),
    Rule(
        "T17E", "extend_due", (State.SUPPLEMENT,), None, Party.ACCEPTING, ACCEPTOR, PERSON,
        (c.not_from_future, pg.responsible_acts, gs.extension_asked), (es.move_due,), "states.md T17",
        members("due paper"),
    ),
    Rule(
        "T18", "supplement_complete", (State.SUPPLEMENT,), State.PENDING_ACCEPT, Party.HUB, HUB, BY_HUB,
        (gs.supplement_whole,), (c.stop("K6"), er.start_accept_clock),
        "states.md T18; 行政许可法 32(5)", members("addenda"),
    ),
    Rule(
        "T19", "second_notice", (State.PENDING_ACCEPT,), State.SUPPLEMENT, Party.ACCEPTING, ACCEPTOR, PERSON,
        (
            c.not_from_future, pg.responsible_acts, gs.notice_before, gs.notice_complete, gs.second_notice_founded,
            gs.head_signs_too, gs.words_sealed,
        ),
        (es.keep_words, pe.first_act_takes, se.card_held_demand, es.keep_notice, c.stop("K2"), es.card_second_notice),
        "states.md T19; 行政许可法 32(4)", _NOTICE_MEMBERS | members("basis second_person"),
    ),
    Rule(
        "T20", "lapse", (State.SUPPLEMENT,), State.TERMINATED, Party.ACCEPTING, ACCEPTOR, PERSON,
        (c.not_from_future, pg.responsible_acts, gs.lapse_due), (c.stop(),), "states.md T20", members("reminder_paper"),
    ),
    Rule(
        "T21", "refuse_accept", (State.PENDING_ACCEPT,), State.NOT_ACCEPTED, Party.ACCEPTING, ACCEPTOR, PERSON,
        (c.not_from_future, pg.responsible_acts, gs.refusal_founded, gs.refusal_reasoned, gs.words_sealed),
        (es.keep_words, pe.first_act_takes, c.stop()),
        "states.md T21; 行政许可法 32(1)(2)", members("reason competent_body appeal reasons manifest"),
    ),
    Rule(
        "A1", "admit", (State.SUPPLEMENT,), None, Party.HUB, HUB, BY_HUB,
        (gs.helper_admissible,), (es.admit_helper,), "states.md T17; A24", members("node basis"), chain="access",
    ),
)  # fmt: skip
