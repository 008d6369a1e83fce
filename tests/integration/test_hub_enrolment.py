"""Enrolment of nodes and persons over real TLS: tokens, possession, renewal, revocation."""

import json
import logging
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from crypto import certificates
from crypto.directory import Directory
from crypto.keystore import SoftwareKeystore
from crypto.refusal import Refusal
from crypto.statement import read_envelope
from deploy.registrar.desk import RegistrarDesk
from deploy.registrar.registrar import Decision, Registrar
from deploy.stack import founding
from deploy.stack.layout import GATEWAY, Layout
from hub.services import enrolment
from node_agent.client.enrolment import EnrolmentDoor, Mode, PendingEnrolment, RegistryDoor
from node_agent.keys.enrol import (
    enrol_node,
    finish_renewal,
    prepare_node,
    renew,
    token_tag,
)
from tests.integration.hub_region import Region

pytestmark = pytest.mark.integration


def test_window_enrols_and_is_let_in(region: Region, name: str) -> None:
    client = region.enrol(name)
    leaves, epoch = client.registry_leaves(0)
    record = region.directory().current(region.node(name))
    assert record.roles == {"window"} and 10_001 <= (record.public_prefix or 0) <= 99_999
    assert set(record.keys) == {"tls", "sign", "kem", "witness"}
    assert len(leaves) == epoch
    home = region.home(name)
    files = [path for path in home.rglob("*") if path.is_file()]
    assert files and all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)


def test_two_windows_get_two_prefixes(region: Region, name: str) -> None:
    one, other = (region.token(f"{name}-{number}", "window")[1].public_prefix for number in (1, 2))
    assert one != other


def test_person_enrols_at_her_node(region: Region, name: str) -> None:
    region.enrol(name)
    region.enrol_person(name, "A01", "COLLECTOR")
    record = region.directory().current(f"{region.node(name)}/person/A01")
    own = SoftwareKeystore(region.home(name) / "persons" / "A01").signer("sign")
    assert record.roles == {"COLLECTOR"} and record.keys["sign"].public == own.public


def test_enrolling_again_gives_the_same_leaf(region: Region, name: str) -> None:
    token, facts = region.token(name, "window")
    asked = (region.home(name), region.door, region.registrar.authority_pem, token, facts)
    first = enrol_node(*asked)
    epoch = region.directory().epoch
    assert enrol_node(*asked) == first
    assert region.directory().epoch == epoch


def test_a_token_is_good_for_one_record(region: Region, name: str, tmp_path: Path) -> None:
    token, facts = region.token(name, "window")
    enrol_node(region.home(name), region.door, region.registrar.authority_pem, token, facts)
    with pytest.raises(Refusal) as caught:
        enrol_node(tmp_path / "thief", region.door, region.registrar.authority_pem, token, facts)
    assert (caught.value.code, caught.value.values["reason"]) == ("ENROLMENT_REFUSED", "TOKEN_USED")


def test_a_wrong_token_is_refused(region: Region, name: str) -> None:
    _, facts = region.token(name, "window")
    with pytest.raises(Refusal) as caught:
        enrol_node(region.home(name), region.door, region.registrar.authority_pem, "guessed", facts)
    assert caught.value.values["reason"] == "TOKEN_UNKNOWN"


@pytest.mark.parametrize("change", [{"roles": ("registrar", "window")}, {"public_prefix": 10_000}, {"title": "别处"}])
def test_a_record_must_say_what_the_token_was_issued_for(region: Region, name: str, change: dict[str, object]) -> None:
    token, facts = region.token(name, "window")
    wrong = replace(facts, **change)  # type: ignore[arg-type]
    with pytest.raises(Refusal) as caught:
        enrol_node(region.home(name), region.door, region.registrar.authority_pem, token, wrong)
    assert caught.value.values["reason"] == "RECORD_DIFFERS"
    with pytest.raises(Refusal, match="SUBJECT_UNKNOWN"):
        region.directory().current(region.node(name))


def test_an_expired_token_is_refused(region: Region, name: str) -> None:
    token, facts = region.token(name, "window")
    prepared = prepare_node(region.home(name), facts)
    payload = prepared.record.payload
    tag = token_tag(token, prepared.certificate_request, payload)
    late = datetime.now(UTC) + timedelta(days=8)
    with pytest.raises(Refusal, match="TOKEN_EXPIRED"):
        region.registrar.tokens.redeem(
            facts.subject, tag, prepared.certificate_request, payload, prepared.record.digest, now=late
        )


def test_the_door_wants_possession_form_and_size(region: Region, name: str) -> None:
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


def test_the_door_is_bounded(region: Region, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrolment, "PENDING_MOST", 0)
    token, facts = region.token(name, "window")
    with pytest.raises(Refusal, match="ENROLMENT_DESK_FULL"):
        enrol_node(region.home(name), region.door, region.registrar.authority_pem, token, facts)


def test_renewal_replaces_the_tls_key_alone(region: Region, name: str) -> None:
    before_client = region.enrol(name)
    before = region.directory().current(region.node(name))
    old = (region.home(name) / "tls.pem").read_bytes()
    made = renew(region.home(name), region.address, region.door, before)
    after = region.directory().current(region.node(name))
    assert made == (region.home(name) / "tls.pem").read_bytes() != old
    assert after.keys["tls"] != before.keys["tls"] and after.keys["sign"] == before.keys["sign"]
    region.client(name).registry_leaves(0)
    with pytest.raises(Refusal, match="KEY_REVOKED"):
        before_client.registry_leaves(0)


def test_a_renewal_that_changes_more_is_refused(region: Region, name: str) -> None:
    region.enrol(name)
    record = region.directory().current(region.node(name))
    with pytest.raises(Refusal, match="RENEWAL_CHANGES_MORE"):
        renew(region.home(name), region.address, region.door, replace(record, roles=frozenset({"window", "portal"})))


