"""The only way from an agent to the hub: gRPC over mutual TLS, in domain values.

Invariants:
- every call has a deadline, also the inbox stream, which then ends in peace; how calls are repeated and errors told
  stands in ``node_agent.client.calls``;
- nothing here knows rules or files.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import grpc

from crypto.refusal import Refusal
from crypto.sealing import KeyPacket
from node_agent.client.calls import ATTEMPTS, DEADLINE_SECONDS, LONG_SECONDS, Calls, refusal_of
from node_agent.client.selftest import SelfTestClient
from storage.objectstore import SignedPut
from yidi.v1 import (
    catalogue_pb2,
    catalogue_pb2_grpc,
    inbox_pb2,
    inbox_pb2_grpc,
    log_pb2,
    log_pb2_grpc,
    objects_pb2,
    objects_pb2_grpc,
    packets_pb2,
    packets_pb2_grpc,
    registry_pb2,
    registry_pb2_grpc,
    statements_pb2,
    statements_pb2_grpc,
    supervision_pb2,
    supervision_pb2_grpc,
)

SUBMIT_SECONDS = 65.0  # a whole batch: what the hub may take, and the way
CASES_A_PAGE = 200
WATCH_SECONDS = 300.0  # then the stream is opened again, perhaps at another hub process
MESSAGE_MOST = 64 << 20


@dataclass(frozen=True)
class Answer:
    """What became of one submission: the receipt envelope with index and case number, or the refusal."""

    receipt: bytes = b""
    index: int = -1
    case_no: str = ""
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Upload:
    """An upload as the hub sees it: parts in the store; whether the object is complete; PUTs for the first missing."""

    upload_id: str
    stored: frozenset[int]
    complete: bool
    grants: Mapping[int, SignedPut] = field(default_factory=dict)


@dataclass(frozen=True)
class Outgoing:
    """One submission."""

    envelope: bytes
    attachments: tuple[bytes, ...] = ()
    packets: tuple[KeyPacket, ...] = ()
    check_code_hash: str = ""


@dataclass(frozen=True)
class InboxItem:
    """One entry: position in this node's inbox (the cursor to go on from), log index, case, leaf bytes."""

    cursor: int
    index: int
    case_id: str
    leaf: bytes


@dataclass(frozen=True)
class Queried:
    """What an applicant may be told of a case; dates are ISO, UTC+8."""

    public_no: str
    state: str
    words: str
    holder: str
    milestones: tuple[tuple[str, str], ...]
    due: str
    next_step: str
    may_rate: bool
    case_type: str = ""


@dataclass(frozen=True)
class SnapshotParts:
    """The hub's signed snapshot as received: envelope, documents, registry leaves and their proofs."""

    envelope: bytes
    catalogue: bytes
    calendar: bytes
    registry_leaves: list[bytes]
    proofs: list[str]


def tls_credentials(private_key: bytes, certificate: bytes, authority: bytes) -> grpc.ChannelCredentials:
    """Mutual TLS: own certificate, the region's authority."""
    return grpc.ssl_channel_credentials(authority, private_key, certificate)


def open_channel(address: str, credentials: grpc.ChannelCredentials, name: str = "") -> grpc.Channel:
    """A channel to ``host:port``; ``name``: the hub's DNS name, where it differs from the host."""
    options: list[tuple[str, object]] = [
        ("grpc.max_receive_message_length", MESSAGE_MOST),
        ("grpc.max_send_message_length", MESSAGE_MOST),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 5_000),
    ]
    if name:
        options.append(("grpc.ssl_target_name_override", name))
    return grpc.secure_channel(address, credentials, options)


