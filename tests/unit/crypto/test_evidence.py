"""Evidence packages: built the same, read strictly, verified with all findings."""

import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto import canonical
from crypto.evidence import container, read
from crypto.evidence.pins import Pins, read_pins
from crypto.evidence.report import Severity, Verdict
from crypto.evidence.timeline import Timeline
from crypto.evidence.verify import verify
from crypto.keystore import new_signer
from crypto.log import note
from crypto.log.leaf import Leaf, decode
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.statement import Actor, Envelope, Statement, sign
from node_agent.auditor.verify import audit

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def made(evidence_log: Any) -> Any:
    """A log with one whole case, another one under way, and the whole case's package."""
    log = evidence_log.founded()
    log.case = log.run_case(1)
    log.other = log.run_case(2, "decide")
    log.whole = log.package(log.case)
    return log


def fresh(evidence_log: Any, **changes: Any) -> Any:
    """A log of its own, for tests that go on writing."""
    log = evidence_log.SyntheticLog(**changes)
    log.register_all()
    log.case = log.run_case(1)
    return log


def repack(package: bytes, **changes: bytes | None) -> bytes:
    """The package with entries changed (``None``: removed) by a name with ``/`` and ``.`` as given."""
    entries = dict(read.read(package).entries)
    for name, data in changes.items():
        if data is None:
            entries.pop(name)
        else:
            entries[name] = data
    return container.write(entries)


def test_an_untouched_package_is_valid(made: Any) -> None:
    report = verify(made.whole, made.pins())
    assert (report.verdict, report.findings, report.case) == (Verdict.VALID, (), made.case)
    assert report.facts == {
        "case_leaves": 15, "custody_statements": 8, "documents": 2, "extract_signatures": 1, "log_signatures": 2,
        "manifests": 2, "person_signatures": 6, "proofs": 29, "registry_admitted": 14, "registry_leaves": 14,
        "signatures": 21, "statements": 15, "tree_size": len(made.entries), "witnesses": 1,
    }  # fmt: skip
    assert verify(made.package(made.other), made.pins()).verdict is Verdict.VALID


def test_the_same_parts_give_the_same_bytes(made: Any, evidence_log: Any) -> None:
    parts = made.parts(made.case)
    one, again = (
        evidence_log.build(parts, made.keys[evidence_log.HUB].sign, "2026-11-24T09:00:00.000+08:00") for _ in range(2)
    )
    assert one == again
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == sorted(archive.namelist())
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_build_refuses_what_is_incomplete(made: Any, evidence_log: Any) -> None:
    parts, signer = made.parts(made.case), made.keys[evidence_log.HUB].sign
    for broken, code in (
        (replace(parts, leaves={}), "EVIDENCE_PART_MISSING"),
        (replace(parts, registry={}), "EVIDENCE_PART_MISSING"),
        (replace(parts, paths={}), "EVIDENCE_PART_MISSING"),
        (replace(parts, catalogues={"../x": b"{}"}), "EVIDENCE_NAME"),
        (replace(parts, checkpoint=b"no note"), "NOTE_MALFORMED"),
    ):
        with pytest.raises(Refusal) as caught:
            evidence_log.build(broken, signer, "2026-11-24T09:00:00.000+08:00")
        assert caught.value.code == code


# --- container -----------------------------------------------------------------------------------------------------


