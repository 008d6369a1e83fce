"""Enrolment of nodes and persons over real TLS: tokens, possession, renewal, revocation."""

import importlib.util
import json
import secrets
import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crypto import certificates
from crypto.directory import Directory
from crypto.keystore import SoftwareKeystore
from crypto.refusal import Refusal
from crypto.statement import read_envelope
from deploy.registrar.registrar import Registrar
from hub.services import enrolment
from node_agent.client.enrolment import EnrolmentDoor, Mode, RegistryDoor
from node_agent.enrol import enrol_node, finish_renewal, prepare_node, renew, token_tag

if TYPE_CHECKING:
    from tests.conftest import Databases
    from tests.integration.hub_region import Region

pytestmark = pytest.mark.integration


def _open(folder: Path, url: str) -> "Region":
    name = "yidi_test_hub_region"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("hub_region.py"))
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    made: Region = sys.modules[name].Region(folder, url)
    return made


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory, postgres_service: "Databases") -> "Iterator[Region]":
    database = f"test_{secrets.token_hex(6)}"
    postgres_service.create_database(database)
    made = _open(tmp_path_factory.mktemp("region"), postgres_service.url(database))
    yield made
    made.close()


@pytest.fixture
def name() -> str:
    """A node name that no other test uses."""
    return f"hall-{secrets.token_hex(4)}"


def directory(region: "Region") -> Directory:
    """The directory as anybody replays it from the hub's leaves, every signature verified."""
    with RegistryDoor.open(region.address, region.registrar.authority_pem, *region.registrar.node_tls()) as door:
        desk = type(region.desk)(region.registrar, door)
        desk.catch_up()
        return desk.directory


def test_window_enrols_and_is_let_in(region: "Region", name: str) -> None:
    client = region.enrol(name)
    leaves, epoch = client.registry_leaves(0)
    record = directory(region).current(region.node(name))
    assert record.roles == {"window"} and 10_001 <= (record.public_prefix or 0) <= 99_999
    assert set(record.keys) == {"tls", "sign", "kem", "witness"}
    assert len(leaves) == epoch
    home = region.home(name)
    files = [path for path in home.rglob("*") if path.is_file()]
    assert files and all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)


def test_two_windows_get_two_prefixes(region: "Region", name: str) -> None:
    one, other = (region.token(f"{name}-{number}", "window")[1].public_prefix for number in (1, 2))
    assert one != other


def test_person_enrols_at_her_node(region: "Region", name: str) -> None:
    region.enrol(name)
    region.enrol_person(name, "A01", "COLLECTOR")
    record = directory(region).current(f"{region.node(name)}/person/A01")
    own = SoftwareKeystore(region.home(name) / "persons" / "A01").signer("sign")
    assert record.roles == {"COLLECTOR"} and record.keys["sign"].public == own.public


def test_enrolling_again_gives_the_same_leaf(region: "Region", name: str) -> None:
    token, facts = region.token(name, "window")
    asked = (region.home(name), region.door, region.registrar.authority_pem, token, facts)
    first = enrol_node(*asked)
    epoch = directory(region).epoch
    assert enrol_node(*asked) == first
    assert directory(region).epoch == epoch


def test_a_token_is_good_for_one_record(region: "Region", name: str, tmp_path: Path) -> None:
    token, facts = region.token(name, "window")
    enrol_node(region.home(name), region.door, region.registrar.authority_pem, token, facts)
    with pytest.raises(Refusal) as caught:
        enrol_node(tmp_path / "thief", region.door, region.registrar.authority_pem, token, facts)
    assert (caught.value.code, caught.value.values["reason"]) == ("ENROLMENT_REFUSED", "TOKEN_USED")


def test_a_wrong_token_is_refused(region: "Region", name: str) -> None:
    _, facts = region.token(name, "window")
    with pytest.raises(Refusal) as caught:
        enrol_node(region.home(name), region.door, region.registrar.authority_pem, "guessed", facts)
    assert caught.value.values["reason"] == "TOKEN_UNKNOWN"


@pytest.mark.parametrize("change", [{"roles": ("registrar", "window")}, {"public_prefix": 10_000}, {"title": "别处"}])
def test_a_record_must_say_what_the_token_was_issued_for(
    region: "Region", name: str, change: dict[str, object]
) -> None:
    token, facts = region.token(name, "window")
    wrong = replace(facts, **change)  # type: ignore[arg-type]
    with pytest.raises(Refusal) as caught:
        enrol_node(region.home(name), region.door, region.registrar.authority_pem, token, wrong)
    assert caught.value.values["reason"] == "RECORD_DIFFERS"
    with pytest.raises(Refusal, match="SUBJECT_UNKNOWN"):
        directory(region).current(region.node(name))


