"""Rows: cards and what becomes of them, ratings, complaints, enquiries, exports (T38; standards.md 8, 9; G01 to H01).

All stand on side chains: supervision never moves a case nor its custody chain (states.md 1, SUPERVISOR).
"""

from hub.casework import common as c
from hub.casework.law import Party, Rule
from hub.casework.parents import guards_child as fk
from hub.casework.row_values import (
    APPLICANTS,
    BY_HUB,
    HUB,
    INTAKE_NODE,
    LIVE,
    NODE,
    PERSON,
    READABLE,
    READERS,
    WINDOW,
    members,
)
from hub.casework.states import State
from hub.casework.supervision import effects as se
from hub.casework.supervision import guards as sg
from hub.casework.supervision import guards_enquiry as sq
from hub.casework.supervision import guards_voices as sv

CHAIN = "supervision"
SUPERVISOR = frozenset({"SUPERVISOR"})
ANSWERERS = READERS | {"COORDINATOR", "COORDINATOR_LEAD"}
LEADS = frozenset({"COLLECT_LEAD", "HEAD"})
ASKED = WINDOW | SUPERVISOR | {"ACCEPTOR", "HEAD", "COORDINATOR"}
"""Who may be asked: whoever sits where applicants come, and who leads or watches over them (F05)."""
HANDLED = (
    *(State.PENDING_ACCEPT, State.SUPPLEMENT, State.UNDER_REVIEW, State.SUSPENDED),
    *(State.DECIDED, State.DELIVERING, State.CLOSED, State.NOT_ACCEPTED, State.TERMINATED, State.REFERRED),
)
"""States in which both nodes have had to do with the case."""
EXAMINED = HANDLED[:4]
SERVED = (
    *(State.DECIDED, State.DELIVERING, State.CLOSED, State.NOT_COLLECTED, State.NOT_ACCEPTED),
    *(State.WITHDRAWN, State.TERMINATED, State.VOIDED),
    *(State.P_CONCLUDED, State.P_DELIVERING, State.P_CLOSED, State.P_WITHDRAWN, State.P_FAILED),
)
"""States in which the service is over and may be rated (T38)."""

