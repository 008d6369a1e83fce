"""Who there is in the founded world: nodes, staff codes, keys; and the one item of the demo that is asked for."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crypto import canonical
from crypto.kem import KemPrivate
from crypto.keystore import SoftwareSigner
from crypto.records import PublicKey

DOMAIN = "yidi.test"
ORIGIN = "log.yidi.test"
DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo"
ITEM = "11360102900001025R4000131012001"
REGION = "360102000000"
WINDOW, OTHER_WINDOW = "chongqing-jiangjin-hall", "jiangxi-donghu-hall"
DEPARTMENT, OTHER_DEPARTMENT = "jiangxi-donghu-scj", "jiangxi-xunyang-scj"
GATEWAY, RECOVERY, HUB, REGISTRAR, AUDITOR = "gateway", "recovery", "hub", "registrar", "auditor"
NODES = {
    REGISTRAR: ("500000000000", "registrar"),
    HUB: ("500000000000", "hub"),
    WINDOW: ("500116000000", "window"),
    OTHER_WINDOW: (REGION, "window"),
    DEPARTMENT: (REGION, "department"),
    OTHER_DEPARTMENT: ("360403000000", "department"),
    GATEWAY: ("500000000000", "gateway"),
    RECOVERY: ("500000000000", "recovery"),
    AUDITOR: (REGION, "auditor"),
}
PREFIXES = {WINDOW: 31001, OTHER_WINDOW: 31002}
STAFF = {
    WINDOW: {"W01": "COLLECTOR", "W02": "COLLECTOR"},
    OTHER_WINDOW: {"W11": "COLLECTOR"},
    DEPARTMENT: {"D01": "ACCEPTOR", "D02": "DECIDER", "D03": "ISSUER", "D04": "HEAD", "D05": "ACCEPTOR"},
    OTHER_DEPARTMENT: {"X01": "ACCEPTOR", "X02": "DECIDER", "X03": "ISSUER", "X04": "HEAD"},
}
KEY_LINES = ("M01", "M02", "M03", "M04", "M06", "M07")


def now() -> str:
    """The declared time of an act made now."""
    return canonical.time_text(datetime.now(UTC))


@dataclass
class Member:
    """A node or a person with its private keys. ``record``: digest of its last registration."""

    subject: str
    node: str
    roles: tuple[str, ...]
    region: str
    sign: SoftwareSigner
    tls: SoftwareSigner | None = None
    kem: KemPrivate | None = None
    witness: SoftwareSigner | None = None
    prefix: int | None = None
    record: str | None = None

    def body(self) -> dict[str, object]:
        """The ``key.register`` body for the keys as they are now."""
        keys = {"sign": PublicKey(self.sign.suite, self.sign.public)}
        for purpose in ("tls", "kem", "witness"):
            held = getattr(self, purpose)
            if held is not None:
                keys[purpose] = PublicKey(held.suite, held.public)
        return {
            "subject": self.subject,
            "kind": "node" if self.subject == self.node else "person",
            "node": self.node,
            "roles": list(self.roles),
            "region": self.region,
            "title": "试验节点",
            "public_prefix": self.prefix,
            "keys": {purpose: key.as_object() for purpose, key in keys.items()},
            "replaces": self.record,
        }
