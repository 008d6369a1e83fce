"""Whom a satisfaction survey may ask (满意度调查, G11): a random sample of cases that ended, drawn again by anybody.

The sample goes through these steps; the code carries the same numbers:
1. cases that this window collected and that ended in the period, the law run again over their leaves; a part of a joint
   matter is left out, for its applicant is asked once, of the whole (“一件事一次办”);
2. strata are theme (一件事, 多地联办, single) and window; each gets one place, the rest by size (largest remainder);
3. within a stratum cases stand in the order of SHA-256(seed, NUL, case id), and the first ones are taken: the same seed
   and cases give the same sample, in any language;
4. the list is stated for each case in it (``exchange.lists``) before it is written.

Invariants: who did not agree to be asked stands there with the case number alone; names and telephones as OUTSIDE, in
full only with ``contacts`` and a live EXPORT grant (H01); the consent lies in this journal alone and is erased when it
is taken back, else ``KEPT_DAYS`` after the end of the case (个人信息保护法 13(1)(1), 15, 19, 47).
"""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Final

from crypto import canonical
from crypto.refusal import Refusal
from hub.casework.figures.values import CaseFigures
from hub.casework.masking.fields import Field, Profile, mask
from hub.casework.states import State
from node_agent import acts
from node_agent.exchange import lists
from node_agent.exchange.lists import Answered, Stated
from node_agent.figures.source import Seen, own_cases
from node_agent.known.casemirror import ended_at, history, parent_of
from node_agent.process.runtime import Agent

RULE: Final = "G11; 个人信息保护法 13"
CONSENT: Final = "survey:contact:"
KEPT_DAYS: Final = timedelta(days=90)
ROLES: Final = ("COLLECT_LEAD", "HEAD")
SINGLE: Final = "SINGLE"
MOST: Final = 5000
ASKED: Final = frozenset(
    {
        *(State.CLOSED, State.ARCHIVED, State.NOT_ACCEPTED, State.TERMINATED, State.WITHDRAWN),
        *(State.P_CLOSED, State.P_ARCHIVED, State.P_WITHDRAWN, State.P_FAILED),
    }
)
"""Ends of a service that somebody had; what was never taken in, or was an error, is no service."""


@dataclass(frozen=True)
class Consent:
    """How somebody agreed to be asked. ``to``: telephone number or account; ``name``: masked."""

    channel: str
    to: str
    name: str


@dataclass(frozen=True)
class Asked:
    """One line. ``theme``: code or SINGLE; ``task_code``: empty for a joint matter; ``ended``: ISO date, UTC+8;
    ``channel``, ``to``, ``name``: empty for who did not agree."""

    case_no: str
    theme: str
    task_code: str
    window: str
    ended: str
    state: str
    channel: str = ""
    to: str = ""
    name: str = ""


@dataclass
class Sample:
    """What was drawn. ``strata``: (theme, window, cases, drawn); ``rated``, ``carded``: of all cases, how many were
    rated by the applicant and how many supervision put a card on (电子监察、在线评价)."""

    since: str
    until: str
    seed: str
    contacts: bool
    lines: list[Asked] = field(default_factory=list)
    strata: list[tuple[str, str, int, int]] = field(default_factory=list)
    rated: int = 0
    carded: int = 0
    left_out: int = 0
    stated: Stated | None = None

    @property
    def total(self) -> int:
        """Cases that the sample was drawn from."""
        return sum(cases for _, _, cases, _ in self.strata)

    def contents(self) -> dict[str, object]:
        """Plain values of what leaves."""
        return {
            **{"since": self.since, "until": self.until, "seed": self.seed},
            "strata": [list(one) for one in self.strata],
            "lines": [asdict(line) for line in self.lines],
        }


def agree(agent: Agent, case_id: str, consent: Consent | None) -> None:
    """The applicant agrees to be asked afterwards, or takes it back (None)."""
    if consent is None:
        agent.journal.forget(CONSENT + case_id)
    else:
        agent.journal.keep(CONSENT + case_id, canonical.encode({"v": 1, **asdict(consent)}))


def tidy(agent: Agent, now: str) -> None:
    """Consents of cases that ended ``KEPT_DAYS`` ago go."""
    since = canonical.time_text(canonical.time_value(now) - KEPT_DAYS)
    for name, _ in agent.journal.notes(CONSENT):
        ended = ended_at(history(agent.journal, name.removeprefix(CONSENT)))
        if ended and ended <= since:
            agent.journal.forget(name)


