"""What cannot be verified goes back, and what came back is stored again: T12 at the department, T12R at the window.

Invariants:
- a pull is sent back only when what came is wrong for good after ``BOUNCE_AFTER`` tries; a hub, a store or a disk that
  is away, and keys that are still on their way, send nothing back;
- a reason is a machine code of the closed list; the case is the window's again and K1 runs on (states.md T12);
- the window keeps the ciphertext of a case until its receiver countersigned (or constructive delivery), bounded by
  ``spool_keep_mib``; while it is here, a bounce that the hub found sound is mended without the applicant.
"""

from collections.abc import Mapping
from typing import Final

from crypto.keyid import key_id
from crypto.manifest import read as read_manifest
from crypto.refusal import Refusal
from crypto.statement import CUSTODY, read_signed
from node_agent import acts
from node_agent.known.casemirror import ROUTES, Recorded, application_leaf, history, last_of
from node_agent.process.runtime import Agent
from node_agent.transfer.rewrap import machine_role
from storage.journal import PendingUpload

BOUNCE_AFTER: Final = 4
REASONS: Final[Mapping[str, str]] = {
    "CIPHERTEXT_CHANGED": "OBJECT_DIGEST",
    "OBJECT_CHANGED": "OBJECT_DIGEST",
    "OBJECT_MISSING": "OBJECT_MISSING",
    "PULL_MANIFEST": "MANIFEST",
    "MANIFEST_FORMAT": "MANIFEST",
    "NOT_CANONICAL": "MANIFEST",
    "PACKET_MISSING": "KEYS",
    "PACKET_UNREADABLE": "KEYS",
}
"""Reason of T12 by the code that a pull ended with."""
MIB: Final = 1 << 20
UNDELIVERED: Final = frozenset(
    {
        *("seal", "route", "retry", "bounced", "bounce_examined", "resend"),
        *("route_failed", "escalate", "redirect", "redirected", "release"),
    }
)
"""Newest custody acts of a case that nobody but the window has received yet."""
_STORED: Final = ("seal", "seal_parent", "resend")


def send_back(agent: Agent, case_id: str, refusal: Refusal) -> bool:
    """Queue ``bounced`` for a pull that ended with ``refusal`` for good; whether it is one to send back.

    What is passed up is not: the department below, which opened it, is called; the law waits a working day (T30L).
    """
    reason = REASONS.get(refusal.code)
    told = history(agent.journal, case_id)
    application = application_leaf(told)
    passed_up = (sent := last_of(told, *ROUTES)) is not None and sent.statement.type == "refer_up"
    if (
        passed_up
        or reason is None
        or application is None
        or (reason == "KEYS" and not _wrapped_to_key_of_now(agent, told))
    ):
        return False
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event="bounced",
        case_id=case_id,
        body={"manifest": application.statement.body["manifest"], "reason": reason},
        role="department",
    )
    agent.journal.queue([acts.entry_of(envelope)])  # commit point: the case goes back
    return True


def unsound(told: list[Recorded]) -> bool:
    """Whether the hub found the newest bounce right and nothing was stored again since."""
    examined = last_of(told, "bounce_examined", "resend")
    return (
        examined is not None
        and examined.statement.type == "bounce_examined"
        and examined.statement.body.get("finding") == "UNSOUND"
        and _newest_move(told) is examined
    )


def resend(agent: Agent, case_id: str, told: list[Recorded]) -> bool:
    """T12R: upload the same sealed bytes again and say so; whether it was queued now.

    False also when the bytes are gone from the spool: the applicant's pages are needed again.
    """
    if not unsound(told):
        return False
    digest = _own_sealing(agent, case_id)
    if digest is None or not spooled(agent, digest):
        return False
    known = {one.envelope.digest for one in told}
    own = (act for act in agent.journal.acts(case_id) if act.event == "resend" and act.state != "REFUSED")
    if any(act.payload_digest not in known for act in own):
        return False
    envelope = acts.build(
        agent.identity,
        agent.journal,
        event="resend",
        case_id=case_id,
        body={"manifest": digest},
        role=machine_role(agent),
    )
    agent.journal.upload_again(digest)
    agent.journal.queue([acts.entry_of(envelope, needs_upload=digest)])  # commit point: the bytes go again, then this
    return True


def resend_impossible(agent: Agent, case_id: str) -> bool:
    """Whether the ciphertext that would have to be stored again is gone from this window."""
    digest = _own_sealing(agent, case_id)
    return digest is None or not spooled(agent, digest)


def spooled(agent: Agent, digest: str) -> bool:
    """Whether the ciphertext of an own sealing is still here."""
    upload = agent.journal.upload(digest)
    return upload is not None and (agent.spool / upload.file).exists()


def keep_for_resend(event: str) -> bool:
    """Whether an own sealing's ciphertext stays after its receipt: until the case was delivered."""
    return event in _STORED


def drop_delivered(agent: Agent, case_id: str, told: list[Recorded]) -> None:
    """Erase the ciphertext of a case that its receiver has, or that ended. May be repeated.

    One that several parts of a parent share stays until each of them is delivered.
    """
    digest = None if _undelivered(told) else _own_sealing(agent, case_id)
    upload = agent.journal.upload(digest) if digest else None
    if upload is not None and any(_undelivered(history(agent.journal, other)) for other in _sharing(agent, upload)):
        return
    if upload is not None and upload.state == "DONE":
        (agent.spool / upload.file).unlink(missing_ok=True)


def bound_spool(agent: Agent) -> None:
    """Keep at most ``spool_keep_mib`` of ciphertext whose receipt is here; the oldest goes first."""
    most = agent.settings.spool_keep_mib * MIB
    if not agent.spool.is_dir() or sum(path.stat().st_size for path in agent.spool.iterdir()) <= most:
        return
    files = []
    for upload in agent.journal.uploads_done():
        path = agent.spool / upload.file
        if path.exists():
            found = path.stat()
            files.append((found.st_mtime, found.st_size, path))
    left = sum(size for _, size, _ in files) - most
    for _, size, path in sorted(files):
        if left <= 0:
            return
        path.unlink(missing_ok=True)
        left -= size


def _undelivered(told: list[Recorded]) -> bool:
    newest = _newest_move(told)
    return newest is None or newest.statement.type in UNDELIVERED


def _sharing(agent: Agent, upload: PendingUpload) -> list[str]:
    """Children that use this sealing of their parent."""
    acts_of_parent = agent.journal.acts(read_manifest(upload.manifest).case)
    bodies = [read_signed(act.envelope).body for act in acts_of_parent if act.event == "seal_parent"]
    parts = [part for body in bodies if isinstance(found := body["parts"], list) for part in found]
    return [str(part["case"]) for part in parts]


def _newest_move(told: list[Recorded]) -> Recorded | None:
    return next((one for one in reversed(told) if one.statement.chain == CUSTODY), None)


def _own_sealing(agent: Agent, case_id: str) -> str | None:
    """Digest of the newest application that this window sealed."""
    for act in reversed(agent.journal.acts(case_id)):
        if act.event == "seal" and act.state == "DONE":
            return act.needs_upload
    return None


def _wrapped_to_key_of_now(agent: Agent, told: list[Recorded]) -> bool:
    kem = agent.identity.kem
    now = key_id(kem.suite, kem.public)
    return any(
        one.statement.type == "wrap"
        and (one.statement.body.get("recipient"), one.statement.body.get("recipient_key")) == (agent.identity.node, now)
        for one in told
    )
