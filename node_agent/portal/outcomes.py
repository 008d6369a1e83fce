"""What became of the applicants' orders, followed until the hub has answered for good.

Invariants:
- an order is open from the moment it is queued until its act is DONE or REFUSED; then the front is told in
  ``out/<name>.json`` (promise 7), and its note leaves the list that is looked through;
- an act that lost a race for the case's head (HEAD_MOVED) is said again with its key packets on the head of now: the
  applicant ordered it once and is not there to ask again; the law judges the new act like any other;
- what an earlier answer told (public number, check code, secret) stays in the file until the front takes it away.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from crypto.statement import CUSTODY, read_signed
from hub.casework.messages import render
from node_agent import acts
from node_agent.acts import Head
from node_agent.process.runtime import Agent
from node_agent.transfer.sealer import packets_entry
from storage.files import write_private
from storage.journal import OutboxEntry

ROLE = "portal"
TAKEN, SETTLED = "portal:", "portal-settled:"
"""Names of the notes of orders that are open, and of those that are answered."""


def note(case_id: str, public_no: str, entries: tuple[str, ...]) -> dict[str, Any]:
    """The note of an order. ``entries``: payload digests of all attempts, each act before its wraps;
    ``now``: those of the attempt that counts."""
    return {"case": case_id, "public_no": public_no, "entries": list(entries), "now": list(entries)}


def find(agent: Agent, name: str) -> dict[str, Any] | None:
    """The note of the order with this name, open or answered, or None."""
    kept = agent.journal.kept(TAKEN + name) or agent.journal.kept(SETTLED + name)
    return dict(json.loads(kept)) if kept else None


def follow(agent: Agent, answers: Path) -> int:
    """Look after every open order; how many acts were said again. May be repeated."""
    repeated = 0
    for name, data in agent.journal.notes(TAKEN):
        kept = json.loads(data)
        act = agent.journal.entry(kept["now"][0])
        if act is None or act.state == "WAITING":
            continue
        if act.refusal is not None and act.refusal.code == "HEAD_MOVED":
            repeated += _said_again(agent, name, kept, act)
            continue
        tell(answers, name.removeprefix(TAKEN), _outcome(kept, act))
        agent.journal.keep(SETTLED + name.removeprefix(TAKEN), data)
        agent.journal.forget(name)
    return repeated


def tell(answers: Path, name: str, value: dict[str, object]) -> None:
    """Write an answer for the front, beside what the file told before."""
    answers.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = answers / f"{name[:64]}.json"
    before = json.loads(path.read_text("utf-8")) if path.exists() else {}
    write_private(path, json.dumps({**before, **value}, ensure_ascii=False).encode())


def _outcome(kept: dict[str, Any], act: OutboxEntry) -> dict[str, object]:
    told: dict[str, object] = {"case": kept["case"], "public_no": kept["public_no"], "state": act.state}
    if act.refusal is None:
        return {**told, "ok": True, **({"case_no": act.case_no} if act.case_no else {})}
    refused = {"code": act.refusal.code, "message": render(act.refusal), "values": dict(act.refusal.values)}
    return {**told, "ok": False, **refused}


def _said_again(agent: Agent, name: str, kept: dict[str, Any], act: OutboxEntry) -> bool:
    """The act and its wraps once more, in one transaction with the note; False while the new head is not here."""
    said, head = read_signed(act.envelope), acts.known_head(agent.journal, act.case_id)
    if head.digest == said.prev:
        return False  # what moved the head has not come here yet
    envelope = acts.build(
        agent.identity, agent.journal, event=said.type, case_id=act.case_id, body=said.body, role=ROLE,
        chain=said.chain, head=head,
    )  # fmt: skip
    again = replace(acts.entry_of(envelope), check_code_hash=act.check_code_hash, needs_upload=act.needs_upload)
    onto = Head(head.seq + 1, envelope.digest) if said.chain == CUSTODY else head
    wraps = [_wrap(agent, wrap, onto) for digest in kept["now"][1:] if (wrap := agent.journal.entry(digest))]
    made = [again.payload_digest, *(wrap.payload_digest for wrap in wraps)]
    value = {**kept, "entries": [*kept["entries"], *made], "now": made}
    agent.journal.queue([again, *wraps], [], {name: json.dumps(value).encode()})
    return True


def _wrap(agent: Agent, wrap: OutboxEntry, head: Head) -> OutboxEntry:
    """The same packets on another head."""
    manifest = str(read_signed(wrap.envelope).body["manifest"])
    return packets_entry(
        agent.identity, agent.journal, role=ROLE, case=wrap.case_id, manifest_digest=manifest,
        packets=list(wrap.packets), head=head,
    )  # fmt: skip
