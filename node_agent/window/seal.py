"""T05 at the window: from a complete draft to a queued seal, upload and key packets.

Invariants:
- sealing works without hub and store, on a directory snapshot that is not too old;
- seal, upload, key packets and the draft's new state are queued in one journal transaction: a kill leaves all of them
  or none, and a page that came while the draft was being sealed refuses the seal, so none is left out;
- what the seal says is said of the draft whose pages it seals: as it stands when they are ready;
- what the receipt says is on disk before that, so no case is sealed without the paper that proves it;
- data keys leave memory only as packets; the window itself is always among the recipients;
- the applicant's secret stands on that paper alone and is kept nowhere else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

from crypto import identity
from crypto.canonical import CHINA
from crypto.checkcode import slow_hash
from crypto.records import KeyRecord, PublicKey
from crypto.refusal import Refusal
from crypto.statement import read_signed
from hub.casework import numbers
from hub.casework.hand_off import routing
from node_agent import acts
from node_agent.acts import Head
from node_agent.keys.applicant import Applicant, new_applicant
from node_agent.known.casemirror import history, last_of
from node_agent.known.snapshot import require_fresh
from node_agent.paper import shelf
from node_agent.process.runtime import Agent
from node_agent.transfer.missing_wraps import note_of
from node_agent.transfer.sealer import Bundle, wraps_of
from node_agent.verification.evidence import said_in
from node_agent.window import drafts
from node_agent.window.bundle import sealed_draft
from node_agent.window.draft_says import said_of
from node_agent.window.drafts import CheckLine, Draft
from node_agent.window.reading import Told
from node_agent.window.ready import READ_SECONDS, PageStand, ready_draft
from node_agent.window.receipt import order_of_seal
from storage.journal import OutboxEntry

COLLECTING = ("COLLECTOR", "COLLECT_LEAD")
COUNTER_LAST = 999_999


@dataclass(frozen=True)
class SealResult:
    """What the applicant gets, and what is queued. ``waiting_for``: recipients without a valid key at this moment.

    The applicant's secret waits for the printer (``window.receipt.print_waiting``). ``entries``: payload digests, the
    seal's first. ``pages``: how those stand that the list wants masked. ``check_code`` is empty, and the paper without
    a secret, when a case that came back (T24) is sealed again: those of the first receipt hold.
    """

    case_id: str
    public_no: str
    check_code: str
    manifest: str
    entries: tuple[str, ...]
    waiting_for: tuple[str, ...]
    pages: tuple[PageStand, ...] = ()


@dataclass(frozen=True)
class Reads:
    """How long sealing waits for pages that are not read yet (those with a masked copy alone), and who is told."""

    seconds: float = READ_SECONDS
    told: Told | None = None


READS = Reads()


@dataclass(frozen=True)
class Asked:
    """What the clerk asks for at the seal. ``ticks``: declaration to whether it was given; ``insist``: E04."""

    case_id: str
    staff_code: str
    reads: Reads
    late: acts.LateEntry | None
    insist: bool
    ticks: dict[str, bool]


@dataclass(frozen=True)
class Begun:
    """A seal that nothing stands against. ``draft``: the newest, its pages turned and masked; ``now``: UTC.

    ``got``: members of the body that say how the materials were got (``draft_says``, ``evidence``); ``open``: key
    lines that are open, where the applicant insists (E04); ``pages``: as in ``SealResult``.
    """

    asked: Asked
    now: datetime
    role: str
    draft: Draft
    got: dict[str, object]
    open: tuple[CheckLine, ...]
    pages: tuple[PageStand, ...]

    @property
    def today(self) -> date:
        """The day in China."""
        return self.now.astimezone(CHINA).date()


@dataclass(frozen=True)
class Given:
    """What the applicant is known by. ``key``: member ``applicant_key`` of the seal; ``applicant``: who is new, None
    when a case that came back (T24) is sealed again."""

    public_no: str
    key: object
    applicant: Applicant | None

    @property
    def check_code(self) -> str:
        """Empty for a case that came back."""
        return self.applicant.check_code if self.applicant else ""

    @property
    def check_code_hash(self) -> str:
        """For the hub, with the seal; empty for a case that came back."""
        return slow_hash(self.public_no, self.applicant.check_code) if self.applicant else ""


def seal(
    agent: Agent,
    case_id: str,
    staff_code: str,
    reads: Reads = READS,
    late: acts.LateEntry | None = None,
    /,
    *,
    insist: bool = False,
    no_classified: bool,
    applicant_signed: bool,
    privacy_notice: bool,
) -> SealResult:
    """Seal the draft and queue seal, upload and key packets; works without hub and store (T05).

    ``reads``: how long to wait for pages that the list wants masked, and who is told of the progress.

    ``insist``: the applicant insists in spite of open lines (E04); the missing key materials are named in the act.
    ``late``: taken in on paper while nothing worked, sealed now (A22); the clocks begin now all the same.
    Refusals of ``begin``, ROUTE_…, PUBLIC_PREFIX_MISSING, PUBLIC_NUMBERS_SPENT, SPOOL_UNWRITABLE and of ``finish``;
    after any of them nothing is queued and nothing of the attempt is left on disk.
    """
    ticks = {"no_classified": no_classified, "applicant_signed": applicant_signed, "privacy_notice": privacy_notice}
    begun = begin(agent, Asked(case_id, staff_code, reads, late, insist, ticks), _require_live)
    draft = begun.draft
    recipients, waiting_for = recipients_of(agent, draft, begun.now)
    given = given_to(agent, case_id)
    bundle = sealed_draft(agent, draft, next_revision(agent, case_id))
    said = {**ticks, **begun.got, "public_no": given.public_no, "manifest": bundle.digest, "applicant_key": given.key}
    if defects := sorted(line.material for line in begun.open if drafts.lacks(agent, draft, line.material)):
        said["insisted_defects"] = defects
    sealed = act_of(agent, begun, "seal", case_id, _body(draft, said), bundle, given.check_code_hash)
    head = Head(1, sealed.payload_digest)
    entries = [sealed, *wraps_of(agent.identity, agent.journal, bundle, recipients, role="window", head=head)]
    notes = note_of(case_id, bundle.digest, waiting_for)
    finish(agent, draft, bundle, entries, notes, given)
    return result_of(begun, bundle, entries, waiting_for, given)


# --- the frame of every seal of a draft: of one case, and of a parent with its parts ---------------------------------


def begin(agent: Agent, asked: Asked, require_live: Callable[[Agent, Draft, date], None]) -> Begun:
    """What comes before anything is sealed. ``require_live``: what the list must allow on this day in China.

    1. the declarations, a snapshot that is not too old, the list
    2. the draft says enough; told before anybody waits, and once more when the waiting is over
    3. pages are turned and masked; the draft is taken anew, with what other commands kept in it meanwhile

    Refusals DRAFT_…, DECLARATION_MISSING, SNAPSHOT_…, those of ``require_live``, MATERIALS_INCOMPLETE (all open key
    lines at once), those of ``said_of``, ROLE_MISSING. Nothing was queued or given out then.
    """
    draft, now = drafts.open_draft(agent, asked.case_id), datetime.now(UTC)
    require_ticks(asked.ticks)  # 1
    require_fresh(agent, now)
    require_live(agent, draft, now.astimezone(CHINA).date())
    _got(agent, draft, asked.insist)  # 2
    role = collecting_role(agent, asked.staff_code)
    draft, pages = ready_draft(agent, asked.case_id, asked.reads.seconds, asked.reads.told)  # 3
    got, still_open = _got(agent, draft, asked.insist)  # 2
    return Begun(asked, now, role, draft, got, still_open, pages)


def given_to(agent: Agent, case_id: str) -> Given:
    """Number and key of a case that came back (T24) hold; else new ones. Refusals of ``next_public_number``."""
    earlier = last_of(history(agent.journal, case_id), "seal")
    if earlier:
        return Given(str(earlier.statement.body["public_no"]), earlier.statement.body["applicant_key"], None)
    applicant = new_applicant()
    key = PublicKey(applicant.result_key.suite, applicant.result_key.public).as_object()
    return Given(next_public_number(agent), key, applicant)


def act_of(
    agent: Agent,
    begun: Begun,
    event: str,
    case_id: str,
    body: dict[str, object],
    bundle: Bundle,
    check_code_hash: str = "",
) -> OutboxEntry:
    """An act of the seal by who asked for it; it waits until the bundle is in the store."""
    asked = begun.asked
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event=event,
        case_id=case_id,
        body=body,
        role=begun.role,
        staff_code=asked.staff_code,
        late=asked.late,
    )
    return acts.entry_of(envelope, check_code_hash=check_code_hash, needs_upload=bundle.digest)


def finish(
    agent: Agent, draft: Draft, bundle: Bundle, entries: Sequence[OutboxEntry], notes: Mapping[str, bytes], given: Given
) -> None:
    """Queue a seal, the first of ``entries``, with all that goes with it, and the draft as sealed.

    What the receipt says is on disk before. Refusals RECEIPT_UNWRITABLE, JOURNAL_UNWRITABLE, DRAFT_NEWER (a page came
    while it was sealed); nothing of the attempt is left then.
    """
    sealed, public_no = entries[0], given.public_no
    with undone(agent, bundle, sealed):
        order = order_of_seal(agent, draft, public_no, read_signed(sealed.envelope).occurred_at, given.applicant)
        shelf.lay(agent.settings.home, sealed.payload_digest, order.encode())
        draft.state, draft.public_no = drafts.SEALED, public_no
        agent.journal.queue(entries, [bundle.pending()], notes, drafts.kept(draft))  # commit point: case is on its way
    shelf.publish(agent.settings.home, sealed.payload_digest, public_no)
    drafts.forget_readings(agent, draft.lines.values())


def result_of(
    begun: Begun, bundle: Bundle, entries: Sequence[OutboxEntry], waiting_for: tuple[str, ...], given: Given
) -> SealResult:
    """What the desk is told of a seal that is queued."""
    digests = tuple(entry.payload_digest for entry in entries)
    case_id, number = begun.asked.case_id, given.public_no
    return SealResult(case_id, number, given.check_code, bundle.digest, digests, waiting_for, begun.pages)


@contextmanager
def undone(agent: Agent, bundle: Bundle, sealed: OutboxEntry) -> Iterator[None]:
    """A seal that was not queued leaves nothing behind; one that was queued, although the disk said no, stands."""
    try:
        yield
    except Exception:
        if agent.journal.entry(sealed.payload_digest) is None:
            (agent.spool / bundle.file).unlink(missing_ok=True)
            shelf.drop(agent.settings.home, sealed.payload_digest)
            raise


# --- pieces ------------------------------------------------------------------------------------------------------


def next_revision(agent: Agent, case_id: str) -> int:
    """Revision of the next sealing of the application: 1, or one more for each time that the case came back (T24)."""
    return sum(one.statement.type == "seal" for one in history(agent.journal, case_id)) + 1


def _body(draft: Draft, said: Mapping[str, object]) -> dict[str, object]:
    return {
        **said,
        "task_code": draft.task_code,
        "region": draft.region,
        "catalogue": draft.catalogue,
        "delivery": draft.delivery,
    }


def require_ticks(ticks: Mapping[str, bool]) -> None:
    """Refusal DECLARATION_MISSING names the first tick that is not set (A23, 个人信息保护法 35)."""
    for tick, given in ticks.items():
        if not given:
            raise Refusal("DECLARATION_MISSING", "A23; 个人信息保护法 35; T05", declaration=tick)


def _require_live(agent: Agent, draft: Draft, today: date) -> None:
    catalogue, here = agent.registry.catalogue(draft.catalogue), identity.node_name(agent.identity.node)
    catalogue.require_live(draft.task_code, today, here, draft.region)


def _got(agent: Agent, draft: Draft, insist: bool) -> tuple[dict[str, object], tuple[CheckLine, ...]]:
    """How the draft's materials were got, and the key lines that are open; none of these unless the applicant insists.

    Refusals MATERIALS_INCOMPLETE, those of ``said_of``.
    """
    still_open = tuple(line for line in drafts.checklist(agent, draft.case) if line.strict and line.open)
    if still_open and not insist:
        missing = ",".join(line.material for line in still_open)
        raise Refusal("MATERIALS_INCOMPLETE", "A03, E04; T05, B05", missing=missing)
    got, verified = said_of(agent, draft), said_in(agent, draft)
    return ({**got, "verified": verified} if verified else got), still_open


def collecting_role(agent: Agent, staff_code: str) -> str:
    """COLLECTOR or COLLECT_LEAD, as the person has it. Refusal ROLE_MISSING."""
    person, _ = agent.identity.person(staff_code)
    roles = agent.registry.directory.current(person).roles
    for role in COLLECTING:
        if role in roles:
            return role
    raise Refusal("ROLE_MISSING", "T05; H09", role=COLLECTING[0], person=person)


def recipients_of(agent: Agent, draft: Draft, now: datetime) -> tuple[list[KeyRecord], tuple[str, ...]]:
    """This window, the department of the one queue, the recovery node; and who of them has no valid key now.

    Refusals ROUTE_NONE, ROUTE_AMBIGUOUS (A05).
    """
    directory = agent.registry.directory
    queue = routing.route(
        agent.registry.catalogue(draft.catalogue), draft.task_code, draft.region, now.astimezone(CHINA).date()
    )
    found = {agent.identity.node: directory.current(agent.identity.node)}
    missing = []
    departments = [
        record for record in directory.nodes("department") if identity.node_name(record.subject) == queue.node
    ]
    if departments:
        found[departments[0].subject] = departments[0]
    else:
        missing.append(queue.node)
    try:
        found[agent.settings.recovery_node] = directory.current(agent.settings.recovery_node)
    except Refusal:
        missing.append(agent.settings.recovery_node)
    return list(found.values()), tuple(missing)


def next_public_number(agent: Agent) -> str:
    """A number that this window never gave out. Refusals PUBLIC_PREFIX_MISSING, PUBLIC_NUMBERS_SPENT."""
    prefix = agent.registry.directory.current(agent.identity.node).public_prefix
    if prefix is None:
        raise Refusal("PUBLIC_PREFIX_MISSING", "architecture: public number", node=agent.identity.node)
    counter = agent.journal.next_number(f"public_no:{prefix}")
    if counter > COUNTER_LAST:
        raise Refusal("PUBLIC_NUMBERS_SPENT", "architecture: public number", prefix=prefix)
    return numbers.public_number(prefix, counter)
