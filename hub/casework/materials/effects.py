"""Effects of how materials were got, of debts and commitments (states.md T05, T14, T15, T17, K7; B09, B10, E02).

Invariant: an effect is a pure function of (case file, act, world).
"""

from dataclasses import replace

from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.common import stop, with_clock
from hub.casework.context import Act, World
from hub.casework.materials import ways
from hub.casework.materials.guards import copies_in
from hub.casework.materials.guards_seal import REUSE_MEMBERS
from hub.casework.materials.values import Answer, Commitment, Debt, Reuse
from hub.casework.review.values import Link
from hub.casework.time import clocks

SECOND_INTAKE = "SECOND_INTAKE"
"""How a case is linked with the one of the same applicant and item that was open when it was taken in (A22)."""


def keep_ways(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T05: who applies, what he answered, promised and committed to, what was used again; the newest seal counts."""
    body, manifest = act.statement.body, facts.pinned(act, world).manifest
    changed = file.changed(
        applicant=str(body.get("applicant", "")),
        applicant_before=str(body.get("applicant_before", "")),
        answers=tuple(Answer(*pair) for pair in sorted(ways.answers_in(body).items())),
        debts=_promised(file, act, world),
        commitments=tuple(
            Commitment(line.material, act.recorded_at) for line in manifest.lines if line.acquisition == "COMMITMENT"
        ),
        reused=tuple(Reuse(*entry) for entry in ways.entries_in(act, "reused", REUSE_MEMBERS, "E02")),
    )
    if "duplicate_of" not in body:
        return changed
    link = Link(act.text("duplicate_of"), SECOND_INTAKE)
    return changed if link in file.linked else changed.changed(linked=(*file.linked, link))


def keep_promises(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T14, B10: promises given at acceptance stand beside those of the seal; one given anew replaces the old one."""
    made = _promised(file, act, world)
    if not made:
        return file
    anew = {debt.material for debt in made}
    kept = tuple(debt for debt in file.debts if debt.settled or debt.material not in anew)
    return file.changed(debts=(*kept, *made))


def run_tolerance(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K7: runs to the earliest day that is promised and has not passed; stands still when nothing is owed any more."""
    waiting = sorted((debt.due, debt.at) for debt in file.debts if not (debt.settled or debt.overdue_at))
    if not waiting:
        return stop("K7")(file, act, world)
    due, given = waiting[0]
    days = max((facts.day_of(due) - facts.day_of(given)).days, 1)
    state = clocks.start("K7", given, world.calendar, limit=days, unit=clocks.Unit.NATURAL_DAY)
    return with_clock(file, state)


def bound_promises(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T15, K7: nobody looked at the promises before a deemed acceptance: none stands longer than K3."""
    ends = (file.clocks["K3"].due or "")[:10]
    late = any(debt.due > ends for debt in file.debts)
    return file.changed(debts=tuple(replace(debt, due=min(debt.due, ends)) for debt in file.debts)) if late else file


def settle_debts(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T17, B10: what an addendum brings is owed no more; a K7 that runs goes on to the next day that is promised."""
    settled = ways.settled_by(file, act, facts.codes_of(act, "materials", "B10"))
    return run_tolerance(settled, act, world) if "K7" in file.clocks else settled


def mark_overdue(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K7: the promised day passed; a decision stays blocked, or a grant can be taken back."""
    passed = act.text("due")[:10]
    debts = tuple(
        replace(debt, overdue_at=act.recorded_at)
        if debt.due <= passed and not (debt.settled or debt.overdue_at)
        else debt
        for debt in file.debts
    )
    return run_tolerance(file.changed(debts=debts), act, world)


def keep_check(file: CaseFile, act: Act, world: World) -> CaseFile:
    """B09: what became of a commitment."""
    material, result = act.text("material"), act.text("result")
    made = tuple(
        replace(one, result=result, checked=act.digest, checked_at=act.recorded_at) if one.material == material else one
        for one in file.commitments
    )
    return file.changed(commitments=made)


def keep_revocation(file: CaseFile, act: Act, world: World) -> CaseFile:
    """B10, B09: the grant was taken back; what was decided stays as it was said, the revocation stands beside it."""
    return file.changed(revoked=act.digest)


def keep_copies(file: CaseFile, act: Act, world: World) -> CaseFile:
    """O10: a certified copy stands for the lost original from now on."""
    made = tuple(code for code in copies_in(act) if code not in file.copies)
    return file.changed(copies=(*file.copies, *made)) if made else file


def _promised(file: CaseFile, act: Act, world: World) -> tuple[Debt, ...]:
    item = facts.item_of(file, world)
    made = []
    for promise in ways.promises_in(act):
        material = item.material(promise.material)
        assert material is not None  # guarded
        tolerance = ways.allowance_of(material).tolerance
        made.append(Debt(promise.material, promise.due, promise.paper, act.statement.occurred_at, tolerance))
    return tuple(made)
