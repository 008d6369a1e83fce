"""Incremental export: what came about since the last batch, once, as files with counts and digests (H10).

A batch goes through these steps; the code carries the same numbers:
1. a batch that a kill left unfinished is finished first, with the cases and positions that were planned for it; one
   whose folder is there already is only noted as done;
2. each case is the law run again over its own leaves; one that is not whole, or finds fault, is left out and named;
3. rows follow from leaves between the case's position and the plan's; where they hold the applicant's data the form is
   opened with a purpose, and the hub has acknowledged it (H02);
4. the person states the export of these bytes under a live EXPORT grant, and the hub has acknowledged that too (H01);
5. files are written beside, flushed and renamed; only then the positions move, all in one transaction.

Invariants:
- nothing goes out twice: a position is the log index up to which a case was exported, and a batch is one folder;
- a case comes whole or not at all, and its position moves only with it;
- personal data come from the form opened here and lie in files of mode 0600; one case is in memory at a time;
- an archived case is exported like any other: reading it is told still (states.md 10, invariant 3).
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from crypto import canonical
from crypto.evidence.timeline import Whole
from crypto.log import leaf as leaves
from crypto.log.leaf import Leaf
from crypto.manifest import Manifest
from crypto.refusal import Refusal
from crypto.statement import read_signed
from hub.casework.casefile import CaseFile
from hub.casework.context import Pinned
from hub.casework.parents import share
from hub.casework.replay import replay
from node_agent import acts
from node_agent.department import powers, sealed
from node_agent.department.review import STEP_NOTE
from node_agent.exchange import rows as making
from node_agent.exchange import told
from node_agent.exchange.files import BatchFiles, is_finished, reconcile
from node_agent.exchange.rows import Row, Seen, Source
from node_agent.exchange.tables import SOURCE, TABLES, problem_in
from node_agent.known.casemirror import (
    OWED_LATER,
    history,
    kept_manifest,
    manifest_here,
    material_sealings,
    recorded,
    sealings,
)
from node_agent.process.runtime import Agent
from node_agent.transfer import opening
from storage.journal import OutboxEntry
from storage.transfer import TransferClient

RULE = "H01; H02; H10"
PURPOSE = "HANDOVER"
POSITION = "exchange:position:"
PLAN, NUMBER = "exchange:plan", "exchange:number"
MOST = 500
"""Cases of one batch."""
_SOURCE = re.compile(r"[A-Za-z0-9]{3}")
Answered = Callable[[str], OutboxEntry]


@dataclass(frozen=True)
class Exporter:
    """Who exports: agent, staff code, folder, format (csv or json), how the hub's answer to an act is awaited."""

    agent: Agent
    staff_code: str
    folder: Path
    answered: Answered
    kind: str = "csv"
    data_source: str = SOURCE
    transfer: TransferClient | None = None


@dataclass
class Batch:
    """What was made. ``left_out``: code of why, by case id; ``folder``: None when there was nothing to export."""

    name: str
    folder: Path | None
    cases: int = 0
    rows: int = 0
    left_out: dict[str, str] = field(default_factory=dict)


def export(by: Exporter) -> Batch:
    """The next batch. Refusals EXCHANGE_SOURCE, EXCHANGE_FORMAT, EXCHANGE_UNWRITABLE, GRANT_MISSING, ROLE_MISSING,
    ACCESS_UNCONFIRMED (the batch goes on where it was when it is asked for again)."""
    if _SOURCE.fullmatch(by.data_source) is None:
        raise Refusal("EXCHANGE_SOURCE", "standards.md 7", value=by.data_source[:20])
    plan = _plan(by.agent)  # 1
    made = Batch(plan["batch"], by.folder / plan["batch"])
    if is_finished(by.folder / made.name):
        made.left_out = reconcile(by.folder / made.name)[0]["left_out"]
        _move(by.agent, plan, made)
        return made
    registry = Whole(by.agent.identity.pins.registrar_keys, map(leaves.decode, by.agent.journal.registry()))
    with BatchFiles(by.folder, made.name, by.kind) as files:
        for case_id, upto in plan["cases"].items():
            try:
                found = _case_rows(by, case_id, upto, plan["told"].get(case_id, []), made.name, registry)
            except Refusal as refusal:
                if refusal.code in _STOPS:
                    raise
                made.left_out[case_id] = refusal.code
                continue
            files.add(found)
            made.cases += bool(found)
            made.rows += len(found)
        if made.rows:
            files.finish(by.agent, made.left_out)  # 5
        else:
            made.folder = None
    _move(by.agent, plan, made)
    return made


