"""What a seal says of how the draft's materials were got (T05): the body's members beside manifest and numbers.

Invariant: codes, digests and days only; nothing is said of a line that is no longer in the draft.
"""

from crypto.refusal import Refusal
from hub.casework.catalogue.situations import require_answers
from node_agent.keys import applicant_key
from node_agent.process.runtime import Agent
from node_agent.window import drafts
from node_agent.window.drafts import Draft


def said_of(agent: Agent, draft: Draft) -> dict[str, object]:
    """Members ``agent``, ``situations``, ``tolerated``, ``commitment_notice``, ``reused`` with its agreement,
    ``applicant`` (``applicant_before``), ``duplicate_of`` with its reason, ``lane``, ``appointment`` with its
    ``channel``: those that there is something to say of.

    Refusals SITUATION_OPEN, SITUATION_UNKNOWN (B16), DECLARATION_MISSING (B09), APPLICANT_UNNAMED (A22).
    """
    require_answers(drafts.item_of(agent, draft), draft.answers)
    committed = any(line.acquisition == "COMMITMENT" for line in draft.lines.values())
    if committed and not draft.commitment_notice:
        raise Refusal("DECLARATION_MISSING", "B09; 国办发〔2020〕42号; T05", declaration="commitment_notice")
    promised = [
        {"material": code, "due": due, "paper": draft.promises[code]} for code, due in sorted(draft.tolerated.items())
    ]
    reused = [
        {"material": code, **draft.reused[code]}
        for code, line in sorted(draft.lines.items())
        if line.acquisition == "REUSED"
    ]
    other, reason = draft.second_intake
    who = applicant_key.digests_of(agent, draft.form)
    said: dict[str, object] = {
        "situations": dict(draft.answers),
        "tolerated": promised,
        "commitment_notice": committed,
        "reused": reused,
        "reuse_agreement": draft.reuse_agreement if reused else "",
        "applicant": who.now,
        "applicant_before": who.before,
        "agent": bool(draft.proxy),
        "duplicate_of": other,
        "duplicate_reason": reason,
        "lane": draft.lane,
        "appointment": draft.appointment,
        "channel": draft.channel,
    }
    return {name: value for name, value in said.items() if value}