ROWS = (
    Rule(
        "S1", "card", LIVE, None, Party.HUB, HUB, BY_HUB,
        (sg.card_is_due,), (se.raise_card,), "standards.md 8; G01",
        members("rule subject cause since due"), chain=CHAIN,
    ),
    Rule(
        "S2", "answer_card", LIVE, None, Party.CARDED, ANSWERERS, PERSON,
        (c.not_from_future, sg.own_card, sg.card_unanswered, sg.answer_said), (se.keep_answer,),
        "standards.md 8; G12", members("card measure words"), chain=CHAIN,
    ),
    Rule(
        "S3", "appeal_card", LIVE, None, Party.CARDED, ANSWERERS, PERSON,
        (c.not_from_future, sg.own_card, sg.card_unappealed, sg.appeal_said), (se.keep_appeal,),
        "standards.md 8; G12", members("card ground words"), chain=CHAIN,
    ),
    Rule(
        "S4", "settle_card", LIVE, None, Party.SUPERVISOR, SUPERVISOR, PERSON,
        (c.not_from_future, sg.card_ripe, sg.judge_apart, sg.settlement_said), (se.keep_settlement,),
        "standards.md 8; G12", members("card result words"), chain=CHAIN,
    ),
    Rule(
        "S5", "quality", EXAMINED, None, Party.ACCEPTING, frozenset({"ACCEPTOR", "REVIEWER"}), PERSON,
        (c.not_from_future, sg.quality_said, sg.quality_not_said), (se.card_bad_images,),
        "standards.md 8 (Y5); DA/T 31-2017; H04", members("manifest defects"), chain=CHAIN,
    ),
    Rule(
        "T38", "rate", SERVED, None, Party.SUPPLIER, INTAKE_NODE, NODE,
        (c.not_from_future, fk.rated_as_whole, sv.rating_whole, sv.rating_given, sv.rated_once), (se.keep_rating,),
        "states.md T38; B11, G03, G04", members("scores basis by_applicant paper words"), chain=CHAIN,
    ),
    Rule(
        "T38I", "rate_internal", HANDLED, None, Party.EITHER, WINDOW | {"ACCEPTOR", "REVIEWER", "HEAD"}, PERSON,
        (c.not_from_future, sv.internal_scores, sv.internal_once), (se.keep_internal_rating,),
        "states.md T38; G03", members("scores"), chain=CHAIN,
    ),
    Rule(
        "T38V", "verify_rating", SERVED, None, Party.CONCERNED, LEADS | SUPERVISOR, PERSON,
        (c.not_from_future, sv.rating_unverified, sv.verification_said, sv.excluded_by_supervisor),
        (se.keep_verification,), "states.md T38; 国办发〔2019〕51号", members("rating finding words"), chain=CHAIN,
    ),
    Rule(
        "T38F", "rectify_rating", SERVED, None, Party.EITHER, LEADS, PERSON,
        (c.not_from_future, sv.rating_upheld, sv.rectification_said), (se.keep_rectification,),
        "states.md T38, 2 (K12); 国办发〔2019〕51号", members("rating measure feedback"), chain=CHAIN,
    ),
    Rule(
        "T38C", "complain", LIVE, None, Party.CONCERNED,
        WINDOW | SUPERVISOR | {"ACCEPTOR", "HEAD", "COORDINATOR"}, APPLICANTS,
        (c.not_from_future, sv.complaint_said, sv.complaint_about, sv.handler_apart), (se.keep_complaint,),
        "states.md T38; G07, G10", members("channel ticket kind about_node about_person handler words"), chain=CHAIN,
    ),
    Rule(
        "T38E", "extend_complaint", LIVE, None, Party.CONCERNED, LEADS | SUPERVISOR, PERSON,
        (c.not_from_future, sv.complaint_mine, sv.complaint_extensible), (se.extend_complaint,),
        "GB/T 39046-2020 table 10; G07", members("complaint reason"), chain=CHAIN,
    ),
    Rule(
        "T38A", "answer_complaint", LIVE, None, Party.CONCERNED, LEADS | SUPERVISOR, PERSON,
        (c.not_from_future, sv.complaint_mine, sv.answerer_apart, sv.complaint_answered), (se.answer_complaint,),
        "GB/T 39046-2020 table 10; G07", members("complaint finding feedback"), chain=CHAIN,
    ),
    Rule(
        "T38D", "dispute_complaint", LIVE, None, Party.CONCERNED,
        WINDOW | SUPERVISOR | {"ACCEPTOR", "HEAD"}, APPLICANTS,
        (c.not_from_future, sv.complaint_disputable), (se.dispute_complaint,),
        "GB/T 39046-2020 table 10; H03", members("complaint words"), chain=CHAIN,
    ),
    Rule(
        "T38Q", "enquire", LIVE, None, Party.CONCERNED, ASKED, APPLICANTS,
        (c.not_from_future, sq.enquiry_said, sq.enquiry_answerable), (se.keep_enquiry,),
        "states.md T38; F05, G06, G09, G10", members("channel ticket topic to words"), chain=CHAIN,
    ),
    Rule(
        "T38N", "pass_enquiry", LIVE, None, Party.CONCERNED, ASKED, PERSON,
        (c.not_from_future, sq.enquiry_passable), (se.pass_enquiry,),
        "F05; GB/T 39046-2020 table 10", members("enquiry to"), chain=CHAIN,
    ),
    Rule(
        "T38K", "take_enquiry", LIVE, None, Party.CONCERNED, ASKED, PERSON,
        (c.not_from_future, sq.enquiry_offered), (se.take_enquiry,),
        "F05; GB/T 39046-2020 table 10", members("enquiry"), chain=CHAIN,
    ),
    Rule(
        "T38X", "extend_enquiry", LIVE, None, Party.CONCERNED, LEADS | SUPERVISOR, PERSON,
        (c.not_from_future, sq.enquiry_mine, sq.enquiry_extensible), (se.extend_enquiry,),
        "GB/T 39046-2020 table 10; F05", members("enquiry reason"), chain=CHAIN,
    ),
    Rule(
        "T38Y", "answer_enquiry", LIVE, None, Party.CONCERNED, ASKED, PERSON,
        (c.not_from_future, sq.enquiry_mine, sq.enquiry_answered), (se.answer_enquiry,),
        "GB/T 39046-2020 table 10; F05", members("enquiry answer feedback"), chain=CHAIN,
    ),
    Rule(
        "H01", "export", READABLE, None, Party.CONCERNED, READERS | SUPERVISOR | {"AUDITOR", "AUDIT_ADMIN"}, PERSON,
        (c.not_from_future, sg.export_said, sg.export_granted), (), "H01; 个人信息保护法 51; standards.md 8 (R9)",
        members("profile kind digest grant"), chain="access",
    ),
)  # fmt: skip
