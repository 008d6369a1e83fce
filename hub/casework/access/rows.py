"""Rows: key packets and openings (side chains ``keys`` and ``access``)."""

from hub.casework import common as c
from hub.casework.access import effects as ae
from hub.casework.access import guards as ag
from hub.casework.entry import online as go
from hub.casework.law import Party, Rule
from hub.casework.row_values import APPLICANTS, INTAKE_NODE, LIVE, NODE, READABLE, READERS, members

ROWS = (
    Rule(
        "W1", "wrap", LIVE, None, Party.KEY_HOLDER, INTAKE_NODE | {"department", "recovery"}, NODE,
        (c.not_from_future, ag.wrap_valid), (ae.keep_wrap,), "architecture: key packets; A24",
        members("manifest recipient recipient_key packets"), chain="keys",
    ),
    Rule(
        "H02", "open_document", READABLE, None, Party.READER, READERS, APPLICANTS,
        (c.not_from_future, ag.opening_has_purpose, go.applicant_ordered, go.portal_shows_notices), (),
        "H02; 个人信息保护法 51", members("manifest purpose order"), chain="access",
    ),
)  # fmt: skip