def positions(agent: Agent) -> dict[str, int]:
    """Log index up to which each case was exported."""
    found = agent.journal.notes(POSITION)
    return {name.removeprefix(POSITION): int(str(canonical.parse(value)["index"])) for name, value in found}


def waiting(agent: Agent) -> dict[str, int]:
    """Cases with leaves beyond their position, each with the index of its newest one, oldest first."""
    done = positions(agent)
    tops = agent.journal.case_tops()
    return {case: top for case, top in sorted(tops.items(), key=lambda one: one[1]) if top > done.get(case, -1)}


# --- pieces ----------------------------------------------------------------------------------------------------------

_STOPS = frozenset(
    {"GRANT_MISSING", "ROLE_MISSING", "ACCESS_UNCONFIRMED", "EXCHANGE_UNWRITABLE", "PERSON_UNKNOWN_HERE"}
)
"""What stands in the way of every case alike, or of nothing but time: the batch stays planned and goes on later."""


def _plan(agent: Agent) -> dict[str, Any]:
    kept = agent.journal.kept(PLAN)
    if kept:
        return dict(json.loads(kept))
    told.keep_shares(agent, waiting(agent))
    notes, tops = told.waiting(agent), agent.journal.case_tops()
    cases = dict(list((waiting(agent) | {case: tops[case] for case in notes}).items())[:MOST])
    number = int(agent.journal.kept(NUMBER) or b"0") + 1
    plan: dict[str, Any] = {"batch": f"batch-{number:06}", "cases": cases, "told": notes}
    agent.journal.keep(PLAN, json.dumps(plan).encode())
    return plan


def _move(agent: Agent, plan: Mapping[str, Any], made: Batch) -> None:
    """Positions, what was told and the batch's number move together; a number without a folder is used again."""
    moved = {PLAN: b""}
    for case_id, upto in plan["cases"].items():
        if case_id in made.left_out:
            continue
        moved[POSITION + case_id] = canonical.encode({"v": 1, "index": upto, "batch": made.name})
        moved |= told.moved(agent, plan["told"].get(case_id, []), made.name)
    if made.folder is not None:
        moved[NUMBER] = made.name.removeprefix("batch-").encode()
    agent.journal.queue([], notes=moved)  # commit point: exported


def _case_rows(by: Exporter, case_id: str, upto: int, notes: Sequence[str], batch: str, registry: Whole) -> list[Row]:
    """Steps 2 to 4 for one case. A parent has no rows: its parts are the platform's cases, each at its department."""
    agent, after = by.agent, positions_of(by.agent, case_id)
    here = [one for one in history(agent.journal, case_id) if one.leaf.index <= upto]
    seen, file = _seen(agent, case_id, [one.leaf for one in here], registry)  # 2
    if file.bundle is not None or all(one.after.accepting_node != agent.identity.node for one in seen):
        return []
    manifests = {digest: _as_the_case_has_it(agent, file, digest) for digest in material_sealings(here)}
    words = _opinions(agent, seen)
    source = Source(sealed.item_of(agent, case_id), seen, manifests, words=words, data_source=by.data_source)
    found = making.rows_of(source, agent.identity.node, after, batch)
    if not found and not notes:
        return []
    opened = lru_cache(1)(lambda: _opened(by, case_id, source))  # 3
    if making.needs_form(found):
        found = making.rows_of(opened(), agent.identity.node, after, batch)
    found += told.rows_of(agent, notes, opened, batch, by.data_source)
    for row in found:
        problem = problem_in(TABLES[row.table], row.values)
        if problem:
            raise Refusal("EXCHANGE_FIELD", "GB/T 39046-2020", case=case_id, member=problem)
    _state_export(by, case_id, found)  # 4
    return found


