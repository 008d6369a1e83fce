"""The books after a drill: what was acknowledged is there, and once; rows, leaves, tiles and objects agree."""

import json
from collections import Counter
from dataclasses import dataclass, field

from crypto.log import leaf as leaf_format
from crypto.refusal import Refusal
from crypto.statement import CUSTODY, read_signed
from storage.database import Database
from storage.objectstore_s3 import S3ObjectStore
from tests.drill.ledger import Ledger
from tests.drill.load import Clerks, Drill
from tests.drill.town import DrillTown, until

AUDITED_MOST = 40
ONCE = ("seal", "route", "delivered", "accept", "decide", "issue")


@dataclass
class Balance:
    """``wrong``: every disagreement, in words. ``counts``: what was compared."""

    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def require(self, good: bool, words: str) -> None:
        """One comparison."""
        self.counts["compared"] += 1
        if not good:
            self.wrong.append(words)


def balance(drill: Drill) -> Balance:
    """Compare the ledger, the hub's rows, the agents' journals and the store; audit all cases, or a sample of many."""
    made, town, clerks, ledger = Balance(), drill.town, drill.clerks, drill.ledger
    few = len(clerks.finished) <= AUDITED_MOST
    audited = clerks.finished if few else drill.chance.sample(clerks.finished, AUDITED_MOST)
    database = Database(town.stack.postgres.url(), pool_size=2)
    try:
        _log(database, clerks, ledger, made)
        until("everything is under a checkpoint", lambda: _integrated(database))
    finally:
        database.dispose()
    made.require(clerks.lost() == [], "a receipt is gone from a journal")
    made.require(clerks.refused() == 0, f"{clerks.refused()} acts were refused")
    made.require(clerks.waiting() == 0, f"{clerks.waiting()} acts still wait")
    _objects(town, ledger, made)
    told = town.fsck("--deep")
    made.counts["fsck notes"] = int(str(told.get("notes", 0)))
    made.require(told["exit"] == 0, f"fsck: {json.dumps(told, ensure_ascii=False)[:3000]}")
    for case in audited:
        verdict = town.audited(case)
        made.counts["audited"] += 1
        made.require(verdict == "VALID", f"audit of {case}: {verdict}")
    return made


def _log(database: Database, clerks: Clerks, ledger: Ledger, made: Balance) -> None:
    with database.snapshot() as reading:
        leaves: list[tuple[str, str, str, str]] = []
        for page in reading.leaves_by_page():
            for row in page:
                told = read_signed(leaf_format.decode(row.leaf).envelope)
                leaves.append((row.payload_digest, told.type, told.case or "", told.chain))
        rows = [row for page in reading.cases_by_page() for row in page]
    digests = Counter(digest for digest, *_ in leaves)
    made.counts["leaves"] = len(leaves)
    made.require(max(digests.values()) == 1, "a statement is in the log twice")
    for line in ledger.lines("receipt"):
        index = line["index"]
        there = index < len(leaves) and leaves[index][0] == line["digest"]
        made.require(there, f"acknowledged and not there: {line}")
    for line in ledger.lines("kept"):
        made.require(line["digest"] in digests, f"kept and not in the log: {line}")
    steps = Counter((case, event) for _, event, case, chain in leaves if chain == CUSTODY)
    for case in clerks.finished:
        for event in ONCE:
            made.require(steps[case, event] == 1, f"{event} of {case}: {steps[case, event]} times")
    receipts = [line["digest"] for line in ledger.lines("receipt")]
    made.require(len(receipts) == len(set(receipts)), "a statement was acknowledged to two clients")
    openings = sum(event == "open_document" for _, event, _, _ in leaves)
    asked = sum(line["by"] == "caller" for line in ledger.lines("receipt"))
    made.require(openings == asked, f"{openings} openings in the log, {asked} acknowledged")
    for name in ("public_no", "case_no"):
        numbers = {getattr(row, name) for row in rows}
        made.require(len(numbers) == len(rows) == len(clerks.finished), f"{name}: {len(numbers)} of {len(rows)}")
    made.counts["cases"] = len(rows)


def _objects(town: DrillTown, ledger: Ledger, made: Balance) -> None:
    seaweed = town.stack.seaweed
    store = S3ObjectStore(seaweed.endpoint(), "yidi-documents", *seaweed.credentials())
    for line in ledger.lines("object"):
        made.counts["objects"] += 1
        try:
            stored = store.head(line["key"], line["version"])
        except Refusal as refusal:
            made.require(False, f"object {line['key']}: {refusal}")
            continue
        made.require(stored is not None and stored.size == line["size"], f"acknowledged and not stored: {line}")


def _integrated(database: Database) -> bool:
    with database.reading() as reading:
        return reading.log.checkpoint()[0] == reading.log.head().size
