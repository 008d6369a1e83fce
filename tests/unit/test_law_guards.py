"""Every guard of every row: a case that it refuses, and proof that nothing else would have refused it.

``SCENARIOS`` names for each (row, guard) acts with one thing wrong. Each is refused with its code by the law; with the
guard taken out of the row the same act counts, so no guard can be lost without a failing test.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from crypto.refusal import Refusal
from hub.casework.casefile import State
from hub.casework.guards import FUTURE_TOLERANCE
from hub.casework.law import Law
from hub.casework.numbers import public_number
from hub.casework.table import LAW, ROWS
from tests.unit.law_world import (
    CASE,
    DEPARTMENT,
    GATEWAY,
    OTHER_DEPARTMENT,
    OTHER_GATEWAY,
    OTHER_RECOVERY,
    OTHER_WINDOW,
    PREFIX,
    RECOVERY,
    SUSPENDED_TASK,
    TASK,
    Bench,
    Step,
    catalogue,
    grant,
    manifest,
    record,
)

WHOLE = tuple(line.material for line in manifest("application").lines)
Spoil = Callable[[Bench, Step], Step]


@dataclass(frozen=True)
class Scenario:
    """One thing wrong with the act of ``row``. ``killer``: passes once the guard is gone."""

    row: str
    guard: str
    code: str
    spoil: Spoil
    killer: bool = True

    def __str__(self) -> str:
        return f"{self.row}-{self.guard}-{self.code}"


def _says(**changes: Any) -> Spoil:
    return lambda bench, step: step.saying(**changes)


def _item(**changes: Any) -> Spoil:
    def spoil(bench: Bench, step: Step) -> Step:
        bench.change_item(lambda item: item.update(changes))
        return step

    return spoil


def _sealed(kind: str, **changes: Any) -> Spoil:
    return lambda bench, step: step.saying(manifest=bench.store(manifest(kind, **changes)))


def _future(bench: Bench, step: Step) -> Step:
    return replace(step, occurred=FUTURE_TOLERANCE + timedelta(milliseconds=1))


def _without(*missing: str) -> Spoil:
    return _sealed("application", materials=tuple(code for code in WHOLE if code not in missing))


def _no_wraps(bench: Bench, step: Step) -> Step:
    bench.file = replace(bench.case, wraps=())
    return step


def _rotated(node: str) -> Spoil:
    def spoil(bench: Bench, step: Step) -> Step:
        old = bench.register.current(node)
        bench.register.records[node] = record(node, roles=set(old.roles), key=b"\x0a")
        return step

    return spoil


def _gone(node: str) -> Spoil:
    def spoil(bench: Bench, step: Step) -> Step:
        del bench.register.records[node]
        return step

    return spoil


def _moved(node: str, region: str) -> Spoil:
    """A wrap to the node, whose record names another region."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.register.records[node] = replace(bench.register.current(node), region=region)
        return bench.wrap(node, ("M01",))

    return spoil


def _to(node: str, *lines: str) -> Spoil:
    return lambda bench, step: bench.wrap(node, lines)


def _other_sealing(bench: Bench, step: Step) -> Step:
    return step.saying(manifest=bench.store(manifest("application", revision=2)))


def _object_gone(bench: Bench, step: Step) -> Step:
    del bench.objects[bench.application]
    return step


def _grants_only(*kept: str) -> Spoil:
    def spoil(bench: Bench, step: Step) -> Step:
        bench.register.grants = [found for found in bench.register.grants if found.grant_id in kept]
        return step

    return spoil


def _regrant(row: str, **changes: Any) -> Spoil:
    kind, role = {"T31": ("DECIDE", "DECIDER"), "T33": ("SEAL_USE", "ISSUER")}[row]

    def spoil(bench: Bench, step: Step) -> Step:
        made = grant(kind, bench.person(DEPARTMENT, role), f"G-{kind}")
        bench.register.grants = [replace(made, **changes)]
        return step

    return spoil


def _delivery(method: str) -> Spoil:
    def spoil(bench: Bench, step: Step) -> Step:
        bench.file = replace(bench.case, delivery=method)
        return step

    return spoil


def _second_gateway(bench: Bench, step: Step) -> Step:
    """Another gateway has a parcel of this case too and speaks of the first one's."""
    bench.do(bench.wrap(OTHER_GATEWAY, ("ADDRESS",)))
    bench.do(bench.step("D4").saying(parcel="P2", gateway=OTHER_GATEWAY))
    return replace(step, node=OTHER_GATEWAY)


