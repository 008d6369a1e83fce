"""The one place where errors cross the wire: ``google.rpc.Status`` with ``ErrorInfo``.

Invariants: a refusal's code is the ``reason`` in the domain ``yidi``, its values and rule are the metadata; an unknown
error tells an incident number and nothing of the inside; what is RESOURCE_EXHAUSTED says when to ask again
(``google.rpc.RetryInfo``).
"""

from collections.abc import Mapping

from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode

from crypto.refusal import Refusal

DOMAIN = "yidi"
DETAILS_KEY = "grpc-status-details-bin"
RETRY_AFTER_MS = {"ENROLMENT_DESK_FULL": 30_000}
RETRY_AFTER_ELSE_MS = 500
VALUE_MOST = 200  # characters
BUDGET = 4_000  # bytes of all values, before base64

STATUS: dict[str, StatusCode] = {
    **dict.fromkeys(
        ("CERTIFICATE_UNKNOWN", "CERTIFICATE_EXPIRED", "CERTIFICATE_FORMAT", "KEY_REVOKED"),
        StatusCode.UNAUTHENTICATED,
    ),
    **dict.fromkeys(
        ("ROLE_FORBIDS", "NOT_YOUR_CASE", "NOT_YOUR_VOICE", "ROLE_MISSING", "KEYS_MISSING", "CHECK_CODE_WRONG"),
        StatusCode.PERMISSION_DENIED,
    ),
    **dict.fromkeys(
        ("UPLOAD_MISSING", "OBJECT_MISSING", "DOCUMENT_MISSING", "NOT_PUBLISHED", "UNKNOWN_ITEM", "ROUTE_NONE"),
        StatusCode.NOT_FOUND,
    ),
    **dict.fromkeys(
        (
            *("NOT_CANONICAL", "TILE_PATH", "PART_NUMBER", "OBJECT_KEY", "REQUEST_INVALID", "SIGNATURE_INVALID"),
            *("STATEMENT_TOO_LARGE", "ATTACHMENT_TOO_LARGE", "ENROLMENT_TOO_LARGE", "OBJECT_TOO_LARGE"),
            *("MESSAGE_TOO_LARGE", "TOO_MANY_SUBMISSIONS", "PAGE_SIZE", "PAGE_TOKEN", "LOG_RANGE", "REGION_CODE"),
        ),
        StatusCode.INVALID_ARGUMENT,
    ),
    **dict.fromkeys(("HEAD_MOVED", "CHECKPOINT_MOVED"), StatusCode.ABORTED),
    **dict.fromkeys(("HUB_BUSY", "RATE_LIMITED", "ENROLMENT_DESK_FULL"), StatusCode.RESOURCE_EXHAUSTED),
    **dict.fromkeys(("DATABASE_UNAVAILABLE", "STORE_UNAVAILABLE", "HUB_STOPPING"), StatusCode.UNAVAILABLE),
    "NOT_INTEGRATED": StatusCode.FAILED_PRECONDITION,
    "HUB_SLOW": StatusCode.DEADLINE_EXCEEDED,
    "METHOD_UNKNOWN": StatusCode.UNIMPLEMENTED,
    "INTERNAL": StatusCode.INTERNAL,
}
ENDINGS: tuple[tuple[str, StatusCode], ...] = (
    ("_UNKNOWN", StatusCode.NOT_FOUND),
    ("_FORMAT", StatusCode.INVALID_ARGUMENT),
    ("_MALFORMED", StatusCode.INVALID_ARGUMENT),
    ("_INVALID", StatusCode.INVALID_ARGUMENT),
)


def status_code(code: str) -> StatusCode:
    """gRPC status of a refusal code: the table, then its ending, then FAILED_PRECONDITION."""
    if code in STATUS:
        return STATUS[code]
    return next((status for ending, status in ENDINGS if code.endswith(ending)), StatusCode.FAILED_PRECONDITION)


def shown(refusal: Refusal) -> Mapping[str, str]:
    """The rule and as many of the values as fit into ``BUDGET`` bytes (metadata of gRPC is small), each cut short."""
    fitting = {"rule": refusal.rule[:VALUE_MOST]}
    left = BUDGET - len(fitting["rule"].encode())
    for name, value in refusal.values.items():
        left -= len(name.encode()) + len(value[:VALUE_MOST].encode())
        if left < 0:
            break
        fitting[name] = value[:VALUE_MOST]
    return fitting


def trailer(status: StatusCode, refusal: Refusal) -> tuple[tuple[str, bytes], ...]:
    """Trailing metadata with the rich status."""
    info = error_details_pb2.ErrorInfo(domain=DOMAIN, reason=refusal.code, metadata=shown(refusal))
    details = [_packed(info)]
    if status is StatusCode.RESOURCE_EXHAUSTED:
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=_again(refusal))))
    rich = status_pb2.Status(code=status.value[0], message=refusal.code, details=details)
    return ((DETAILS_KEY, rich.SerializeToString()),)


def _again(refusal: Refusal) -> Duration:
    """When to ask again: as the refusal says, else by its code."""
    given = refusal.values.get("retry_after_ms", "")
    again = Duration()
    again.FromMilliseconds(int(given) if given else RETRY_AFTER_MS.get(refusal.code, RETRY_AFTER_ELSE_MS))
    return again


def _packed(message: Message) -> any_pb2.Any:
    detail = any_pb2.Any()
    detail.Pack(message)
    return detail
