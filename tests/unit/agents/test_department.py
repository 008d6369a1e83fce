"""node_agent.department.desk and ``yidi dept``: the acts of a department, judged by the real law."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crypto.log import leaf as leaves
from crypto.refusal import Refusal
from crypto.sealing import KeyPacket, Stream, open_page, unwrap_key
from crypto.statement import read_envelope, read_statement
from deploy.commands.dept import main as dept
from deploy.commands.shared import common
from hub.casework.states import State
from node_agent.department import desk as department
from node_agent.department import handover, powers, queue, result
from node_agent.known.casemirror import manifest_here, mirror
from node_agent.process.runtime import Agent
from node_agent.transfer import opening
from node_agent.transfer.receiver import Receiver
from storage.journal import OutboxEntry
from tests.unit.agents.agent_region import FORM, RECOVERY, SCANS, Region, exchange, picture
from tests.unit.evidence_log import ACCEPTOR, DEPARTMENT, GATEWAY, WINDOW

REASONS, APPEAL = "经营场所不符", "60日内可申请行政复议"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "licence.jpg"
    path.write_bytes(picture(50))
    return path


@pytest.fixture
def case(region: Region, agent: Agent, inbox: Receiver) -> str:
    """A case that this department countersigned."""
    made, _ = region.forward()
    exchange(region, agent, inbox)
    return made


def to_decided(region: Region, agent: Agent, inbox: Receiver, case: str) -> None:
    department.accept(agent, case, "A01")
    department.decide(agent, case, "D01", "GRANT")
    exchange(region, agent, inbox)


def body_of(entry: OutboxEntry) -> dict[str, Any]:
    return dict(read_statement(read_envelope(entry.envelope).payload).body)


def test_acts_made_one_after_the_other_without_answers(
    region: Region, agent: Agent, inbox: Receiver, case: str, page: Path
) -> None:
    department.accept(agent, case, "A01")
    department.decide(agent, case, "D01", "GRANT")
    result.issue(agent, case, "I01", [page])
    result.post(agent, case, "I01")
    events = [entry.event for entry in exchange(region, agent, inbox)]
    assert events == ["accept", "decide", "issue", "wrap", "wrap", "wrap", "wrap", "post"]
    file = region.log.files[case]
    assert (file.state, file.outcome) == (State.DELIVERING, "GRANT")
    assert [leg.gateway for leg in file.parcels] == [GATEWAY]
    assert mirror(agent, case).file == file


def test_a_refusal_has_reasons_and_an_appeal(region: Region, agent: Agent, inbox: Receiver, case: str) -> None:
    department.accept(agent, case, "A01")
    for reasons, appeal in (("", "60日内可申请行政复议"), ("经营场所不符", " ")):
        with pytest.raises(Refusal) as caught:
            department.decide(agent, case, "D01", "REFUSE", reasons, appeal)
        assert caught.value.code == "REASONS_MISSING"
    department.decide(agent, case, "D01", "REFUSE", REASONS, APPEAL)
    exchange(region, agent, inbox)
    assert region.log.files[case].outcome == "REFUSE"


def stored(region: Region, manifest: str, stream: Stream) -> bytes:
    """The bytes of one stream of a stored object."""
    return region.objects[manifest][stream.offset : stream.offset + stream.length]


def test_the_words_of_a_refusal_are_sealed_with_the_result_and_stand_nowhere_in_the_log(
    region: Region, agent: Agent, inbox: Receiver, case: str, page: Path
) -> None:
    department.accept(agent, case, "A01")
    act = department.decide(agent, case, "D01", "REFUSE", f" {REASONS} ", APPEAL)
    issued = result.issue(agent, case, "I01", [page])  # before the hub has answered to the decision
    exchange(region, agent, inbox)
    for entry in region.log.entries:
        payload = read_envelope(leaves.decode(entry).envelope).payload
        assert REASONS.encode() not in payload and APPEAL.encode() not in payload
    assert issued.needs_upload is not None
    manifest, _ = manifest_here(agent.journal, issued.needs_upload)
    assert [line.material for line in manifest.lines] == ["M-RESULT", "DECISION"]
    rendition = manifest.lines[1].pages[0].renditions[0]
    assert rendition.media_type == "application/json"
    said, ciphertext = body_of(act), stored(region, issued.needs_upload, rendition.stream)
    own = {one["line"]: base64.b64decode(one["packet"]) for one in body_of(issued)["applicant_packets"]}
    private = region.log.keys[WINDOW].opening
    assert private is not None
    window = {packet.line: packet for packet in region.packets[issued.needs_upload, WINDOW]}
    for reader, packet in (
        (region.applicants[case].result_key, KeyPacket("DECISION", "full", "applicant", "", own["DECISION"])),
        (private, window["DECISION"]),
    ):
        key = unwrap_key(reader, case, 2, packet)
        told = json.loads(open_page(key, rendition.stream, [ciphertext]))
        assert {name: told[name] for name in ("outcome", "reasons", "appeal")} == {
            "outcome": "REFUSE", "reasons": REASONS, "appeal": APPEAL,
        }  # fmt: skip
        for name in ("reasons", "appeal"):
            salt = bytes.fromhex(told["salts"][name])
            assert len(salt) == 32
            assert hashlib.sha256(salt + told[name].encode()).hexdigest() == said[name]


def test_the_words_of_a_decision_that_was_refused_do_not_take_the_place_of_those_that_count(
    region: Region, agent: Agent, inbox: Receiver, case: str, page: Path
) -> None:
    department.accept(agent, case, "A01")
    department.decide(agent, case, "D01", "REFUSE", REASONS, APPEAL)
    exchange(region, agent, inbox)
    department.decide(agent, case, "D01", "REFUSE", "另一理由", APPEAL)
    assert [entry.refusal.code for entry in region.send(agent) if entry.refusal] == ["STATE_FORBIDS"]
    issued = result.issue(agent, case, "I01", [page])
    exchange(region, agent, inbox)
    assert issued.needs_upload is not None
    stream = manifest_here(agent.journal, issued.needs_upload)[0].lines[1].pages[0].renditions[0].stream
    private = region.log.keys[WINDOW].opening
    assert private is not None
    packet = next(one for one in region.packets[issued.needs_upload, WINDOW] if one.line == "DECISION")
    ciphertext = stored(region, issued.needs_upload, stream)
    told = json.loads(open_page(unwrap_key(private, case, 2, packet), stream, [ciphertext]))
    assert told["reasons"] == REASONS


def test_a_refusal_whose_words_are_lost_is_not_issued(
    region: Region, agent: Agent, inbox: Receiver, case: str, page: Path
) -> None:
    department.accept(agent, case, "A01")
    department.decide(agent, case, "D01", "REFUSE", REASONS, APPEAL)
    exchange(region, agent, inbox)
    agent.journal.keep(f"decision:{case}", b"{}")
    with pytest.raises(Refusal) as caught:
        result.issue(agent, case, "I01", [page])
    assert caught.value.code == "DECISION_TEXT_MISSING"
    assert not agent.journal.uploads_waiting()


def test_without_a_grant_or_the_role_nothing_is_signed(agent: Agent, case: str, page: Path) -> None:
    before = len(agent.journal.acts(case))
    with pytest.raises(Refusal) as caught:
        department.decide(agent, case, "H01", "GRANT")
    assert caught.value.code == "GRANT_MISSING"
    with pytest.raises(Refusal) as caught:
        result.issue(agent, case, "D01", [page])
    assert caught.value.code == "GRANT_MISSING"
    with pytest.raises(Refusal) as caught:
        powers.grant_issue(agent, "A01", "DECIDE", "A01", ["*"], "2026-01-01", "2026-12-31", b"paper")
    assert caught.value.code == "ROLE_MISSING"
    assert len(agent.journal.acts(case)) == before


def test_the_result_opens_for_four_and_for_nobody_else(
    region: Region, agent: Agent, inbox: Receiver, case: str, page: Path
) -> None:
    to_decided(region, agent, inbox, case)
    act = result.issue(agent, case, "I01", [page])
    assert act.needs_upload is not None
    exchange(region, agent, inbox)
    manifest, _ = manifest_here(agent.journal, act.needs_upload)
    (line,) = manifest.lines
    stream = line.pages[0].renditions[0].stream
    ciphertext = region.objects[act.needs_upload]
    assert (manifest.kind, manifest.revision, line.material) == ("result", 2, "M-RESULT")
    assert page.read_bytes() not in ciphertext
    holders = {recipient for digest, recipient in region.packets if digest == act.needs_upload}
    assert holders == {DEPARTMENT, WINDOW, RECOVERY}
    for holder in holders:
        private = region.log.keys[holder].opening
        assert private is not None
        (packet,) = region.packets[act.needs_upload, holder]
        key = unwrap_key(private, case, 2, packet)
        assert open_page(key, stream, [ciphertext]) == page.read_bytes()
    (own,) = body_of(act)["applicant_packets"]
    packet_bytes = base64.b64decode(own["packet"])
    assert len(packet_bytes) == 80
    key = unwrap_key(
        region.applicants[case].result_key, case, 2, KeyPacket(line.line, "full", "applicant", "", packet_bytes)
    )
    assert open_page(key, stream, [ciphertext]) == page.read_bytes()


def test_a_result_that_is_no_page_is_not_sealed(
    region: Region, agent: Agent, inbox: Receiver, case: str, tmp_path: Path
) -> None:
    to_decided(region, agent, inbox, case)
    wrong = tmp_path / "result.jpg"
    wrong.write_bytes(b"not an image")
    with pytest.raises(Refusal) as caught:
        result.issue(agent, case, "I01", [wrong])
    assert caught.value.code == "PAGE_NOT_IMAGE"
    assert not agent.journal.uploads_waiting()


def test_the_gateway_gets_the_address_line_alone(
    region: Region, agent: Agent, inbox: Receiver, case: str, page: Path
) -> None:
    to_decided(region, agent, inbox, case)
    result.issue(agent, case, "I01", [page])
    act = result.post(agent, case, "I01")
    exchange(region, agent, inbox)
    application = region.log.files[case].sealings[0].manifest
    got = region.packets[application, GATEWAY]
    assert [packet.line for packet in got] == ["L08"]
    assert mirror(agent, case).parcels[0].parcel == body_of(act)["parcel"]


def test_post_needs_a_gateway(agent: Agent, case: str) -> None:
    agent.settings = agent.settings.model_copy(update={"gateway_node": ""})
    with pytest.raises(Refusal) as caught:
        result.post(agent, case, "I01")
    assert caught.value.code == "GATEWAY_UNSET"


def test_a_grant_lets_decide(region: Region, agent: Agent, inbox: Receiver, case: str) -> None:
    """The head gives the acceptor's colleague H01 itself the power: F04 asks for the paper's digest, not the paper."""
    paper = b"power of attorney"
    act = powers.grant_issue(agent, "H01", "DECIDE", "H01", ["*"], "2026-01-01", "9999-12-31", paper)
    assert body_of(act)["document"] == hashlib.sha256(paper).hexdigest()
    department.accept(agent, case, "A01")
    exchange(region, agent, inbox)
    department.decide(agent, case, "H01", "GRANT")
    exchange(region, agent, inbox)
    assert region.log.files[case].state is State.DECIDED


@pytest.mark.parametrize(
    "kind, items, dates, paper",
    [
        ("EVERYTHING", ["*"], ("2026-01-01", "2026-12-31"), b"paper"),
        ("DECIDE", [], ("2026-01-01", "2026-12-31"), b"paper"),
        ("DECIDE", ["*"], ("2026-12-31", "2026-01-01"), b"paper"),
        ("DECIDE", ["*"], ("2026-01-01", "2026-12-31"), b""),
    ],
)
def test_a_grant_out_of_form(agent: Agent, kind: str, items: list[str], dates: tuple[str, str], paper: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        powers.grant_issue(agent, "H01", kind, "D01", items, *dates, paper)
    assert caught.value.code == "GRANT_FORMAT"


@pytest.mark.requirement("C04")
def test_the_queue_is_in_the_order_of_legal_risk(region: Region, agent: Agent, inbox: Receiver, case: str) -> None:
    younger, _ = region.forward(2)
    unsigned_case, _ = region.forward(3)
    inbox.step()
    for entry in agent.journal.waiting():
        if entry.case_id == younger:
            region.answer(agent, entry)
    inbox.step()
    department.accept(agent, younger, "A01")
    (accept,) = (entry for entry in agent.journal.waiting() if entry.case_id == younger)
    region.answer(agent, accept)
    inbox.step()
    lines = queue.queue_view(agent, region.log.files[younger].recorded_at)
    assert [line.view.case for line in lines[-1:]] == [unsigned_case]  # no clock of ours runs there yet
    shown = {line.view.case: line.shown for line in lines}
    assert shown[case].startswith("承诺件：受理时限") and shown[younger].startswith("承诺件：承诺时限")
    clocks = {line.view.case: set(line.days) for line in lines}
    assert clocks == {case: {"K2"}, younger: {"K3"}, unsigned_case: set()}
    days = [min(line.days.values()) for line in lines[:2]]
    assert days == sorted(days)
    late = queue.queue_view(agent, "2030-01-02T09:00:00.000+08:00")
    assert all(min(line.days.values()) < 0 for line in late[:2])


def test_an_ended_case_leaves_the_queue(region: Region, agent: Agent, inbox: Receiver, case: str) -> None:
    body = {"identity_checked": True, "paper": "a" * 64}
    region.log.say(case, "withdraw", f"{WINDOW}/person/C01", "COLLECTOR", body)
    inbox.step()
    assert queue.queue_view(agent) == []


# --- the line system and the commands ------------------------------------------------------------------------------


def opened(region: Region, agent: Agent, case: str) -> opening.OpenedCase:
    def answered(digest: str) -> OutboxEntry:
        return next(entry for entry in region.send(agent) if entry.payload_digest == digest)

    return opening.open_case(agent, case, "A01", "ACCEPTOR", "受理审查", answered=answered)


def test_handover_writes_pages_and_form_but_not_the_address(region: Region, agent: Agent, case: str) -> None:
    (folder,) = handover.handover(agent, case, opened(region, agent, case))
    assert folder.name == region.log.files[case].case_no
    assert json.loads((folder / "form.json").read_bytes()) == FORM
    written = sorted(path.name for path in (folder / "pages").iterdir())
    assert written == [f"L{number:02}-{code}" for number, code in enumerate(SCANS, 1)]
    facts = json.loads((folder / "case.json").read_bytes())["case"]
    assert facts["checked_by"] == f"{WINDOW}/person/C01"
    assert handover.handover(agent, case, opened(region, agent, case)) == [folder]


@pytest.mark.requirement("D20")
def test_a_material_that_was_checked_online_is_handed_over_as_the_answer(
    region: Region, agent: Agent, inbox: Receiver
) -> None:
    answer = b'{"facts":{},"kind":"IDENTITY","source":"spiffe://yidi.test/360000000000/jiangxi-gat"}'
    case, _ = region.forward(M02=answer)
    exchange(region, agent, inbox)
    (folder,) = handover.handover(agent, case, opened(region, agent, case))
    lines = {line["material"]: line for line in json.loads((folder / "case.json").read_bytes())["materials"]}
    assert (lines["M02"]["pages"], lines["M02"]["pdf"]) == ([], None) and "answer" not in lines["M01"]
    assert (folder / lines["M02"]["answer"]).read_bytes() == answer
    assert lines["M02"]["answer"] in (folder / handover.SUMS).read_text("utf-8")
    assert handover.handover(agent, case, opened(region, agent, case)) == [folder]


def test_handover_needs_a_folder(region: Region, agent: Agent, case: str) -> None:
    made = opened(region, agent, case)
    agent.settings = agent.settings.model_copy(update={"line_system_folder": None})
    with pytest.raises(Refusal) as caught:
        handover.handover(agent, case, made)
    assert caught.value.code == "LINE_SYSTEM_UNSET"


class Desk:
    """The command line beside a running agent: what a command queues is sent by a thread, as the daemon does."""

    def __init__(self, region: Region, agent: Agent) -> None:
        self.region, self.agent = region, agent

    def run(self, *words: str, typed: str = "") -> tuple[int, Any]:
        """Exit code and JSON of a command. ``typed``: what stands on its standard input."""
        line = [*words, "--home", str(self.agent.settings.home), "--json"]
        done = CliRunner().invoke(dept.app, line, input=typed)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, json.loads(done.stdout)


@pytest.fixture
def desk(region: Region, agent: Agent, inbox: Receiver, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Commands open this very agent; waiting for an answer sends what is queued."""
    made = Desk(region, agent)
    monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: agent)
    monkeypatch.setattr(type(agent), "close", lambda self: None)
    waited = common.wait_for

    def wait_for(agent: Agent, digests: list[str], seconds: float, as_json: bool) -> list[OutboxEntry]:
        region.send(agent)
        inbox.step()
        return waited(agent, digests, seconds, as_json)

    monkeypatch.setattr(common, "wait_for", wait_for)
    return made