def _parcel_twice(bench: Bench, step: Step) -> Step:
    bench.do(step)
    return step


def _level(level: int, status: str = "DELIVERED") -> Spoil:
    def spoil(bench: Bench, step: Step) -> Step:
        leg = replace(bench.case.parcels[0], proof_level=level, status=status)
        bench.file = replace(bench.case, parcels=(leg,))
        return step

    return spoil


def _closed_window(bench: Bench, step: Step) -> Step:
    def change(document: dict[str, Any]) -> None:
        for window in document["windows"]:
            window["may_collect"] = [code for code in window["may_collect"] if code != TASK]

    bench.catalogue = catalogue(change)
    return step


def _grants(row: str, guard: str) -> list[Scenario]:
    another = {"T31": "G-SEAL_USE", "T33": "G-DECIDE"}[row]
    return [
        Scenario(row, guard, "GRANT_MISSING", _grants_only()),
        Scenario(row, guard, "GRANT_MISSING", _grants_only(another)),
        Scenario(row, guard, "GRANT_MISSING", _says(grant=None)),
        Scenario(row, guard, "GRANT_MISSING", _says(grant="G-OTHER")),
        Scenario(row, guard, "GRANT_MISSING", _regrant(row, person=f"{DEPARTMENT}/person/OTHER")),
        Scenario(row, guard, "GRANT_MISSING", _regrant(row, items=frozenset({SUSPENDED_TASK}))),
        Scenario(row, guard, "GRANT_MISSING", _regrant(row, valid_to="2026-03-01")),
        Scenario(row, guard, "GRANT_MISSING", _regrant(row, valid_from="2026-03-03")),
    ]