def sample(
    agent: Agent,
    staff_code: str,
    since: date,
    until: date,
    size: int,
    answered: Answered,
    *,
    seed: str = "",
    contacts: bool = False,
) -> Sample:
    """The sample of cases that ended on these days. ``seed``: empty for a new one.

    Refusals PERIOD_ORDER, SURVEY_SIZE (not one for each stratum, or too many), ROLE_MISSING, GRANT_MISSING (contacts),
    ACCESS_UNCONFIRMED, the hub's own.
    """
    if since > until:
        raise Refusal("PERIOD_ORDER", RULE, since=since.isoformat(), until=until.isoformat())
    acts.role_of(agent, staff_code, ROLES)
    seen = Seen()
    made = Sample(since.isoformat(), until.isoformat(), seed or secrets.token_hex(16), contacts)
    found = {one.case: (one, day) for one, day in _ended(agent, seen) if made.since <= day <= made.until}  # 1
    made.left_out = len(seen.left_out)
    made.rated = sum(any(rating.kind == "PUBLIC" for rating in one.ratings) for one, _ in found.values())
    made.carded = sum(bool(one.cards) for one, _ in found.values())
    groups: dict[tuple[str, str], list[str]] = {}
    for case, (figures, _) in found.items():
        groups.setdefault((figures.theme or SINGLE, figures.window), []).append(case)
    places = shares({name: len(cases) for name, cases in groups.items()}, size)  # 2
    drawn = [case for name in sorted(groups) for case in draw(groups[name], places[name], made.seed)]  # 3
    made.strata = [(*name, len(groups[name]), places[name]) for name in sorted(groups)]
    made.lines = [_line(agent, *found[case], contacts) for case in drawn]
    open_ones = [case for case, line in zip(drawn, made.lines, strict=True) if contacts and line.to]
    made.stated = lists.state(agent, staff_code, ROLES, drawn, made.contents(), answered, unmasked=open_ones)  # 4
    return made


def shares(sizes: Mapping[tuple[str, str], int], size: int) -> dict[tuple[str, str], int]:
    """Places of each stratum: one each, the rest by size, never more than there are cases. Refusal SURVEY_SIZE."""
    total = sum(sizes.values())
    if not len(sizes) <= size <= MOST or size < 1:
        raise Refusal("SURVEY_SIZE", RULE, size=size, least=max(len(sizes), 1), limit=MOST)
    if size >= total:
        return dict(sizes)
    rest, wider = size - len(sizes), total - len(sizes)
    made = {name: 1 + (n - 1) * rest // wider for name, n in sizes.items()}
    by_rest = sorted(sizes, key=lambda name: (-((sizes[name] - 1) * rest % wider), name))
    for name in by_rest[: size - sum(made.values())]:
        made[name] += 1
    return made


def draw(cases: Iterable[str], places: int, seed: str) -> Sequence[str]:
    """The first ones in the order of the seed."""
    return sorted(cases, key=lambda case: canonical.digest(f"{seed}\0{case}".encode()))[:places]


def _ended(agent: Agent, seen: Seen) -> Iterable[tuple[CaseFigures, str]]:
    """Cases of this window that ended, with the day; whole ones, not their parts."""
    for figures in own_cases(agent, agent.registry.calendar(), seen):
        told = history(agent.journal, figures.case)
        if figures.state in ASKED and figures.window == agent.identity.node and not parent_of(told):
            yield figures, ended_at(told)[:10]


def _line(agent: Agent, figures: CaseFigures, day: str, contacts: bool) -> Asked:
    kept = agent.journal.kept(CONSENT + figures.case)
    line = Asked(
        figures.case_no, figures.theme or SINGLE, "" if figures.theme else figures.task_code, figures.window, day,
        figures.state.value,
    )  # fmt: skip
    if kept is None:
        return line
    agreed = json.loads(kept)
    to = agreed["to"] if contacts else mask(Field.MOBILE, agreed["to"], Profile.OUTSIDE)
    return Asked(**{**asdict(line), "channel": agreed["channel"], "to": to, "name": agreed["name"]})
