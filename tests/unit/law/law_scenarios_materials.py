"""Scenarios of how materials are got, of debts, commitments, reuse and second intakes (T02, T05, T14, T31, T33, K7)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hub.casework.materials.values import Commitment, Debt
from hub.casework.originals.values import Original
from tests.unit.law.law_people import DEPARTMENT, WINDOW, Step, manifest
from tests.unit.law.law_scenarios import Scenario, Spoil, grants_only, item, says, sealed, signed_also
from tests.unit.law.law_scenarios_entry import NOT_A_DIGEST
from tests.unit.law.law_steps_materials import COMMITTED, OWED, allow, promise, reused, with_line
from tests.unit.law.law_world import Bench

SEALS = ("T05", "T05R")
SITUATION = {
    "code": "S1",
    "question": "是否变更经营场所",
    "choices": [{"code": "YES", "text": "是"}, {"code": "NO", "text": "否"}],
}


def both(*spoils: Spoil) -> Spoil:
    """One after the other."""

    def spoil(bench: Bench, step: Step) -> Step:
        for each in spoils:
            step = each(bench, step)
        return step

    return spoil


def line(code: str, **changes: Any) -> Spoil:
    """The application has this line instead."""

    def spoil(bench: Bench, step: Step) -> Step:
        made = bench.objects[str(step.body["manifest"])].manifest
        return step.saying(manifest=bench.store(with_line(made, code, **changes)))

    return spoil


def material(code: str, **changes: Any) -> Spoil:
    """The list says something else about one material."""

    def spoil(bench: Bench, step: Step) -> Step:
        def change(item: dict[str, Any]) -> None:
            next(one for one in item["materials"] if one["code"] == code).update(changes)

        bench.change_item(change)
        return step

    return spoil


def promised(days: int = 5, code: str = OWED, **changes: Any) -> Spoil:
    """The act promises a material, with something changed."""
    return lambda bench, step: step.saying(tolerated=[promise(bench, days, code) | changes])


def tolerance(kind: str, days: int) -> Spoil:
    """The list says how M05 may be missing."""

    def spoil(bench: Bench, step: Step) -> Step:
        allow(bench, kind, days)
        return step

    return spoil


def committed(bench: Bench, step: Step) -> Step:
    """A signed commitment in the place of M04."""
    return line(COMMITTED, acquisition="COMMITMENT", trust="D", original="NOT_NEEDED")(bench, step)


def again(**changes: Any) -> Spoil:
    """M02 is taken over from an earlier case, with something changed; None leaves the entry out."""

    def spoil(bench: Bench, step: Step) -> Step:
        material("M02", acquisition=["SUBMIT", "REUSED"])(bench, step)
        step = line("M02", acquisition="REUSED", trust="B", original="NOT_NEEDED")(bench, step)
        return step.saying(reused=[reused() | changes], reuse_agreement="a" * 64)

    return spoil


def shared(bench: Bench, step: Step) -> Step:
    """The window was given the applicants' secret."""
    bench.register.shares.add(("applicant", WINDOW))
    return step


def ways(row: str) -> list[Scenario]:
    """What no sealing may say of how a material was got."""
    guard = "ways_lawful"
    return [
        Scenario(row, guard, "ACQUISITION_NOT_ALLOWED", line("M08", acquisition="COVERED_BY")),
        Scenario(row, guard, "TRUST_WRONG", line("M02", trust="A")),
        Scenario(row, guard, "TRUST_WRONG", line("M02", original="NOT_NEEDED")),
    ]


