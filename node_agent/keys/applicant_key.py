"""The applicant's keyed digest at this node: who is meant by a form, and the secret that keys his number (A22, E07).

Invariants:
- the number is checked (``numbers``) and stays here; the act carries the digest alone (promise 1);
- the secret comes sealed to this node's key in a registry leaf; once opened it lies in the node's folder, mode 0600, so
  that a rotation of the key loses no applicant, and work goes on without the hub (promise 6).
"""

from collections.abc import Mapping
from typing import Any

from crypto import applicant
from crypto.refusal import Refusal
from hub.casework import numbers
from node_agent.process.runtime import Agent
from storage.files import write_private


def digest_of(agent: Agent, form: Mapping[str, Any]) -> str:
    """The keyed digest of who applies; empty while this node was given no secret.

    Refusals APPLICANT_UNNAMED (the form names nobody), CITIZEN_ID_…, CREDIT_CODE_…, PACKET_UNREADABLE.
    """
    secret = secret_of(agent)
    if secret is None:
        return ""
    named = applicant_of(form)
    if named is None:
        raise Refusal("APPLICANT_UNNAMED", "A22; E07; T05")
    return applicant.keyed_digest(secret, *named)


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


def secret_of(agent: Agent) -> bytes | None:
    """The secret that this node was given last, or None. Refusal PACKET_UNREADABLE when its key is gone."""
    share = agent.registry.directory.share(applicant.NAME, agent.identity.node)
    if share is None:
        return None
    kept = agent.identity.home / "keys" / f"{applicant.NAME}-{share.epoch}.secret"
    if not kept.exists():
        private = agent.identity.decryption_key(share.recipient_key)
        write_private(kept, applicant.open_share(private, agent.identity.node, share.recipient_key, share.packet))
    return kept.read_bytes()
