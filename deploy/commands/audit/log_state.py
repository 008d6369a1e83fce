"""What a node knows of the log as a whole: cosignatures of a checkpoint, alarms that stand."""

from datetime import UTC, datetime

from crypto import canonical
from crypto.log import cosignature, note
from crypto.refusal import Refusal
from deploy.commands.audit.sources import RULE
from node_agent.auditor.alarms import alarms
from node_agent.process.runtime import Agent


def alarm_objects(agent: Agent) -> list[dict[str, object]]:
    """What stands in the journal: about the log, about our receipts, about leaves that came."""
    from node_agent.transfer import receiver  # here, not above: what works on a file alone loads nothing of the network
    from node_agent.transfer.standing import read_status

    log = [{"code": alarm.code, "subject": alarm.subject, "at": alarm.raised_at} for alarm in alarms(agent.journal)]
    sent = read_status(agent.journal)["alarms"].items()
    came = receiver.alarms(agent).items()
    receipts = [{"code": alarm["code"], "subject": digest, "at": alarm["at"]} for digest, alarm in sent]
    return [*log, *receipts, *({"code": refusal.code, "subject": name, "at": ""} for name, refusal in came)]


def cosignature_objects(agent: Agent, published: str) -> list[dict[str, object]]:
    """Lines of witnesses, each checked under the key that the registry or the pins give for its name."""
    text, lines = note.parse(published.encode())
    log_names = {one.key.name for one in agent.identity.pins.log_verifiers()}
    pinned = {(key.name, key.key_id): key for key in agent.identity.pins.witnesses()}
    found: list[dict[str, object]] = []
    for line in lines:
        if line.name in log_names:
            continue
        key = pinned.get((line.name, line.key_id)) or _registered(agent, line.name)
        try:
            if key is None:
                raise Refusal("WITNESS_KEY", RULE, name=line.name)
            cosignature.verifier(key).verify(text, line.value)
            verified = True
        except Refusal:
            verified = False
        at = datetime.fromtimestamp(cosignature.timestamp_of(line.value), UTC)
        found.append({"witness": line.name, "at": canonical.time_text(at), "verified": verified})
    return found


def _registered(agent: Agent, name: str) -> note.VerifierKey | None:
    try:
        key = agent.registry.directory.current(name).keys.get("witness")
    except Refusal:  # not a node of ours, or no longer one
        return None
    return note.VerifierKey(name, note.COSIGNATURE_ED25519, key.public) if key else None
