"""Rows: debts and commitments after acceptance (K7; B09, B10; 行政许可法 69)."""

from hub.casework import common as c
from hub.casework.acceptance import guards as gs
from hub.casework.access import effects as ae
from hub.casework.decision import guards as dg
from hub.casework.entry import online as go
from hub.casework.law import Party, Rule
from hub.casework.materials import effects as me
from hub.casework.materials import guards as mg
from hub.casework.materials import guards_seal as ms
from hub.casework.originals import effects as oe
from hub.casework.originals.states import ENDED
from hub.casework.row_values import APPLICANTS, BY_HUB, HUB, PERSON, WINDOW, members
from hub.casework.sharing import guards as hg
from hub.casework.states import PARENT_ENDS, State

MATERIALS = "materials"
"""Side chain: a debt that is paid or a check must not invalidate an act of the department that was signed offline."""
ACCEPTED = (State.UNDER_REVIEW, State.SUSPENDED, State.REFERRED)
GRANTED = (State.DECIDED, State.DELIVERING, State.CLOSED)
OWING = (*ACCEPTED, *GRANTED)
"""States in which a promise of the applicant's can fall due."""
UNDECIDED = tuple(state for state in State if state in ENDED - PARENT_ENDS - {*OWING})
"""Ends without a result: a breach outlives them, so its repair can be said there too (G15)."""
_CHECKERS = frozenset({"ACCEPTOR", "REVIEWER", "DECIDER"})

ROWS = (
    Rule(
        "K7S", "debt_settled", (State.PENDING_ACCEPT, *OWING), None, Party.SUPPLIER, WINDOW, APPLICANTS,
        (
            c.not_from_future, gs.addendum_sealed, mg.only_owed, ms.ways_lawful, gs.supplement_signed,
            go.applicant_ordered, go.no_original_seen, hg.verifications_founded,
        ),
        (ae.keep_sealing, oe.keep_originals, me.settle_debts), "states.md K7; B10",
        members("manifest materials applicant_signed verified order"), chain=MATERIALS,
    ),
    Rule(
        "K7", "debt_overdue", OWING, None, Party.HUB, HUB, BY_HUB,
        (mg.promised_day_passed,), (me.mark_overdue,), "states.md K7; B10", members("clock due"), chain=MATERIALS,
    ),
    Rule(
        "B09", "commitment_checked", OWING, None, Party.ACCEPTING, _CHECKERS, PERSON,
        (c.not_from_future, mg.commitment_looked_at, mg.head_confirms_breach), (me.keep_check,),
        "B09, G15; 国办发〔2020〕42号", members("material result paper second_person"), chain=MATERIALS,
    ),
    Rule(
        "B09R", "commitment_checked", UNDECIDED, None, Party.ACCEPTING, _CHECKERS, PERSON,
        (c.not_from_future, mg.only_repaired, mg.commitment_looked_at, mg.head_confirms_breach), (me.keep_check,),
        "B09, G15; 国办发〔2020〕42号", members("material result paper second_person"), chain=MATERIALS,
    ),
    Rule(
        "B10R", "revoke", GRANTED, None, Party.ACCEPTING, frozenset({"DECIDER", "HEAD"}), PERSON,
        (c.not_from_future, dg.decide_grant, dg.decided_by_whom, mg.revocation_founded), (me.keep_revocation,),
        "行政许可法 69; B09, B10; F01, F02", members("ground paper grant record"), chain=MATERIALS,
    ),
)  # fmt: skip
