"""How much one caller may ask for: rates, calls under way, bytes under way. What is too much is refused at once.

A rate is a token bucket a caller and kind of call, kept as one time (GCRA): ``burst`` at once, ``rate`` a second after.
A caller is a node, or at the enrolment door an address (IPv6: its /64). The buckets belong to this process: a node that
opens connections to all of N hub processes gets at most N times the rate; one connection gets exactly it, which is why
rates are not divided by N.

Invariants:
- who the caller is was proven before (``hub.rpc.gate``): nobody uses up another one's rate;
- what a call brought counts until nobody holds it: a call that timed out may still wait in a queue (``keep``);
- a refused call takes nothing, and names the time after which it would have been taken (``retry_after_ms``);
- memory is bounded: full buckets are forgotten, and beyond ``CALLERS_MOST`` newcomers share one.

For one event loop.
"""

import ipaddress
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import unquote

from crypto.refusal import Refusal
from hub.rpc.access import Kind

RULE = "architecture: limits of a hub"
CALLERS_MOST = 10_000
OTHERS = "others"
CALLS_AGAIN_MS, STREAMS_AGAIN_MS, BYTES_AGAIN_MS = 250, 5_000, 1_000


@dataclass(frozen=True)
class Rate:
    """``rate``: units a second; ``burst``: units at once, at least one."""

    rate: float
    burst: float


class Bucket:
    """Token buckets of one rate, by caller."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._full_at: dict[str, float] = {}  # when the caller's bucket is full again

    def take(self, caller: str, units: float) -> float:
        """Take ``units`` and answer 0, or take nothing and answer the seconds to wait.

        More than ``burst`` at once counts as ``burst``: it could never be taken otherwise.
        """
        now = self._clock()
        caller = self._known(caller, now)
        full_at = max(self._full_at.get(caller, now), now) + min(units, self._rate.burst) / self._rate.rate
        wait = full_at - now - self._rate.burst / self._rate.rate
        if wait > 1e-9:
            return wait
        self._full_at[caller] = full_at
        return 0.0

    def _known(self, caller: str, now: float) -> str:
        if caller in self._full_at or len(self._full_at) < CALLERS_MOST:
            return caller
        self._full_at = {name: full_at for name, full_at in self._full_at.items() if full_at > now}
        return caller if len(self._full_at) < CALLERS_MOST else OTHERS


class Limits:
    """All limits of one door of one process. ``calls_most``, ``streams_most``: a caller's, under way at a time."""

    def __init__(
        self,
        rates: Mapping[Kind, Rate],
        calls_most: int,
        streams_most: int,
        bytes_most: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._buckets = {kind: Bucket(rate, clock) for kind, rate in rates.items()}
        self._most = {False: calls_most, True: streams_most}
        self._under_way: Counter[tuple[str, bool]] = Counter()
        self._bytes_most = bytes_most
        self._bytes = 0

    def admit(self, caller: str, kind: Kind, units: int) -> None:
        """Refusal RATE_LIMITED (``retry_after_ms``) when the caller asks too often."""
        wait = self._buckets[kind].take(caller, max(units, 1))
        if wait:
            raise Refusal("RATE_LIMITED", RULE, limit=kind.value, retry_after_ms=math.ceil(wait * 1000))

    @contextmanager
    def under_way(self, caller: str, size: int, *, stream: bool = False) -> Iterator[None]:
        """Counts a call of ``size`` bytes as long as it runs.

        Refusals RATE_LIMITED when the caller has too many under way, HUB_BUSY when all callers' requests are too big.
        """
        place = (caller, stream)
        if self._under_way[place] >= self._most[stream]:
            again = STREAMS_AGAIN_MS if stream else CALLS_AGAIN_MS
            raise Refusal("RATE_LIMITED", RULE, limit="streams" if stream else "under_way", retry_after_ms=again)
        if self._bytes + size > self._bytes_most and self._bytes:  # one alone always passes: its size was checked
            raise Refusal("HUB_BUSY", RULE, retry_after_ms=BYTES_AGAIN_MS)
        self._under_way[place] += 1
        self._bytes += size
        held = _Held(lambda: self._give_back(place, size))
        _held.set(held)  # not reset: a stream may be ended in another context than it began in
        try:
            yield
        finally:
            held.let_go()

    def _give_back(self, place: tuple[str, bool], size: int) -> None:
        self._bytes -= size
        self._under_way[place] -= 1
        if not self._under_way[place]:
            del self._under_way[place]


class _Held:
    """What one call takes of the limits, given back when the last who holds it lets go."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back = give_back
        self._holders = 1

    def let_go(self) -> None:
        self._holders -= 1
        if not self._holders:
            self._give_back()

    def keep(self) -> Callable[[], None]:
        self._holders += 1
        return self.let_go


_held: ContextVar[_Held] = ContextVar("held")


def keep() -> Callable[[], None]:
    """Hold what the running call takes until what this gives is called, once: its request lies where it ends later than
    the call. LookupError outside a counted call (a mistake of ours).
    """
    return _held.get().keep()


def address_of(peer: str) -> str:
    """The caller behind gRPC's ``ipv4:1.2.3.4:5678`` or ``ipv6:[::1]:5678``; other kinds as they are."""
    family, _, rest = unquote(peer).partition(":")
    host = rest.rpartition(":")[0].strip("[]").partition("%")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return family
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
