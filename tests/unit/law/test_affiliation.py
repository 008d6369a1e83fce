"""The two bodies of a member of staff (F07): in the key record, permitted with it, and who minds a card."""

from dataclasses import replace

import pytest

from crypto import permits
from crypto.records import read_key_record
from crypto.refusal import Refusal
from hub.casework.supervision.affiliation import DAILY, Affiliation
from hub.casework.supervision.card_rules import RULES, Answers
from node_agent.keys.enrol import facts_of, record_body
from tests.unit.crypto.registry_office import NODE, Office

HOME, CENTRE = "11360102MB00000101", "12360102MB0000020Y"
PERSON = f"{NODE}/person/A01"
pytestmark = pytest.mark.requirement("F07")


def test_a_person_has_a_home_department_and_a_service_centre() -> None:
    office = Office()
    plain = office.body(PERSON, ("ACCEPTOR",))
    assert (read_key_record("", 0, plain).home, read_key_record("", 0, plain).centre) == ("", "")
    record = read_key_record("", 0, plain | {"home": HOME, "centre": CENTRE})
    assert (record.home, record.centre) == (HOME, CENTRE)
    assert record_body(facts_of(record), record.keys).items() >= {"home": HOME, "centre": CENTRE}.items()
    assert not {"home", "centre"} & record_body(facts_of(read_key_record("", 0, plain)), record.keys).keys()


@pytest.mark.parametrize(
    "wrong",
    ["", "某局", HOME.lower(), HOME[:-1], HOME[:-1] + "0", "360101199003070018", "36010119900307051X", 1, None, [HOME]],
)
@pytest.mark.parametrize("member", ["home", "centre"])
def test_a_body_is_a_code_and_never_a_name(member: str, wrong: object) -> None:
    """Of the two citizen numbers the second has the check digit of a body's code as well."""
    with pytest.raises(Refusal, match="KEY_RECORD_FORMAT"):
        read_key_record("", 0, Office().body(PERSON, ("ACCEPTOR",)) | {member: wrong})


def test_a_node_belongs_to_nobody_twice() -> None:
    with pytest.raises(Refusal, match="KEY_RECORD_FORMAT"):
        read_key_record("", 0, Office().body(NODE, ("window",)) | {"home": HOME})


def test_the_administrator_permits_the_bodies_too_and_old_permits_still_hold() -> None:
    record = read_key_record("", 0, Office().body(PERSON, ("ACCEPTOR",)))
    old = permits.facts_digest(PERSON, "person", NODE, ("ACCEPTOR",), record.region, "", None, None)
    assert permits.digest_of(record) == old
    others = (replace(record, home=HOME), replace(record, centre=HOME))
    assert len({old, *map(permits.digest_of, others)}) == 3


def test_nobody_moves_himself_to_another_body() -> None:
    """A rotation of one's own keys changes keys alone: the registrar signs what is new."""
    office = Office()
    office.register(NODE, "department")
    office.register(PERSON, "ACCEPTOR", home=HOME)
    own = office.signers[PERSON]
    moved = office.body(PERSON, ("ACCEPTOR",), home=CENTRE)
    with pytest.raises(Refusal):
        office.admit("key.register", moved, own, office.signers[PERSON])
    assert office.directory.current(PERSON).home == HOME


def test_the_centre_minds_the_day_and_the_home_department_the_authority() -> None:
    both = Affiliation(HOME, CENTRE)
    assert {rule for rule in RULES if both.minded_by(rule) == CENTRE} == DAILY
    assert all(both.told(rule) == (HOME if rule in DAILY else CENTRE) for rule in RULES)
    assert all(
        Affiliation(home=HOME).minded_by(rule) == HOME and not Affiliation(home=HOME).told(rule) for rule in RULES
    )
    assert Affiliation().minded_by("R1") == Affiliation().told("R1") == ""
    assert RULES.keys() >= DAILY and all(RULES[rule].answers != Answers.HUB for rule in DAILY)
    assert both.of(HOME) and both.of(CENTRE) and not both.of("")
