"""Guards of debts, commitments and originals on the way to the result (states.md T14, T31, T33, K7; B09, B10, O10).

Invariant: a guard looks and refuses; it never changes anything.
"""

from typing import Final

from crypto.refusal import Refusal
from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.materials import ways
from hub.casework.materials.guards_seal import require_promise
from hub.casework.originals.states import MAIL
from hub.casework.originals.values import ItemState, Original
from hub.casework.parents import papers
from hub.casework.parents.values import LOST, SHOWN
from hub.casework.time import clocks

BLOCKS: Final = "BLOCKS_DECISION"
REVOCABLE: Final = "REVOCABLE"
_NEEDED_AT: Final = {"accept": "ACCEPT", "decide": "DECIDE", "issue": "ISSUE"}
_AT_HAND: Final = frozenset({ItemState.CHECKED_IN, ItemState.IN_CUSTODY, ItemState.ARCHIVED})


def materials_there(file: CaseFile | None, act: Act, world: World) -> None:
    """T14, B10: a case is accepted when each key material is there; what the list lets be missing, is promised."""
    assert file is not None
    item = facts.item_of(file, world)
    held = ways.held_lines(file, world)
    promised = {*ways.open_debts(file), *(promise.material for promise in ways.promises_in(act))}
    missing = []
    for material in ways.called_for(item, ways.answers_of(file)):
        line = held.get(material.code)
        there = line is not None and ways.is_closed(material, line, held.values())
        if not there and (material.key or (material.allowance is not None and material.code not in promised)):
            missing.append(material.code)
    if missing:
        raise Refusal("MATERIALS_NOT_THERE", "B10; T14", missing=",".join(missing))


def debts_allowed(file: CaseFile | None, act: Act, world: World) -> None:
    """T14, B10, K7: what is owed is due after today and before the day on which the promised limit ends, so that a day
    is left to decide; a promise given now, or anew, is as lawful as one of the seal."""
    assert file is not None
    item = facts.item_of(file, world)
    wanted = {material.code for material in ways.called_for(item, ways.answers_of(file))}
    held, dues = ways.held_lines(file, world), {debt.material: debt.due for debt in file.debts if not debt.settled}
    for promise in ways.promises_in(act):
        require_promise(item, promise, wanted, act, world)
        material, line = item.material(promise.material), held.get(promise.material)
        if material and line and ways.is_closed(material, line, held.values()):
            raise Refusal("PROMISE_NEEDLESS", "B10; E01", material=promise.material)
        dues[promise.material] = promise.due
    ends = ways.promised_until(item, file.supplement_at or act.recorded_at, world.calendar)
    for code, due in sorted(dues.items()):
        if due < act.date:
            raise Refusal("DEBT_OVERDUE", "B10; T14", material=code, due=due)
        if due >= ends:
            raise Refusal("PROMISE_AFTER_LIMIT", "B10; K7; T14", material=code, due=due, until=ends)


def only_owed(file: CaseFile | None, act: Act, world: World) -> None:
    """B10, E01: an addendum that settles debts brings what is owed, and nothing else."""
    assert file is not None
    foreign = sorted(set(facts.codes_of(act, "materials", "B10; E01")) - set(ways.open_debts(file)))
    if foreign:
        raise Refusal("NOT_OWED", "B10; E01", material=foreign[0])


def promised_day_passed(file: CaseFile | None, act: Act, world: World) -> None:
    """K7, B10: only after the last moment of the promised day."""
    assert file is not None
    facts.require_due(file, act, world, "K7")


def debts_settled(file: CaseFile | None, act: Act, world: World) -> None:
    """T31, B10: no decision before what blocks it is there and can be opened; after the promised day, and once the
    department's own limit has run out (K3, K4), only a refusal: a debt keeps no case open for ever."""
    assert file is not None
    refuses, over = act.statement.body.get("outcome") == "REFUSE", _limit_over(file, act, world)
    for debt in file.debts:
        if debt.tolerance != BLOCKS:
            continue
        if not debt.settled and not (refuses and (debt.overdue_at or over)):
            raise Refusal("DEBT_OPEN", "B10; T31", material=debt.material, due=debt.due)
        if debt.settled and facts.unopened_lines(file, debt.manifest, file.accepting_node, world):
            raise Refusal("KEYS_MISSING", "B10; T31", recipient=file.accepting_node)


def _limit_over(file: CaseFile, act: Act, world: World) -> bool:
    running = (facts.clock_of(file, name, world) for name in ("K3", "K4"))
    return any(state is not None and (state.expired or clocks.is_due(state, act.recorded_at)) for state in running)


