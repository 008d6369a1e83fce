"""Three administrators apart (H11): who may be one, what counts under whose signature, and that the default is no."""

from dataclasses import replace
from pathlib import Path

import pytest

from crypto import administrators, canonical, permits
from crypto.administrators import AUDIT, SECURITY, SYSTEM
from crypto.directory import REGISTRY_TYPES, Directory
from crypto.identity import node_id, person_id
from crypto.keystore import SoftwareKeystore, SoftwareSigner
from crypto.records import PERSON_ROLES, PublicKey
from crypto.refusal import Refusal
from crypto.statement import REGISTRY, Actor, Statement, read_statement, sign
from deploy.commands.registrar.administrators import sitting
from deploy.registrar.registrar import Officer, Registrar
from hub.casework.table import ROWS
from hub.rpc import access
from node_agent.keys.enrol import facts_of

TRUST = "yidi.test"
REGISTRAR = node_id(TRUST, "500000000000", "registrar")
AUDITOR = node_id(TRUST, "500000000000", "auditor")
WINDOW = node_id(TRUST, "500116000000", "hall")
pytestmark = pytest.mark.requirement("H11")


class Office:
    """A directory with its registrar's key; every signer by subject."""

    def __init__(self, folder: Path) -> None:
        self.store = SoftwareKeystore(folder)
        self.registrar = self._key("registrar-key")
        self.directory = Directory([PublicKey(self.registrar.suite, self.registrar.public)])
        self.keys: dict[str, SoftwareSigner] = {}
        for node, role in ((REGISTRAR, "registrar"), (AUDITOR, "auditor"), (WINDOW, "window")):
            self.register(node, "node", node, [role])

    def _key(self, label: str) -> SoftwareSigner:
        if label not in self.store.labels():  # a record that was refused may be tried again
            self.store.generate_signer(label)
        return self.store.signer(label)

    def register(self, subject: str, kind: str, node: str, roles: list[str], permitted: bool = True) -> None:
        """A record under the subject's and the registrar's signature."""
        key = self._key(canonical.digest(subject.encode())[:12])
        body: dict[str, object] = {
            "subject": subject, "kind": kind, "node": node, "roles": roles, "region": node.split("/")[3],
            "title": "", "public_prefix": None, "replaces": None,
            "keys": {"sign": PublicKey(key.suite, key.public).as_object()},
        }  # fmt: skip
        if permitted:
            self.permit(subject, kind, node, roles)
        self.say("key.register", body, Actor(node, None, "node"), [key, self.registrar])
        self.keys[subject] = key

    def permit(self, subject: str, kind: str, node: str, roles: list[str], by: str = SYSTEM) -> None:
        """The administrator's permission, where there is one."""
        officers = [one.subject for one in self.directory.administrators(by)]
        if officers:
            region = node.split("/")[3]
            facts = permits.facts_digest(subject, kind, node, roles, region, "", None, None)
            body: dict[str, object] = {"subject": subject, "facts": facts}
            signers = [self.registrar, self.keys[officers[0]]]
            self.say(permits.TYPE, body, Actor(REGISTRAR, officers[0], by), signers)

    def officer(self, role: str, code: str, node: str = REGISTRAR) -> str:
        """An administrator; his person id."""
        person = person_id(node, code)
        self.register(person, "person", node, [role])
        return person

    def say(self, event: str, body: dict[str, object], actor: Actor, signers: list[SoftwareSigner]) -> None:
        """One registry statement, admitted."""
        statement = Statement(event, None, REGISTRY, None, None, actor, "2026-11-22T10:00:00.000+08:00", body)
        self.directory.admit(sign(statement.payload(), signers), recorded_at="2026-11-22T10:00:00.000+08:00")

    def propose(self, node: str) -> str:
        """The node asks for a new signing key by its old one; the digest of the record that waits."""
        previous, key = self.directory.current(node), self._key("proposed")
        body: dict[str, object] = {
            "subject": node, "kind": "node", "node": node, "roles": sorted(previous.roles), "region": previous.region,
            "title": "", "public_prefix": None, "replaces": previous.digest,
            "keys": {"sign": PublicKey(key.suite, key.public).as_object()},
        }  # fmt: skip
        self.say("key.register", body, Actor(node, None, "node"), [key, self.keys[node]])
        waiting = self.directory.proposal(node)
        assert waiting is not None
        return waiting.record.digest

    def revoke(self, person: str | None = None, role: str = "registrar") -> None:
        """The window's keys are ended, by the registrar and perhaps an administrator."""
        signers = [self.registrar, *([self.keys[person]] if person else [])]
        self.say("key.revoke", {"subject": WINDOW, "reason": "TEST"}, Actor(REGISTRAR, person, role), signers)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "keys")


