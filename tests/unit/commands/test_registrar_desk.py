"""The registrar's desk asks seldom while nothing waits, and ever less often where the hub turns it away."""

from typing import Any

import pytest

from crypto.refusal import Refusal
from deploy.registrar import desk as desks
from deploy.registrar.desk import RegistrarDesk


class Waits:
    """A stop that notes the pauses asked for and ends after some of them; time passes with them."""

    def __init__(self, most: int) -> None:
        self.most, self.now = most, 0.0
        self.pauses: list[float] = []

    def is_set(self) -> bool:
        return len(self.pauses) >= self.most

    def wait(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        self.now += seconds
        return self.is_set()


class Registrar:
    """What a desk needs of a registrar here."""

    public_key: Any = None

    def certificate_is_due(self) -> bool:
        return False


def pauses(monkeypatch: pytest.MonkeyPatch, rounds: list[int | str], most: int) -> list[float]:
    """The pauses of a desk whose rounds answer so many requests, or end with a code; 0 after the last one."""
    stop, left = Waits(most), list(rounds)

    def play(_: RegistrarDesk) -> int:
        found = left.pop(0) if left else 0
        if isinstance(found, str):
            raise Refusal(found, "test")
        return found

    monkeypatch.setattr(desks, "Directory", lambda keys: None)
    monkeypatch.setattr(RegistrarDesk, "round", play)
    monkeypatch.setattr("deploy.registrar.desk.time.monotonic", lambda: stop.now)
    made: Any = RegistrarDesk
    made(Registrar(), None).run(stop)
    return stop.pauses


def test_an_idle_desk_asks_every_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pauses(monkeypatch, [], 3) == [2.0] * 3


def test_a_desk_that_just_answered_asks_soon_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    made = pauses(monkeypatch, [1, 1], 60)
    assert made[0] == 0.2 and made[-1] == 2.0 and 10.0 <= sum(one for one in made if one == 0.2) < 10.5


def test_a_refusal_doubles_the_pause_up_to_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    made = pauses(monkeypatch, [*["HUB_UNAVAILABLE"] * 6, 0], 7)
    assert made == [4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 2.0]
