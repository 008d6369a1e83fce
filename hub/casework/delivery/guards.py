"""Guards of the result's way to the applicant: parcels, counters, electronic delivery (states.md 6; postal.md 7).

Invariant: a guard looks and refuses; it never changes anything.
"""

from crypto.refusal import Refusal
from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.catalogue.values import Window
from hub.casework.context import Act, World
from hub.casework.delivery import whereabouts
from hub.casework.delivery.values import PARCEL_STATUSES, ParcelLeg, ResultState
from hub.casework.originals import limits, states

METHODS = frozenset({"POST", "COUNTER_COLLECT", "COUNTER_DEPT", "ELECTRONIC"})
_POSTED_BY = {states.RESULT_KIND: "POST", states.TO_WINDOW_KIND: "COUNTER_COLLECT"}
REMINDERS_MOST = 3
REMIND_AFTER_DAYS = 30


def parcel_possible(file: CaseFile | None, act: Act, world: World) -> None:
    """D4, E09: the applicant chose this way, the parcel is new, and a gateway takes it that can read the address.

    To the collecting window no address is needed: nodes are found by their entry in the list.
    """
    assert file is not None
    kind = str(act.statement.body.get("kind", states.RESULT_KIND))
    to_exit = kind == states.TO_WINDOW_KIND and file.bond is not None and file.bond.together
    if kind not in _POSTED_BY or not (to_exit or file.delivery == _POSTED_BY[kind]):
        raise Refusal("DELIVERY_NOT_POST", "I01; D4", delivery=file.delivery)
    if file.parcel(act.text("parcel")) is not None:
        raise Refusal("PARCEL_EXISTS", "D4", parcel=act.text("parcel"))
    gateway = world.registry.current(act.text("gateway"))
    if "gateway" not in gateway.roles:
        raise Refusal("ROLE_FORBIDS", "A08", role=",".join(sorted(gateway.roles)), event="post")
    if kind == states.RESULT_KIND:
        facts.require_opened_by(file, gateway.subject, world, facts.ADDRESS)


def result_ready(file: CaseFile | None, act: Act, world: World) -> None:
    """D1, D4, D8: the result is here; one that came back goes out once more, to the address that was confirmed."""
    assert file is not None
    if whereabouts.ready_at(file) != act.node.subject:
        raise Refusal("RESULT_NOT_READY", "D1, D4", node=whereabouts.at_counter(file))
    back = whereabouts.returned(file)
    if len(back) > 1:
        raise Refusal("RESEND_SPENT", "D8", count=len(back))
    if back and back[0].address != "SAME":
        raise Refusal("ADDRESS_UNCONFIRMED", "D8", parcel=back[0].parcel)


def parcel_known(file: CaseFile | None, act: Act, world: World) -> None:
    """Tracking speaks of a parcel of this case, by the gateway that booked it."""
    assert file is not None
    leg = file.parcel(act.text("parcel"))
    if leg is None or leg.gateway != act.node.subject:
        raise Refusal("PARCEL_UNKNOWN", "postal.md 7", parcel=act.text("parcel"))


def status_listed(file: CaseFile | None, act: Act, world: World) -> None:
    """D5 to D8: what a gateway says of a parcel is a status of the closed list."""
    if act.text("status") not in PARCEL_STATUSES:
        raise Refusal("BODY_MEMBER", "postal.md 7", member="status")


def proof_enough(file: CaseFile | None, act: Act, world: World) -> None:
    """T34, D2, D3, D5: proof of delivery at or above the item's level; a parcel at the door proves nothing."""
    assert file is not None
    needed = facts.proof_needed(file, world)
    made = whereabouts.proof(file, needed)
    if made is None:
        best = max((leg.proof_level for leg in whereabouts.result_parcels(file)), default=0)
        raise Refusal("PROOF_TOO_LOW", "T34, D5; postal.md 7", level=best, needed=needed)
    if dict(act.statement.body) != made:
        raise Refusal("PROOF_DIFFERS", "T34, D5; postal.md 7", parcel=str(made.get("parcel", "")))


def items_accounted_for(file: CaseFile | None, act: Act, world: World) -> None:
    """T34, invariant 13: no case is closed while nobody can say where a document of the applicant is."""
    assert file is not None
    unclear = states.unclear(file.originals)
    if unclear:
        raise Refusal("ORIGINALS_OPEN", "T34; invariant 13", items=",".join(unclear))