def code_of(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.code


@pytest.mark.parametrize(
    "roles",
    [[SYSTEM, SECURITY], [SYSTEM, AUDIT], [SECURITY, AUDIT], [SYSTEM, "COLLECTOR"], [AUDIT, "AUDITOR"],
     [SECURITY, "HEAD"], sorted(administrators.ROLES)],
)  # fmt: skip
def test_nobody_is_two_of_them_or_a_clerk_too(office: Office, roles: list[str]) -> None:
    node = AUDITOR if AUDIT in roles else REGISTRAR
    before = office.directory.epoch
    with pytest.raises(Refusal) as refused:
        office.register(person_id(node, "X01"), "person", node, roles)
    assert code_of(refused) == "ADMINISTRATOR_MIXED" and office.directory.epoch == before


@pytest.mark.parametrize("role, node", [(SYSTEM, WINDOW), (SECURITY, AUDITOR), (AUDIT, REGISTRAR), (AUDIT, WINDOW)])
def test_each_stands_at_the_kind_of_node_that_is_his(office: Office, role: str, node: str) -> None:
    with pytest.raises(Refusal) as refused:
        office.register(person_id(node, "X01"), "person", node, [role])
    assert code_of(refused) == "ADMINISTRATOR_PLACE"


def test_before_there_is_one_the_registrar_founds_alone(office: Office) -> None:
    office.revoke()
    with pytest.raises(Refusal, match="KEY_REVOKED"):
        office.directory.current(WINDOW)


def test_a_revocation_counts_only_under_the_security_administrator(office: Office) -> None:
    security, system = office.officer(SECURITY, "S01"), office.officer(SYSTEM, "Y01")
    for person, role in ((None, "registrar"), (system, SYSTEM), (system, SECURITY)):
        with pytest.raises(Refusal) as refused:
            office.revoke(person, role)
        assert code_of(refused) == "ADMINISTRATOR_MISSING"
        assert office.directory.current(WINDOW)
    office.revoke(security, SECURITY)
    with pytest.raises(Refusal, match="KEY_REVOKED"):
        office.directory.current(WINDOW)


def test_naming_another_node_as_actor_leads_round_no_administrator(office: Office) -> None:
    office.officer(SECURITY, "S01")
    office.officer(SYSTEM, "Y01")
    proposed = office.propose(WINDOW)
    epoch = office.directory.epoch
    for event in administrators.ACTS:
        body: dict[str, object] = {"subject": WINDOW, "reason": "TEST"}
        if event in {"key.activate", "key.veto"}:
            body = {"subject": WINDOW, "record": proposed}
        for actor in (WINDOW, AUDITOR, REGISTRAR, node_id(TRUST, "500000000000", "nobody")):
            with pytest.raises(Refusal) as refused:
                office.say(event, body, Actor(actor, None, "registrar"), [office.registrar])
            assert (event, code_of(refused)) == (event, "ADMINISTRATOR_MISSING")
    assert office.directory.epoch == epoch and office.directory.current(WINDOW)


def test_lists_and_keys_are_the_system_administrators(office: Office) -> None:
    security, system = office.officer(SECURITY, "S01"), office.officer(SYSTEM, "Y01")
    body: dict[str, object] = {"version": "1", "document": "0" * 64, "effective_from": "2026-01-01"}
    with pytest.raises(Refusal) as refused:
        signers = [office.registrar, office.keys[security]]
        office.say("catalogue.publish", body, Actor(REGISTRAR, security, SECURITY), signers)
    assert code_of(refused) == "ADMINISTRATOR_MISSING"
    office.say("catalogue.publish", body, Actor(REGISTRAR, system, SYSTEM), [office.registrar, office.keys[system]])
    assert office.directory.publication("catalogue", "1").document == "0" * 64


def test_who_has_the_registrars_key_alone_enrols_nobody_once_there_is_a_system_administrator(office: Office) -> None:
    office.register(person_id(WINDOW, "C01"), "person", WINDOW, ["COLLECTOR"], permitted=False)  # the founding
    office.officer(SYSTEM, "Y01")
    office.officer(SECURITY, "S01")
    clerk = person_id(WINDOW, "C02")
    epoch = office.directory.epoch
    with pytest.raises(Refusal) as refused:
        office.register(clerk, "person", WINDOW, ["COLLECTOR"], permitted=False)
    assert code_of(refused) == "PERMIT_MISSING"
    with pytest.raises(Refusal) as refused:
        office.permit(clerk, "person", WINDOW, ["COLLECTOR"], by=SECURITY)
    assert code_of(refused) == "ADMINISTRATOR_MISSING" and office.directory.epoch == epoch
    office.permit(clerk, "person", WINDOW, ["COLLECTOR"])
    with pytest.raises(Refusal) as refused:
        office.register(clerk, "person", WINDOW, ["COLLECTOR", "COLLECT_LEAD"], permitted=False)
    assert code_of(refused) == "PERMIT_MISSING"
    office.register(clerk, "person", WINDOW, ["COLLECTOR"], permitted=False)
    assert office.directory.current(clerk).roles == {"COLLECTOR"}


def test_a_permission_is_good_once_and_a_certificates_new_key_needs_none(office: Office) -> None:
    office.officer(SYSTEM, "Y01")
    node = node_id(TRUST, "500117000000", "hall-2")
    office.register(node, "node", node, ["window"])
    record = office.directory.current(node)
    with pytest.raises(Refusal, match="PERMIT_MISSING"):
        office.directory.permits.use(record)
    body: dict[str, object] = {
        "subject": node, "kind": "node", "node": node, "roles": ["window"], "region": record.region, "title": "",
        "public_prefix": None, "replaces": record.digest,
        "keys": {purpose: key.as_object() for purpose, key in record.keys.items()},
    }  # fmt: skip
    office.say("key.register", body, Actor(node, None, "node"), [office.keys[node], office.registrar])
    now = office.directory.current(node)
    assert now.replaces == record.digest
    renamed = {**body, "title": "Other office", "replaces": now.digest}
    with pytest.raises(Refusal, match="PERMIT_MISSING"):
        office.say("key.register", renamed, Actor(node, None, "node"), [office.keys[node], office.registrar])


@pytest.mark.parametrize(
    "body", [{}, {"subject": WINDOW}, {"subject": WINDOW, "facts": "x"}, {"subject": 1, "facts": "0" * 64}]
)
def test_a_permission_names_subject_and_facts(office: Office, body: dict[str, object]) -> None:
    with pytest.raises(Refusal) as refused:
        office.say(permits.TYPE, body, Actor(REGISTRAR, None, "registrar"), [office.registrar])
    assert code_of(refused) == "PERMIT_FORMAT"


def test_default_no_every_act_of_the_registrar_is_somebodys_and_none_is_the_auditors() -> None:
    by_subjects = {"key.register", "grant.issue", "grant.revoke", "sharing.dispute"}
    assert set(administrators.ACTS) | by_subjects == REGISTRY_TYPES
    assert set(administrators.ACTS.values()) == {SYSTEM, SECURITY}
    assert administrators.ROLES <= PERSON_ROLES


def test_no_row_of_the_law_is_an_administrators_but_the_auditors_export() -> None:
    assert {row.event for row in ROWS if row.roles & administrators.ROLES} == {"export"}
    assert all(row.roles & administrators.ROLES <= {AUDIT} for row in ROWS)


READS = {
    *("GetCase", "ListCases", "ListCaseLeaves", "ExportEvidence", "GrantDownload", "ListKeyPackets"),
    *("WatchInbox", "ListInbox", "QueryCase"),
}
CHANGES = {"ListPendingEnrolments", "AnswerEnrolment", "CreateUpload", "AdmitWindow"}


def test_rpcs_the_registrars_node_reads_no_case_and_the_auditors_changes_nothing() -> None:
    rules = {name.rpartition("/")[2]: rule for name, rule in access.RULES.items()}
    assert rules.keys() >= READS | CHANGES
    assert not [name for name in READS if "registrar" in rules[name].roles]
    assert not [name for name in CHANGES if "auditor" in rules[name].roles]
    assert {"GetCheckpoint", "GetTile", "ExportEvidence"} <= {
        name for name, rule in rules.items() if "auditor" in rule.roles
    }


# --- the desk --------------------------------------------------------------------------------------------------------


def desk(tmp_path: Path) -> Registrar:
    """A registrar whose node is the office's."""
    made = Registrar.found(tmp_path / "registrar", TRUST, "500000000000")
    assert made.node == REGISTRAR
    return made


def test_the_desk_asks_for_the_right_administrator(tmp_path: Path, office: Office) -> None:
    registrar = desk(tmp_path)
    with sitting(registrar, office.directory, SYSTEM, ""):
        assert registrar.officer is None  # the founding
    office.officer(SYSTEM, "Y01")
    office.officer(SECURITY, "S01")
    for officer in ("", "S01", "Z99"):
        with pytest.raises(Refusal) as refused, sitting(registrar, office.directory, SYSTEM, officer):
            raise AssertionError("let in")
        assert code_of(refused) == "ADMINISTRATOR_MISSING"
    with pytest.raises(Refusal) as refused, sitting(registrar, office.directory, SYSTEM, "Y01"):
        raise AssertionError("without his key")
    assert code_of(refused) == "PERSON_UNKNOWN_HERE"
    with sitting(registrar, office.directory, None, ""):
        assert registrar.officer is None


def test_what_leaves_no_leaf_is_noted_at_the_desk(tmp_path: Path) -> None:
    registrar = desk(tmp_path)
    registrar.note("token", WINDOW)
    registrar.note("token", AUDITOR)
    lines = [canonical.parse(line) for line in (registrar.home / "acts.jsonl").read_bytes().splitlines()]
    assert [line["subject"] for line in lines] == [WINDOW, AUDITOR]


def test_what_the_administrator_permits_is_what_the_token_was_issued_for(tmp_path: Path, office: Office) -> None:
    registrar, system = desk(tmp_path), office.officer(SYSTEM, "Y01")
    registrar.officer = Officer(system, SYSTEM, office.keys[system])
    node = node_id(TRUST, "500117000000", "hall-2")
    facts = registrar.facts(registrar.issue_token(node, "node", ("window",), "500117000000", "永川区政务服务中心"))
    said = read_statement(registrar.permit(facts).payload)
    assert (said.actor.person, said.actor.role, said.body["subject"]) == (system, SYSTEM, node)
    record = replace(
        office.directory.current(WINDOW), subject=node, node=node, region="500117000000", title="永川区政务服务中心",
        public_prefix=facts.public_prefix,
    )  # fmt: skip
    assert facts_of(record) == facts and said.body["facts"] == permits.digest_of(record)
    assert permits.digest_of(replace(record, roles=frozenset({"portal"}))) != said.body["facts"]