def at_seal(row: str) -> list[Scenario]:
    """What a seal may have wrong."""
    told = both(committed, says(commitment_notice=True))
    return [
        Scenario(row, "situations_answered", "SITUATION_OPEN", item(situations=[SITUATION])),
        Scenario(row, "situations_answered", "SITUATION_UNKNOWN", says(situations={"S9": "YES"})),
        Scenario(
            row, "situations_answered", "SITUATION_CHOICE",
            both(item(situations=[SITUATION]), says(situations={"S1": "MAYBE"})),
        ),
        *(
            Scenario(row, "situations_answered", "BODY_MEMBER", says(situations=value), killer=False)
            for value in ("S1", ["S1"], {"S1": True})
        ),
        Scenario(row, "lines_closed", "MATERIALS_INCOMPLETE", tolerance("BLOCKS_DECISION", 20)),
        Scenario(row, "lines_closed", "MATERIALS_INCOMPLETE", tolerance("NONE", 0)),
        Scenario(
            row, "lines_closed", "MATERIALS_INCOMPLETE",
            both(material("M01", trust_level="B"), line("M01", original="NOT_NEEDED", trust="C")),
        ),
        *ways(row),
        Scenario(
            row, "ways_lawful", "LINE_WITHOUT_PAGES",
            both(told, line(COMMITTED, acquisition="COMMITMENT", trust="D", original="NOT_NEEDED", pages=())),
        ),
        Scenario(
            row, "ways_lawful", "COVER_MISSING",
            both(
                material(OWED, acquisition=["SUBMIT", "COVERED_BY"], covered_by=["M08"]),
                line(OWED, acquisition="COVERED_BY", trust="B", pages=()),
            ),
        ),
        Scenario(
            row, "ways_lawful", "TRUST_WRONG",
            both(
                material(OWED, acquisition=["SUBMIT", "COVERED_BY"], covered_by=["M02"]),
                line(OWED, acquisition="COVERED_BY", trust="A", pages=()),
            ),
        ),
        *promises(row, "promises_founded"),
        Scenario(row, "promises_founded", "PROMISE_NEEDLESS", both(line(OWED), promised())),
        *(
            Scenario(row, "promises_founded", "BODY_MEMBER", says(tolerated=value), killer=False)
            for value in ([], OWED, [OWED], [{"material": OWED}])
        ),
        Scenario(row, "commitments_given", "DECLARATION_MISSING", committed),
        Scenario(row, "commitments_given", "DECLARATION_MISSING", both(committed, says(commitment_notice="yes"))),
        Scenario(row, "reuse_named", "REUSE_UNNAMED", both(again(), says(reused=None))),
        Scenario(row, "reuse_named", "REUSE_UNNAMED", says(reused=[reused()], reuse_agreement="a" * 64)),
        Scenario(row, "reuse_named", "REUSE_EXPIRED", again(valid_until="2026-03-01")),
        Scenario(row, "reuse_named", "BODY_MEMBER", again(valid_until="soon")),
        Scenario(row, "reuse_named", "BODY_MEMBER", again(case="e1")),
        Scenario(row, "reuse_named", "BODY_MEMBER", again(manifest=NOT_A_DIGEST)),
        Scenario(row, "reuse_named", "BODY_MEMBER", both(again(), says(reuse_agreement=None))),
        Scenario(row, "reuse_named", "BODY_MEMBER", says(reuse_agreement="a" * 64)),
        Scenario(row, "applicant_named", "APPLICANT_UNNAMED", shared),
        Scenario(row, "applicant_named", "BODY_MEMBER", says(applicant=NOT_A_DIGEST)),
        Scenario(row, "applicant_named", "BODY_MEMBER", says(applicant="a1" * 32, applicant_before=NOT_A_DIGEST)),
        Scenario(row, "applicant_named", "BODY_MEMBER", says(applicant="a1" * 32, applicant_before="a1" * 32)),
        Scenario(row, "applicant_named", "BODY_MEMBER", says(applicant_before="a1" * 32)),
        Scenario(row, "second_intake_reasoned", "REASON_UNKNOWN", second("c1" * 16, "WHY_NOT")),
        Scenario(row, "second_intake_reasoned", "LINK_WRONG", second("c1", "OTHER_MATTER")),
        Scenario(row, "second_intake_reasoned", "LINK_WRONG", second("c0" * 16, "OTHER_MATTER")),
        Scenario(row, "second_intake_reasoned", "BODY_MEMBER", says(duplicate_of="c1" * 16)),
        Scenario(row, "second_intake_reasoned", "BODY_MEMBER", says(duplicate_reason="OTHER_MATTER"), killer=False),
    ]  # fmt: skip


def second(case: str, reason: str) -> Spoil:
    """A second intake."""
    return says(duplicate_of=case, duplicate_reason=reason)


def promises(row: str, guard: str) -> list[Scenario]:
    """What no promise may be, at the seal or at acceptance."""
    return [
        Scenario(row, guard, "MATERIAL_IS_KEY", promised(code="M04")),
        Scenario(row, guard, "TOLERANCE_NONE", both(tolerance("NONE", 0), promised())),
        Scenario(row, guard, "PROMISE_DATE", promised(days=0)),
        Scenario(row, guard, "PROMISE_TOO_LATE", both(tolerance("REVOCABLE", 2), promised(days=7))),
        Scenario(row, guard, "PROMISE_AFTER_LIMIT", promised(days=400)),
        Scenario(row, guard, "BODY_MEMBER", promised(paper=NOT_A_DIGEST)),
        Scenario(row, guard, "BODY_MEMBER", promised(due="soon"), killer=False),
        Scenario(row, guard, "BODY_MEMBER", promised(due="20260310")),
    ]


def owes(**changes: Any) -> Spoil:
    """The case owes M05, with something changed."""

    def spoil(bench: Bench, step: Step) -> Step:
        due = (bench.now.date() + timedelta(days=5)).isoformat()
        debt = Debt(OWED, due, "0" * 64, "2026-03-02T09:30:00.000+08:00", "BLOCKS_DECISION")
        bench.file = replace(bench.case, debts=(replace(debt, **changes),))
        return step

    return spoil


