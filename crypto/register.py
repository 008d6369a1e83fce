"""What the registry says: which key spoke for whom, which grants and publications stood, at which registry position.

Invariants:
- nothing is ever removed; entries are replaced, not changed, so readers see whole epochs;
- a key is valid at epoch e iff it was registered at or before e and not replaced or revoked at or before e;
  validity is judged by position in the log, never by a clock;
- only ``crypto.directory`` writes here, one admitted statement at a time.
"""

from dataclasses import dataclass

from crypto import administrators
from crypto.identity import node_name
from crypto.permits import PermitBook
from crypto.records import Grant, KeyRecord, Publication, PublicKey, Share
from crypto.refusal import Refusal
from crypto.shares import ShareBook
from crypto.sharing import SharingBook

RULE = "architecture: key record; H08, H09"


@dataclass(frozen=True)
class Entry:
    """One key with its record and its span of validity in epochs (``until`` exclusive, None = open)."""

    record: KeyRecord
    purpose: str
    key: PublicKey
    until: int | None = None

    def valid_at(self, epoch: int) -> bool:
        """Whether the key spoke for its subject at ``epoch``."""
        return self.record.epoch <= epoch and (self.until is None or epoch < self.until)


@dataclass(frozen=True)
class Proposal:
    """A record that waits. ``announced_at``, ``ready_at``: legal times of its leaf and of the earliest activation."""

    record: KeyRecord
    announced_at: str
    ready_at: str


