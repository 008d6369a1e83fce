"""Who this agent is: its keys by purpose, the persons who work at it, the pins that it trusts.

Invariants: private keys stay in keystores of mode 0700; a person signs with a key of its own, never with the node's;
what is trusted without the hub (registrar keys, log keys, authority) comes from the pins file alone.
"""

from functools import cached_property
from pathlib import Path

from crypto import identity
from crypto.evidence.pins import Pins, read_pins
from crypto.kem import KemPrivate
from crypto.keystore import Signer, SoftwareKeystore
from crypto.refusal import Refusal


class AgentIdentity:
    """In an agent's folder: ``keys/``, ``persons/<code>/``, ``tls.pem``, ``authority.pem``, ``pins.json``."""

    def __init__(self, home: Path, node: str) -> None:
        self.home = home
        self.node = identity.require_node(node)
        self.keys = SoftwareKeystore(home / "keys")

    @cached_property
    def sign(self) -> Signer:
        """The node's signing key."""
        return self.keys.signer("sign")

    @cached_property
    def kem(self) -> KemPrivate:
        """The node's decryption key."""
        return self.keys.kem("kem")

    @property
    def certificate(self) -> bytes:
        """PEM certificate of the ``tls`` key."""
        return (self.home / "tls.pem").read_bytes()

    @cached_property
    def pins(self) -> Pins:
        """Log keys, registrar keys and witnesses that this agent trusts without asking the hub."""
        return read_pins((self.home / "pins.json").read_bytes())

    @property
    def authority(self) -> bytes:
        """PEM of the authority that certifies hub and nodes."""
        return (self.home / "authority.pem").read_bytes()

    def person(self, staff_code: str) -> tuple[str, Signer]:
        """Person id and signing key of a member of staff. Refusal PERSON_UNKNOWN_HERE."""
        folder = self.home / "persons" / staff_code
        if not staff_code.isalnum() or not folder.is_dir():
            raise Refusal("PERSON_UNKNOWN_HERE", "H09", staff_code=staff_code[:16])
        return identity.person_id(self.node, staff_code), SoftwareKeystore(folder).signer("sign")
