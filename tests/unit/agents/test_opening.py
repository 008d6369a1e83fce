"""Opening a case: purpose on record first, then the pages; nothing is shown when anything fails."""

from collections.abc import Callable

import pytest

from crypto.refusal import Refusal
from hub.casework.messages import PURPOSES, render
from node_agent.known.casemirror import history
from node_agent.process.runtime import Agent
from node_agent.transfer import opening, pulling, receiver
from node_agent.transfer.receiver import Receiver
from storage.journal import OutboxEntry
from tests.unit.agents.agent_region import FORM, SCANS, Region, picture
from tests.unit.agents.receiver_world import opened, queued
from tests.unit.evidence_log import DEPARTMENT, WINDOW

# --- opening -------------------------------------------------------------------------------------------------------


def test_open_gives_form_and_pages_and_is_on_record(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    inbox = Receiver(agent, region.transfer())
    inbox.step()
    made = opened(region, agent, case)
    assert made.form == FORM
    assert [line.material for line in made.lines] == [*SCANS, "FORM", "ADDRESS"]
    assert [line.pages[0].data for line in made.lines[:6]] == [picture(seed) for seed in range(6)]
    assert made.lines[0].name == "食品经营许可申请书"
    assert (made.checked_by, made.lines[0].trust) == (f"{WINDOW}/person/C01", "B")
    inbox.step()
    last = history(agent.journal, case)[-1].statement
    assert (last.type, last.chain, last.body["purpose"]) == ("open_document", "access", "ACCEPT_REVIEW")
    assert last.actor.person == f"{DEPARTMENT}/person/A01"


def test_open_needs_a_purpose(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    Receiver(agent, region.transfer()).step()
    with pytest.raises(Refusal) as caught:
        opened(region, agent, case, purpose="  ")
    assert caught.value.code == "PURPOSE_MISSING"
    assert queued(agent, case) == ["delivered"]


@pytest.mark.parametrize("purpose", ["看一看", "accept_review", "受理审查 " * 2, "受理"])
def test_open_needs_a_purpose_of_the_list(region: Region, agent: Agent, purpose: str) -> None:
    case, _ = region.forward()
    Receiver(agent, region.transfer()).step()
    with pytest.raises(Refusal) as caught:
        opened(region, agent, case, purpose=purpose)
    assert caught.value.code == "PURPOSE_UNKNOWN"
    assert render(caught.value).splitlines()[1].startswith("可选事由：受理审查、审批决定、移交业务系统、")
    assert purpose not in str(caught.value)
    assert queued(agent, case) == ["delivered"]


@pytest.mark.parametrize("code, word", PURPOSES.items())
def test_a_purpose_is_said_by_code_or_word(code: str, word: str) -> None:
    assert opening.purpose_code(code, "c") == opening.purpose_code(f" {word} ", "c") == code


def _unanswered(agent: Agent) -> Callable[[str], OutboxEntry]:
    def answered(digest: str) -> OutboxEntry:
        entry = agent.journal.entry(digest)
        assert entry is not None
        return entry

    return answered


def test_open_shows_nothing_before_the_hub_has_it(
    region: Region, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, _ = region.forward()
    Receiver(agent, region.transfer()).step()
    unwrapped: list[object] = []
    monkeypatch.setattr(pulling, "data_keys", lambda *args: unwrapped.append(args))
    with pytest.raises(Refusal) as caught:
        opening.open_case(agent, case, "A01", "ACCEPTOR", "受理审查", answered=_unanswered(agent))
    assert caught.value.code == "ACCESS_UNCONFIRMED"
    assert unwrapped == []


def test_open_refused_by_the_hub_shows_nothing(region: Region, agent: Agent) -> None:
    case, _ = region.forward()
    Receiver(agent, region.transfer()).step()

    def answered(digest: str) -> OutboxEntry:
        agent.journal.answered(digest, b"", "", Refusal("KEY_REVOKED", "H09", subject="x"))
        return _unanswered(agent)(digest)

    with pytest.raises(Refusal) as caught:
        opening.open_case(agent, case, "A01", "ACCEPTOR", "受理审查", answered=answered)
    assert caught.value.code == "KEY_REVOKED"


def test_decryption_that_fails_at_the_last_chunk_shows_nothing(
    region: Region, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, digest = region.forward()
    Receiver(agent, region.transfer()).step()
    shown: list[object] = []
    monkeypatch.setattr(opening, "OpenedCase", lambda **values: shown.append(values))
    path = pulling.sealed_file(agent, case, digest)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(Refusal) as caught:
        opened(region, agent, case)
    assert caught.value.code == "CIPHERTEXT_CHANGED"
    assert shown == []


def test_a_form_that_is_no_form(region: Region, agent: Agent) -> None:
    case, _ = region.forward(1, FORM=b"[1]")
    Receiver(agent, region.transfer()).step()
    with pytest.raises(Refusal) as caught:
        opened(region, agent, case)
    assert caught.value.code == "FORM_UNREADABLE"


def test_pauses_grow_and_stay_bounded() -> None:
    assert 0.25 <= receiver.pause_s(1) <= 0.5
    assert receiver.LONGEST_PAUSE_S / 2 <= receiver.pause_s(10_000) <= receiver.LONGEST_PAUSE_S
