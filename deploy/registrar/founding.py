"""The founding of a region: the hub's papers and the first two leaves of its log.

Invariants: the hub's keys are made in the hub's folder, the registrar sees public halves alone; what is written is the
same however often it is done.
"""

from dataclasses import dataclass
from pathlib import Path

from crypto import identity, suites
from crypto.evidence.pins import Pins
from crypto.keystore import SoftwareKeystore
from crypto.statement import Envelope
from deploy.registrar.registrar import Registrar
from deploy.service import write_private
from hub.server.founding import write_founding
from hub.server.identity import LOG_ED25519, LOG_MLDSA, log_signers
from hub.services.enrolment import Asked, require_request
from node_agent.enrol import AUTHORITY, CERTIFICATE, KEYS, RecordFacts, prepare_node

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
