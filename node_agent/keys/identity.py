"""Who this agent is: its keys by purpose, the persons who work at it, the pins that it trusts.

Invariants:
- private keys stay in keystores of mode 0700; a person signs with a key of its own, never with the node's;
- what is trusted without the hub (registrar keys, log keys, authority) comes from the pins file alone;
- a rotated key counts in every process from the moment it is in its place; older decryption keys stay beside it, under
  their key ids, until nothing needs them (``node_agent.keys.rotation``).
"""

import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from crypto import identity
from crypto.evidence.pins import Pins, read_pins
from crypto.kem import KemPrivate
from crypto.keyid import key_id
from crypto.keystore import Signer, SoftwareKeystore
from crypto.refusal import Refusal
from crypto.sealing import KeyPacket, unwrap_key

OLD = "kem-"
"""Label of an older decryption key: this and its key id."""


class AgentIdentity:
    """In an agent's folder: ``keys/``, ``persons/<code>/``, ``tls.pem``, ``authority.pem``, ``pins.json``."""

    def __init__(self, home: Path, node: str) -> None:
        self.home = home
        self.node = identity.require_node(node)
        self.keys = SoftwareKeystore(home / "keys")
        self._lock = threading.Lock()
        self._read: dict[str, tuple[object, Signer | KemPrivate]] = {}

    @property
    def sign(self) -> Signer:
        """The node's signing key, as it is now."""
        made: Signer = self._fresh("sign", self.keys.signer)
        return made

    @property
    def kem(self) -> KemPrivate:
        """The node's decryption key, as it is now."""
        made: KemPrivate = self._fresh("kem", self.keys.kem)
        return made

    def older_kem(self) -> list[str]:
        """Ids of older decryption keys that are still here; never that of now, whatever a kill left behind."""
        now = OLD + key_id(self.kem.suite, self.kem.public)
        return [label.removeprefix(OLD) for label in self.keys.labels() if label.startswith(OLD) and label != now]

    def holds(self, keyid: str) -> bool:
        """Whether the decryption key with this id is here."""
        return keyid == key_id(self.kem.suite, self.kem.public) or self.keys.version(OLD + keyid) is not None

    def unwrap(self, case: str, revision: int, packet: KeyPacket) -> bytes:
        """The data key in a packet to this node's key of now or an older one. Refusal PACKET_UNREADABLE."""
        try:
            current = self.decryption_key(packet.recipient_key)
        except Refusal as refusal:
            raise Refusal("PACKET_UNREADABLE", "architecture: key packets", line=packet.line) from refusal
        return unwrap_key(current, case, revision, packet)

    def decryption_key(self, keyid: str) -> KemPrivate:
        """This node's decryption key of now, or an older one, by its id. Refusal PACKET_UNREADABLE."""
        current = self.kem
        if keyid == key_id(current.suite, current.public):
            return current
        if self.keys.version(OLD + keyid) is None:
            raise Refusal("PACKET_UNREADABLE", "architecture: key packets", line="")
        made: KemPrivate = self._fresh(OLD + keyid, self.keys.kem)
        return made

    def _fresh(self, label: str, read: Callable[[str], Any]) -> Any:
        """A key read once for each file that stood under its label."""
        version = self.keys.version(label)
        with self._lock:
            found = self._read.get(label)
            if found is None or found[0] != version or version is None:
                found = self._read[label] = (version, read(label))
        return found[1]

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