def test_an_expired_token_is_refused(region: "Region", name: str) -> None:
    token, facts = region.token(name, "window")
    prepared = prepare_node(region.home(name), facts)
    payload = prepared.record.payload
    tag = token_tag(token, prepared.certificate_request, payload)
    late = datetime.now(UTC) + timedelta(days=8)
    with pytest.raises(Refusal, match="TOKEN_EXPIRED"):
        region.registrar.tokens.redeem(
            facts.subject, tag, prepared.certificate_request, payload, prepared.record.digest, now=late
        )


def test_the_door_wants_possession_form_and_size(region: "Region", name: str) -> None:
    token, facts = region.token(name, "window")
    prepared = prepare_node(region.home(name), facts)
    other = prepare_node(region.home(f"{name}-other"), facts)
    stolen = replace(prepared.record, signatures=other.record.signatures)
    request, record, tag = prepared.certificate_request, prepared.record.encode(), bytes(32)
    cases = {
        "POSSESSION_UNPROVEN": (facts.subject, request, stolen.encode(), tag),
        "ENROLMENT_FORMAT": (facts.subject, other.certificate_request, record, tag),
        "ENROLMENT_TOO_LARGE": (facts.subject, request + b"\n" * 9_000, record, tag),
        "NOT_CANONICAL": (facts.subject, request, record + b" ", tag),
        "REQUEST_INVALID": (facts.subject, b"no request", record, tag),
        "MESSAGE_TOO_LARGE": (facts.subject, request, record, bytes(70_000)),
    }
    with EnrolmentDoor(region.door, region.registrar.authority_pem) as door:
        for code, asked in cases.items():
            with pytest.raises(Refusal) as caught:
                door.request(*asked)
            assert caught.value.code == code
        with pytest.raises(Refusal, match="ENROLMENT_UNKNOWN"):
            door.get("0" * 32)


def test_the_door_is_bounded(region: "Region", name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrolment, "PENDING_MOST", 0)
    token, facts = region.token(name, "window")
    with pytest.raises(Refusal, match="ENROLMENT_DESK_FULL"):
        enrol_node(region.home(name), region.door, region.registrar.authority_pem, token, facts)


def test_renewal_replaces_the_tls_key_alone(region: "Region", name: str) -> None:
    before_client = region.enrol(name)
    before = directory(region).current(region.node(name))
    old = (region.home(name) / "tls.pem").read_bytes()
    made = renew(region.home(name), region.address, region.door, before)
    after = directory(region).current(region.node(name))
    assert made == (region.home(name) / "tls.pem").read_bytes() != old
    assert after.keys["tls"] != before.keys["tls"] and after.keys["sign"] == before.keys["sign"]
    region.client(name).registry_leaves(0)
    with pytest.raises(Refusal, match="KEY_REVOKED"):
        before_client.registry_leaves(0)


def test_a_renewal_that_changes_more_is_refused(region: "Region", name: str) -> None:
    region.enrol(name)
    record = directory(region).current(region.node(name))
    with pytest.raises(Refusal, match="RENEWAL_CHANGES_MORE"):
        renew(region.home(name), region.address, region.door, replace(record, roles=frozenset({"window", "portal"})))


def test_a_renewal_of_another_node_is_refused(region: "Region", name: str) -> None:
    region.enrol(name)
    region.enrol(f"{name}-other")
    victim = directory(region).current(region.node(f"{name}-other"))
    with pytest.raises(Refusal, match="ENROLMENT_FORMAT"):
        renew(region.home(name), region.address, region.door, victim)


def test_a_renewal_cut_short_is_finished_at_the_next_start(tmp_path: Path) -> None:
    keys, draft = SoftwareKeystore(tmp_path / "keys"), SoftwareKeystore(tmp_path / "renewal")
    keys.generate_signer("tls")
    fresh = draft.generate_signer("tls")
    (tmp_path / "renewal" / "renewed.crt").write_bytes(b"certificate")
    (tmp_path / "renewal" / "tls.pem").replace(tmp_path / "keys" / "tls.pem")  # cut between the two moves
    finish_renewal(tmp_path)
    assert SoftwareKeystore(tmp_path / "keys").signer("tls").public == fresh.public
    assert (tmp_path / "tls.pem").read_bytes() == b"certificate" and not (tmp_path / "renewal").exists()


