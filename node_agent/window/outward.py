"""Notices to applicants outside (I02, E12): what is due, in words from one catalogue, masked, handed to an adapter.

Invariants:
- nobody is told without having asked for it at the counter; whom and how stands in this window's journal alone and is
  erased when the case is over, with the words of its notices, or ``LAST_DAYS`` after a last notice that nobody took, or
  when the applicant takes the wish back, which he may at any time (个人信息保护法 15); what became of them is
  kept ``LAST_DAYS`` from then on that it came about, so that the agent looks through little more than open cases;
- a notice says the item, the public number, where the case stands and what is next, in the public words of that state
  (``messages.public``); names are masked and free text is scanned, profile OUTSIDE (H01); no material, no reason;
- one notice a state that the case reached, kept before it is sent and told with what became of it; whoever sends
  holds the folder's lock, and a handing over that a kill interrupted goes on where it was: nothing is sent twice;
- the network is the adapter's matter: here notices become files that a sender of the hall picks up (promise 6), and
  for whom has no telephone that reads, a list of people to call.
"""

import fcntl
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from crypto import canonical
from crypto.refusal import Refusal
from hub.casework.casefile import CaseFile
from hub.casework.masking.fields import Field, Profile, mask
from hub.casework.masking.text import mask_text
from hub.casework.messages.public import NEXT_STEPS
from hub.casework.numbers import print_public_number
from hub.casework.reasons import NOTICE_CHANNELS
from hub.casework.states import State
from hub.casework.supervision.public import public_view
from node_agent.known.casemirror import ENDED, mirror
from node_agent.process.runtime import Agent
from node_agent.window import drafts, survey
from storage.files import sync_directory

CONTACT, NOTICE = "outward:contact:", "outward:notice:"
LOCK: Final = "outward.lock"
QUEUED, SENDING, SENT, FAILED = "QUEUED", "SENDING", "SENT", "FAILED"
PENDING: Final = frozenset({QUEUED, SENDING})
CALL: Final = "CALL"
"""The channel of who is called by a person (E12)."""
TRIES: Final = 5
FIRST_PAUSE: Final = timedelta(minutes=10)
"""What an unattended sender waits after the first failure, twice as long after each further one."""
LAST_DAYS: Final = timedelta(days=30)
"""How long the last notice of a case that is over waits for somebody to take it out, or to call."""
_TOLD: Final = frozenset(
    {
        *(State.PENDING_ACCEPT, State.SUPPLEMENT, State.UNDER_REVIEW, State.SUSPENDED, State.DECIDED),
        *(State.DELIVERING, State.CLOSED, State.NOT_ACCEPTED, State.TERMINATED, State.REFERRED, State.VOIDED),
        *(State.P_DISPATCHED, State.P_SUPPLEMENT, State.P_IN_PROGRESS, State.P_CONCLUDED, State.P_DELIVERING),
        *(State.P_CLOSED, State.P_FAILED),
    }
)
"""States that an applicant waits for; withdrawals are his own doing."""


@dataclass(frozen=True)
class Contact:
    """How somebody wants to be told. ``to``: telephone number or account at the channel; ``name``: masked."""

    case: str
    channel: str
    to: str
    name: str


@dataclass(frozen=True)
class Outward:
    """One notice. ``id``: of case and state; ``state``: QUEUED, SENDING, SENT or FAILED; ``at``: of the last change.

    ``place``: where it is being handed over, or was.
    """

    id: str
    case: str
    reached: str
    channel: str
    text: str
    state: str
    tries: int
    at: str
    place: str = ""


class Adapter(Protocol):
    """Takes notices out, in two steps that a kill may come between; raises OSError where it cannot."""

    @property
    def place(self) -> str:
        """Where it hands over; what was prepared goes on there alone."""

    def prepare(self, notice: Outward, to: str) -> None:
        """Lay all of it down durably, where nobody takes it yet; may be repeated."""

    def hand_over(self, notice_id: str) -> None:
        """Let what was prepared go, at once and whole; what went before stays gone."""

    def discard(self, notice_id: str) -> None:
        """Take back what was prepared and never went."""