def test_commands_take_a_case_to_the_post(desk: Desk, case: str, page: Path, tmp_path: Path) -> None:
    number = desk.region.log.files[case].case_no
    code, value = desk.run("queue")
    assert code == 0
    assert [line["case"] for line in value["cases"]] == [case]
    assert desk.run("pull")[1]["cases"] == [{"case": case, "state": "DONE", "code": ""}]
    out = tmp_path / "out"
    assert desk.run("open", number, "--staff", "A01", "--purpose", "受理审查", "--out", str(out))[0] == 0
    assert (out / "L01-M01-001.jpg").read_bytes() == picture(0)
    assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o600}
    assert desk.run("accept", number, "--staff", "A01")[0] == 0
    assert desk.run("decide", number, "--grant", "--staff", "D01")[0] == 0
    code, value = desk.run("issue", number, str(page), "--staff", "I01")
    assert (code, len(value["acts"])) == (0, 4)
    assert desk.run("post", number, "--staff", "I01")[0] == 0
    code, value = desk.run("show", number)
    assert (code, value["state"], value["holder"]) == (0, "DELIVERING", DEPARTMENT)
    assert {row["clock"] for row in value["clocks"]} == {"K1", "K2", "K3", "K4", "K8"}


def test_the_words_of_a_refusal_come_from_a_file_and_from_standard_input(desk: Desk, case: str, tmp_path: Path) -> None:
    why = tmp_path / "why.txt"
    why.write_text(REASONS, encoding="utf-8")
    assert desk.run("accept", case, "--staff", "A01")[0] == 0
    refuse = ("decide", case, "--refuse", "--staff", "D01", "--appeal-file", "-")
    code, value = desk.run(*refuse, "--reasons-file", str(tmp_path / "none"), typed=APPEAL)
    assert (code, value["refusal"]["code"]) == (1, "TEXT_UNREADABLE")
    assert desk.run(*refuse, "--reasons-file", str(why), typed=APPEAL)[0] == 0
    kept = json.loads(desk.agent.journal.kept(f"decision:{case}") or b"{}")
    assert [(page["reasons"], page["appeal"]) for page in kept.values()] == [(REASONS, APPEAL)]


