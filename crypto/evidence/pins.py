"""What a verifier brings along: the keys that it trusts before it opens a package.

Invariants: nothing in a package can add to the pins; a log and a registrar are always pinned; the file form is
canonical JSON and holds public keys only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from crypto import canonical
from crypto.log import cosignature, note
from crypto.records import PublicKey, read_public
from crypto.refusal import Refusal

RULE = "promise 4: pinned keys"
VERSION = 1
_MEMBERS = {"v", "origin", "log_keys", "registrar_keys", "witness_keys", "witnesses_needed"}


@dataclass(frozen=True)
class Pins:
    """``origin``: the log's name. ``log_keys``, ``witness_keys``: note keys as text (C2SP signed-note).

    All log keys must have signed; ``witnesses_needed`` of the witnesses must have cosigned (0: none asked).
    Refusal PINS_FORMAT when log or registrar is missing, a key is unreadable or more witnesses are asked than known.
    """

    origin: str
    log_keys: Sequence[str]
    registrar_keys: Sequence[PublicKey]
    witness_keys: Sequence[str] = field(default_factory=tuple)
    witnesses_needed: int = 0

    def __post_init__(self) -> None:
        if not self.origin or not self.log_keys or not self.registrar_keys:
            raise Refusal("PINS_FORMAT", RULE, problem="origin, log key or registrar key missing")
        try:
            log, witnesses = self.log_verifiers(), self.witnesses()
        except Refusal as refusal:
            raise Refusal("PINS_FORMAT", RULE, problem=str(refusal)[:80]) from refusal
        if any(one.key.name != self.origin for one in log):
            raise Refusal("PINS_FORMAT", RULE, problem="a log key of another name")
        if not 0 <= self.witnesses_needed <= len({key.name for key in witnesses}):
            raise Refusal("PINS_FORMAT", RULE, problem="witnesses_needed")

    def log_verifiers(self) -> list[note.Verifier]:
        """Verifiers of the log's own signatures."""
        return [cosignature.verifier(note.VerifierKey.parse(text)) for text in self.log_keys]

    def witnesses(self) -> list[note.VerifierKey]:
        """Keys of the pinned witnesses."""
        return [note.VerifierKey.parse(text) for text in self.witness_keys]

    def to_json(self) -> bytes:
        """The file form."""
        return canonical.encode(
            {
                "v": VERSION,
                "origin": self.origin,
                "log_keys": list(self.log_keys),
                "registrar_keys": [key.as_object() for key in self.registrar_keys],
                "witness_keys": list(self.witness_keys),
                "witnesses_needed": self.witnesses_needed,
            }
        )


def read_pins(data: bytes) -> Pins:
    """The pins in a file. Refusals NOT_CANONICAL, PINS_FORMAT."""
    value = canonical.parse(data)
    lists = [value.get(name) for name in ("log_keys", "registrar_keys", "witness_keys")]
    needed, origin = value.get("witnesses_needed"), value.get("origin")
    log_keys, registrar_keys, witness_keys = lists
    if set(value) != _MEMBERS or value["v"] != VERSION or type(needed) is not int:
        raise Refusal("PINS_FORMAT", RULE, problem="members")
    if not isinstance(origin, str) or not isinstance(registrar_keys, list):
        raise Refusal("PINS_FORMAT", RULE, problem="origin or registrar_keys")
    try:
        registrars = tuple(read_public(one) for one in registrar_keys)
    except Refusal as refusal:
        raise Refusal("PINS_FORMAT", RULE, problem="registrar_keys") from refusal
    return Pins(origin, _texts(log_keys), registrars, _texts(witness_keys), needed)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Refusal("PINS_FORMAT", RULE, problem="keys are texts")
    return tuple(value)
