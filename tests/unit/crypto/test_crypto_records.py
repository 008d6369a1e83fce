"""Records of the registry chain: what is out of form is refused, and nothing else is."""

from collections.abc import Callable
from typing import Any

import pytest

from crypto import canonical, identity, suites
from crypto.keystore import new_signer
from crypto.records import read_grant, read_key_record
from crypto.refusal import Refusal
from tests.unit.crypto.registry_office import NODE, OTHER, PERSON, REGION, Office, public_of
from tests.unit.crypto.test_crypto_directory import _grant

# --- records -----------------------------------------------------------------------------------------------------


def _person_body(office: Office, **changes: Any) -> dict[str, Any]:
    return office.body(f"{NODE}/person/B02", ("ACCEPTOR",)) | changes


def _node_body(office: Office, **changes: Any) -> dict[str, Any]:
    return office.body(OTHER, ("department",)) | changes


@pytest.mark.parametrize(
    "make, changes, code",
    [
        (_node_body, {"more": 1}, "KEY_RECORD_FORMAT"),
        (_node_body, {"keys": []}, "KEY_RECORD_FORMAT"),
        (_node_body, {"keys": {}}, "KEY_RECORD_FORMAT"),
        (_node_body, {"keys": {"sign": {"suite": "X", "public": "AAAA", "more": 1}}}, "KEY_RECORD_FORMAT"),
        (_node_body, {"keys": {"sign": {"suite": "X", "public": "A"}}}, "KEY_RECORD_FORMAT"),
        (_node_body, {"keys": {"sign": {"suite": "X", "public": "AAAA"}}}, "SUITE_UNKNOWN"),
        (_node_body, {"keys": {"sign": {"suite": suites.ED25519, "public": "AAAA"}}}, "PUBLIC_KEY_INVALID"),
        (_node_body, {"roles": []}, "KEY_RECORD_FORMAT"),
        (_node_body, {"roles": "department"}, "KEY_RECORD_FORMAT"),
        (_node_body, {"roles": ["ACCEPTOR"]}, "KEY_RECORD_FORMAT"),
        (_node_body, {"roles": [["department"]]}, "KEY_RECORD_FORMAT"),
        (_node_body, {"kind": "robot"}, "KEY_RECORD_FORMAT"),
        (_node_body, {"region": "500116000000"}, "KEY_RECORD_FORMAT"),
        (_node_body, {"subject": NODE}, "KEY_RECORD_FORMAT"),
        (_node_body, {"node": "donghu"}, "NODE_ID_FORMAT"),
        (_person_body, {"roles": ["department"]}, "KEY_RECORD_FORMAT"),
        (_person_body, {"node": OTHER}, "KEY_RECORD_FORMAT"),
        (_person_body, {"subject": f"{NODE}/person/张三"}, "PERSON_ID_FORMAT"),
    ],
)
def test_a_record_out_of_form_is_refused(
    office: Office, make: Callable[..., dict[str, Any]], changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        read_key_record("0" * 64, 1, make(office, **changes))
    assert refused.value.code == code


def test_one_key_has_one_purpose_and_a_person_one_key(office: Office) -> None:
    body = _node_body(office)
    body["keys"]["tls"] = body["keys"]["sign"]
    with pytest.raises(Refusal, match="KEY_RECORD_FORMAT"):
        read_key_record("0" * 64, 1, body)
    body = _person_body(office)
    body["keys"]["tls"] = public_of(new_signer()).as_object()
    with pytest.raises(Refusal, match="KEY_RECORD_FORMAT"):
        read_key_record("0" * 64, 1, body)


def test_a_person_has_no_kem_key(office: Office) -> None:
    with pytest.raises(Refusal, match="KEM_MISSING"):
        _ = office.directory.current(PERSON).kem
    assert office.directory.current(NODE).kem == office.keys[NODE]["kem"]


@pytest.mark.parametrize(
    "text", ["", "spiffe://a/360102000000/x", "spiffe://yidi.test/36/x", NODE + "/", NODE.upper(), NODE + "\n"]
)
def test_node_ids_have_one_form(text: str) -> None:
    with pytest.raises(Refusal, match="NODE_ID_FORMAT"):
        identity.require_node(text)


@pytest.mark.parametrize("code", ["", "a01", "张三", "A", "A" * 17, "A/B", "A01\n"])
def test_staff_codes_are_codes_not_names(code: str) -> None:
    with pytest.raises(Refusal, match="PERSON_ID_FORMAT"):
        identity.person_id(NODE, code)


def test_parts_of_ids() -> None:
    assert identity.node_of(PERSON) == NODE and identity.node_region(NODE) == REGION
    assert identity.node_name(NODE) == "donghu-scj"
    assert identity.dns_name(NODE) == f"donghu-scj.{REGION}.yidi.test"
    assert identity.person_id(NODE, "A01") == PERSON
    assert read_grant("0" * 64, 1, _grant()).covers("DECIDE", PERSON, "T1", "2026-06-01")
    assert canonical.digest(b"") != ""


_WRONG: list[object] = [None, True, -1, 10**30, "", "x\x00", [], [[]], [{}], [None], {}, {"a": []}, ["window", {}], "é"]
_OPTIONAL: dict[str, Any] = {"title": str, "replaces": (str, type(None)), "public_prefix": (int, type(None))}


@pytest.mark.parametrize("member", sorted(Office().body(NODE, ("window",))))
def test_a_malformed_member_of_a_record_is_refused_and_nothing_else(member: str) -> None:
    good = Office().body(NODE, ("window",))
    read_key_record("", 0, good)
    for wrong in _WRONG:
        allowed = isinstance(wrong, _OPTIONAL.get(member, ())) and not isinstance(wrong, bool)
        if allowed:
            read_key_record("", 0, good | {member: wrong})
            continue
        with pytest.raises(Refusal):
            read_key_record("", 0, good | {member: wrong})


@pytest.mark.parametrize("purpose", ["sign", "tls", "kem", "witness", "other"])
def test_a_malformed_key_of_a_record_is_refused_and_nothing_else(purpose: str) -> None:
    good = Office().body(NODE, ("window",))
    keys: dict[str, Any] = dict(good["keys"])
    one = keys["sign"]
    for wrong in (
        *_WRONG,
        *({**one, "suite": value} for value in _WRONG),
        *({**one, "public": value} for value in _WRONG),
    ):
        with pytest.raises(Refusal):
            read_key_record("", 0, good | {"keys": keys | {purpose: wrong}})
