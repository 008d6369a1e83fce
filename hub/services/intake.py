"""Before the narrow place: a submission is read, its form and signatures are checked, in threads, without locks.

What is checked here, in this order:
1. sizes; 2. the envelope and its payload are canonical; 3. the caller speaks for itself; 4. attachments and packets
are those that the statement names by digest; 5. every signature verifies under the key record that its id names;
6. the node's signature, and the person's where the statement names one, are there, with role and home node.

The sequencer looks 5 (validity of the keys) and 6 up again at the log position where the statement lands.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from crypto import canonical, suites
from crypto.directory import Directory
from crypto.manifest import RENDITIONS
from crypto.records import KeyRecord, read_key_record
from crypto.refusal import Refusal
from crypto.sealing import KeyPacket
from crypto.statement import REGISTRY, Envelope, Statement, read_envelope, read_statement

MAX_ENVELOPE = 60 * 1024
MAX_ATTACHMENT = 16 * 1024 * 1024
RULE = "architecture: signed statement"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SLOW_HASH = re.compile(r"[A-Za-z0-9+/=$_.,-]{1,256}")


@dataclass(frozen=True)
class Submission:
    """What a caller hands in: envelope bytes, bytes named by digest, packets, slow hash of the check code."""

    envelope: bytes
    attachments: Sequence[bytes] = ()
    packets: Sequence[KeyPacket] = ()
    check_code_hash: str = ""


@dataclass(frozen=True)
class Ready:
    """A submission whose form and signatures are good."""

    statement: Statement
    envelope: Envelope
    documents: Mapping[str, bytes] = field(default_factory=dict)
    packets: Sequence[KeyPacket] = ()
    check_code_hash: str = ""
    caller: KeyRecord | None = None  # who is to be looked at again at the place in the log

    @property
    def manifest(self) -> str | None:
        """Digest of the manifest that the statement names, if any; what has not the form of one is never looked up."""
        named = self.statement.body.get("manifest")
        return named if isinstance(named, str) and _DIGEST.fullmatch(named) else None


def examine(submission: Submission, caller: KeyRecord, directory: Directory) -> Ready:
    """A ``Ready`` submission, or the first refusal of the numbered list above."""
    if len(submission.envelope) > MAX_ENVELOPE:
        raise Refusal("STATEMENT_TOO_LARGE", RULE, size=len(submission.envelope), most=MAX_ENVELOPE)
    envelope = read_envelope(submission.envelope)
    statement = read_statement(envelope.payload)
    if statement.actor.node != caller.subject and not _registrar_speaks(statement, caller):
        raise Refusal("NOT_YOUR_VOICE", "H09; default is no", actor=statement.actor.node)
    documents = _documents(submission, statement)
    _require_packets(submission, statement)
    if submission.check_code_hash and _SLOW_HASH.fullmatch(submission.check_code_hash) is None:
        raise Refusal("CHECK_CODE_FORMAT", "architecture: public number", length=len(submission.check_code_hash))
    own = _own_keys(statement, envelope)
    for keyid, signature in envelope.signatures:
        suite, public = own.get(keyid) or _key(directory, keyid)
        suites.verify(suite, public, signature, envelope.signed_bytes)
    if statement.chain != REGISTRY:
        signers(statement, envelope, directory)
    return Ready(statement, envelope, documents, submission.packets, submission.check_code_hash)


def signers(
    statement: Statement, envelope: Envelope, directory: Directory, epoch: int | None = None
) -> tuple[KeyRecord, KeyRecord | None]:
    """Records of the node and the person that signed. Refusals as in ``crypto.directory``, PERSON_KEY_REVOKED."""
    with _naming_persons():
        node = directory.signed_by_node(statement, envelope, epoch)
        person = directory.signed_by_person(statement, envelope, epoch) if statement.actor.person else None
    return node, person


@contextmanager
def _naming_persons() -> Iterator[None]:
    """The revoked key of a person has a way out of its own: a colleague signs (H09)."""
    try:
        yield
    except Refusal as refusal:
        subject = str(refusal.values.get("subject"))
        if refusal.code == "KEY_REVOKED" and "/person/" in subject:
            raise Refusal("PERSON_KEY_REVOKED", "H09; 电子签名法 13", subject=subject) from refusal
        raise


def _registrar_speaks(statement: Statement, caller: KeyRecord) -> bool:
    return statement.chain == REGISTRY and "registrar" in caller.roles


def _documents(submission: Submission, statement: Statement) -> dict[str, bytes]:
    named = [statement.body.get(member) for member in ("manifest", "document")]
    documents = {}
    for data in submission.attachments:
        if len(data) > MAX_ATTACHMENT:
            raise Refusal("ATTACHMENT_TOO_LARGE", RULE, size=len(data), most=MAX_ATTACHMENT)
        digest = canonical.digest(data)
        if digest not in named:
            raise Refusal("ATTACHMENT_UNNAMED", RULE, digest=digest)
        documents[digest] = data
    return documents


def _require_packets(submission: Submission, statement: Statement) -> None:
    body = statement.body
    named = body.get("packets") if statement.type == "wrap" else []
    wanted = {_packet_name(item) for item in named} if isinstance(named, list) else set()
    given = {(packet.line, packet.rendition, packet.digest) for packet in submission.packets}
    strangers = [
        packet
        for packet in submission.packets
        if packet.recipient != body.get("recipient") or packet.recipient_key != body.get("recipient_key")
    ]
    if wanted != given or strangers:
        raise Refusal("PACKETS_DIFFER", "architecture: key packets", named=len(wanted), given=len(given))


def _packet_name(item: object) -> tuple[str, str, str]:
    """Line, rendition and digest of a packet named in a ``wrap``. Refusal BODY_MEMBER."""
    if isinstance(item, dict):
        line, rendition, digest = item.get("line"), item.get("rendition"), item.get("digest")
        if isinstance(line, str) and isinstance(rendition, str) and isinstance(digest, str) and rendition in RENDITIONS:
            return line, rendition, digest
    raise Refusal("BODY_MEMBER", "architecture: key packets", member="packets")


def _own_keys(statement: Statement, envelope: Envelope) -> dict[str, tuple[str, bytes]]:
    """Keys that a ``key.register`` brings along: their possession is proven by their own signature."""
    if statement.type != "key.register":
        return {}
    record = read_key_record(envelope.digest, 0, statement.body)
    return {key.id: (key.suite, key.public) for key in record.keys.values()}


def _key(directory: Directory, keyid: str) -> tuple[str, bytes]:
    """Suite and public key of one signature: the others may be by keys that the statement only brings along."""
    with _naming_persons():
        key = directory.key(keyid)
    return key.suite, key.public
