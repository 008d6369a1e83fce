"""What this department decided, for everybody to read (公开公示, G08): names masked, by default nothing.

The list goes through these steps; the code carries the same numbers:
1. own cases, the law run again over their leaves; one that is not whole or finds fault is left out and named;
2. what the law itself makes public stays: granted administrative licences (行政许可法 40) that still stand as decided;
   of the others the number alone is told, by the code of why (``LEFT_OUT``), small numbers joined;
3. the form is opened with a purpose of its own, which the hub has acknowledged (H02); minors and persons whose age the
   form does not show are left out (未成年人保护法 4, 110; 个人信息保护法 31);
4. the list is stated for each case in it (``exchange.lists``), by the head, who answers for what is made public
   (政府信息公开条例 17).

Invariants: names as OUTSIDE, units by name and code; no number, address, paper or reason of a person; nothing is kept.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from crypto.refusal import Refusal
from hub.casework import numbers
from hub.casework.casefile import CaseFile
from hub.casework.catalogue.values import Item
from hub.casework.figures.report import SMALL
from hub.casework.figures.values import CaseFigures, Fact
from hub.casework.masking.fields import Field, Profile, mask
from hub.casework.masking.text import mask_record, mask_text
from hub.casework.states import State
from node_agent import acts
from node_agent.client.calls import NO_ANSWER
from node_agent.department import sealed
from node_agent.exchange import lists
from node_agent.exchange.lists import Answered, Stated
from node_agent.exchange.rows import form_part
from node_agent.figures.source import Seen, own_cases
from node_agent.known.casemirror import mirror
from node_agent.process.runtime import Agent
from node_agent.transfer import opening, pulling
from storage.transfer import TransferClient

PURPOSE: Final = "PUBLICITY"
ROLES: Final = ("HEAD",)
ADULT: Final = 18
LEFT_OUT: Final = (
    "REFUSED", "NO_LICENCE", "KEPT_OUT", "NOT_STANDING", "MINOR", "AGE_UNKNOWN", "NAME_MISSING", "UNVERIFIED",
    "UNREADABLE",
)  # fmt: skip
"""Why a decision is not in the list, whole as a closed list of codes."""
JOINED: Final = "FEW"
"""Code of those reasons together that have few cases each."""
_STANDING: Final = (State.DECIDED, State.DELIVERING, State.CLOSED, State.ARCHIVED)
_INDIVIDUAL: Final = "92"
"""How the credit code of an individual's business (个体工商户) begins: its name may be its keeper's."""
_MASKS: Final[Mapping[str, Field]] = {
    "name": Field.PERSON_NAME,
    "unit": Field.UNIT_NAME,
    "credit_code": Field.CREDIT_CODE,
}


@dataclass(frozen=True)
class Published:
    """One line. Dates are ISO, UTC+8; ``standing``: VALID, CORRECTED (T32) or REVOKED (B10); empty ``credit_code`` for
    a person."""

    case_no: str
    item: str
    task_code: str
    applicant: str
    credit_code: str
    accepted: str
    promised: str
    decided: str
    body: str
    standing: str
    complaints: str


@dataclass
class Publication:
    """The list of a period, both days included. ``left_out``: number of decisions by code; ``stated``: in the log."""

    since: str
    until: str
    lines: list[Published] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    stated: Stated | None = None

    def contents(self) -> dict[str, object]:
        """Plain values of what is made public."""
        told = [vars(line) for line in self.lines]
        return {
            "since": self.since,
            "until": self.until,
            "lines": told,
            "left_out": self.left_out_outside(),
        }

    def left_out_outside(self) -> dict[str, int]:
        """Numbers by code as everybody sees them: those under ``SMALL`` joined (H01)."""
        made = {code: n for code, n in sorted(self.left_out.items()) if n >= SMALL}
        few = sum(n for n in self.left_out.values() if n < SMALL)
        return made | ({JOINED: few} if few else {})


def publish(
    agent: Agent, staff_code: str, since: date, until: date, answered: Answered, transfer: TransferClient | None = None
) -> Publication:
    """The list of decisions of these days. Refusals PERIOD_ORDER, ROLE_MISSING, ACCESS_UNCONFIRMED, the hub's own, and
    those of a hub or store that does not answer now (``NO_ANSWER``)."""
    if since > until:
        raise Refusal("PERIOD_ORDER", "G08", since=since.isoformat(), until=until.isoformat())
    acts.role_of(agent, staff_code, ROLES)
    made, seen, cases = Publication(since.isoformat(), until.isoformat()), Seen(), []
    for figures in own_cases(agent, agent.registry.calendar(), seen):  # 1
        at = _decided_here(agent, figures)
        if not made.since <= at[:10] <= made.until:
            continue
        found = _line(agent, figures.case, at[:10], staff_code, answered, transfer)
        if isinstance(found, Published):
            made.lines.append(found)
            cases.append(figures.case)
        else:
            made.left_out[found] += 1
    if seen.left_out:
        made.left_out["UNVERIFIED"] += len(seen.left_out)
    made.lines.sort(key=lambda line: (line.decided, line.case_no))
    made.stated = lists.state(agent, staff_code, ROLES, cases, made.contents(), answered)  # 4
    return made


def _decided_here(agent: Agent, figures: CaseFigures) -> str:
    """When this department decided the case; empty when it did not. A parent decides nothing: its parts do."""
    decided = [one for one in figures.happened if one.fact is Fact.DECIDED]
    mine = bool(decided) and decided[-1].department == agent.identity.node
    return decided[-1].at if mine and not figures.theme else ""


def _line(
    agent: Agent, case_id: str, day: str, staff_code: str, answered: Answered, transfer: TransferClient | None
) -> Published | str:
    """The line, or the code of why there is none."""
    file = mirror(agent, case_id).file
    if file is None:
        return "UNVERIFIED"
    item = sealed.item_of(agent, case_id)
    why = _why_not(file, item)  # 2
    if why:
        return why
    try:
        form = _form(agent, case_id, staff_code, answered, transfer)  # 3
    except Refusal as refusal:
        if refusal.code in _STOPS | NO_ANSWER:
            raise  # else the list would be short of what cannot be fetched at this moment
        return "UNREADABLE"
    who = _applicant(form, day)
    if isinstance(who, str):
        return who
    promise = file.clocks.get("K3")
    return Published(
        case_no=file.case_no,
        item=item.name,
        task_code=item.task_code,
        applicant=who["unit"] or who["name"],
        credit_code=who["credit_code"],
        accepted=file.effective_at[:10],
        promised=(promise.due or "")[:10] if promise else "",
        decided=day,
        body=item.implementing_body.name,
        standing="REVOKED" if file.revoked else "CORRECTED" if file.corrections else "VALID",
        complaints=item.complaint_channel,
    )


_STOPS: Final = frozenset({"ACCESS_UNCONFIRMED", "ROLE_MISSING", "PERSON_UNKNOWN_HERE", "PURPOSE_UNKNOWN"})
"""What stands in the way of every case alike."""


def _why_not(file: CaseFile, item: Item) -> str:
    """Code of why the law does not make this decision public; empty when it does (行政许可法 5, 40; A23)."""
    if file.outcome != "GRANT":
        return "REFUSED"
    if item.exclusion is not None:
        return "KEPT_OUT"
    if not item.licensing_law:
        return "NO_LICENCE"
    return "" if file.state in _STANDING else "NOT_STANDING"


def _form(
    agent: Agent, case_id: str, staff_code: str, answered: Answered, transfer: TransferClient | None
) -> Mapping[str, Any]:
    digest = pulling.application_of(agent, case_id)
    role = acts.role_of(agent, staff_code, ROLES)
    lines = opening.open_sealing(
        agent, case_id, digest, staff_code, role, PURPOSE, answered=answered, transfer=transfer
    )[2]
    return opening.form_of(lines)


def _applicant(form: Mapping[str, Any], day: str) -> dict[str, str] | str:
    """Name or unit as everybody may see it, or the code of why not. ``day``: of the decision, ISO."""
    person, firm = form_part(form, "applicant"), form_part(form, "enterprise")
    if firm.get("credit_code"):
        return _unit(person.get("name", ""), firm)
    if not person.get("name"):
        return "NAME_MISSING"
    try:
        born = numbers.citizen_id(person.get("citizen_id", "")).birth_date
    except Refusal:
        return "AGE_UNKNOWN"
    if _years(born, date.fromisoformat(day)) < ADULT:
        return "MINOR"
    return mask_record({"name": person["name"], "unit": "", "credit_code": ""}, _MASKS, Profile.OUTSIDE)


def _unit(keeper: str, firm: Mapping[str, str]) -> dict[str, str] | str:
    """A unit is named; in the name of an individual's business its keeper's is masked (standards.md 15), however it is
    spaced. Of one whose keeper the form does not tell, nobody knows what to mask: it is left out."""
    try:
        code = numbers.credit_code(firm["credit_code"])
    except Refusal:
        return "NAME_MISSING"
    name = firm.get("name", "")
    if not name:
        return "NAME_MISSING"
    if code.startswith(_INDIVIDUAL):
        keeper, closed = ("".join(text.split()) for text in (keeper, name))
        if not keeper:
            return "NAME_MISSING"
        if keeper in closed:
            name = closed.replace(keeper, mask(Field.PERSON_NAME, keeper, Profile.OUTSIDE))
    shown = mask_record({"name": "", "unit": name, "credit_code": code}, _MASKS, Profile.OUTSIDE)
    return {**shown, "unit": mask_text(shown["unit"], Profile.OUTSIDE)}


def _years(born: date, on: date) -> int:
    """Whole years; who is born on 29 February has the birthday on 1 March of other years."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