def weak(bench: Bench, step: Step) -> Step:
    """The list wants M05 checked against the original, the addendum has a scan that nobody checked."""
    return both(material(OWED, trust_level="B"), line(OWED, original="NOT_NEEDED", trust="C"))(bench, step)


def insisted(*missing: str, with_owed: bool = False) -> Spoil:
    """The application that the case holds lacks materials, or has M05 too."""

    def spoil(bench: Bench, step: Step) -> Step:
        kept = tuple(one.material for one in manifest("application").lines if one.material not in missing)
        kept += (OWED,) if with_owed else ()
        sealing = bench.case.sealings[0]
        pinned = bench.objects[sealing.manifest]
        bench.objects[sealing.manifest] = replace(pinned, manifest=manifest("application", materials=kept))
        return step

    return spoil


def original(step: str, **changes: Any) -> Callable[..., Spoil]:
    """M02's original is needed by that step; the case has it as told, or not at all."""

    def make(policy: str = "CHECK_AND_RETURN", **state: Any) -> Spoil:
        def spoil(bench: Bench, act: Step) -> Step:
            material("M02", needed_by=step, original_policy=policy)(bench, act)
            if state:
                made = Original("M02", "M02", "IN_CARRIER", WINDOW, policy)
                bench.file = replace(bench.case, originals=(replace(made, **state),))
            return act.saying(**changes) if changes else act

        return spoil

    return make


def by_step(row: str, step: str) -> list[Scenario]:
    """Originals that are not at the department when the step wants them."""
    guard, needed = "originals_there", original(step)
    mail = original(step, copies=[{"material": "M03", "paper": "a" * 64}])
    return [
        Scenario(row, guard, "ORIGINAL_AWAITED", needed()),
        Scenario(row, guard, "ORIGINAL_AWAITED", needed(state="IN_CARRIER", holder="carrier:EMS")),
        Scenario(row, guard, "ORIGINAL_AWAITED", needed(state="CHECKED_IN", holder=WINDOW)),
        Scenario(row, guard, "ORIGINAL_AWAITED", needed(state="LOST", holder="carrier:EMS")),
        Scenario(row, guard, "ORIGINAL_AWAITED", mail("MAIL_FOR_ARCHIVE", state="LOST", settled="a" * 64)),
        Scenario(row, guard, "BODY_MEMBER", says(copies=[{"material": "M02", "paper": NOT_A_DIGEST}]), killer=False),
        Scenario(row, guard, "MATERIAL_NOT_LISTED", says(copies=[{"material": "Zhang San", "paper": "a" * 64}])),
    ]


