"""Hand-over at the end of a shift (交接班; users.md A 9): what is open here, confirmed by who goes and who comes.

Invariants:
- the list is made from the journal, never typed; both sign the same bytes, or nothing is kept;
- it names cases by id, state and what they wait for: no personal data;
- it moves no case: what is open at a window is the window's, and any colleague in post goes on with it. What one person
  answers for is a department's matter and is handed over case by case (T13, ``department.review.hand_over_shift``).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from crypto import canonical, identity, suites
from crypto.refusal import Refusal
from crypto.statement import Envelope, read_envelope, sign
from node_agent import acts
from node_agent.process.runtime import Agent
from node_agent.window.seal import COLLECTING

RULE = "users.md A 9; promise 2"
SHIFT_TYPE = "application/vnd.yidi.shift+json"
NOTE = "shift:"
"""Notes of the journal, by the time of the hand-over."""


@dataclass(frozen=True)
class Open:
    """One matter that goes on. ``state``: in Chinese; ``due``: RFC 3339 text, UTC+8, or empty; ``waits``: for what."""

    case: str
    public_no: str
    state: str
    due: str
    waits: str


@dataclass(frozen=True)
class Shift:
    """A hand-over that both signed. ``at``: RFC 3339 text, UTC+8; ``outgoing``, ``incoming``: person ids."""

    at: str
    outgoing: str
    incoming: str
    open: tuple[Open, ...]


def hand_over(agent: Agent, outgoing: str, incoming: str, matters: Sequence[Open]) -> Shift:
    """Signed by both and kept. Works without hub. Refusals SHIFT_TO_ONESELF, ROLE_MISSING, PERSON_UNKNOWN_HERE."""
    people = [agent.identity.person(code) for code in (outgoing, incoming)]
    if outgoing == incoming:
        raise Refusal("SHIFT_TO_ONESELF", RULE, person=people[0][0])
    for code in (outgoing, incoming):
        acts.role_of(agent, code, COLLECTING)
    made = Shift(canonical.time_text(datetime.now(UTC)), people[0][0], people[1][0], tuple(matters))
    said = {
        "v": 1,
        "node": agent.identity.node,
        "epoch": agent.registry.directory.epoch,
        "at": made.at,
        "from": made.outgoing,
        "to": made.incoming,
        "open": [asdict(one) for one in made.open],
    }
    envelope = sign(canonical.encode(said), [key for _, key in people], SHIFT_TYPE)
    agent.journal.keep(NOTE + made.at, envelope.encode())  # commit point
    return made


def shifts(agent: Agent) -> list[Shift]:
    """All that are kept, newest first, each with both signatures checked. Refusals of ``_read``."""
    return [_read(agent, read_envelope(data, SHIFT_TYPE)) for _, data in reversed(agent.journal.notes(NOTE))]


def _read(agent: Agent, envelope: Envelope) -> Shift:
    """Refusals SIGNATURE_INVALID, SECOND_PERSON_MISSING: a list that was changed in the journal is not shown."""
    said: dict[str, Any] = canonical.parse(envelope.payload)
    directory, epoch = agent.registry.directory, int(said["epoch"])
    for check in directory.checks(envelope, epoch):
        suites.verify(check.suite, check.public, check.signature, envelope.signed_bytes)
    signed = {directory.entry(keyid, epoch).record.subject for keyid, _ in envelope.signatures}
    if signed != {said["from"], said["to"]} or any(
        identity.node_of(person) != agent.identity.node for person in signed
    ):
        raise Refusal("SECOND_PERSON_MISSING", RULE, type="shift")
    return Shift(said["at"], said["from"], said["to"], tuple(Open(**one) for one in said["open"]))
