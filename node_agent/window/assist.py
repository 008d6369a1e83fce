"""What makes a case easier for whom it is hard (E11, E12, C14): priority, an appointment, large letters.

Invariant: the log learns a code for the priority and the appointment's reference, and nothing of who the applicant is;
how large the receipt is printed stays here.
"""

from crypto.refusal import Refusal
from hub.casework.reasons import APPOINTMENT_CHANNELS, LANES
from hub.casework.references import is_reference
from node_agent.process.runtime import Agent
from node_agent.window import drafts
from node_agent.window.drafts import Draft


def tell(
    agent: Agent, case_id: str, *, lane: str = "", appointment: str = "", channel: str = "", large_print: bool = False
) -> Draft:
    """Set all of it anew in an open draft; empty takes it back. Refusals DRAFT_…, LANE_UNKNOWN, CHANNEL_UNKNOWN,
    APPOINTMENT_FORM (the law looks again at the seal)."""
    if lane and lane not in LANES:
        raise Refusal("LANE_UNKNOWN", "E11, E12", lane=lane[:20])
    appointment = appointment.upper()
    if bool(appointment) != bool(channel) or appointment and not is_reference(appointment):
        raise Refusal("APPOINTMENT_FORM", "C14", appointment=appointment[:40])
    if channel and channel not in APPOINTMENT_CHANNELS:
        raise Refusal("CHANNEL_UNKNOWN", "C14", channel=channel[:20])

    def told(draft: Draft) -> Draft:
        draft.lane, draft.appointment, draft.channel, draft.large_print = lane, appointment, channel, large_print
        return draft

    return drafts.change(agent, case_id, told)
