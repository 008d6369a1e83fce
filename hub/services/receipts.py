"""The sequenced receipt: what the hub answers for with its node key.

Invariant: a receipt is a function of the leaf and of the pinned versions that it names, signed deterministically, so
the same statement sent again gets the same bytes.
"""

from dataclasses import replace

from crypto import canonical
from crypto.keystore import Signer
from crypto.log.leaf import Leaf
from crypto.statement import RECEIPT_TYPE, Envelope, sign
from storage.object_rows import PinnedRow


def bound(leaf: Leaf, pinned: PinnedRow | None) -> list[PinnedRow]:
    """The object that a leaf made part of the case, at the version that it names; none for most leaves.

    A sealing that was stored again later (T12R) is pinned at another version by now: the leaf's own counts.
    """
    version = leaf.assigned.get("object_version")
    return [replace(pinned, version_id=version)] if pinned is not None and version else []


def make_receipt(signer: Signer, leaf: Leaf, payload_digest: str, objects: list[PinnedRow]) -> Envelope:
    """Receipt over payload digest, log origin, index, recorded_at, object versions and assigned numbers."""
    payload = canonical.encode_known(
        {
            "v": 1,
            "payload_digest": payload_digest,
            "origin": leaf.origin,
            "index": leaf.index,
            "recorded_at": leaf.recorded_at,
            "assigned": dict(leaf.assigned),
            "objects": [
                {"key": row.object_key, "version_id": row.version_id, "size": row.size, "etag": row.etag}
                for row in objects
            ],
        }
    )
    return sign(payload, [signer], RECEIPT_TYPE)
