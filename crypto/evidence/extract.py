"""The signed extract: the hub's word on what belongs in a package, so that a shortened one is seen.

Invariants: canonical JSON with exactly these members; indexes ascend; signed under its own DSSE type, so an extract
can never pass for a statement.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from crypto import canonical
from crypto.refusal import Refusal

RULE = "architecture: evidence package, extract"
VERSION = 1
_MEMBERS = {"v", "case", "leaf_count", "indexes", "epoch", "tree_size", "exported_at", "manifests", "rules"}


@dataclass(frozen=True)
class Extract:
    """``epoch``: registry leaves included; ``exported_at``: UTC+8; ``manifests``: digests; ``rules``: digest."""

    case: str
    indexes: tuple[int, ...]
    epoch: int
    tree_size: int
    exported_at: str
    manifests: tuple[str, ...]
    rules: str

    def payload(self) -> bytes:
        """Canonical JSON, the bytes to be signed."""
        return canonical.encode(
            {
                "v": VERSION,
                "case": self.case,
                "leaf_count": len(self.indexes),
                "indexes": list(self.indexes),
                "epoch": self.epoch,
                "tree_size": self.tree_size,
                "exported_at": self.exported_at,
                "manifests": list(self.manifests),
                "rules": self.rules,
            }
        )


def read_extract(payload: bytes) -> Extract:
    """The extract in a payload. Refusals NOT_CANONICAL, TIME_FORMAT, EXTRACT_VERSION, EXTRACT_FORMAT."""
    value = canonical.parse(payload)
    if type(value.get("v")) is int and value["v"] != VERSION:
        raise Refusal("EXTRACT_VERSION", RULE, v=value["v"])
    texts = all(isinstance(value.get(name), str) for name in ("case", "exported_at", "rules"))
    counts = all(_is_count(value.get(name)) for name in ("epoch", "tree_size", "leaf_count"))
    indexes, manifests = value.get("indexes"), value.get("manifests")
    if set(value) != _MEMBERS or not texts or not counts:
        raise Refusal("EXTRACT_FORMAT", RULE, members=",".join(sorted(value))[:120])
    if not isinstance(indexes, list) or not all(map(_is_count, indexes)) or indexes != sorted(set(indexes)):
        raise Refusal("EXTRACT_FORMAT", RULE, member="indexes")
    if not isinstance(manifests, list) or not all(isinstance(one, str) for one in manifests):
        raise Refusal("EXTRACT_FORMAT", RULE, member="manifests")
    if value["leaf_count"] != len(indexes):
        raise Refusal("EXTRACT_FORMAT", RULE, member="leaf_count")
    canonical.time_value(str(value["exported_at"]))
    return _made(value, indexes, manifests)


def _made(value: Mapping[str, object], indexes: list[int], manifests: list[str]) -> Extract:
    epoch, tree_size = value["epoch"], value["tree_size"]
    assert isinstance(epoch, int) and isinstance(tree_size, int)  # checked by read_extract
    return Extract(
        str(value["case"]),
        tuple(indexes),
        epoch,
        tree_size,
        str(value["exported_at"]),
        tuple(manifests),
        str(value["rules"]),
    )


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0
