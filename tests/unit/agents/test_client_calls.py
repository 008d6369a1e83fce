"""The agents' calls to the hub: repeated where that helps, within bounds, and never before the time that it named."""

import threading
import time
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from crypto.refusal import Refusal
from hub.rpc import errors
from node_agent.client import calls
from node_agent.client.calls import Calls, again_after


class Failed(grpc.RpcError):
    """An error as gRPC raises it, with the hub's own trailer where a refusal is given."""

    def __init__(self, code: grpc.StatusCode, refusal: Refusal | None = None) -> None:
        self._code = errors.status_code(refusal.code) if refusal else code
        self._refusal = refusal

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._refusal.code if self._refusal else "somewhere else"

    def trailing_metadata(self) -> Any:
        return errors.trailer(self._code, self._refusal) if self._refusal else ()


def failing(*failures: Failed) -> tuple[Callable[[], str], list[float]]:
    """A call that fails in turn and then answers; when it was tried."""
    left, tried = list(failures), []

    def call() -> str:
        tried.append(time.monotonic())
        if left:
            raise left.pop(0)
        return "answer"

    return call, tried


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED])
def test_a_hub_that_goes_is_asked_again(code: grpc.StatusCode) -> None:
    made = Calls()
    call, _ = failing(Failed(code), Failed(code))
    assert made.make(call) == "answer"
    assert made.repeated == 2


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNKNOWN]
)
def test_what_repeating_does_not_help_is_told_at_once(code: grpc.StatusCode) -> None:
    made = Calls()
    call, tried = failing(Failed(code))
    with pytest.raises(Refusal, match="HUB_UNAVAILABLE"):
        made.make(call)
    assert len(tried) == 1


def test_a_refusal_of_the_hub_is_not_repeated() -> None:
    call, tried = failing(Failed(grpc.StatusCode.OK, Refusal("CASE_UNKNOWN", "A24", case="x")))
    with pytest.raises(Refusal) as caught:
        Calls().make(call)
    assert (caught.value.code, caught.value.rule, dict(caught.value.values)) == ("CASE_UNKNOWN", "A24", {"case": "x"})
    assert len(tried) == 1


def test_attempts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "GROWING", lambda _: 0.0)
    call, tried = failing(*[Failed(grpc.StatusCode.UNAVAILABLE)] * 100)
    with pytest.raises(Refusal, match="HUB_UNAVAILABLE"):
        Calls().make(call)
    assert len(tried) == calls.ATTEMPTS


def test_a_busy_hub_is_not_asked_before_the_time_it_named() -> None:
    busy = Failed(grpc.StatusCode.OK, Refusal("RATE_LIMITED", "test", retry_after_ms=300))
    call, tried = failing(busy, busy)
    assert Calls().make(call) == "answer"
    assert all(0.3 <= later - sooner < 30 for sooner, later in zip(tried, tried[1:], strict=False))
    assert len(tried) == 3


def test_a_hub_that_names_no_time_is_given_one() -> None:
    error = Failed(grpc.StatusCode.OK, Refusal("HUB_BUSY", "test"))
    assert calls.asked_pause(error) == errors.RETRY_AFTER_ELSE_MS / 1000
    assert calls.asked_pause(Failed(grpc.StatusCode.OK, Refusal("CASE_UNKNOWN", "A24"))) is None


def test_who_has_to_wait_long_is_told_instead() -> None:
    call, tried = failing(Failed(grpc.StatusCode.OK, Refusal("ENROLMENT_DESK_FULL", "test")))
    with pytest.raises(Refusal, match="ENROLMENT_DESK_FULL"):
        Calls().make(call)
    assert len(tried) == 1


def test_a_closed_client_repeats_nothing_and_wakes_who_waits() -> None:
    made = Calls()
    call, tried = failing(*[Failed(grpc.StatusCode.OK, Refusal("RATE_LIMITED", "test", retry_after_ms=9_000))] * 9)
    threading.Timer(0.3, made.close).start()
    began = time.monotonic()
    with pytest.raises(Refusal):
        made.make(call)
    assert time.monotonic() - began < 8
    assert len(tried) <= 2


@pytest.mark.parametrize(("given", "least", "most"), [("400", 0.4, 0.6), ("", 0.0, 0.0), ("soon", 0.0, 0.0)])
def test_the_named_time_is_read_from_a_refusal(given: str, least: float, most: float) -> None:
    assert least <= again_after(Refusal("RATE_LIMITED", "test", retry_after_ms=given)) <= most
    assert again_after(None) == 0.0
