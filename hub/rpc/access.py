"""Who may call what: one table, default no.

Invariants: a method that is not in the table is refused to everybody; what a role may do *inside* a method (which case,
which tile) is decided by the service behind it. The registrar's node, where system and security administrators sit,
reads no case; an auditor's node, where audit administrators sit, changes nothing (H11, ``crypto.administrators``).
"""

from dataclasses import dataclass
from enum import StrEnum

from crypto.records import NODE_ROLES, KeyRecord
from crypto.refusal import Refusal

RULE = "A24; default is no"
KIB, MIB = 1 << 10, 1 << 20
STREAM_SECONDS = 330.0  # an inbox stream; its agent ends it after 300 and opens the next one
REGISTRAR = frozenset({"registrar"})
ALL = NODE_ROLES
CASE_NODES = NODE_ROLES - {"hub", "registrar"}
SEALERS = frozenset({"window", "department", "portal"})
READERS = SEALERS | {"gateway", "coordinator", "auditor", "recovery"}
ADMINISTRATORS = frozenset({"registrar", "auditor"})


class Kind(StrEnum):
    """What a call counts as for the rates (``hub.rpc.limits``)."""

    CALLS = "calls"
    STATEMENTS = "statements"
    HEAVY = "heavy"


@dataclass(frozen=True)
class Rule:
    """Roles that may call, greatest request in bytes, seconds that a call may take, and what it counts as.

    ``counted``: the repeated field whose length counts; without one, a call counts once. ``at_place``: the caller's key
    is looked at again at the place in the log where the call has its effect, so that no look-up is needed before.
    """

    roles: frozenset[str]
    most: int = 64 * KIB
    seconds: float = 30.0
    kind: Kind = Kind.CALLS
    counted: str = ""
    at_place: bool = False


RULES: dict[str, Rule] = {
    "/yidi.v1.StatementService/SubmitStatements": Rule(
        ALL - {"hub"}, 64 * MIB, 60.0, Kind.STATEMENTS, "submissions", at_place=True
    ),
    "/yidi.v1.StatementService/GetReceipt": Rule(ALL),
    "/yidi.v1.ObjectService/CreateUpload": Rule(SEALERS, 16 * MIB),
    "/yidi.v1.ObjectService/GrantParts": Rule(SEALERS),
    "/yidi.v1.ObjectService/CompleteUpload": Rule(SEALERS, seconds=120.0),
    "/yidi.v1.ObjectService/AbortUpload": Rule(SEALERS),
    "/yidi.v1.ObjectService/GrantDownload": Rule(READERS),
    "/yidi.v1.KeyPacketService/ListKeyPackets": Rule(READERS),
    "/yidi.v1.InboxService/WatchInbox": Rule(CASE_NODES, seconds=STREAM_SECONDS),
    "/yidi.v1.InboxService/ListInbox": Rule(CASE_NODES),
    "/yidi.v1.SupervisionService/GetCase": Rule(CASE_NODES - {"gateway"}),
    "/yidi.v1.SupervisionService/ListCases": Rule(CASE_NODES - {"gateway"}),
    "/yidi.v1.SupervisionService/ListCaseLeaves": Rule(CASE_NODES),
    "/yidi.v1.SupervisionService/AdmitWindow": Rule(frozenset({"window"}), KIB),
    "/yidi.v1.SupervisionService/QueryCase": Rule(frozenset({"window", "portal"}), KIB),
    "/yidi.v1.CatalogueService/GetCatalogue": Rule(ALL),
    "/yidi.v1.CatalogueService/GetCalendar": Rule(ALL),
    "/yidi.v1.CatalogueService/ListItems": Rule(ALL),
    "/yidi.v1.CatalogueService/ResolveDestination": Rule(ALL),
    "/yidi.v1.RegistryService/ListPendingEnrolments": Rule(REGISTRAR),
    "/yidi.v1.RegistryService/AnswerEnrolment": Rule(REGISTRAR),
    "/yidi.v1.RegistryService/RenewCertificate": Rule(ALL),
    "/yidi.v1.RegistryService/ListRegistryLeaves": Rule(ALL),
    "/yidi.v1.RegistryService/GetSnapshot": Rule(ALL, seconds=120.0, kind=Kind.HEAVY),
    "/yidi.v1.LogService/GetCheckpoint": Rule(ALL),
    "/yidi.v1.LogService/GetInclusionProof": Rule(ALL),
    "/yidi.v1.LogService/GetConsistencyProof": Rule(ALL),
    "/yidi.v1.LogService/GetTile": Rule(ALL),
    "/yidi.v1.LogService/AddCosignature": Rule(ALL - {"hub"}),
    "/yidi.v1.LogService/ExportEvidence": Rule(CASE_NODES - {"gateway"}, seconds=120.0, kind=Kind.HEAVY),
    "/yidi.v1.SelfTestService/Ping": Rule(ALL, 17 * KIB),
    "/yidi.v1.SelfTestService/BeginProbe": Rule(READERS, KIB),
    "/yidi.v1.SelfTestService/ReadProbe": Rule(READERS, KIB),
    "/yidi.v1.SelfTestService/EndProbe": Rule(READERS, KIB),
    "/grpc.health.v1.Health/Check": Rule(ALL),
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": Rule(ADMINISTRATORS),
}

# The enrolment door: no certificate, so no role; nothing else is served there.
OPEN_RULES: dict[str, Rule] = {
    "/yidi.v1.EnrolmentService/RequestEnrolment": Rule(frozenset()),
    "/yidi.v1.EnrolmentService/GetEnrolment": Rule(frozenset()),
}


def require_role(rule: Rule, caller: KeyRecord, method: str) -> None:
    """Refusal ROLE_FORBIDS unless the caller has one of the rule's roles."""
    if not caller.roles & rule.roles:
        roles = ",".join(sorted(caller.roles))
        raise Refusal("ROLE_FORBIDS", RULE, role=roles, method=method.rpartition("/")[2])


def require_size(rule: Rule, size: int, method: str) -> None:
    """Refusal MESSAGE_TOO_LARGE for a request greater than the rule's bound."""
    if size > rule.most:
        name = method.rpartition("/")[2]
        raise Refusal("MESSAGE_TOO_LARGE", "bounded messages", size=size, most=rule.most, method=name)
