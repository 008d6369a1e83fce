"""Who this hub is: its keys, its certificate, the log it signs.

Invariants: the node id is the one in the certificate; the log keys are those that everybody has pinned, or the hub does
not start (a log under other keys would be another log).
"""

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from crypto import certificates
from crypto.evidence.pins import Pins
from crypto.keystore import SoftwareKeystore, SoftwareSigner
from crypto.log import cosignature, note
from crypto.refusal import Refusal

RULE = "promise 4: pinned keys"
LOG_ED25519, LOG_MLDSA = "log-ed25519", "log-mldsa"


@dataclass(frozen=True)
class HubIdentity:
    """Node id, the key that signs receipts, the TLS pair (PEM key, PEM certificate), the log's signers."""

    node: str
    signer: SoftwareSigner
    tls: tuple[bytes, bytes]
    log_signers: tuple[note.Signer, ...]


def load_identity(folder: Path, certificate: Path, pins: Pins) -> HubIdentity:
    """The identity in a keystore folder. Refusals KEY_MISSING, CERTIFICATE_FORMAT, CERTIFICATE_DIFFERS, PINS_DIFFER."""
    keystore = SoftwareKeystore(folder)
    pem = certificate.read_bytes()
    node, key, _ = certificates.peer(pem)
    tls = keystore.signer("tls")
    if key.public != tls.public:
        raise Refusal("CERTIFICATE_DIFFERS", RULE, subject=node)
    signers = log_signers(keystore, pins.origin)
    if {signer.key.text for signer in signers} != set(pins.log_keys):
        raise Refusal("PINS_DIFFER", RULE, origin=pins.origin)
    return HubIdentity(node, keystore.signer("sign"), (tls.private_pem(), pem), signers)


def log_signers(keystore: SoftwareKeystore, origin: str) -> tuple[note.Signer, ...]:
    """Ed25519 and ML-DSA-44 signers of the log ``origin``. Refusals KEY_MISSING, SUITE_UNKNOWN."""
    classic = load_pem_private_key(keystore.signer(LOG_ED25519).private_pem(), None)
    quantum = load_pem_private_key(keystore.signer(LOG_MLDSA).private_pem(), None)
    if not isinstance(classic, Ed25519PrivateKey) or not isinstance(quantum, MLDSA44PrivateKey):
        raise Refusal("SUITE_UNKNOWN", RULE, origin=origin)
    return (note.Ed25519Signer(origin, classic), cosignature.MlDsa44Cosigner(origin, quantum))
