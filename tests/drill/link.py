"""A bad line between two network namespaces: two tun devices and a relay that delays, loses, slows and cuts packets.

Real IP packets of the machine's own TCP pass here, so applications see what a bad line makes them see. It needs no
``netem``, which the kernels of many virtual machines do not have, and works the same everywhere.

Invariants: packets of one direction keep their order; what is lost or cut is lost without a word (no RST, no ICMP).
"""

import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import subprocess
import threading
import time
from collections import Counter

HUB_SIDE, NODE_SIDE = "10.77.0.1", "10.77.0.2"
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
MTU = 1500
QUEUE_MOST = 512 * 1024  # bytes that wait for a slow line; more are lost, as at any router


class Link:
    """The line between this process's namespace (``HUB_SIDE``) and ``namespace`` (``NODE_SIDE``).

    ``delay``: seconds one way; ``loss``: share of packets, 0 to 1; ``rate``: bytes a second each way, 0 for no limit;
    ``cut``: nothing passes. All may be changed at any time. ``passed``: bytes by direction ("up" from the node).
    """

    def __init__(self, namespace: str, seed: int) -> None:
        self.delay, self.loss, self.rate, self.cut = 0.0, 0.0, 0.0, False
        self.passed: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self._random = random.Random(seed)
        tag = os.getpid() % 100_000
        self._ends = {"down": _tun(f"ydh{tag}"), "up": _tun(f"ydn{tag}")}
        _ip("link", "set", "lo", "up")
        _ip("addr", "add", f"{HUB_SIDE}/24", "dev", f"ydh{tag}")
        _ip("link", "set", f"ydh{tag}", "up")
        _ip("link", "set", f"ydn{tag}", "netns", namespace)
        for words in (
            ("link", "set", "lo", "up"),
            ("addr", "add", f"{NODE_SIDE}/24", "dev", f"ydn{tag}"),
            ("link", "set", f"ydn{tag}", "up"),
        ):
            _ip("-n", namespace, *words)
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, str, bytes]] = []
        self._free = {"up": 0.0, "down": 0.0}
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        poll = select.poll()
        names = {}
        for name, handle in self._ends.items():
            poll.register(handle, select.POLLIN)
            names[handle] = name
        while True:
            for handle, _ in poll.poll(self._pause_ms()):
                # what comes out of the hub's device goes down to the node, and the other way round
                self._take("down" if names[handle] == "down" else "up", os.read(handle, MTU + 100))
            self._give()

    def _take(self, way: str, packet: bytes) -> None:
        now = time.monotonic()
        backlog = (self._free[way] - now) * self.rate if self.rate else 0.0
        if self.cut or backlog > QUEUE_MOST or self._random.random() < self.loss:
            self.lost[way] += len(packet)
            return
        start = max(now, self._free[way])
        self._free[way] = start + (len(packet) / self.rate if self.rate else 0.0)
        heapq.heappush(self._waiting, (self._free[way] + self.delay, next(self._order), way, packet))

    def _give(self) -> None:
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            _, _, way, packet = heapq.heappop(self._waiting)
            if self.cut:
                self.lost[way] += len(packet)
                continue
            self.passed[way] += len(packet)
            os.write(self._ends["up" if way == "down" else "down"], packet)

    def _pause_ms(self) -> float:
        if not self._waiting:
            return 50.0
        return max(0.0, (self._waiting[0][0] - time.monotonic()) * 1000)


def _tun(name: str) -> int:
    handle = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    os.set_blocking(handle, True)
    return handle


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