class FileAdapter:
    """One JSON file a notice, for the hall's own sender (SMS, WeChat, Weibo, app); of mode 0600, whole or not there.

    A draft is durable before it is renamed, and only renaming takes it away: where there is none, it went. The sender
    may take ``<id>.json`` away at any moment, and leaves names that begin with a dot alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    @property
    def place(self) -> str:
        """The folder, by the one name that it has for every process."""
        return str(self._folder)

    def prepare(self, notice: Outward, to: str) -> None:
        """The draft, with channel, to and text."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        value = {"id": notice.id, "channel": notice.channel, "to": to, "text": notice.text}
        with open(
            os.open(self._draft(notice.id), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            json.dump(value, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        sync_directory(self._folder)

    def hand_over(self, notice_id: str) -> None:
        """``<id>.json``."""
        if self._draft(notice_id).exists():
            self._draft(notice_id).replace(self._folder / f"{notice_id}.json")
        sync_directory(self._folder)

    def discard(self, notice_id: str) -> None:
        """The draft goes."""
        self._draft(notice_id).unlink(missing_ok=True)

    def _draft(self, notice_id: str) -> Path:
        return self._folder / f".{notice_id}.partial"


def wish(agent: Agent, case_id: str, channel: str, to: str, *, survey_too: bool = False) -> Contact:
    """The applicant wants to be told so; asked anew it takes the place of the former wish. ``channel`` empty: no more.

    ``survey_too``: and agrees to be asked afterwards how it went (G11).

    Before the seal: afterwards the draft, and with it the name, is gone; but no more is no more at any time. Refusals
    DRAFT_…, CHANNEL_UNKNOWN, CONTACT_MISSING.
    """
    if not channel:
        with _alone(agent):
            _forget(agent, case_id, notices(agent))
        survey.agree(agent, case_id, None)
        return Contact(case_id, "", "", "")
    draft = drafts.open_draft(agent, case_id)
    if channel not in NOTICE_CHANNELS:
        raise Refusal("CHANNEL_UNKNOWN", "I02", channel=channel[:20])
    if not to.strip() or len(to) > 64:
        raise Refusal("CONTACT_MISSING", "I02; E12", channel=channel)
    person = draft.form.get("applicant")
    name = str(person.get("name") or "") if isinstance(person, Mapping) else ""
    made = Contact(case_id, channel, to.strip(), mask(Field.PERSON_NAME, name, Profile.OUTSIDE) if name else "")
    agent.journal.keep(CONTACT + case_id, canonical.encode({"v": 1, **asdict(made)}))
    survey.agree(agent, case_id, survey.Consent(made.channel, made.to, made.name) if survey_too else None)
    return made


def contacts(agent: Agent) -> list[str]:
    """Cases whose applicants want to be told."""
    return [name.removeprefix(CONTACT) for name, _ in agent.journal.notes(CONTACT)]


def collect(agent: Agent, now: str, among: Collection[str] | None = None) -> list[Outward]:
    """Queue what is due: cases whose applicant wants to be told, and that reached another state. The new ones.

    Who is over is told a last time; then the contact is erased, unless that notice still waits. ``among``: only these.
    """
    made = []
    with _alone(agent):
        for contact in _contacts(agent, among):
            file = mirror(agent, contact.case).file if agent.journal.leaves(contact.case) else None
            if file is None:
                continue
            notice = _due(agent, file, contact, now)
            if notice is not None:
                _keep(agent, notice)
                made.append(notice)
        _tidy(agent, now, among)
    return made


def send(agent: Agent, adapter: Adapter, now: str, *, unattended: bool = False) -> list[Outward]:
    """Hand over what waits, but for calls; each with what became of it. A failure is tried again, ``TRIES`` times.

    ``unattended``: after a failure only when its pause is over, and one failure ends the turn, so that a folder that is
    gone never holds the lock for long; else all at once, for somebody asked for it.
    """
    done = []
    with _alone(agent):
        for notice in notices(agent):
            elsewhere = notice.state == SENDING and notice.place != adapter.place
            if notice.state not in PENDING or notice.channel == CALL or elsewhere:
                continue
            contact = _contact(agent, notice.case)
            if contact is None or (unattended and now < _next_try(notice)):
                continue
            done.append(_handed(agent, adapter, notice, contact.to, now))
            if unattended and done[-1].state != SENT:
                break
        _tidy(agent, now, {one.case for one in done})
    return done


def waits(agent: Agent) -> bool:
    """Whether any notice waits for an adapter."""
    return any(one.state in PENDING and one.channel != CALL for one in notices(agent))


def _handed(agent: Agent, adapter: Adapter, notice: Outward, to: str, now: str) -> Outward:
    """One notice: prepared, noted as on its way, let go, noted as sent; from a kill on it goes on at that step."""
    try:
        if notice.state == QUEUED:
            adapter.prepare(notice, to)
            notice = replace(notice, state=SENDING, at=now, place=adapter.place)
            _keep(agent, notice)  # commit point: from here on it is let go, and never prepared again
        adapter.hand_over(notice.id)
        changed = replace(notice, state=SENT, tries=notice.tries + 1, at=now)
    except OSError:
        tries = notice.tries + 1
        changed = replace(notice, state=FAILED if tries >= TRIES else notice.state, tries=tries, at=now)
        if changed.state == FAILED:
            with suppress(OSError):
                adapter.discard(notice.id)
    _keep(agent, changed)
    return changed


def _next_try(notice: Outward) -> str:
    if not notice.tries:
        return ""
    return canonical.time_text(canonical.time_value(notice.at) + FIRST_PAUSE * 2 ** (notice.tries - 1))


def called(agent: Agent, notice_id: str, now: str) -> Outward:
    """A clerk has called the applicant and read the notice out. Refusal NOTICE_UNKNOWN."""
    with _alone(agent):
        found = next((one for one in notices(agent) if one.id == notice_id and one.state == QUEUED), None)
        if found is None or found.channel != CALL:
            raise Refusal("NOTICE_UNKNOWN", "E12; I02", notice=notice_id[:16])
        changed = replace(found, state=SENT, tries=found.tries + 1, at=now)
        _keep(agent, changed)
        _tidy(agent, now, {changed.case})
    return changed


def to_call(agent: Agent) -> list[tuple[Outward, Contact]]:
    """Whom to call, with the words to read out (E12)."""
    waiting = [one for one in notices(agent) if one.state == QUEUED and one.channel == CALL]
    return [(one, contact) for one in waiting if (contact := _contact(agent, one.case)) is not None]


def notices(agent: Agent) -> list[Outward]:
    """All notices kept here, oldest first."""
    found = [Outward(**_members(value)) for _, value in agent.journal.notes(NOTICE)]
    return sorted(found, key=lambda one: (one.at, one.id))


def tidy(agent: Agent, now: str) -> None:
    """Contacts of cases that are over go, with the words that were told, once the last notice went, failed for good or
    waited ``LAST_DAYS`` in vain (个人信息保护法 19, 47)."""
    with _alone(agent):
        _tidy(agent, now)


def _tidy(agent: Agent, now: str, among: Collection[str] | None = None) -> None:
    kept = notices(agent)
    since = canonical.time_text(canonical.time_value(now) - LAST_DAYS)
    waiting = {one.case for one in kept if one.state in PENDING and one.at > since}
    for contact in _contacts(agent, among):
        over = bool(agent.journal.leaves(contact.case)) and mirror(agent, contact.case).state in ENDED
        if over and contact.case not in waiting:
            _forget(agent, contact.case, kept)
    for one in kept:
        if not one.text and one.at <= since:
            agent.journal.forget(NOTICE + one.id)


def _forget(agent: Agent, case_id: str, kept: Sequence[Outward]) -> None:
    """The contact goes, with the words of what was told and of what still waits. ``kept``: all notices."""
    agent.journal.forget(CONTACT + case_id)
    for one in kept:
        if one.case == case_id:
            _keep(agent, replace(one, text="", state=FAILED if one.state in PENDING else one.state))


def text_of(file: CaseFile, contact: Contact, item: str, title: str) -> str:
    """The words: greeting, item, number, where the case stands, the day that counts, how to ask."""
    view = public_view(file, title)
    due = f"（{view.due} 前）" if view.due else ""
    greeting = f"{contact.name}您好，" if contact.name else ""
    number = print_public_number(file.public_no)
    said = f"{greeting}您办理的“{item}”{view.words}{due}。{NEXT_STEPS[file.state]}查询号 {number}，凭校验码查询。"
    return mask_text(said, Profile.OUTSIDE).replace(mask_text(number, Profile.OUTSIDE), number)


def _due(agent: Agent, file: CaseFile, contact: Contact, now: str) -> Outward | None:
    if file.state not in _TOLD:
        return None
    reached = f"{file.case}\0{file.state}\0{len(file.notices)}"
    name = canonical.digest(reached.encode())[:16]
    if agent.journal.kept(NOTICE + name) is not None:
        return None
    holder = agent.registry.directory.title_of(file.holder)  # also of one whose keys have ended
    words = text_of(file, contact, _item(agent, file), holder)
    return Outward(name, file.case, file.state.value, contact.channel, words, QUEUED, 0, now)


def _item(agent: Agent, file: CaseFile) -> str:
    listed = agent.registry.catalogue(file.catalogue)
    if file.bundle is None:
        return listed.item(file.task_code).name
    return listed.theme(file.bundle.theme).name if file.bundle.theme else "多地联办"


def _contacts(agent: Agent, among: Collection[str] | None = None) -> Iterator[Contact]:
    for name, value in agent.journal.notes(CONTACT):
        if among is None or name.removeprefix(CONTACT) in among:
            yield Contact(**_members(value))


def _contact(agent: Agent, case_id: str) -> Contact | None:
    kept = agent.journal.kept(CONTACT + case_id)
    return Contact(**_members(kept)) if kept else None


def _keep(agent: Agent, notice: Outward) -> None:
    agent.journal.keep(NOTICE + notice.id, canonical.encode({"v": 1, **asdict(notice)}))


def _members(value: bytes) -> dict[str, Any]:
    return {name: member for name, member in json.loads(value).items() if name != "v"}


@contextmanager
def _alone(agent: Agent) -> Iterator[None]:
    """One at a time, of all processes at this folder: commands work beside the agent."""
    with open(agent.settings.home / LOCK, "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
