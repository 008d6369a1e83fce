"""Secrets that the registrar shares out to nodes, in generations (A22, E07).

Invariants:
- a generation begins with its first share, and only when every earlier one has begun; at most two are in force at once:
  the newest, and the one before it until the registrar retires it;
- who has the newest and the older one compares by both; a retired one is never shared again and never counts;
- judged by position in the log, like a key; packets are sealed to nodes, so nobody learns a secret here (promise 1).
"""

from collections.abc import Callable, Mapping
from typing import Final

from crypto.records import Share, read_retirement, read_share
from crypto.refusal import Refusal

TYPES: Final = frozenset({"secret.share", "secret.retire"})
RULE: Final = "A22; promise 1"
MOST: Final = 2


class ShareBook:
    """Part of the directory, which alone calls ``admit``."""

    def __init__(self) -> None:
        self._shares: dict[tuple[str, str], list[Share]] = {}
        self._begun: dict[str, list[int]] = {}
        self._retired: dict[tuple[str, int], int] = {}

    def admit(self, event: str, body: Mapping[str, object], epoch: int, key_of: Callable[[str], str]) -> None:
        """One statement of the registrar, checked. ``key_of``: id of a node's decryption key of now.

        Refusals SHARE_FORMAT, SHARE_GENERATION, those of ``key_of``.
        """
        if event == "secret.retire":
            self._retire(*read_retirement(body), epoch)
            return
        share = read_share(epoch, body)
        if key_of(share.node) != share.recipient_key:
            raise Refusal("SHARE_FORMAT", RULE, problem="not the node's key")
        begun = self._begun.get(share.name, [])
        if share.generation > len(begun):
            self._begin(share, epoch)
        elif share.generation not in self.in_force(share.name, epoch):
            raise Refusal("SHARE_GENERATION", RULE, generation=share.generation, problem="retired")
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

    def _begin(self, share: Share, epoch: int) -> None:
        begun = self._begun.setdefault(share.name, [])
        if share.generation != len(begun) + 1 or len(self.in_force(share.name, epoch)) >= MOST:
            raise Refusal("SHARE_GENERATION", RULE, generation=share.generation, problem="not the next one")
        begun.append(epoch)

    def _retire(self, name: str, generation: int, epoch: int) -> None:
        """The older of two; the last one stays, or nobody could be told apart any more."""
        counts = self.in_force(name, epoch)
        if len(counts) < MOST or generation != counts[0]:
            raise Refusal("SHARE_GENERATION", RULE, generation=generation, problem="not the older of two")
        self._retired[name, generation] = epoch

    def _is_retired(self, name: str, generation: int, epoch: int) -> bool:
        ended = self._retired.get((name, generation))
        return ended is not None and ended <= epoch
