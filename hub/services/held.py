"""What one batch knows: looked up behind the head's lock, and kept as it stands after each statement.

Invariants:
- the number of questions to the database does not grow with the batch: one look, and one more for each step of kin;
- what memory holds is used only where the row, read behind the lock, stands at the very leaf that it was kept for;
- a public number and a serial are given out once.
"""

import json
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date

from crypto.manifest import Manifest
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from hub.casework import facts, numbers
from hub.casework.casefile import CaseFile, from_document
from hub.casework.context import Pinned
from hub.casework.materials import across
from hub.casework.materials.across import Known
from hub.casework.parents import kin
from hub.services.intake import Ready
from hub.services.memory import Memory
from storage.case_rows import CaseRow
from storage.database import Unit
from storage.log_rows import Head
from storage.narrow import Position, Wanted
from storage.object_rows import PinnedRow

SEALS = frozenset({"seal", "seal_parent"})
_KIN_STEPS = 3
"""From a child to its parent and on to its siblings, and from a parent to its children."""
_PUBLIC_NUMBER = re.compile(r"[0-9]{12}")
_CASE = re.compile(r"[0-9a-f]{32}")


@dataclass
class HeldCase:
    """A case in the batch: as stored, and as it stands now."""

    row: CaseRow | None
    file: CaseFile
    index: int = -1
    ticked: bool = False
    known: Known | None = None  # as the index of applicants has it
    regions: frozenset[str] = frozenset()  # the further ones, as they are noted