class HubClient:
    """Calls of one node. Safe from several threads."""

    def __init__(self, channel: grpc.Channel, attempts: int = ATTEMPTS) -> None:
        self._channel = channel
        self._calls = Calls(attempts)
        self._statements = statements_pb2_grpc.StatementServiceStub(channel)
        self._objects = objects_pb2_grpc.ObjectServiceStub(channel)
        self._packets = packets_pb2_grpc.KeyPacketServiceStub(channel)
        self._inbox = inbox_pb2_grpc.InboxServiceStub(channel)
        self._registry = registry_pb2_grpc.RegistryServiceStub(channel)
        self._catalogue = catalogue_pb2_grpc.CatalogueServiceStub(channel)
        self._log = log_pb2_grpc.LogServiceStub(channel)
        self._supervision = supervision_pb2_grpc.SupervisionServiceStub(channel)
        self.selftest = SelfTestClient(channel)

    @property
    def repeated(self) -> int:
        """Attempts so far that followed a failed one."""
        return self._calls.repeated

    def close(self) -> None:
        """Close the channel; open streams end."""
        self._calls.close()
        self._channel.close()

    # --- statements ------------------------------------------------------------------------------------------

    def submit(self, outgoing: Sequence[Outgoing]) -> list[Answer]:
        """Answers in order. The same bytes may be sent again at any time."""
        request = statements_pb2.SubmitStatementsRequest(
            request_id=secrets.token_hex(8), submissions=[_submission(item) for item in outgoing]
        )
        response = self._calls.make(lambda: self._statements.SubmitStatements(request, timeout=SUBMIT_SECONDS))
        return [_answer(result) for result in response.results]

    def receipt(self, payload_digest: str) -> tuple[Answer, str]:
        """The receipt of an earlier statement, and its tlog-proof when it is under a checkpoint."""
        request = statements_pb2.GetReceiptRequest(payload_digest=payload_digest)
        response = self._calls.make(lambda: self._statements.GetReceipt(request, timeout=DEADLINE_SECONDS))
        made = response.receipt
        return Answer(made.envelope, made.index, made.case_no), response.proof

    # --- objects and packets ---------------------------------------------------------------------------------

    def create_upload(self, manifest: bytes) -> Upload:
        """Begin or find the upload of a sealing."""
        request = objects_pb2.CreateUploadRequest(request_id=secrets.token_hex(8), manifest=manifest)
        made = self._calls.make(lambda: self._objects.CreateUpload(request, timeout=DEADLINE_SECONDS))
        stored = frozenset(part.number for part in made.parts)
        return Upload(made.upload_id, stored, bool(made.object.version_id), _grants(made.grants))

    def grant_parts(self, upload_id: str, numbers: Sequence[int]) -> dict[int, SignedPut]:
        """Presigned PUTs by part number."""
        request = objects_pb2.GrantPartsRequest(upload_id=upload_id, numbers=numbers)
        made = self._calls.make(lambda: self._objects.GrantParts(request, timeout=DEADLINE_SECONDS))
        return _grants(made.grants)

    def complete_upload(self, upload_id: str) -> str:
        """Version of the pinned object."""
        request = objects_pb2.CompleteUploadRequest(request_id=secrets.token_hex(8), upload_id=upload_id)
        made = self._calls.make(lambda: self._objects.CompleteUpload(request, timeout=LONG_SECONDS))
        return made.object.version_id

    def grant_download(self, case_id: str, manifest_digest: str) -> tuple[str, bytes]:
        """Presigned GET URL of the pinned version, and the manifest."""
        request = objects_pb2.GrantDownloadRequest(case_id=case_id, manifest_digest=manifest_digest)
        made = self._calls.make(lambda: self._objects.GrantDownload(request, timeout=DEADLINE_SECONDS))
        return made.url, made.manifest

    def key_packets(self, case_id: str, manifest_digest: str) -> list[KeyPacket]:
        """Packets of a sealing that are wrapped to this node."""
        found: list[KeyPacket] = []
        token = ""
        while True:
            request = packets_pb2.ListKeyPacketsRequest(
                case_id=case_id, manifest_digest=manifest_digest, page_token=token
            )
            page = self._page(request)
            found += [
                KeyPacket(item.line, item.rendition, item.recipient, item.recipient_key, item.packet)
                for item in page.key_packets
            ]
            token = page.next_page_token
            if not token:
                return found

    # --- inbox, registry, catalogue --------------------------------------------------------------------------

    def watch_inbox(self, cursor: int) -> Iterator[InboxItem | None]:
        """Entries after the cursor; None is a sign of life. Ends after ``WATCH_SECONDS``, or with a Refusal."""
        stream = self._inbox.WatchInbox(inbox_pb2.WatchInboxRequest(cursor=cursor), timeout=WATCH_SECONDS)
        try:
            for response in stream:
                yield _inbox_item(response.entry) if response.HasField("entry") else None
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                raise refusal_of(error) from error
        finally:
            stream.cancel()

    def inbox(self, cursor: int) -> list[InboxItem]:
        """One page of entries after the cursor."""
        request = inbox_pb2.ListInboxRequest(cursor=cursor)
        page = self._calls.make(lambda: self._inbox.ListInbox(request, timeout=DEADLINE_SECONDS))
        return [_inbox_item(entry) for entry in page.entries]

    def registry_leaves(self, after_epoch: int) -> tuple[list[bytes], int]:
        """Registry leaves after a position, and the hub's position."""
        request = registry_pb2.ListRegistryLeavesRequest(after_epoch=after_epoch)
        page = self._calls.make(lambda: self._registry.ListRegistryLeaves(request, timeout=DEADLINE_SECONDS))
        return list(page.leaves), page.epoch

    def snapshot(self) -> SnapshotParts:
        """The hub's signed directory snapshot."""
        request = registry_pb2.GetSnapshotRequest()
        made = self._calls.make(lambda: self._registry.GetSnapshot(request, timeout=LONG_SECONDS))
        return SnapshotParts(
            made.envelope, made.catalogue, made.calendar, list(made.registry_leaves), list(made.proofs)
        )

    def published(self, kind: str, version: str) -> bytes:
        """A published document: kind ``catalogue`` or ``calendar``."""
        if kind == "catalogue":
            wanted = catalogue_pb2.GetCatalogueRequest(version=version)
            return self._calls.make(lambda: self._catalogue.GetCatalogue(wanted, timeout=DEADLINE_SECONDS)).document
        request = catalogue_pb2.GetCalendarRequest(version=version)
        return self._calls.make(lambda: self._catalogue.GetCalendar(request, timeout=DEADLINE_SECONDS)).document

    # --- log and supervision ---------------------------------------------------------------------------------

    def checkpoint(self) -> tuple[str, int]:
        """Newest checkpoint note, and leaves sequenced."""
        request = log_pb2.GetCheckpointRequest()
        made = self._calls.make(lambda: self._log.GetCheckpoint(request, timeout=DEADLINE_SECONDS))
        return made.note, made.sequenced

    def inclusion_proof(self, index: int) -> str:
        """C2SP tlog-proof of a leaf."""
        request = log_pb2.GetInclusionProofRequest(index=index)
        return self._calls.make(lambda: self._log.GetInclusionProof(request, timeout=DEADLINE_SECONDS)).proof

    def consistency_proof(self, old_size: int, new_size: int) -> list[bytes]:
        """Consistency path between two sizes."""
        request = log_pb2.GetConsistencyProofRequest(old_size=old_size, new_size=new_size)
        made = self._calls.make(lambda: self._log.GetConsistencyProof(request, timeout=DEADLINE_SECONDS))
        return list(made.hashes)

    def tile(self, path: str) -> bytes:
        """A tile by its C2SP path."""
        request = log_pb2.GetTileRequest(path=path)
        return self._calls.make(lambda: self._log.GetTile(request, timeout=DEADLINE_SECONDS)).data

    def add_cosignature(self, size: int, line: str) -> None:
        """Hand in a witness line for the checkpoint of ``size``."""
        request = log_pb2.AddCosignatureRequest(size=size, line=line)
        self._calls.make(lambda: self._log.AddCosignature(request, timeout=DEADLINE_SECONDS))

    def export_evidence(self, case_name: str) -> bytes:
        """The evidence package of a case."""
        request = log_pb2.ExportEvidenceRequest(case_name=case_name)
        return self._calls.make(
            lambda: b"".join(part.chunk for part in self._log.ExportEvidence(request, timeout=LONG_SECONDS))
        )

    def case(self, name: str) -> bytes:
        """The hub's projection of a case, canonical JSON."""
        request = supervision_pb2.GetCaseRequest(case_name=name)
        found = self._calls.make(lambda: self._supervision.GetCase(request, timeout=DEADLINE_SECONDS))
        document: bytes = found.case.document
        return document

    def cases(self, state: str = "", page_token: str = "") -> tuple[list[bytes], str]:
        """One page of the cases that this node may see, as canonical JSON, newest change first; the next page's token.

        ``state``: only this one. Empty token: the last page.
        """
        wanted = supervision_pb2.CaseState.Value(f"CASE_STATE_{state or 'UNSPECIFIED'}")
        request = supervision_pb2.ListCasesRequest(state=wanted, page_size=CASES_A_PAGE, page_token=page_token)
        found = self._calls.make(lambda: self._supervision.ListCases(request, timeout=DEADLINE_SECONDS))
        return [one.document for one in found.cases], str(found.next_page_token)

    def case_leaves(self, name: str, after_index: int = -1) -> list[bytes]:
        """Leaves of a case, in log order."""
        request = supervision_pb2.ListCaseLeavesRequest(case_name=name, after_index=after_index)
        found = self._calls.make(lambda: self._supervision.ListCaseLeaves(request, timeout=DEADLINE_SECONDS))
        return list(found.leaves)

    def admit_window(self, public_no: str, check_code: str) -> str:
        """The case that the applicant showed number and check code of at this window (A1); its id."""
        request = supervision_pb2.AdmitWindowRequest(public_no=public_no, check_code=check_code)
        made = self._calls.make(lambda: self._supervision.AdmitWindow(request, timeout=DEADLINE_SECONDS))
        return str(made.case_id)

    def query_case(self, public_no: str, check_code: str) -> Queried:
        """What an applicant may be told (G06). Refusals CHECK_CODE_WRONG, CHECK_CODE_LIMIT."""
        request = supervision_pb2.QueryCaseRequest(public_no=public_no, check_code=check_code)
        made = self._calls.make(lambda: self._supervision.QueryCase(request, timeout=DEADLINE_SECONDS))
        return Queried(
            public_no=made.public_no,
            state=supervision_pb2.CaseState.Name(made.state).removeprefix("CASE_STATE_"),
            words=made.words,
            holder=made.holder,
            milestones=tuple((one.words, one.date) for one in made.milestones),
            due=made.due,
            next_step=made.next_step,
            may_rate=made.may_rate,
            case_type=made.case_type,
        )

    # --- pieces ----------------------------------------------------------------------------------------------

    def _page(self, request: packets_pb2.ListKeyPacketsRequest) -> packets_pb2.ListKeyPacketsResponse:
        return self._calls.make(lambda: self._packets.ListKeyPackets(request, timeout=DEADLINE_SECONDS))


def _inbox_item(entry: inbox_pb2.InboxEntry) -> InboxItem:
    return InboxItem(entry.cursor, entry.index, entry.case_id, entry.leaf)


def _grants(made: Iterable[objects_pb2.PartGrant]) -> dict[int, SignedPut]:
    return {grant.number: SignedPut(grant.url, dict(grant.headers)) for grant in made}


def _submission(item: Outgoing) -> statements_pb2.Submission:
    return statements_pb2.Submission(
        envelope=item.envelope,
        attachments=item.attachments,
        key_packets=[
            statements_pb2.KeyPacket(
                line=packet.line,
                rendition=packet.rendition,
                recipient=packet.recipient,
                recipient_key=packet.recipient_key,
                packet=packet.packet,
            )
            for packet in item.packets
        ],
        check_code_hash=item.check_code_hash,
    )


def _answer(result: statements_pb2.SubmissionResult) -> Answer:
    if result.HasField("receipt"):
        return Answer(result.receipt.envelope, result.receipt.index, result.receipt.case_no)
    detail = result.refusal
    return Answer(refusal=Refusal(detail.code, detail.rule, **dict(detail.values)))
