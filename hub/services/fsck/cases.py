"""The cases: each row, its numbers and its inbox entries against the law run again over the leaves.

Held against each other: the leaves of a case and the law (``hub.casework.replay``); what follows from them and the case
row; the parties that follow from them and the inbox; numbers given out and the counters that give out the next ones;
sealings named in the log and pinned versions.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress

from crypto import canonical
from crypto.evidence.pins import Pins
from crypto.log import leaf as leaf_format
from crypto.log.leaf import Leaf
from crypto.refusal import Refusal
from crypto.statement import Statement, read_signed
from hub.casework import facts, numbers
from hub.casework.audience import audience
from hub.casework.casefile import CaseFile, from_document
from hub.casework.materials import across
from hub.casework.replay import replay
from hub.services.fsck.findings import BookFinding, Counts, note
from storage.book_rows import BookRows
from storage.case_rows import CaseRow
from storage.log_rows import LeafRow
from storage.object_rows import PinnedRow

PUBLISHED = {"catalogue.publish": "catalogue", "calendar.publish": "calendar"}
Found = Iterator[BookFinding]


def check_cases(reading: BookRows, pins: Pins, counts: Counts) -> Found:
    """Findings CASE_…, INBOX_…, NUMBER_TWICE, SERIAL_BEHIND, OBJECT_UNPINNED, PIN_DIFFERS, PACKET_ABSENT,
    APPLICANT_…, REGION_…, FORMER_NUMBER_…."""
    judge = _Judge(reading, pins, counts)
    for page in reading.cases_by_page():
        for row in page:
            yield from judge.case(row)
    for name in reading.cases_without_row():
        yield BookFinding("CASE_ROW_MISSING", f"case {name}")
    yield from _of_no_case(reading)
    for number in reading.numbers_twice():
        yield BookFinding("NUMBER_TWICE", f"number {number}")
    yield from judge.serials()


class _Expected:
    """Who must have been shown which leaf: told the case after each leaf that counted."""

    def __init__(self) -> None:
        self.places: set[tuple[str, int]] = set()
        self._before: CaseFile | None = None
        self._past: list[tuple[int, Statement]] = []

    def __call__(self, leaf: Leaf, file: CaseFile) -> None:
        told = read_signed(leaf.envelope)
        seen = audience(self._before, file, told.type)
        self.places |= {(node, leaf.index) for node in seen.nodes}
        self.places |= {(node, index) for node in seen.whole for index, _ in self._past}
        self.places |= {(node, index) for node in seen.wraps for index, past in self._past if _wraps_to(past, node)}
        self._before = file
        self._past.append((leaf.index, told))


class _Judge:
    """Registry and documents, read once; cases come one by one."""

    def __init__(self, reading: BookRows, pins: Pins, counts: Counts) -> None:
        self._reading = reading
        self._counts = counts
        self._registrars = pins.registrar_keys
        self._registry = _readable(reading.registry())
        self._documents = _documents(reading, self._registry)
        self._serials: dict[tuple[str, str], int] = {}

    def case(self, row: CaseRow) -> Found:
        """One case against its leaves."""
        self._counts.cases += 1
        where = f"case {row.case_id}"
        rows = self._reading.leaves_of(row.case_id)
        if not rows:
            yield BookFinding("CASE_ROW_STRAY", where)
            return
        told = _readable(rows)
        steps = [leaf.case_seq for leaf in told]
        if steps != list(range(1, len(rows) + 1)):
            yield BookFinding("CASE_SEQ", where, f"leaves={len(rows)}")
        pinned = self._reading.pinned_of(_manifests(told))
        expected = _Expected()
        bytes_of = {digest: data for digest, (_, data) in pinned.items()}
        again = replay(told, self._registry, self._documents, bytes_of, self._registrars, expected)
        for finding in again.findings:
            yield BookFinding("CASE_LAW", where, f"{finding.where} {finding.code}")
        yield from self._sealings(told, pinned, where)
        if again.file is None:
            yield BookFinding("CASE_ROW_DIFFERS", where, "the law makes no case of its leaves")
            return
        yield from self._row(row, again.file, told[-1].index, where)
        yield from self._inbox(row.case_id, expected, where)
        yield from self._sealed(again.file, pinned, where)
        self._drawn(again.file)
        yield from self._applicant(again.file, where)
        if self._reading.regions_of(row.case_id) != facts.further_regions(again.file):
            yield BookFinding("REGION_DIFFERS", where)
        if self._reading.former_of(row.case_id) != set(again.file.former_nos):
            yield BookFinding("FORMER_NUMBER_DIFFERS", where)

    def _row(self, row: CaseRow, file: CaseFile, last: int, where: str) -> Found:
        made = CaseRow(
            file.case,
            file.seq,
            file.state.value,
            file.holder,
            file.public_no,
            file.case_no,
            last,
            canonical.encode(file.to_document()),
        )
        compared = vars(made).keys() - {"document", "wake_at"}  # when to look again depends on when it was last asked
        wrong = sorted(name for name in compared if getattr(row, name) != getattr(made, name))
        if row.document != made.document:
            try:
                stored = from_document(canonical.parse(row.document))
                wrong += [name for name, value in vars(file).items() if getattr(stored, name) != value]
            except (Refusal, TypeError, ValueError, KeyError, AssertionError):
                yield BookFinding("CASE_ROW_UNREADABLE", where)
                return
        if wrong:
            yield BookFinding("CASE_ROW_DIFFERS", where, ",".join(dict.fromkeys(wrong)))

    def _applicant(self, file: CaseFile, where: str) -> Found:
        """What the index of applicants has is what follows from the case (A22)."""
        made, row = across.known_of(file), self._reading.applicant_of(file.case)
        if (vars(made) if made else None) != (vars(row) if row else None):
            yield BookFinding("APPLICANT_DIFFERS", where)

    def _inbox(self, case_id: str, expected: _Expected, where: str) -> Found:
        stored = self._reading.inbox_of(case_id)
        self._counts.inbox += len(stored)
        for node, index in sorted(expected.places - stored):
            yield BookFinding("INBOX_MISSING", where, f"leaf {index} to {node}")
        for node, index in sorted(stored - expected.places):
            yield BookFinding("INBOX_STRAY", where, f"leaf {index} to {node}")

    def _sealings(self, told: list[Leaf], pinned: Mapping[str, tuple[PinnedRow, bytes]], where: str) -> Found:
        """A leaf names a stored version only of what is pinned."""
        for leaf in told:
            if "object_version" not in leaf.assigned:
                continue
            manifest = str(read_signed(leaf.envelope).body.get("manifest"))
            if manifest not in pinned:
                yield BookFinding("OBJECT_UNPINNED", where, f"manifest {manifest}")

    def _sealed(self, file: CaseFile, pinned: Mapping[str, tuple[PinnedRow, bytes]], where: str) -> Found:
        """The version that the law arrives at (a sealing may be stored again, T12R), and who can open it."""
        for sealing in file.sealings:
            row = pinned[sealing.manifest][0]
            again = file.bounce is not None and file.bounce.finding == "UNSOUND" and not file.bounce.settled  # T12R
            version = row.version_id if again and sealing.kind == "application" else sealing.version_id
            shared = file.bond is not None and row.case_id == file.bond.parent  # states.md P1: many references
            named = row.case_id if shared else file.case
            if (row.case_id, row.object_key, row.version_id) != (named, sealing.object_key, version):
                yield BookFinding("PIN_DIFFERS", where, f"manifest {sealing.manifest}")
        there = self._reading.packet_places(file.case)
        for wrap in file.wraps:
            if (wrap.manifest, wrap.recipient, wrap.recipient_key) not in there:
                yield note("PACKET_ABSENT", where, f"manifest {wrap.manifest} to {wrap.recipient}")

    def _drawn(self, file: CaseFile) -> None:
        try:
            parts = numbers.parse_case_no(file.case_no)
        except Refusal:
            return  # CASE_LAW says CASE_NO_WRONG
        place = (parts.task_code, parts.date.isoformat())
        self._serials[place] = max(self._serials.get(place, 0), parts.serial)

    def serials(self) -> Found:
        """One number for each item and day that a case was opened."""
        for (task_code, day), drawn in sorted(self._serials.items()):
            noted = self._reading.serial(task_code, day)
            if noted < drawn:
                yield BookFinding("SERIAL_BEHIND", f"item {task_code} {day}", f"noted={noted} drawn={drawn}")


def _of_no_case(reading: BookRows) -> Found:
    """Rows of projections whose case has no row: nothing would ever change or end them (promise 3)."""
    for name in reading.inbox_of_no_case():
        yield BookFinding("INBOX_STRAY", f"case {name}", "no such case")
    for name in reading.regions_of_no_case():
        yield BookFinding("REGION_STRAY", f"case {name}")
    for name in reading.applicants_of_no_case():
        yield BookFinding("APPLICANT_STRAY", f"case {name}")
    for name in reading.former_numbers_of_no_case():
        yield BookFinding("FORMER_NUMBER_STRAY", f"case {name}")


def _documents(reading: BookRows, registry: list[Leaf]) -> dict[tuple[str, str], bytes]:
    """Published catalogues and calendars by (kind, version); one that is gone shows as CASE_LAW DOCUMENT_MISSING."""
    found = {}
    for leaf in registry:
        told = read_signed(leaf.envelope)
        data = reading.document(str(told.body.get("document"))) if told.type in PUBLISHED else None
        if data is not None:
            found[PUBLISHED[told.type], str(told.body["version"])] = data
    return found


def _readable(rows: list[LeafRow]) -> list[Leaf]:
    """Leaves that can be read; LEAF_UNREADABLE tells of the others."""
    found = []
    for row in rows:
        with suppress(Refusal):
            leaf = leaf_format.decode(row.leaf)
            read_signed(leaf.envelope)
            found.append(leaf)
    return found


def _manifests(told: list[Leaf]) -> list[str]:
    named = {read_signed(leaf.envelope).body.get("manifest") for leaf in told}
    return sorted(name for name in named if isinstance(name, str))


def _wraps_to(told: Statement, node: str) -> bool:
    return told.type == "wrap" and told.body.get("recipient") == node
