"""Rows: the inner life of a case at the department (T13, T25 to T30), and its end otherwise (T36, T39)."""

from hub.casework import common as c
from hub.casework.acceptance import effects as es
from hub.casework.access import effects as ae
from hub.casework.hand_off import guards as gr
from hub.casework.law import Party, Rule
from hub.casework.review import effects as pe
from hub.casework.review import guards as pg
from hub.casework.review import guards_end as px
from hub.casework.review import guards_procedure as pp
from hub.casework.row_values import BY_HUB, DEPARTMENT_NODE, HUB, NODE, PERSON, members
from hub.casework.states import BEFORE_DECISION, State

AT_WORK = (State.UNDER_REVIEW, State.SUSPENDED)
AT_DEPARTMENT = (State.PENDING_ACCEPT, *AT_WORK)
_UNTAKEN = (State.PENDING_ACCEPT, State.UNDER_REVIEW)
"""New in the queue, or passed up to it (T30)."""
_REVIEWER = frozenset({"REVIEWER", "TECH_REVIEWER"})
_STAFF = frozenset({"REVIEWER", "TECH_REVIEWER", "DECIDER", "HEAD"})
_LEADS = frozenset({"DECIDER", "HEAD"})
_PROCEDURE = members("kind until manifest")

ROWS = (
    Rule(
        "T13", "take", AT_DEPARTMENT, None, Party.ACCEPTING, pg.TAKERS, PERSON,
        (c.not_from_future, pg.taking_founded, pg.post_allows, pg.shift_handed_over), (pe.take,),
        "states.md T13; F05, F06", members("basis evidence second_person"),
    ),
    Rule(
        "T13R", "reassign", AT_DEPARTMENT, None, Party.ACCEPTING, _LEADS, PERSON,
        (c.not_from_future, pg.may_assign, pg.assignee_fit), (pe.assign,), "states.md T13; F04, F06",
        members("person grant evidence"),
    ),
    Rule(
        "T13B", "to_b", _UNTAKEN, None, Party.HUB, HUB, BY_HUB,
        (pg.post_b_due,), (pe.open_to_b,), "states.md T13, 9; F06", members("due"), chain="supervision",
    ),
    Rule(
        "T13C", "chase", _UNTAKEN, None, Party.HUB, HUB, BY_HUB,
        (pg.chase_due,), (pe.chase,), "states.md T13, 9; F05, F13", members("due"), chain="supervision",
    ),
    Rule(
        "T13S", "to_section", AT_DEPARTMENT, None, Party.ACCEPTING, pg.TAKERS | {"HEAD"}, PERSON,
        (c.not_from_future, pg.section_listed, pg.section_other), (pe.to_section,), "states.md T13; B13, B14, F11",
        members("section"),
    ),
    Rule(
        "T25", "step_done", (State.UNDER_REVIEW,), None, Party.ACCEPTING, _STAFF, PERSON,
        (c.not_from_future, pg.step_in_order, pg.step_granted, pg.step_separate), (pe.first_act_takes, pe.keep_step),
        "states.md T25; C06, C08, F02, F12", members("step grant opinion"),
    ),
    Rule(
        "T25B", "send_back_step", (State.UNDER_REVIEW,), None, Party.ACCEPTING, _STAFF, PERSON,
        (c.not_from_future, pg.step_was_done, pg.turn_sends_back), (pe.send_back,), "states.md T25; F02, F04",
        members("step reason grant"),
    ),
    Rule(
        "T26", "start_special", (State.UNDER_REVIEW,), State.SUSPENDED, Party.ACCEPTING, _REVIEWER, PERSON,
        (c.not_from_future, pp.special_stops, pp.notice_sealed), (es.keep_words, pe.begin_special(stops=True)),
        "states.md T26; 行政许可法 45; C10, R6", _PROCEDURE,
    ),
    Rule(
        "T26N", "start_procedure", (State.UNDER_REVIEW,), None, Party.ACCEPTING, _REVIEWER, PERSON,
        (c.not_from_future, pp.special_runs_on, pp.words_sealed), (es.keep_words, pe.begin_special(stops=False)),
        "states.md T26; C10", _PROCEDURE,
    ),
    Rule(
        "T26M", "special_moved", (State.SUSPENDED,), None, Party.ACCEPTING, _REVIEWER, PERSON,
        (c.not_from_future, pp.moved_in_time, pp.notice_sealed, pp.head_moves_again), (es.keep_words, pe.move_special),
        "states.md T27; 行政许可法 45", members("until manifest second_person"),
    ),
    Rule(
        "T27", "end_special", (State.SUSPENDED,), State.UNDER_REVIEW, Party.ACCEPTING, _REVIEWER, PERSON,
        (c.not_from_future, pp.suspension_ended), (pe.end_suspension,), "states.md T27; C10", members("result"),
    ),
    Rule(
        "T27N", "end_procedure", AT_WORK, None, Party.ACCEPTING, _REVIEWER, PERSON,
        (c.not_from_future, pp.procedure_open), (pe.end_procedure,), "states.md T27; C10", members("special result"),
    ),
    Rule(
        "T27H", "special_over", (State.SUSPENDED,), State.UNDER_REVIEW, Party.HUB, HUB, BY_HUB,
        (pp.pause_over,), (pe.end_suspension, pe.card_pause_over), "states.md T27", members("special due"),
    ),
    Rule(
        "T28", "extend_limit", (State.UNDER_REVIEW,), None, Party.ACCEPTING, _LEADS, PERSON,
        (c.not_from_future, pp.head_extends, pp.notice_sealed, pp.extension_lawful), (es.keep_words, pe.extend),
        "states.md T28; 行政许可法 42", members("days reason manifest second_person"),
    ),
    Rule(
        "T29", "consult", (State.UNDER_REVIEW,), None, Party.ACCEPTING, _STAFF, PERSON,
        (c.not_from_future, pp.consultation_possible), (pe.ask_opinion,), "states.md T29; C08, C09",
        members("node matter until"),
    ),
    Rule(
        "T29O", "opinion", AT_WORK, None, Party.CONSULTED, _STAFF | {"ACCEPTOR"}, PERSON,
        (c.not_from_future, pp.opinion_asked), (es.keep_words, pe.keep_opinion), "states.md T29",
        members("consult answer manifest"), chain="opinions",
    ),
    Rule(
        "T29L", "opinion_late", AT_WORK, None, Party.HUB, HUB, BY_HUB,
        (pp.silence,), (pe.keep_silence,), "states.md T29", members("consult due"), chain="supervision",
    ),
    Rule(
        "T30", "refer_up", (State.UNDER_REVIEW,), State.REFERRED, Party.ACCEPTING, frozenset({"REVIEWER"}) | _LEADS,
        PERSON, (c.not_from_future, pp.may_refer, pp.referred_upward, pp.procedures_ended, pp.first_review_sealed),
        (ae.keep_sealing, pe.refer), "states.md T30; 行政许可法 43; C10, E01",
        members("accepting_node queue manifest grant"),
    ),
    Rule(
        "T30D", "taken_up", (State.REFERRED,), State.UNDER_REVIEW, Party.REFERRED, DEPARTMENT_NODE, NODE,
        (c.not_from_future, gr.delivered_whole, pp.keys_went_up), (pe.take_over,),
        "states.md T30, 7; 行政许可法 35, 43; E01", members("manifest"),
    ),
    Rule(
        "T30L", "constructive_take_up", (State.REFERRED,), State.UNDER_REVIEW, Party.HUB, HUB, BY_HUB,
        (gr.delivered_whole, pp.keys_went_up, pp.silent_above), (pe.take_over, pe.card_silent_above),
        "states.md T10b, T30; 行政许可法 43", members("manifest"),
    ),
    Rule(
        "T30X", "referral_recalled", (State.REFERRED,), State.UNDER_REVIEW, Party.ACCEPTING,
        frozenset({"REVIEWER"}) | _LEADS, PERSON, (c.not_from_future, pp.may_refer, pp.keys_stayed_below),
        (pe.recall_referral,), "states.md T30; 行政许可法 43; F05", members("grant"),
    ),
    Rule(
        "T36", "void", BEFORE_DECISION, State.VOIDED, Party.EITHER, frozenset({"COLLECT_LEAD", "DECIDER"}), PERSON,
        (c.not_from_future, px.void_by_holder, px.void_founded, px.head_voids_too), (pe.link("DUPLICATE_OF"), c.stop()),
        "states.md T36, 9", members("reason paper linked second_person"),
    ),
    Rule(
        "T39", "reopen_as", (State.CLOSED,), None, Party.ACCEPTING, _LEADS, PERSON,
        (c.not_from_future, px.review_ordered), (pe.link("REOPENED_AS"),), "states.md T39",
        members("reason paper linked"),
    ),
)  # fmt: skip
