"""Spoilt acts of supervision: cards, ratings, complaints, exports."""

from dataclasses import replace
from typing import Any

from hub.casework.supervision.values import Card
from tests.unit.law.law_people import COORDINATOR, DEPARTMENT, OTHER_DEPARTMENT, OTHER_WINDOW, WINDOW, Step
from tests.unit.law.law_scenarios import Scenario, Spoil, after, other_sealing, says
from tests.unit.law.law_world import Bench


def again(row: str) -> Spoil:
    """It was done before."""
    return after(row)


def by(node: str, role: str, then: Spoil | None = None) -> Spoil:
    """Somebody else does it."""

    def spoil(bench: Bench, step: Step) -> Step:
        changed = replace(step, node=node, role=role)
        return then(bench, changed) if then else changed

    return spoil


def another_carded(bench: Bench, step: Step) -> Step:
    """The window has a card of its own and speaks of the department's."""
    own = Card("Y1", bench.case.recorded_at, WINDOW, "1" * 64)
    bench.file = replace(bench.case, cards=(*bench.case.cards, own))
    return replace(step, node=WINDOW, role="COLLECTOR")


def cards(**changes: Any) -> Spoil:
    """The card says something else; the act names it."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.file = replace(bench.case, cards=tuple(replace(card, **changes) for card in bench.case.cards))
        return bench.step("S4")

    return spoil


def complaints(then: Spoil | None = None, **changes: Any) -> Spoil:
    """The complaint says something else."""

    def spoil(bench: Bench, step: Step) -> Step:
        changed = tuple(replace(one, **changes) for one in bench.case.complaints)
        bench.file = replace(bench.case, complaints=changed)
        return then(bench, step) if then else step

    return spoil


def enquiries(**changes: Any) -> Spoil:
    """The enquiry says something else."""

    def spoil(bench: Bench, step: Step) -> Step:
        bench.file = replace(bench.case, enquiries=tuple(replace(one, **changes) for one in bench.case.enquiries))
        return step

    return spoil


def good_rating(bench: Bench, step: Step) -> Step:
    """The applicant was content."""
    rating = replace(bench.case.ratings[0], scores=(("process", 1), ("window", 1), ("staff", 3)))
    bench.file = replace(bench.case, ratings=(rating,))
    return step


def result_sealing(bench: Bench, step: Step) -> Step:
    """The department finds fault with its own result."""
    own = replace(bench.case.sealings[0], kind="result", manifest=bench.result)
    bench.file = replace(bench.case, sealings=(*bench.case.sealings, own))
    return step.saying(manifest=bench.result)


def no_overseer(bench: Bench, step: Step) -> Step:
    """Nobody supervises the region."""
    kept = bench.register.records.items()
    bench.register.records = {name: one for name, one in kept if not one.roles & {"coordinator", "auditor"}}
    return step


def overseeing(node: str) -> Spoil:
    """The rated unit supervises the region itself, and strikes the rating out."""

    def spoil(bench: Bench, step: Step) -> Step:
        record = bench.register.current(node)
        bench.register.records[node] = replace(record, roles=record.roles | {"coordinator"})
        return replace(step, node=node, role="SUPERVISOR").saying(finding="EXCLUDED")

    return spoil


def helping(bench: Bench, step: Step) -> Step:
    """A further window, which only handed papers in, is to handle it."""
    bench.file = replace(bench.case, helpers=(OTHER_WINDOW,))
    return step.saying(handler=OTHER_WINDOW)


def excluding(bench: Bench, step: Step) -> Step:
    """The rated unit has a person who is called supervisor."""
    return replace(step, role="SUPERVISOR").saying(finding="EXCLUDED")


NOBODY, NO_WORDS = "f" * 64, "to be told"
ABOUT_US = f"{COORDINATOR}/person/SUPERVISOR"
SUPERVISION = [
    Scenario("S1", "card_is_due", "CARD_NOT_DUE", says(rule="R1")),
    Scenario("S1", "card_is_due", "CARD_NOT_DUE", says(subject=WINDOW)),
    Scenario("S1", "card_is_due", "CARD_NOT_DUE", again("S1")),
    *(
        Scenario(row, "own_card", code, spoil, killer)
        for row in ("S2", "S3")
        for code, spoil, killer in (
            ("CARD_NOT_YOURS", another_carded, True),
            ("CARD_UNKNOWN", says(card="f" * 16), False),
        )
    ),
    Scenario("S2", "card_unanswered", "CARD_ANSWERED", again("S2")),
    Scenario("S2", "card_unanswered", "CARD_ANSWERED", after("S3", "S4")),
    Scenario("S2", "answer_said", "REASON_UNKNOWN", says(measure="NONE")),
    Scenario("S2", "answer_said", "BODY_MEMBER", says(words=NO_WORDS)),
    Scenario("S3", "card_unappealed", "CARD_APPEALED", again("S3")),
    Scenario("S3", "card_unappealed", "CARD_APPEALED", after("S2", "S4")),
    Scenario("S3", "appeal_said", "REASON_UNKNOWN", says(ground="NONE")),
    Scenario("S3", "appeal_said", "BODY_MEMBER", says(words=NO_WORDS)),
    Scenario("S4", "card_ripe", "CARD_NOT_RIPE", cards(answer="", answered_by="")),
    Scenario("S4", "card_ripe", "CARD_NOT_RIPE", again("S4")),
    Scenario("S4", "judge_apart", "CARD_JUDGE", cards(subject=COORDINATOR)),
    Scenario("S4", "judge_apart", "CARD_JUDGE", cards(answered_by=ABOUT_US)),
    Scenario("S4", "judge_apart", "CARD_JUDGE", cards(appealed_by=ABOUT_US)),
    Scenario("S4", "judge_apart", "CARD_JUDGE", cards(person=ABOUT_US)),
    Scenario("S4", "settlement_said", "REASON_UNKNOWN", says(result="NONE")),
    Scenario("S4", "settlement_said", "BODY_MEMBER", says(words=NO_WORDS)),
    Scenario("S5", "quality_said", "SEALING_UNKNOWN", other_sealing, killer=False),
    Scenario("S5", "quality_said", "MANIFEST_MISMATCH", result_sealing),
    Scenario("S5", "quality_said", "DEFECT_UNKNOWN", says(defects=["NICE"])),
    Scenario("S5", "quality_said", "BODY_MEMBER", says(defects=[])),
    Scenario("S5", "quality_not_said", "QUALITY_SAID", again("S5")),
    Scenario("T38", "rating_whole", "RATING_LEVEL", says(scores={"process": 1, "window": 2})),
    *(
        Scenario("T38", "rating_whole", "RATING_LEVEL", says(scores=scores), killer=False)
        for scores in (
            {"process": 6, "window": 1, "staff": 1}, {"process": True, "window": 1, "staff": 1}, [1, 2, 3],
            {"process": 1, "window": 1, "staff": 1, "all": 1}, {"process": 0, "window": 1, "staff": 1},
        )
    ),
    Scenario("T38", "rating_given", "REASON_UNKNOWN", says(basis="SILENCE")),
    Scenario("T38", "rating_given", "RATING_NOT_GIVEN", says(by_applicant=False)),
    Scenario("T38", "rating_given", "BODY_MEMBER", says(basis="PAPER")),
    Scenario("T38", "rating_given", "BODY_MEMBER", says(words=NO_WORDS)),
    Scenario("T38", "rating_given", "BODY_MEMBER", says(paper="0" * 64)),
    Scenario("T38", "rated_once", "RATED_ALREADY", again("T38")),
    Scenario("T38I", "internal_scores", "RATING_LEVEL", says(scores={})),
    Scenario("T38I", "internal_once", "RATED_ALREADY", again("T38I")),
    Scenario("T38V", "rating_unverified", "RATING_STEP", again("T38V")),
    Scenario("T38V", "rating_unverified", "RATING_STEP", good_rating),
    Scenario("T38V", "rating_unverified", "RATING_UNKNOWN", says(rating=NOBODY), killer=False),
    Scenario("T38V", "verification_said", "REASON_UNKNOWN", says(finding="NONE")),
    Scenario("T38V", "verification_said", "BODY_MEMBER", says(words=NO_WORDS)),
    Scenario("T38V", "excluded_by_supervisor", "RATING_EXCLUDER", says(finding="EXCLUDED")),
    Scenario("T38V", "excluded_by_supervisor", "RATING_EXCLUDER", excluding),
    *(Scenario("T38V", "excluded_by_supervisor", "RATING_EXCLUDER", overseeing(node)) for node in (DEPARTMENT, WINDOW)),
    Scenario("T38F", "rating_upheld", "RATING_STEP", again("T38F")),
    Scenario("T38F", "rating_upheld", "RATING_UNKNOWN", says(rating=NOBODY), killer=False),
    Scenario("T38F", "rectification_said", "REASON_UNKNOWN", says(measure="NONE")),
    Scenario("T38F", "rectification_said", "BODY_MEMBER", says(feedback=NO_WORDS)),
    Scenario("T38C", "complaint_said", "REASON_UNKNOWN", says(channel="NONE", ticket=None)),
    Scenario("T38C", "complaint_said", "REASON_UNKNOWN", says(kind="NONE")),
    Scenario("T38C", "complaint_said", "TICKET_FORMAT", says(ticket=None)),
    Scenario("T38C", "complaint_said", "TICKET_FORMAT", says(ticket="a b")),
    Scenario("T38C", "complaint_said", "TICKET_FORMAT", says(ticket="GD13800000000")),
    Scenario("T38C", "complaint_said", "TICKET_FORMAT", says(channel="LETTER", ticket=1)),
    Scenario("T38C", "complaint_said", "BODY_MEMBER", says(words=NO_WORDS)),
    Scenario("T38C", "complaint_about", "COMPLAINT_NODE", says(about_node=OTHER_DEPARTMENT)),
    Scenario("T38C", "complaint_about", "COMPLAINT_NODE", says(about_person=ABOUT_US)),
    Scenario("T38C", "handler_apart", "COMPLAINT_HANDLER", says(handler=OTHER_DEPARTMENT)),
    *(
        Scenario("T38C", "complaint_about", "PERSON_ID_FORMAT", says(about_person=f"{DEPARTMENT}/person/{code}"))
        for code in ("zhang san", "A" * 17, "")
    ),
    Scenario("T38C", "handler_apart", "COMPLAINT_HANDLER", says(handler=DEPARTMENT)),
    Scenario("T38C", "handler_apart", "COMPLAINT_HANDLER", helping),
    Scenario("T38E", "complaint_mine", "COMPLAINT_STEP", by(DEPARTMENT, "HEAD")),
    Scenario("T38E", "complaint_mine", "COMPLAINT_STEP", after("T38A")),
    Scenario("T38E", "complaint_extensible", "COMPLAINT_EXTENSION", again("T38E")),
    Scenario("T38E", "complaint_extensible", "COMPLAINT_EXTENSION", after("a month")),
    Scenario("T38E", "complaint_extensible", "REASON_UNKNOWN", says(reason="NONE")),
    Scenario("T38A", "complaint_mine", "COMPLAINT_STEP", by(DEPARTMENT, "HEAD")),
    Scenario("T38A", "complaint_mine", "COMPLAINT_UNKNOWN", says(complaint=NOBODY), killer=False),
    Scenario("T38A", "answerer_apart", "COMPLAINT_ANSWERER", complaints(about_person=ABOUT_US)),
    Scenario("T38A", "answerer_apart", "COMPLAINT_ANSWERER", complaints(answered_by=ABOUT_US)),
    Scenario(
        "T38A", "answerer_apart", "COMPLAINT_ANSWERER",
        complaints(by(DEPARTMENT, "HEAD"), handler=DEPARTMENT, disputed=NOBODY),
    ),
    Scenario(
        "T38A", "answerer_apart", "COMPLAINT_ANSWERER",
        complaints(by(DEPARTMENT, "SUPERVISOR"), handler=DEPARTMENT, disputed=NOBODY),
    ),
    Scenario("T38A", "complaint_answered", "REASON_UNKNOWN", says(finding="NONE")),
    Scenario("T38A", "complaint_answered", "BODY_MEMBER", says(feedback=NO_WORDS)),
    Scenario("T38D", "complaint_disputable", "COMPLAINT_STEP", by(DEPARTMENT, "HEAD")),
    Scenario("T38D", "complaint_disputable", "COMPLAINT_STEP", again("T38D")),
    Scenario("T38D", "complaint_disputable", "COMPLAINT_STEP", complaints(finding="")),
    Scenario("T38D", "complaint_disputable", "BODY_MEMBER", says(words=NO_WORDS)),
    Scenario("T38D", "complaint_disputable", "COORDINATOR_MISSING", no_overseer),
    Scenario("T38Q", "enquiry_said", "REASON_UNKNOWN", says(channel="NONE")),
    Scenario("T38Q", "enquiry_said", "REASON_UNKNOWN", says(topic="NONE")),
    Scenario("T38Q", "enquiry_said", "TICKET_FORMAT", says(channel="HOTLINE")),
    Scenario("T38Q", "enquiry_said", "BODY_MEMBER", says(words=NO_WORDS)),
    Scenario("T38Q", "enquiry_answerable", "ENQUIRY_TO", says(to=OTHER_DEPARTMENT)),
    Scenario("T38Q", "enquiry_answerable", "ENQUIRY_TO", says(to=WINDOW)),
    Scenario("T38N", "enquiry_passable", "ENQUIRY_STEP", by(DEPARTMENT, "HEAD")),
    Scenario("T38N", "enquiry_passable", "ENQUIRY_STEP", after("T38Y")),
    Scenario("T38N", "enquiry_passable", "ENQUIRY_TO", says(to=OTHER_DEPARTMENT)),
    Scenario("T38N", "enquiry_passable", "ENQUIRY_TO", says(to=WINDOW)),
    Scenario("T38N", "enquiry_passable", "ENQUIRY_UNKNOWN", says(enquiry=NOBODY), killer=False),
    Scenario("T38K", "enquiry_offered", "ENQUIRY_STEP", by(COORDINATOR, "COORDINATOR")),
    Scenario("T38K", "enquiry_offered", "ENQUIRY_STEP", again("T38K")),
    Scenario("T38K", "enquiry_offered", "ENQUIRY_STEP", after("T38Y")),
    Scenario("T38X", "enquiry_mine", "ENQUIRY_STEP", by(DEPARTMENT, "HEAD")),
    Scenario("T38X", "enquiry_mine", "ENQUIRY_STEP", after("T38Y")),
    Scenario("T38X", "enquiry_extensible", "ENQUIRY_EXTENSION", again("T38X")),
    Scenario("T38X", "enquiry_extensible", "ENQUIRY_EXTENSION", after("a month")),
    Scenario("T38X", "enquiry_extensible", "REASON_UNKNOWN", says(reason="NONE")),
    Scenario("T38Y", "enquiry_mine", "ENQUIRY_STEP", by(WINDOW, "COLLECT_LEAD")),
    Scenario("T38Y", "enquiry_mine", "ENQUIRY_STEP", enquiries(answer="ANSWERED")),
    Scenario("T38Y", "enquiry_answered", "REASON_UNKNOWN", says(answer="NONE")),
    Scenario("T38Y", "enquiry_answered", "BODY_MEMBER", says(feedback=NO_WORDS)),
    Scenario("H01", "export_said", "REASON_UNKNOWN", says(profile="INSIDE")),
    Scenario("H01", "export_said", "REASON_UNKNOWN", says(kind="ALL")),
    Scenario("H01", "export_said", "BODY_MEMBER", says(digest=NO_WORDS)),
    Scenario("H01", "export_granted", "GRANT_MISSING", says(profile="NONE")),
]  # fmt: skip
