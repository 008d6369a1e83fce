"""The acts of supervision with nothing wrong in them, and the way to where each is next (``law_steps``)."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hub.casework.supervision import due
from tests.unit.law.law_people import COORDINATOR, DEPARTMENT, HUB, WINDOW, Step

if TYPE_CHECKING:
    from tests.unit.law.law_world import Bench

DIGEST = "0" * 64
CHAIN = "supervision"
_PENDING = ("T05", "W1", "T08", "T10")
_DECIDED = (*_PENDING, "T14", "T31")
_CARDED = (*_PENDING, "five days", "S1")
PATHS: dict[str, tuple[str, ...]] = {
    "S1": (*_PENDING, "five days"),
    "S2": _CARDED,
    "S3": _CARDED,
    "S4": (*_CARDED, "S2"),
    "S5": _PENDING,
    "T38": _DECIDED,
    "T38I": _PENDING,
    "T38V": (*_DECIDED, "T38:bad"),
    "T38F": (*_DECIDED, "T38:bad", "T38V"),
    "T38C": _PENDING,
    "T38E": (*_PENDING, "T38C"),
    "T38A": (*_PENDING, "T38C"),
    "T38D": (*_PENDING, "T38C", "T38A"),
    "T38Q": _PENDING,
    "T38N": (*_PENDING, "T38Q"),
    "T38K": (*_PENDING, "T38Q", "T38N"),
    "T38X": (*_PENDING, "T38Q"),
    "T38Y": (*_PENDING, "T38Q", "T38N", "T38K"),
    "H01": _PENDING,
}


def _say(event: str, node: str, role: str, **body: Any) -> Step:
    return Step(event, node, role, body, chain=CHAIN)


def raised(bench: "Bench") -> Step:
    """S1: the earliest card that time raises; before there is a case, one of nothing."""
    coming = due.coming(bench.file, bench.world()) if bench.file else []
    body = coming[0].body if coming else dict.fromkeys(("rule", "subject", "cause", "since", "due"), "W1")
    return Step("card", HUB, "hub", body, chain=CHAIN, person=False)


def _card(bench: "Bench") -> str:
    cards = bench.file.cards if bench.file else ()
    return cards[0].id if cards else "0" * 16


def _unit(bench: "Bench") -> str:
    """The node of the first card."""
    cards = bench.file.cards if bench.file else ()
    return cards[0].subject if cards else DEPARTMENT


def _role(node: str) -> str:
    """Somebody who speaks for the node."""
    if node == WINDOW:
        return "COLLECT_LEAD"
    return "COORDINATOR" if node == COORDINATOR else "HEAD"


def rating(bench: "Bench", level: int = 1) -> Step:
    """T38: on the device at the window."""
    body = {"scores": {"process": 1, "window": 2, "staff": level}, "basis": "TERMINAL", "by_applicant": True}
    return Step("rate", WINDOW, "window", body, chain=CHAIN, person=False)


def _rating(bench: "Bench") -> str:
    ratings = bench.file.ratings if bench.file else ()
    return ratings[0].digest if ratings else DIGEST


def _complaint(bench: "Bench") -> str:
    complaints = bench.file.complaints if bench.file else ()
    return complaints[0].digest if complaints else DIGEST


def _enquiry(bench: "Bench") -> str:
    enquiries = bench.file.enquiries if bench.file else ()
    return enquiries[0].digest if enquiries else DIGEST


def _holder(bench: "Bench") -> tuple[str, str]:
    """Node that answers for the first enquiry, and somebody there."""
    enquiries = bench.file.enquiries if bench.file else ()
    node = enquiries[0].holder if enquiries else WINDOW
    return node, "SUPERVISOR" if node == COORDINATOR else _role(node)


def _accepting(bench: "Bench") -> str:
    return (bench.file.accepting_node if bench.file else "") or DEPARTMENT


STEPS: dict[str, Callable[["Bench"], Step]] = {
    "S1": raised,
    "S2": lambda bench: _say(
        "answer_card", _unit(bench), _role(_unit(bench)), card=_card(bench), measure="CORRECTED", words=DIGEST
    ),
    "S3": lambda bench: _say(
        "appeal_card", _unit(bench), _role(_unit(bench)), card=_card(bench), ground="LAWFUL", words=DIGEST
    ),
    "S4": lambda bench: _say(
        "settle_card", COORDINATOR, "SUPERVISOR", card=_card(bench), result="LIFTED", words=DIGEST
    ),
    "S5": lambda bench: _say(
        "quality", _accepting(bench), "ACCEPTOR", manifest=bench.sealed, defects=["BLURRED", "SKEWED"]
    ),
    "T38": rating,
    "T38:bad": lambda bench: rating(bench, 5),
    "T38I": lambda bench: _say("rate_internal", _accepting(bench), "ACCEPTOR", scores={"scan": 4}),
    "T38V": lambda bench: _say(
        "verify_rating", _accepting(bench), "HEAD", rating=_rating(bench), finding="UPHELD", words=DIGEST
    ),
    "T38F": lambda bench: _say(
        "rectify_rating", _accepting(bench), "HEAD", rating=_rating(bench), measure="CORRECTED", feedback=DIGEST
    ),
    "T38C": lambda bench: _say(
        "complain", WINDOW, "COLLECTOR", channel="HOTLINE", ticket="GD20260302-0001", kind="DELAY",
        about_node=_accepting(bench), handler=COORDINATOR, words=DIGEST,
    ),
    "T38E": lambda bench: _say(
        "extend_complaint", COORDINATOR, "SUPERVISOR", complaint=_complaint(bench), reason="INQUIRY"
    ),
    "T38A": lambda bench: _say(
        "answer_complaint", COORDINATOR, "SUPERVISOR", complaint=_complaint(bench), finding="PARTLY", feedback=DIGEST
    ),
    "T38D": lambda bench: _say(
        "dispute_complaint", WINDOW, "COLLECTOR", complaint=_complaint(bench), words=DIGEST
    ),
    "T38Q": lambda bench: _say(
        "enquire", WINDOW, "COLLECTOR", channel="WINDOW", topic="PROGRESS", words=DIGEST
    ),
    "T38N": lambda bench: _say("pass_enquiry", *_holder(bench), enquiry=_enquiry(bench), to=_accepting(bench)),
    "T38K": lambda bench: _say("take_enquiry", _accepting(bench), "ACCEPTOR", enquiry=_enquiry(bench)),
    "T38X": lambda bench: _say("extend_enquiry", *_holder(bench), enquiry=_enquiry(bench), reason="INQUIRY"),
    "T38Y": lambda bench: _say(
        "answer_enquiry", *_holder(bench), enquiry=_enquiry(bench), answer="ANSWERED", feedback=DIGEST
    ),
    "H01": lambda bench: Step(
        "export", WINDOW, "COLLECTOR", {"profile": "OUTSIDE", "kind": "REPORT", "digest": DIGEST}, chain="access"
    ),
}  # fmt: skip


def _five_days(bench: "Bench") -> None:
    bench.now += timedelta(days=5)


TURNS: dict[str, Callable[["Bench"], None]] = {"five days": _five_days}
