"""The registry chain: who spoke for whom at which position, and what is not admitted."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from crypto import suites
from crypto.keystore import new_signer
from crypto.refusal import Refusal
from crypto.statement import CUSTODY, REGISTRY, Actor, Envelope, Statement, sign
from tests.unit.crypto.registry_office import AT, HEAD, NODE, OTHER, PERSON, Office, new_kem, public_of, refused


def test_each_leaf_raises_the_epoch_by_one(office: Office) -> None:
    assert office.directory.epoch == 3
    assert [record.subject for record in office.directory.records()] == [NODE, PERSON, HEAD]
    assert [record.subject for record in office.directory.nodes("department")] == [NODE]


# --- registration ------------------------------------------------------------------------------------------------


def test_registration_needs_the_registrar(office: Office) -> None:
    body = office.body(OTHER, ("department",))
    refused("REGISTRAR_SIGNATURE_MISSING", lambda: office.admit("key.register", body, office.signers[OTHER]), office)


def test_registration_needs_possession(office: Office) -> None:
    body = office.body(OTHER, ("department",))
    refused("POSSESSION_UNPROVEN", lambda: office.admit("key.register", body, office.registrar), office)


def test_registration_with_a_bad_signature(office: Office) -> None:
    made = sign(
        office.statement("key.register", office.body(OTHER, ("department",))).payload(),
        [office.registrar, office.signers[OTHER]],
    )
    (one, first), (two, second) = made.signatures
    swapped = Envelope(made.payload, ((one, second), (two, first)))
    refused("SIGNATURE_INVALID", lambda: office.directory.admit(swapped), office)


def test_a_signature_by_nobody_is_refused(office: Office) -> None:
    body = office.body(OTHER, ("department",))
    signers = office.registrar, office.signers[OTHER], new_signer()
    refused("SIGNER_UNKNOWN", lambda: office.admit("key.register", body, *signers), office)


def test_a_key_of_another_subject_is_not_registered_again(office: Office) -> None:
    body = office.body(OTHER, ("department",))
    body["keys"]["witness"] = office.keys[NODE]["witness"].as_object()
    signers = office.registrar, office.signers[OTHER]
    refused("KEY_REUSED", lambda: office.admit("key.register", body, *signers), office)


def test_a_replaced_key_does_not_come_back(office: Office) -> None:
    old = office.signers[NODE]
    office.register(NODE, "department")
    body = office.body(NODE, ("department",))
    body["keys"]["sign"] = public_of(old).as_object()
    refused("KEY_REUSED", lambda: office.admit("key.register", body, office.registrar, old), office)


def test_a_key_keeps_its_purpose(office: Office) -> None:
    """Else signatures by the old signing key would lose their meaning afterwards."""
    old = office.keys[NODE]["sign"]
    body = office.body(NODE, ("department",))
    body["keys"]["tls"] = old.as_object()
    signers = office.registrar, office.signers[NODE]
    refused("KEY_REUSED", lambda: office.admit("key.register", body, *signers), office)


@pytest.mark.parametrize("replaces", [None, "ab" * 32])
def test_a_new_record_names_the_one_it_replaces(office: Office, replaces: str | None) -> None:
    body = office.body(NODE, ("department",), replaces=replaces)
    signers = office.registrar, office.signers[NODE]
    refused("RECORD_NOT_CURRENT", lambda: office.admit("key.register", body, *signers), office)


def test_a_person_needs_a_registered_node(office: Office) -> None:
    stranger = f"{OTHER}/person/A01"
    body = office.body(stranger, ("ACCEPTOR",))
    signers = office.registrar, office.signers[stranger]
    refused("SUBJECT_UNKNOWN", lambda: office.admit("key.register", body, *signers), office)


def _renewal(office: Office, **changes: Any) -> dict[str, Any]:
    record = office.directory.current(NODE)
    keys = {purpose: key.as_object() for purpose, key in record.keys.items()}
    keys["tls"] = public_of(new_signer()).as_object()
    signer = office.signers[NODE]
    body = office.body(NODE, ("department",), keys=keys)
    office.signers[NODE] = signer
    return body | changes


def test_renewal_without_the_registrar_changes_the_tls_key_alone(office: Office) -> None:
    office.admit("key.register", _renewal(office), office.signers[NODE])
    assert office.directory.current(NODE).epoch == 4


@pytest.mark.parametrize("what", ["roles", "public_prefix", "title", "kem"])
def test_renewal_of_anything_else_needs_the_registrar(office: Office, what: str) -> None:
    body = _renewal(office)
    if what == "kem":
        body["keys"]["kem"] = new_kem().as_object()
    else:
        body[what] = {"roles": ["hub"], "public_prefix": 7, "title": "Other office"}[what]
    refused("REGISTRAR_SIGNATURE_MISSING", lambda: office.admit("key.register", body, office.signers[NODE]), office)


def test_a_revoked_node_does_not_renew_itself(office: Office) -> None:
    body = _renewal(office)
    office.admit("key.revoke", {"subject": NODE}, office.registrar)
    with pytest.raises(Refusal) as refused:
        office.admit("key.register", body, office.signers[NODE])
    assert refused.value.code in {"KEY_REUSED", "REGISTRAR_SIGNATURE_MISSING"}


# --- validity by position ----------------------------------------------------------------------------------------


def test_a_replaced_key_is_valid_before_and_not_after(office: Office) -> None:
    old = office.keys[NODE]["sign"].id
    office.register(NODE, "department")
    directory = office.directory
    assert directory.entry(old, 1).record.subject == NODE
    assert directory.entry(old, 3).purpose == "sign"
    for epoch in (4, None):
        with pytest.raises(Refusal, match="KEY_REVOKED"):
            directory.entry(old, epoch)
    with pytest.raises(Refusal, match="SIGNER_UNKNOWN"):
        directory.entry(office.keys[NODE]["sign"].id, 3)
    assert directory.current(NODE, 3).epoch == 1 and directory.current(NODE).epoch == 4


def test_revocation_counts_from_its_own_position(office: Office) -> None:
    statement, envelope = office.signed(PERSON, NODE, PERSON)
    assert office.directory.signed_by_person(statement, envelope).subject == PERSON
    office.admit("key.revoke", {"subject": PERSON}, office.registrar)
    assert office.directory.signed_by_person(statement, envelope, 3).subject == PERSON
    for epoch in (4, None):
        with pytest.raises(Refusal, match="KEY_REVOKED"):
            office.directory.signed_by_person(statement, envelope, epoch)
        with pytest.raises(Refusal, match="KEY_REVOKED"):
            office.directory.current(PERSON, epoch)
    assert PERSON not in {record.subject for record in office.directory.records()}


def test_a_node_keeps_its_name_on_lists_when_its_keys_have_ended(office: Office) -> None:
    """A list of cases must not end at one whose holder was revoked."""
    assert office.directory.title_of(NODE) == NODE.rpartition("/")[2]
    office.register(OTHER, "department", title="市场监督管理局")
    office.admit("key.revoke", {"subject": OTHER}, office.registrar)
    assert office.directory.title_of(OTHER) == "市场监督管理局"


def test_a_revoked_key_stays_revoked_when_its_owner_registers_again(office: Office) -> None:
    """The span between revocation and the new record belongs to nobody."""
    statement, envelope = office.signed(PERSON, NODE, PERSON)
    office.admit("key.revoke", {"subject": PERSON}, office.registrar)
    office.register(OTHER, "department")
    office.register(PERSON, "ACCEPTOR")
    for epoch in (4, 5, 6):
        with pytest.raises(Refusal, match="KEY_REVOKED"):
            office.directory.signed_by_person(statement, envelope, epoch)


def test_a_revocation_told_again_does_not_end_the_new_keys(office: Office) -> None:
    """The hub alone orders the log: without this, it could play an old revocation against whoever enrolled again."""
    revoked = office.admit("key.revoke", {"subject": PERSON}, office.registrar)
    office.register(PERSON, "ACCEPTOR")
    for verified in (False, True):
        refused("STATEMENT_TWICE", partial(office.directory.admit, revoked, verified=verified), office)
    assert office.directory.current(PERSON).epoch == 5


def test_a_refused_statement_may_come_again_when_it_is_right(office: Office) -> None:
    statement = office.statement("key.revoke", {"subject": PERSON})
    unsigned = sign(statement.payload(), [office.signers[NODE]])
    refused("REGISTRAR_SIGNATURE_MISSING", lambda: office.directory.admit(unsigned), office)
    office.directory.admit(sign(statement.payload(), [office.registrar]))
    with pytest.raises(Refusal, match="KEY_REVOKED"):
        office.directory.current(PERSON)


def test_the_newest_record_is_told_of_the_ended_too(office: Office) -> None:
    last = office.directory.current(PERSON)
    office.admit("key.revoke", {"subject": PERSON}, office.registrar)
    assert office.directory.newest(PERSON) == last
    assert office.directory.newest(OTHER) is None


def test_roles_are_those_of_the_position_when_a_key_is_carried_over(office: Office) -> None:
    signer, keys = office.signers[PERSON], office.keys[PERSON]
    body = office.body(PERSON, ("COLLECTOR",), keys={"sign": keys["sign"].as_object()})
    office.signers[PERSON] = signer
    office.admit("key.register", body, office.registrar, signer)
    statement, envelope = office.signed(PERSON, NODE, PERSON)
    assert office.directory.signed_by_person(statement, envelope, 3).roles == {"ACCEPTOR", "DECIDER"}
    with pytest.raises(Refusal, match="ROLE_MISSING"):
        office.directory.signed_by_person(statement, envelope, 4)


def test_only_the_registrar_revokes(office: Office) -> None:
    signer = office.signers[NODE]
    refused("REGISTRAR_SIGNATURE_MISSING", lambda: office.admit("key.revoke", {"subject": PERSON}, signer), office)
    refused("SUBJECT_UNKNOWN", lambda: office.admit("key.revoke", {"subject": "x"}, office.registrar), office)


# --- who signed --------------------------------------------------------------------------------------------------


def test_node_and_person_must_both_have_signed(office: Office) -> None:
    statement, envelope = office.signed(PERSON, PERSON)
    with pytest.raises(Refusal, match="NODE_SIGNATURE_MISSING"):
        office.directory.signed_by_node(statement, envelope)
    statement, envelope = office.signed(PERSON, NODE)
    with pytest.raises(Refusal, match="PERSON_SIGNATURE_MISSING"):
        office.directory.signed_by_person(statement, envelope)
    statement, envelope = office.signed(NODE, NODE)
    with pytest.raises(Refusal, match="PERSON_SIGNATURE_MISSING"):
        office.directory.signed_by_person(statement, envelope)
    statement, envelope = office.signed(PERSON, HEAD, NODE)
    with pytest.raises(Refusal, match="PERSON_SIGNATURE_MISSING"):
        office.directory.signed_by_person(statement, envelope)


def test_a_tls_key_does_not_sign_statements(office: Office) -> None:
    tls = new_signer()
    office.register(OTHER, "department")
    body = office.body(NODE, ("department",))
    body["keys"]["tls"] = public_of(tls).as_object()
    office.admit("key.register", body, office.registrar, office.signers[NODE])
    statement, _ = office.signed(NODE, NODE)
    with pytest.raises(Refusal, match="NODE_SIGNATURE_MISSING"):
        office.directory.signed_by_node(statement, sign(statement.payload(), [tls]))


def test_a_person_speaks_for_the_own_node_and_in_own_roles(office: Office) -> None:
    office.register(OTHER, "department")
    statement, envelope = office.signed(PERSON, NODE, PERSON)
    elsewhere = replace(statement, actor=replace(statement.actor, node=OTHER))
    with pytest.raises(Refusal, match="PERSON_OF_OTHER_NODE"):
        office.directory.signed_by_person(elsewhere, sign(elsewhere.payload(), [office.signers[PERSON]]))
    statement, envelope = office.signed(PERSON, NODE, PERSON, role="ISSUER")
    with pytest.raises(Refusal, match="ROLE_MISSING"):
        office.directory.signed_by_person(statement, envelope)


def test_checks_name_suite_and_key_by_the_record(office: Office) -> None:
    _, envelope = office.signed(PERSON, NODE, PERSON)
    checks = office.directory.checks(envelope)
    assert [check.public for check in checks] == [office.signers[name].public for name in (NODE, PERSON)]
    for check in checks:
        suites.verify(check.suite, check.public, check.signature, envelope.signed_bytes)


@pytest.mark.parametrize("chain, kind", [(REGISTRY, "key.other"), (CUSTODY, "key.register")])
def test_other_statements_are_not_admitted(office: Office, chain: str, kind: str) -> None:
    custody = chain == CUSTODY
    made = Statement(kind, "c0" * 16 if custody else None, chain, 1 if custody else None, None,
                     Actor(NODE, None, "registrar"), AT, {})  # fmt: skip
    envelope = sign(made.payload(), [office.registrar])
    refused("NOT_A_REGISTRY_STATEMENT", lambda: office.directory.admit(envelope), office)


# --- grants and publications -------------------------------------------------------------------------------------


def _grant(**changes: Any) -> dict[str, Any]:
    return {
        "grant_id": "G-1",
        "kind": "DECIDE",
        "node": NODE,
        "person": PERSON,
        "items": ["T1"],
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
        "document": "0" * 64,
    } | changes


def test_a_grant_covers_person_item_and_days_and_ends_when_revoked(office: Office) -> None:
    office.head("grant.issue", _grant())
    live = office.directory.live_grant
    assert live("DECIDE", PERSON, "T1", "2026-12-31") is not None
    assert live("DECIDE", PERSON, "T1", "2026-01-01") is not None
    assert live("DECIDE", PERSON, "T1", "2027-01-01") is None
    assert live("DECIDE", PERSON, "T1", "2025-12-31") is None
    assert live("DECIDE", PERSON, "T2", "2026-06-01") is None
    assert live("SEAL_USE", PERSON, "T1", "2026-06-01") is None
    assert live("DECIDE", HEAD, "T1", "2026-06-01") is None
    assert live("DECIDE", PERSON, "T1", "2026-06-01", 3) is None
    office.head("grant.issue", _grant(grant_id="G-2", items=["*"], kind="SEAL_USE"))
    assert live("SEAL_USE", PERSON, "any", "2026-06-01") is not None
    office.head("grant.revoke", {"grant_id": "G-1"})
    assert live("DECIDE", PERSON, "T1", "2026-06-01") is None
    assert live("DECIDE", PERSON, "T1", "2026-06-01", 5) is not None
    assert [grant.grant_id for grant in office.directory.grants()] == ["G-2"]


@pytest.mark.parametrize(
    "changes",
    [
        *({"more": 1}, {"kind": "OTHER"}, {"kind": ["DECIDE"]}, {"items": "T1"}, {"person": f"{OTHER}/person/A01"}),
        *({"items": []}, {"items": [1]}, {"items": ["食品经营许可"]}, {"grant_id": "张三的授权"}, {"grant_id": 7}),
        *({"valid_to": "长期"}, {"valid_to": "2026-02-30"}, {"valid_from": ""}, {"valid_from": 20260101}),
        *({"valid_to": "2025-12-31"}, {"document": "授权委托书"}, {"document": "A" * 64}),
    ],
    ids=str,
)
@pytest.mark.requirement("F04")
def test_a_grant_out_of_form_is_refused(office: Office, changes: dict[str, Any]) -> None:
    refused("GRANT_FORMAT", lambda: office.head("grant.issue", _grant(**changes)), office)


@pytest.mark.requirement("F04")
def test_a_grant_is_taken_back_by_code_alone(office: Office) -> None:
    office.head("grant.issue", _grant())
    refused("GRANT_FORMAT", lambda: office.head("grant.revoke", {"grant_id": "G-1", "reason": "张三调走了"}), office)
    refused("GRANT_FORMAT", lambda: office.head("grant.revoke", {"grant_id": "G-1", "note": "x"}), office)
    refused("GRANT_FORMAT", lambda: office.head("grant.revoke", {"reason": "LEFT_POST"}), office)
    office.head("grant.revoke", {"grant_id": "G-1", "reason": "LEFT_POST"})
    assert [(grant.grant_id, ended) for grant, ended in office.directory.grants_ever(NODE)] == [("G-1", True)]
    assert office.directory.grants() == [] and office.directory.grants_ever(OTHER) == []


def test_grants_are_issued_by_the_head_of_the_own_node_once(office: Office) -> None:
    person_signs = office.signers[NODE], office.signers[PERSON]
    actor = Actor(NODE, PERSON, "DECIDER")
    refused("ROLE_MISSING", lambda: office.admit("grant.issue", _grant(), *person_signs, actor=actor), office)
    refused("ROLE_MISSING", lambda: office.head("grant.issue", _grant(), role="DECIDER"), office)
    other = _grant(node=OTHER, person=f"{OTHER}/person/A01")
    refused("GRANT_FORMAT", lambda: office.head("grant.issue", other), office)
    office.head("grant.issue", _grant())
    refused("GRANT_FORMAT", lambda: office.head("grant.issue", _grant()), office)
    refused("GRANT_UNKNOWN", lambda: office.head("grant.revoke", {"grant_id": "G-9"}), office)
    office.head("grant.revoke", {"grant_id": "G-1"})
    refused("GRANT_UNKNOWN", lambda: office.head("grant.revoke", {"grant_id": "G-1"}), office)


def test_versions_are_published_once_by_the_registrar(office: Office) -> None:
    body = {"version": "2026.11-1", "document": "0" * 64, "effective_from": "2026-11-01"}
    signer = office.signers[NODE]
    refused("REGISTRAR_SIGNATURE_MISSING", lambda: office.admit("catalogue.publish", body, signer), office)
    assert office.directory.latest("catalogue") is None
    office.admit("catalogue.publish", body, office.registrar)
    office.admit("calendar.publish", body, office.registrar)
    refused("VERSION_TAKEN", lambda: office.admit("catalogue.publish", body, office.registrar), office)
    office.admit("catalogue.publish", body | {"version": "2026.12-1"}, office.registrar)
    latest = office.directory.latest("catalogue")
    assert latest is not None and latest.version == "2026.12-1"
    assert office.directory.publication("calendar", "2026.11-1").epoch == 5
    refused("VERSION_UNKNOWN", lambda: office.directory.publication("calendar", "x"), office)
