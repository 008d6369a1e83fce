"""Which part of a hub gets which: built once, in one place."""

from collections.abc import Callable
from dataclasses import dataclass

from hub.rpc.caller import Recogniser
from hub.rpc.inbox import Bell
from hub.server.identity import HubIdentity, load_identity
from hub.server.settings import HubSettings
from hub.services.admission import AdmissionService
from hub.services.bounces import IDLE_SECONDS as BOUNCES_IDLE
from hub.services.bounces import Bounces
from hub.services.clock import Clock, now_text
from hub.services.enrolment import EnrolmentDesk
from hub.services.evidence import EvidenceService
from hub.services.integrator import Integrator, LogReader
from hub.services.leader import Duty, Leader
from hub.services.objects import ObjectService
from hub.services.probes import Probes
from hub.services.public_query import PublicQuery
from hub.services.publications import Publications
from hub.services.registry import RegistryService
from hub.services.sequencer import Sequencer
from hub.services.submissions import SubmissionService
from hub.services.timers import IDLE_SECONDS as TIMERS_IDLE
from hub.services.timers import Timers
from hub.services.views import Views
from storage.database import Database
from storage.objectstore import ObjectStore
from storage.objectstore_s3 import S3ObjectStore
from storage.tilestore import TileStore

OpenStore = Callable[[str], ObjectStore]


@dataclass(frozen=True)
class Parts:
    """Everything of one hub process that has state or a connection."""

    identity: HubIdentity
    database: Database
    registry: RegistryService
    sequencer: Sequencer
    submissions: SubmissionService
    desk: EnrolmentDesk
    publications: Publications
    objects: ObjectService
    probes: Probes
    integrator: Integrator
    log: LogReader
    views: Views
    evidence: EvidenceService
    recogniser: Recogniser
    bell: Bell
    admission: AdmissionService
    query: PublicQuery
    clock: Clock
    watches: tuple[Leader, ...]


def assemble(settings: HubSettings, clock: Clock = now_text) -> Parts:
    """The parts of a hub. ``clock``: another time, for tests and demonstrations.

    Refusals PINS_FORMAT, PINS_DIFFER, KEY_MISSING, CERTIFICATE_DIFFERS, CREDENTIALS_FORMAT, DATABASE_UNAVAILABLE,
    LOG_ROLLED_BACK, LOG_DIFFERS, WITNESSED_UNREADABLE.
    """
    pins = settings.read_pins()
    identity = load_identity(settings.identity, settings.certificate, pins)
    opened = open_s3(settings)
    documents, log_bucket = opened(settings.s3_documents), opened(settings.s3_log)
    documents.ensure_bucket()
    log_bucket.ensure_bucket(object_lock=True)
    tiles = TileStore(log_bucket, f"{pins.origin}/", settings.s3_log_retention_days)
    database = Database(settings.database_url.get_secret_value(), settings.database_pool)
    database.migrate()
    with database.unit() as unit:
        unit.log.found(pins.origin)
        unit.commit()
    registry = RegistryService(database, pins.registrar_keys)
    sequencer = Sequencer(database, registry, identity.signer, identity.node, clock)
    log = LogReader(database, tiles)
    views = Views(database, registry, log, identity.signer)
    integrator = Integrator(database, tiles, identity.log_signers, pins.origin, settings.witnessed)
    integrator.require_not_rolled_back()
    bounces = Bounces(database, documents, registry, sequencer, clock)
    with database.reading() as reading:
        sequencer.saw(reading.log.head().size)  # what the check above found whole
    return Parts(
        identity=identity,
        database=database,
        registry=registry,
        sequencer=sequencer,
        submissions=SubmissionService(database, registry, sequencer, identity.signer),
        desk=EnrolmentDesk(database, registry, sequencer),
        publications=Publications(database, registry),
        objects=ObjectService(database, documents),
        probes=Probes(documents),
        integrator=integrator,
        log=log,
        views=views,
        evidence=EvidenceService(database, registry, views, log, identity.signer),
        recogniser=Recogniser(registry),
        bell=Bell(views.newest_in_inbox),
        admission=AdmissionService(database, sequencer, clock),
        query=PublicQuery(database, registry, clock),
        clock=clock,
        watches=(
            Leader(database, Duty.TIMERS, Timers(database, sequencer, clock), TIMERS_IDLE),
            Leader(database, Duty.BOUNCES, bounces, BOUNCES_IDLE),
        ),
    )


def open_s3(settings: HubSettings) -> OpenStore:
    """Buckets of the settings' store, by name. Refusal CREDENTIALS_FORMAT."""
    access_key, secret_key = settings.read_s3_credentials()

    def opened(bucket: str) -> ObjectStore:
        return S3ObjectStore(
            settings.s3_endpoint,
            bucket,
            access_key,
            secret_key,
            public_endpoint=settings.s3_public_endpoint or None,
            ca_file=str(settings.s3_ca) if settings.s3_ca else None,
        )

    return opened
