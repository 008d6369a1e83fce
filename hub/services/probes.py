"""A node's test of the object store by the way that sealed pages go (B24): presigned PUT, presigned GET, erased.

Invariants:
- nothing of it is kept in the database, and no statement is made: a test leaves the log as it was;
- a node reaches only objects under its own prefix, small ones, for a minute; they stand apart from sealings;
- what a test that broke off left there is erased when the node begins its next one, so at most one object of a node
  lies about; of two tests of one node at a time the later one ends the earlier one.
"""

import base64
import re
import secrets

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
        for left in {stored.key for stored in self._store.versions(_folder(caller))}:
            self._store.delete(left, None)
        probe = secrets.token_hex(16)
        put = self._store.presign_put(_key(caller, probe), size, base64.b64encode(md5).decode(), SECONDS, new=True)
        return probe, put

    def read(self, caller: KeyRecord, probe: str) -> str:
        """URL of a GET of what stands there. Refusals PROBE_FORMAT, OBJECT_MISSING."""
        key = _key(caller, probe)
        stored = self._store.head(key)
        if stored is None:
            raise Refusal("OBJECT_MISSING", RULE, probe=probe)
        return self._store.presign_get(key, stored.version_id, SECONDS)

    def end(self, caller: KeyRecord, probe: str) -> None:
        """Erase it; nothing to do when it is gone. Refusal PROBE_FORMAT."""
        self._store.delete(_key(caller, probe), None)


def _folder(caller: KeyRecord) -> str:
    return f"{PREFIX}{digest(caller.subject.encode())}/"


def _key(caller: KeyRecord, probe: str) -> str:
    if _PROBE.fullmatch(probe) is None:
        raise Refusal("PROBE_FORMAT", RULE, probe=probe[:40])
    return _folder(caller) + probe