def test_a_renewal_of_another_node_is_refused(region: Region, name: str) -> None:
    region.enrol(name)
    region.enrol(f"{name}-other")
    victim = region.directory().current(region.node(f"{name}-other"))
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


def test_an_answer_may_come_twice_but_not_otherwise(region: Region, name: str) -> None:
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


def test_only_the_registrar_answers(region: Region, name: str) -> None:
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


def test_a_record_without_the_registrar_does_not_count(region: Region, name: str) -> None:
    """A hub that forges the answer cannot mint a node: the log's own rule refuses the record."""
    region.enrol(name)
    token, facts = region.token(f"{name}-minted", "department")
    prepared = prepare_node(region.home(f"{name}-minted"), facts)
    with pytest.raises(Refusal, match="REGISTRAR_SIGNATURE_MISSING"):
        Directory([region.registrar.public_key]).admit(read_envelope(prepared.record.encode()))


def test_tokens_and_offline_keys_are_private(region: Region) -> None:
    private = [region.registrar.home / "tokens.json", *(region.registrar.home / "offline").iterdir()]
    region.token("x-1", "gateway")
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in private if path.exists())
    assert stat.S_IMODE((region.registrar.home / "offline").stat().st_mode) == 0o700
    assert json.loads((region.registrar.home / "tokens.json").read_text())["tokens"]


def test_the_hub_is_authenticated_before_anything_is_sent(region: Region, name: str) -> None:
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


# --- bad rows ----------------------------------------------------------------------------------------------------


def test_a_request_without_names_is_answered_and_the_next_one_too(region: Region, name: str) -> None:
    token, facts = region.token(name, "window")
    home = region.home(name)
    prepare_node(home, facts)
    tls = SoftwareKeystore(home / "keys").signer("tls")
    bare = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(tls.ec_key, hashes.SHA256())
    (home / "request.csr").write_bytes(bare.public_bytes(serialization.Encoding.PEM))
    with pytest.raises(Refusal) as caught:
        enrol_node(home, region.door, region.registrar.authority_pem, token, facts, seconds=10)
    assert (caught.value.code, caught.value.values["reason"]) == ("ENROLMENT_REFUSED", "REQUEST_INVALID")
    region.enrol(f"{name}-next")


class Door:
    """The hub's side of the desk: two rows wait, answers are kept; ``refuses``: codes, by row, once."""

    def __init__(self, refuses: dict[str, str] | None = None) -> None:
        self.answers: list[tuple[str, str]] = []
        self.refuses = refuses or {}

    def pending(self) -> list[PendingEnrolment]:
        return [PendingEnrolment(number, f"subject-{number}", b"", b"", b"", False) for number in ("one", "two")]

    def leaves(self, after_epoch: int) -> tuple[list[bytes], int]:
        return [], 0

    def answer(self, enrolment_id: str, certificate: bytes, record: bytes, refusal_code: str) -> bytes:
        code = self.refuses.get(enrolment_id)
        if code is not None:
            raise Refusal(code, "test")
        self.answers.append((enrolment_id, refusal_code))
        return b""


def test_an_unforeseen_error_is_answered_and_told_by_its_type_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(self: Registrar, asked: enrolment.Asked, *_: object) -> Decision:
        if asked.subject == "subject-one":
            raise ZeroDivisionError("what a stranger wrote")
        return Decision(certificate=b"made")

    monkeypatch.setattr(Registrar, "answer", answer)
    door = Door()
    desk = RegistrarDesk(Registrar.found(tmp_path, "yidi.test", "500000000000"), door)  # type: ignore[arg-type]
    with caplog.at_level(logging.INFO):
        assert desk.round() == 2
    assert door.answers == [("one", "INTERNAL"), ("two", "")]
    assert "ZeroDivisionError" in caplog.text and "what a stranger wrote" not in caplog.text


def test_a_row_that_takes_no_answer_does_not_stop_the_next(tmp_path: Path) -> None:
    registrar = Registrar.found(tmp_path, "yidi.test", "500000000000")
    door = Door({"one": "ENROLMENT_ANSWERED"})
    RegistrarDesk(registrar, door).round()  # type: ignore[arg-type]
    assert [number for number, _ in door.answers] == ["two"]
    with pytest.raises(Refusal, match="HUB_UNAVAILABLE"):  # the hub's own trouble ends the round
        RegistrarDesk(registrar, Door({"one": "HUB_UNAVAILABLE"})).round()  # type: ignore[arg-type]


# --- the stack -------------------------------------------------------------------------------------------------------


def test_the_gateway_gets_a_copy_of_the_carriers_key(region: Region, tmp_path: Path) -> None:
    """Agents share no file with another process: it may run elsewhere, under another user."""
    layout = Layout(tmp_path)
    ports = {"hub": region.server.port, "enrolment": region.server.enrolment_port, "carrier": 1}
    (tmp_path / "ports.json").write_text(json.dumps(ports))
    for folder in ("hub", "carrier"):
        layout.folder(folder).mkdir()
    (layout.folder("hub") / "pins.json").write_bytes(region.papers.pins.to_json())
    (layout.folder("carrier") / "api.key").write_text("carrier secret")
    founding._enrol_node(layout, region.registrar, GATEWAY)
    home = layout.agent(GATEWAY)
    lines = (home / "agent.env").read_text().splitlines()
    key = Path(next(line for line in lines if "CARRIER_KEY_FILE" in line).partition("=")[2])
    assert key.is_relative_to(home) and key.read_text() == "carrier secret"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert str(layout.folder("carrier")) not in (home / "agent.env").read_text()
