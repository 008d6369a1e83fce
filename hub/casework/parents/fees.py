"""The one payment of a parent (“一口式”收费, I04): told once, split by parts, as a state; the hub takes no money.

Invariants: a guard looks and refuses; money is counted in whole fen; a payment is never told with other values, only
its state goes on.
"""

from typing import Final

from crypto.refusal import Refusal
from hub.casework import facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.parents import plan
from hub.casework.parents.values import Fee
from hub.casework.references import is_reference

FREE: Final = "不收费"
"""How the list begins the fees of an item that costs nothing."""
_MOST = 10**13
_NEXT: Final = {"": ("DUE", "PAID", "WAIVED"), "DUE": ("PAID", "WAIVED"), "PAID": ("REFUNDED",)}
"""What may be told after what."""


def fee_split(file: CaseFile | None, act: Act, world: World) -> None:
    """P14, I04: one number and one sum for the whole, and what of it is which part's; the shares are the sum."""
    assert file is not None
    total, shares = act.statement.body.get("total"), _shares(act)
    if not is_reference(act.text("pay_no")):
        raise Refusal("FEE_NUMBER", "I04; promise 1; P14")
    if type(total) is not int or not 0 < total < _MOST:
        raise Refusal("BODY_MEMBER", "I04; P14", member="total")
    parts = {part.part for part in plan.approvals(file.parts)}
    foreign = [part for part, _ in shares if part not in parts]
    if foreign or len(dict(shares)) != len(shares):
        raise Refusal("FEE_PART", "I04; P14", part=(foreign or [shares[0][0]])[0][:20])
    if sum(fen for _, fen in shares) != total:
        raise Refusal("FEE_SUM", "I04; P14", total=total, shares=sum(fen for _, fen in shares))


def fee_listed(file: CaseFile | None, act: Act, world: World) -> None:
    """P14, I04, D01, 行政许可法 58: nothing is charged for a part whose item costs nothing by the list of the case."""
    assert file is not None
    listed = world.catalogue_of(file.catalogue)
    tasks = {part.part: part.task_code for part in plan.approvals(file.parts)}
    for part, _ in _shares(act):
        if part in tasks and listed.item(tasks[part]).fees.startswith(FREE):
            raise Refusal("FEE_NOT_LISTED", "I04; 行政许可法 58; P14", part=part[:20])


def fee_once(file: CaseFile | None, act: Act, world: World) -> None:
    """P14, I04: one payment a parent; what was told stays, its state goes from due to paid or waived, then refunded."""
    assert file is not None
    state, told = act.text("state"), file.fee
    if state not in reasons.FEE_STATES or state not in _NEXT.get(told.state if told else "", ()):
        raise Refusal("FEE_STATE", "I04; P14", fee=state[:20], fee_before=told.state if told else "")
    if told and (told.pay_no, told.shares) != (act.text("pay_no"), _shares(act)):
        raise Refusal("FEE_TOLD", "I04; P14", pay_no=told.pay_no)


def keep_fee(file: CaseFile, act: Act, world: World) -> CaseFile:
    """P14: the one payment as it was told last."""
    shares = _shares(act)
    total = sum(fen for _, fen in shares)
    return file.changed(fee=Fee(act.text("pay_no"), act.text("state"), total, shares, act.recorded_at, act.digest))


def _shares(act: Act) -> tuple[tuple[str, int], ...]:
    """(part, fen) pairs, by part. Refusal BODY_MEMBER."""
    made = []
    for one in facts.objects_of(act, "shares"):
        part, fen = one.get("part"), one.get("fen")
        if set(one) != {"part", "fen"} or not isinstance(part, str) or type(fen) is not int or fen <= 0:
            raise Refusal("BODY_MEMBER", "I04; P14", member="shares")
        made.append((part, fen))
    return tuple(sorted(made))
