"""Acts that follow one of another case: the children of a parent wait until the hub has answered for the parent.

Invariants:
- the note is kept in the transaction that queues both, so a kill forgets no order;
- a child is held back only while its parent's act waits; whatever the answer was, the hub judges the child itself;
- where nothing of the kind waits, this costs one look into the journal a round.
"""

from collections.abc import Iterable

from storage.journal import Journal

NOTE = "behind:"


def notes_of(cases: Iterable[str], digest: str) -> dict[str, bytes]:
    """Notes to keep with acts of ``cases`` that follow the act with this payload digest, by name."""
    return {NOTE + case_id: digest.encode() for case_id in cases}


def held_back(journal: Journal) -> set[str]:
    """Cases whose acts may not go yet; notes that have done their work are forgotten."""
    held: set[str] = set()
    for name, data in journal.notes(NOTE):
        first = journal.entry(data.decode())
        if first is not None and first.state == "WAITING":
            held.add(name.removeprefix(NOTE))
        else:
            journal.forget(name)
    return held
