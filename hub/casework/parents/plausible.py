"""What a case's own leaves say of the news that the hub tells it of its kin, where other cases are not known.

Invariants: pure; less than ``kin`` knows, and never more: what both chains say is compared in ``compare`` (states.md 8;
promise 4).
"""

from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.context import Act
from hub.casework.delivery import whereabouts
from hub.casework.originals import states
from hub.casework.parents import look
from hub.casework.parents.values import INHERITED, LOST, SHOWN, Bond


def plausible(file: CaseFile, act: Act) -> bool:
    """Whether the case, as its own leaves have it, can be told this."""
    if file.bundle is not None:
        part = look.part_of(file, act.text("part"))
        return part is not None and part.case == act.statement.body.get("case")
    return file.bond is not None and _of_child(file, file.bond, act)


def _of_child(file: CaseFile, bond: Bond, act: Act) -> bool:
    body = act.statement.body
    match act.statement.type:
        case "release":
            return bond.blocked and sorted(_granted(act)) == sorted(bond.after)
        case "stop_part":
            return bond.blocked and body.get("part") in bond.after
        case "hold":
            return not bond.held
        case "go_on":
            return bond.held
        case "merged_supplement":
            return not file.notices and _tells_the_answer(bond, act)
        case "admit_with_parent":
            return act.text("node") not in (file.collecting_node, *file.helpers)
        case "open_exit":
            return bond.together and not bond.exit_open
        case "delivered_together":
            return bond.together and bond.exit_open and not whereabouts.recalled(file)
        case "inherit_rating":
            return not any(rating.kind == INHERITED for rating in file.ratings)
        case "paper_turn" | "paper_kept" | "paper_free":
            return _of_paper(file, bond, act)
        case "paper_shown":
            line, finding = act.text("line"), act.text("finding")
            new = all((line, finding) != told[:2] for told in bond.shown)
            return line in bond.elsewhere and finding in (SHOWN, LOST) and new
    return act.statement.type == "withdrawn_with_parent"


def _of_paper(file: CaseFile, bond: Bond, act: Act) -> bool:
    """P5: a paper that several parts need and that lies with somebody, which is told something new."""
    found = next((item for item in file.originals if item.item == act.text("item")), None)
    if found is None or not found.onward or not states.lies_with(found, found.holder):
        return False
    route, current = (bond.part, *dict(found.onward)), found.turn or bond.part
    if act.statement.type == "paper_free":
        return found.over != states.FREE and [name for name, _ in _named(act, "parts")] == list(route)
    if act.statement.type == "paper_kept":
        return found.over != states.KEPT and act.text("part") == current
    return act.text("part") in route and (act.text("part"), act.text("node")) != (current, found.to)


def _named(act: Act, member: str) -> list[tuple[str, str]]:
    told = act.statement.body.get(member)
    entries = told if isinstance(told, list) else []
    return [(str(one.get("part")), str(one.get("evidence"))) if isinstance(one, dict) else ("", "") for one in entries]


def _granted(act: Act) -> list[str]:
    """P1: what it waited for; a part that waited for nothing but the whole names none."""
    if act.statement.body.get("granted") == []:
        return []
    told = act.statement.body.get("granted")
    return [str(one.get("part")) if isinstance(one, dict) else "" for one in told] if isinstance(told, list) else [""]


def _tells_the_answer(bond: Bond, act: Act) -> bool:
    """P2, B04: just what this part said that it lacks."""
    return bond.answer == "LACKS" and set(facts.defects_of(act, "P2; B04")) == set(bond.lacks)