def _as_the_case_has_it(agent: Agent, file: CaseFile, digest: str) -> Manifest:
    """A sealing's manifest; of a parent's the lines of this part alone, under its own item's codes (states.md P1)."""
    manifest = manifest_here(agent.journal, digest)[0]
    found = share.seen(file, Pinned(digest, manifest, ""))
    assert found is not None  # what is given is seen
    return found.manifest


def positions_of(agent: Agent, case_id: str) -> int:
    """Log index up to which the case was exported; -1 when it never was."""
    kept = agent.journal.kept(POSITION + case_id)
    return int(str(canonical.parse(kept)["index"])) if kept else -1


def _seen(agent: Agent, case_id: str, here: Sequence[Leaf], registry: Whole) -> tuple[list[Seen], CaseFile]:
    found: list[Seen] = []
    before: list[CaseFile | None] = [None]

    def see(leaf: Leaf, file: CaseFile) -> None:
        one = recorded(leaves.encode(leaf))
        found.append(Seen(leaf, one.statement, one.envelope.digest, before[-1], file))
        before[:] = [file]

    documents = {
        (kind, version): agent.registry.document(kind, version)
        for leaf in here
        for kind, version in (("catalogue", str(leaf.catalogue)), ("calendar", str(leaf.calendar)))
    }
    named = {digest: kept_manifest(agent.journal, digest) for _, digest in sealings(history(agent.journal, case_id))}
    manifests = {digest: data for digest, data in named.items() if data is not None}
    made = replay(here, registry, documents, manifests, agent.identity.pins.registrar_keys, see)
    codes = sorted({finding.code for finding in made.findings} - {OWED_LATER})
    if made.file is None or codes or len(found) != len(here):
        raise Refusal("EXCHANGE_UNVERIFIED", "promise 4", case=case_id, codes=",".join(codes))
    return found, made.file


def _opened(by: Exporter, case_id: str, source: Source) -> Source:
    role = acts.role_of(by.agent, by.staff_code, opening.READERS)
    opened = opening.open_case(
        by.agent, case_id, by.staff_code, role, PURPOSE, answered=by.answered, transfer=by.transfer
    )
    return Source(source.item, source.seen, source.manifests, opened.form, source.words, source.data_source)


def _opinions(agent: Agent, seen: Sequence[Seen]) -> dict[str, str]:
    """Words of steps that lie here, by commitment."""
    found = {}
    for one in seen:
        commitment = str(one.said.body.get("opinion", ""))
        kept = agent.journal.kept(STEP_NOTE + commitment) if commitment else None
        if kept is not None:
            found[commitment] = str(canonical.parse(kept).get("opinion", ""))
    return found


def _state_export(by: Exporter, case_id: str, found: Sequence[Row]) -> None:
    """The export as an act; one that was acknowledged for these very bytes before a kill is not said again.

    Refusals GRANT_MISSING, ACCESS_UNCONFIRMED, the hub's own.
    """
    digest = canonical.digest(canonical.encode({"rows": [[row.table, dict(row.values)] for row in found]}))
    for entry in by.agent.journal.acts(case_id):
        done = entry.event == "export" and entry.state == "DONE"
        if done and read_signed(entry.envelope).body.get("digest") == digest:
            return
    grant = powers.live_grant(by.agent, case_id, "EXPORT", by.staff_code)
    envelope = acts.build(
        by.agent.identity,
        by.agent.journal,
        event="export",
        case_id=case_id,
        chain="access",
        role=acts.role_of(by.agent, by.staff_code, opening.READERS),
        staff_code=by.staff_code,
        body={"profile": "NONE", "kind": "SHARED_DATA", "digest": digest, "grant": grant},
    )
    by.agent.journal.queue([acts.entry_of(envelope)])
    entry = by.answered(envelope.digest)
    if entry.refusal is not None:
        raise entry.refusal
    if entry.state != "DONE":
        raise Refusal("ACCESS_UNCONFIRMED", RULE, case=case_id)
