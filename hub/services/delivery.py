"""Who is shown which leaf: the inbox rows of one batch, in order of delivery.

Invariants:
- who sees what is the law's (``hub.casework.audience``); here it becomes places in inboxes;
- a node that a case is shown to from its beginning gets what lies before the leaf first, in log order;
- what is shown again has its last place, so a reader behind its cursor meets it once more (T11).
"""

import base64
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hub.casework.audience import audience
from hub.casework.casefile import CaseFile
from storage.log_rows import LeafRow, LogRows

Place = tuple[str, int, str]
"""Node, index of the leaf, case."""


@dataclass(frozen=True)
class _Past:
    """A node is to see what lies before ``index``: ``whole``: all of it, else the wraps to itself."""

    node: str
    index: int
    case: str
    whole: bool


class Delivery:
    """One a batch: told of every leaf of a case, asked for the rows before they are written."""

    def __init__(self) -> None:
        self._to: list[Place | _Past] = []

    def note(self, before: CaseFile | None, after: CaseFile, index: int, event: str) -> None:
        """A leaf of type ``event`` at ``index`` made ``after`` of ``before`` (None: it opened the case)."""
        seen = audience(before, after, event)
        self._to.extend(_Past(node, index, after.case, whole=True) for node in seen.whole)
        self._to.extend(_Past(node, index, after.case, whole=False) for node in seen.wraps)
        self._to.extend((node, index, after.case) for node in seen.nodes)

    def shown_anew(self, stored: Collection[str]) -> list[tuple[str, str]]:
        """Node and case where earlier rows give way to new ones; ``stored``: cases that stood before the batch."""
        again = {(entry.node, entry.case) for entry in self._to if isinstance(entry, _Past) and entry.whole}
        return sorted(one for one in again if one[1] in stored)

    def rows(self, log: LogRows, stored: Collection[str], appended: Sequence[LeafRow]) -> list[Place]:
        """The rows, in order. ``appended``: leaves of this batch, which are not in ``log`` yet."""
        past = {whole: self._before(whole, log, stored, appended) for whole in (True, False)}
        made: dict[tuple[str, int], str] = {}
        for entry in self._to:
            for node, index, case in _shown(entry, past[entry.whole]) if isinstance(entry, _Past) else (entry,):
                made.pop((node, index), None)
                made[node, index] = case
        return [(node, index, case) for (node, index), case in made.items()]

    def _before(
        self, whole: bool, log: LogRows, stored: Collection[str], appended: Sequence[LeafRow]
    ) -> dict[str, list[tuple[int, bytes]]]:
        """Leaves of the cases that somebody is to see from their beginning on: indexes, and bytes unless ``whole``."""
        asked = {entry.case for entry in self._to if isinstance(entry, _Past) and entry.whole == whole}
        known = sorted(asked.intersection(stored))
        past: dict[str, list[tuple[int, bytes]]] = {case: [] for case in asked}
        if whole:
            for case, index in log.places_of_cases(known):
                past[case].append((index, b""))
        else:
            for row in log.of_cases(known):
                past[row.case_id or ""].append((row.index, row.leaf))
        for row in appended:
            if row.case_id in past:
                past[row.case_id].append((row.index, row.leaf))
        return past


def _shown(entry: _Past, past: Mapping[str, Sequence[tuple[int, bytes]]]) -> Iterator[Place]:
    for index, leaf in past[entry.case]:
        if index < entry.index and (entry.whole or _wrapped_to(leaf, entry.node)):
            yield entry.node, index, entry.case


def _wrapped_to(leaf: bytes, node: str) -> bool:
    """Whether a leaf of our own, whose form was checked before it was appended, wraps keys to ``node``."""
    statement = json.loads(base64.b64decode(json.loads(leaf)["envelope"]["payload"]))
    return bool(statement["type"] == "wrap" and statement["body"].get("recipient") == node)
