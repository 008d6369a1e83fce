"""The first leaves of a log: the registrar and the hub itself, before anybody can be let in.

Invariants:
- the founding statements pass the same directory rules as any other and are sequenced by the same path;
- founding again with the same statements does nothing; a log that has other leaves is never founded over.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from crypto import canonical
from crypto.directory import Directory
from crypto.evidence.pins import Pins
from crypto.keystore import Signer
from crypto.refusal import Refusal
from crypto.statement import Envelope, envelope_from
from hub.services.intake import Ready
from hub.services.registry import RegistryService
from hub.services.sequencer import Sequencer
from storage.database import Database

RULE = "deploy: founding of a log"


def found(database: Database, pins: Pins, signer: Signer, hub: str, envelopes: Sequence[Envelope]) -> int:
    """Put the founding statements into the empty log; the log's size afterwards.

    Refusals LOG_NOT_EMPTY, and what ``crypto.directory`` says of a bad statement.
    """
    database.migrate()
    with database.unit() as unit:
        unit.log.found(pins.origin)
        unit.commit()
    with database.unit() as unit:
        size, known = unit.log.head().size, unit.log.known([envelope.digest for envelope in envelopes])
    if len(known) == len(envelopes):
        return size
    if size:
        raise Refusal("LOG_NOT_EMPTY", RULE, size=size)
    scratch = Directory(pins.registrar_keys)
    items = [Ready(scratch.admit(envelope), envelope) for envelope in envelopes]
    sequencer = Sequencer(database, RegistryService(database, pins.registrar_keys), signer, hub)
    outcomes = sequencer.place(items)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
    if refused:
        raise refused[0]
    return len(outcomes)


def read_founding(path: Path) -> list[Envelope]:
    """The envelopes in a founding file (JSON list). Refusals FOUNDING_FORMAT, ENVELOPE_FORMAT."""
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Refusal("FOUNDING_FORMAT", RULE, file=path.name) from error
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise Refusal("FOUNDING_FORMAT", RULE, file=path.name)
    return [envelope_from(value) for value in values]


def write_founding(envelopes: Sequence[Envelope]) -> bytes:
    """The founding file."""
    return canonical.encode([envelope.as_object() for envelope in envelopes])
