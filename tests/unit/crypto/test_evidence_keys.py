"""Evidence over the years: a case that went through rotation, loss and revocation stays VALID; a dead key is found."""

from typing import Any

import pytest

from crypto import canonical, kem
from crypto.directory import COOLING_OFF
from crypto.evidence.report import Verdict
from crypto.evidence.verify import verify
from crypto.keystore import new_signer
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.statement import CUSTODY, REGISTRY, Actor, Statement, sign
from node_agent.auditor.verify import audit
from node_agent.keys.enrol import facts_of, record_body


@pytest.fixture
def log(evidence_log: Any) -> Any:
    return evidence_log.founded()


def renewed(log: Any, evidence_log: Any, subject: str) -> tuple[dict[str, Any], Any]:
    """A ``key.register`` body with new keys for everything, and the keys."""
    last = log.directory.newest(subject)
    made = evidence_log.Keys(new_signer(), kem.generate_kem(kem.X25519) if "kem" in last.keys else None)
    keys = {"sign": PublicKey(made.sign.suite, made.sign.public)}
    if made.opening is not None:
        keys["kem"] = PublicKey(made.opening.suite, made.opening.public)
    facts = facts_of(last)
    return record_body(facts.__class__(**{**facts.__dict__, "replaces": last.digest}), keys), made


def rotated(log: Any, evidence_log: Any, subject: str) -> None:
    """By the node alone: proposed, cooled off, activated."""
    body, made = renewed(log, evidence_log, subject)
    log.say_registry("key.register", body, [made.sign, log.keys[subject].sign], Actor(subject, None, "department"))
    log.now += COOLING_OFF
    waiting = {"subject": subject, "record": log.directory.proposal(subject).record.digest}
    log.say_registry("key.activate", waiting, [log.keys[subject].sign], Actor(subject, None, "department"))
    log.keys[subject] = made


def lost(log: Any, evidence_log: Any, subject: str) -> None:
    """Revoked and registered anew by the registrar."""
    log.say_registry("key.revoke", {"subject": subject, "reason": "KEY_LOST"}, [log.registrar])
    body, made = renewed(log, evidence_log, subject)
    log.say_registry("key.register", body, [made.sign, log.registrar])
    log.keys[subject] = made


def test_a_case_through_rotation_loss_and_a_departure_stays_valid(log: Any, evidence_log: Any) -> None:
    case = log.run_case(1, "accept")
    rotated(log, evidence_log, evidence_log.DEPARTMENT)
    lost(log, evidence_log, evidence_log.DEPARTMENT)
    log.say_registry("key.revoke", {"subject": evidence_log.ACCEPTOR, "reason": "STAFF_LEFT"}, [log.registrar])
    log.say_registry("key.revoke", {"subject": evidence_log.WINDOW, "reason": "STOLEN"}, [log.registrar])
    grant = log.directory.grants()[0].grant_id
    log.say(case, "decide", evidence_log.DECIDER, "DECIDER", {"outcome": "GRANT", "grant": grant})
    package = log.package(case)
    assert verify(package, log.pins()).findings == ()
    assert audit(package, log.pins()).verdict is Verdict.VALID


@pytest.mark.parametrize("whose", ["person", "node"])
def test_an_act_signed_with_a_revoked_key_after_its_revocation_is_found(
    log: Any, evidence_log: Any, whose: str
) -> None:
    """A hub that lets a dead key speak writes the proof of it into its own log."""
    case = log.run_case(1, "delivered")
    subject = evidence_log.ACCEPTOR if whose == "person" else evidence_log.DEPARTMENT
    log.say_registry("key.revoke", {"subject": subject, "reason": "STOLEN"}, [log.registrar])
    file = log.files[case]
    actor = Actor(evidence_log.DEPARTMENT, evidence_log.ACCEPTOR, "ACCEPTOR")
    at = canonical.time_text(log.now)
    statement = Statement("accept", case, CUSTODY, file.seq + 1, file.head, actor, at, {})
    signers = [log.keys[one].sign for one in (evidence_log.ACCEPTOR, evidence_log.DEPARTMENT)]
    with pytest.raises(Refusal, match="KEY_REVOKED"):
        log.place(statement, sign(statement.payload(), signers))
    moved = file.__class__(**{**file.__dict__, "case_seq": file.case_seq + 1})
    log._append(sign(statement.payload(), signers), moved, {})
    package = log.package(case)
    report = verify(package, log.pins())
    assert report.verdict is Verdict.INVALID and "KEY_REVOKED" in report.codes()
    assert audit(package, log.pins()).verdict is Verdict.INVALID


def test_an_activation_before_its_time_is_found(log: Any, evidence_log: Any) -> None:
    """A hub in league with a thief cannot hurry the cooling-off: the times of its own leaves tell."""
    case = log.run_case(1, "delivered")
    subject = evidence_log.DEPARTMENT
    body, made = renewed(log, evidence_log, subject)
    log.say_registry("key.register", body, [made.sign, log.keys[subject].sign], Actor(subject, None, "department"))
    waiting = {"subject": subject, "record": log.directory.proposal(subject).record.digest}
    actor, at = Actor(subject, None, "department"), canonical.time_text(log.now)
    statement = Statement("key.activate", None, REGISTRY, None, None, actor, at, waiting)
    envelope = sign(statement.payload(), [log.keys[subject].sign])
    with pytest.raises(Refusal, match="COOLING_OFF"):
        log.directory.admit(envelope, recorded_at=at)
    log.directory.epoch += 1
    log.registry.append(len(log.entries))
    log._append(envelope, None, {})
    report = verify(log.package(case), log.pins())
    assert report.verdict is Verdict.INVALID and "COOLING_OFF" in report.codes()
