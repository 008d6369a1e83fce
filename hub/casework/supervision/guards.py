"""Guards of cards and exports: raise, answer, appeal, settle (standards.md 8; G01, G12; H01).

Invariants:
- a guard looks and refuses; it never changes anything;
- who is carded answers and appeals; who settles is an overseer of the region, another node and another person than
  those who acted, answered or appealed;
- words are salted commitments; codes come from ``hub.casework.reasons`` (promise 1).
"""

from crypto.refusal import Refusal
from hub.casework import common, facts, reasons
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.supervision import due
from hub.casework.supervision.values import Card

RULE = "standards.md 8; G12"


def card_is_due(file: CaseFile | None, act: Act, world: World) -> None:
    """G01: time has raised just this card, and nobody stated it yet."""
    assert file is not None
    coming = due.coming(file, world)
    if not any(one.body == act.statement.body and act.recorded_at > one.moment for one in coming):
        raise Refusal("CARD_NOT_DUE", "G01; standards.md 8", card=str(act.statement.body.get("rule"))[:4])


def own_card(file: CaseFile | None, act: Act, world: World) -> None:
    """Standards.md 8: who is carded answers for it, nobody else does."""
    assert file is not None
    card = named_card(file, act)
    if card.subject != act.node.subject:
        raise Refusal("CARD_NOT_YOURS", RULE, card=card.kind, node=card.subject)


def card_unanswered(file: CaseFile | None, act: Act, world: World) -> None:
    """One answer a card, before it is settled."""
    assert file is not None
    card = named_card(file, act)
    if card.answer or card.result:
        raise Refusal("CARD_ANSWERED", RULE, card=card.kind)


def card_unappealed(file: CaseFile | None, act: Act, world: World) -> None:
    """G12: one appeal a card, before it is settled."""
    assert file is not None
    card = named_card(file, act)
    if card.appeal or card.result:
        raise Refusal("CARD_APPEALED", RULE, card=card.kind)


def answer_said(file: CaseFile | None, act: Act, world: World) -> None:
    """A measure of the list; the words as a commitment."""
    _require_code(act, "measure", reasons.CARD_MEASURES, RULE)
    facts.require_digest(act, "words", RULE)


def appeal_said(file: CaseFile | None, act: Act, world: World) -> None:
    """G12: a ground of the list; the words as a commitment."""
    _require_code(act, "ground", reasons.CARD_GROUNDS, RULE)
    facts.require_digest(act, "words", RULE)


def card_ripe(file: CaseFile | None, act: Act, world: World) -> None:
    """The unit was heard: it answered or appealed; and nobody settled the card."""
    assert file is not None
    card = named_card(file, act)
    if card.result or not (card.answer or card.appeal):
        raise Refusal("CARD_NOT_RIPE", RULE, card=card.kind)


def judge_apart(file: CaseFile | None, act: Act, world: World) -> None:
    """G12: nobody judges the own node's card, nor one that they acted, answered or appealed in."""
    assert file is not None
    card = named_card(file, act)
    person = act.person.subject if act.person else ""
    if act.node.subject == card.subject or person in (card.person, card.answered_by, card.appealed_by):
        raise Refusal("CARD_JUDGE", RULE, card=card.kind, person=person)


def settlement_said(file: CaseFile | None, act: Act, world: World) -> None:
    """A result of the list; the words as a commitment."""
    _require_code(act, "result", reasons.CARD_RESULTS, RULE)
    facts.require_digest(act, "words", RULE)


def quality_said(file: CaseFile | None, act: Act, world: World) -> None:
    """Y5: a sealing of the case that a window made, and what its images fall short of."""
    assert file is not None
    sealing = facts.sealing_named(file, act.text("manifest"))
    if sealing.kind not in ("application", "addendum"):
        raise Refusal("MANIFEST_MISMATCH", "DA/T 31-2017; standards.md 8 (Y5)", member="kind")
    for defect in facts.codes_of(act, "defects", "DA/T 31-2017"):
        if defect not in reasons.IMAGE_DEFECTS:
            raise Refusal("DEFECT_UNKNOWN", "DA/T 31-2017", defect=defect[:20])


def quality_not_said(file: CaseFile | None, act: Act, world: World) -> None:
    """Y5: a sealing is found fault with once."""
    assert file is not None
    if any(card.kind == "Y5" and card.cause == act.text("manifest") for card in file.cards):
        raise Refusal("QUALITY_SAID", "standards.md 8 (Y5)", manifest=act.text("manifest"))


def export_said(file: CaseFile | None, act: Act, world: World) -> None:
    """H01: what leaves, under which profile; the bytes by digest."""
    _require_code(act, "profile", reasons.EXPORT_PROFILES, "H01")
    _require_code(act, "kind", reasons.EXPORT_KINDS, "H01")
    facts.require_digest(act, "digest", "H01")


def export_granted(file: CaseFile | None, act: Act, world: World) -> None:
    """H01, R9: without masking only under a live EXPORT grant."""
    if act.statement.body.get("profile") == "NONE":
        common.require_grant("EXPORT", file, act, world)


def named_card(file: CaseFile, act: Act) -> Card:
    """The card that the act names. Refusal CARD_UNKNOWN."""
    wanted = act.text("card")
    for card in file.cards:
        if card.id == wanted:
            return card
    raise Refusal("CARD_UNKNOWN", RULE, card=wanted[:16])


def _require_code(act: Act, member: str, words: reasons.Words, rule: str) -> None:
    """Refusal REASON_UNKNOWN unless the member is a code of the list."""
    code = act.text(member)
    if code not in words:
        raise Refusal("REASON_UNKNOWN", rule, reason=code[:20])
