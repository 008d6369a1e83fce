"""The one-machine stack's number of hub processes: remembered, bounded, two when nobody said otherwise."""

from pathlib import Path

import pytest

from crypto.refusal import Refusal
from deploy.stack.layout import Layout
from deploy.stack.stack import Stack


def test_the_number_of_hubs_is_remembered(tmp_path: Path) -> None:
    assert Layout(tmp_path).hubs() == 2
    Layout(tmp_path).keep_hubs(3)
    stack = Stack(tmp_path)
    assert [hub.name for hub in stack.hubs()] == ["hub-1", "hub-2", "hub-3"]
    assert [service.name for service in stack.services()][2:5] == ["hub-1", "hub-2", "hub-3"]


@pytest.mark.parametrize("number", [0, -1, 17])
def test_a_number_of_hubs_that_makes_no_sense_is_refused(tmp_path: Path, number: int) -> None:
    with pytest.raises(Refusal, match="HUB_NUMBER"):
        Layout(tmp_path).keep_hubs(number)
    assert Layout(tmp_path).hubs() == 2


def test_hub_processes_share_addresses_and_nothing_that_tells_them_apart(tmp_path: Path) -> None:
    first, second = (hub.environment for hub in Stack(tmp_path).hubs())
    different = {name for name in first if first[name] != second[name]}
    assert different == {"YIDI_HUB_READY_FILE"}
    assert first["YIDI_HUB_SHARE_PORT"] == "true"
