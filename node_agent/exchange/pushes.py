"""What the line system hands over, and a person signs: nothing that comes through the hook is an act of anybody.

Invariants (promise 2, 电子签名法 13; default no):
- a push is codes, words and page images kept on this disk under the line system's own key; it changes no case;
- a person signs it by name with the very functions that the commands call, so each guard and each grant is asked the
  same; a machine signs nothing, and what nobody signs stays where it is until it is dropped;
- the same key with the same content is one push, however often it is sent; with other content it is refused;
- words stay on this node as they do with a command: the log gets commitments.
"""

import base64
import binascii
import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from crypto import canonical
from crypto.refusal import Refusal
from hub.casework import reasons
from node_agent.department import desk as department
from node_agent.department import result, review
from node_agent.imaging.check import inspect_page
from node_agent.known.casemirror import resolve
from node_agent.process.runtime import Agent
from node_agent.window.drafts import keep_files
from storage.journal import OutboxEntry

RULE = "promise 2; 电子签名法 13"
NOTE = "hook:push:"
PENDING, SIGNING, SIGNED, DROPPED = "PENDING", "SIGNING", "SIGNED", "DROPPED"
MOST_FILES = 50
MOST_WAITING = 1000
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_LONGEST = 4000


@dataclass(frozen=True)
class Member:
    """One value of an act: whether it must be there; ``words``: the closed list it is a code of, empty for words."""

    needed: bool
    words: Mapping[str, str] = field(default_factory=dict)


ACTS: Final[Mapping[str, Mapping[str, Member]]] = {
    "accept": {},
    "step_done": {"step": Member(True, reasons.STEP_NAMES), "opinion": Member(False)},
    "send_back_step": {"step": Member(True, reasons.STEP_NAMES), "reason": Member(True, reasons.STEP_RETURN_REASONS)},
    "end_special": {
        "result": Member(True, reasons.SPECIAL_RESULTS),
        "kind": Member(False, reasons.SPECIAL_KINDS),
    },
    "decide": {
        "outcome": Member(True, {"GRANT": "准予", "REFUSE": "不予"}),
        "reasons": Member(False),
        "appeal": Member(False),
    },
    "issue": {},
}
"""What may be pushed, by event of the law; ``issue`` brings the pages of the result."""
WITH_FILES: Final = frozenset({"issue"})


@dataclass(frozen=True)
class Push:
    """One push. ``content``: digest of what was sent; ``files``: names in its folder; ``act``: payload digest once
    it was signed, by ``staff_code``; ``at``: when it came, text in UTC+8; ``before``: acts of the kind when it was."""

    key: str
    case: str
    event: str
    values: Mapping[str, str]
    files: tuple[str, ...]
    content: str
    at: str
    state: str = PENDING
    act: str = ""
    staff_code: str = ""
    before: int = 0


def take(agent: Agent, key: str, told: Mapping[str, Any]) -> Push:
    """Keep a push ({case, event, values, files: base64}). Refusals HOOK_KEY, HOOK_KEY_REUSED, HOOK_ACT, HOOK_VALUE,
    HOOK_FILES, HOOK_FULL, CASE_UNKNOWN_HERE, those of the page check."""
    if _KEY.fullmatch(key) is None:
        raise Refusal("HOOK_KEY", "H10", length=len(key))
    content = canonical.digest(json.dumps(told, sort_keys=True).encode())
    known = kept(agent, key)
    if known is not None:
        if known.content != content:
            raise Refusal("HOOK_KEY_REUSED", "H10", at=known.at)
        return known
    event = str(told.get("event"))
    if set(told) - {"case", "event", "values", "files"} or event not in ACTS:
        raise Refusal("HOOK_ACT", RULE, choices="、".join(ACTS))
    values = _values(event, told.get("values", {}))
    case_id = resolve(agent, str(told.get("case")))
    files = _files(event, told.get("files", []))
    if sum(push.state == PENDING for push in pushes(agent)) >= MOST_WAITING:
        raise Refusal("HOOK_FULL", "H10", limit=MOST_WAITING)
    _tidy(agent)
    names = keep_files(_folder(agent, key, make=True), files) if files else []
    made = Push(key, case_id, event, values, tuple(names), content, canonical.time_text(datetime.now(UTC)))
    _keep(agent, made)
    return made


def kept(agent: Agent, key: str) -> Push | None:
    """A push by its key, or None."""
    value = agent.journal.kept(NOTE + key) if _KEY.fullmatch(key) else None
    return _read(value) if value is not None else None


def pushes(agent: Agent) -> list[Push]:
    """All pushes that are kept, the oldest first."""
    found = [_read(value) for _, value in agent.journal.notes(NOTE)]
    return sorted(found, key=lambda push: (push.at, push.key))


def sign(agent: Agent, key: str, staff_code: str) -> OutboxEntry:
    """A person makes the act that was pushed. Refusals HOOK_UNKNOWN, HOOK_SETTLED, and those of the act itself.

    An act that a kill left queued but not noted is found again and not made twice.
    """
    push = _waiting(agent, key)
    made = [entry for entry in agent.journal.acts(push.case) if entry.event == push.event]
    if push.state == SIGNING and len(made) > push.before:
        entry = made[push.before]
    else:
        push = Push(**{**vars(push), "state": SIGNING, "staff_code": staff_code, "before": len(made)})
        _keep(agent, push)
        try:
            entry = _SIGNED[push.event](agent, push, staff_code)
        except Refusal:
            _keep(agent, Push(**{**vars(push), "state": PENDING, "staff_code": ""}))
            raise
    _keep(agent, Push(**{**vars(push), "state": SIGNED, "act": entry.payload_digest}))
    return entry


