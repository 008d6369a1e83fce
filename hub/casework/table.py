"""The law as one table (states.md section 4): the rows of every subject. One row, one event.

A subject is a folder: ``rows`` (the article and the body's members stand beside each row), ``guards``, ``effects``.
"""

from hub.casework.acceptance.rows import ROWS as ACCEPTANCE
from hub.casework.access.rows import ROWS as ACCESS
from hub.casework.archive.rows import ROWS as ARCHIVE
from hub.casework.decision.rows import ROWS as DECISION
from hub.casework.delivery.rows import ROWS as DELIVERY
from hub.casework.entry.rows import ROWS as ENTRY
from hub.casework.hand_off.rows import ROWS as HAND_OFF
from hub.casework.late.rows import with_late_entries
from hub.casework.law import Law
from hub.casework.materials.rows import ROWS as MATERIALS
from hub.casework.originals.rows import ROWS as ORIGINALS
from hub.casework.parents.rows import ROWS as PARENTS
from hub.casework.review.rows import ROWS as REVIEW
from hub.casework.sharing.rows import ROWS as SHARING
from hub.casework.supervision.rows import ROWS as SUPERVISION

ROWS = with_late_entries(
    (
        *ENTRY, *HAND_OFF, *ACCEPTANCE, *MATERIALS, *REVIEW, *DECISION, *DELIVERY, *ORIGINALS, *ARCHIVE, *ACCESS,
        *SUPERVISION, *PARENTS, *SHARING,
    )
)  # fmt: skip
LAW = Law(ROWS)
