"""Limits of a hub: a caller never gets more than its rate, is told when to come back, and costs bounded memory."""

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.refusal import Refusal
from hub.rpc import limits
from hub.rpc.access import Kind
from hub.rpc.limits import Bucket, Limits, Rate, address_of

ASKED = st.lists(st.tuples(st.floats(0, 5), st.integers(1, 40)), max_size=60)


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(ASKED, st.floats(0.5, 50), st.integers(40, 200))
def test_no_stretch_of_time_gives_more_than_burst_and_rate(
    asked: list[tuple[float, int]], rate: float, burst: int
) -> None:
    clock = Clock()
    bucket = Bucket(Rate(rate, burst), clock)
    taken: list[tuple[float, int]] = []
    for pause, units in asked:
        clock.now += pause
        if bucket.take("a", units) == 0:
            taken.append((clock.now, units))
    for first, (start, _) in enumerate(taken):
        for last in range(first, len(taken)):
            units = sum(unit for _, unit in taken[first : last + 1])
            assert units <= burst + rate * (taken[last][0] - start) + 1e-6


@given(ASKED, st.floats(0.5, 50), st.integers(40, 200))
def test_who_comes_back_at_the_time_named_is_let_in_and_not_much_sooner(
    asked: list[tuple[float, int]], rate: float, burst: int
) -> None:
    clock = Clock()
    bucket = Bucket(Rate(rate, burst), clock)
    for pause, units in asked:
        clock.now += pause
        wait = bucket.take("a", units)
        if wait:
            assert wait <= burst / rate + 1e-6
            clock.now += wait * 0.99 - 1e-6
            assert bucket.take("a", units) > 0, "sooner than named, and a refused call takes nothing"
            clock.now += wait * 0.01 + 2e-6
            assert bucket.take("a", units) == 0


def test_one_caller_takes_nothing_from_another() -> None:
    bucket = Bucket(Rate(1, 5), Clock())
    assert [bucket.take("a", 1) == 0 for _ in range(7)] == [True] * 5 + [False] * 2
    assert bucket.take("b", 5) == 0


def test_memory_is_bounded_and_full_buckets_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CALLERS_MOST", 10)
    clock = Clock()
    bucket = Bucket(Rate(1, 5), clock)
    for number in range(50):
        bucket.take(f"stranger-{number}", 1)
    assert len(bucket._full_at) <= 11
    assert bucket.take("late", 5) > 0, "newcomers share what is left"
    clock.now += 60
    assert bucket.take("later", 5) == 0, "all are full again, so all are forgotten"
    assert len(bucket._full_at) == 1


def made(calls: int = 2, streams: int = 1, size: int = 100) -> Limits:
    return Limits({Kind.CALLS: Rate(10, 20)}, calls, streams, size, Clock())


def test_a_refusal_names_what_was_too_much_and_when_to_come_back() -> None:
    checked = made()
    checked.admit("a", Kind.CALLS, 20)
    with pytest.raises(Refusal) as caught:
        checked.admit("a", Kind.CALLS, 5)
    assert caught.value.code == "RATE_LIMITED"
    assert caught.value.values == {"limit": "calls", "retry_after_ms": "500"}


def test_calls_under_way_are_counted_by_caller_and_given_back() -> None:
    checked = made()
    with ExitStack() as calls:
        for _ in range(2):
            calls.enter_context(checked.under_way("a", 1))
        with pytest.raises(Refusal, match="RATE_LIMITED"), checked.under_way("a", 1):
            pass
        calls.enter_context(checked.under_way("b", 1))
        calls.enter_context(checked.under_way("a", 1, stream=True))
        with pytest.raises(Refusal, match="RATE_LIMITED"), checked.under_way("a", 1, stream=True):
            pass
    with pytest.raises(ZeroDivisionError), checked.under_way("a", 1):
        _ = 1 / 0
    with checked.under_way("a", 1), checked.under_way("a", 1):
        assert checked._bytes == 2
    assert not checked._under_way and checked._bytes == 0


def test_bytes_of_all_callers_are_bounded_but_one_alone_passes() -> None:
    checked = made(size=100)
    with checked.under_way("a", 150):
        with pytest.raises(Refusal) as caught, checked.under_way("b", 1):
            pass
        assert (caught.value.code, caught.value.values["retry_after_ms"]) == ("HUB_BUSY", "1000")


@pytest.mark.parametrize(
    ("peer", "caller"),
    [
        ("ipv4:192.0.2.7:51234", "192.0.2.7"),
        ("ipv6:%5B2001:db8:1:2:3:4:5:6%5D:51234", "2001:db8:1:2::/64"),
        ("ipv6:[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"),
        ("ipv6:[::ffff:192.0.2.7]:443", "192.0.2.7"),
        ("unix:", "unix"),
    ],
)
def test_strangers_are_told_apart_by_address(peer: str, caller: str) -> None:
    assert address_of(peer) == caller
