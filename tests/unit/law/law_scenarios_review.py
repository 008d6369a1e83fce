"""Scenarios of the inner life of a case: posts, steps, special procedures, opinions, other ends (T13, T25 to T39)."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from crypto.canonical import CHINA
from hub.casework.delivery.values import ParcelLeg, ResultPaper
from hub.casework.review.values import StepDone
from tests.unit.law.law_people import (
    CASE,
    DEPARTMENT,
    GATEWAY,
    OTHER_DEPARTMENT,
    SUSPENDED_TASK,
    THIRD_DEPARTMENT,
    WINDOW,
    Step,
    grant,
    record,
)
from tests.unit.law.law_scenarios import (
    Scenario,
    Spoil,
    after,
    at,
    filed,
    grants_only,
    item,
    no_wraps,
    says,
    sealed,
    signed_also,
)
from tests.unit.law.law_steps_review import DIGEST, TURNS
from tests.unit.law.law_world import Bench

NOT_A_DIGEST = "0" * 63
SOMEBODY = f"{DEPARTMENT}/person/SOMEBODY"
DECIDER = Bench.person(DEPARTMENT, "DECIDER")
REVIEWER = Bench.person(DEPARTMENT, "REVIEWER")
DAYS = ("20260401", "soon", "2026-02-30")


def both(*spoils: Spoil) -> Spoil:
    """One after the other."""

    def spoil(bench: Bench, step: Step) -> Step:
        for one in spoils:
            step = one(bench, step)
        return step

    return spoil


def no_places(bench: Bench, step: Step) -> Step:
    """The list names no offices of the department."""
    bench.change_list(lambda document: document.update(places=[]))
    return step


def posted(bench: Bench, step: Step) -> Step:
    """Posts A and B are held for the item."""
    TURNS["posts"](bench)
    return step


def acting(role: str) -> Spoil:
    """Somebody else acts, in this role."""
    return lambda bench, step: replace(step, role=role)


def assignee(person: str, roles: frozenset[str] = frozenset({"REVIEWER"}), **changes: Any) -> Spoil:
    """Another person is named, who is registered so."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.register.records[person] = replace(record(person, roles=set(roles), kind="person"), **changes)
        return step.saying(person=person)

    return spoil


def granted(kind: str) -> Spoil:
    """The decider has this grant alone, and names it."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.register.grants = [grant(kind, DECIDER, f"G-{kind}")]
        return step.saying(grant=f"G-{kind}")

    return spoil


def next_step(*done: str, **changes: Any) -> Spoil:
    """The step after these, made anew and changed."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.walk(*done)
        return bench.step("T25").saying(**changes)

    return spoil


def reviewed_before(bench: Bench, step: Step) -> Step:
    """Who acts did the technical review."""
    made = (StepDone("UNDERTAKE", DECIDER, "TECH_REVIEWER", bench.case.recorded_at), *bench.case.steps[1:])
    bench.file = replace(bench.case, steps=made)
    return step


def unsigned(bench: Bench, step: Step) -> Step:
    """The person named did not sign."""
    return replace(step, second="")


def counted(bench: Bench, step: Step) -> Step:
    """The open procedure is one that stops the clock."""
    bench.file = replace(bench.case, specials=(replace(bench.case.specials[0], stops=True),))
    return step


def anothers(bench: Bench, step: Step) -> Step:
    """A third department was asked; this one answers for it."""
    asked = bench.step("T29").saying(node=THIRD_DEPARTMENT)
    case = bench.do(asked)
    return step.saying(consult=case.consultations[-1].digest)


def first_review_unwrapped(bench: Bench, step: Step) -> Step:
    """T30: the department above can open the materials, but not the first review."""
    referral = bench.case.referral
    assert referral is not None
    kept = tuple(made for made in bench.case.wraps if made.manifest not in referral.opinions)
    bench.file = replace(bench.case, wraps=kept)
    return step


def on(day: int, hour: int = 10, month: int = 3) -> Spoil:
    """Another day of 2026."""
    return at(datetime(2026, month, day, hour, tzinfo=CHINA))


