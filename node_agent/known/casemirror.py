"""What this node knows of a case, from the leaves in its own journal.

Invariants:
- leaves were verified before they were kept (``node_agent.transfer.receiver``); nothing is asked of the hub here;
- with the whole case here (all leaves from the first, documents, manifests) the law is run again, so state and due
  dates are this node's own finding and not the hub's word (promise 3);
- a node that sees a part of a case, as a gateway does, gets what the part tells and nothing guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from crypto.evidence.report import Finding
from crypto.evidence.timeline import Whole
from crypto.log import leaf as leaves
from crypto.log.leaf import Leaf
from crypto.manifest import SEALING_EVENTS, Manifest
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.statement import CUSTODY, Envelope, Statement, read_envelope, read_statement
from hub.casework.casefile import CaseFile
from hub.casework.parents.plan import manifest_code
from hub.casework.replay import replay
from hub.casework.states import PARENT_STATES, State
from hub.casework.table import LAW
from hub.casework.time.clocks import ClockState
from node_agent.acts import Head
from node_agent.process.runtime import Agent
from storage.journal import Journal

LEAVES_READ = 8192  # held in memory, some kilobytes each
OWED_LATER = "CONSEQUENCE_MISSING"
SEALS = ("seal", "seal_parent")
"""Acts of a window that make an application: of a case, of a parent (states.md 8)."""
NOTICES = ("supplement_notice", "second_notice", "merged_notice")
ADDENDA = frozenset({"supplement_part", "debt_settled", "part_shared"})
"""Acts that bring an addendum."""
DEMANDS = (*NOTICES, "merged_supplement")
"""Events that ask for a supplement: a notice of the department, or what the one notice of a parent asks of a part."""
ROUTES = ("route", "redirect", "redirected", "refer_up", "ask_pre_review")
"""Events that name the node whose turn it is to receive (``accepting_node``)."""
ENDED = frozenset(
    {
        *(State.CLOSED, State.ARCHIVED, State.WITHDRAWN, State.VOIDED, State.TERMINATED),
        *(State.NOT_ACCEPTED, State.NOT_COLLECTED, State.ABANDONED),
        *(State.P_CLOSED, State.P_ARCHIVED, State.P_WITHDRAWN, State.P_FAILED),
    }
)


@dataclass(frozen=True)
class Recorded:
    """One leaf with the statement in it."""

    leaf: Leaf
    envelope: Envelope
    statement: Statement


@dataclass(frozen=True)
class ParcelSeen:
    """A parcel as tracking statements tell it: gateway, waybill, last status, best proof (0 to 4)."""

    parcel: str
    gateway: str
    carrier: str = ""
    waybill_no: str = ""
    status: str = "CREATED"
    proof_level: int = 0


@dataclass(frozen=True)
class CaseView:
    """A case as known here. ``file``: None unless the whole case is here and the law agrees with every leaf.

    ``state``: from the file, else from the last custody act that moves a case; None when none was seen. ``findings``:
    what the law says against leaves. ``missing``: what would be needed to know the rest. Times are text in UTC+8.
    """

    case: str
    head: Head
    state: State | None
    parties: frozenset[str]
    parcels: tuple[ParcelSeen, ...]
    file: CaseFile | None = None
    findings: tuple[Finding, ...] = ()
    missing: tuple[str, ...] = ()
    clocks: Mapping[str, ClockState] = field(default_factory=dict)


@lru_cache(LEAVES_READ)
def recorded(data: bytes) -> Recorded:
    """The leaf in log bytes, a value that nobody changes: each is read once, a case is looked through often.

    Refusals of ``crypto.log.leaf`` and ``crypto.statement``.
    """
    leaf = leaves.decode(data)
    envelope = read_envelope(leaf.envelope)
    return Recorded(leaf, envelope, read_statement(envelope.payload))


def history(journal: Journal, case_id: str) -> list[Recorded]:
    """All leaves of a case that are kept here, in log order."""
    return [recorded(data) for data in journal.leaves(case_id)]


def sealings(told: list[Recorded]) -> list[tuple[str, str]]:
    """(event, manifest digest) of every sealing of the case, in log order."""
    return [
        (one.statement.type, str(one.statement.body["manifest"]))
        for one in told
        if one.statement.type in SEALING_EVENTS and one.statement.body.get("manifest")
    ]


def last_of(told: list[Recorded], *events: str) -> Recorded | None:
    """The newest leaf of one of these events, or None."""
    return next((one for one in reversed(told) if one.statement.type in events), None)


def is_over(told: list[Recorded]) -> bool:
    """Whether the newest act that moved the case ended it."""
    targets = _targets(told)
    moves = [targets[one.statement.type] for one in told if one.statement.type in targets]
    return bool(moves) and moves[-1] in ENDED


def ended_at(told: list[Recorded]) -> str:
    """When the case ended, as text in UTC+8; empty while it goes on. The archive is no end of its own."""
    targets, at = _targets(told), ""
    for one in told:
        if one.statement.type in targets:
            at = (at or one.leaf.recorded_at) if targets[one.statement.type] in ENDED else ""
    return at


def application_leaf(told: list[Recorded]) -> Recorded | None:
    """The leaf of the sealing that counts as the application now: the newest seal, else the pre-review's revision 0."""
    return last_of(told, *SEALS) or last_of(told, "ask_pre_review")


