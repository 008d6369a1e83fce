"""What the applicant takes home: a secret, the check code and the key for results that follow from it.

Invariants: the secret is made at the window, printed once (in the fragment of the receipt's QR) and not kept; the hub
gets the public half of the result key and a slow hash of the check code only.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from crypto.kem import KemPrivate, kem_from_seed


@dataclass(frozen=True)
class Applicant:
    """The secret (32 bytes, as 64 hex digits) and what follows from it."""

    secret: str

    @property
    def check_code(self) -> str:
        """Six digits for asking about a case without a login (G06)."""
        number = hmac.new(bytes.fromhex(self.secret), b"yidi check code", hashlib.sha256).digest()
        return f"{int.from_bytes(number[:8]) % 1_000_000:06d}"

    @property
    def result_key(self) -> KemPrivate:
        """X25519 key that results are sealed to."""
        return kem_from_seed(bytes.fromhex(self.secret))


def new_applicant() -> Applicant:
    """A fresh secret."""
    return Applicant(secrets.token_hex(32))
