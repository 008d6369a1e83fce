"""Every named attack yields its own code; what no key holder signed is never VALID."""

import json
from typing import Any

import pytest

from crypto.evidence import read
from crypto.evidence.build import Parts, build
from crypto.evidence.report import Verdict
from crypto.evidence.verify import verify
from crypto.refusal import Refusal
from deploy.demo.attacks import ATTACKS, Attack, Copy, statement_of
from node_agent.auditor.verify import audit

BY_NAME = {attack.name: attack for attack in ATTACKS}


@pytest.fixture(scope="module")
def made(evidence_log: Any) -> Any:
    log = evidence_log.founded()
    log.case = log.run_case(1)
    log.run_case(2, "accept")
    late = evidence_log.node("500000000000", "late-auditor")
    log.register(late, late, "500000000000", ["auditor"], None)
    log.whole = log.package(log.case)
    return log


@pytest.mark.requirement("invariant 10")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_found_by_its_own_code(made: Any, attack: Attack) -> None:
    before = bytes(made.whole)
    attacked = attack.apply(made.whole)
    assert attacked != before and made.whole == before
    report = verify(attacked, made.pins())
    assert report.verdict is Verdict.INVALID
    assert attack.expected_code in report.codes()
    assert not {code for code in report.codes() if code.startswith("CONTAINER_")}
    assert audit(attacked, made.pins()).verdict is Verdict.INVALID
    assert audit(made.whole, made.pins()).verdict is Verdict.VALID


def test_there_are_ten_attacks_or_more_each_with_its_own_code() -> None:
    assert len(ATTACKS) >= 10
    assert len({attack.expected_code for attack in ATTACKS}) == len(ATTACKS) == len(BY_NAME)
    assert all(attack.chinese for attack in ATTACKS)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("tail_cut_off", {"EXTRACT_TRUNCATED"}),
        ("extract_forged", {"EXTRACT_SIGNATURE"}),
        ("registry_withheld", {"REGISTRY_GAP"}),
        ("manifest_swapped", {"MANIFEST_MISMATCH"}),
        ("limit_stretched", {"CATALOGUE_DIGEST"}),
    ],
)
def test_where_all_else_is_consistent_one_check_alone_stands(made: Any, name: str, codes: set[str]) -> None:
    """These attackers left no other trace: without the check the package would be VALID."""
    assert verify(BY_NAME[name].apply(made.whole), made.pins()).codes() == codes


def test_a_rebuilt_tree_fits_in_itself(made: Any) -> None:
    report = verify(BY_NAME["own_log_key"].apply(made.whole), made.pins())
    assert report.facts["proofs"] == 15 + 15
    assert "LEAF_NOT_INCLUDED" not in report.codes()


def test_a_withheld_revocation_is_missed(evidence_log: Any) -> None:
    log = evidence_log.founded()
    log.say_registry("key.revoke", {"subject": evidence_log.HEAD}, [log.registrar])
    case = log.run_case(1)
    log.publish("calendar", {**_calendar(log), "version": "2026.2"})
    package = log.package(case)
    withheld = Copy(BY_NAME["registry_withheld"].apply(package))
    gone = set(Copy(package).registry) - set(withheld.registry)
    assert [statement_of(Copy(package).registry[index])["type"] for index in gone] == ["key.revoke"]
    assert "REGISTRY_GAP" in verify(withheld.pack(), log.pins()).codes()


def test_a_hub_cannot_withhold_what_its_own_leaves_count(evidence_log: Any) -> None:
    """The hub signs an extract over fewer registry leaves than the case's leaves tell of."""
    log = evidence_log.founded()
    case = log.run_case(1)

    def shortened(parts: Parts) -> Parts:
        kept = dict(sorted(parts.registry.items())[:-1])
        return Parts(**{**parts.__dict__, "registry": kept})

    package = build(shortened(log.parts(case)), log.keys[evidence_log.HUB].sign, "2026-11-24T09:00:00.000+08:00")
    assert "EPOCH_AHEAD" in verify(package, log.pins()).codes()


def test_attacks_say_when_a_package_holds_too_little(made: Any, evidence_log: Any) -> None:
    log = evidence_log.founded()
    package = log.package(log.run_case(1, "seal"))
    with pytest.raises(Refusal, match="ATTACK_IMPOSSIBLE"):
        BY_NAME["decision_flipped"].apply(package)
    assert verify(package, log.pins()).verdict is Verdict.VALID


def _calendar(log: Any) -> dict[str, Any]:

    value: dict[str, Any] = json.loads(log.documents["calendar", "2026.1"])
    return value


def test_packing_without_a_change_changes_nothing(made: Any) -> None:
    assert Copy(made.whole).pack() == made.whole
    assert read.read(made.whole).problems == ()