SEAL = [
    Scenario("T05", "item_on_list", "UNKNOWN_ITEM", _says(task_code="0" * 31), killer=False),
    Scenario("T05", "item_on_list", "ITEM_EXPIRED", _item(effective_to="2026-03-01"), killer=False),
    Scenario("T05", "item_on_list", "ITEM_EXPIRED", _item(effective_from="2026-03-03"), killer=False),
    Scenario("T05", "item_on_list", "ITEM_SUSPENDED", _item(status="SUSPENDED"), killer=False),
    Scenario("T05", "window_authorised", "ITEM_NOT_COLLECTABLE", _closed_window),
    Scenario("T05", "public_number_valid", "PUBLIC_NUMBER_CHECK", _says(public_no="123456789012")),
    Scenario("T05", "public_number_valid", "PUBLIC_NUMBER_PREFIX", _says(public_no=public_number(PREFIX + 1, 1))),
    Scenario("T05", "application_sealed", "MANIFEST_MISMATCH", _sealed("application", case="d0" * 16)),
    Scenario("T05", "application_sealed", "MANIFEST_MISMATCH", _sealed("notice", materials=WHOLE)),
    Scenario("T05", "application_sealed", "MANIFEST_MISMATCH", _sealed("application", task_code=SUSPENDED_TASK)),
    Scenario("T05", "application_sealed", "MANIFEST_MISMATCH", _sealed("application", catalogue="2026.01-1")),
    Scenario("T05", "application_sealed", "MANIFEST_REVISION", _sealed("application", revision=2)),
    Scenario("T05", "application_sealed", "OBJECT_MISSING", _says(manifest="f" * 64), killer=False),
    Scenario("T05", "application_sealed", "BODY_MEMBER", _says(manifest=None), killer=False),
    Scenario("T05", "lines_closed", "MATERIALS_INCOMPLETE", _without("M04")),
    Scenario(
        "T05", "lines_closed", "MATERIALS_INCOMPLETE",
        lambda bench, step: _without("M04", "M06")(bench, step).saying(insisted_defects=["M04"]),
    ),
    Scenario(
        "T05", "lines_closed", "MATERIAL_NOT_LISTED",
        _sealed("application", materials=("M01", "M02", "M03", "M04", "M06", "M07", "M99")),
    ),
    *(
        Scenario("T05", "declarations_given", "DECLARATION_MISSING", _says(**{tick: value}))
        for tick in ("no_classified", "applicant_signed", "privacy_notice")
        for value in (None, False, "true")
    ),
    Scenario("T05", "applicant_key_given", "DELIVERY_UNKNOWN", _says(delivery="PIGEON")),
    Scenario(
        "T05", "applicant_key_given", "PUBLIC_KEY_INVALID",
        _says(applicant_key={"suite": "X25519", "public": "CQk="}),
    ),
    Scenario(
        "T05", "applicant_key_given", "KEY_RECORD_FORMAT",
        _says(applicant_key={"suite": "X25519", "public": "CQ"}),
    ),
    Scenario("T05", "applicant_key_given", "SUITE_UNKNOWN", _says(applicant_key={"suite": "RSA", "public": "CQk="})),
]  # fmt: skip
FORWARD = [
    Scenario("T08", "route_is_the_one", "ROUTE_WRONG", _says(accepting_node=OTHER_DEPARTMENT)),
    Scenario("T08", "route_is_the_one", "ROUTE_WRONG", _says(queue="another")),
    Scenario("T08", "route_is_the_one", "ROUTE_NONE", _item(status="SUSPENDED")),
    Scenario("T08", "route_is_the_one", "KEYS_MISSING", _no_wraps),
    Scenario("T08", "route_is_the_one", "KEYS_MISSING", _rotated(DEPARTMENT)),
    Scenario("T08", "route_is_the_one", "KEYS_MISSING", _gone(DEPARTMENT)),
    Scenario("T10", "delivered_whole", "MANIFEST_MISMATCH", _says(manifest="f" * 64)),
    Scenario("T10", "delivered_whole", "BODY_MEMBER", _says(manifest=None)),
    Scenario("W1", "wrap_valid", "RECIPIENT_KEY_STALE", _says(recipient_key="0" * 32)),
    Scenario("W1", "wrap_valid", "RECIPIENT_KEY_STALE", _rotated(DEPARTMENT)),
    Scenario("W1", "wrap_valid", "SUBJECT_UNKNOWN", _gone(DEPARTMENT)),
    Scenario("W1", "wrap_valid", "SEALING_UNKNOWN", _other_sealing),
    Scenario("W1", "wrap_valid", "OBJECT_MISSING", _object_gone),
    Scenario("W1", "wrap_valid", "WRAP_LINES", _to(DEPARTMENT)),
    Scenario("W1", "wrap_valid", "WRAP_LINES", _to(DEPARTMENT, "M01", "M99")),
    Scenario("W1", "wrap_valid", "BODY_MEMBER", _says(packets="M01"), killer=False),
    Scenario("W1", "wrap_valid", "GATEWAY_ADDRESS_ONLY", _to(GATEWAY, "ADDRESS", "M01")),
    Scenario("W1", "wrap_valid", "GATEWAY_ADDRESS_ONLY", _to(GATEWAY, "M01")),
    Scenario("W1", "wrap_valid", "RECIPIENT_FORBIDDEN", _to(OTHER_DEPARTMENT, "M01")),
    Scenario("W1", "wrap_valid", "RECIPIENT_FORBIDDEN", _to(OTHER_WINDOW, "ADDRESS")),
    Scenario("W1", "wrap_valid", "RECOVERY_REGION", _to(OTHER_RECOVERY, "M01")),
    Scenario("W1", "wrap_valid", "RECOVERY_REGION", _moved(RECOVERY, "500112000000")),
]
DECISION = [
    *_grants("T31", "decide_grant"),
    *_grants("T33", "seal_use_grant"),
    Scenario("T31", "decision_complete", "OUTCOME_UNKNOWN", _says(outcome="MAYBE")),
    Scenario("T31", "decision_complete", "BODY_MEMBER", _says(outcome=None), killer=False),
    Scenario("T31", "decision_complete", "BODY_MEMBER", _says(outcome="REFUSE", appeal="0" * 64)),
    Scenario("T31", "decision_complete", "BODY_MEMBER", _says(outcome="REFUSE", reasons="0" * 64)),
    Scenario("T31", "decision_complete", "BODY_MEMBER", _says(outcome="REFUSE", reasons="38.2", appeal="0" * 64)),
    Scenario("T31", "decision_complete", "BODY_MEMBER", _says(outcome="REFUSE", reasons="0" * 64, appeal="A" * 64)),
    Scenario("T33", "result_sealed", "MANIFEST_MISMATCH", _sealed("result", case="d0" * 16)),
    Scenario("T33", "result_sealed", "MANIFEST_MISMATCH", _sealed("application")),
    Scenario("T33", "result_sealed", "MANIFEST_MISMATCH", _sealed("result", task_code=SUSPENDED_TASK)),
    Scenario("T33", "result_sealed", "OBJECT_MISSING", _says(manifest="f" * 64), killer=False),
    Scenario("T35", "withdrawal_written", "DECLARATION_MISSING", _says(identity_checked=None)),
    Scenario("T35", "withdrawal_written", "DECLARATION_MISSING", _says(identity_checked="yes")),
    Scenario("T35", "withdrawal_written", "BODY_MEMBER", _says(paper=None)),
    Scenario("H02", "opening_has_purpose", "BODY_MEMBER", _says(purpose=None)),
    Scenario("H02", "opening_has_purpose", "BODY_MEMBER", _says(purpose="x" * 4001)),
    Scenario("H02", "opening_has_purpose", "PURPOSE_UNKNOWN", _says(purpose="CURIOSITY")),
    Scenario("H02", "opening_has_purpose", "PURPOSE_UNKNOWN", _says(purpose="accept_review")),
    Scenario("H02", "opening_has_purpose", "SEALING_UNKNOWN", _says(manifest="f" * 64)),
]
DELIVERY = [
    Scenario("D4", "parcel_possible", "DELIVERY_NOT_POST", _delivery("COUNTER_COLLECT")),
    Scenario("D4", "parcel_possible", "PARCEL_EXISTS", _parcel_twice),
    Scenario("D4", "parcel_possible", "ROLE_FORBIDS", _says(gateway=DEPARTMENT)),
    Scenario("D4", "parcel_possible", "SUBJECT_UNKNOWN", _gone(GATEWAY)),
    Scenario("D4", "parcel_possible", "KEYS_MISSING", _says(gateway=OTHER_GATEWAY)),
    Scenario("D4", "parcel_possible", "KEYS_MISSING", _rotated(GATEWAY)),
    Scenario("D4W", "parcel_known", "PARCEL_UNKNOWN", _second_gateway),
    Scenario("D4W", "parcel_known", "PARCEL_UNKNOWN", _says(parcel="P9"), killer=False),
    Scenario("D5E", "parcel_known", "PARCEL_UNKNOWN", _second_gateway),
    Scenario("D5E", "parcel_known", "PARCEL_UNKNOWN", _says(parcel="P9"), killer=False),
    Scenario("T34", "proof_enough", "PROOF_TOO_LOW", _level(1)),
    Scenario("T34", "proof_enough", "PROOF_TOO_LOW", _level(2, "RETURNED")),
    Scenario("T34", "proof_enough", "PROOF_TOO_LOW", _says(parcel="P9")),
    Scenario("T34", "proof_enough", "PROOF_DIFFERS", _says(evidence="f" * 64)),
]
FUTURE = [
    Scenario(row.id, "not_from_future", "FROM_FUTURE", _future)
    for row in ROWS
    if any(guard.__name__ == "not_from_future" for guard in row.guards)
]
SCENARIOS = [*SEAL, *FORWARD, *DECISION, *DELIVERY, *FUTURE]
PAIRS = [(row.id, guard.__name__) for row in ROWS for guard in row.guards]
COVERED_TWICE = {("T05", "item_on_list"): "window_authorised"}
"""Guards that another guard of the row contains whole: taking one out changes nothing."""


