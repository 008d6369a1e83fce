"""Scenarios of the main path: keys, decision, result, parcels, withdrawal."""

from dataclasses import replace

from tests.unit.law.law_people import (
    DEPARTMENT,
    GATEWAY,
    OTHER_DEPARTMENT,
    OTHER_GATEWAY,
    OTHER_RECOVERY,
    OTHER_WINDOW,
    RECOVERY,
    SUSPENDED_TASK,
    WINDOW,
    Step,
)
from tests.unit.law.law_scenarios import (
    Scenario,
    delivery,
    gone,
    grants_only,
    level,
    moved,
    object_gone,
    other_sealing,
    parcel_twice,
    regrant,
    rotated,
    says,
    sealed,
    second_gateway,
    to,
)
from tests.unit.law.law_world import Bench


def grants(row: str, guard: str) -> list[Scenario]:
    """What is wrong with a grant."""
    another = {"T31": "G-SEAL_USE", "T33": "G-DECIDE"}[row]
    return [
        Scenario(row, guard, "GRANT_MISSING", grants_only()),
        Scenario(row, guard, "GRANT_MISSING", grants_only(another)),
        Scenario(row, guard, "GRANT_MISSING", says(grant=None)),
        Scenario(row, guard, "GRANT_MISSING", says(grant="G-OTHER")),
        Scenario(row, guard, "GRANT_MISSING", regrant(row, person=f"{DEPARTMENT}/person/OTHER")),
        Scenario(row, guard, "GRANT_MISSING", regrant(row, items=frozenset({SUSPENDED_TASK}))),
        Scenario(row, guard, "GRANT_MISSING", regrant(row, valid_to="2026-03-01")),
        Scenario(row, guard, "GRANT_MISSING", regrant(row, valid_from="2026-03-03")),
    ]


def by_former_holder(bench: Bench, step: Step) -> Step:
    """A department whose part is over wraps to the window."""
    bench.do(bench.wrap(DEPARTMENT, ("M01",)))
    bench.file = replace(bench.case, accepting_node=OTHER_DEPARTMENT, hops=(DEPARTMENT,))
    return replace(bench.wrap(WINDOW, ("M01",), by=DEPARTMENT), role="department")


KEYS = [
    Scenario("W1", "wrap_valid", "RECIPIENT_KEY_STALE", says(recipient_key="0" * 32)),
    Scenario("W1", "wrap_valid", "RECIPIENT_KEY_STALE", rotated(DEPARTMENT)),
    Scenario("W1", "wrap_valid", "SUBJECT_UNKNOWN", gone(DEPARTMENT)),
    Scenario("W1", "wrap_valid", "SEALING_UNKNOWN", other_sealing),
    Scenario("W1", "wrap_valid", "OBJECT_MISSING", object_gone),
    Scenario("W1", "wrap_valid", "WRAP_LINES", to(DEPARTMENT)),
    Scenario("W1", "wrap_valid", "WRAP_LINES", to(DEPARTMENT, "M01", "M99")),
    Scenario("W1", "wrap_valid", "BODY_MEMBER", says(packets="M01"), killer=False),
    Scenario("W1", "wrap_valid", "GATEWAY_ADDRESS_ONLY", to(GATEWAY, "ADDRESS", "M01")),
    Scenario("W1", "wrap_valid", "GATEWAY_ADDRESS_ONLY", to(GATEWAY, "M01")),
    Scenario("W1", "wrap_valid", "RECIPIENT_FORBIDDEN", to(OTHER_DEPARTMENT, "M01")),
    Scenario("W1", "wrap_valid", "RECIPIENT_FORBIDDEN", to(OTHER_WINDOW, "ADDRESS")),
    Scenario("W1", "wrap_valid", "NOT_YOUR_CASE", by_former_holder),
    Scenario("W1", "wrap_valid", "RECOVERY_REGION", to(OTHER_RECOVERY, "M01")),
    Scenario("W1", "wrap_valid", "RECOVERY_REGION", moved(RECOVERY, "500112000000")),
]
DECISION = [
    *grants("T31", "decide_grant"),
    *grants("T33", "seal_use_grant"),
    Scenario("T31", "decision_complete", "OUTCOME_UNKNOWN", says(outcome="MAYBE")),
    Scenario("T31", "decision_complete", "BODY_MEMBER", says(outcome=None), killer=False),
    Scenario("T31", "decision_complete", "BODY_MEMBER", says(outcome="REFUSE", appeal="0" * 64)),
    Scenario("T31", "decision_complete", "BODY_MEMBER", says(outcome="REFUSE", reasons="0" * 64)),
    Scenario("T31", "decision_complete", "BODY_MEMBER", says(outcome="REFUSE", reasons="38.2", appeal="0" * 64)),
    Scenario("T31", "decision_complete", "BODY_MEMBER", says(outcome="REFUSE", reasons="0" * 64, appeal="A" * 64)),
    Scenario("T33", "result_sealed", "MANIFEST_MISMATCH", sealed("result", case="d0" * 16)),
    Scenario("T33", "result_sealed", "MANIFEST_MISMATCH", sealed("application")),
    Scenario("T33", "result_sealed", "MANIFEST_MISMATCH", sealed("result", task_code=SUSPENDED_TASK)),
    Scenario("T33", "result_sealed", "OBJECT_MISSING", says(manifest="f" * 64), killer=False),
    Scenario("H02", "opening_has_purpose", "BODY_MEMBER", says(purpose=None)),
    Scenario("H02", "opening_has_purpose", "BODY_MEMBER", says(purpose="x" * 4001)),
    Scenario("H02", "opening_has_purpose", "PURPOSE_UNKNOWN", says(purpose="CURIOSITY")),
    Scenario("H02", "opening_has_purpose", "PURPOSE_UNKNOWN", says(purpose="accept_review")),
    Scenario("H02", "opening_has_purpose", "SEALING_UNKNOWN", says(manifest="f" * 64)),
]
DELIVERY = [
    Scenario("D4", "parcel_possible", "DELIVERY_NOT_POST", delivery("COUNTER_COLLECT")),
    Scenario("D4", "parcel_possible", "PARCEL_EXISTS", parcel_twice),
    Scenario("D4", "parcel_possible", "ROLE_FORBIDS", says(gateway=DEPARTMENT)),
    Scenario("D4", "parcel_possible", "SUBJECT_UNKNOWN", gone(GATEWAY)),
    Scenario("D4", "parcel_possible", "KEYS_MISSING", says(gateway=OTHER_GATEWAY)),
    Scenario("D4", "parcel_possible", "KEYS_MISSING", rotated(GATEWAY)),
    Scenario("D4W", "parcel_known", "PARCEL_UNKNOWN", second_gateway),
    Scenario("D4W", "parcel_known", "PARCEL_UNKNOWN", says(parcel="P9"), killer=False),
    Scenario("D5E", "parcel_known", "PARCEL_UNKNOWN", second_gateway),
    Scenario("D5E", "parcel_known", "PARCEL_UNKNOWN", says(parcel="P9"), killer=False),
    Scenario("T34", "proof_enough", "PROOF_TOO_LOW", level(1)),
    Scenario("T34", "proof_enough", "PROOF_TOO_LOW", level(2, "RETURNED")),
    Scenario("T34", "proof_enough", "PROOF_DIFFERS", says(parcel="P9")),
    Scenario("T34", "proof_enough", "PROOF_DIFFERS", says(evidence="f" * 64)),
]
MAIN = [*KEYS, *DECISION, *DELIVERY]
