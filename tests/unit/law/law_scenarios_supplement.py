"""Scenarios of acceptance: one notice, its supplement, deemed acceptance, refusal (T15 to T21)."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from crypto.canonical import CHINA
from hub.casework.acceptance.values import Notice
from tests.unit.law.law_people import DEPARTMENT, OTHER_DEPARTMENT, OTHER_WINDOW, SUSPENDED_TASK, WINDOW, Step
from tests.unit.law.law_scenarios import Scenario, Spoil, after, at, filed, gone, no_wraps, says, sealed, signed_also
from tests.unit.law.law_scenarios_entry import BAD_LINES, NOT_A_DIGEST, line
from tests.unit.law.law_world import Bench

FIRST_DUE = "2026-03-12"
"""Last day of the notice that ``reach`` gives on 2026-03-02."""

AFTER_DUE = datetime(2026, 3, 13, 9, tzinfo=CHINA)


def noticed(bench: Bench, step: Step) -> Step:
    """The applicant was told before, and answered."""
    bench.walk("T16", "T17", "W1:addendum", "T18")
    return step.saying(lines=[line("M03", "EXPIRED")])


def demanded(*materials: str) -> Spoil:
    """The newest notice demands these."""

    def spoil(bench: Bench, step: Step) -> Step:
        made = Notice("c" * 64, bench.case.recorded_at, tuple((code, "EXPIRED") for code in materials), FIRST_DUE)
        bench.file = replace(bench.case, notices=(made,))
        return step

    return spoil


def addendum(*materials: str, **changes: Any) -> Spoil:
    """Another addendum is handed in."""

    def spoil(bench: Bench, step: Step) -> Step:
        return step.saying(manifest=bench.addendum(materials or ("M02", "M05"), **changes))

    return spoil


def empty_line(bench: Bench, step: Step) -> Step:
    """A material is named and not handed in."""
    found = bench.objects[step.body["manifest"]].manifest
    lines = tuple(replace(each, pages=()) if each.material == "M05" else each for each in found.lines)
    return step.saying(manifest=bench.store(replace(found, lines=lines)))


def more_than_demanded(bench: Bench, step: Step) -> Step:
    """A material comes along that nobody asked for."""
    return step.saying(manifest=bench.addendum(("M02", "M05", "M08")), materials=["M02", "M05", "M08"])


def whole_without_keys(bench: Bench, step: Step) -> Step:
    """All that was demanded was handed in; the department cannot open it yet."""
    bench.do(bench.step("T17"))
    return step


def extended(bench: Bench, step: Step) -> Step:
    """The applicant asked for a week more in time."""
    at(datetime(2026, 3, 5, 9, tzinfo=CHINA))(bench, step)
    bench.walk("T17E")
    return at(datetime(2026, 3, 20, 9, tzinfo=CHINA))(bench, step)


def unsigned(bench: Bench, step: Step) -> Step:
    """The person named did not sign."""
    return replace(step, second="")


def notice_scenarios(row: str) -> list[Scenario]:
    """What may be wrong with a notice, the first or a second."""
    guard = "notice_complete"
    return [
        *(Scenario(row, guard, "BODY_MEMBER", says(lines=lines), killer=False) for lines in BAD_LINES),
        Scenario(row, guard, "MATERIAL_NOT_LISTED", says(lines=[line("M99", "EXPIRED")])),
        Scenario(row, guard, "MATERIAL_NOT_LISTED", says(lines=[line("ADDRESS", "EXPIRED")])),
        Scenario(row, guard, "DEFECT_UNKNOWN", says(lines=[line("M02", "UGLY")])),
        Scenario(row, guard, "ALREADY_HELD", says(lines=[line("M02", "MISSING")])),
        Scenario(row, guard, "BODY_MEMBER", says(due="20260401")),
        *(Scenario(row, guard, "BODY_MEMBER", says(due=due), killer=False) for due in ("soon", "2026-02-30", None)),
        *(Scenario(row, guard, "DUE_TOO_SOON", says(due=due)) for due in ("2026-03-02", "2026-02-27")),
        Scenario(row, guard, "DUE_TOO_LATE", says(due="2027-03-04")),
        Scenario(row, guard, "DUE_TOO_LATE", says(due="9999-12-31"), killer=False),
        *(Scenario(row, guard, "BODY_MEMBER", says(methods=value)) for value in (None, [], "POST", ["POST", "POST"])),
        Scenario(row, guard, "SUPPLEMENT_METHOD", says(methods=["POST", "PIGEON"])),
    ]


def words_scenarios(row: str) -> list[Scenario]:
    """What may be wrong with the sealed words."""
    return [
        Scenario(row, "words_sealed", "MANIFEST_MISMATCH", sealed("addendum")),
        Scenario(row, "words_sealed", "MANIFEST_MISMATCH", sealed("notice", case="d0" * 16)),
        Scenario(row, "words_sealed", "MANIFEST_MISMATCH", sealed("notice", task_code=SUSPENDED_TASK)),
        Scenario(row, "words_sealed", "MANIFEST_REVISION", sealed("notice", revision=2)),
        Scenario(row, "words_sealed", "OBJECT_MISSING", says(manifest="f" * 64), killer=False),
    ]


DEEMED = [
    Scenario("T15", "accept_clock_expired", "CLOCK_NOT_DUE", at(datetime(2026, 3, 9, 23, tzinfo=CHINA)), killer=False),
    Scenario("T15", "accept_clock_expired", "CLOCK_NOT_DUE", filed(clocks={}), killer=False),
    Scenario("T15", "accept_clock_expired", "BODY_MEMBER", says(clock="K1")),
    Scenario("T15", "accept_clock_expired", "BODY_MEMBER", says(due=None)),
    Scenario("T15", "accept_clock_expired", "BODY_MEMBER", says(due="2026-03-08T23:59:59.999+08:00")),
]
NOTICES = [
    Scenario("T16", "first_notice", "SECOND_NOTICE", noticed),
    *notice_scenarios("T16"),
    *notice_scenarios("T19"),
    *words_scenarios("T16"),
    *words_scenarios("T19"),
    *words_scenarios("T21"),
    Scenario("T19", "notice_before", "FIRST_NOTICE_MISSING", filed(notices=())),
    Scenario("T19", "second_notice_founded", "REASON_UNKNOWN", says(basis="FORGOTTEN")),
    Scenario("T19", "second_notice_founded", "BODY_MEMBER", says(basis=None), killer=False),
    Scenario("T19", "second_notice_founded", "DEFECT_NOT_NEW", says(basis="ADDENDUM_DEFECT")),
    Scenario(
        "T19", "second_notice_founded", "DEFECT_NOT_NEW",
        says(basis="ADDENDUM_DEFECT", lines=[line("M02", "EXPIRED"), line("M03", "EXPIRED")]),
    ),
    Scenario("T19", "head_signs_too", "SECOND_PERSON_MISSING", unsigned),
    Scenario("T19", "head_signs_too", "SECOND_PERSON_MISSING", says(second_person=None)),
    *(
        Scenario("T19", "head_signs_too", "SECOND_PERSON_WRONG", signed_also(person, role))
        for person, role in (
            (f"{DEPARTMENT}/person/LEAD", "REVIEWER"),
            (f"{OTHER_DEPARTMENT}/person/LEAD", "HEAD"),
            (Bench.person(DEPARTMENT, "ACCEPTOR"), "HEAD"),
        )
    ),
]  # fmt: skip
PARTS = [
    Scenario("T17", "addendum_sealed", "MANIFEST_MISMATCH", sealed("application", materials=("M02", "M05"))),
    Scenario("T17", "addendum_sealed", "MANIFEST_MISMATCH", addendum(case="d0" * 16)),
    Scenario("T17", "addendum_sealed", "MANIFEST_MISMATCH", addendum(task_code=SUSPENDED_TASK)),
    Scenario("T17", "addendum_sealed", "MANIFEST_MISMATCH", addendum(catalogue="2026.01-1")),
    Scenario("T17", "addendum_sealed", "MANIFEST_MISMATCH", addendum("M02")),
    Scenario("T17", "addendum_sealed", "MANIFEST_MISMATCH", empty_line),
    Scenario("T17", "addendum_sealed", "MANIFEST_REVISION", addendum(revision=2)),
    Scenario("T17", "addendum_sealed", "OBJECT_MISSING", says(manifest="f" * 64), killer=False),
    Scenario("T17", "only_demanded", "NOT_DEMANDED", more_than_demanded),
    Scenario("T17", "only_demanded", "NOT_DEMANDED", demanded("M02")),
    *(
        Scenario("T17", "supplement_signed", "DECLARATION_MISSING", says(applicant_signed=value))
        for value in (None, "true")
    ),
    Scenario("T17E", "extension_asked", "BODY_MEMBER", says(paper=NOT_A_DIGEST)),
    Scenario("T17E", "extension_asked", "BODY_MEMBER", says(paper=None), killer=False),
    Scenario("T17E", "extension_asked", "BODY_MEMBER", says(due="20260401")),
    Scenario("T17E", "extension_asked", "DUE_TOO_SOON", says(due=FIRST_DUE)),
    Scenario("T17E", "extension_asked", "DUE_TOO_SOON", says(due="2026-03-11")),
    Scenario("T17E", "extension_asked", "DUE_TOO_LATE", says(due="2027-03-04")),
    Scenario("T17E", "extension_asked", "DUE_TOO_LATE", says(due="9999-12-31"), killer=False),
    Scenario("T17E", "extension_asked", "CLOCK_EXTENSION_LATE", at(AFTER_DUE), killer=False),
    Scenario("T18", "supplement_whole", "SUPPLEMENT_INCOMPLETE", demanded("M02", "M03")),
    Scenario("T18", "supplement_whole", "BODY_MEMBER", says(addenda=[])),
    Scenario("T18", "supplement_whole", "BODY_MEMBER", says(addenda=None)),
    Scenario("T18", "supplement_whole", "KEYS_MISSING", no_wraps),
    Scenario("T20", "lapse_due", "BODY_MEMBER", says(reminder_paper=None)),
    Scenario("T20", "lapse_due", "BODY_MEMBER", says(reminder_paper=NOT_A_DIGEST)),
    Scenario("T20", "lapse_due", "LAPSE_TOO_EARLY", at(datetime(2026, 3, 13, 23, 59, 59, 999000, tzinfo=CHINA))),
    Scenario("T20", "lapse_due", "LAPSE_TOO_EARLY", extended),
    Scenario("T20", "lapse_due", "SUPPLEMENT_WHOLE", whole_without_keys),
    Scenario("A1", "helper_admissible", "HELPER_NOT_WINDOW", says(node=DEPARTMENT)),
    Scenario("A1", "helper_admissible", "HELPER_ALREADY", says(node=WINDOW)),
    Scenario("A1", "helper_admissible", "HELPER_ALREADY", after("A1")),
    Scenario("A1", "helper_admissible", "SUBJECT_UNKNOWN", gone(OTHER_WINDOW)),
    Scenario("A1", "helper_admissible", "REASON_UNKNOWN", says(basis="FRIENDSHIP")),
]  # fmt: skip
REFUSED = [
    Scenario("T21", "refusal_founded", "REASON_UNKNOWN", says(reason="MATERIALS_MISSING")),
    Scenario("T21", "refusal_founded", "BODY_MEMBER", says(reason=None)),
    Scenario("T21", "refusal_founded", "BODY_MEMBER", says(competent_body=None)),
    Scenario("T21", "refusal_founded", "CREDIT_CODE_FORMAT", says(competent_body="somebody")),
    Scenario("T21", "refusal_founded", "CREDIT_CODE_FORMAT", says(reason="FALSE_MATERIALS", competent_body="somebody")),
    *(
        Scenario("T21", "refusal_reasoned", "BODY_MEMBER", says(**{member: value}))
        for member in ("reasons", "appeal")
        for value in (None, "38.2", "A" * 64)
    ),
]
SUPPLEMENT = [*DEEMED, *NOTICES, *PARTS, *REFUSED]