def broken(**changes: Any) -> Spoil:
    """The case's commitments and debts say something else."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.file = replace(bench.case, **changes)
        return step

    return spoil


KEPT = Commitment(COMMITTED, "2026-03-02T09:30:00.000+08:00", "KEPT", "a" * 64)
BREACH = replace(KEPT, result="BROKEN", checked_at=KEPT.at)
MATERIALS = [
    *(scenario for row in SEALS for scenario in at_seal(row)),
    Scenario("T17", "ways_lawful", "ACQUISITION_NOT_ALLOWED", line("M02", acquisition="COVERED_BY")),
    Scenario("T17", "ways_lawful", "ACQUISITION_NOT_ALLOWED", line("M05", acquisition="COMMITMENT", trust="D")),
    Scenario("T17", "ways_lawful", "TRUST_WRONG", line("M05", trust="A")),
    Scenario("T17", "ways_lawful", "TRUST_TOO_LOW", weak),
    Scenario("K7S", "ways_lawful", "TRUST_TOO_LOW", weak),
    Scenario("T37", "ready_for_archive", "PROMISES_PENDING", broken(commitments=(BREACH,))),
    Scenario("P37", "ready_for_archive", "PROMISES_PENDING", broken(commitments=(BREACH,))),
    Scenario("T14", "materials_there", "MATERIALS_NOT_THERE", insisted("M04")),
    Scenario("T14", "materials_there", "MATERIALS_NOT_THERE", tolerance("REVOCABLE", 20)),
    *promises("T14", "debts_allowed"),
    Scenario("T14", "debts_allowed", "PROMISE_NEEDLESS", both(insisted(with_owed=True), promised())),
    Scenario("T14", "debts_allowed", "DEBT_OVERDUE", owes(due="2026-03-01")),
    Scenario("T14", "debts_allowed", "PROMISE_AFTER_LIMIT", owes(due="2026-06-01")),
    Scenario("T14", "debts_allowed", "PROMISE_AFTER_LIMIT", owes(due="2026-03-09")),
    Scenario("T14", "debts_allowed", "PROMISE_AFTER_LIMIT", promised(days=7)),
    *by_step("T14", "ACCEPT"),
    *by_step("T31", "DECIDE"),
    *by_step("T33", "ISSUE"),
    Scenario("T31", "debts_settled", "DEBT_OPEN", owes()),
    Scenario("T31", "debts_settled", "DEBT_OPEN", owes(overdue_at="2026-03-10T00:00:00.000+08:00")),
    Scenario(
        "T31", "debts_settled", "KEYS_MISSING",
        lambda bench, step: owes(settled="a" * 64, manifest=bench.addendum((OWED,)))(bench, step),
    ),
    *(
        Scenario("K7S", "addendum_sealed", code, sealed("addendum", materials=(OWED,), **changes))
        for code, changes in (
            ("MANIFEST_MISMATCH", {"case": "d0" * 16}),
            ("MANIFEST_REVISION", {"revision": 2}),
            ("MANIFEST_MISMATCH", {"catalogue": "2026.01-1"}),
        )
    ),
    Scenario("K7S", "addendum_sealed", "MANIFEST_MISMATCH", says(materials=[OWED, "M08"]), killer=False),
    Scenario(
        "K7S", "only_owed", "NOT_OWED",
        lambda bench, step: step.saying(manifest=bench.addendum((OWED, "M08")), materials=[OWED, "M08"]),
    ),
    Scenario("K7S", "ways_lawful", "TRUST_WRONG", line(OWED, trust="A")),
    *(
        Scenario("K7S", "supplement_signed", "DECLARATION_MISSING", says(applicant_signed=value))
        for value in (None, False, "true")
    ),
    Scenario("K7", "promised_day_passed", "BODY_MEMBER", says(due="2026-03-09")),
    Scenario("K7", "promised_day_passed", "BODY_MEMBER", says(clock="K3")),
    Scenario("K7", "promised_day_passed", "CLOCK_NOT_DUE", broken(clocks={}), killer=False),
    Scenario("B09", "commitment_looked_at", "RESULT_UNKNOWN", says(result="FORGIVEN")),
    Scenario("B09", "commitment_looked_at", "BODY_MEMBER", says(paper=NOT_A_DIGEST)),
    Scenario("B09", "commitment_looked_at", "NO_COMMITMENT", says(material="M01")),
    Scenario("B09", "commitment_looked_at", "NO_COMMITMENT", broken(commitments=(KEPT,))),
    Scenario("B09", "commitment_looked_at", "NO_COMMITMENT", says(result="REPAIRED")),
    Scenario("B09", "head_confirms_breach", "SECOND_PERSON_MISSING", says(second_person=None)),
    Scenario(
        "B09", "head_confirms_breach", "SECOND_PERSON_WRONG",
        signed_also(f"{DEPARTMENT}/person/DECIDER", "DECIDER"),
    ),
    Scenario(
        "B09R", "only_repaired", "REPAIR_ONLY",
        both(broken(commitments=(Commitment(COMMITTED, KEPT.at),)), says(result="KEPT")),
    ),
    Scenario("B09R", "commitment_looked_at", "BODY_MEMBER", says(paper=NOT_A_DIGEST)),
    Scenario("B09R", "commitment_looked_at", "NO_COMMITMENT", says(material="M01")),
    Scenario("B09R", "commitment_looked_at", "NO_COMMITMENT", broken(commitments=(KEPT,))),
    Scenario("B09R", "head_confirms_breach", "SECOND_PERSON_MISSING", says(second_person=None)),
    Scenario("B10R", "decide_grant", "GRANT_MISSING", grants_only("G-SEAL_USE")),
    Scenario("B10R", "decided_by_whom", "HEAD_MUST_DECIDE", item(decision_by="HEAD")),
    Scenario("B10R", "decided_by_whom", "RECORD_MISSING", item(decision_by="COLLECTIVE")),
    Scenario("B10R", "revocation_founded", "REASON_UNKNOWN", says(ground="REGRET")),
    Scenario("B10R", "revocation_founded", "BODY_MEMBER", says(paper=NOT_A_DIGEST)),
    Scenario("B10R", "revocation_founded", "NOTHING_TO_REVOKE", says(ground="COMMITMENT_BROKEN")),
    Scenario("B10R", "revocation_founded", "NOTHING_TO_REVOKE", broken(debts=())),
    Scenario("B10R", "revocation_founded", "NOTHING_TO_REVOKE", broken(revoked="a" * 64)),
    Scenario("B10R", "revocation_founded", "NOTHING_TO_REVOKE", broken(outcome="REFUSE")),
]  # fmt: skip