def item_code(application: Recorded) -> str:
    """Code of the item that an application is for; of a parent its theme's, or what stands for none."""
    body = application.statement.body
    return str(body.get("task_code") or manifest_code(body))


def parent_of(told: list[Recorded]) -> str:
    """The case whose sealing this one uses (states.md 8, P1): its parent's id, empty for a case of its own."""
    application = application_leaf(told)
    return str(application.statement.body.get("parent", "")) if application else ""


def material_sealings(told: list[Recorded]) -> list[str]:
    """Digests of the sealings that hold the applicant's materials: the application that counts, then its addenda."""
    application = application_leaf(told)
    first = [str(application.statement.body["manifest"])] if application else []
    return first + [str(one.statement.body["manifest"]) for one in addenda_of(told)]


def handed_on(told: list[Recorded]) -> list[str]:
    """Digests of what goes along with the case: its materials, and the first reviews of one that is passed up (T30).

    The review of a referral that was recalled does not (T30X).
    """
    reviews: list[str] = []
    for one in told:
        if one.statement.type == "refer_up":
            reviews.append(str(one.statement.body["manifest"]))
        elif one.statement.type == "referral_recalled":
            del reviews[-1:]
    return material_sealings(told) + reviews


def opinions_of(told: list[Recorded]) -> list[str]:
    """Digests of the sealed words of opinions that other departments gave (T29), oldest first."""
    return [
        str(one.statement.body["manifest"])
        for one in told
        if one.statement.type == "opinion" and one.statement.body.get("manifest")
    ]


def addenda_of(told: list[Recorded]) -> list[Recorded]:
    """Leaves of the supplements and paid debts that the law counted, in log order (T17, B10)."""
    return [one for one in told if one.statement.type in ADDENDA and one.statement.body.get("manifest")]


def demanded(told: list[Recorded]) -> tuple[list[dict[str, str]], str, list[str]]:
    """Lines ({material, defect}), due date (ISO, UTC+8) and methods of the notice that stands; empty without one."""
    sent = last_of(told, *DEMANDS)
    if sent is None:
        return [], "", []
    body = sent.statement.body
    later = [one for one in told if one.statement.type == "extend_due" and one.leaf.index > sent.leaf.index]
    due = str((later[-1] if later else sent).statement.body.get("due"))
    lines, methods = body.get("lines"), body.get("methods", [])
    assert isinstance(lines, list) and isinstance(methods, list)  # the law counted it
    return [dict(line) for line in lines], due, [str(method) for method in methods]


def kept_manifest(journal: Journal, digest: str) -> bytes | None:
    """Bytes of a manifest: fetched with a case, or of this node's own sealing."""
    kept = journal.kept(f"manifest:{digest}")
    if kept is not None:
        return kept
    own = journal.upload(digest)
    return own.manifest if own else None


def manifest_here(journal: Journal, digest: str) -> tuple[Manifest, bytes]:
    """A manifest that is kept here, and its bytes. Refusal MANIFEST_MISSING."""
    encoded = kept_manifest(journal, digest)
    if encoded is None:
        raise Refusal("MANIFEST_MISSING", "promise 6", manifest=digest)
    return read_manifest(encoded), encoded