def drop(agent: Agent, key: str, staff_code: str) -> Push:
    """A person says that it shall not be done; its pages are erased. Refusals HOOK_UNKNOWN, HOOK_SETTLED."""
    push = _waiting(agent, key)
    agent.identity.person(staff_code)
    made = Push(**{**vars(push), "state": DROPPED, "staff_code": staff_code, "values": {}, "files": ()})
    _keep(agent, made)
    shutil.rmtree(_folder(agent, key), ignore_errors=True)
    return made


def answer(agent: Agent, push: Push) -> dict[str, object]:
    """What the line system is told: state of the push, and what the hub said of the act (WAITING, DONE, REFUSED)."""
    entry = agent.journal.entry(push.act) if push.act else None
    told: dict[str, object] = {
        "key": push.key,
        "case": push.case,
        "event": push.event,
        "state": push.state if entry is None else entry.state,
        "at": push.at,
        "act": push.act,
    }
    if entry is not None and entry.refusal is not None:
        told["refusal"] = {"code": entry.refusal.code, "rule": entry.refusal.rule}
    return told


# --- pieces ----------------------------------------------------------------------------------------------------------


def _accept(agent: Agent, push: Push, staff: str) -> OutboxEntry:
    return department.accept(agent, push.case, staff)


def _step_done(agent: Agent, push: Push, staff: str) -> OutboxEntry:
    return review.step_done(agent, push.case, staff, push.values["step"], push.values.get("opinion", ""))


def _send_back(agent: Agent, push: Push, staff: str) -> OutboxEntry:
    return review.send_back(agent, push.case, staff, push.values["step"], push.values["reason"])


def _end_special(agent: Agent, push: Push, staff: str) -> OutboxEntry:
    return review.end_special(agent, push.case, staff, push.values["result"], push.values.get("kind", ""))


def _decide(agent: Agent, push: Push, staff: str) -> OutboxEntry:
    told = push.values
    words = (told.get("reasons", ""), told.get("appeal", ""))
    return department.decide(agent, push.case, staff, told["outcome"], *words)


def _issue(agent: Agent, push: Push, staff: str) -> OutboxEntry:
    folder = _folder(agent, push.key)
    return result.issue(agent, push.case, staff, [folder / name for name in push.files])


_SIGNED: Final[Mapping[str, Callable[[Agent, Push, str], OutboxEntry]]] = {
    "accept": _accept,
    "step_done": _step_done,
    "send_back_step": _send_back,
    "end_special": _end_special,
    "decide": _decide,
    "issue": _issue,
}


def _tidy(agent: Agent) -> None:
    """Words and pages of acts that the hub took have done their work here: the case has them, sealed."""
    for push in pushes(agent):
        entry = agent.journal.entry(push.act) if push.act else None
        if entry is not None and entry.state == "DONE" and (push.values or push.files):
            _keep(agent, Push(**{**vars(push), "values": {}, "files": ()}))
            shutil.rmtree(_folder(agent, push.key), ignore_errors=True)


def _waiting(agent: Agent, key: str) -> Push:
    push = kept(agent, key)
    if push is None:
        raise Refusal("HOOK_UNKNOWN", "H10", value=key[:20])
    entry = agent.journal.entry(push.act) if push.act else None
    if push.state == DROPPED or (entry is not None and entry.state != "REFUSED"):
        raise Refusal("HOOK_SETTLED", RULE, at=push.at)
    return push


def _values(event: str, told: object) -> dict[str, str]:
    members = ACTS[event]
    if not isinstance(told, dict) or set(told) - set(members):
        raise Refusal("HOOK_VALUE", "promise 1", event=event, member="values")
    for name, member in members.items():
        value = told.get(name, "")
        whole = isinstance(value, str) and len(value) <= _LONGEST
        if not whole or (member.needed and not value) or (value and member.words and value not in member.words):
            raise Refusal("HOOK_VALUE", "promise 1", event=event, member=name)
    return {name: value for name, value in told.items() if value}


def _files(event: str, told: object) -> list[tuple[str, bytes]]:
    if not isinstance(told, list) or bool(told) != (event in WITH_FILES) or len(told) > MOST_FILES:
        raise Refusal("HOOK_FILES", "A05", event=event, limit=MOST_FILES)
    made = []
    for number, text in enumerate(told, 1):
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError, TypeError) as error:
            raise Refusal("HOOK_FILES", "A05", event=event, limit=MOST_FILES) from error
        facts = inspect_page(f"{number:03}", data)
        made.append((f"{number:03}.{_SUFFIX[facts.media_type]}", data))
    return made


_SUFFIX = {"image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif"}


def _folder(agent: Agent, key: str, *, make: bool = False) -> Path:
    path = agent.settings.home / "hook" / key
    if make:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _keep(agent: Agent, push: Push) -> None:
    agent.journal.keep(NOTE + push.key, canonical.encode({"v": 1, **asdict(push)}))


def _read(value: bytes) -> Push:
    told: dict[str, Any] = canonical.parse(value)
    told.pop("v")
    return Push(**{**told, "files": tuple(told["files"])})
