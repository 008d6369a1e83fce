"""Scenarios of how a case begins and ends at the window: T03 to T07, T35."""

from hub.casework.delivery.values import ParcelLeg
from hub.casework.numbers import public_number
from hub.casework.originals.values import Original
from tests.unit.law.law_people import (
    GATEWAY,
    OTHER_DEPARTMENT,
    PREFIX,
    SUSPENDED_TASK,
    WINDOW,
)
from tests.unit.law.law_scenarios import (
    WHOLE,
    Scenario,
    closed_window,
    collects_only,
    filed,
    item,
    says,
    sealed,
    windows,
    without,
)

NOT_A_DIGEST = "x" * 64


def reachable(row: str) -> list[Scenario]:
    """What keeps the window from taking the item in for that place (A12, A13, A18, D09, D23)."""
    guard, nearer = "window_authorised", ["IN_PROVINCE", "IN_CITY"]
    withdrawal = {"reason": "机构改革", "approval": "江津府〔2026〕1号", "from": "2026-03-01"}
    return [
        Scenario(row, guard, "ITEM_NOT_COLLECTABLE", closed_window),
        Scenario(row, guard, "SCOPE_CLOSED", item(scope=nearer)),
        Scenario(row, guard, "AGREEMENT_MISSING", item(scope=["CROSS_PROVINCE", *nearer])),
        Scenario(row, guard, "ITEM_WITHDRAWN", item(withdrawal=withdrawal), killer=False),
        Scenario(row, guard, "WINDOW_OUT_OF_SERVICE", windows(withdrawal=withdrawal)),
        Scenario(
            row, guard, "WINDOW_OUT_OF_SERVICE", windows(seasons=[{"from": "2026-06-01", "to": "2026-08-31"}])
        ),
    ]  # fmt: skip


