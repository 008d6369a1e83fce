"""A parent's draft: a theme of the list with its plan (一件事), or items in several places (多地联办), A09, B06.

Invariants: as ``node_agent.window.intake``; every part has its one live queue before anything is scanned; the list
that the draft is pinned to is the one that parent and children name.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from secrets import token_hex
from typing import Any, Final

from crypto import canonical, identity
from crypto.canonical import CHINA
from crypto.refusal import Refusal
from hub.casework.catalogue.model import Catalogue
from hub.casework.catalogue.themes import Part, Theme
from hub.casework.hand_off import routing
from hub.casework.parents.values import APPROVAL
from node_agent.known.snapshot import require_fresh
from node_agent.parents.merged import MULTI, DraftPart, require_fields, serves_of, shared_lines
from node_agent.process.runtime import Agent
from node_agent.window import drafts
from node_agent.window.drafts import Draft
from node_agent.window.intake import require_filled, require_reachable

PARTS_LEAST: Final = 2
MODES: Final = ("PROXY_COLLECT", "ONLINE", MULTI)
"""Ways of handling a part (A10)."""


def begin_theme(
    agent: Agent,
    theme_code: str,
    staff_code: str,
    form: Mapping[str, Any],
    delivery: str,
    *,
    address: Mapping[str, Any] | None = None,
    partial: bool = False,
) -> str:
    """A new draft of a theme (B01, B06); its case id. ``form``: fields of the plan's one form, and who applies.

    Refusals THEME_UNKNOWN, THEME_NOT_LIVE, THEME_WINDOW (B18), FORM_FIELD_UNKNOWN, ITEM_…, ROUTE_…, SNAPSHOT_…,
    CITIZEN_ID_…, CREDIT_CODE_…, DELIVERY_UNKNOWN, ADDRESS_MISSING, DELIVERY_PROOF_LOW (I01), WINDOW_NOT_ISSUING (F09),
    PERSON_UNKNOWN_HERE.
    """
    catalogue, today = _pinned(agent, staff_code)
    theme = catalogue.theme(theme_code)
    plan = theme.require_intake(identity.node_name(agent.identity.node))
    require_fields(theme, form)
    require_filled(form, delivery, address)
    parts = tuple(_part_of(catalogue, part) for part in plan.parts if part.kind == APPROVAL)
    _require_live(agent, catalogue, parts, today, delivery)
    core = next(part for part in parts if any(one.code == part.code and one.core for one in plan.parts))
    return _keep(
        agent, catalogue, staff_code, form, delivery, address,
        parts=parts, theme=theme, serves=serves_of(theme, parts), region=core.region, partial=partial,
    )  # fmt: skip


def begin_multi(
    agent: Agent,
    wanted: Sequence[tuple[str, str]],
    staff_code: str,
    form: Mapping[str, Any],
    delivery: str,
    *,
    address: Mapping[str, Any] | None = None,
    after: Mapping[str, Sequence[str]] | None = None,
    modes: Mapping[str, str] | None = None,
    shared: Collection[str] = (),
    partial: bool = False,
) -> str:
    """A new draft of 多地联办 (A09); its case id. ``wanted``: (item, region of 12 digits or empty), in order P1, P2, …

    ``after``: parts that wait for others, by code; ``modes``: other ways than MULTI_PLACE, by code (A10); ``shared``:
    names of materials of which the applicant hands in one for all.

    Refusals PARTS_TOO_FEW, PART_UNKNOWN, MODE_UNKNOWN and those of ``window.begin``.
    """
    if len(wanted) < PARTS_LEAST:
        raise Refusal("PARTS_TOO_FEW", "A09", parts=len(wanted))
    catalogue, today = _pinned(agent, staff_code)
    require_filled(form, delivery, address)
    codes = [f"P{number}" for number in range(1, len(wanted) + 1)]
    _require_codes(codes, after or {}, modes or {})
    parts = []
    for code, (task_code, region) in zip(codes, wanted, strict=True):
        place = region or catalogue.item(task_code).implementing_body.region
        mode, before = (modes or {}).get(code, MULTI), tuple((after or {}).get(code, ()))
        parts.append(DraftPart(code, token_hex(16), task_code, place, mode, before))
    _require_live(agent, catalogue, parts, today, delivery)
    return _keep(
        agent, catalogue, staff_code, form, delivery, address,
        parts=tuple(parts), theme=None, serves=shared_lines(catalogue, parts, shared),
        region=identity.node_region(agent.identity.node), partial=partial,
    )  # fmt: skip


def theme_lines(agent: Agent) -> list[dict[str, object]]:
    """Themes of the list, those that this window takes in first; why it does not take the others."""
    here = identity.node_name(agent.identity.node)
    lines: list[dict[str, object]] = []
    for theme in agent.registry.catalogue().themes.values():
        refusal = _why_not(theme, here)
        names = [part.code for part in theme.plan.parts] if theme.plan else []
        lines.append({"theme": theme.code, "name": theme.name, "parts": names, "refusal": refusal})
    return sorted(lines, key=lambda line: line["refusal"] is not None)


def _why_not(theme: Theme, window: str) -> Refusal | None:
    try:
        theme.require_intake(window)
    except Refusal as refusal:
        return refusal
    return None


def _pinned(agent: Agent, staff_code: str) -> tuple[Catalogue, date]:
    now = datetime.now(UTC)
    agent.identity.person(staff_code)
    require_fresh(agent, now)
    return agent.registry.catalogue(), now.astimezone(CHINA).date()


def _part_of(catalogue: Catalogue, part: Part) -> DraftPart:
    """A part of a plan as a case to be; the opinion of a consultation is asked for by the hub (P13)."""
    item = catalogue.item(part.task_code)
    mode = next((mode for mode in MODES if mode in item.modes), MULTI)
    return DraftPart(part.code, token_hex(16), part.task_code, item.implementing_body.region, mode, part.after)


def _require_live(agent: Agent, catalogue: Catalogue, parts: Sequence[DraftPart], today: date, delivery: str) -> None:
    """This window takes each part in, it has its one queue, and its result can reach the applicant as chosen."""
    here = identity.node_name(agent.identity.node)
    for part in parts:
        catalogue.require_live(part.task_code, today, here, part.region)
        routing.route(catalogue, part.task_code, part.region, today)
        require_reachable(agent, catalogue, part.task_code, delivery)


def _require_codes(codes: Sequence[str], after: Mapping[str, Sequence[str]], modes: Mapping[str, str]) -> None:
    for code in (*after, *(one for named in after.values() for one in named), *modes):
        if code not in codes:
            raise Refusal("PART_UNKNOWN", "A09; P1", part=code[:24], parts=",".join(codes))
    for mode in modes.values():
        if mode not in MODES:
            raise Refusal("MODE_UNKNOWN", "A10", mode=mode[:20], modes=",".join(MODES))


def _keep(
    agent: Agent,
    catalogue: Catalogue,
    staff_code: str,
    form: Mapping[str, Any],
    delivery: str,
    address: Mapping[str, Any] | None,
    *,
    parts: tuple[DraftPart, ...],
    theme: Theme | None,
    serves: dict[str, dict[str, str]],
    region: str,
    partial: bool,
) -> str:
    draft = Draft(
        case=token_hex(16),
        state=drafts.OPEN,
        task_code=theme.code if theme else MULTI,
        region=region,
        catalogue=catalogue.version,
        staff_code=staff_code,
        begun_at=canonical.time_text(datetime.now(UTC)),
        delivery=delivery,
        form=dict(form),
        address=dict(address or {}),
        theme=theme.code if theme else "",
        parts=parts,
        serves=serves,
        partial=partial,
    )
    drafts.save(agent, draft)
    return draft.case
