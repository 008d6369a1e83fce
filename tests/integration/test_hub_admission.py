"""AdmitWindow and former numbers over mutual TLS: who may ask, what is answered, what the log keeps silent about."""

import logging
import time

import pytest

from crypto.refusal import Refusal
from tests.integration.hub_region import Region

pytestmark = pytest.mark.integration


def test_a_wrong_code_is_refused_over_the_wire(region: Region, name: str, caplog: pytest.LogCaptureFixture) -> None:
    client = region.enrol(name)
    with caplog.at_level(logging.DEBUG), pytest.raises(Refusal) as caught:
        client.admit_window("310010000019", "975318")
    assert (caught.value.code, dict(caught.value.values)) == ("CHECK_CODE_WRONG", {})
    assert "975318" not in caplog.text
    assert "310010000019" not in caplog.text


@pytest.mark.parametrize("role", ["department", "gateway", "coordinator", "auditor", "recovery", "portal"])
def test_only_windows_may_ask(region: Region, name: str, role: str) -> None:
    client = region.enrol(name, role)
    with pytest.raises(Refusal) as caught:
        client.admit_window("310010000019", "975318")
    assert caught.value.code == "ROLE_FORBIDS"


def test_the_hub_watches_clocks_and_bounces(region: Region) -> None:
    end = time.monotonic() + 30  # a duty is asked for every half second, from the start on
    while not all(watch.leading for watch in region.server.parts.watches):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert len(region.server.parts.watches) == 2