def test_a_line_system_that_cannot_be_written_is_a_refusal(
    region: Region, agent: Agent, case: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"no folder")
    made = opened(region, agent, case)
    agent.settings = agent.settings.model_copy(update={"line_system_folder": tmp_path / "file" / "in"})
    with pytest.raises(Refusal) as caught:
        handover.handover(agent, case, made)
    assert caught.value.code == "BUNDLE_UNWRITABLE"


def test_open_without_out_writes_no_page(desk: Desk, case: str) -> None:
    before = {path for path in desk.agent.settings.home.rglob("*") if path.is_file()}
    code, value = desk.run("open", case, "--staff", "A01", "--purpose", "受理审查")
    assert (code, value["files"]) == (0, [])
    assert value["checked_by"] == f"{WINDOW}/person/C01"
    assert {path for path in desk.agent.settings.home.rglob("*") if path.is_file()} == before
    assert desk.region.log.files[case].case_seq == 7  # the opening is on record


@pytest.mark.parametrize("command", ["open", "handover"])
def test_open_and_handover_take_a_purpose_of_the_list_alone(desk: Desk, case: str, command: str) -> None:
    before = desk.region.log.files[case].case_seq
    code, value = desk.run(command, case, "--staff", "A01", "--purpose", "看一看")
    assert (code, value["refusal"]["code"]) == (1, "PURPOSE_UNKNOWN")
    assert desk.region.log.files[case].case_seq == before
    for purpose in ("HANDOVER", "移交业务系统"):
        assert desk.run(command, case, "--staff", "A01", "--purpose", purpose)[0] == 0
    assert desk.region.log.files[case].case_seq == before + 2


