"""What a hub process keeps from one batch to the next, so that it is neither sent nor read again.

Invariants:
- a case file is used only when the row, read behind the head's lock, stands at the very leaf that the file was kept
  for: another process's change, or a batch of our own that was undone, is never missed;
- manifests are kept by digest, so they cannot grow old;
- the last serial of an item and day is used only while the log has not grown since our own last commit: nobody else can
  have drawn one;
- nothing is kept before its commit; what is kept is bounded, the longest unused goes first.

Belongs to the thread that runs the batches.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from crypto.manifest import Manifest
from hub.casework.casefile import CaseFile

CASES_MOST = 8192
MANIFESTS_MOST = 4096
LARGE = 64 * 1024  # bytes of a manifest that is not kept
K = TypeVar("K")
V = TypeVar("V")
_Serials = Mapping[tuple[str, str], int]


class Memory:
    """One a sequencer."""

    def __init__(self) -> None:
        self._cases: _Kept[str, tuple[int, CaseFile]] = _Kept(CASES_MOST)
        self._manifests: _Kept[str, Manifest] = _Kept(MANIFESTS_MOST)
        self._serials: _Serials = {}
        self._size = -1

    def case(self, case_id: str) -> tuple[int, CaseFile] | None:
        """Index of the last leaf that changed the case, and the case as it was then."""
        return self._cases.get(case_id)

    def manifest(self, digest: str) -> Manifest | None:
        """A manifest that was read before."""
        return self._manifests.get(digest)

    def keep_manifest(self, digest: str, manifest: Manifest, length: int) -> None:
        """Keep a manifest of so many bytes, if it is not too large."""
        if length <= LARGE:
            self._manifests.put(digest, manifest)

    def serials(self, size: int) -> _Serials:
        """Last serials given out by (item, day), as far as they are known in a log of ``size`` leaves."""
        return self._serials if size == self._size else {}

    def committed(self, size: int, cases: Iterable[tuple[int, CaseFile]], serials: _Serials) -> None:
        """What a batch left behind: size of the log, cases with the index of their last leaf, serials."""
        for index, file in cases:
            self._cases.put(file.case, (index, file))
        self._serials, self._size = serials, size


class _Kept(Generic[K, V]):
    """A bounded mapping; what was not asked for longest goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, which counts as used now."""
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
        return found

    def put(self, key: K, value: V) -> None:
        """Keep or replace."""
        self._held[key] = value
        self._held.move_to_end(key)
        if len(self._held) > self._most:
            self._held.popitem(last=False)
