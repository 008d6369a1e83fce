"""The applicant's key: a keyed digest by which windows find an applicant again, and nobody else does (A22, E07, D21).

Invariants:
- the secret is made by the registrar and reaches each window sealed to its decryption key, as a leaf of the registry
  (``secret.share``); the hub carries it and cannot open it, so it cannot try out numbers (promise 1);
- the same number gives the same digest at every window, and the kind of number goes in, so that a citizen's and a
  body's never meet;
- what is keyed was checked before (check digit, ``hub.casework.numbers``); the number itself leaves no window.
"""

import hashlib
import hmac
import secrets

from crypto import canonical, kem
from crypto.records import KeyRecord

NAME = "applicant"
"""Name of the secret among those that the registry shares out."""
SECRET_SIZE = 32


def new_secret() -> bytes:
    """A fresh secret of 32 bytes."""
    return secrets.token_bytes(SECRET_SIZE)


def keyed_digest(secret: bytes, kind: str, number: str) -> str:
    """Hex HMAC-SHA256 of a number in its canonical form. ``kind``: CITIZEN_ID, CREDIT_CODE, or a document type."""
    return hmac.new(secret, "\0".join(("yidi applicant", kind, number)).encode(), hashlib.sha256).hexdigest()


def seal_for(record: KeyRecord, secret: bytes) -> bytes:
    """The secret as a packet for a node. Refusals KEM_MISSING, PUBLIC_KEY_INVALID."""
    key = record.kem
    return kem.wrap(key.suite, key.public, secret, _info(record.subject, key.id))


def open_share(private: kem.KemPrivate, node: str, recipient_key: str, packet: bytes) -> bytes:
    """The secret in a node's own packet. Refusal PACKET_UNREADABLE."""
    return private.open(packet, _info(node, recipient_key))


def _info(node: str, recipient_key: str) -> bytes:
    return canonical.encode({"purpose": f"yidi secret {NAME}", "node": node, "key": recipient_key})
