"""The numbered steps of a leaf's verification: each damage stops its case alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from crypto.log import leaf as leaves
from crypto.refusal import Refusal
from crypto.statement import read_envelope, read_statement, sign
from node_agent.process.runtime import Agent
from node_agent.transfer import leaf_check, receiver
from node_agent.transfer.receiver import Receiver
from storage import failpoints
from tests.unit.agents.agent_region import Region
from tests.unit.agents.receiver_world import Clock, changed, hub_of, queued, resigned
from tests.unit.evidence_log import DEPARTMENT, GATEWAY, HUB, WINDOW


def damages() -> dict[str, tuple[int, str, Callable[[Region, int], bytes]]]:
    """Name: position in the case, step that must refuse, what happens to the leaf on the way."""
    return {
        "not canonical": (0, "1", lambda region, at: region.log.entries[at] + b" "),
        "another log": (0, "1", lambda region, at: changed(region, at, lambda leaf: leaf.update(origin="other"))),
        "another index": (1, "1", lambda region, at: region.log.entries[at + 1]),
        "another case": (
            0,
            "1",
            lambda region, at: resigned(region, at, [f"{WINDOW}/person/C01", WINDOW], case="f" * 32),
        ),
        "epoch ahead": (1, "2", lambda region, at: changed(region, at, lambda leaf: leaf.update(epoch=999))),
        "no such catalogue": (
            1,
            "2",
            lambda region, at: changed(region, at, lambda leaf: leaf.update(catalogue="none")),
        ),
        "signature": (0, "3", lambda region, at: changed(region, at, _swap_signatures)),
        "no person": (0, "3", lambda region, at: resigned(region, at, [WINDOW])),
        "second person who did not sign": (0, "3", _naming_a_second),
        "stranger": (1, "3", lambda region, at: resigned(region, at, [GATEWAY])),
        "route by a node that is no hub": (4, "3", _routed_by_the_window),
        "withheld": (1, "4", lambda region, at: changed(region, at, lambda leaf: leaf.update(case_seq=3))),
        "chain": (4, "4", lambda region, at: resigned(region, at, [HUB], prev="0" * 64)),
        "time runs backwards": (
            1,
            "4",
            lambda region, at: changed(
                region, at, lambda leaf: leaf.update(recorded_at="2020-01-01T00:00:00.000+08:00")
            ),
        ),
    }


def _swap_signatures(leaf: dict[str, Any]) -> None:
    first, second = leaf["envelope"]["signatures"]
    first["sig"], second["sig"] = second["sig"], first["sig"]


def _naming_a_second(region: Region, at: int) -> bytes:
    """The body names a second person, whose signature is not there (states.md T19, T23)."""
    body = read_statement(read_envelope(leaves.decode(region.log.entries[at]).envelope).payload).body
    named = {**body, "second_person": f"{DEPARTMENT}/person/A01"}
    return resigned(region, at, [f"{WINDOW}/person/C01", WINDOW], body=named)


def _routed_by_the_window(region: Region, at: int) -> bytes:
    leaf = leaves.decode(region.log.entries[at])
    statement = read_statement(read_envelope(leaf.envelope).payload)
    return resigned(region, at, [WINDOW], actor=replace(statement.actor, node=WINDOW))


@pytest.mark.parametrize("name", damages())
def test_an_untrusted_leaf_stops_its_case_alone(region: Region, agent: Agent, name: str) -> None:
    position, step, damage = damages()[name]
    case, _ = region.forward(1)
    other, _ = region.forward(2)
    at = region.log.cases[case][position]
    hub_of(agent).forge[at] = damage(region, at)
    clock = Clock()
    inbox = Receiver(agent, region.transfer(), clock)
    inbox.step()
    assert len(agent.journal.leaves(case)) == position
    alarm = receiver.alarms(agent)[f"leaf:{case}"]
    assert (alarm.code, alarm.values["step"]) == ("LEAF_UNTRUSTED", step)
    assert queued(agent, case) == []
    assert queued(agent, other) == ["delivered"]
    hub_of(agent).forge.clear()  # the right leaf is given after all: the case goes on
    clock.now += receiver.LONGEST_PAUSE_S
    inbox.step()
    assert receiver.alarms(agent) == {}
    assert queued(agent, case) == ["delivered"]


# --- epochs --------------------------------------------------------------------------------------------------------


def test_a_leaf_by_a_revoked_key_under_an_old_epoch_is_an_alarm(region: Region, agent: Agent) -> None:
    """A hub cannot bring a revoked key back by stamping the past on a leaf, once the revocation is known here."""
    case, _ = region.forward()
    inbox = Receiver(agent, region.transfer())
    inbox.step()
    region.log.say_registry("key.revoke", {"subject": WINDOW, "reason": "LOST"}, [region.log.registrar])
    wrap = leaves.decode(region.log.entries[region.log.cases[case][1]])
    again = replace(read_statement(read_envelope(wrap.envelope).payload), nonce="0123456789abcdef")
    file = region.log.files[case]
    later = replace(file, case_seq=file.case_seq + 1)
    signed = sign(again.payload(), [region.log.keys[WINDOW].sign])
    at = region.log._append(signed, later, {}).index
    hub_of(agent).forge[at] = changed(region, at, lambda leaf: leaf.update(epoch=leaf["epoch"] - 1))
    inbox.step()
    alarm = receiver.alarms(agent)[f"leaf:{case}"]
    assert (alarm.code, alarm.values["step"], alarm.values["cause"]) == ("LEAF_UNTRUSTED", "2", "LEAF_EPOCH")
    assert len(agent.journal.leaves(case)) == 5


def test_an_epoch_does_not_fall_within_a_case(region: Region, agent: Agent) -> None:
    case, digest, keys = region.seal(1)
    region.forward(2)
    region.grant("DECIDE", f"{DEPARTMENT}/person/D01")
    for recipient in (WINDOW, DEPARTMENT):
        region.wrap(case, digest, keys, recipient)
    Receiver(agent, region.transfer()).step()
    at, free = region.log.cases[case][-1], region.log.cases[case][0] + 1
    back = changed(region, at, lambda leaf: leaf.update(index=free, epoch=leaf["epoch"] - 1))
    with pytest.raises(Refusal) as caught:
        leaf_check.verify_leaf(agent, free, case, back)
    assert (caught.value.values["step"], caught.value.values["cause"]) == ("2", "LEAF_EPOCH")


@pytest.mark.parametrize("when", [failpoints.BEFORE, failpoints.AFTER])
def test_a_registry_leaf_that_could_not_be_kept_is_asked_for_again(region: Region, agent: Agent, when: str) -> None:
    """Else the directory would be ahead of the journal for ever, and each later leaf of any case be mistrusted."""
    inbox = Receiver(agent, region.transfer())
    inbox.step()
    region.log.say_registry("key.revoke", {"subject": WINDOW, "reason": "LOST"}, [region.log.registrar])
    failpoints.drill(failpoints.Order("journal.registry", when, failpoints.ERROR))
    try:
        with pytest.raises(Refusal, match="JOURNAL_UNWRITABLE"):
            agent.registry.refresh(agent.hub)
    finally:
        failpoints.end()
    agent.registry.refresh(agent.hub)
    assert len(agent.journal.registry()) == agent.registry.directory.epoch == len(region.log.registry)