def mirror(agent: Agent, case_id: str) -> CaseView:
    """What this node knows of a case. Refusal CASE_UNKNOWN_HERE when not one leaf of it came."""
    told = history(agent.journal, case_id)
    if not told:
        raise Refusal("CASE_UNKNOWN_HERE", "A24", case=case_id)
    seen = _partial(case_id, told)
    documents, missing = _documents(agent, told)
    manifests, unknown = _manifests(agent.journal, told)
    missing += unknown
    if [one.leaf.case_seq for one in told] != list(range(1, len(told) + 1)):
        missing.append("leaves")
    if missing:
        return _with(seen, missing=tuple(missing))
    registry = Whole.known(agent.registry.directory)  # verified leaf by leaf as it came
    made = replay([one.leaf for one in told], registry, documents, manifests, agent.identity.pins.registrar_keys)
    # The hub states its consequences in the transaction of their cause; here the second leaf may still be on its way.
    findings = tuple(found for found in made.findings if found.code != OWED_LATER)
    if findings or made.file is None:
        return _with(seen, findings=findings)
    return _with(seen, file=made.file)


def resolve(agent: Agent, name: str) -> str:
    """The case id for an id, a case number or a public number. Refusal CASE_UNKNOWN_HERE."""
    for case_id in agent.journal.case_ids():
        if name == case_id:
            return case_id
        for one in history(agent.journal, case_id):  # numbers that a case had before still find it (T24)
            if name in (one.leaf.assigned.get("case_no"), one.statement.body.get("public_no")):
                return case_id
    raise Refusal("CASE_UNKNOWN_HERE", "A24", case=name[:43])


def _with(seen: CaseView, **changes: object) -> CaseView:
    file = changes.get("file")
    if isinstance(file, CaseFile):
        changes |= {"state": file.state, "parties": file.parties(), "clocks": file.clocks}
    return CaseView(**{**seen.__dict__, **changes})


def _partial(case_id: str, told: list[Recorded]) -> CaseView:
    head, state = Head(0, None), None
    parties: set[str] = set()
    parcels: dict[str, ParcelSeen] = {}
    targets = _targets(told)
    for one in told:
        statement = one.statement
        if statement.chain == CUSTODY:
            head = Head(statement.seq or 0, one.envelope.digest)
            state = targets.get(statement.type, state)
        if statement.type != "wrap" and statement.actor.role != "hub":
            parties.add(statement.actor.node)
        _follow_parcel(parcels, statement)
    return CaseView(case_id, head, state, frozenset(parties), tuple(parcels.values()))


def _targets(told: list[Recorded]) -> dict[str, State]:
    """Event to the state that it leads to: of a parent, once one of its own acts was seen; else of a single case."""
    moving: dict[bool, dict[str, State]] = {False: {}, True: {}}
    for row in LAW.rows:
        if row.chain == CUSTODY and row.target is not None:
            moving[row.target in PARENT_STATES][row.event] = row.target
    own = moving[True].keys() - moving[False].keys()
    return moving[any(one.statement.type in own for one in told)]


def _follow_parcel(parcels: dict[str, ParcelSeen], statement: Statement) -> None:
    body = statement.body
    name = str(body.get("parcel"))
    if statement.type in ("post", "pack"):
        parcels[name] = ParcelSeen(name, str(body.get("gateway")))
    leg = parcels.get(name)
    if leg is None or statement.type not in {"waybill", "parcel_event"}:
        return
    values = dict(leg.__dict__)
    if statement.type == "waybill":
        values |= {"carrier": body.get("carrier"), "waybill_no": body.get("waybill_no"), "status": "WAYBILL_ISSUED"}
    else:
        level = body.get("proof_level")
        proof = level if isinstance(level, int) else 0
        values |= {"status": str(body.get("status")), "proof_level": max(proof, leg.proof_level)}
    parcels[name] = ParcelSeen(**values)


def _documents(agent: Agent, told: list[Recorded]) -> tuple[dict[tuple[str, str], bytes], list[str]]:
    """Published documents that the leaves name, by kind and version, and what of them is not here."""
    wanted = {("catalogue", one.leaf.catalogue) for one in told} | {("calendar", one.leaf.calendar) for one in told}
    wanted |= {("catalogue", str(one.statement.body.get("catalogue", ""))) for one in told}
    found, missing = {}, []
    for kind, version in sorted((kind, version) for kind, version in wanted if version):
        try:
            found[kind, version] = agent.registry.document(kind, version)
        except Refusal as refusal:
            if refusal.code not in {"DOCUMENT_MISSING", "VERSION_UNKNOWN"}:
                raise
            missing.append(f"{kind}:{version}")
    return found, missing


def _manifests(journal: Journal, told: list[Recorded]) -> tuple[dict[str, bytes], list[str]]:
    found, missing = {}, []
    for _, digest in sealings(told):
        encoded = kept_manifest(journal, digest)
        if encoded is None:
            missing.append(f"manifest:{digest}")
        else:
            found[digest] = encoded
    return found, missing
