"""X.509 for the wire: the region's certificate authority, requests by nodes, what a peer's certificate says.

Invariants:
- a node certificate carries its SPIFFE id and a DNS name (gRPC refuses one without), client and server use, P-256;
- only a request whose own signature is good, and whose names are the ones the registrar expects, is certified;
- certificates authenticate a connection; what a node may do stands in its key record, not in the certificate.
"""

import ipaddress
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from crypto import identity, suites
from crypto.keystore import SoftwareSigner
from crypto.records import PublicKey
from crypto.refusal import Refusal

RULE = "architecture: transport (mutual TLS); H09"
UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the X.509 library raises for a stranger's bytes."""
NODE_DAYS = 90
AUTHORITY_DAYS = 3650


def make_authority(signer: SoftwareSigner, trust_domain: str, now: datetime | None = None) -> bytes:
    """Self-signed authority certificate (PEM) of a trust domain, ten years."""
    start = now or datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Yidi CA {trust_domain}")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(signer.ec_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(minutes=5))
        .not_valid_after(start + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(signer.ec_key.public_key()), critical=False)
    )
    return _pem(builder.sign(signer.ec_key, hashes.SHA256()))


def make_request(signer: SoftwareSigner, node: str) -> bytes:
    """Certificate signing request (PEM) of a node for its ``tls`` key."""
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(node), x509.DNSName(identity.dns_name(node))])
    builder = x509.CertificateSigningRequestBuilder().subject_name(_subject(node)).add_extension(names, False)
    return builder.sign(signer.ec_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def certify(
    authority: SoftwareSigner,
    authority_pem: bytes,
    request_pem: bytes,
    node: str,
    *,
    days: int = NODE_DAYS,
    now: datetime | None = None,
    extra_names: tuple[str, ...] = (),
) -> bytes:
    """Certificate (PEM) for a request. ``extra_names``: further DNS names or IP addresses (the hub's own).

    Refusal REQUEST_INVALID when the request is not signed by its own key or names another node.
    """
    try:
        request = x509.load_pem_x509_csr(request_pem)
        key, signed, named = request.public_key(), request.is_signature_valid, _uris(request.extensions)
    except UNREADABLE as error:
        raise Refusal("REQUEST_INVALID", RULE, node=node) from error
    if not signed or not isinstance(key, ec.EllipticCurvePublicKey) or named != [node]:
        raise Refusal("REQUEST_INVALID", RULE, node=node)
    issuer = x509.load_pem_x509_certificate(authority_pem)
    start = now or datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(node))
        .issuer_name(issuer.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(minutes=5))
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .add_extension(_names(node, extra_names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.ec_key.public_key()), critical=False
        )
    )
    return _pem(builder.sign(authority.ec_key, hashes.SHA256()))


def peer(certificate_pem: bytes) -> tuple[str, PublicKey, datetime]:
    """Node id, ``tls`` key and end of validity (UTC) of a peer certificate. Refusal CERTIFICATE_FORMAT."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        node = identity.require_node(_uris(certificate.extensions)[0])
        return node, tls_key(certificate.public_key()), certificate.not_valid_after_utc
    except (IndexError, *UNREADABLE) as error:
        raise Refusal("CERTIFICATE_FORMAT", RULE) from error


def require_purposes(certificate_pem: bytes) -> None:
    """The certificate is for the client's side of a connection. Refusals CERTIFICATE_FORMAT, CERTIFICATE_PURPOSE."""
    try:
        extensions = x509.load_pem_x509_certificate(certificate_pem).extensions
        uses = list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        signs = extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except UNREADABLE as error:
        raise Refusal("CERTIFICATE_FORMAT", RULE) from error
    if ExtendedKeyUsageOID.CLIENT_AUTH not in uses or not signs:
        raise Refusal("CERTIFICATE_PURPOSE", RULE, uses=",".join(one.dotted_string for one in uses))


def extra_names(authority_pem: bytes, certificate_pem: bytes) -> tuple[str, ...]:
    """DNS names and addresses in a node's certificate beside the node's own name, as ``certify`` takes them.

    Refusals CERTIFICATE_FORMAT, and CERTIFICATE_UNKNOWN where this authority did not issue it.
    """
    node, _, _ = peer(certificate_pem)
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    try:
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority_pem))
    except (InvalidSignature, TypeError, *UNREADABLE) as error:
        raise Refusal("CERTIFICATE_UNKNOWN", RULE, node=node) from error
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = [name for name in names.get_values_for_type(x509.DNSName) if name != identity.dns_name(node)]
    return (*hosts, *(str(address) for address in names.get_values_for_type(x509.IPAddress)))


def request_key(request_pem: bytes) -> PublicKey:
    """The ``tls`` key that a request asks to certify. Refusal REQUEST_INVALID."""
    try:
        key = x509.load_pem_x509_csr(request_pem).public_key()
    except UNREADABLE as error:
        raise Refusal("REQUEST_INVALID", RULE) from error
    return tls_key(key)


def tls_key(key: object) -> PublicKey:
    """A certificate's public key in key-record form. Refusal CERTIFICATE_FORMAT unless P-256."""
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Refusal("CERTIFICATE_FORMAT", RULE)
    point = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return PublicKey(suites.ECDSA_P256, point)


def _subject(node: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, identity.node_name(node))])


def _names(node: str, extra: tuple[str, ...]) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(node),
        x509.DNSName(identity.dns_name(node)),
    ]
    for text in extra:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(text)))
        except ValueError:
            names.append(x509.DNSName(text))
    return x509.SubjectAlternativeName(names)


def _uris(extensions: x509.Extensions) -> list[str]:
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.UniformResourceIdentifier)


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
