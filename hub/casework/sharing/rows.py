"""Row: a query of another body's data, on the side chain ``access`` beside the openings of documents (H02, H05)."""

from hub.casework import common as c
from hub.casework.law import Party, Rule
from hub.casework.row_values import DEPARTMENT_NODE, INTAKE_NODE, LIVE, NODE, members
from hub.casework.sharing import guards as hg

ROWS = (
    Rule(
        "H05", "data_queried", LIVE, None, Party.READER, INTAKE_NODE | DEPARTMENT_NODE, NODE,
        (c.not_from_future, hg.query_said, hg.query_granted), (), "H02, H05, H06; 政务数据共享条例",
        members("kind grant purpose reference result asked_by material"), chain="access",
    ),
)  # fmt: skip
