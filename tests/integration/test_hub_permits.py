"""A registrar with administrators at work (H11): who permits, what is refused without, and what goes on as before."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crypto import certificates
from crypto.directory import Directory
from crypto.refusal import Refusal
from deploy.cli import app
from deploy.registrar.desk import RegistrarDesk
from node_agent.client.enrolment import RegistryDoor
from node_agent.keys.enrol import RecordFacts, enrol_node, enrol_person, renew
from storage.files import write_private
from tests.integration.hub_region import REGION, Region

pytestmark = [pytest.mark.integration, pytest.mark.requirement("H11")]
SYSTEM, SECURITY = "Y01", "S01"


def said(region: Region, *words: str, officer: str = "", code: int = 0) -> dict[str, object]:
    """``yidi registrar``, by an administrator or by nobody."""
    who = ["--officer", officer] if officer else []
    line = ["registrar", *words, *who, "--home", str(region.registrar.home), "--hub", region.address, "--json"]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == code, (words, done.output[-1000:])
    value: dict[str, object] = json.loads(done.stdout)
    return value


def paper(told: dict[str, object]) -> tuple[str, RecordFacts]:
    """Token and facts, as they travel on paper."""
    facts = told["facts"]
    assert isinstance(facts, dict)
    return str(told["token"]), RecordFacts(**{**facts, "roles": tuple(facts["roles"])})


def person(region: Region, code: str, role: str, officer: str = "") -> None:
    """An administrator joins at the registrar's own node."""
    words = ("token", "registrar", "--region", REGION, "--title", "管理岗", "--staff", code, "--role", role)
    token, facts = paper(said(region, *words, officer=officer))
    enrol_person(region.registrar.node_home, region.door, region.registrar.authority_pem, token, facts)


def window(name: str) -> tuple[str, ...]:
    return ("token", name, "--region", REGION, "--title", "试验窗口", "--role", "window")


def directory(region: Region) -> Directory:
    """As anybody replays it, every signature verified."""
    with RegistryDoor.open(region.address, region.registrar.authority_pem, *region.registrar.node_tls()) as door:
        desk = RegistrarDesk(region.registrar, door)
        desk.catch_up()
        return desk.directory


def refused(value: dict[str, object]) -> object:
    refusal = value["refusal"]
    assert isinstance(refusal, dict)
    return refusal["code"]


def joined(region: Region, home: Path, told: dict[str, object]) -> RecordFacts:
    token, facts = paper(told)
    enrol_node(home, region.door, region.registrar.authority_pem, token, facts)
    return facts


def test_from_the_founding_to_a_node_that_the_system_administrator_lets_in(region: Region, tmp_path: Path) -> None:
    """One region's first days: each step stands on the one before."""
    region.enrol("founded")  # nobody is appointed yet: the registrar's key alone counts
    early = paper(said(region, *window("early")))
    person(region, SYSTEM, "SYSTEM_ADMIN")
    person(region, SECURITY, "SECURITY_ADMIN", officer=SYSTEM)
    # a token of before the appointment, and one made past the desk, let nobody in: the way out is a new token
    for home, given in (("early", early), ("past", region.token("past", "window"))):
        with pytest.raises(Refusal) as caught:
            enrol_node(region.home(home), region.door, region.registrar.authority_pem, *given)
        assert (caught.value.code, caught.value.values["reason"]) == ("ENROLMENT_REFUSED", "PERMIT_MISSING")
    assert refused(said(region, *window("early"), code=1)) == "ADMINISTRATOR_MISSING"
    assert refused(said(region, *window("early"), officer=SECURITY, code=1)) == "ADMINISTRATOR_MISSING"
    joined(region, region.home("early"), said(region, *window("early"), officer=SYSTEM))
    region.client("early").registry_leaves(0)
    # a certificate is renewed without anybody's permission, for nodes of before and after
    for name in ("founded", "early"):
        mine = directory(region).current(region.node(name))
        old = (region.home(name) / "tls.pem").read_bytes()
        made = renew(region.home(name), region.address, region.door, mine)
        assert certificates.peer(made)[1] != certificates.peer(old)[1]
        region.client(name).registry_leaves(0)
    # a node whose certificate ran out before it was renewed comes back with its keys, by a new token
    late = paper(said(region, *window("founded"), officer=SYSTEM))
    write_private(region.home("founded") / "tls.pem", b"")
    enrol_node(region.home("founded"), region.door, region.registrar.authority_pem, *late)
    region.client("founded").registry_leaves(0)
    # revoked by the one administrator, let in again by the other
    assert refused(said(region, "revoke", "early", "--reason", "KEY_LOST", officer=SYSTEM, code=1)) == (
        "ADMINISTRATOR_MISSING"
    )
    said(region, "revoke", "early", "--reason", "KEY_LOST", officer=SECURITY)
    again = joined(region, tmp_path / "early-anew", said(region, *window("early"), officer=SYSTEM))
    known = directory(region)
    assert known.current(region.node("early")).replaces == again.replaces
    # a stack without a permit for it can still be looked at, and the secret is shared by the same officer alone
    assert refused(said(region, "share", code=1)) == "ADMINISTRATOR_MISSING"
    shared = said(region, "share", officer=SYSTEM)["shared"]
    assert isinstance(shared, list) and {region.node("early"), region.node("founded")} == {
        one["node"] for one in shared
    }
