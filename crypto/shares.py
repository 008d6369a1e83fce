"""Secrets that the registrar shares out to nodes, in generations (A22, E07).

Invariants:
- a generation begins with its first share, and only when every earlier one has begun; at most two are in force at once:
  the newest, and the one before it until the registrar retires it;
- who has the newest and the older one compares by both; a retired one is never shared again and never counts;
- who takes in applications is given the newer one only with the older one, and the older one ends only when each of
  them that has it has the newer one: no two of them are ever without a secret in common;
- judged by position in the log, like a key; packets are sealed to nodes, so nobody learns a secret here (promise 1).
"""

from collections.abc import Callable, Mapping
from typing import Final

from crypto.records import KeyRecord, Share, read_retirement, read_share
from crypto.refusal import Refusal

TYPES: Final = frozenset({"secret.share", "secret.retire"})
RULE: Final = "A22; promise 1"
MOST: Final = 2
TAKERS: Final = frozenset({"window", "portal"})
"""Roles of who takes in applications."""


class ShareBook:
    """Part of the directory, which alone calls ``admit``."""

    def __init__(self) -> None:
        self._shares: dict[tuple[str, str], list[Share]] = {}
        self._begun: dict[str, list[int]] = {}
        self._retired: dict[tuple[str, int], int] = {}

    def admit(self, event: str, body: Mapping[str, object], epoch: int, record_of: Callable[[str], KeyRecord]) -> None:
        """One statement of the registrar, checked. ``record_of``: the record of a node as it is now.

        Refusals SHARE_FORMAT, SHARE_GENERATION, SHARE_LACKING, those of ``record_of``.
        """
        if event == "secret.retire":
            self._retire(*read_retirement(body), epoch, record_of)
            return
        share = read_share(epoch, body)
        if record_of(share.node).kem.id != share.recipient_key:
            raise Refusal("SHARE_FORMAT", RULE, problem="not the node's key")
        counts = self.in_force(share.name, epoch)
        begins = share.generation > len(self._begun.get(share.name, ()))
        if begins:
            self._require_next(share, counts)
        elif share.generation not in counts:
            raise Refusal("SHARE_GENERATION", RULE, generation=share.generation, problem="retired")
        for older in counts:
            if older < share.generation and not self._has(share.name, share.node, older):
                raise Refusal("SHARE_LACKING", RULE, node=share.node, generation=older)
        if begins:
            self._begun.setdefault(share.name, []).append(epoch)
        self._shares.setdefault((share.name, share.node), []).append(share)

    def in_force(self, name: str, epoch: int) -> tuple[int, ...]:
        """Generations of a secret that count at a registry position, oldest first."""
        begun = enumerate(self._begun.get(name, ()), start=1)
        return tuple(one for one, since in begun if since <= epoch and not self._is_retired(name, one, epoch))

    def of(self, name: str, node: str, epoch: int) -> tuple[Share, ...]:
        """The newest share of each generation in force that a node was given by ``epoch``, oldest generation first."""
        counts = self.in_force(name, epoch)
        known = (one for one in self._shares.get((name, node), ()) if one.epoch <= epoch and one.generation in counts)
        newest = {share.generation: share for share in known}
        return tuple(newest[generation] for generation in sorted(newest))

    def _require_next(self, share: Share, counts: tuple[int, ...]) -> None:
        if share.generation != len(self._begun.get(share.name, ())) + 1 or len(counts) >= MOST:
            raise Refusal("SHARE_GENERATION", RULE, generation=share.generation, problem="not the next one")

    def _retire(self, name: str, generation: int, epoch: int, record_of: Callable[[str], KeyRecord]) -> None:
        """The older of two, once nobody needs it; the last one stays, or nobody could be told apart any more."""
        counts = self.in_force(name, epoch)
        if len(counts) < MOST or generation != counts[0]:
            raise Refusal("SHARE_GENERATION", RULE, generation=generation, problem="not the older of two")
        for node in sorted(node for of, node in self._shares if of == name):
            if self._has(name, node, generation) and not self._has(name, node, counts[1]) and _takes(node, record_of):
                raise Refusal("SHARE_LACKING", RULE, node=node, generation=counts[1])
        self._retired[name, generation] = epoch

    def _has(self, name: str, node: str, generation: int) -> bool:
        return any(share.generation == generation for share in self._shares.get((name, node), ()))

    def _is_retired(self, name: str, generation: int, epoch: int) -> bool:
        ended = self._retired.get((name, generation))
        return ended is not None and ended <= epoch


def _takes(node: str, record_of: Callable[[str], KeyRecord]) -> bool:
    """Whether a node takes in applications now; one whose keys ended does not."""
    try:
        return bool(record_of(node).roles & TAKERS)
    except Refusal:
        return False
