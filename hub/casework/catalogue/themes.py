"""Themes (一件事): several items seen as one matter, with one lead, one form, one list, one exit (B01 to B18).

Invariants:
- a theme is part of a catalogue version, so a parent case pins it with its list (B03);
- bodies are named by credit code; written names are looked up once, in the table of departments, when a list is read
  in, and never compared afterwards (requirements, end of section 2);
- a LISTED theme is only named with its bodies (a government list says no more); only a LIVE one has a plan and can be
  applied for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from crypto.refusal import Refusal
from hub.casework.catalogue.read import limit_in
from hub.casework.catalogue.values import Limit

Entry = Mapping[str, Any]

PARENT_LIMIT_DAYS: Final = 45
PARENT_EXTENSION_DAYS: Final = 15
"""行政许可法 26, 42(2): joint handling, and what the government of the level may add once."""
ELEMENTS: Final = ("conditions", "procedure")
"""Texts of the plan; with materials, form and limits they are the five groups of elements of B03."""


@dataclass(frozen=True, slots=True)
class Department:
    """A body of a region: credit code, name, 12-digit region, and every way in which lists write its name."""

    code: str
    name: str
    region: str
    aliases: frozenset[str]


@dataclass(frozen=True, slots=True)
class Part:
    """One child of a theme. ``after``: parts that must be granted first (edges of the DAG, B07).

    ``kind``: APPROVAL, or CONSULTATION for an opinion without a result (B22); ``core``: the core step (B12);
    ``section``: office inside the department, not shown outside (B13); ``limit``: promised time of this part.
    """

    code: str
    task_code: str
    department: str
    kind: str
    core: bool
    after: tuple[str, ...]
    limit: Limit
    section: str = ""


@dataclass(frozen=True, slots=True)
class MergedMaterial:
    """One line of the one list (B05). ``serves``: part → code of the material that this one stands for there."""

    code: str
    name: str
    serves: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of the one form (B05). ``maps``: part → name of the field in that part's own form."""

    code: str
    label: str
    maps: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan (实施方案, B03) of a live theme.

    ``failure_policy``: what becomes of the siblings of a refused part (P6); ``accept_together``: one acceptance for all
    entry parts, else singly (P3); ``exit_node``: the one exit (P8); ``windows``: nodes that take the theme in (B18).
    """

    version: str
    parts: tuple[Part, ...]
    materials: tuple[MergedMaterial, ...]
    form: tuple[FormField, ...]
    texts: Mapping[str, str]
    promised_limit: Limit
    statutory_days: int
    extension_days: int
    failure_policy: str
    accept_together: bool
    exit_node: str
    windows: frozenset[str]
    assisted_fee: int

    def part(self, code: str) -> Part | None:
        """The part with ``code``, or None."""
        return next((part for part in self.parts if part.code == code), None)

    def entries(self) -> tuple[Part, ...]:
        """Parts that wait for no other."""
        return tuple(part for part in self.parts if not part.after)


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme. ``lists``: where it was announced, as (list, number there); ``applicant``: NATURAL_PERSON,
    LEGAL_PERSON, or empty when the list does not say; ``rating``: one rating for the whole (B01, B11).
    """

    code: str
    name: str
    status: str
    applicant: str
    lists: tuple[tuple[str, int], ...]
    lead: str
    cooperating: tuple[str, ...]
    rating: bool
    plan: Plan | None

    def require_intake(self, node: str) -> Plan:
        """The plan, if the node of this name takes the theme in (B06, B18). Refusals THEME_NOT_LIVE, THEME_WINDOW."""
        if self.plan is None or self.status != "LIVE":
            raise Refusal("THEME_NOT_LIVE", "requirements B03", theme=self.code, name=self.name)
        if node not in self.plan.windows:
            windows = ",".join(sorted(self.plan.windows))
            raise Refusal("THEME_WINDOW", "requirements B18", theme=self.code, window=node, nodes=windows)
        return self.plan


def department_in(entry: Entry) -> Department:
    """One of ``departments``."""
    return Department(entry["code"], entry["name"], entry["region"], frozenset(entry["aliases"]))


def theme_in(entry: Entry) -> Theme:
    """One of ``themes``, without the lead among the cooperating units (a list may print it there again)."""
    return Theme(
        entry["code"],
        entry["name"],
        entry["status"],
        entry["applicant"],
        tuple((told["list"], told["seq"]) for told in entry["lists"]),
        entry["lead"],
        tuple(code for code in entry["cooperating"] if code != entry["lead"]),
        entry["rating"],
        plan_in(entry["plan"]) if "plan" in entry else None,
    )


def plan_in(entry: Entry) -> Plan:
    """The plan of a theme."""
    return Plan(
        entry["version"],
        tuple(_part(part) for part in entry["parts"]),
        tuple(MergedMaterial(one["code"], one["name"], dict(one["serves"])) for one in entry["materials"]),
        tuple(FormField(one["code"], one["label"], dict(one["maps"])) for one in entry["form"]),
        {name: entry[name] for name in ELEMENTS},
        limit_in(entry["promised_limit"]),
        entry.get("statutory_days", PARENT_LIMIT_DAYS),
        entry.get("extension_days", PARENT_EXTENSION_DAYS),
        entry["failure_policy"],
        entry["accept_together"],
        entry["exit_node"],
        frozenset(entry["windows"]),
        entry.get("assisted_fee", 0),
    )


def _part(entry: Entry) -> Part:
    return Part(
        entry["code"],
        entry["task_code"],
        entry["department"],
        entry["kind"],
        entry["core"],
        tuple(entry["after"]),
        limit_in(entry["limit"]),
        entry.get("section", ""),
    )


class DepartmentTable:
    """Written names of bodies of one region → credit codes. A name with two meanings is none: every district has its
    区公安局, so give it the departments of the region that the list is about."""

    def __init__(self, departments: Iterable[Department]) -> None:
        self._codes: dict[str, set[str]] = {}
        for department in departments:
            for name in department.aliases | {department.name}:
                self._codes.setdefault(_written(name), set()).add(department.code)

    def code_of(self, written: str) -> str:
        """The credit code. Refusals DEPARTMENT_UNKNOWN, DEPARTMENT_AMBIGUOUS."""
        found = self._codes.get(_written(written), set())
        if not found:
            raise Refusal("DEPARTMENT_UNKNOWN", "requirements 2, data", name=written[:40])
        if len(found) > 1:
            raise Refusal("DEPARTMENT_AMBIGUOUS", "requirements 2, data", name=written[:40], codes=",".join(found))
        return next(iter(found))


def _written(name: str) -> str:
    """Blanks are no part of a name; table cells have them."""
    return "".join(name.split())
