"""Keystore, key packets and certificates: where private keys lie, who can open what, whom a certificate names."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from crypto import certificates, identity, kem, suites
from crypto.keyid import key_id
from crypto.keystore import SoftwareKeystore, load_signer, new_signer
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.sealing import KeyPacket, packet_info, unwrap_key, wrap_keys

NODE = identity.node_id("yidi.test", "360102000000", "donghu-scj")
OTHER = identity.node_id("yidi.test", "360102000000", "donghu-rsj")
CASE = "c0" * 16
KEMS = [kem.HYBRID, kem.X25519, kem.P256]


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- keystore ----------------------------------------------------------------------------------------------------


def test_keys_lie_in_files_of_0600_in_a_folder_of_0700(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "keys"
    folder.mkdir(parents=True, mode=0o755)
    folder.chmod(0o755)
    store = SoftwareKeystore(folder)
    store.generate_signer("sign", suites.ECDSA_P256)
    store.generate_signer("witness", suites.ED25519)
    store.generate_kem("kem", kem.HYBRID)
    assert _mode(folder) == 0o700
    assert {_mode(file) for file in folder.iterdir()} == {0o600}
    assert store.labels() == ["kem", "sign", "witness"]


@pytest.mark.parametrize("suite", [suites.ECDSA_P256, suites.ED25519, suites.ML_DSA_44])
def test_a_stored_signer_is_the_same_signer(tmp_path: Path, suite: str) -> None:
    store = SoftwareKeystore(tmp_path / "keys")
    made = store.generate_signer("sign", suite)
    again = SoftwareKeystore(tmp_path / "keys").signer("sign")
    assert (again.suite, again.public) == (made.suite, made.public) == (suite, made.public)
    suites.verify(suite, made.public, again.sign(b"data"), b"data")


@pytest.mark.parametrize("suite", KEMS)
def test_a_stored_kem_opens_what_was_wrapped(tmp_path: Path, suite: str) -> None:
    store = SoftwareKeystore(tmp_path / "keys")
    made = store.generate_kem("kem", suite)
    packet = kem.wrap(suite, made.public, b"secret", b"info")
    assert store.kem("kem").open(packet, b"info") == b"secret"


def test_a_label_is_used_once_and_a_missing_key_is_told(tmp_path: Path) -> None:
    store = SoftwareKeystore(tmp_path / "keys")
    first = store.generate_signer("sign")
    store.generate_kem("kem", kem.X25519)
    for call in (lambda: store.generate_signer("sign"), lambda: store.generate_kem("kem", kem.X25519)):
        with pytest.raises(Refusal) as refused:
            call()
        assert refused.value.code == "KEY_LABEL_TAKEN"
    assert store.signer("sign").public == first.public
    for missing in (lambda: store.signer("other"), lambda: store.kem("sign")):
        with pytest.raises(Refusal, match="KEY_MISSING"):
            missing()


def test_a_key_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "keys"
    store = SoftwareKeystore(folder)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("crypto.keystore.os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            store.generate_signer("sign")
    assert list(folder.iterdir()) == [] and store.labels() == []
    (folder / "sign.pem.new").write_bytes(b"half of a k")  # left by a kill
    made = store.generate_signer("sign")
    assert store.signer("sign").public == made.public and [one.name for one in folder.iterdir()] == ["sign.pem"]


@pytest.mark.parametrize("left", [b"", b"-----BEGIN PRIV", b"X25519\0short"])
def test_a_broken_key_file_is_refused_by_name(tmp_path: Path, left: bytes) -> None:
    store = SoftwareKeystore(tmp_path / "keys")
    (tmp_path / "keys" / "sign.pem").write_bytes(left)
    (tmp_path / "keys" / "kem.kem").write_bytes(left)
    for read, name in ((lambda: store.signer("sign"), "sign.pem"), (lambda: store.kem("kem"), "kem.kem")):
        with pytest.raises(Refusal) as refused:
            read()
        assert (refused.value.code, refused.value.values["label"]) == ("KEY_BROKEN", name)


def test_a_key_of_another_suite_is_refused() -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert load_signer(pem).suite == suites.ECDSA_P256
    foreign = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(Refusal, match="SUITE_UNKNOWN"):
        load_signer(foreign)


def test_key_ids_bind_the_suite() -> None:
    assert key_id("A", b"x") != key_id("B", b"x") and len(key_id("A", b"x")) == 32


# --- key packets -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suite", KEMS)
def test_a_packet_opens_for_its_recipient_and_its_use_alone(suite: str) -> None:
    mine, other = kem.generate_kem(suite), kem.generate_kem(suite)
    (packet,) = wrap_keys(CASE, 1, {("L1", "full"): b"k" * 32}, NODE, suite, mine.public)
    assert unwrap_key(mine, CASE, 1, packet) == b"k" * 32
    assert packet.recipient_key == key_id(suite, mine.public)
    moved = [
        KeyPacket(line, rendition, NODE, packet.recipient_key, packet.packet)
        for line, rendition in (("L2", "full"), ("L1", "masked"))
    ]
    damaged = KeyPacket("L1", "full", NODE, packet.recipient_key, packet.packet[:-1] + b"\0")
    cut = KeyPacket("L1", "full", NODE, packet.recipient_key, packet.packet[:20])
    tries = [
        (other, CASE, 1, packet),
        (mine, "d0" * 16, 1, packet),
        (mine, CASE, 2, packet),
        *((mine, CASE, 1, wrong) for wrong in (*moved, damaged, cut)),
    ]
    for private, case, revision, wrong in tries:
        with pytest.raises(Refusal) as refused:
            unwrap_key(private, case, revision, wrong)
        assert refused.value.code == "PACKET_UNREADABLE"


def test_packets_are_one_a_line_and_rendition_each_for_itself() -> None:
    mine = kem.generate_kem(kem.X25519)
    keys = {("L2", "full"): b"b" * 32, ("L1", "masked"): b"c" * 32, ("L1", "full"): b"a" * 32}
    packets = wrap_keys(CASE, 1, keys, NODE, mine.suite, mine.public)
    assert [(packet.line, packet.rendition) for packet in packets] == sorted(keys)
    assert {unwrap_key(mine, CASE, 1, packet) for packet in packets} == set(keys.values())
    assert len({packet.digest for packet in packets}) == 3
    infos = {packet_info(CASE, n, line, "full", "k") for n in (1, 2) for line in ("L1", "L2")}
    assert len(infos) == 4


def test_wrapping_needs_a_known_suite_a_valid_key_and_an_info() -> None:
    mine = kem.generate_kem(kem.X25519)
    for suite, public, code in (
        ("RSA", mine.public, "SUITE_UNKNOWN"),
        (kem.X25519, b"short", "PUBLIC_KEY_INVALID"),
        (kem.HYBRID, mine.public, "PUBLIC_KEY_INVALID"),
        (kem.P256, b"\x04" + b"\0" * 64, "PUBLIC_KEY_INVALID"),
    ):
        with pytest.raises(Refusal, match=code):
            kem.wrap(suite, public, b"k", b"info")
        with pytest.raises(Refusal, match=code):
            kem.require_kem_public(suite, public)
    with pytest.raises(ValueError, match="info"):
        kem.wrap(mine.suite, mine.public, b"k", b"")
    with pytest.raises(Refusal, match="SUITE_UNKNOWN"):
        kem.generate_kem("RSA")
    with pytest.raises(Refusal, match="SUITE_UNKNOWN"):
        kem.load_kem(b"RSA\0xyz")


def test_the_applicants_secret_gives_the_same_key_again() -> None:
    one, again, other = kem.kem_from_seed(b"s" * 32), kem.kem_from_seed(b"s" * 32), kem.kem_from_seed(b"t" * 32)
    packet = kem.wrap(one.suite, one.public, b"result key", b"info")
    assert again.open(packet, b"info") == b"result key"
    with pytest.raises(Refusal, match="PACKET_UNREADABLE"):
        other.open(packet, b"info")


# --- certificates ------------------------------------------------------------------------------------------------

NOW = datetime.now(UTC).replace(microsecond=0)


AUTHORITY = new_signer()
AUTHORITY_PEM = certificates.make_authority(AUTHORITY, "yidi.test", NOW)


def test_a_node_certificate_names_its_node_and_nothing_more() -> None:
    signer = new_signer()
    request = certificates.make_request(signer, NODE)
    pem = certificates.certify(AUTHORITY, AUTHORITY_PEM, request, NODE, now=NOW, extra_names=("127.0.0.1", "hub.test"))
    node, key, ends = certificates.peer(pem)
    assert (node, key) == (NODE, PublicKey(signer.suite, signer.public))
    assert ends == NOW + timedelta(days=certificates.NODE_DAYS)
    made = x509.load_pem_x509_certificate(pem)
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(AUTHORITY_PEM))
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usage) == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [identity.dns_name(NODE), "hub.test"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [NODE]


def test_the_authority_certifies_nodes_and_no_further_authority() -> None:
    made = x509.load_pem_x509_certificate(AUTHORITY_PEM)
    constraints = made.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert constraints.ca and constraints.path_length == 0
    usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_cert_sign and not usage.digital_signature


def test_a_request_for_another_node_is_refused() -> None:
    request = certificates.make_request(new_signer(), OTHER)
    with pytest.raises(Refusal) as refused:
        certificates.certify(AUTHORITY, AUTHORITY_PEM, request, NODE)
    assert refused.value.code == "REQUEST_INVALID"


def test_a_request_not_signed_by_its_own_key_is_refused() -> None:
    signer = new_signer()
    der = bytearray(x509.load_pem_x509_csr(certificates.make_request(signer, NODE)).public_bytes(
        serialization.Encoding.DER
    ))  # fmt: skip
    der[-1] ^= 1
    pem = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM)
    with pytest.raises(Refusal, match="REQUEST_INVALID"):
        certificates.certify(AUTHORITY, AUTHORITY_PEM, pem, NODE)


def test_a_request_with_a_key_of_another_kind_is_refused() -> None:
    key = rsa.generate_private_key(65537, 2048)
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(NODE)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(names, False)
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    with pytest.raises(Refusal, match="REQUEST_INVALID"):
        certificates.certify(AUTHORITY, AUTHORITY_PEM, pem, NODE)
    with pytest.raises(Refusal, match="CERTIFICATE_FORMAT"):
        certificates.request_key(pem)


def test_what_is_no_request_or_certificate_is_refused() -> None:
    with pytest.raises(Refusal, match="REQUEST_INVALID"):
        certificates.request_key(b"-----BEGIN nothing")
    for pem in (b"", b"-----BEGIN nothing", AUTHORITY_PEM):
        with pytest.raises(Refusal) as refused:
            certificates.peer(pem)
        assert refused.value.code == "CERTIFICATE_FORMAT"


def test_a_tls_key_is_p256() -> None:
    with pytest.raises(Refusal, match="CERTIFICATE_FORMAT"):
        certificates.tls_key(ec.generate_private_key(ec.SECP384R1()).public_key())
    signer = new_signer()
    assert certificates.request_key(certificates.make_request(signer, NODE)).public == signer.public


def test_a_request_without_names_is_refused() -> None:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    pem = builder.sign(new_signer().ec_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    with pytest.raises(Refusal, match="REQUEST_INVALID"):
        certificates.certify(AUTHORITY, AUTHORITY_PEM, pem, NODE)


def test_a_request_with_a_key_nobody_knows_is_refused() -> None:
    pem = certificates.make_request(new_signer(), NODE)
    der = x509.load_pem_x509_csr(pem).public_bytes(serialization.Encoding.DER)
    ec_key = bytes.fromhex("06072a8648ce3d0201")
    assert der.count(ec_key) == 1
    strange = x509.load_der_x509_csr(der.replace(ec_key, bytes.fromhex("06072a8648ce3d027f")))
    pem = strange.public_bytes(serialization.Encoding.PEM)
    with pytest.raises(Refusal, match="REQUEST_INVALID"):
        certificates.request_key(pem)
    with pytest.raises(Refusal, match="REQUEST_INVALID"):
        certificates.certify(AUTHORITY, AUTHORITY_PEM, pem, NODE)


def test_extra_names_are_read_from_certificates_of_this_authority_alone() -> None:
    request, extra = certificates.make_request(new_signer(), NODE), ("hub.test", "127.0.0.1", "::1")
    mine = certificates.certify(AUTHORITY, AUTHORITY_PEM, request, NODE, extra_names=extra)
    assert certificates.extra_names(AUTHORITY_PEM, mine) == extra
    plain = certificates.certify(AUTHORITY, AUTHORITY_PEM, request, NODE)
    assert certificates.extra_names(AUTHORITY_PEM, plain) == ()
    other = certificates.make_authority(new_signer(), "yidi.test")  # the same name, another key
    with pytest.raises(Refusal, match="CERTIFICATE_UNKNOWN"):
        certificates.extra_names(other, mine)


def test_a_key_takes_another_ones_place_and_the_old_one_stays_beside_it_until_it_is_destroyed(tmp_path: Path) -> None:
    here, fresh = SoftwareKeystore(tmp_path / "keys"), SoftwareKeystore(tmp_path / "fresh")
    old, new = here.generate_kem("kem", kem.X25519), fresh.generate_kem("kem", kem.X25519)
    before = here.version("kem")
    here.keep_as("kem", "kem-old")
    here.keep_as("kem", "kem-old")  # a repeated step is harmless
    here.take_over(fresh, "kem")
    assert (here.kem("kem").public, here.kem("kem-old").public) == (new.public, old.public)
    assert here.version("kem") not in (before, None) and fresh.labels() == []
    here.destroy("kem-old")
    assert here.labels() == ["kem"] and here.version("kem-old") is None
    with pytest.raises(Refusal, match="KEY_MISSING"):
        here.keep_as("sign", "sign-old")
