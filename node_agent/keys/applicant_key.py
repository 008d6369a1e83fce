"""The applicant's keyed digest at this node: who is meant by a form, and the secrets that key his number (A22, E07).

Invariants:
- the number is checked (``numbers``) and stays here; the act carries the digest alone (promise 1);
- a secret comes sealed to this node's key in a registry leaf; once opened it lies in the node's folder, mode 0600, so
  that a rotation of the key loses no applicant, and work goes on without the hub (promise 6);
- while the registrar exchanges the secret, an applicant has a digest under the new one and one under the older: what
  was taken in before is found by the older.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crypto import applicant
from crypto.records import Share
from crypto.refusal import Refusal
from hub.casework import numbers
from node_agent.process.runtime import Agent
from storage.files import write_private


@dataclass(frozen=True)
class Digests:
    """Who applies, under the newest secret and under the older one that is in force; empty without such a secret."""

    now: str = ""
    before: str = ""

    def named_in(self, body: Mapping[str, object]) -> bool:
        """Whether a seal's body names this applicant, by whatever secret."""
        named = {body.get("applicant"), body.get("applicant_before")}
        return bool(named & ({self.now, self.before} - {""}))


def digests_of(agent: Agent, form: Mapping[str, Any]) -> Digests:
    """The keyed digests of who applies; empty while this node was given no secret.

    Refusals APPLICANT_UNNAMED (the form names nobody), CITIZEN_ID_…, CREDIT_CODE_…, PACKET_UNREADABLE.
    """
    keyed = secrets_of(agent)
    if not keyed:
        return Digests()
    named = applicant_of(form)
    if named is None:
        raise Refusal("APPLICANT_UNNAMED", "A22; E07; T05")
    *before, now = (applicant.keyed_digest(secret, *named) for secret in keyed)
    return Digests(now, *before)


def applicant_of(form: Mapping[str, Any]) -> tuple[str, str] | None:
    """Kind and canonical number of who applies: the form's ``applicant``, else its own members; None without a number.

    A body by its credit code, a citizen by the id number, others by type and number of their document (E07).
    Refusals CITIZEN_ID_…, CREDIT_CODE_….
    """
    inner = form.get("applicant")
    given: Mapping[str, Any] = inner if isinstance(inner, Mapping) else form
    if given.get("credit_code"):
        return "CREDIT_CODE", numbers.credit_code(str(given["credit_code"]))
    if given.get("citizen_id"):
        return "CITIZEN_ID", numbers.citizen_id(str(given["citizen_id"])).text
    if given.get("document_type") and given.get("document_no"):
        number = "".join(str(given["document_no"]).split()).upper()
        return f"DOCUMENT_{given['document_type']}", number
    return None


def secrets_of(agent: Agent) -> tuple[bytes, ...]:
    """The secrets in force that this node was given, the newest last; those sealed to a key that was lost do not count,
    for a new machine works before the registrar shares again (promise 6). Refusal PACKET_UNREADABLE."""
    directory = agent.registry.directory
    shares = directory.shares_of(applicant.NAME, agent.identity.node, directory.epoch)
    return tuple(_opened(agent, share) for share in shares)


def _opened(agent: Agent, share: Share) -> bytes:
    kept = agent.identity.home / "keys" / f"{applicant.NAME}-{share.epoch}.secret"
    if not kept.exists():
        private = agent.identity.decryption_key(share.recipient_key)
        write_private(kept, applicant.open_share(private, agent.identity.node, share.recipient_key, share.packet))
    return kept.read_bytes()