def law_without(row: str, guard: str) -> Law:
    """The law with one guard of one row taken out."""
    changed = tuple(
        replace(rule, guards=tuple(found for found in rule.guards if found.__name__ != guard))
        if rule.id == row
        else rule
        for rule in ROWS
    )
    assert changed != ROWS
    return Law(changed)


def _refused(scenario: Scenario, law: Law) -> Refusal | None:
    bench = Bench(LAW).reach(scenario.row)
    step = scenario.spoil(bench, bench.step(scenario.row))
    before = bench.file
    bench.law = law
    try:
        bench.do(step)
    except Refusal as refusal:
        assert bench.file == before
        return refusal
    return None


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_guard_refuses(scenario: Scenario) -> None:
    refused = _refused(scenario, LAW)
    assert refused is not None and refused.code == scenario.code
    assert refused.rule


@pytest.mark.parametrize("row, guard", PAIRS, ids=lambda part: part)
def test_every_guard_is_needed(row: str, guard: str) -> None:
    """Mutation: without the guard an act passes that has to be refused."""
    mine = [found for found in SCENARIOS if (found.row, found.guard) == (row, guard)]
    assert mine, "a guard without a scenario"
    law = law_without(row, guard)
    if (row, guard) in COVERED_TWICE:
        other = law_without(row, COVERED_TWICE[row, guard])
        for found in mine:
            assert all(_code(found, tried) == found.code for tried in (law, other))
        return
    killers = [found for found in mine if found.killer]
    assert killers, "no scenario kills the mutant"
    for found in killers:
        assert _code(found, law) != found.code, f"{found} is refused by something else too"
    assert any(_refused(found, law) is None for found in killers), "the mutant passes nowhere"


