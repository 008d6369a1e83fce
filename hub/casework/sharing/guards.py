"""Guards of data that another body is asked for: verification online and what closes a line of the list by it.

Invariants: a guard looks and refuses; every query rests on a live authorisation of the platform for this consumer, kind
of data, purpose and item (H05); the answer lies in the sealing, the log has codes and the commitment to its reference.
"""

from collections.abc import Mapping
from typing import Final

from crypto import sharing
from crypto.refusal import Refusal
from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.materials import ways

VERIFIED: Final = frozenset({"VERIFY_ONLINE", "FROM_LICENCE"})
FLOW_OF: Final[Mapping[str, str]] = {"VERIFY_ONLINE": "VERIFY", "FROM_LICENCE": "FETCH"}
MEMBERS: Final = ("material", "kind", "grant", "reference")


def verifications_founded(file: CaseFile | None, act: Act, world: World) -> None:
    """T02, A07, D20, H05: a line that was checked online holds the answer, and names the kind of data, the live
    authorisation that the query rested on, and the commitment to the reference number; no other line does."""
    lines = {line.material: line for line in facts.pinned(act, world).manifest.lines if line.acquisition in VERIFIED}
    said = {entry[0]: entry[1:] for entry in ways.entries_in(act, "verified", MEMBERS, "D20; T02")}
    if set(said) != set(lines):
        different = sorted(set(said) ^ set(lines))
        raise Refusal("VERIFICATION_MISSING", "A07, D20; T02", material=different[0][:40])
    task_code = act.text("task_code") if "task_code" in act.statement.body else file.task_code if file else ""
    for material, (kind, grant, reference) in said.items():
        if not lines[material].pages:
            raise Refusal("VERIFICATION_MISSING", "A07, D20; T02", material=material)
        if facts.DIGEST.fullmatch(reference) is None:
            raise Refusal("BODY_MEMBER", "D20; promise 1", member="verified")
        flow = FLOW_OF[lines[material].acquisition]
        require_sharing(act, world, grant, kind, "INTAKE", task_code, flow=flow)


def query_said(file: CaseFile | None, act: Act, world: World) -> None:
    """H02, H05, H06: kind, purpose and result of the lists; the reference by commitment; asked by staff of the node;
    a material, where one is named, of the pinned list (promise 1)."""
    assert file is not None
    for member, words in (("kind", reasons.DATA_KINDS), ("purpose", reasons.DATA_PURPOSES)):
        if act.text(member) not in words:
            raise Refusal("REASON_UNKNOWN", "H05, H06", reason=act.text(member)[:20])
    if act.text("result") not in reasons.DATA_RESULTS:
        raise Refusal("REASON_UNKNOWN", "D20; H05", reason=act.text("result")[:20])
    facts.require_digest(act, "reference", "H02, H05; promise 1")
    if "material" in act.statement.body and act.text("material") not in _listed(file, world):
        raise Refusal("MATERIAL_NOT_LISTED", "D03; H05; promise 1", material=act.text("material")[:40])
    asked_by = act.statement.body.get("asked_by")
    if asked_by is None and act.by_portal:
        return
    if not isinstance(asked_by, str) or world.registry.current(asked_by).node != act.node.subject:
        raise Refusal("BODY_MEMBER", "H02", member="asked_by")


def _listed(file: CaseFile, world: World) -> set[str]:
    """Codes of what the case's list asks for; of a parent, the lines of the one list (B05)."""
    if file.bundle is not None:
        return {line for line, _, _ in file.bundle.serves}
    return {material.code for material in facts.item_of(file, world).materials}


def query_granted(file: CaseFile | None, act: Act, world: World) -> None:
    """H05: the platform's authorisation was live for this consumer, kind, purpose and item when it was asked."""
    assert file is not None
    require_sharing(act, world, act.text("grant"), act.text("kind"), act.text("purpose"), file.task_code)


def require_sharing(
    act: Act, world: World, grant: str, kind: str, purpose: str, task_code: str, *, flow: str = ""
) -> sharing.Sharing:
    """Refusal SHARING_MISSING unless the authorisation is live for who acts, on the day that the act declares."""
    found = world.registry.sharing(grant)
    day = act.statement.occurred_at[:10]
    fits = found is not None and found.covers(kind, act.node.subject, purpose, task_code, day)
    if found is None or not fits or (flow and found.flow != flow):
        raise Refusal("SHARING_MISSING", "H05; 政务数据共享条例", sharing=grant[:80], kind=kind[:20])
    return found