def delivery_choosable(file: CaseFile | None, act: Act, world: World) -> None:
    """I01, F09: the applicant changes the way of delivery in writing until the result is packed; by post only to an
    address that was sealed, at the window only where it hands out results."""
    assert file is not None
    facts.require_digest(act, "paper", "I01; states.md 4")
    method = act.text("delivery")
    if method not in METHODS:
        raise Refusal("DELIVERY_UNKNOWN", "I01", delivery=method[:20])
    require_provable(method, facts.proof_needed(file, world))
    if method == "COUNTER_COLLECT" and file.mode:
        raise Refusal("DELIVERY_NO_COUNTER", "A02; I01", delivery=method)
    require_issuing(method, facts.window_of(file, world))
    if whereabouts.on_its_way(file):
        raise Refusal("DELIVERY_PACKED", "I01", delivery=file.delivery)
    sealing = file.sealing("application")
    found = facts.sealed(file, sealing.manifest, world) if sealing else None
    if method == "POST" and not (found and any(line.material == facts.ADDRESS for line in found.manifest.lines)):
        raise Refusal("ADDRESS_NOT_SEALED", "I01; H01")


def may_lie_at_counter(file: CaseFile | None, act: Act, world: World) -> None:
    """D2, D8: chosen by the applicant, or come back by post; the applicant is told by a notice."""
    assert file is not None
    facts.require_digest(act, "notice", "D2, D8")
    if whereabouts.ready_at(file) != act.node.subject:
        raise Refusal("RESULT_NOT_READY", "D2", node=whereabouts.at_counter(file))
    at_exit = file.bundle is not None and file.delivery == "COUNTER_COLLECT"
    if file.delivery != "COUNTER_DEPT" and not at_exit and not whereabouts.returned(file):
        raise Refusal("DELIVERY_NOT_COUNTER", "I01; D2, D8", delivery=file.delivery)


def result_at_this_counter(file: CaseFile | None, act: Act, world: World) -> None:
    """D2: the result lies here."""
    assert file is not None
    if whereabouts.at_counter(file) != act.node.subject:
        raise Refusal("RESULT_NOT_READY", "D2", node=whereabouts.at_counter(file))


def receiver_checked(file: CaseFile | None, act: Act, world: World) -> None:
    """D2, I07: to the applicant, whose identity was checked, or to an agent with a proxy; who got it signed."""
    if act.statement.body.get("identity_checked") is not True:
        raise Refusal("DECLARATION_MISSING", "D2; I07", declaration="identity_checked")
    facts.require_digest(act, "signature", "D2; I07")
    if "proxy" in act.statement.body:
        facts.require_digest(act, "proxy", "D2; 行政许可法 29")


def electronic_result_opened(file: CaseFile | None, act: Act, world: World) -> None:
    """D3, D11: chosen by the applicant; the result that counts, neither declared void nor taken back."""
    assert file is not None
    if file.delivery != "ELECTRONIC":
        raise Refusal("DELIVERY_NOT_ELECTRONIC", "I01; D3", delivery=file.delivery)
    if file.result is not None and file.result.state != ResultState.E_DELIVERED:
        raise Refusal("RESULT_NOT_READY", "D3, D11", node=file.result.holder)
    made = file.sealing("result")
    if made is None or act.text("manifest") != made.manifest:
        raise Refusal("SEALING_UNKNOWN", "D3", manifest=act.text("manifest"))


def applicant_asked(file: CaseFile | None, act: Act, world: World) -> None:
    """D6: only of a parcel that the carrier calls delivered without the proof that it needs is the applicant asked."""
    assert file is not None
    facts.require_digest(act, "paper", "D6")
    leg = file.parcel(act.text("parcel"))
    needed = facts.proof_needed(file, world)
    if leg is None or leg.receiver or leg.void or leg.status != states.DELIVERED:
        raise Refusal("PARCEL_NOT_ASKED", "D6", parcel=act.text("parcel")[:40])
    if leg.proof_level >= whereabouts.level_needed(leg, needed) or leg.lost_at:
        raise Refusal("PARCEL_NOT_ASKED", "D6", parcel=leg.parcel)


