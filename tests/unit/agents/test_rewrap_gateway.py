"""Who wraps the address again for a carriers' gateway that lost its key: who gave it the parcel (H01; O14, D4)."""

from types import SimpleNamespace
from typing import Any

import pytest

from node_agent.transfer.rewrap import _is_stale
from tests.unit.law.law_people import DEPARTMENT, GATEWAY, WINDOW


def _leaf(event: str, node: str, **body: Any) -> Any:
    return SimpleNamespace(statement=SimpleNamespace(type=event, actor=SimpleNamespace(node=node), body=body))


def _agent(node: str) -> Any:
    record = SimpleNamespace(kem=SimpleNamespace(id="new"), roles={"gateway"})
    directory = SimpleNamespace(current=lambda subject: record, lost=lambda key: True)
    return SimpleNamespace(identity=SimpleNamespace(node=node), registry=SimpleNamespace(directory=directory))


@pytest.mark.requirement("row O14", "H01")
@pytest.mark.parametrize(("event", "sender", "other"), [("pack", WINDOW, DEPARTMENT), ("post", DEPARTMENT, WINDOW)])
def test_who_gave_the_parcel_wraps_again(event: str, sender: str, other: str) -> None:
    told = [
        _leaf("seal", WINDOW, manifest="m"),
        _leaf("route", "hub", accepting_node=DEPARTMENT),
        _leaf(event, sender, gateway=GATEWAY, parcel="P1"),
    ]
    assert _is_stale(_agent(sender), told, "m", GATEWAY, {"old"})
    assert not _is_stale(_agent(other), told, "m", GATEWAY, {"old"})
    assert not _is_stale(_agent(sender), told, "m", GATEWAY, {"new"})


@pytest.mark.requirement("row O14", "H01")
def test_a_window_wraps_again_though_no_department_has_the_case() -> None:
    """A paper that goes back before the case was routed: nobody else could."""
    told = [_leaf("seal", WINDOW, manifest="m"), _leaf("pack", WINDOW, gateway=GATEWAY, parcel="P1")]
    assert _is_stale(_agent(WINDOW), told, "m", GATEWAY, {"old"})
