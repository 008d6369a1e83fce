"""A department sent a case back: the hub looks for itself whether what lies in the store is what was sealed (T12E).

An examination goes through these steps; the code carries the same numbers:
1. the pinned version is there, with the size and ETag that were pinned;
2. it is read part by part at that version: each part has the size, MD5 and SHA-256 that the manifest states;
3. the whole has the manifest's SHA-256;
4. every key packet that the log names for the department, under its current key, is there with the digest named.

Invariants:
- one part is in memory at a time, however large the object is;
- SOUND and UNSOUND are facts about the object; a store that does not answer is none: the bounce waits and the duty's
  holder tries again (``hub.services.leader``);
- examining twice is harmless: the law takes one finding a bounce.
"""

import hashlib
import json
import logging
from collections.abc import Iterator

from crypto import canonical
from crypto.log import leaf as leaves
from crypto.manifest import Manifest
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.statement import read_signed
from hub.casework.casefile import CaseFile, from_document
from hub.casework.hand_off.values import Bounce
from hub.casework.hub_event import HubEvent
from hub.services.clock import Clock, now_text
from hub.services.registry import RegistryService
from hub.services.sequencer import Sequencer
from hub.services.ticks import Tick
from storage.database import Database, Held, Reading
from storage.object_rows import PinnedRow
from storage.objectstore import ObjectStore

PAGE = 64
IDLE_SECONDS = 2.0
ABSENT = frozenset({"OBJECT_MISSING", "OBJECT_CHANGED"})
"""What the store says of an object that is not (all) there; anything else says something about the store."""
log = logging.getLogger(__name__)
Packet = tuple[str, str, str]


class Bounces:
    """The work of ``Duty.BOUNCES``."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        registry: RegistryService,
        sequencer: Sequencer,
        clock: Clock = now_text,
    ) -> None:
        self._database = database
        self._store = store
        self._registry = registry
        self._sequencer = sequencer
        self._clock = clock

    def take_over(self) -> None:
        """Nothing is kept between rounds."""

    def round(self, held: Held) -> bool:
        """Examine every bounce that waits; one that cannot be does not stop the others. Refusal of the last such."""
        moved, trouble, after = False, None, ("", "")
        while page := self._page(after):
            after = page[-1]
            for _, case_id in page:
                try:
                    moved |= self.examine(case_id)
                except Refusal as refusal:
                    log.warning("bounce of case %s waits: %s", case_id, refusal.code)
                    trouble = refusal
        if trouble is not None:
            raise trouble
        return moved

    def examine(self, case_id: str) -> bool:
        """Examine the newest bounce of a case and state the finding; False when none waits. Refusals of the store."""
        with self._database.reading() as reading:
            row = reading.cases.find(case_id)
            file = from_document(json.loads(row.document)) if row else None
            bounce = file.bounce if file else None
            if file is None or bounce is None or not bounce.waits:
                return False
            pinned, packets = self._named(reading, file, bounce)
        why = self._object_fault(pinned) or packets
        finding = "UNSOUND" if why else "SOUND"
        log.warning("bounce of case %s examined: %s %s", case_id, finding, why)
        event = HubEvent("bounce_examined", {"bounce": bounce.digest, "finding": finding})
        (outcome,) = self._sequencer.tick([Tick(case_id, event)])
        if isinstance(outcome, Refusal):
            log.warning("bounce of case %s: the finding was refused: %s", case_id, outcome.code)
            return False
        return True

    def _page(self, after: tuple[str, str]) -> list[tuple[str, str]]:
        with self._database.reading() as reading:
            return reading.cases.due(self._clock(), after, PAGE, bounced=True)

    def _named(self, reading: Reading, file: CaseFile, bounce: Bounce) -> tuple[tuple[PinnedRow, bytes] | None, str]:
        """The pinned sealing with its manifest's bytes, and what is wrong with the packets (step 4)."""
        sealing = file.sealing("application")
        if sealing is None:
            return None, "no sealing"
        found = reading.objects.pinned([sealing.manifest]).get(sealing.manifest)
        try:
            key = self._registry.refresh().current(bounce.node).kem.id
        except Refusal:
            return found, ""  # no key is no fault of the sealing: routing waits for one
        kept = reading.objects.packets(sealing.manifest, bounce.node, limit=1 << 30, case_id=file.case)
        held = {(one.line, one.rendition, canonical.digest(one.packet)) for one in kept if one.recipient_key == key}
        named = _named_packets(reading, file.case, sealing.manifest, bounce.node, key)
        return found, "packets" if named - held else ""  # 4

    def _object_fault(self, pinned: tuple[PinnedRow, bytes] | None) -> str:
        """What is wrong with the object, in a word for the log; empty when nothing is. Refusals of the store."""
        if pinned is None:
            return "unpinned"
        row, data = pinned
        manifest = read_manifest(data)
        stored = self._store.head(row.object_key, row.version_id)  # 1
        if stored is None:
            return "missing"
        if (stored.size, stored.etag) != (row.size, row.etag) or stored.size != manifest.size:
            return "another object"
        whole = hashlib.sha256()
        try:
            for good, part in self._parts(row, manifest):  # 2
                if not good:
                    return "part"
                whole.update(part)
        except Refusal as refusal:
            if refusal.code not in ABSENT:
                raise
            return refusal.code
        return "" if whole.hexdigest() == manifest.sha256 else "digest"  # 3

    def _parts(self, row: PinnedRow, manifest: Manifest) -> Iterator[tuple[bool, bytes]]:
        """Each part's bytes, and whether they are what the manifest states."""
        offset = 0
        for part in manifest.parts:
            data = self._store.get(row.object_key, row.version_id, (offset, part.size))
            md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
            yield (len(data), md5, hashlib.sha256(data).hexdigest()) == (part.size, part.md5, part.sha256), data
            offset += part.size


def _named_packets(reading: Reading, case_id: str, manifest: str, node: str, key: str) -> set[Packet]:
    """(line, rendition, digest) that the log names last for a place."""
    named: dict[tuple[str, str], str] = {}
    for row in reading.log.of_case(case_id):
        told = read_signed(leaves.decode(row.leaf).envelope)
        body = told.body
        if told.type != "wrap" or (body["manifest"], body["recipient"], body["recipient_key"]) != (manifest, node, key):
            continue
        packets = body["packets"]
        assert isinstance(packets, list)  # the law took it
        named |= {(one["line"], one["rendition"]): one["digest"] for one in packets}
    return {(line, rendition, digest) for (line, rendition), digest in named.items()}