def seal(row: str) -> list[Scenario]:
    """What may be wrong with a seal, the first one or the one of a case that is back at the window."""
    return [
        Scenario(row, "item_on_list", "UNKNOWN_ITEM", says(task_code="0" * 31), killer=False),
        Scenario(row, "item_on_list", "ITEM_EXPIRED", item(effective_to="2026-03-01"), killer=False),
        Scenario(row, "item_on_list", "ITEM_EXPIRED", item(effective_from="2026-03-03"), killer=False),
        Scenario(row, "item_on_list", "ITEM_SUSPENDED", item(status="SUSPENDED"), killer=False),
        *reachable(row),
        Scenario(row, "public_number_valid", "PUBLIC_NUMBER_CHECK", says(public_no="123456789012")),
        Scenario(row, "public_number_valid", "PUBLIC_NUMBER_PREFIX", says(public_no=public_number(PREFIX + 1, 1))),
        Scenario(row, "application_sealed", "MANIFEST_MISMATCH", sealed("application", case="d0" * 16)),
        Scenario(row, "application_sealed", "MANIFEST_MISMATCH", sealed("notice", materials=WHOLE)),
        Scenario(row, "application_sealed", "MANIFEST_MISMATCH", sealed("application", task_code=SUSPENDED_TASK)),
        Scenario(row, "application_sealed", "MANIFEST_MISMATCH", sealed("application", catalogue="2026.01-1")),
        Scenario(row, "application_sealed", "MANIFEST_REVISION", sealed("application", revision=2)),
        Scenario(row, "application_sealed", "OBJECT_MISSING", says(manifest="f" * 64), killer=False),
        Scenario(row, "application_sealed", "BODY_MEMBER", says(manifest=None), killer=False),
        Scenario(row, "lines_closed", "MATERIALS_INCOMPLETE", without("M04")),
        Scenario(
            row, "lines_closed", "MATERIALS_INCOMPLETE",
            lambda bench, step: without("M04", "M06")(bench, step).saying(insisted_defects=["M04"]),
        ),
        Scenario(row, "lines_closed", "BODY_MEMBER", says(insisted_defects=["Zhang San"])),
        Scenario(row, "lines_closed", "BODY_MEMBER", says(insisted_defects=[])),
        Scenario(
            row, "lines_closed", "MATERIAL_NOT_LISTED",
            sealed("application", materials=("M01", "M02", "M03", "M04", "M06", "M07", "M99")),
        ),
        *(
            Scenario(row, "declarations_given", "DECLARATION_MISSING", says(**{tick: value}))
            for tick in ("no_classified", "applicant_signed", "privacy_notice")
            for value in (None, False, "true")
        ),
        Scenario(row, "flags_known", "LANE_UNKNOWN", says(lane="FRIEND")),
        Scenario(row, "flags_known", "APPOINTMENT_FORM", says(appointment="call Zhang San", channel="PHONE")),
        *(
            Scenario(row, "flags_known", "APPOINTMENT_FORM", says(appointment=told, channel="PHONE"))
            for told in ("ZHANG-SAN-01", "ZHANGSAN", "YY13800000000", "138-0000-0000")
        ),
        Scenario(row, "flags_known", "CHANNEL_UNKNOWN", says(appointment="YY20260302-07", channel="FRIEND")),
        Scenario(row, "flags_known", "BODY_MEMBER", says(appointment="YY20260302-07")),
        Scenario(row, "flags_known", "BODY_MEMBER", says(channel="PHONE")),
        Scenario(row, "applicant_key_given", "DELIVERY_UNKNOWN", says(delivery="PIGEON")),
        Scenario(row, "applicant_key_given", "WINDOW_NOT_ISSUING", collects_only),
        Scenario(
            row, "applicant_key_given", "DELIVERY_PROOF_LOW",
            lambda bench, step: item(required_proof_level=4)(bench, step.saying(delivery="ELECTRONIC")),
        ),
        Scenario(
            row, "applicant_key_given", "PUBLIC_KEY_INVALID",
            says(applicant_key={"suite": "X25519", "public": "CQk="}),
        ),
        Scenario(
            row, "applicant_key_given", "KEY_RECORD_FORMAT",
            says(applicant_key={"suite": "X25519", "public": "CQ"}),
        ),
        Scenario(row, "applicant_key_given", "SUITE_UNKNOWN", says(applicant_key={"suite": "RSA", "public": "CQk="})),
    ]  # fmt: skip


def authorised(row: str) -> list[Scenario]:
    """What a window may not begin."""
    return [
        *reachable(row),
        Scenario(row, "window_authorised", "ITEM_SUSPENDED", item(status="SUSPENDED")),
        Scenario(row, "window_authorised", "UNKNOWN_ITEM", says(task_code="0" * 31), killer=False),
    ]


def declined(row: str) -> list[Scenario]:
    """What may be wrong with a decline."""
    guard = "decline_complete"
    return [
        *(Scenario(row, guard, "DECLARATION_MISSING", says(applicant_agreed=value)) for value in (None, False, "true")),
        *(Scenario(row, guard, "BODY_MEMBER", says(paper=value)) for value in (None, NOT_A_DIGEST)),
        *(Scenario(row, guard, "BODY_MEMBER", says(missing=value)) for value in (None, [], "M01", ["M01", "M01"], [1])),
        Scenario(row, guard, "MATERIAL_NOT_LISTED", says(missing=["M01", "M99"])),
    ]


def line(material: str, defect: str) -> dict[str, str]:
    """One line of a notice or an answer."""
    return {"material": material, "defect": defect}


BAD_LINES: tuple[object, ...] = (
    None, [], "M02", ["M02"], [{"material": "M02"}], [line("M02", "EXPIRED") | {"page": "1"}],
    [line("M02", "EXPIRED"), line("M02", "EXPIRED")],
)  # fmt: skip
"""Not a list of different (material, defect) pairs."""

