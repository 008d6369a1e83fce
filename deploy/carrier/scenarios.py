"""The scenarios a simulated carrier plays (postal rules 8), read from ``scenarios.json``.

Invariants:
- every step names an event of the file or is one of idle, repeat, down, batch; a wrong file stops the start;
- texts carry names and numbers of couriers as the true ones do; all of them are invented.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class EventText:
    """One event as the carrier words it. ``signed``: someone signs, which an electronic slip can show."""

    provider: str
    code: str
    name: str
    text: str
    signed: bool


@dataclass(frozen=True)
class Step:
    """One step: ``events`` by name (none: silence), ``repeat`` of an earlier event (1 = first), or ``down``.

    ``minutes_ago`` dates the events back; ``slip`` tells them under the return slip's own number.
    """

    events: tuple[str, ...] = ()
    minutes_ago: int = 0
    slip: bool = False
    repeat: int = 0
    down: bool = False


@dataclass(frozen=True)
class Scenario:
    """A numbered course of events."""

    number: int
    title: str
    steps: tuple[Step, ...]


@cache
def event_texts() -> Mapping[str, EventText]:
    """All events by name."""
    return {
        name: EventText(
            item.get("provider", "EMS"), item["code"], item["name"], item["text"], item.get("signed", False)
        )
        for name, item in _file()["events"].items()
    }


@cache
def scenarios() -> Mapping[int, Scenario]:
    """All scenarios by number. ValueError if a step is not understood."""
    return {
        item["number"]: Scenario(item["number"], item["title"], tuple(_step(step) for step in item["steps"]))
        for item in _file()["scenarios"]
    }


def _step(item: object) -> Step:
    match item:
        case str(name):
            step = Step(events=(name,))
        case {"event": str(name), **rest}:
            step = Step(
                events=(name,),
                minutes_ago=int(str(rest.get("minutes_ago", 0))),
                slip=bool(rest.get("slip", False)),
            )
        case {"batch": list(names)}:
            step = Step(events=tuple(names))
        case {"repeat": int(number)}:
            step = Step(repeat=number)
        case {"down": True}:
            step = Step(down=True)
        case {"idle": True}:
            step = Step()
        case _:
            raise ValueError(f"step not understood: {item}")
    unknown = set(step.events) - set(event_texts())
    if unknown:
        raise ValueError(f"events not in the file: {sorted(unknown)}")
    return step


@cache
def _file() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(files("deploy.carrier").joinpath("scenarios.json").read_text("utf-8"))
    return loaded
