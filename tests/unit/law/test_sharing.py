"""Data-sharing authorisations in the registry chain: issued, withdrawn, disputed, settled (H03, H05, H07)."""

from typing import Any

import pytest

from crypto import sharing
from crypto.statement import Actor
from hub.casework import reasons
from tests.refused import code_of
from tests.unit.evidence_log import DEPARTMENT, HEAD, WINDOW, SyntheticLog, founded


@pytest.fixture
def log() -> SyntheticLog:
    return founded()


def body(**changes: Any) -> dict[str, Any]:
    return {
        "sharing_id": "S-1", "supplier": DEPARTMENT, "consumer": WINDOW, "kind": "TAX", "standard": "GB/T36906",
        "items": ["*"], "flow": "VERIFY", "purpose": "INTAKE", "valid_from": "2026-01-01", "valid_to": "2026-12-31",
        "document": "a" * 64,
    } | changes  # fmt: skip


def say(log: SyntheticLog, event: str, said: dict[str, Any]) -> None:
    log.say_registry(f"sharing.{event}", said, [log.registrar])


def dispute(log: SyntheticLog, node: str = DEPARTMENT, person: str = HEAD, role: str = "HEAD", **changes: Any) -> None:
    said = {"sharing_id": "S-1", "ground": "BEYOND_PURPOSE", "words": "b" * 64} | changes
    signers = [log.keys[person].sign, log.keys[node].sign]
    log.say_registry("sharing.dispute", said, signers, Actor(node, person, role))


def live(log: SyntheticLog, epoch: int | None = None) -> bool:
    at = log.directory.epoch if epoch is None else epoch
    return log.directory.sharing.live("S-1", at) is not None


@pytest.mark.requirement("H03", "H05", "H07")
def test_it_is_live_from_its_leaf_to_its_withdrawal_and_for_ever_there(log: SyntheticLog) -> None:
    before = log.directory.epoch
    say(log, "issue", body())
    made = log.directory.epoch
    assert live(log) and not live(log, before)
    found = log.directory.sharing.live("S-1", made)
    assert found is not None
    assert found.covers("TAX", WINDOW, "INTAKE", "any", "2026-12-31")
    for asked in (
        ("IDENTITY", WINDOW, "INTAKE", "any", "2026-05-01"), ("TAX", DEPARTMENT, "INTAKE", "any", "2026-05-01"),
        ("TAX", WINDOW, "REVIEW", "any", "2026-05-01"), ("TAX", WINDOW, "INTAKE", "any", "2027-01-01"),
    ):  # fmt: skip
        assert not found.covers(*asked)
    say(log, "withdraw", {"sharing_id": "S-1", "reason": "MISUSE"})
    assert not live(log) and live(log, made)
    assert code_of(lambda: say(log, "withdraw", {"sharing_id": "S-1", "reason": "MISUSE"})) == "SHARING_UNKNOWN"


@pytest.mark.requirement("H03")
@pytest.mark.parametrize("outcome, after", [("CONTINUED", True), ("CORRECTED", True), ("ENDED", False)])
def test_while_a_dispute_is_open_nobody_asks_under_it(log: SyntheticLog, outcome: str, after: bool) -> None:
    say(log, "issue", body())
    issued = log.directory.epoch
    dispute(log)
    assert not live(log) and live(log, issued)
    assert code_of(lambda: dispute(log)) == "SHARING_STATE"
    say(log, "settle", {"sharing_id": "S-1", "outcome": outcome})
    assert live(log) is after
    (kept,) = log.directory.sharing.all()
    assert [(one.node, one.ground, one.outcome) for one in kept.disputes] == [(DEPARTMENT, "BEYOND_PURPOSE", outcome)]


@pytest.mark.requirement("H05")
def test_only_the_platform_issues_and_only_a_party_disputes(log: SyntheticLog) -> None:
    department = [log.keys[HEAD].sign, log.keys[DEPARTMENT].sign]
    head = Actor(DEPARTMENT, HEAD, "HEAD")
    assert code_of(lambda: log.say_registry("sharing.issue", body(), department, head)) == "REGISTRAR_SIGNATURE_MISSING"
    say(log, "issue", body(supplier=WINDOW))
    assert code_of(lambda: dispute(log)) == "SHARING_STATE"
    assert live(log)
    assert code_of(lambda: say(log, "dispute", {})) != ""
    assert code_of(lambda: say(log, "settle", {"sharing_id": "S-1", "outcome": "ENDED"})) == "SHARING_STATE"


@pytest.mark.requirement("H07")
@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "WEATHER"}, {"standard": "国标"}, {"items": []}, {"items": ["张三"]}, {"flow": "COPY"},
        {"purpose": "RESEARCH"}, {"valid_to": "2025-12-31"}, {"document": "paper"}, {"sharing_id": "给张三的"},
        {"remark": "x"},
    ],
)  # fmt: skip
def test_every_field_is_a_code_of_its_list(log: SyntheticLog, changes: dict[str, Any]) -> None:
    before = log.directory.epoch
    assert code_of(lambda: say(log, "issue", body(**changes))) == "SHARING_FORMAT"
    assert log.directory.epoch == before


def test_the_lists_have_words_and_an_id_is_given_once(log: SyntheticLog) -> None:
    for codes, words in (
        (sharing.KINDS, reasons.DATA_KINDS), (sharing.FLOWS, reasons.DATA_FLOWS),
        (sharing.PURPOSES, reasons.DATA_PURPOSES), (sharing.GROUNDS, reasons.SHARING_GROUNDS),
        (sharing.OUTCOMES, reasons.SHARING_OUTCOMES), (sharing.REASONS, reasons.SHARING_REASONS),
    ):  # fmt: skip
        assert tuple(words) == codes
    say(log, "issue", body())
    assert code_of(lambda: say(log, "issue", body())) == "SHARING_FORMAT"