def address_asked(file: CaseFile | None, act: Act, world: World) -> None:
    """D7, D8: the applicant was asked where the parcel should go that failed or came back."""
    assert file is not None
    facts.require_digest(act, "paper", "D7, D8")
    leg = file.parcel(act.text("parcel"))
    if leg is None or leg.called not in {"ATTEMPTS", "RETURNED"}:
        raise Refusal("PARCEL_NOT_ASKED", "D7, D8", parcel=act.text("parcel")[:40])
    if act.text("answer") not in reasons.ADDRESS_ANSWERS:
        raise Refusal("REASON_UNKNOWN", "D8", reason=act.text("answer")[:20])


def call_owed(file: CaseFile | None, act: Act, world: World) -> None:
    """D6 to D8: the hub asks for a call for the cause that the parcel gives, once."""
    assert file is not None
    leg = file.parcel(act.text("parcel"))
    if leg is None or act.text("cause") != call_cause(leg) or leg.called == act.text("cause"):
        raise Refusal("PARCEL_NOT_ASKED", "D6, D7, D8", parcel=act.text("parcel")[:40])


def reminder_owed(file: CaseFile | None, act: Act, world: World) -> None:
    """D9: thirty days at a counter, and again twice; never more than reminders."""
    assert file is not None
    owed = next_reminder(file)
    if owed is None or act.recorded_at <= owed[1]:
        raise Refusal("REMINDER_NOT_DUE", "D9", due=owed[1] if owed else "")
    if (act.statement.body.get("number"), act.statement.body.get("due")) != owed:
        raise Refusal("BODY_MEMBER", "D9", member="number")


def result_replaceable(file: CaseFile | None, act: Act, world: World) -> None:
    """D10, D11: what was lost or recalled is made anew under another number, and the old one is declared void."""
    assert file is not None
    old = file.sealing("result")
    if old is None or not whereabouts.spoilt(file):
        raise Refusal("RESULT_NOT_LOST", "D10, D11")
    facts.require_digest(act, "certificate", "D10")
    if act.text("voids") != old.manifest or act.text("manifest") == old.manifest:
        raise Refusal("SEALING_UNKNOWN", "D10", manifest=act.text("voids"))


def result_recallable(file: CaseFile | None, act: Act, world: World) -> None:
    """D11: what the applicant does not have yet, and what no parcel holds, is taken back for a reason of the list."""
    assert file is not None
    if whereabouts.in_parcel(file) or not (whereabouts.at_counter(file) or whereabouts.ready_at(file)):
        raise Refusal("RESULT_NOT_READY", "D11", node=whereabouts.at_counter(file))
    if act.text("reason") not in reasons.RECALL_REASONS:
        raise Refusal("REASON_UNKNOWN", "D11", reason=act.text("reason")[:20])


# --- shared ----------------------------------------------------------------------------------------------------------


def require_provable(method: str, needed: int) -> None:
    """I01, D3, T34: no way is chosen that can never prove delivery; opening proves level 3. DELIVERY_PROOF_LOW."""
    if method == "ELECTRONIC" and needed > whereabouts.ELECTRONIC_PROOF:
        raise Refusal("DELIVERY_PROOF_LOW", "I01, D3; T34", level=whereabouts.ELECTRONIC_PROOF, needed=needed)


def require_issuing(method: str, window: Window) -> None:
    """F09, I01: results are fetched only at a window that hands them out. Refusal WINDOW_NOT_ISSUING."""
    if method == "COUNTER_COLLECT" and "ISSUE" not in window.powers:
        raise Refusal("WINDOW_NOT_ISSUING", "F09, I01", window=window.node)


def call_cause(leg: ParcelLeg) -> str:
    """Why the applicant is to be called about a parcel (D6, D7, D8), or an empty text."""
    if leg.receiver or leg.void or leg.lost_at or leg.kind not in (states.RESULT_KIND, states.RETURN_KIND):
        return ""
    if leg.status == "RETURNED":
        return "RETURNED"
    if leg.status == states.DELIVERED:
        return "" if leg.proof_level or leg.answer else "UNPROVEN"
    return "ATTEMPTS" if len(leg.attempts) > 1 and leg.status not in states.CAME_BACK | states.MISSED else ""


def next_reminder(file: CaseFile) -> tuple[int, str] | None:
    """Number of the next reminder and the last moment before it, or None (D9)."""
    if not whereabouts.at_counter(file) or file.result is None or file.result.reminders >= REMINDERS_MOST:
        return None
    number = file.result.reminders + 1
    return number, limits.later(file.result.since, REMIND_AFTER_DAYS * number)
