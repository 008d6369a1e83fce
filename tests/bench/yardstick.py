"""How fast the machine was while something was measured: CPU time of one known piece of work.

On a machine that others use too, the same work costs more CPU time (shared caches, shared execution units). Figures of
two runs can be compared after division by their yardsticks.
"""

import threading
import time
from types import TracebackType

from crypto import suites
from crypto.keystore import new_signer

SAMPLES, PAUSE_SECONDS = 20, 1.0
DATA = bytes(600)


class Yardstick:
    """While the scope is open: microseconds of CPU time that one check of a P-256 signature takes, now and then."""

    def __init__(self) -> None:
        self._signer = new_signer()
        self._signature = self._signer.sign(DATA)
        self._found: list[float] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Yardstick":
        self._sample()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def microseconds(self) -> float:
        """The mean so far."""
        return sum(self._found) / len(self._found)

    def _run(self) -> None:
        while not self._end.wait(PAUSE_SECONDS):
            self._sample()

    def _sample(self) -> None:
        began = time.thread_time()
        for _ in range(SAMPLES):
            suites.verify(self._signer.suite, self._signer.public, self._signature, DATA)
        self._found.append((time.thread_time() - began) / SAMPLES * 1e6)
