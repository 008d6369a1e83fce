"""Guards of enquiries (T38; F05, G06, G10; GB/T 39046-2020 table 10).

Invariants:
- a guard looks and refuses; it never changes anything;
- first-asked responsibility: at any time one node answers for an open enquiry, and it goes over only to one that took
  it; an overseer of the region may name the next one too, so none is stuck with a node whose part is over.
"""

from crypto.refusal import Refusal
from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.supervision.guards_voices import require_ticket
from hub.casework.supervision.values import Enquiry

ENQUIRY = "F05; GB/T 39046-2020 table 10; T38"


def enquiry_said(file: CaseFile | None, act: Act, world: World) -> None:
    """Channel and topic of the lists; the hotline's reference where it came from there; the words by digest."""
    for member, words in (("channel", reasons.ENQUIRY_CHANNELS), ("topic", reasons.ENQUIRY_TOPICS)):
        if act.text(member) not in words:
            raise Refusal("REASON_UNKNOWN", ENQUIRY, reason=act.text(member)[:20])
    require_ticket(act)
    facts.require_digest(act, "words", ENQUIRY)


def enquiry_answerable(file: CaseFile | None, act: Act, world: World) -> None:
    """F05: a person answers for it; a portal, where nobody sits, names a unit at once."""
    assert file is not None
    if act.person is None or "to" in act.statement.body:
        _require_fit(file, act, world, act.node.subject)


def enquiry_passable(file: CaseFile | None, act: Act, world: World) -> None:
    """F05: open, and this node's to pass on, or an overseer's; to another node than the one that answers for it."""
    assert file is not None
    enquiry = named_enquiry(file, act)
    mine = enquiry.holder == act.node.subject or facts.oversees(file, act.node)
    if not enquiry.open or not mine:
        raise Refusal("ENQUIRY_STEP", ENQUIRY, node=enquiry.holder)
    _require_fit(file, act, world, enquiry.holder)


def enquiry_offered(file: CaseFile | None, act: Act, world: World) -> None:
    """F05: the node that it was passed on to takes it, while no answer was given."""
    assert file is not None
    enquiry = named_enquiry(file, act)
    if enquiry.to != act.node.subject:
        raise Refusal("ENQUIRY_STEP", ENQUIRY, node=enquiry.holder)


def enquiry_mine(file: CaseFile | None, act: Act, world: World) -> None:
    """Open, and this node answers for it."""
    assert file is not None
    enquiry = named_enquiry(file, act)
    if not enquiry.open or enquiry.holder != act.node.subject:
        raise Refusal("ENQUIRY_STEP", ENQUIRY, node=enquiry.holder)


def enquiry_extensible(file: CaseFile | None, act: Act, world: World) -> None:
    """Table 10: once, before the limit ends, for a reason of the list."""
    assert file is not None
    enquiry = named_enquiry(file, act)
    if enquiry.extension or act.recorded_at > enquiry.due:
        raise Refusal("ENQUIRY_EXTENSION", ENQUIRY, due=enquiry.due)
    if act.text("reason") not in reasons.ENQUIRY_EXTENSIONS:
        raise Refusal("REASON_UNKNOWN", ENQUIRY, reason=act.text("reason")[:20])


def enquiry_answered(file: CaseFile | None, act: Act, world: World) -> None:
    """A code of the list; what the applicant is told, as a commitment."""
    if act.text("answer") not in reasons.ENQUIRY_ANSWERS:
        raise Refusal("REASON_UNKNOWN", ENQUIRY, reason=act.text("answer")[:20])
    facts.require_digest(act, "feedback", ENQUIRY)


# --- pieces ----------------------------------------------------------------------------------------------------------


def named_enquiry(file: CaseFile, act: Act) -> Enquiry:
    """The enquiry that the act names by its statement. Refusal ENQUIRY_UNKNOWN."""
    for enquiry in file.enquiries:
        if enquiry.digest == act.text("enquiry"):
            return enquiry
    raise Refusal("ENQUIRY_UNKNOWN", ENQUIRY)


def _require_fit(file: CaseFile, act: Act, world: World, holder: str) -> None:
    """Window, department or an overseer, which see the case, and not the one that answers for it already."""
    to = world.registry.current(act.text("to"))
    fit = to.subject in (file.collecting_node, file.accepting_node) or facts.oversees(file, to)
    if not fit or to.subject == holder:
        raise Refusal("ENQUIRY_TO", ENQUIRY, node=to.subject)