def _code(scenario: Scenario, law: Law) -> str:
    refused = _refused(scenario, law)
    return refused.code if refused else ""


@pytest.mark.parametrize("row", [row.id for row in ROWS])
def test_the_untouched_act_of_each_row_counts(row: str) -> None:
    """Without this the scenarios might be refused for a reason of their own."""
    bench = Bench().reach(row)
    seq = bench.file.case_seq if bench.file else 0
    assert bench.do(bench.step(row)).case_seq == seq + 1


def test_t05_who_insists_lists_exactly_what_is_missing() -> None:
    bench = Bench()
    step = _without("M04", "M06")(bench, bench.step("T05")).saying(insisted_defects=["M06", "M04"])
    assert bench.do(step).state is State.COLLECTED


def test_t05_a_line_closed_without_a_page_counts_when_it_was_verified_online() -> None:
    bench = Bench()
    whole = manifest("application")
    lines = tuple(
        replace(line, pages=(), acquisition="COMMITMENT") if line.line == "M04" else line for line in whole.lines
    )
    assert bench.do(bench.step("T05").saying(manifest=bench.store(replace(whole, lines=lines)))).case == CASE
    other = Bench()
    bare = tuple(replace(line, pages=()) if line.line == "M04" else line for line in whole.lines)
    with pytest.raises(Refusal, match="MATERIALS_INCOMPLETE"):
        other.do(other.step("T05").saying(manifest=other.store(replace(whole, lines=bare))))


def test_future_tolerance_is_five_minutes_and_the_past_is_free() -> None:
    for shift in (FUTURE_TOLERANCE, timedelta(days=-30)):
        bench = Bench()
        assert bench.do(replace(bench.step("T05"), occurred=shift)).state is State.COLLECTED


def test_w1_a_holder_of_keys_passes_them_on_and_an_earlier_wrap_gives_way() -> None:
    bench = Bench().reach("T14")
    count = len(bench.case.wraps)
    bench.do(bench.step("W1"))
    assert len(bench.case.wraps) == count
    step = replace(bench.wrap(GATEWAY, ("ADDRESS",), by=DEPARTMENT), role="department")
    assert len(bench.do(step).wraps) == count + 1


def test_w1_the_recovery_key_of_the_windows_own_region_holds_keys_too() -> None:
    bench = Bench().reach("W1")
    for region in ("500000000000", "500116000000"):
        bench.do(_moved(RECOVERY, region)(bench, bench.step("W1")))
    assert {wrap.recipient for wrap in bench.case.wraps} == {RECOVERY}
    assert bench.do(bench.step("W1")).state is State.COLLECTED  # the department's wrap; routing is the hub's next act


def test_t31_a_refusal_commits_to_reasons_and_appeal() -> None:
    bench = Bench().reach("T31")
    step = bench.step("T31").saying(outcome="REFUSE", reasons="a" * 64, appeal="b" * 64)
    assert bench.do(step).outcome == "REFUSE"


def test_d4w_a_parcel_keeps_its_first_waybill() -> None:
    bench = Bench().reach("D5E")
    bench.do(bench.step("D4W"))
    with pytest.raises(Refusal, match="WAYBILL_TAKEN"):
        bench.do(bench.step("D4W").saying(waybill_no="EA000000005CN"))


@pytest.mark.parametrize("level", [-1, 5, True, "2", None])
def test_d5e_a_level_of_proof_is_0_to_4(level: object) -> None:
    bench = Bench().reach("D5E")
    with pytest.raises(Refusal, match="BODY_MEMBER"):
        bench.do(bench.step("D5E").saying(proof_level=level))