def only_repaired(file: CaseFile | None, act: Act, world: World) -> None:
    """B09, G15: of a case that ended without a result nothing is checked any more; what was broken can be repaired."""
    if act.text("result") != "REPAIRED":
        raise Refusal("REPAIR_ONLY", "B09, G15", result=act.text("result")[:20])


def commitment_looked_at(file: CaseFile | None, act: Act, world: World) -> None:
    """B09, 国办发〔2020〕42号: kept or broken, once, on the record of the check; a broken one may be repaired later."""
    assert file is not None
    result = act.text("result")
    if result not in reasons.COMMITMENT_RESULTS:
        raise Refusal("RESULT_UNKNOWN", "B09", result=result[:20])
    facts.require_digest(act, "paper", "B09")
    before = "BROKEN" if result == "REPAIRED" else ""
    if not any((one.material, one.result) == (act.text("material"), before) for one in file.commitments):
        raise Refusal("NO_COMMITMENT", "B09", material=act.text("material")[:40])


def head_confirms_breach(file: CaseFile | None, act: Act, world: World) -> None:
    """B09, G15: what keeps an applicant from committing again is said, and taken back, by two people."""
    if act.statement.body.get("result") != "KEPT":
        facts.require_second(act, "HEAD", "B09; G15")


def revocation_founded(file: CaseFile | None, act: Act, world: World) -> None:
    """B10, B09, 行政许可法 69: a grant is taken back, once and in writing, for a debt that was not paid in its
    time, where the list says so, or for a broken commitment."""
    assert file is not None
    ground = act.text("ground")
    if ground not in reasons.REVOCATION_GROUNDS:
        raise Refusal("REASON_UNKNOWN", "B10, B09", reason=ground[:20])
    facts.require_digest(act, "paper", "行政许可法 69")
    owed = any(debt.overdue_at and not debt.settled and debt.tolerance == REVOCABLE for debt in file.debts)
    broken = any(one.result == "BROKEN" for one in file.commitments)
    founded = owed if ground == "DEBT_OVERDUE" else broken
    if file.outcome != "GRANT" or file.revoked or not founded:
        raise Refusal("NOTHING_TO_REVOKE", "行政许可法 69; B10, B09", ground=ground)


def originals_there(file: CaseFile | None, act: Act, world: World) -> None:
    """T14, T31, T33, A06, O10: an original that the list wants by this step lies at the department; for a lost or
    damaged one whose search is settled, a scan checked against it where the list does not want it in the archive, else
    a certified copy that the department obtained. What another part of the matter has in custody lay there when its
    turn was (states.md 8)."""
    assert file is not None
    steps = {_NEEDED_AT[act.statement.type]}
    if act.statement.type == "decide" and file.deemed:
        steps.add("ACCEPT")  # nobody looked before a deemed acceptance
    item, told = facts.item_of(file, world), copies_in(act)
    foreign = next((code for code in told if item.material(code) is None), None)
    if foreign is not None:
        raise Refusal("MATERIAL_NOT_LISTED", "D03; O10; promise 1", material=foreign[:40])
    held, copied = ways.held_lines(file, world), {*file.copies, *told}
    for material in ways.called_for(item, ways.answers_of(file)):
        line = held.get(material.code)
        if material.needed_by not in steps or line is None or line.acquisition != "SUBMIT":
            continue
        found = [item for item in file.originals if item.material == material.code]
        elsewhere = papers.shown(file, material.code)
        settled = bool(found) and all(item.settled for item in found if not _at_hand(file, item))
        settled = settled or elsewhere == LOST
        scan = settled and line.trust == "B" and material.original_policy != MAIL
        there = elsewhere == SHOWN or any(_at_hand(file, item) for item in found)
        if not (there or scan or (settled and material.code in copied)):
            raise Refusal("ORIGINAL_AWAITED", "A06; O6, O10", material=material.code, step=material.needed_by)


def copies_in(act: Act) -> tuple[str, ...]:
    """Materials of the certified copies in ``copies``: objects of material and paper's digest. Refusal BODY_MEMBER."""
    named = ways.entries_in(act, "copies", ("material", "paper"), "O10")
    if any(facts.DIGEST.fullmatch(paper) is None for _, paper in named):
        raise Refusal("BODY_MEMBER", "O10", member="copies")
    return tuple(material for material, _ in named)


def _at_hand(file: CaseFile, item: Original) -> bool:
    return papers.passed_on(file, item) or (item.state in _AT_HAND and item.holder == file.accepting_node)
