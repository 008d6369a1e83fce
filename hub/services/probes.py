"""A node's test of the object store by the way that sealed pages go (B24): presigned PUT, presigned GET, erased.

Invariants:
- nothing of it is kept in the database, and no statement is made: a test leaves the log as it was;
- a node reaches only objects under its own prefix, small ones, for a minute; they stand apart from sealings;
- a node has one place, written only where nothing stands: however many permissions it asks for, at most one object of
  it lies about; what a test that broke off left there is erased when the node begins its next one;
- of two tests of one node at a time the later one ends the earlier one, which is told that its object is gone.
"""

import base64
import re

from crypto.canonical import digest
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from storage.objectstore import ObjectStore, SignedPut

RULE = "B24; design: object store"
PREFIX = "selftest/"
SECONDS = 60
SIZE_MOST = 64 << 10
MD5_SIZE = 16
_PROBE = re.compile(r"[0-9a-f]{32}")


class Probes:
    """Blocking; safe from several threads and processes. ``store``: the bucket of ciphertext."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def begin(self, caller: KeyRecord, size: int, md5: bytes) -> tuple[str, SignedPut]:
        """Id of the probe, and the PUT. Refusal PROBE_FORMAT."""
        if not 1 <= size <= SIZE_MOST or len(md5) != MD5_SIZE:
            raise Refusal("PROBE_FORMAT", RULE, size=size, most=SIZE_MOST)
        self._store.delete(_place(caller), None)
        put = self._store.presign_put(_place(caller), size, base64.b64encode(md5).decode(), SECONDS, new=True)
        return md5.hex(), put

    def read(self, caller: KeyRecord, probe: str) -> str:
        """URL of a GET of what stands there. Refusals PROBE_FORMAT, OBJECT_MISSING (it is another test's)."""
        _require_probe(probe)
        stored = self._store.head(_place(caller))
        if stored is None or stored.etag != probe:
            raise Refusal("OBJECT_MISSING", RULE, probe=probe)
        return self._store.presign_get(stored.key, stored.version_id, SECONDS)

    def end(self, caller: KeyRecord, probe: str) -> None:
        """Erase it; nothing to do when it is gone. Refusal PROBE_FORMAT."""
        _require_probe(probe)
        self._store.delete(_place(caller), None)


def _place(caller: KeyRecord) -> str:
    return f"{PREFIX}{digest(caller.subject.encode())}"


def _require_probe(probe: str) -> None:
    """A probe is named by the MD5 of its bytes, which is what the store calls them by too."""
    if _PROBE.fullmatch(probe) is None:
        raise Refusal("PROBE_FORMAT", RULE, probe=probe[:40])
