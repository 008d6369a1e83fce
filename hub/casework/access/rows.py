"""Rows: key packets and openings (side chains ``keys`` and ``access``)."""

from hub.casework import common as c
from hub.casework.access import effects as ae
from hub.casework.access import guards as ag
from hub.casework.law import Party, Rule
from hub.casework.row_values import LIVE, NODE, PERSON, READERS, members

ROWS = (
    Rule(
        "W1", "wrap", LIVE, None, Party.KEY_HOLDER, frozenset({"window", "department", "recovery"}), NODE,
        (c.not_from_future, ag.wrap_valid), (ae.keep_wrap,), "architecture: key packets; A24",
        members("manifest recipient recipient_key packets"), chain="keys",
    ),
    Rule(
        "H02", "open_document", LIVE, None, Party.READER, READERS, PERSON,
        (c.not_from_future, ag.opening_has_purpose), (), "H02; 个人信息保护法 51",
        members("manifest purpose"), chain="access",
    ),
)  # fmt: skip
