"""Rows: how a case begins and ends at the window (T03 to T07, T35)."""

from hub.casework import common as c
from hub.casework.access import effects as ae
from hub.casework.entry import effects as ee
from hub.casework.entry import guards as ge
from hub.casework.entry import online as go
from hub.casework.law import Party, Rule
from hub.casework.materials import effects as me
from hub.casework.materials import guards_seal as ms
from hub.casework.originals import effects as oe
from hub.casework.parents import effects_child as fc
from hub.casework.parents import guards_entry as fo
from hub.casework.row_values import ACCEPTOR, APPLICANTS, INTAKE_NODE, NODE, PERSON, WINDOW, WINDOW_NODE, members
from hub.casework.sharing import guards as hg
from hub.casework.states import BEFORE_DECISION, State

_SEAL_GUARDS = (
    c.not_from_future, fo.bound_to_parent, ge.item_on_list, ge.window_authorised, ge.public_number_valid,
    ge.application_sealed,
    ge.lines_closed, ge.declarations_given, ge.applicant_key_given, ge.flags_known,
    go.applicant_ordered, go.online_lawful, go.no_original_seen, go.agent_empowered,
    ms.situations_answered, ms.ways_lawful, ms.promises_founded, ms.commitments_given, ms.reuse_named,
    ms.applicant_named, ms.second_intake_reasoned, hg.verifications_founded,
)  # fmt: skip
_SEAL_EFFECTS = (fc.bind, ee.keep_application, me.keep_ways, ae.keep_sealing, oe.keep_originals, ee.start_forward_clock)
_SEAL_MEMBERS = members(
    "task_code region catalogue manifest public_no applicant_key delivery "
    "parent part bond no_classified applicant_signed privacy_notice insisted_defects mode order agent verified "
    "situations tolerated commitment_notice reused reuse_agreement applicant applicant_before duplicate_of "
    "duplicate_reason lane appointment channel"
)
_DECLINE_GUARDS = (c.not_from_future, ge.window_authorised, ge.decline_complete)
_DECLINE_MEMBERS = members("task_code region catalogue missing applicant_agreed paper")
_DISCARD_MEMBERS = members("task_code region catalogue reason")

ROWS = (
    Rule(
        "T03", "ask_pre_review", (), State.PRE_REVIEW, Party.COLLECTING, WINDOW, PERSON,
        (
            c.not_from_future, ge.window_authorised, ge.pre_review_sealed, ge.pre_review_routed,
            ge.pre_review_declared,
        ),
        (ee.ask_department, ae.keep_sealing), "states.md T03; E05",
        members("task_code region catalogue manifest accepting_node queue no_classified privacy_notice"),
        opening=ee.open_case,
    ),
    Rule(
        "T04", "pre_review_answer", (State.PRE_REVIEW,), State.DRAFT, Party.ACCEPTING, ACCEPTOR, PERSON,
        (c.not_from_future, ge.answer_complete), (), "states.md T04; E05", members("answer lines"),
    ),
    Rule(
        "T05", "seal", (), State.COLLECTED, Party.COLLECTING, WINDOW, APPLICANTS, _SEAL_GUARDS, _SEAL_EFFECTS,
        "states.md T05; A03, A04, E04", _SEAL_MEMBERS, opening=ee.open_case,
    ),
    Rule(
        "T05R", "seal", (State.DRAFT,), State.COLLECTED, Party.COLLECTING, WINDOW, APPLICANTS,
        _SEAL_GUARDS, _SEAL_EFFECTS, "states.md T05, T24; A03, A04, E04", _SEAL_MEMBERS,
    ),
    Rule(
        "T06", "decline", (), State.NOT_COLLECTED, Party.COLLECTING, WINDOW, PERSON, _DECLINE_GUARDS, (),
        "states.md T06; E04; 行政许可法 32(4)", _DECLINE_MEMBERS, opening=ee.open_case,
    ),
    Rule(
        "T06R", "decline", (State.DRAFT,), State.NOT_COLLECTED, Party.COLLECTING, WINDOW, PERSON,
        (*_DECLINE_GUARDS, ge.never_sealed, ge.no_papers_left), (),
        "states.md T06, O14; E04; 行政许可法 32(4)", _DECLINE_MEMBERS,
    ),
    Rule(
        "T07", "discard", (), State.ABANDONED, Party.COLLECTING, INTAKE_NODE, NODE,
        (c.not_from_future, ge.item_known, ge.discard_reason_known), (), "states.md T07", _DISCARD_MEMBERS,
        opening=ee.open_case,
    ),
    Rule(
        "T07R", "discard", (State.DRAFT, State.PRE_REVIEW), State.ABANDONED, Party.COLLECTING, WINDOW_NODE, NODE,
        (c.not_from_future, ge.item_known, ge.discard_reason_known, ge.never_sealed, ge.no_papers_left), (),
        "states.md T07, O14", _DISCARD_MEMBERS,
    ),
    Rule(
        "T35", "withdraw", BEFORE_DECISION, State.WITHDRAWN, Party.COLLECTING, WINDOW, APPLICANTS,
        (c.not_from_future, ge.withdrawal_written), (c.stop(),), "states.md T35; standards.md 4",
        members("identity_checked paper"),
    ),
)  # fmt: skip
