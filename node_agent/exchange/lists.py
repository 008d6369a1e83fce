"""Lists of cases that go outside as one file: stated for each case in the log before a byte is written (H01).

Invariants:
- one salted digest stands for the whole list: who got it checks it, nobody guesses a name or a telephone from the log;
- the act of every case is acknowledged by the hub, or nothing leaves; stated and not written is told too much, never
  too little; who asks is told at the first act that is not;
- unmasked contents need a live EXPORT grant for every case.
"""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from crypto import canonical
from crypto.refusal import Refusal
from hub.casework.masking.fields import Profile
from node_agent import acts
from node_agent.department import powers
from node_agent.process.runtime import Agent
from storage.journal import OutboxEntry

RULE = "H01; 个人信息保护法 51"
UNMASKED = "NONE"
Answered = Callable[[str], OutboxEntry]


@dataclass(frozen=True)
class Stated:
    """What the log has of a list. ``digest`` = ``digest_of(salt, contents)``; ``salt`` goes with the file."""

    digest: str
    salt: str


def digest_of(salt: str, contents: Mapping[str, object]) -> str:
    """Lower-case hex SHA-256 over canonical JSON of salt and contents."""
    return canonical.digest(canonical.encode({"v": 1, "salt": salt, "list": dict(contents)}))


def state(
    agent: Agent,
    staff_code: str,
    roles: Sequence[str],
    case_ids: Sequence[str],
    contents: Mapping[str, object],
    answered: Answered,
    *,
    unmasked: Collection[str] = (),
) -> Stated | None:
    """Say for every case that it leaves in this list; None where it has none. ``contents``: what is written, as plain
    values.

    ``roles``: one of them the person must have; ``unmasked``: cases of whom something stands there in full. Refusals
    ROLE_MISSING, GRANT_MISSING (unmasked), ACCESS_UNCONFIRMED (nothing may be written), the hub's own.
    """
    salt = secrets.token_hex(32)
    made = Stated(digest_of(salt, contents), salt)
    role = acts.role_of(agent, staff_code, roles)
    said = []
    for case_id in case_ids:
        body: dict[str, object] = {"profile": Profile.OUTSIDE.value, "kind": "CASE_LIST", "digest": made.digest}
        if case_id in unmasked:
            body["profile"] = UNMASKED
            body["grant"] = powers.live_grant(agent, case_id, "EXPORT", staff_code)
        said.append(acts.by_person(agent, case_id, "export", body, role, staff_code, chain="access"))
    agent.journal.queue(said)
    for one in said:
        entry = answered(one.payload_digest)
        if entry.refusal is not None:
            raise entry.refusal
        if entry.state != "DONE":
            raise Refusal("ACCESS_UNCONFIRMED", RULE, case=entry.case_id)
    return made if said else None
