"""The law run again over leaves gives the hub's own case file, and finds what the law would have refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crypto import canonical
from crypto.directory import Directory
from crypto.evidence.read import read, readable
from crypto.evidence.report import Collector, Severity, Verdict
from crypto.evidence.timeline import Timeline, envelope_of
from crypto.evidence.verify import verify
from crypto.keyid import key_id
from crypto.log.leaf import Leaf, decode, encode
from crypto.refusal import Refusal
from crypto.statement import Actor, Statement, sign
from hub.casework.context import BoundRegistry
from hub.casework.replay import Replay, _Run, replay, rules_document
from hub.casework.states import State
from tests.unit.law.law_world import Bench


@pytest.fixture(scope="module")
def made(evidence_log: Any) -> Any:
    log = evidence_log.founded()
    log.case = log.run_case(1)
    return log


def run(log: Any, case: str, leaves: list[Leaf] | None = None, **changes: Any) -> Replay:
    package = read(log.package(case))
    given: dict[str, Any] = {"documents": package.documents, "manifest_bytes": package.manifests} | changes
    case_leaves = readable(package.leaves) if leaves is None else leaves
    return replay(
        case_leaves, readable(package.registry), given["documents"], given["manifest_bytes"], log.pins().registrar_keys
    )


def codes(done: Replay) -> list[str]:
    return [finding.code for finding in done.findings]


def test_a_replay_is_what_the_hub_has(made: Any) -> None:
    done = run(made, made.case)
    assert done.findings == ()
    assert done.file == made.files[made.case]
    assert done.file is not None and done.file.state is State.CLOSED
    assert {name: clock.due for name, clock in done.file.clocks.items()} == {
        "K1": "2026-11-23T14:07:00.013+08:00",  # four window hours over the lunch break
        "K2": "2026-11-30T23:59:59.999+08:00",
        "K3": "2026-11-30T23:59:59.999+08:00",
        "K4": "2026-12-21T23:59:59.999+08:00",
        "K8": "2026-12-07T23:59:59.999+08:00",
    }


@pytest.mark.parametrize("until", ["seal", "wrap", "delivered", "accept", "decide", "issue", "post", "waybill"])
def test_a_case_under_way_is_replayed_too(evidence_log: Any, until: str) -> None:
    log = evidence_log.founded()
    case = log.run_case(1, until)
    done = run(log, case)
    assert (done.file, done.findings) == (log.files[case], ())


def test_due_dates_follow_the_calendar_of_the_leaf(made: Any) -> None:
    """Another calendar in the package gives another due date: what ``CALENDAR_DIGEST`` protects."""
    holidays = json.loads(made.documents["calendar", "2026.1"])
    holidays["years"]["2026"]["holidays"].append("2026-11-25")
    holidays["years"]["2026"]["holidays"].sort()
    package = read(made.package(made.case))
    documents = {**package.documents, ("calendar", "2026.1"): canonical.encode(holidays)}
    done = run(made, made.case, documents=documents)
    assert done.file is not None
    assert done.file.clocks["K3"].due == "2026-12-01T23:59:59.999+08:00"


def leaves_of(log: Any, case: str) -> list[Leaf]:
    return [decode(log.entries[index]) for index in log.cases[case]]


def append(log: Any, event: str, actor: str, role: str, body: dict[str, Any]) -> Leaf:
    """A custody act that goes past the law into the log: what a hub would do that breaks it."""
    file, (home, _, staff) = log.files[log.case], actor.partition("/person/")
    statement = Statement(
        event, log.case, "custody", file.seq + 1, file.head, Actor(home, actor if staff else None, role),
        canonical.time_text(log.now), body,
    )  # fmt: skip
    envelope = sign(statement.payload(), [log.keys[one].sign for one in dict.fromkeys((actor, home))])
    changed = replace(file, seq=file.seq + 1, head=envelope.digest, case_seq=file.case_seq + 1)
    log.files[log.case] = changed
    made: Leaf = log._append(envelope, changed, {})
    return made


@pytest.mark.parametrize(
    ("until", "act", "code"),
    [
        (
            "accept",
            lambda e: ("decide", e.DECIDER, "DECIDER", {"outcome": "GRANT", "grant": "G-NONE"}),
            "GRANT_MISSING",
        ),
        ("accept", lambda e: ("decide", e.ACCEPTOR, "ACCEPTOR", {"outcome": "GRANT"}), "ROLE_FORBIDS"),
        ("accept", lambda e: ("decide", e.DEPARTMENT, "department", {"outcome": "GRANT"}), "PERSON_SIGNATURE_MISSING"),
        ("accept", lambda e: ("issue", e.ISSUER, "ISSUER", {}), "STATE_FORBIDS"),
        ("accept", lambda e: ("accept_all", e.ACCEPTOR, "ACCEPTOR", {}), "EVENT_UNKNOWN"),
        ("accept", lambda e: ("withdraw", e.ACCEPTOR, "ACCEPTOR", {}), "ROLE_FORBIDS"),
        ("accept", lambda e: ("decide", e.DECIDER, "DECIDER", {"outcome": 7, "grant": "G-DECIDE"}), "BODY_MEMBER"),
        ("waybill", lambda e: ("delivered_proven", e.HUB, "hub", {"parcel": "P0001"}), "PROOF_TOO_LOW"),
    ],
)
def test_acts_that_the_law_refuses_are_found(
    evidence_log: Any, until: str, act: Callable[[Any], Any], code: str
) -> None:
    log = evidence_log.founded()
    log.case = log.run_case(1, until)
    before = log.files[log.case].state
    leaf = append(log, *act(evidence_log))
    done = run(log, log.case)
    assert codes(done) == [code]
    assert done.findings[0].where == f"leaves/{leaf.index}.json"
    assert done.findings[0].severity is Severity.INVALID
    assert done.file is not None and done.file.state is before


def test_the_hub_owes_what_the_law_makes_happen(evidence_log: Any) -> None:
    log = evidence_log.founded()
    log.case = log.run_case(1, "wrap")
    log.case = log.run_case(2, "delivered")
    leaves = leaves_of(log, log.case)
    routed = next(at for at, leaf in enumerate(leaves) if b"route" in canonical_payload(leaf))
    assert codes(run(log, log.case, leaves[:routed])) == ["CONSEQUENCE_MISSING"]
    without = codes(run(log, log.case, leaves[:routed] + leaves[routed + 1 :]))
    assert without[0] == "CONSEQUENCE_MISSING" and "HEAD_MOVED" in without


def canonical_payload(leaf: Leaf) -> bytes:
    return envelope_of(leaf).payload


def test_numbers_and_versions_that_the_hub_gave_are_asked(made: Any) -> None:
    leaves = leaves_of(made, made.case)
    number = leaves[0].assigned["case_no"]
    for wrong in ("", number[:-1], number[:31] + "20261124" + number[39:]):
        changed = [replace(leaves[0], assigned={**leaves[0].assigned, "case_no": wrong}), *leaves[1:]]
        assert codes(run(made, made.case, changed)) == ["CASE_NO_WRONG"]
    bare = [replace(leaves[0], assigned={"case_no": number})]
    assert codes(run(made, made.case, bare)) == ["OBJECT_VERSION_MISSING", "OBJECT_MISSING"]


def test_what_is_missing_is_said(made: Any) -> None:
    assert set(codes(run(made, made.case, documents={}))) == {"DOCUMENT_MISSING"}
    assert codes(run(made, made.case, manifest_bytes={}))[0] == "OBJECT_MISSING"
    assert run(made, made.case, []).file is None


# --- supplements, second signatures, what time brings --------------------------------------------------------------


def test_a_case_with_a_supplement_and_a_second_signature_is_replayed(evidence_log: Any) -> None:
    log = evidence_log.founded()
    case = log.supplemented(1)
    done = run(log, case)
    assert (done.file, done.findings) == (log.files[case], ())
    assert done.file is not None and done.file.state is State.SUPPLEMENT and len(done.file.notices) == 2
    report = verify(log.package(case), log.pins())
    assert report.verdict is Verdict.VALID, report.findings


def test_a_second_person_who_is_named_and_did_not_sign_is_found(evidence_log: Any) -> None:
    log = evidence_log.founded()
    case = log.supplemented(1)
    last = decode(log.entries[-1])
    envelope = envelope_of(last)
    head = log.keys[evidence_log.HEAD].sign
    without = tuple(pair for pair in envelope.signatures if pair[0] != key_id(head.suite, head.public))
    assert len(without) == len(envelope.signatures) - 1
    bare = replace(last, envelope=replace(envelope, signatures=without).encode())
    done = run(log, case, [*leaves_of(log, case)[:-1], bare])
    assert codes(done) == ["SECOND_PERSON_MISSING"]
    log.entries[-1] = encode(bare)
    report = verify(log.package(case), log.pins())
    assert report.verdict is Verdict.INVALID
    assert "SECOND_PERSON_MISSING" in {finding.code for finding in report.findings}


def test_a_node_is_no_second_person(evidence_log: Any) -> None:
    log = evidence_log.founded()
    log.case = log.run_case(1, "delivered")
    append(log, "accept", evidence_log.ACCEPTOR, "ACCEPTOR", {"second_person": evidence_log.DEPARTMENT})
    assert codes(run(log, log.case)) == ["SECOND_PERSON_MISSING"]


@pytest.mark.parametrize(
    ("until", "days", "event", "owed"),
    [("delivered", 12, "accept", "deem_accept"), ("wrap", 3, "withdraw", "constructive_delivery")],
)
def test_what_time_brought_stands_before_the_next_act(
    evidence_log: Any, until: str, days: int, event: str, owed: str
) -> None:
    """行政许可法 32(4): a hub must not let a department answer after the fifth day as if nothing had happened."""
    log = evidence_log.founded()
    log.case = log.run_case(1, until)
    if until == "wrap":
        lines = [f"L{number:02}" for number in range(1, 9)]
        log._wrap(log.case, log.files[log.case].sealings[0].manifest, evidence_log.DEPARTMENT, lines)
    log.now += timedelta(days=days)
    actor, role = (evidence_log.ACCEPTOR, "ACCEPTOR") if event == "accept" else (evidence_log.COLLECTOR, "COLLECTOR")
    body = {} if event == "accept" else {"identity_checked": True, "paper": "a" * 64}
    late = append(log, event, actor, role, body)
    done = run(log, log.case)
    assert [(one.code, one.detail) for one in done.findings] == [("TIMER_MISSING", f"owed: {owed}")]
    assert done.findings[0].where == f"leaves/{late.index}.json"


def test_keys_and_countersignature_of_one_instant_owe_no_statement() -> None:
    """A wrap that comes after the silent day, with the delivery that it makes possible, in one batch (T10, T10b)."""
    bench = Bench().reach("T10b")
    found = Collector()
    run = _Run(Timeline((), (), verified=True), {}, {}, found)
    act, world = bench.act(bench.step("T10")), bench.world()
    leaf = replace(bench.leaves()[-1], recorded_at=act.recorded_at)
    for before, owed in ((replace(bench.case, wraps=()), []), (bench.case, ["TIMER_MISSING"])):
        run.file, run._then = bench.case, before
        run._require_timer(leaf, act.statement, world)
        assert [one.code for one in found.findings] == owed


def _owed(bench: Bench, row: str) -> list[str]:
    """What an auditor misses where this act is the next leaf, and time had passed before it."""
    found = Collector()
    run = _Run(Timeline((), (), verified=True), {}, {}, found)
    act = bench.act(bench.step(row))
    run.file = run._then = bench.case
    run._require_timer(replace(bench.leaves()[-1], recorded_at=act.recorded_at), act.statement, bench.world())
    return [one.detail for one in found.findings]


def test_what_is_owed_does_not_hide_behind_something_else() -> None:
    """A pause that is over, and a parcel that nobody packed (Y4), which comes first."""
    suspended = ("T05", "W1", "T08", "T10", "wants originals", "O2", "T14", "expert review", "T26", "a month")
    bench = Bench().walk(*suspended)
    first = bench.due()
    assert first is not None and first.event == "packing_overdue"
    assert _owed(bench, "T26M") == ["owed: special_over"]


@pytest.mark.requirement("row O5", "K2")
def test_a_parcel_left_shut_is_owed_where_it_starts_k2() -> None:
    """行政许可法 32(4): the five days begin with the arrival, whatever the hub keeps to itself."""

    def by_paper(basis: str) -> Bench:
        bench = Bench().walk("T05", "W1", "T08")
        bench.change_item(
            lambda item: [
                item.update(receipt_basis=basis),
                [one.update(original_policy="MAIL_FOR_ARCHIVE") for one in item["materials"] if one["code"] == "M02"],
            ].clear()
        )
        return bench.walk("O2", "T10", "O3", "D4W:B1", "D5E:B1 collected", "D5E:B1 delivered", "two working days")

    assert _owed(by_paper("ORIGINALS"), "T21") == ["owed: check_in_overdue"]
    assert _owed(by_paper("ELECTRONIC"), "T21") == []


def test_a_hub_that_states_what_time_brought_is_right(evidence_log: Any) -> None:
    log = evidence_log.founded()
    case = log.run_case(1, "delivered")
    log.now += timedelta(days=12)
    with pytest.raises(Refusal, match="STATE_FORBIDS"):
        log.say(case, "accept", evidence_log.ACCEPTOR, "ACCEPTOR", {})
    done = run(log, case)
    assert done.findings == () and done.file == log.files[case]
    assert done.file is not None and done.file.deemed


def test_a_number_comes_with_the_seal_and_not_with_the_pre_review(evidence_log: Any) -> None:
    log = evidence_log.founded()
    case = "ab" * 16
    scans = log.seal_manifest(case, "application", ["M01", "FORM"], revision=0)
    body = {
        "task_code": evidence_log.ITEM, "region": evidence_log.REGION, "catalogue": "2026.11-1", "manifest": scans,
        "accepting_node": evidence_log.DEPARTMENT, "queue": "inbound", "no_classified": True, "privacy_notice": True,
    }  # fmt: skip
    first = log.say(case, "ask_pre_review", evidence_log.COLLECTOR, "COLLECTOR", body)
    log.say(case, "pre_review_answer", evidence_log.ACCEPTOR, "ACCEPTOR", {"answer": "OK"})
    whole = log.seal_manifest(case, "application", ["M01", "M02", "M03", "M04", "M06", "M07", "FORM", "ADDRESS"])
    sealed = log.say(case, "seal", evidence_log.COLLECTOR, "COLLECTOR", evidence_log._seal_body(whole, 1))
    assert "case_no" not in first.assigned and len(sealed.assigned["case_no"]) == 43
    done = run(log, case)
    assert (done.file, done.findings) == (log.files[case], ())
    bare = replace(sealed, assigned={"object_version": sealed.assigned["object_version"]})
    assert codes(run(log, case, [*leaves_of(log, case)[:-1], bare])) == ["CASE_NO_WRONG"]


def test_rules_of_another_version_are_said_once_a_leaf(made: Any) -> None:
    leaves = [replace(leaf, rules="2099.1-1") for leaf in leaves_of(made, made.case)]
    done = run(made, made.case, leaves)
    assert {(one.code, one.severity) for one in done.findings} == {("RULES_UNKNOWN", Severity.INDETERMINATE)}
    assert len(done.findings) == len(leaves)


def test_the_law_can_be_read_without_code() -> None:
    value = json.loads(rules_document())
    assert canonical.encode(value) == rules_document()
    decide = next(row for row in value["rows"] if row["event"] == "decide")
    assert {"not_from_future", "decide_grant", "decider_apart", "decision_complete"} <= set(decide["guards"])
    assert (decide["source"], decide["target"], decide["signers"]) == (["UNDER_REVIEW"], "DECIDED", "PERSON_AND_NODE")


def test_a_bound_registry_knows_only_its_position(evidence_log: Any) -> None:
    log = evidence_log.founded()
    directory: Directory = log.directory
    before = directory.epoch
    log.say_registry("key.revoke", {"subject": evidence_log.DEPARTMENT}, [log.registrar])
    late = evidence_log.node("360102000000", "late-office")
    log.register(late, late, "360102000000", ["department"], None)

    def departments(epoch: int) -> list[str]:
        return [record.subject for record in BoundRegistry(directory, epoch).nodes("department")]

    assert departments(3) == []
    assert departments(before) == [evidence_log.DEPARTMENT]
    assert departments(before + 1) == []
    assert departments(before + 2) == [late] == [record.subject for record in directory.nodes("department")]
    assert evidence_log.DEPARTMENT not in {record.subject for record in directory.records()}
    assert evidence_log.DEPARTMENT in {record.subject for record in directory.records(before)}
