"""How a call to the hub is made: bounded in time, repeated with pauses where that helps, its error told as a Refusal.

Invariants:
- a call is repeated only when the hub was away (UNAVAILABLE), dropped it unread as it stopped (CANCELLED, which this
  side never asks for but at its own end) or named a time to come again (RetryInfo); every call of this client may be
  repeated, since statements are known by their digest and uploads by their manifest;
- never sooner than the hub asked for, with a random part on top, so that many do not come back together; a hub that
  asks for more than ``PATIENCE_SECONDS`` is not waited for here: the Refusal (``retry_after_ms``) is the caller's;
- attempts are bounded, and each has a deadline of its own.
"""

import logging
import random
import threading
from collections.abc import Callable
from typing import TypeVar

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential
from tenacity.nap import sleep_using_event
from tenacity.stop import stop_any, stop_when_event_set

from crypto.refusal import Refusal

DEADLINE_SECONDS = 30.0
LONG_SECONDS = 130.0  # what the hub may take for its longest calls (hub.rpc.access), and the way
ATTEMPTS = 6
PATIENCE_SECONDS = 10.0
GROWING = wait_random_exponential(multiplier=0.2, min=0.05, max=3)
NO_ANSWER = frozenset(
    {
        *("HUB_UNAVAILABLE", "HUB_BUSY", "HUB_SLOW", "HUB_STOPPING", "RATE_LIMITED"),
        *("DATABASE_UNAVAILABLE", "STORE_UNAVAILABLE", "INTERNAL", "LOG_ROLLED_BACK"),
    }
)
"""Codes that say nothing about what was asked: the hub could not answer now."""
AWAY = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})
log = logging.getLogger(__name__)
T = TypeVar("T")


class Calls:
    """Makes calls. Safe from several threads. ``repeated``: attempts that followed a failed one, so far."""

    def __init__(self, attempts: int = ATTEMPTS) -> None:
        self._attempts = attempts
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self.repeated = 0

    def close(self) -> None:
        """From now on nothing is repeated, and who waits to repeat does not."""
        self._closed.set()

    def make(self, call: Callable[[], T]) -> T:
        """The answer. Refusals of the hub; HUB_UNAVAILABLE when it does not answer."""
        asking = Retrying(
            stop=stop_any(stop_after_attempt(self._attempts), stop_when_event_set(self._closed)),
            sleep=sleep_using_event(self._closed),
            wait=_pause,
            retry=retry_if_exception(_may_repeat),
            before_sleep=self._count,
            reraise=True,
        )
        try:
            return asking(call)
        except grpc.RpcError as error:
            raise refusal_of(error) from error
        except ValueError as error:
            if not self._closed.is_set():
                raise
            raise Refusal(
                "HUB_UNAVAILABLE", "promise 6", status="closed"
            ) from error  # gRPC says so of a closed channel

    def _count(self, state: RetryCallState) -> None:
        with self._lock:
            self.repeated += 1
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, grpc.RpcError):
            log.debug("call repeated: %s %s", error.code().name, error.details())


def refusal_of(error: grpc.RpcError) -> Refusal:
    """The Refusal in an error of the hub; HUB_UNAVAILABLE where the hub did not answer."""
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == "yidi":
            values = dict(info.metadata)
            rule = values.pop("rule", "")
            return Refusal(info.reason, rule, **{name: value for name, value in values.items() if name != "code"})
    return Refusal("HUB_UNAVAILABLE", "promise 6", status=error.code().name)


def again_after(refusal: Refusal | None) -> float:
    """Seconds after which the hub that refused wants to be asked again, with a random part on top; 0: any time."""
    given = refusal.values.get("retry_after_ms", "") if refusal is not None else ""
    return int(given) / 1000 * random.uniform(1.0, 1.5) if given.isdecimal() else 0.0


def asked_pause(error: BaseException | None) -> float | None:
    """Seconds after which the hub wants to be asked again (google.rpc.RetryInfo); None when it named none."""
    status = rpc_status.from_call(error) if isinstance(error, grpc.RpcError) else None
    for detail in status.details if status else ():
        info = error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            return float(info.retry_delay.ToTimedelta().total_seconds())
    return None


def _may_repeat(error: BaseException) -> bool:
    if not isinstance(error, grpc.RpcError):
        return False
    pause = asked_pause(error)
    if pause is not None:
        return pause <= PATIENCE_SECONDS
    return error.code() in AWAY


def _pause(state: RetryCallState) -> float:
    growing = GROWING(state)
    asked = asked_pause(state.outcome.exception() if state.outcome else None)
    return growing if asked is None else asked + random.uniform(0, max(asked, growing))