class Register:
    """All records, grants and publications, as the registry chain told them so far."""

    def __init__(self) -> None:
        self.epoch = 0
        self._keys: dict[str, Entry] = {}
        self._records: dict[str, list[KeyRecord]] = {}
        self._officers: set[str] = set()  # who ever was an administrator: they are few among many
        self._ends: dict[str, int] = {}
        self._grants: dict[str, tuple[Grant, int | None]] = {}
        self._publications: dict[tuple[str, str], Publication] = {}
        self.shares = ShareBook()
        self.sharing = SharingBook()
        self.permits = PermitBook()
        self._nodes: tuple[int, dict[str, list[KeyRecord]]] = (-1, {})
        self._proposals: dict[str, Proposal] = {}
        self._lost: dict[str, int] = {}
        self.kem_epoch = 0
        """Registry position of the last change of anybody's ``kem`` key."""

    def entry(self, keyid: str, epoch: int | None = None) -> Entry:
        """The valid key ``keyid``. Refusals SIGNER_UNKNOWN, KEY_REVOKED."""
        at = self.epoch if epoch is None else epoch
        found = self._keys.get(keyid)
        if found is None or found.record.epoch > at:
            raise Refusal("SIGNER_UNKNOWN", RULE, key=keyid)
        if not found.valid_at(at):
            raise Refusal("KEY_REVOKED", RULE, key=keyid, subject=found.record.subject)
        return found

    def current(self, subject: str, epoch: int | None = None) -> KeyRecord:
        """The valid record of a node or person. Refusals SUBJECT_UNKNOWN, KEY_REVOKED."""
        at = self.epoch if epoch is None else epoch
        known = [record for record in self._records.get(subject, ()) if record.epoch <= at]
        if not known:
            raise Refusal("SUBJECT_UNKNOWN", RULE, subject=subject)
        if self._ended(known[-1], at):
            raise Refusal("KEY_REVOKED", RULE, subject=subject)
        return known[-1]

    def newest(self, subject: str) -> KeyRecord | None:
        """The last record of a subject, valid or ended: the one that its next record replaces; None without any."""
        return self._records[subject][-1] if subject in self._records else None

    def title_of(self, subject: str) -> str:
        """What a node is called on papers and lists, also when its keys have ended; without a title, the last part of
        its id."""
        found = self.newest(subject)
        return found.title if found and found.title else node_name(subject)

    def records(self, epoch: int | None = None) -> list[KeyRecord]:
        """All valid records at ``epoch`` (now, where none is named), by subject."""
        at = self.epoch if epoch is None else epoch
        known = ([record for record in history if record.epoch <= at] for _, history in sorted(self._records.items()))
        return [history[-1] for history in known if history and not self._ended(history[-1], at)]

    def administrators(self, role: str) -> list[KeyRecord]:
        """Valid records of all administrators of this kind, wherever they sit (H11)."""
        known = (self._records[subject][-1] for subject in sorted(self._officers))
        return [one for one in known if role in one.roles and not self._ended(one, self.epoch)]

    def nodes(self, role: str, epoch: int | None = None) -> list[KeyRecord]:
        """Valid node records with ``role`` at ``epoch`` (now, where none is named)."""
        at = self.epoch if epoch is None else epoch
        held = self._nodes
        if held[0] != at:
            held = (at, {})
            if at <= self.epoch:  # what was valid at a position stays so: no later statement changes it
                self._nodes = held
        if role not in held[1]:
            valid = self.records(at)
            held[1][role] = [record for record in valid if record.kind == "node" and role in record.roles]
        return list(held[1][role])

    def proposal(self, subject: str) -> Proposal | None:
        """The record of a node or person that waits for its activation, or None."""
        return self._proposals.get(subject)

    def proposals(self) -> list[Proposal]:
        """All records that wait, by subject."""
        return [proposal for _, proposal in sorted(self._proposals.items())]

    def owner(self, keyid: str) -> str | None:
        """The node or person that a key belongs or belonged to, valid or ended; None for an unknown key."""
        found = self._keys.get(keyid)
        return found.record.subject if found else None

    def lost(self, keyid: str, epoch: int | None = None) -> bool:
        """Whether the holder of a key was registered anew without it: the private half is gone, or somebody else's."""
        return keyid in self._lost and (epoch is None or self._lost[keyid] <= epoch)

    def shares_of(self, name: str, node: str, epoch: int) -> tuple[Share, ...]:
        """The shares of a secret that a node can open at ``epoch``: none to a key that it lost (A22; promise 6)."""
        given = self.shares.of(name, node, epoch)
        return tuple(share for share in given if not self.lost(share.recipient_key, epoch))

    def grant(self, grant_id: str, epoch: int | None = None) -> Grant | None:
        """The grant with this id if it was issued and not revoked at ``epoch``, or None. Source: F04."""
        at = self.epoch if epoch is None else epoch
        found, end = self._grants.get(grant_id, (None, None))
        alive = found is not None and found.epoch <= at and (end is None or at < end)
        return found if alive else None

    def live_grant(self, kind: str, person: str, task_code: str, date: str, epoch: int | None = None) -> Grant | None:
        """A grant that lets ``person`` do ``kind`` for the item on ISO ``date``, or None. Source: F01, F03, F04."""
        at = self.epoch if epoch is None else epoch
        for grant, end in self._grants.values():
            alive = grant.epoch <= at and (end is None or at < end)
            if alive and grant.covers(kind, person, task_code, date):
                return grant
        return None

    def grants_of(self, kind: str, node: str, task_code: str, date: str, epoch: int | None = None) -> list[Grant]:
        """All grants of ``kind`` that staff of ``node`` have for the item on ISO ``date``. Source: F02, F06."""
        at = self.epoch if epoch is None else epoch
        return [
            grant
            for grant, end in self._grants.values()
            if grant.node == node
            and grant.epoch <= at
            and (end is None or at < end)
            and grant.covers(kind, grant.person, task_code, date)
        ]

    def grants(self) -> list[Grant]:
        """All grants that are not revoked."""
        return [grant for grant, end in self._grants.values() if end is None]

    def grants_ever(self, node: str) -> list[tuple[Grant, bool]]:
        """Every grant that the head of ``node`` issued, in log order, and whether it was taken back. Source: F04."""
        return [(grant, end is not None) for grant, end in self._grants.values() if grant.node == node]

    def publication(self, kind: str, version: str) -> Publication:
        """The publication leaf of a catalogue or calendar version. Refusal VERSION_UNKNOWN."""
        found = self._publications.get((kind, version))
        if found is None:
            raise Refusal("VERSION_UNKNOWN", "D08", kind=kind, version=version)
        return found

    def latest(self, kind: str) -> Publication | None:
        """The newest publication of ``kind``, or None."""
        known = [found for (name, _), found in self._publications.items() if name == kind]
        return max(known, key=lambda found: found.epoch, default=None)

    def publications(self, kind: str) -> list[Publication]:
        """All publications of ``kind``, in log order."""
        known = [found for (name, _), found in self._publications.items() if name == kind]
        return sorted(known, key=lambda found: found.epoch)

    # --- for the directory alone -------------------------------------------------------------------------------------

    def _put(self, record: KeyRecord, *, carried_on: bool) -> None:
        """``carried_on``: the previous key vouched for the record, so its subject still has its older keys."""
        history = self._records.setdefault(record.subject, [])
        self._proposals.pop(record.subject, None)
        before = {found.keys["kem"].id for found in history if "kem" in found.keys}
        now = {record.keys["kem"].id} if "kem" in record.keys else set()
        if history and not carried_on:
            self._lost |= dict.fromkeys(before - now - self._lost.keys(), record.epoch)
        if now - before:
            self.kem_epoch = record.epoch
        if history:
            self._ends.setdefault(history[-1].digest, record.epoch)
            self._close_keys(history[-1], record.epoch)
        for purpose, key in record.keys.items():
            self._keys[key.id] = Entry(self._first_record(key.id, record), purpose, key)
        history.append(record)
        if record.roles & administrators.ROLES:
            self._officers.add(record.subject)

    def _first_record(self, keyid: str, record: KeyRecord) -> KeyRecord:
        """A key carried over from the previous record keeps that record's start, so older signatures stay good."""
        found = self._keys.get(keyid)
        if found is None or found.record.subject != record.subject:
            return record
        return _started_at(record, found.record.epoch)

    def _close_keys(self, record: KeyRecord, epoch: int) -> None:
        """A key that was revoked before keeps its earlier end."""
        for key in record.keys.values():
            found = self._keys[key.id]
            if found.until is None:
                self._keys[key.id] = Entry(found.record, found.purpose, found.key, epoch)

    def _ended(self, record: KeyRecord, epoch: int) -> bool:
        end = self._ends.get(record.digest)
        return end is not None and end <= epoch

    def _end_grant(self, grant_id: str, node: str, epoch: int) -> None:
        found = self._grants.get(grant_id)
        if found is None or found[1] is not None or found[0].node != node:
            raise Refusal("GRANT_UNKNOWN", "F04", grant=grant_id)
        self._grants[grant_id] = (found[0], epoch)


def _started_at(record: KeyRecord, epoch: int) -> KeyRecord:
    return KeyRecord(**{**record.__dict__, "epoch": epoch})
