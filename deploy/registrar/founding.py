"""The founding of a region: the hub's papers and the first two leaves of its log; the hub's next certificates.

Invariants: the hub's keys are made in the hub's folder, the registrar sees public halves alone; what is written is the
same however often it is done.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crypto import certificates, identity, suites
from crypto.evidence.pins import Pins
from crypto.keystore import SoftwareKeystore
from crypto.refusal import Refusal
from crypto.statement import Envelope
from deploy.registrar.registrar import RULE, Registrar
from hub.server.founding import write_founding
from hub.server.identity import LOG_ED25519, LOG_MLDSA, log_signers
from hub.services.enrolment import Asked, require_request
from node_agent.keys.enrol import AUTHORITY, CERTIFICATE, KEYS, REQUEST, RecordFacts, prepare_node, renewal_is_due
from storage.files import write_private

PINS, FOUNDING = "pins.json", "founding.json"


@dataclass(frozen=True)
class HubPapers:
    """In the hub's folder now: ``keys/``, ``tls.pem``, ``authority.pem``, ``pins.json``, ``founding.json``."""

    node: str
    pins: Pins
    founding: tuple[Envelope, ...]


def found_hub(
    registrar: Registrar,
    hub_home: Path,
    origin: str,
    region: str,
    name: str = "hub",
    title: str = "驿递枢纽",
    extra_names: tuple[str, ...] = ("localhost", "127.0.0.1"),
    witness_keys: tuple[str, ...] = (),
    witnesses_needed: int = 0,
) -> HubPapers:
    """Make the hub's identity in ``hub_home``, certify and register it.

    ``origin``: the log's name, without a scheme; ``region``: 12 digits; ``extra_names``: DNS names and addresses under
    which nodes reach the hub. Refusals of the formats.
    """
    node = identity.node_id(registrar.trust_domain, region, name)
    facts = RecordFacts(node, "node", node, ("hub",), region, title)
    prepared = prepare_node(hub_home, facts)
    keystore = SoftwareKeystore(hub_home / KEYS)
    for label, suite in ((LOG_ED25519, suites.ED25519), (LOG_MLDSA, suites.ML_DSA_44)):
        if label not in keystore.labels():
            keystore.generate_signer(label, suite)
    log_keys = tuple(signer.key.text for signer in log_signers(keystore, origin))
    asked = Asked(node, prepared.certificate_request, prepared.record.encode(), b"")
    record = registrar.cosign(asked.record, require_request(asked))
    pins = Pins(origin, log_keys, (registrar.public_key,), witness_keys, witnesses_needed)
    founding = (registrar.own_record(), record)
    write_private(hub_home / AUTHORITY, registrar.authority_pem)
    write_private(hub_home / CERTIFICATE, registrar.certify(prepared.certificate_request, node, extra_names))
    write_private(hub_home / FOUNDING, write_founding(founding))
    # The hub's pins come last: where they are, everything is.
    for folder in (registrar.node_home, registrar.home, hub_home):
        write_private(folder / PINS, pins.to_json())
    return HubPapers(node, pins, founding)


def renew_hub(registrar: Registrar, hub_home: Path, *, always: bool = False, now: datetime | None = None) -> bool:
    """A new certificate in ``hub_home`` for the hub's same ``tls`` key when a third or less of the old one's life is
    left, or ``always``; whether one was made. The further names stay.

    A running hub shows it on its next connection (``hub.server.certificate``); connections that stand go on.
    Refusals CERTIFICATE_FORMAT, CERTIFICATE_UNKNOWN (another authority's), CERTIFICATE_DIFFERS (the request is for
    another key), REQUEST_INVALID.
    """
    if not always and not renewal_is_due(hub_home, now):
        return False
    old, request = (hub_home / CERTIFICATE).read_bytes(), (hub_home / REQUEST).read_bytes()
    names = certificates.extra_names(registrar.authority_pem, old)
    node, key, _ = certificates.peer(old)
    if certificates.request_key(request) != key:
        raise Refusal("CERTIFICATE_DIFFERS", RULE, subject=node)
    write_private(hub_home / CERTIFICATE, registrar.certify(request, node, names))
    return True
