"""What an applicant orders in an online case of his.

A supplement, a debt paid, withdrawal, choice of delivery, rating, complaint, enquiry, the result opened.

Invariants:
- an order is carried out once: the act and the note that it was taken are queued together;
- the log has codes and commitments; what the applicant signed stays here under its commitment (``order:<digest>``),
  kept before the act is queued (promise 1);
- a result is opened with the applicant's own secret, in memory; that it was opened is said when every page is on disk.
"""

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from crypto import canonical
from crypto.kem import kem_from_seed
from crypto.refusal import Refusal
from crypto.sealing import KeyPacket, open_page, unwrap_key
from node_agent import acts
from node_agent.department.decision_words import committed
from node_agent.known.casemirror import history, last_of, mirror, resolve
from node_agent.portal.outcomes import ROLE
from node_agent.portal.papers import RULE, Order, commitment
from node_agent.portal.sealing import Taken, pay, queue_order, supplement
from node_agent.process.runtime import Agent
from node_agent.supervision.supervising import WORDS_NOTE
from node_agent.transfer import pulling
from storage.files import write_private
from storage.transfer import TransferClient

RESULTS = ("issue", "reissue", "correct_result")
SUFFIX = {"image/jpeg": "jpg", "image/png": "png", "image/tiff": "tif", "application/json": "json"}


def carry_out(agent: Agent, name: str, asked: Order, answers: Path) -> Taken:
    """Do what the order says. Refusals APPLICATION_FORMAT for an unknown act, and those of the act."""
    made = ACTS.get(asked.act)
    if made is None:
        raise Refusal("APPLICATION_FORMAT", RULE, member="act")
    return made(agent, name, asked, answers)


def _withdraw(agent: Agent, name: str, asked: Order, answers: Path) -> Taken:
    """T35: in writing, as a data message that was signed (电子签名法 4)."""
    body = {"identity_checked": True, "paper": _kept(agent, asked)}
    return _say(agent, name, asked, "withdraw", body)


def _choose(agent: Agent, name: str, asked: Order, answers: Path) -> Taken:
    """D1, I01."""
    body = {"delivery": str(asked.values.get("delivery", "")), "paper": _kept(agent, asked)}
    return _say(agent, name, asked, "choose_delivery", body, chain="delivery")


def _rate(agent: Agent, name: str, asked: Order, answers: Path) -> Taken:
    """T38: five levels for three targets, by the applicant who showed who he is."""
    _kept(agent, asked)
    body = {"scores": asked.values.get("scores"), "basis": "CHECK_CODE", "by_applicant": True}
    return _say(agent, name, asked, "rate", body, chain="supervision")


def _complain(agent: Agent, name: str, asked: Order, answers: Path) -> Taken:
    """G07: the words stay here, the log has their commitment."""
    body = {"channel": "ONLINE", "words": _words_kept(agent, asked)}
    body |= {member: str(asked.values.get(member, "")) for member in ("kind", "about_node", "handler")}
    return _say(agent, name, asked, "complain", body, chain="supervision")


def _enquire(agent: Agent, name: str, asked: Order, answers: Path) -> Taken:
    """F05, G06: the unit that the applicant asks answers for it; the words stay here."""
    body = {"channel": "ONLINE", "words": _words_kept(agent, asked)}
    body |= {member: str(asked.values.get(member, "")) for member in ("topic", "to")}
    return _say(agent, name, asked, "enquire", body, chain="supervision")


def _open_result(agent: Agent, name: str, asked: Order, answers: Path) -> Taken:
    """D3: the pages for the applicant, and that he has them."""
    case_id = resolve(agent, asked.case)
    issued = last_of(history(agent.journal, case_id), *RESULTS)
    if issued is None:
        raise Refusal("RESULT_NOT_READY", "D3", node=agent.identity.node)
    digest = str(issued.statement.body["manifest"])
    for file, data in _pages(agent, case_id, digest, issued.statement.body, str(asked.values.get("secret", ""))):
        write_private(answers / f"{name}-{file}", data)
    _kept(agent, asked)
    return _say(agent, name, asked, "e_opened", {"manifest": digest}, chain="delivery")


ACTS: dict[str, Callable[[Agent, str, Order, Path], Taken]] = {
    "supplement": lambda agent, name, asked, answers: supplement(agent, name, asked),
    "pay": lambda agent, name, asked, answers: pay(agent, name, asked),
    "withdraw": _withdraw,
    "delivery": _choose,
    "rate": _rate,
    "complain": _complain,
    "enquire": _enquire,
    "result": _open_result,
}
"""What a front may order, by name."""


# --- pieces ----------------------------------------------------------------------------------------------------------


def _say(
    agent: Agent, name: str, asked: Order, event: str, body: Mapping[str, object], chain: str = "custody"
) -> Taken:
    case_id = resolve(agent, asked.case)
    envelope = acts.build(
        agent.identity, agent.journal, event=event, case_id=case_id, body=body, role=ROLE, chain=chain
    )
    file = mirror(agent, case_id).file
    return queue_order(agent, name, acts.entry_of(envelope), file.public_no if file else "")


def _words_kept(agent: Agent, asked: Order) -> str:
    """The commitment to what the applicant wrote; the words, and what he signed, stay in this node's journal.

    Refusal APPLICATION_FORMAT.
    """
    text = str(asked.values.get("words", "")).strip()
    if not text:
        raise Refusal("APPLICATION_FORMAT", RULE, member="words")
    made, page = committed({"words": text})
    agent.journal.keep(WORDS_NOTE + made["words"], canonical.encode(page))
    _kept(agent, asked)
    return made["words"]


def _kept(agent: Agent, asked: Order) -> str:
    """The commitment to what the applicant signed; the words behind it stay in this node's journal."""
    digest, page = commitment(asked.signed)
    agent.journal.keep(f"order:{digest}", json.dumps(page, ensure_ascii=False).encode())
    return digest


def _pages(agent: Agent, case_id: str, digest: str, body: Mapping[str, Any], secret: str) -> list[tuple[str, bytes]]:
    """Every page of a result, opened by the applicant's key before the first is given out.

    Refusals APPLICATION_FORMAT (no secret), PACKET_UNREADABLE (another one), and those of ``fetch_sealing``.
    """
    try:
        private = kem_from_seed(bytes.fromhex(secret))
    except ValueError as error:
        raise Refusal("APPLICATION_FORMAT", RULE, member="secret") from error
    path = pulling.sealed_file(agent, case_id, digest)
    if not path.exists():
        pulling.fetch_sealing(agent, case_id, digest, TransferClient())
    manifest = pulling.require_manifest(agent.journal.kept(f"manifest:{digest}") or b"", digest, case_id)
    keys = {}
    for one in body["applicant_packets"]:
        packet = KeyPacket(one["line"], one["rendition"], "applicant", "", base64.b64decode(one["packet"]))
        keys[packet.line, packet.rendition] = unwrap_key(private, case_id, manifest.revision, packet)
    made = []
    for line, page, rendition in manifest.streams():
        stream = rendition.stream
        data = open_page(keys[line.line, rendition.name], stream, pulling.read_stream(path, stream))
        made.append((f"{line.line}-{page.number:03d}.{SUFFIX.get(rendition.media_type, 'bin')}", data))
    return made
