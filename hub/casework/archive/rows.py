"""Rows: the archive (T37). After ARCHIVED and P_ARCHIVED nothing happens any more but reads (states.md 10,
invariant 3): what is opened or exported is told still (H01, H02)."""

from hub.casework import common as c
from hub.casework.archive import effects as ke
from hub.casework.archive import guards as kg
from hub.casework.law import Party, Rule
from hub.casework.originals.states import ENDED
from hub.casework.row_values import BY_HUB, HUB, PERSON, WINDOW, members
from hub.casework.states import PARENT_ENDS, State

_ENDED = tuple(state for state in State if state in ENDED - PARENT_ENDS)
_PARENT = tuple(state for state in State if state in PARENT_ENDS)

ROWS = (
    Rule(
        "T37P", "archive_package", (*_ENDED, *_PARENT), None, Party.EITHER, WINDOW | {"ISSUER"}, PERSON,
        (c.not_from_future, kg.package_told), (ke.keep_package,), "states.md T37; GB/T 42727-2023",
        members("package"), chain="delivery",
    ),
    Rule(
        "T37", "archive", _ENDED, State.ARCHIVED, Party.HUB, HUB, BY_HUB,
        (kg.ready_for_archive,), (c.stop(),), "states.md T37, 10 (3, 13)", members("package"),
    ),
    Rule(
        "P37", "archive", _PARENT, State.P_ARCHIVED, Party.HUB, HUB, BY_HUB,
        (kg.ready_for_archive,), (c.stop(),), "states.md 8, T37", members("package"),
    ),
)  # fmt: skip