def head_signs(row: str, guard: str) -> list[Scenario]:
    """What may be wrong with the head's signature."""
    actor = REVIEWER if row == "T26M" else DECIDER
    return [
        Scenario(row, guard, "SECOND_PERSON_MISSING", unsigned),
        Scenario(row, guard, "SECOND_PERSON_MISSING", says(second_person=None)),
        Scenario(row, guard, "SECOND_PERSON_WRONG", signed_also(SOMEBODY, "REVIEWER")),
        Scenario(row, guard, "SECOND_PERSON_WRONG", signed_also(f"{OTHER_DEPARTMENT}/person/LEAD", "HEAD")),
        Scenario(row, guard, "SECOND_PERSON_WRONG", signed_also(actor, "HEAD")),
    ]


def sealer(bench: Bench, step: Step) -> Step:
    """The issuer may use the seal."""
    bench.register.grants.append(grant("SEAL_USE", bench.person(DEPARTMENT, "ISSUER"), "G-SEAL_USE"))
    return step


def again(row: str) -> Spoil:
    """The act as it is to be made now."""
    return lambda bench, step: bench.step(row)


def moved_again() -> list[Scenario]:
    """What may be wrong with the head's signature when the end is put off a second time."""
    return [
        replace(one, spoil=both(after("T26M"), again("T26M"), one.spoil))
        for one in head_signs("T26M", "head_moves_again")
    ]


def words(row: str, guard: str, kind: str) -> list[Scenario]:
    """What may be wrong with a sealing of the right kind."""
    return [
        Scenario(row, guard, "MANIFEST_MISMATCH", sealed("addendum")),
        Scenario(row, guard, "MANIFEST_MISMATCH", sealed(kind, case="d0" * 16)),
        Scenario(row, guard, "MANIFEST_MISMATCH", sealed(kind, task_code=SUSPENDED_TASK)),
        Scenario(row, guard, "MANIFEST_REVISION", sealed(kind, revision=9)),
        Scenario(row, guard, "OBJECT_MISSING", says(manifest="f" * 64), killer=False),
    ]


def last_days(row: str, guard: str) -> list[Scenario]:
    """What may be wrong with the day told."""
    return [
        Scenario(row, guard, "BODY_MEMBER", says(until=DAYS[0]), killer=row != "T26M"),
        *(Scenario(row, guard, "BODY_MEMBER", says(until=text), killer=False) for text in (*DAYS[1:], None)),
        Scenario(row, guard, "DUE_TOO_SOON", says(until="2026-03-01")),
        Scenario(row, guard, "DUE_TOO_LATE", says(until="2026-06-01")),
        Scenario(row, guard, "DUE_TOO_LATE", says(until="9999-12-31"), killer=False),
    ]


