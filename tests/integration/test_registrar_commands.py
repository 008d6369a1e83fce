"""``yidi registrar token|list|revoke`` over real TLS: who is enrolled, shown, and let in no more."""

import json

import pytest
from typer.testing import CliRunner, Result

from crypto.refusal import Refusal
from deploy.cli import app
from node_agent.keys.enrol import RecordFacts, enrol_node, enrol_person
from tests.integration.hub_region import Region

pytestmark = pytest.mark.integration


def command(region: Region, *arguments: str) -> Result:
    said = [*arguments, "--home", str(region.registrar.home), "--hub", region.address, "--json"]
    return CliRunner().invoke(app, ["registrar", *said])


def told(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    value: dict[str, object] = json.loads(result.stdout)
    return value


def given(result: Result) -> tuple[str, RecordFacts]:
    """Token and facts as the command told them."""
    value = told(result)
    facts = value["facts"]
    assert isinstance(facts, dict)
    return str(value["token"]), RecordFacts(**{**facts, "roles": tuple(facts["roles"])})


def test_a_token_by_command_enrols_lists_and_revokes(region: Region, name: str) -> None:
    asked = ("token", name, "--region", "500000000000", "--role", "window", "--title", "试验窗口")
    token, facts = given(command(region, *asked))
    assert facts.subject == region.node(name) and facts.replaces is None
    enrol_node(region.home(name), region.door, region.registrar.authority_pem, token, facts)
    rows = told(command(region, "list"))["records"]
    assert isinstance(rows, list)
    mine = next(row for row in rows if row["subject"] == facts.subject)
    assert (mine["roles"], mine["title"], mine["public_prefix"]) == (["window"], "试验窗口", facts.public_prefix)
    shown = CliRunner().invoke(
        app, ["registrar", "list", "--home", str(region.registrar.home), "--hub", region.address]
    )
    assert name in shown.stdout and "收件窗口" in shown.stdout
    client = region.client(name)
    client.registry_leaves(0)
    assert told(command(region, "revoke", name, "--reason", "KEY_LOST"))["subject"] == facts.subject
    with pytest.raises(Refusal, match="KEY_REVOKED"):
        client.registry_leaves(0)
    assert facts.subject not in command(region, "list").stdout
    # whoever was revoked enrols again with new keys; a journal may be lost with them, so its numbers begin elsewhere
    token, again = given(command(region, *asked))
    assert again.replaces == mine["record"]
    assert again.public_prefix is not None and again.public_prefix != facts.public_prefix
    enrol_node(region.home(f"{name}-new"), region.door, region.registrar.authority_pem, token, again)
    assert region.directory().current(facts.subject).replaces == mine["record"]


def test_a_person_gets_a_token_at_a_valid_node_in_a_role_for_persons(region: Region, name: str) -> None:
    asked = ("token", name, "--region", "500000000000", "--title", "收件岗", "--staff", "A01", "--role")
    early = command(region, *asked, "COLLECTOR")
    assert early.exit_code == 1 and json.loads(early.stdout)["refusal"]["code"] == "SUBJECT_UNKNOWN"
    region.enrol(name)
    _, facts = given(command(region, *asked, "COLLECTOR"))
    assert (facts.subject, facts.kind) == (f"{region.node(name)}/person/A01", "person")
    assert (facts.home, facts.centre) == ("", "")
    wrong = command(region, *asked, "window")
    assert wrong.exit_code == 1 and json.loads(wrong.stdout)["refusal"]["code"] == "KEY_RECORD_FORMAT"


@pytest.mark.requirement("F07")
def test_a_person_is_enrolled_for_two_bodies_which_stay_until_told_otherwise(region: Region, name: str) -> None:
    home, centre, other = "11360102MB00000101", "12360102MB0000020Y", "11360102MB00000303"
    region.enrol(name)
    asked = ("token", name, "--region", "500000000000", "--title", "收件岗", "--staff", "A01", "--role", "COLLECTOR")
    token, facts = given(command(region, *asked, "--home-body", home.lower(), "--centre", centre))
    assert (facts.home, facts.centre) == (home, centre)
    made = enrol_person(region.home(name), region.door, region.registrar.authority_pem, token, facts)
    assert (made.home, made.centre) == (home, centre)
    rows = told(command(region, "list"))["records"]
    assert isinstance(rows, list)
    shown = next(row for row in rows if row["subject"] == facts.subject)
    assert (shown["home"], shown["centre"]) == (home, centre)
    _, again = given(command(region, *asked, "--home-body", other))
    assert (again.home, again.centre) == (other, centre)
    wrong = command(region, *asked, "--centre", centre[:-1] + "0")
    assert wrong.exit_code == 1 and json.loads(wrong.stdout)["refusal"]["code"] == "CREDIT_CODE_CHECK"
    node = command(region, *asked[:6], "--role", "window", "--home-body", home)
    assert node.exit_code == 1 and json.loads(node.stdout)["refusal"]["code"] == "KEY_RECORD_FORMAT"


def test_a_token_is_printed_once(region: Region, name: str) -> None:
    said = ["token", name, "--region", "500000000000", "--role", "auditor", "--title", "审计处"]
    result = CliRunner().invoke(
        app, ["registrar", *said, "--home", str(region.registrar.home), "--hub", region.address]
    )
    assert result.exit_code == 0, result.output
    issued = [one["text"] for one in json.loads((region.registrar.home / "tokens.json").read_text())["tokens"]]
    assert [result.stdout.count(text) for text in issued if text in result.stdout] == [1]
    assert "auditor" not in result.stdout and "审计" in result.stdout


def test_who_is_not_registered_is_not_revoked(region: Region, name: str) -> None:
    refused = command(region, "revoke", name, "--reason", "KEY_LOST")
    assert refused.exit_code == 1 and json.loads(refused.stdout)["refusal"]["code"] == "SUBJECT_UNKNOWN"
    assert command(region, "revoke", "hub", "--reason", "he lost it").exit_code == 2
