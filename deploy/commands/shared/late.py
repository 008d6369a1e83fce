"""The options of a late entry: what was done on paper while nothing worked, and is entered now (states.md 9; A22).

Invariant: without these options an act is said as of now; an act made offline and sent later needs none of them.
"""

from datetime import UTC, datetime
from typing import Annotated

import typer

from crypto.canonical import CHINA, time_text
from crypto.refusal import Refusal
from deploy.commands.shared.choices import code_of, listed
from hub.casework import reasons
from hub.casework.late.guards import RULE
from node_agent.acts import LateEntry

HappenedAt = Annotated[
    datetime | None,
    typer.Option(
        "--happened-at",
        formats=["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        help="补录：停电断网时在纸上办理的时间（北京时间）",
    ),
]
Cause = Annotated[str, typer.Option("--cause", help=f"补录的原因。{listed(reasons.LATE_CAUSES)}")]
Second = Annotated[str, typer.Option("--second", help="补录时核对并一同签名的同事工号")]


def late_of(happened_at: datetime | None, cause: str, second: str) -> LateEntry | None:
    """The late entry that the options tell, or None. Refusals LATE_ENTRY_PARTS (some of them are missing),
    CHOICE_UNKNOWN, LATE_ENTRY_TIMES (it did not happen before now)."""
    given = {"--happened-at": happened_at is not None, "--cause": bool(cause), "--second": bool(second)}
    if not any(given.values()):
        return None
    missing = [option for option, there in given.items() if not there]
    if missing or happened_at is None:
        raise Refusal("LATE_ENTRY_PARTS", RULE, option="、".join(missing))
    code, now = code_of(reasons.LATE_CAUSES, cause, "--cause"), datetime.now(UTC)
    moment = happened_at.replace(tzinfo=CHINA)
    if moment >= now:
        raise Refusal("LATE_ENTRY_TIMES", RULE, occurred_at=time_text(moment), entered_at=time_text(now))
    return LateEntry(time_text(moment), code, second)


def late_packing(happened_at: datetime | None, cause: str, witness: str) -> LateEntry | None:
    """The same where the witness of the packing is the second person (O3)."""
    return late_of(happened_at, cause, witness) if happened_at or cause else None