def test_open_does_not_write_over_a_file(desk: Desk, case: str, tmp_path: Path) -> None:
    (tmp_path / "L01-M01-001.jpg").write_bytes(b"mine")
    code, value = desk.run("open", case, "--staff", "A01", "--purpose", "受理审查", "--out", str(tmp_path))
    assert (code, value["refusal"]["code"]) == (1, "OUT_EXISTS")
    assert (tmp_path / "L01-M01-001.jpg").read_bytes() == b"mine"


def test_a_refusal_of_the_hub_is_shown(desk: Desk, case: str) -> None:
    code, value = desk.run("accept", case, "--staff", "D01")
    assert code == 1
    assert value["acts"][0]["refusal"]["code"] in {"ROLE_MISSING", "ROLE_FORBIDS"}
    assert ACCEPTOR not in str(value)


def test_grant_command(desk: Desk, case: str, tmp_path: Path) -> None:
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"paper")
    words = ("--kind", "SEAL_USE", "--person", "D01", "--item", "*", "--from", "2026-01-01", "--to", "2027-01-01")
    code, _ = desk.run("grant", "--staff", "H01", "--document", str(paper), *words)
    assert code == 0
    desk.agent.registry.refresh(desk.agent.hub)
    assert "SEAL_USE" in {one.kind for one in desk.agent.registry.directory.grants() if one.person.endswith("/D01")}
