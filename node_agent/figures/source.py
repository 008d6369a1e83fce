"""Where figures come from: this node's own leaves, or evidence packages verified here (A24, promise 4).

Invariants:
- nothing is asked of the hub; each case is the law run again over its own leaves, one case in memory at a time; the
  registry is walked once for all of them;
- a case that the law finds fault with, or that is not whole here, is named and not counted: figures never rest on
  what could not be checked;
- cases come by id, so the same leaves give the same order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from crypto import canonical
from crypto.evidence import read
from crypto.evidence.pins import Pins
from crypto.evidence.report import Verdict
from crypto.evidence.timeline import Whole
from crypto.evidence.verify import verify
from crypto.log import leaf as leaves
from crypto.log.leaf import Leaf
from crypto.refusal import Refusal
from hub.casework.audience import audience
from hub.casework.casefile import CaseFile
from hub.casework.figures.following import Following
from hub.casework.figures.values import CaseFigures
from hub.casework.replay import replay
from hub.casework.time.calendar import WorkCalendar
from node_agent.known.casemirror import OWED_LATER, Recorded, history, kept_manifest, recorded, sealings
from node_agent.process.runtime import Agent

ALL = 1 << 62
"""No bound: every leaf counts."""


@dataclass
class Seen:
    """What was read: cases counted, by id the codes of those that were not, and a digest over all leaves counted."""

    cases: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    digest: str = canonical.digest(b"")

    def count(self, case: str, counted: Sequence[bytes]) -> None:
        """One more case: the digest goes on over its id and its leaves."""
        self.cases += 1
        told = [self.digest, case, *(canonical.digest(one) for one in counted)]
        self.digest = canonical.digest("\n".join(told).encode())


def own_cases(agent: Agent, calendar: WorkCalendar, seen: Seen, below: int = ALL) -> Iterator[CaseFigures]:
    """Cases of this node, from leaves with an index under ``below``; what could not be counted stands in ``seen``.

    A case that went on elsewhere is counted as far as it was shown to this node; a card that reached it afterwards is
    counted where the case is now.
    """
    keys = agent.identity.pins.registrar_keys
    registry = Whole(keys, [leaves.decode(data) for data in agent.journal.registry()])
    for case_id in sorted(agent.journal.case_ids()):
        told = [one for one in history(agent.journal, case_id) if one.leaf.index < below]
        known = unbroken(told)
        if any(one.statement.chain != "supervision" for one in told[len(known) :]):
            seen.left_out[case_id] = "LEAVES_MISSING"
        elif known:
            counted = [one.leaf for one in known]
            papers = _Papers(registry, _documents(agent, counted), _manifests(agent, known))
            yield from _counted(counted, papers, agent.identity.pins, calendar, case_id, seen)


def packaged_cases(
    folder: Path, pins: Pins, calendar: WorkCalendar, seen: Seen, below: int = ALL, node: str = ""
) -> Iterator[CaseFigures]:
    """Cases of evidence packages (``*.zip``) in a folder, each verified offline first (users.md C).

    ``node``: only what this node was shown, by the one rule of who sees which leaf: so an auditor makes a node's own
    figures again. A package from before ``below`` is left out as STALE.
    """
    walked = _Walked(pins)
    for path in sorted(folder.glob("*.zip")):
        package = path.read_bytes()
        evidence = verify(package, pins)
        contents = read.read(package)
        if evidence.verdict is not Verdict.VALID:
            seen.left_out[path.stem] = ",".join(sorted(evidence.codes()))
            continue
        if below != ALL and evidence.facts.get("tree_size", 0) < below:
            seen.left_out[path.stem] = "STALE"
            continue
        told = [leaf for leaf in read.readable(contents.leaves) if leaf.index < below]
        papers = _Papers(walked.registry(contents.registry), contents.documents, contents.manifests)
        if node:
            told = _shown(told, papers, pins, node)
        if told:
            yield from _counted(told, papers, pins, calendar, evidence.case, seen)


def unbroken(told: list[Recorded]) -> list[Recorded]:
    """The leaves of a case from its first one on, up to a gap."""
    return [one for number, one in enumerate(told, 1) if one.leaf.case_seq == number]


class _Walked:
    """The registry of the packages read so far: one that begins as the longest of them is not walked again."""

    def __init__(self, pins: Pins) -> None:
        self._pins = pins
        self._known: tuple[bytes, ...] = ()
        self._whole = Whole((), ())

    def registry(self, raw: Mapping[int, bytes]) -> Whole:
        """The registry in the leaves of one verified package. Packages of two logs that differ share nothing."""
        told = tuple(data for _, data in sorted(raw.items()))
        if told != self._known[: len(told)]:
            self._whole = Whole(self._pins.registrar_keys, read.readable(dict(enumerate(told))))
            self._known = told
        return self._whole


@dataclass(frozen=True)
class _Papers:
    """What a replay needs besides the leaves."""

    registry: Whole
    documents: Mapping[tuple[str, str], bytes]
    manifests: Mapping[str, bytes]


def _shown(told: Sequence[Leaf], papers: _Papers, pins: Pins, node: str) -> list[Leaf]:
    """The leaves that ``node`` was shown, from the first on, up to a gap (A24)."""
    shown: set[int] = set()
    before: list[CaseFile | None] = [None]
    done: list[int] = []

    def see(leaf: Leaf, file: CaseFile) -> None:
        one = recorded(leaves.encode(leaf))
        told_to = audience(before[0], file, one.statement.type)
        done.append(leaf.index)
        if node in told_to.whole:
            shown.update(done)
        if node in told_to.nodes:
            shown.add(leaf.index)
        before[0] = file

    replay(told, papers.registry, papers.documents, papers.manifests, pins.registrar_keys, see)
    return list(takewhile(lambda leaf: leaf.index in shown, told))


def _counted(
    told: Sequence[Leaf], papers: _Papers, pins: Pins, calendar: WorkCalendar, case_id: str, seen: Seen
) -> Iterator[CaseFigures]:
    following = Following(calendar)
    made = replay(told, papers.registry, papers.documents, papers.manifests, pins.registrar_keys, following.see)
    codes = {found.code for found in made.findings} - {OWED_LATER}
    figures = following.figures()
    if [leaf.case_seq for leaf in told] != list(range(1, len(told) + 1)):
        codes |= {"LEAVES_MISSING"}
    if codes or figures is None:
        seen.left_out[case_id] = ",".join(sorted(codes)) or "NOTHING_COUNTED"
        return
    seen.count(case_id, [leaves.encode(leaf) for leaf in told])
    yield figures


def _documents(agent: Agent, told: Sequence[Leaf]) -> Mapping[tuple[str, str], bytes]:
    """Lists and calendars that the leaves stand under; what is not here the replay reports."""
    wanted = {("catalogue", leaf.catalogue) for leaf in told} | {("calendar", leaf.calendar) for leaf in told}
    found = {}
    for kind, version in wanted:
        try:
            found[kind, str(version)] = agent.registry.document(kind, str(version))
        except Refusal as refusal:
            if refusal.code not in {"DOCUMENT_MISSING", "VERSION_UNKNOWN"}:
                raise
    return found


def _manifests(agent: Agent, told: list[Recorded]) -> dict[str, bytes]:
    named = {digest: kept_manifest(agent.journal, digest) for _, digest in sealings(told)}
    return {digest: data for digest, data in named.items() if data is not None}