def test_an_answer_may_come_twice_but_not_otherwise(region: "Region", name: str) -> None:
    token, facts = region.token(name, "window")
    prepared = prepare_node(region.home(name), facts)
    tag = token_tag(token, prepared.certificate_request, prepared.record.payload)
    enrol_node(region.home(name), region.door, region.registrar.authority_pem, token, facts)
    record = enrolment.require_request(
        enrolment.Asked(facts.subject, prepared.certificate_request, prepared.record.encode(), tag)
    )
    cosigned = region.registrar.cosign(prepared.record.encode(), record).encode()
    certificate = region.registrar.certify(prepared.certificate_request, facts.subject)
    with (
        EnrolmentDoor(region.door, region.registrar.authority_pem) as strangers,
        RegistryDoor.open(region.address, region.registrar.authority_pem, *region.registrar.node_tls()) as door,
    ):
        number = strangers.request(facts.subject, prepared.certificate_request, prepared.record.encode(), tag)
        first = door.answer(number, certificate, cosigned, "")
        assert first and door.answer(number, certificate, cosigned, "") == first
        with pytest.raises(Refusal, match="ENROLMENT_ANSWERED"):
            door.answer(number, b"", b"", "TOKEN_UNKNOWN")
        assert strangers.get(number).mode is Mode.DONE


def test_only_the_registrar_answers(region: "Region", name: str) -> None:
    region.enrol(name)
    home = region.home(name)
    key = SoftwareKeystore(home / "keys").signer("tls").private_pem()
    with RegistryDoor.open(
        region.address, region.registrar.authority_pem, key, (home / "tls.pem").read_bytes()
    ) as door:
        with pytest.raises(Refusal, match="ROLE_FORBIDS"):
            door.pending()
        with pytest.raises(Refusal, match="ROLE_FORBIDS"):
            door.answer("0" * 32, b"", b"", "TOKEN_UNKNOWN")


def test_a_record_without_the_registrar_does_not_count(region: "Region", name: str) -> None:
    """A hub that forges the answer cannot mint a node: the log's own rule refuses the record."""
    region.enrol(name)
    token, facts = region.token(f"{name}-minted", "department")
    prepared = prepare_node(region.home(f"{name}-minted"), facts)
    with pytest.raises(Refusal, match="REGISTRAR_SIGNATURE_MISSING"):
        Directory([region.registrar.public_key]).admit(read_envelope(prepared.record.encode()))


def test_tokens_and_offline_keys_are_private(region: "Region") -> None:
    private = [region.registrar.home / "tokens.json", *(region.registrar.home / "offline").iterdir()]
    region.token("x-1", "gateway")
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in private if path.exists())
    assert stat.S_IMODE((region.registrar.home / "offline").stat().st_mode) == 0o700
    assert json.loads((region.registrar.home / "tokens.json").read_text())["tokens"]


def test_the_hub_is_authenticated_before_anything_is_sent(region: "Region", name: str) -> None:
    stranger = SoftwareKeystore(region.folder / f"{name}-ca").generate_signer("authority")
    other_authority = certificates.make_authority(stranger, "yidi.test")
    token, facts = region.token(name, "window")
    with pytest.raises(Refusal, match="HUB_UNAVAILABLE"):
        enrol_node(region.home(name), region.door, other_authority, token, facts)


def test_the_registrar_keeps_its_own_certificate_fresh(tmp_path: Path) -> None:
    registrar = Registrar.found(tmp_path, "yidi.test", "500000000000")
    fresh = registrar.node_tls()
    registrar.keep_certified()
    assert registrar.node_tls() == fresh and not registrar.certificate_is_due()
    request = (registrar.node_home / "request.csr").read_bytes()
    (registrar.node_home / "tls.pem").write_bytes(registrar.certify(request, registrar.node, days=10))
    assert registrar.certificate_is_due()
    assert Registrar.found(tmp_path, "yidi.test", "500000000000").node_tls()[0] == fresh[0]
    _, key, ends = certificates.peer(registrar.node_tls()[1])
    assert key == certificates.peer(fresh[1])[1] and ends > datetime.now(UTC) + timedelta(days=80)