PRE_REVIEW = [
    *authorised("T03"),
    Scenario("T03", "pre_review_sealed", "MANIFEST_MISMATCH", sealed("application", revision=0, case="d0" * 16)),
    Scenario("T03", "pre_review_sealed", "MANIFEST_MISMATCH", sealed("notice", revision=0, materials=WHOLE)),
    Scenario("T03", "pre_review_sealed", "MANIFEST_REVISION", sealed("application", revision=1)),
    Scenario(
        "T03", "pre_review_sealed", "MANIFEST_MISMATCH", sealed("application", revision=0, catalogue="2026.01-1")
    ),
    Scenario(
        "T03", "pre_review_sealed", "MATERIAL_NOT_LISTED", sealed("application", revision=0, materials=("M01", "M99"))
    ),
    Scenario("T03", "pre_review_sealed", "OBJECT_MISSING", says(manifest="f" * 64), killer=False),
    Scenario("T03", "pre_review_routed", "ROUTE_WRONG", says(accepting_node=OTHER_DEPARTMENT)),
    Scenario("T03", "pre_review_routed", "ROUTE_WRONG", says(queue="another")),
    Scenario("T03", "pre_review_routed", "ROUTE_NONE", says(region="500116000000")),
    *(
        Scenario("T03", "pre_review_declared", "DECLARATION_MISSING", says(**{tick: value}))
        for tick in ("no_classified", "privacy_notice")
        for value in (None, False, "true")
    ),
    Scenario("T04", "answer_complete", "ANSWER_UNKNOWN", says(answer="MAYBE")),
    Scenario("T04", "answer_complete", "BODY_MEMBER", says(answer=None)),
    Scenario("T04", "answer_complete", "BODY_MEMBER", says(answer="OK")),
    Scenario("T04", "answer_complete", "BODY_MEMBER", says(answer="NOT_OURS")),
    *(Scenario("T04", "answer_complete", "BODY_MEMBER", says(lines=lines)) for lines in BAD_LINES),
    Scenario("T04", "answer_complete", "MATERIAL_NOT_LISTED", says(lines=[line("M99", "EXPIRED")])),
    Scenario("T04", "answer_complete", "DEFECT_UNKNOWN", says(lines=[line("M02", "UGLY")])),
    Scenario("T04", "answer_complete", "ALREADY_HELD", says(lines=[line("M02", "MISSING")])),
]  # fmt: skip
ENDS = [
    *declined("T06"),
    *authorised("T06"),
    *declined("T06R"),
    *authorised("T06R"),
    *(
        scenario
        for row in ("T07", "T07R")
        for scenario in (
            Scenario(row, "item_known", "UNKNOWN_ITEM", says(task_code="0" * 31)),
            Scenario(row, "discard_reason_known", "REASON_UNKNOWN", says(reason="BORED")),
            Scenario(row, "discard_reason_known", "BODY_MEMBER", says(reason=None)),
        )
    ),
    *(
        scenario
        for row in ("T06R", "T07R")
        for scenario in (
            Scenario(row, "never_sealed", "SEALED_ALREADY", filed(public_no="123456789012")),
            Scenario(
                row, "no_papers_left", "PAPERS_LEFT", filed(originals=(Original("M02", "M02", "HELD", WINDOW, ""),))
            ),
            Scenario(row, "no_papers_left", "PAPERS_LEFT", filed(parcels=(ParcelLeg("B1", GATEWAY, sender=WINDOW),))),
        )
    ),
    Scenario("T35", "withdrawal_written", "DECLARATION_MISSING", says(identity_checked=None)),
    Scenario("T35", "withdrawal_written", "DECLARATION_MISSING", says(identity_checked="yes")),
    Scenario("T35", "withdrawal_written", "BODY_MEMBER", says(paper=None)),
    Scenario("T35", "withdrawal_written", "BODY_MEMBER", says(paper=NOT_A_DIGEST)),
]
ENTRY = [
    *seal("T05"),
    *seal("T05R"),
    Scenario("T05R", "public_number_valid", "PUBLIC_NUMBER_KEPT", filed(public_no=public_number(PREFIX, 2))),
    *PRE_REVIEW,
    *ENDS,
]