class Held:
    """One a batch: ``look``, then ``bring_kin``; ``committed`` after the commit."""

    def __init__(self, unit: Unit, memory: Memory) -> None:
        self._unit, self._memory = unit, memory
        self._no_kin: set[str] = set()
        self.cases: dict[str, HeldCase] = {}
        self.pinned: dict[str, PinnedRow] = {}
        self.manifests: dict[str, Pinned] = {}
        self.applicants: dict[str, Known] = {}
        self.serials: dict[tuple[str, str], int] = {}

    def look(self, cases: Set[str | None], manifests: Set[str | None], items: Sequence[Ready]) -> Head:
        """Lock the head; look up behind it, in one round trip, what the law will ask for."""
        # A tick that changes nothing but the hour of the next look writes the row back: it needs all of it.
        kept = {name: self._memory.case(name) if items else None for name in sorted(case for case in cases if case)}
        named = sorted(name for name in manifests if name)
        read = self._read_before({*named, *_sealed(kept)})
        at = self._unit.look(
            Wanted(
                digests=[item.envelope.digest for item in items],
                cases={name: known[0] if known else -1 for name, known in kept.items()},
                manifests=named,
                read=list(read),
                numbers=sorted(_public_numbers(items)),
                applicants=sorted(across.applicants_named(item.statement for item in items)),
                applicants_of=sorted(across.duplicates_ended(item.statement for item in items)),
            )
        )
        self.known, self._taken = at.known, at.taken
        self._drawn_before = self._memory.serials(at.head.size)
        self.applicants = {row.case_id: Known(**vars(row)) for row in at.applicants}  # asked for once, here
        self._take_in(at, kept, read)
        return at.head

    def bring_kin(self, items: Sequence[Ready] = ()) -> None:
        """Parents, children and their siblings of the cases of this batch too (states.md 8), behind the same lock.

        Most batches have none and ask nothing further. Kin that ``items`` name before a case has it is looked up too.
        """
        named = _named_kin(items)
        for _ in range(_KIN_STEPS):
            files = [case.file for case in self.cases.values()]
            asked = sorted({*named, *(name for file in files for name in kin.relatives(file))} - self.cases.keys())
            asked = [name for name in asked if name not in self._no_kin]
            if not asked:
                return
            kept = {name: self._memory.case(name) for name in asked}
            read = self._read_before(_sealed(kept))
            cases = {name: known[0] if known else -1 for name, known in kept.items()}
            at = self._unit.look(Wanted(digests=[], cases=cases, manifests=[], read=list(read), numbers=[]))
            self._take_in(at, kept, read)
            self._no_kin |= set(asked) - self.cases.keys()

    def committed(self, size: int) -> None:
        """To be called after the commit: what this batch read and wrote is as good as read anew."""
        files = [(case.index, case.file) for case in self.cases.values() if case.index >= 0]
        files += [(case.row.updated_index, case.file) for case in self.cases.values() if case.index < 0 and case.row]
        self._memory.committed(size, files, {**self._drawn_before, **self.serials})

    def file(self, case_id: str) -> CaseFile | None:
        """The case as it stands now, or None."""
        case = self.cases.get(case_id)
        return case.file if case else None

    def manifest(self, digest: str) -> Manifest | None:
        """The manifest of a sealing of one of the cases, or None."""
        found = self.manifests.get(digest)
        return found.manifest if found else None

    def settle(self, file: CaseFile, index: int) -> None:
        """The case as the leaf at ``index`` leaves it."""
        self._know(file)
        case = self.cases.get(file.case)
        if case is None:
            self.cases[file.case] = HeldCase(None, file, index)
        else:
            case.file, case.index = file, index

    def kin_of(self, file: CaseFile) -> list[str]:
        """Parent, children and siblings that stand, in order of their ids."""
        if file.bond is None and not file.parts:
            return []
        parent = self.cases.get(file.bond.parent) if file.bond else None
        near = {*kin.relatives(file), *(kin.relatives(parent.file) if parent else ())} - {file.case}
        return sorted(name for name in near if name in self.cases)

    def numbered(self, before: CaseFile | None, file: CaseFile, day: str) -> CaseFile:
        """The 43-character number where the case has none for its item; ``day`` is the legal date (T05)."""
        if before is None or before.public_no != file.public_no:
            self.take_number(file)
        if file.case_no:
            return file
        place = (file.task_code, day)
        last = self.serials.get(place, self._drawn_before.get(place))
        self.serials[place] = self._unit.cases.next_serial(*place) if last is None else last + 1
        return file.changed(case_no=numbers.case_no(file.task_code, date.fromisoformat(day), self.serials[place]))

    def take_number(self, file: CaseFile) -> None:
        """Nobody else gets this public number. Refusal PUBLIC_NUMBER_TAKEN."""
        if file.public_no in self._taken:
            raise Refusal("PUBLIC_NUMBER_TAKEN", "architecture: public number", number=file.public_no)
        self._taken.add(file.public_no)

    def _read_before(self, digests: Set[str]) -> dict[str, Manifest]:
        return {name: made for name in digests if (made := self._memory.manifest(name))}

    def _take_in(
        self, at: Position, kept: Mapping[str, tuple[int, CaseFile] | None], read: Mapping[str, Manifest]
    ) -> None:
        for name, row in at.cases.items():
            known = kept[name]
            file = known[1] if known and not row.document else from_document(json.loads(row.document))
            self.cases[name] = HeldCase(row, file, known=across.known_of(file), regions=facts.further_regions(file))
            self._know(file)
        for name, (pin, data) in at.pinned.items():
            manifest = read[name] if data is None else self._read_manifest(name, data)
            self.pinned[name] = pin
            self.manifests[name] = Pinned(name, manifest, pin.version_id)

    def _know(self, file: CaseFile) -> None:
        """What the index of applicants has of a case as it stands now."""
        if found := across.known_of(file):
            self.applicants[file.case] = found

    def _read_manifest(self, digest: str, data: bytes) -> Manifest:
        made = read_manifest(data)
        self._memory.keep_manifest(digest, made, len(data))
        return made


def _sealed(kept: Mapping[str, tuple[int, CaseFile] | None]) -> set[str]:
    return {sealing.manifest for known in kept.values() if known for sealing in known[1].sealings}


def _named_kin(items: Sequence[Ready]) -> set[str]:
    """Parents that the seals of their children name: what is no id of a case is not asked for."""
    named: set[str] = set()
    for item in items:
        parent = item.statement.body.get("parent")
        if item.statement.type == "seal" and isinstance(parent, str) and _CASE.fullmatch(parent):
            named.add(parent)
    return named


def _public_numbers(items: Sequence[Ready]) -> set[str]:
    """Public numbers that are asked for; one that has not the form is refused by the law, unasked."""
    asked = (item.statement.body.get("public_no") for item in items if item.statement.type in SEALS)
    return {number for number in asked if isinstance(number, str) and _PUBLIC_NUMBER.fullmatch(number)}
