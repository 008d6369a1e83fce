"""Guards of what an applicant does online, through a portal (全程网办; A01, A02, A19, A20, A25).

Invariants: a guard looks and refuses; nobody sits at a portal, so nobody there has seen an original; the hub gets a
commitment to what the applicant signed electronically, never who it was (promise 1).
"""

from crypto.manifest import Manifest
from crypto.refusal import Refusal
from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.catalogue.model import Catalogue, Item
from hub.casework.context import Act, World

ONLINE = "ONLINE"
COUNTER = "COUNTER_COLLECT"


def applicant_ordered(file: CaseFile | None, act: Act, world: World) -> None:
    """A02, 电子签名法 13, 14: what a portal does for an applicant names the commitment to his electronic signature.

    At a counter he signs on paper, and nothing electronic is asked of him (A19).
    """
    if act.by_portal:
        facts.require_digest(act, "order", "A02; 电子签名法 13")
    elif "order" in act.statement.body:
        raise Refusal("BODY_MEMBER", "A02, A19", member="order")


def online_lawful(file: CaseFile | None, act: Act, world: World) -> None:
    """A01, A02, A25: online only what the list offers online and no law wants in person; a counter says no mode.

    There is no counter to fetch a result at (I01).
    """
    said = act.statement.body.get("mode")
    if not act.by_portal:
        if said is not None:
            raise Refusal("BODY_MEMBER", "A02", member="mode")
        return
    if said != ONLINE:
        raise Refusal("BODY_MEMBER", "A02", member="mode")
    catalogue = facts.pinned_catalogue(act, world)
    require_online(catalogue, catalogue.item(act.text("task_code")))
    if act.text("delivery") == COUNTER:
        raise Refusal("DELIVERY_NO_COUNTER", "A02; I01", delivery=COUNTER)


def no_original_seen(file: CaseFile | None, act: Act, world: World) -> None:
    """A02, A06, 国办函〔2016〕108号: what comes through a portal was checked against no original, and none was kept."""
    if act.by_portal:
        require_unseen(facts.pinned(act, world).manifest)


def agent_empowered(file: CaseFile | None, act: Act, world: World) -> None:
    """T01, 行政许可法 29: who acts as an agent (代理人) hands in the power of attorney; nobody else does. Where law
    wants the applicant in person, nobody acts for him."""
    said = act.statement.body.get("agent")
    lines = facts.pinned(act, world).manifest.lines
    shown = any(line.material == facts.PROXY and line.pages for line in lines)
    if said not in (None, True) or (said is True) != shown:
        raise Refusal("PROXY_MISSING", "行政许可法 29; T01", agent=str(said is True), paper=str(shown))
    if said is True:
        require_agent_allowed(facts.pinned_catalogue(act, world).item(act.text("task_code")))


def portal_shows_notices(file: CaseFile | None, act: Act, world: World) -> None:
    """H02, A02: a portal opens the words of a notice for the applicant, and nothing else of the case."""
    assert file is not None
    if act.by_portal and facts.sealing_named(file, act.text("manifest")).kind != "notice":
        raise Refusal("PORTAL_NOTICES_ONLY", "H02; A02", manifest=act.text("manifest"))


# --- shared with the portal's agent -----------------------------------------------------------------------------------


def require_online(catalogue: Catalogue, item: Item) -> None:
    """Refusals IN_PERSON_REQUIRED with the nearest window (A01), ONLINE_NOT_OFFERED (A02)."""
    near = catalogue.nearest_window(item.task_code, item.implementing_body.region)
    told = {"name": item.name, "nearest": near.node if near else "", "nearest_region": near.region if near else ""}
    if item.in_person_required:
        raise Refusal("IN_PERSON_REQUIRED", "A01", **told)
    if ONLINE not in item.modes:
        raise Refusal("ONLINE_NOT_OFFERED", "A02", **told)


def require_agent_allowed(item: Item) -> None:
    """Refusal AGENT_EXCLUDED for an item that law wants the applicant in person for (行政许可法 29)."""
    if item.in_person_required:
        raise Refusal("AGENT_EXCLUDED", "行政许可法 29; A01; T01", name=item.name)


def require_unseen(manifest: Manifest) -> None:
    """Refusal ORIGINAL_NOT_SEEN for a line that says an original was checked or kept."""
    for line in manifest.lines:
        if line.original != "NOT_NEEDED" or line.trust == "B":
            raise Refusal("ORIGINAL_NOT_SEEN", "A02, A06; 国办函〔2016〕108号", material=line.material)