TAKING = [
    *(Scenario("T13", "taking_founded", "REASON_UNKNOWN", says(basis=basis)) for basis in ("BORED", "REASSIGNED")),
    Scenario("T13", "taking_founded", "BODY_MEMBER", says(basis=None), killer=False),
    Scenario("T13", "taking_founded", "TAKEN_ALREADY", filed(responsible=SOMEBODY)),
    Scenario(
        "T13", "taking_founded", "TAKEN_ALREADY",
        both(filed(responsible=Bench.person(DEPARTMENT, "ACCEPTOR")), says(basis="TAKEOVER")),
    ),
    Scenario("T13", "taking_founded", "NOBODY_TO_TAKE_OVER", says(basis="TAKEOVER")),
    Scenario("T13", "taking_founded", "NOBODY_TO_TAKE_OVER", says(basis="SHIFT"), killer=False),
    Scenario("T13", "taking_founded", "BODY_MEMBER", says(evidence=NOT_A_DIGEST)),
    Scenario("T13", "taking_founded", "BODY_MEMBER", both(posted, acting("REVIEWER"), says(basis="OFF_DUTY_A"))),
    Scenario("T13", "post_allows", "POST_NOT_HELD", says(basis="OFF_DUTY_A", evidence=DIGEST)),
    Scenario("T13", "post_allows", "POST_NOT_HELD", both(posted, acting("DECIDER"))),
    Scenario("T13", "post_allows", "POST_NOT_HELD", both(posted, says(basis="OFF_DUTY_A", evidence=DIGEST))),
    Scenario("T13", "post_allows", "POST_A_ON_DUTY", both(posted, acting("REVIEWER"))),
    Scenario(
        "T13", "post_allows", "POST_A_ON_DUTY",
        both(posted, acting("REVIEWER"), filed(responsible=SOMEBODY), says(basis="TAKEOVER")),
    ),
    Scenario("T13", "shift_handed_over", "HANDOVER_UNSIGNED", both(filed(responsible=SOMEBODY), says(basis="SHIFT"))),
    Scenario(
        "T13", "shift_handed_over", "HANDOVER_UNSIGNED",
        both(filed(responsible=SOMEBODY), says(basis="SHIFT"), signed_also(DECIDER, "ACCEPTOR")),
    ),
    Scenario("T13S", "section_listed", "SECTION_UNKNOWN", says(section="archive")),
    Scenario("T13S", "section_listed", "SECTION_UNKNOWN", no_places),
    Scenario("T13S", "section_other", "SECTION_SAME", says(section="inbound")),
    Scenario("T13S", "section_other", "SECTION_SAME", after("T13S")),
    Scenario("T13R", "may_assign", "GRANT_MISSING", acting("DECIDER")),
    Scenario("T13R", "may_assign", "GRANT_MISSING", both(acting("DECIDER"), granted("DECIDE"))),
    Scenario("T13R", "assignee_fit", "TAKEN_ALREADY", filed(responsible=REVIEWER)),
    Scenario("T13R", "assignee_fit", "SUBJECT_UNKNOWN", says(person=SOMEBODY)),
    Scenario("T13R", "assignee_fit", "ASSIGNEE_UNFIT", assignee(SOMEBODY, roles=frozenset({"ISSUER"}))),
    Scenario("T13R", "assignee_fit", "ASSIGNEE_UNFIT", assignee(f"{OTHER_DEPARTMENT}/person/R9")),
    Scenario("T13R", "assignee_fit", "ASSIGNEE_UNFIT", assignee(SOMEBODY, kind="node")),
    Scenario("T13R", "assignee_fit", "BODY_MEMBER", says(evidence=NOT_A_DIGEST)),
    *(
        Scenario(row, "responsible_acts", "NOT_RESPONSIBLE", both(posted, filed(responsible=person)))
        for row in ("T14", "T16", "T17E", "T19", "T20", "T21", "T22")
        for person in ("", SOMEBODY)
    ),
    *(
        Scenario(row, guard, "UNTAKEN_NOT_DUE", spoil)
        for row, guard, said in (("T13B", "post_b_due", "to_b_at"), ("T13C", "chase_due", "chased_at"))
        for spoil in (filed(responsible=SOMEBODY), filed(**{said: "2026-03-04T00:00:00.000+08:00"}), on(3, 23))
    ),
    *(
        Scenario(row, guard, "BODY_MEMBER", says(due=due))
        for row, guard in (("T13B", "post_b_due"), ("T13C", "chase_due"))
        for due in (None, "2026-03-09T23:59:59.999+08:00")
    ),
    Scenario("T13B", "post_b_due", "POST_NOT_HELD", grants_only("G-POST_A")),
    Scenario("T13B", "post_b_due", "POST_NOT_HELD", grants_only("G-POST_B")),
]  # fmt: skip
STEPS = [
    *(Scenario("T25", "step_in_order", "STEP_ORDER", says(step=step), killer=step == "EXAMINE")
      for step in ("EXAMINE", "APPROVE", "SLEEP")),
    Scenario("T25", "step_in_order", "STEP_ROLE", acting("DECIDER")),
    Scenario("T25", "step_in_order", "BODY_MEMBER", says(opinion="fine")),
    Scenario("T25", "step_granted", "GRANT_MISSING", next_step("T25", grant=None)),
    Scenario("T25", "step_granted", "GRANT_MISSING", both(next_step("T25"), granted("COORDINATE"))),
    Scenario("T25", "step_granted", "GRANT_MISSING", both(next_step("T25", "T25"), granted("PRE_REVIEW"))),
    Scenario("T25", "step_separate", "SAME_PERSON", both(next_step("T25", "T25"), reviewed_before)),
    *(Scenario("T25B", "step_was_done", "STEP_NOT_DONE", says(step=step), killer=step != "SLEEP")
      for step in ("EXAMINE", "APPROVE", "SLEEP")),
    Scenario("T25B", "step_was_done", "REASON_UNKNOWN", says(reason="MOOD")),
    Scenario("T25B", "turn_sends_back", "STEP_ROLE", acting("TECH_REVIEWER")),
    Scenario("T25B", "turn_sends_back", "STEP_ROLE", both(after("T25", "T25"), again("T25B"), acting("REVIEWER"))),
    Scenario("T25B", "turn_sends_back", "GRANT_MISSING", acting("DECIDER")),
    Scenario("T25B", "turn_sends_back", "GRANT_MISSING", both(acting("DECIDER"), granted("COORDINATE"))),
    Scenario(
        "T25B", "turn_sends_back", "GRANT_MISSING",
        both(after("T25", "T25"), again("T25B"), acting("DECIDER"), granted("PRE_REVIEW")),
    ),
]  # fmt: skip
SPECIAL = [
    Scenario("T26", "special_stops", "CLOCK_STOP_FORBIDDEN", says(kind="SITE_VISIT")),
    Scenario("T26", "special_stops", "SPECIAL_NOT_LISTED", says(kind="HEARING")),
    *last_days("T26", "special_stops"),
    Scenario("T26", "notice_sealed", "NOTICE_MISSING", says(manifest=None)),
    *words("T26", "notice_sealed", "notice"),
    Scenario("T26N", "special_runs_on", "CLOCK_STOP_DUE", both(after("expert review"), says(kind="EXPERT_REVIEW"))),
    Scenario("T26N", "special_runs_on", "SPECIAL_NOT_LISTED", says(kind="HEARING")),
    Scenario("T26N", "special_runs_on", "SPECIAL_OPEN", after("T26N")),
    *last_days("T26N", "special_runs_on"),
    *words("T26N", "words_sealed", "notice"),
    *last_days("T26M", "moved_in_time"),
    Scenario("T26M", "moved_in_time", "DUE_TOO_SOON", says(until="2026-03-11")),
    Scenario("T26M", "moved_in_time", "SPECIAL_OVER", on(12, 0)),
    Scenario("T26M", "notice_sealed", "NOTICE_MISSING", says(manifest=None), killer=False),
    *words("T26M", "notice_sealed", "notice"),
    *moved_again(),
    Scenario("T27", "suspension_ended", "REASON_UNKNOWN", says(result="WELL")),
    Scenario("T27", "suspension_ended", "BODY_MEMBER", says(result=None), killer=False),
    Scenario("T27N", "procedure_open", "SPECIAL_UNKNOWN", counted),
    Scenario("T27N", "procedure_open", "SPECIAL_UNKNOWN", says(special="f" * 64), killer=False),
    Scenario("T27N", "procedure_open", "REASON_UNKNOWN", says(result="WELL")),
    Scenario("T27H", "pause_over", "SPECIAL_NOT_OVER", on(11, 23)),
    Scenario("T27H", "pause_over", "BODY_MEMBER", says(special="f" * 64)),
    Scenario("T27H", "pause_over", "BODY_MEMBER", says(due=None)),
    Scenario("T27H", "pause_over", "BODY_MEMBER", says(due="2026-03-12")),
]
EXTENSION = [
    *head_signs("T28", "head_extends"),
    Scenario("T28", "notice_sealed", "NOTICE_MISSING", says(manifest=None), killer=False),
    *words("T28", "notice_sealed", "notice"),
    Scenario("T28", "extension_lawful", "REASON_UNKNOWN", says(reason="BUSY")),
    *(Scenario("T28", "extension_lawful", "BODY_MEMBER", says(days=days), killer=False) for days in ("10", True, None)),
    *(
        Scenario("T28", "extension_lawful", "CLOCK_EXTENSION_TOO_LONG", says(days=days), killer=False)
        for days in (0, -1, 11)
    ),
    Scenario(
        "T28", "extension_lawful", "CLOCK_EXTENDED_ALREADY",
        both(after("T28"), lambda bench, step: bench.step("T28")), killer=False,
    ),
    Scenario("T28", "extension_lawful", "CLOCK_EXTENSION_LATE", on(1, month=4), killer=False),
]  # fmt: skip
OTHERS = [
    Scenario("T29", "consultation_possible", "TARGET_SAME", says(node=DEPARTMENT)),
    Scenario("T29", "consultation_possible", "TARGET_NOT_DEPARTMENT", says(node=WINDOW)),
    Scenario("T29", "consultation_possible", "SUBJECT_UNKNOWN", says(node=f"{DEPARTMENT}-x")),
    Scenario("T29", "consultation_possible", "CONSULTED_ALREADY", after("T29")),
    Scenario("T29", "consultation_possible", "REASON_UNKNOWN", says(matter="GOSSIP")),
    Scenario("T29", "consultation_possible", "DUE_TOO_SOON", says(until="2026-03-02")),
    Scenario("T29", "consultation_possible", "DUE_TOO_SOON", both(on(6), says(until="2026-03-08"))),
    *last_days("T29", "consultation_possible"),
    Scenario("T29O", "opinion_asked", "CONSULT_UNKNOWN", says(consult="f" * 64)),
    Scenario("T29O", "opinion_asked", "CONSULT_UNKNOWN", anothers),
    Scenario("T29O", "opinion_asked", "OPINION_LATE", on(10)),
    Scenario("T29O", "opinion_asked", "ANSWER_UNKNOWN", says(answer="PERHAPS")),
    *words("T29O", "opinion_asked", "opinion"),
    Scenario("T29L", "silence", "OPINION_NOT_DUE", on(9, 23)),
    Scenario("T29L", "silence", "OPINION_NOT_DUE", says(consult="f" * 64), killer=False),
    Scenario("T29L", "silence", "BODY_MEMBER", says(due="2026-03-08")),
    Scenario("T29L", "silence", "BODY_MEMBER", says(due=None)),
    *(
        Scenario(row, "may_refer", "GRANT_MISSING", spoil)
        for row in ("T30", "T30X")
        for spoil in (grants_only(), granted("COORDINATE"))
    ),
    Scenario("T30X", "keys_stayed_below", "REFERRAL_UNDER_WAY", after("keys go up")),
    Scenario("T30", "referred_upward", "TARGET_NOT_ABOVE", says(accepting_node=OTHER_DEPARTMENT)),
    Scenario("T30", "referred_upward", "TARGET_NOT_ABOVE", says(accepting_node=DEPARTMENT)),
    Scenario("T30", "referred_upward", "TARGET_NOT_DEPARTMENT", says(accepting_node=GATEWAY)),
    Scenario("T30", "procedures_ended", "SPECIAL_OPEN", after("T26N", then=lambda bench, _: bench.step("T30"))),
    Scenario("T30", "referred_upward", "BODY_MEMBER", says(queue=None), killer=False),
    Scenario("T30", "referred_upward", "QUEUE_UNKNOWN", says(queue="nowhere")),
    *words("T30", "first_review_sealed", "opinion"),
    Scenario("T30", "first_review_sealed", "BODY_MEMBER", says(manifest=None), killer=False),
    *(Scenario(row, "delivered_whole", "MANIFEST_MISMATCH", says(manifest=DIGEST)) for row in ("T30D", "T30L")),
    *(Scenario(row, "keys_went_up", "KEYS_MISSING", no_wraps) for row in ("T30D", "T30L")),
    *(Scenario(row, "keys_went_up", "KEYS_MISSING", first_review_unwrapped) for row in ("T30D", "T30L")),
    Scenario("T30L", "silent_above", "DELIVERY_NOT_DUE", on(3, 23)),
]
DECISION = [
    *(
        Scenario(row, "decided_by_whom", code, spoil)
        for row in ("T31", "T32", "T32R")
        for code, spoil in (
            ("HEAD_MUST_DECIDE", item(decision_by="HEAD")),
            ("RECORD_MISSING", item(decision_by="COLLECTIVE")),
            ("RECORD_MISSING", both(item(decision_by="COLLECTIVE"), says(record=NOT_A_DIGEST))),
            ("BODY_MEMBER", says(record=NOT_A_DIGEST)),
        )
    ),
    Scenario("T31", "decider_apart", "SAME_PERSON", both(after("T25"), reviewed_before)),
    *(
        Scenario(row, "decider_apart", "SAME_PERSON", filed(steps=(StepDone("UNDERTAKE", DECIDER, "REVIEWER", ""),)))
        for row in ("T32", "T32R")
    ),
    *(
        Scenario("T32R", "replacing_seal_grant", code, spoil)
        for code, spoil in (
            ("GRANT_MISSING", says(seal_grant=None)),
            ("GRANT_MISSING", says(seal_grant="G-DECIDE")),
            ("GRANT_MISSING", grants_only("G-DECIDE")),
            ("GRANT_MISSING", lambda bench, step: replace(step.saying(second_person=None), second="")),
            ("SECOND_PERSON_WRONG", signed_also(Bench.person(DEPARTMENT, "ISSUER"), "HEAD")),
            ("SECOND_PERSON_WRONG", signed_also(f"{OTHER_DEPARTMENT}/person/ISSUER", "ISSUER")),
        )
    ),
    *(
        Scenario("T31", "decision_complete", "BODY_MEMBER", says(**{member: DIGEST}))
        for member in ("reasons", "appeal")
    ),
    Scenario("T31", "review_finished", "STEP_OPEN", item(steps={"UNDERTAKE": 2})),
    Scenario("T31", "review_finished", "STEP_OPEN", both(after("T25"), item(steps={"UNDERTAKE": 2, "EXAMINE": 1}))),
    Scenario("T31", "review_finished", "SPECIAL_OPEN", after("T26N")),
    *(
        Scenario(row, "decide_grant", "GRANT_MISSING", spoil)
        for row in ("T32", "T32R")
        for spoil in (grants_only("G-SEAL_USE"), says(grant=None), both(granted("PRE_REVIEW"), sealer))
    ),
    *(
        Scenario(row, "correction_clerical", code, spoil)
        for row in ("T32", "T32R")
        for code, spoil in (("REASON_UNKNOWN", says(reason="REGRET")), ("BODY_MEMBER", says(paper=NOT_A_DIGEST)))
    ),
    Scenario("T32R", "result_replaced", "MANIFEST_MISMATCH", sealed("notice", revision=2)),
    Scenario("T32R", "result_replaced", "MANIFEST_MISMATCH", sealed("result", revision=2, case="d0" * 16)),
    Scenario("T32R", "result_replaced", "MANIFEST_REVISION", sealed("result", revision=1)),
    Scenario("T32R", "result_replaced", "MANIFEST_REVISION", sealed("result", revision=3)),
    Scenario(
        "T32R", "result_replaced", "RESULT_UNDER_WAY", filed(parcels=(ParcelLeg("P1", GATEWAY, status="IN_TRANSIT"),))
    ),
    Scenario("T32R", "result_replaced", "RESULT_UNDER_WAY", filed(parcels=(ParcelLeg("P1", GATEWAY),))),
    Scenario("T32R", "result_replaced", "RESULT_UNDER_WAY", filed(result=ResultPaper("E_DELIVERED", "applicant", ""))),
]
ENDS = [
    Scenario("T36", "void_by_holder", "NOT_YOUR_CASE", filed(holder=WINDOW)),
    Scenario("T36", "void_founded", "REASON_UNKNOWN", says(reason="LATE")),
    Scenario("T36", "void_founded", "BODY_MEMBER", says(paper=None)),
    Scenario("T36", "void_founded", "BODY_MEMBER", says(reason="DUPLICATE")),
    Scenario("T36", "void_founded", "LINK_WRONG", says(reason="DUPLICATE", linked=CASE)),
    Scenario("T36", "void_founded", "LINK_WRONG", says(linked="43")),
    *head_signs("T36", "head_voids_too"),
    Scenario("T39", "review_ordered", "REASON_UNKNOWN", says(reason="WISH")),
    Scenario("T39", "review_ordered", "BODY_MEMBER", says(paper=NOT_A_DIGEST)),
    Scenario("T39", "review_ordered", "LINK_WRONG", says(linked=CASE)),
    Scenario("T39", "review_ordered", "LINK_WRONG", after("T39")),
]
REVIEW = [*TAKING, *STEPS, *SPECIAL, *EXTENSION, *OTHERS, *DECISION, *ENDS]