def zipped(package: bytes, *extra: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """The entries written by the standard library, with further ones."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in (*read.read(package).entries.items(), *extra):
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda package: zipped(package), "CONTAINER_FORM"),
        (lambda package: zipped(package, method=zipfile.ZIP_DEFLATED), "CONTAINER_FORM"),
        (lambda package: zipped(package, ("leaves/1/../2.json", b"{}")), "CONTAINER_NAME"),
        (lambda package: zipped(package, ("../../x", b"")), "CONTAINER_NAME"),
        (lambda package: zipped(package, ("/etc/passwd", b"")), "CONTAINER_NAME"),
        (lambda package: zipped(package, ("leaves/007.json", b"")), "CONTAINER_NAME"),
        (lambda package: zipped(package, ("package.json", b"{}")), "CONTAINER_DUPLICATE"),
        (lambda package: package + b"x", "CONTAINER_FORM"),
        (lambda package: b"hidden" + package, "CONTAINER_FORM"),
        (lambda package: package[:-30], "CONTAINER_UNREADABLE"),
        (lambda package: b"", "CONTAINER_UNREADABLE"),
        (lambda package: b"PK\x05\x06" + bytes(18), "PACKAGE_MISSING"),
    ],
)
def test_the_container_is_read_strictly(made: Any, change: Any, code: str) -> None:
    report = verify(change(made.whole), made.pins())
    assert report.verdict is Verdict.INVALID
    assert code in report.codes()


def test_a_container_with_too_many_entries_is_not_unpacked(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = read.read(made.whole).entries
    monkeypatch.setattr(container, "ENTRIES_MAX", 10)
    assert container.read(made.whole)[0] == {}
    assert "CONTAINER_SIZE" in verify(made.whole, made.pins()).codes()
    with pytest.raises(Refusal, match="EVIDENCE_SIZE"):
        container.write(entries)


@QUICK
@given(data=st.data())
def test_any_byte_of_the_file_that_flips_is_found(made: Any, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(made.whole) - 1))
    flipped = bytearray(made.whole)
    flipped[at] ^= data.draw(st.integers(1, 255))
    assert verify(bytes(flipped), made.pins()).verdict is Verdict.INVALID


@QUICK
@given(data=st.data())
def test_any_byte_of_a_leaf_that_flips_is_found(made: Any, data: st.DataObject) -> None:
    entries = read.read(made.whole).entries
    name = data.draw(st.sampled_from([name for name in entries if name.startswith(("leaves/", "registry/"))]))
    leaf = bytearray(entries[name])
    leaf[data.draw(st.integers(0, len(leaf) - 1))] ^= data.draw(st.integers(1, 255))
    report = verify(repack(made.whole, **{name: bytes(leaf)}), made.pins())
    assert report.verdict is Verdict.INVALID
    assert "LEAF_NOT_INCLUDED" in report.codes()


@QUICK
@given(junk=st.binary(max_size=200), data=st.data())
def test_no_bytes_make_it_raise(made: Any, junk: bytes, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(read.read(made.whole).entries)))
    assert verify(repack(made.whole, **{name: junk}), made.pins()).verdict is not Verdict.VALID
    assert verify(junk, made.pins()).verdict is Verdict.INVALID


# --- each part -----------------------------------------------------------------------------------------------------


def test_every_file_is_needed(made: Any) -> None:
    """One file less is never VALID, whichever it is."""
    codes: set[str] = set()
    for name in read.read(made.whole).entries:
        report = verify(repack(made.whole, **{name: None}), made.pins())
        assert report.verdict is Verdict.INVALID, name
        codes |= report.codes()
    assert codes >= {
        "PACKAGE_MISSING", "PACKAGE_LIST", "CHECKPOINT_MISSING", "EXTRACT_MISSING", "RULES_MISSING", "PROOF_MISSING",
        "MANIFEST_MISSING", "CATALOGUE_MISSING", "CALENDAR_MISSING", "REGISTRY_GAP", "CASE_LEAF_MISSING",
        "EXTRACT_TRUNCATED",
    }  # fmt: skip


def test_all_errors_are_listed(made: Any) -> None:
    changed = repack(made.whole, **{"checkpoint.txt": b"x", "rules.json": b"{}", "extract.dsse.json": b"{}"})
    codes = verify(changed, made.pins()).codes()
    assert codes >= {"CHECKPOINT_MALFORMED", "RULES_UNKNOWN", "EXTRACT_FORMAT", "PROOF_CHECKPOINT"}


def test_surplus_files_of_known_names_are_found(made: Any) -> None:
    other = made.parts(made.other)
    manifest = next(iter(other.manifests.items()))
    changed = repack(
        made.whole,
        **{
            f"manifests/{manifest[0]}.json": manifest[1],
            "catalogue/2099.json": b"{}",
            "proofs/9999.tlog-proof": b"x",
        },
    )
    codes = verify(changed, made.pins()).codes()
    assert codes >= {"MANIFEST_SURPLUS", "MANIFEST_FOREIGN", "EXTRACT_MANIFESTS", "CATALOGUE_UNPUBLISHED"}
    assert codes >= {"PROOF_SURPLUS", "PACKAGE_LIST"}


def test_a_genuine_leaf_of_another_case_does_not_pass(made: Any, evidence_log: Any) -> None:
    """In the log, properly signed, exported by the hub itself: still not of this case."""
    other = made.cases[made.other][0]

    def slip_in(parts: Any) -> Any:
        paths = {**parts.paths, **made.parts(made.other).paths}
        return replace(parts, leaves={**parts.leaves, other: made.entries[other]}, paths=paths)

    report = verify(made.package(made.case, slip_in), made.pins())
    assert report.codes() >= {"FOREIGN_STATEMENT", "CASE_LEAF_TWICE"}
    assert "LEAF_NOT_INCLUDED" not in report.codes()


def test_a_leaf_under_another_index_is_found(made: Any) -> None:
    index = made.cases[made.case][-1]
    name = f"leaves/{index}.json"
    value = json.loads(made.entries[index]) | {"index": index + 1, "origin": "another.log"}
    report = verify(repack(made.whole, **{name: canonical.encode(value)}), made.pins())
    assert report.codes() >= {"LEAF_INDEX", "LEAF_ORIGIN", "LEAF_NOT_INCLUDED"}


def test_order_is_checked_against_positions(made: Any) -> None:
    index = made.cases[made.case][3]
    value = json.loads(made.entries[index]) | {
        "epoch": 3,
        "case_seq": 1,
        "recorded_at": "2026-11-20T09:00:00.000+08:00",
    }
    report = verify(repack(made.whole, **{f"leaves/{index}.json": canonical.encode(value)}), made.pins())
    assert report.codes() >= {"EPOCH_ORDER", "TIME_ORDER", "CASE_LEAF_TWICE", "CASE_ORDER", "LEAF_VERSIONS"}
    value["epoch"] = 99
    report = verify(repack(made.whole, **{f"leaves/{index}.json": canonical.encode(value)}), made.pins())
    assert "EPOCH_AHEAD" in report.codes()


def test_the_extract_is_signed_by_a_hub_and_by_nobody_else(made: Any, evidence_log: Any) -> None:
    for signer in (made.keys[evidence_log.WINDOW].sign, made.keys[evidence_log.HEAD].sign, new_signer()):
        package = evidence_log.build(made.parts(made.case), signer, "2026-11-24T09:00:00.000+08:00")
        report = verify(package, made.pins())
        assert report.codes() == {"EXTRACT_SIGNATURE"}
    envelope = json.loads(read.read(made.whole).entries["extract.dsse.json"])
    payload = json.loads(note.base64_bytes(envelope["payload"]) or b"")
    payload["exported_at"] = "2027-01-01T00:00:00.000+08:00"
    envelope["payload"] = note.base64_text(canonical.encode(payload))
    report = verify(repack(made.whole, **{"extract.dsse.json": canonical.encode(envelope)}), made.pins())
    assert report.codes() == {"EXTRACT_SIGNATURE"}


# --- pins ----------------------------------------------------------------------------------------------------------


def test_pins_come_back_from_their_file(made: Any) -> None:
    pins = made.pins()
    assert read_pins(pins.to_json()) == pins
    changes: tuple[dict[str, Any], ...] = (
        {"v": 2}, {"origin": 1}, {"log_keys": ["x"]}, {"log_keys": []}, {"registrar_keys": [{}]}, {"more": 1},
        {"witnesses_needed": 2}, {"witnesses_needed": True}, {"origin": "another.log"}, {"witness_keys": [1]},
    )  # fmt: skip
    for change in changes:
        value = json.loads(pins.to_json()) | change
        with pytest.raises(Refusal, match="PINS_FORMAT"):
            read_pins(canonical.encode(value))


def test_other_pins_do_not_vouch(made: Any, evidence_log: Any) -> None:
    stranger = evidence_log.SyntheticLog()
    assert "CHECKPOINT_SIGNATURE" in verify(made.whole, made.pins(log_keys=stranger.pins().log_keys)).codes()
    registrar = (PublicKey(stranger.registrar.suite, stranger.registrar.public),)
    assert "SIGNER_UNKNOWN" in verify(made.whole, made.pins(registrar_keys=registrar)).codes()
    key = replace(made.ed25519.key, name="another.log")
    report = verify(made.whole, Pins("another.log", (key.text,), made.pins().registrar_keys))
    assert report.codes() >= {"CHECKPOINT_ORIGIN", "CHECKPOINT_SIGNATURE", "LEAF_ORIGIN"}


def test_both_log_signatures_are_asked(made: Any) -> None:
    """A checkpoint without its post-quantum line does not pass under pins that name both keys."""
    signed = made.checkpoint()
    text, lines = note.parse(signed)
    kept = b"".join(
        line + b"\n" for line in signed.split(b"\n") if not line.startswith("— ".encode()) or len(line) < 400
    )
    assert len(note.parse(kept[: kept.rindex(b"\n")])[1]) == len(lines) - 1
    package = made.package(made.case, lambda parts: replace(parts, checkpoint=kept[: kept.rindex(b"\n")]))
    assert "CHECKPOINT_SIGNATURE" in verify(package, made.pins()).codes()
    assert verify(package, made.pins(log_keys=(made.ed25519.key.text,))).verdict is Verdict.VALID


def test_a_wrong_cosignature_is_no_missing_one(made: Any, evidence_log: Any) -> None:
    signed = made.checkpoint()
    text, lines = note.parse(signed)
    forged = note.add(signed, [replace(lines[-1], value=lines[-1].value[:-1] + bytes([lines[-1].value[-1] ^ 1]))])
    package = made.package(made.case, lambda parts: replace(parts, checkpoint=forged))
    assert verify(package, made.pins()).codes() == {"WITNESS_SIGNATURE"}


# --- not known here ------------------------------------------------------------------------------------------------


def only(report: Any, code: str) -> bool:
    severities = {finding.severity for finding in report.findings}
    return (report.verdict, report.codes(), severities) == (
        Verdict.INDETERMINATE,
        {code},
        {Severity.INDETERMINATE},
    )


def test_too_few_witnesses_are_indeterminate(evidence_log: Any) -> None:
    log = fresh(evidence_log, cosigned=False)
    package = log.package(log.case)
    assert only(verify(package, log.pins()), "WITNESSES_MISSING")
    assert verify(package, log.pins(witnesses_needed=0)).verdict is Verdict.VALID


def test_rules_of_another_version_are_indeterminate(evidence_log: Any) -> None:
    log = fresh(evidence_log, rules="2099.1-1")
    assert only(verify(log.package(log.case), log.pins()), "RULES_UNKNOWN")


def test_a_leaf_of_another_version_is_indeterminate(evidence_log: Any) -> None:
    log = fresh(evidence_log)
    last = log.cases[log.case][-1]
    log.entries[last] = canonical.encode(json.loads(log.entries[last]) | {"v": 2})
    assert only(verify(log.package(log.case), log.pins()), "LEAF_VERSION")


def test_a_package_and_an_extract_of_another_version_are_indeterminate(made: Any, evidence_log: Any) -> None:
    entries = read.read(made.whole).entries
    newer = canonical.encode(json.loads(entries["package.json"]) | {"v": 2})
    assert only(verify(repack(made.whole, **{"package.json": newer}), made.pins()), "PACKAGE_VERSION")
    payload = json.loads(note.base64_bytes(json.loads(entries["extract.dsse.json"])["payload"]) or b"") | {"v": 2}
    hub = made.keys[evidence_log.HUB].sign
    envelope = sign(canonical.encode(payload), [hub], "application/vnd.yidi.extract+json")
    report = verify(repack(made.whole, **{"extract.dsse.json": envelope.encode()}), made.pins())
    assert only(report, "EXTRACT_VERSION")


def later(log: Any, evidence_log: Any, actor: str, keyid: str, version: int = 1) -> Leaf:
    """One more leaf of the case that the law never saw, signed by nobody whom we could check."""
    file = log.files[log.case]
    statement = Statement(
        "note",
        log.case,
        "access",
        None,
        file.head,
        Actor(actor, None, "department"),
        "2026-11-24T09:00:00.000+08:00",
        {},
    )
    payload = canonical.encode(json.loads(statement.payload()) | {"v": version})
    made: Leaf = log._append(Envelope(payload, ((keyid, b"signature"),)), replace(file, case_seq=file.case_seq + 1), {})
    return made


def test_an_unknown_suite_is_indeterminate_with_all_that_rests_on_it(evidence_log: Any) -> None:
    log = fresh(evidence_log)
    subject = evidence_log.node("360102000000", "sm2-node")
    key, opening = PublicKey("SM2_SM3", b"\x04" + bytes(64)), PublicKey("X25519", bytes(range(32)))
    body = {
        "subject": subject, "kind": "node", "node": subject, "roles": ["department"], "region": "360102000000",
        "title": "", "public_prefix": None, "replaces": None,
        "keys": {"sign": key.as_object(), "kem": opening.as_object()},
    }  # fmt: skip
    statement = Statement(
        "key.register", None, "registry", None, None, Actor(evidence_log.REGISTRAR, None, "registrar"),
        "2026-11-24T09:00:00.000+08:00", body,
    )  # fmt: skip
    envelope = sign(statement.payload(), [log.registrar])
    log.directory.epoch += 1
    log.registry.append(
        log._append(replace(envelope, signatures=((key.id, b"sm2"), *envelope.signatures)), None, {}).index
    )
    assert only(verify(log.package(log.case), log.pins()), "SUITE_UNKNOWN")
    later(log, evidence_log, subject, key.id)
    report = verify(log.package(log.case), log.pins())
    assert report.verdict is Verdict.INDETERMINATE
    assert report.codes() == {"SUITE_UNKNOWN", "NODE_SIGNATURE_MISSING"}
    later(log, evidence_log, evidence_log.DEPARTMENT, "0" * 32)
    assert verify(log.package(log.case), log.pins()).verdict is Verdict.INVALID  # INVALID wins


def test_a_statement_of_another_version_is_indeterminate(evidence_log: Any) -> None:
    log = fresh(evidence_log)
    later(log, evidence_log, evidence_log.DEPARTMENT, "0" * 32, version=2)
    assert only(verify(log.package(log.case), log.pins()), "STATEMENT_VERSION")


# --- positions ------------------------------------------------------------------------------------------------------


def test_a_leaf_cannot_count_registry_leaves_that_come_after_it(evidence_log: Any) -> None:
    log = fresh(evidence_log)
    log.say_registry("key.revoke", {"subject": evidence_log.HEAD}, [log.registrar])
    last = log.cases[log.case][-1]
    log.entries[last] = canonical.encode(json.loads(log.entries[last]) | {"epoch": 15})
    report = verify(log.package(log.case), log.pins())
    assert [(one.code, one.where) for one in report.findings] == [("EPOCH_ORDER", f"leaves/{last}.json")]


def test_a_missing_or_refused_registry_leaf_still_takes_its_epoch(made: Any, evidence_log: Any) -> None:
    registry = [decode(made.entries[index]) for index in made.registry]
    timeline = Timeline(made.pins().registrar_keys, [*registry[:4], *registry[5:]])
    assert timeline.at(5).epoch == 5
    assert timeline.at(6).current(evidence_log.COLLECTOR).epoch == 6
    assert timeline.at(99).epoch == 99
    assert timeline.refused == []
    unsigned = replace(registry[0], envelope=registry[1].envelope)
    timeline = Timeline(made.pins().registrar_keys, [unsigned, *registry[1:]])
    assert timeline.at(14).current(evidence_log.COLLECTOR).epoch == 6
    assert [(leaf.epoch, refusal.code) for leaf, refusal in timeline.refused] == [(2, "STATEMENT_TWICE")]


# --- validity by position ------------------------------------------------------------------------------------------


def test_keys_are_judged_at_the_position_of_the_act(evidence_log: Any) -> None:
    """Revoked or changed afterwards: the act stays good. Revoked before: it does not."""
    log = fresh(evidence_log)
    record = log.directory.current(evidence_log.ACCEPTOR)
    body = {
        "subject": record.subject, "kind": "person", "node": record.node, "roles": ["REVIEWER"], "region": "",
        "title": "", "public_prefix": None, "replaces": record.digest,
        "keys": {"sign": record.keys["sign"].as_object()},
    }  # fmt: skip
    log.say_registry("key.register", body, [log.keys[evidence_log.ACCEPTOR].sign, log.registrar])
    log.say_registry("key.revoke", {"subject": evidence_log.DECIDER}, [log.registrar])
    assert verify(log.package(log.case), log.pins()).verdict is Verdict.VALID

    file = log.files[log.case]
    statement = Statement(
        "note", log.case, "access", None, file.head,
        Actor(evidence_log.DEPARTMENT, evidence_log.DECIDER, "DECIDER"), "2026-11-24T09:00:00.000+08:00", {},
    )  # fmt: skip
    signers = [log.keys[one].sign for one in (evidence_log.DECIDER, evidence_log.DEPARTMENT)]
    envelope = sign(statement.payload(), signers)
    leaf = log._append(envelope, replace(file, case_seq=file.case_seq + 1), {})
    report = verify(log.package(log.case), log.pins())
    assert report.codes() == {"KEY_REVOKED", "PERSON_SIGNATURE_MISSING"}
    assert {finding.where for finding in report.findings} == {f"leaves/{leaf.index}.json"}
    assert decode(log.entries[leaf.index]).epoch == 16


def unlawful(evidence_log: Any) -> Any:
    """A log whose case holds a decision by someone without the role, taken into the log past the law."""
    log = evidence_log.founded()
    log.case = log.run_case(1, "accept")
    file = log.files[log.case]
    actor = Actor(evidence_log.DEPARTMENT, evidence_log.ACCEPTOR, "ACCEPTOR")
    said = Statement(
        "decide", log.case, "custody", file.seq + 1, file.head, actor, canonical.time_text(log.now),
        {"outcome": "GRANT"},
    )  # fmt: skip
    envelope = sign(said.payload(), [log.keys[one].sign for one in (evidence_log.ACCEPTOR, evidence_log.DEPARTMENT)])
    changed = replace(file, seq=file.seq + 1, head=envelope.digest, case_seq=file.case_seq + 1)
    log.files[log.case] = changed
    log._append(envelope, changed, {})
    return log


def test_missing_witnesses_do_not_hide_what_the_law_forbids(evidence_log: Any) -> None:
    """A hub withholds cosignatures at will: that must not soften the finding of an unlawful act."""
    log = unlawful(evidence_log)
    log.cosigned = False
    report = audit(log.package(log.case), log.pins())
    assert report.evidence.codes() == {"WITNESSES_MISSING"}
    assert [(one.code, one.severity) for one in report.law] == [("ROLE_FORBIDS", Severity.INVALID)]
    assert report.verdict is Verdict.INVALID


def test_a_version_not_known_here_leaves_the_law_undecided(evidence_log: Any) -> None:
    log = unlawful(evidence_log)
    package = log.package(log.case)
    value = {**json.loads(read.read(package).entries[read.PACKAGE]), "v": 2}
    report = audit(repack(package, **{read.PACKAGE: canonical.encode(value)}), log.pins())
    assert "PACKAGE_VERSION" in report.evidence.codes()
    assert report.verdict is Verdict.INDETERMINATE
    assert {one.severity for one in report.law} == {Severity.INDETERMINATE}
