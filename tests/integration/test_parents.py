"""多地联办 on the real hub: one sitting, one sealing, two places, one exit (states.md 8; A09, B06, B07, B08)."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from crypto.evidence.pins import Pins
from crypto.log import leaf as leaves
from crypto.refusal import Refusal
from crypto.statement import read_envelope, read_statement
from hub.casework import consequences
from hub.casework.casefile import CaseFile
from hub.casework.context import World as Facts
from hub.casework.hub_event import HubEvent
from hub.casework.replay import replay
from hub.services.fsck.cases import check_cases
from hub.services.fsck.findings import Counts
from node_agent.auditor.kin import chain, compare
from storage.book_rows import BookRows
from tests.integration.cast import DEPARTMENT, OTHER_DEPARTMENT, OTHER_WINDOW, WINDOW
from tests.integration.family import PARTS, Family

if TYPE_CHECKING:
    from tests.integration.casework import CaseWork
    from tests.integration.world import World

pytestmark = pytest.mark.integration


def events(work: "CaseWork") -> list[str]:
    """What was stated on the chain of a case, in log order; ``*`` marks what the hub stated."""
    told = []
    for row in work.world.rows():
        if row.case_id == work.case:
            statement = read_statement(read_envelope(leaves.decode(row.leaf).envelope).payload)
            told.append(statement.type + ("*" if statement.actor.role == "hub" else ""))
    return told


@pytest.mark.requirement("A09", "B06", "B07", "B08", "E03", "row P1", "row P3", "row P7", "row P8")
def test_two_places_one_sitting_one_exit(world: "World") -> None:
    family = Family(world).collected()
    assert (family.state(), family.state("A"), family.state("B")) == ("P_DISPATCHED", "FORWARDED", "FORWARDED")
    for part in PARTS:
        family.delivered(part)
    family.decided("A")
    assert family.state() == "P_DISPATCHED"
    family.decided("B")
    assert (family.state(), family.state("A")) == ("P_CONCLUDED", "DELIVERING")
    family.gathered()
    family.at_window("lay_out", "delivery", notice="c" * 64)
    family.at_window("hand_over", identity_checked=True, signature="d" * 64)
    assert (family.state(), family.state("A"), family.state("B")) == ("P_CLOSED", "CLOSED", "CLOSED")
    assert events(family.parent) == [
        *("seal_parent", "child_reported*", "child_reported*", "dispatch*", "wrap", "wrap", "wrap"),
        *("child_reported*", "child_reported*"),  # at their departments
        *("child_reported*", "child_reported*", "child_reported*"),  # A accepted, decided, result sealed
        *("child_reported*", "parent_accepted*", "child_reported*", "conclude*", "child_reported*"),
        *("results_gathered", "lay_out", "hand_over", "delivered_proven*"),
    ]
    assert events(family.children["A"]) == [
        *(
            "seal",
            "release*",
            "wrap",
            "route*",
            "delivered",
            "accept",
            "decide",
            "issue",
            "open_exit*",
            "delivered_together*",
        ),
    ]
    require_replayed(family)


@pytest.mark.requirement("B07", "row P1")
def test_a_part_waits_until_what_comes_before_it_is_granted(world: "World") -> None:
    family = Family(world, after=("A",), partial=True).collected()
    assert (family.state("A"), family.state("B")) == ("FORWARDED", "COLLECTED")
    family.delivered("A")
    family.decided("A")
    assert (family.state("B"), family.state()) == ("FORWARDED", "P_IN_PROGRESS")
    assert events(family.children["B"]) == ["seal", "wrap", "release*", "route*"]
    require_replayed(family)


@pytest.mark.requirement("B07", "row P6")
def test_what_waits_for_a_refused_part_ends_with_it(world: "World") -> None:
    family = Family(world, after=("A",)).collected()
    family.delivered("A")
    family.decided("A", "REFUSE")
    assert (family.state("B"), family.state()) == ("TERMINATED", "P_CONCLUDED")
    require_replayed(family)


@pytest.mark.requirement("B04", "B05", "row P2")
def test_one_notice_reaches_each_part_that_lacks_something(world: "World") -> None:
    family = Family(world).collected()
    for part in PARTS:
        family.delivered(part)
    lacks = [{"material": "M01", "defect": "EXPIRED"}]
    family.at_department("A", "defects_answer", "ACCEPTOR", "kin", answer="LACKS", lines=lacks)
    with pytest.raises(AssertionError, match="ANSWERS_OPEN"):
        family.merged([{"material": "A-M01", "defect": "EXPIRED"}])
    family.at_department("B", "defects_answer", "ACCEPTOR", "kin", answer="OK")
    family.merged([{"material": "A-M01", "defect": "EXPIRED"}])
    assert (family.state(), family.state("A"), family.state("B")) == ("P_SUPPLEMENT", "SUPPLEMENT", "PENDING_ACCEPT")
    family.supplemented("A", ["M01"])
    assert (family.state(), family.state("A")) == ("P_DISPATCHED", "PENDING_ACCEPT")
    assert events(family.children["A"])[-3:] == ["supplement_part", "wrap", "supplement_complete*"]
    require_replayed(family)


@pytest.mark.requirement("A24", "H02", "row P1")
def test_each_department_sees_its_own_part_and_the_parent(world: "World") -> None:
    family = Family(world).collected()
    for part in PARTS:
        family.delivered(part)
    seen = {name: shown(world, name) for name in (WINDOW, DEPARTMENT, OTHER_DEPARTMENT, OTHER_WINDOW)}
    parent, first, second = family.parent.case, family.children["A"].case, family.children["B"].case
    assert seen[WINDOW] == {parent, first, second}
    assert seen[DEPARTMENT] == {parent, first}
    assert seen[OTHER_DEPARTMENT] == {parent, second}
    assert not seen[OTHER_WINDOW]
    other = family.lines("B")[0]
    refused = family.children["A"].place(family.wrap("A", [other]), WINDOW)
    assert isinstance(refused, Refusal) and refused.code == "PART_LINES"


@pytest.mark.requirement("row P10")
def test_the_whole_is_withdrawn_before_the_first_decision_later_what_is_left(world: "World") -> None:
    early, late = Family(world).collected(), Family(world).collected()
    early.at_window("withdraw_parent", identity_checked=True, paper="e" * 64)
    assert (early.state(), early.state("A"), early.state("B")) == ("P_WITHDRAWN", "WITHDRAWN", "WITHDRAWN")
    late.delivered("A")
    late.decided("A")
    late.at_window("withdraw_undecided", identity_checked=True, paper="e" * 64)
    assert (late.state(), late.state("A"), late.state("B")) == ("P_CONCLUDED", "DELIVERING", "WITHDRAWN")
    require_replayed(early)
    require_replayed(late)


def test_a_child_without_its_parent_or_beside_its_words_is_refused(world: "World") -> None:
    family = Family(world)
    alone = family.children["A"].place(family.seal_child("A"), WINDOW)
    assert isinstance(alone, Refusal) and alone.code == "PARENT_UNKNOWN"
    family.parent.do(family.seal_parent(), WINDOW)
    beside = family.children["A"].place(family.seal_child("A", delivery="POST"), WINDOW)
    assert isinstance(beside, Refusal) and (beside.code, beside.values["member"]) == ("PARENT_DIFFERS", "delivery")
    family.children["A"].do(family.seal_child("A"), WINDOW)
    assert family.state() == "P_COLLECTED"


def test_the_books_of_a_family_are_clean(world: "World") -> None:
    """What the auditors hold against each other: rows, inboxes, pinned versions, packets; one object, three cases."""
    family = Family(world).collected()
    for part in PARTS:
        family.delivered(part)
        family.decided(part)
    pins = cast(Pins, SimpleNamespace(registrar_keys=world.registrar_keys))
    with world.database.unit() as unit:
        found = list(check_cases(BookRows(unit._connection), pins, Counts()))
    assert found == []


def shown(world: "World", name: str) -> set[str]:
    """Cases of which a node saw anything."""
    with world.database.unit() as unit:
        return {row.case_id or "" for _, row in unit.log.inbox(world.members[name].subject, -1, 500)} - {""}


def require_replayed(family: Family) -> None:
    """Promise 4: each case of the family follows from its own leaves, the registry and the documents alone."""
    world = family.world
    rows = world.rows()
    registry = [leaves.decode(row.leaf) for row in rows if row.is_registry]
    with world.database.unit() as unit:
        documents = {
            (kind, world.registry.version(kind) or ""): world.registry.document(unit, kind)[1]
            for kind in ("catalogue", "calendar")
        }
    sealed = {made.digest: made.manifest for made in family.sealings()}
    chains = []
    for work in (family.parent, *family.children.values()):
        own = [leaves.decode(row.leaf) for row in rows if row.case_id == work.case]
        told = replay(own, registry, documents, sealed, world.registrar_keys)
        assert told.findings == ()
        assert told.file == world.file(work.case)
        chains.append(chain(own, registry, documents, sealed, world.registrar_keys))
    assert compare(chains[0], chains[1:]) == []
    assert compare(chains[1], chains[2:])[0] == f"KIN_FOREIGN {family.children['B'].case}"


@pytest.mark.parametrize("event", ["wrap", "delivered"])
def test_kin_are_looked_at_only_when_there_is_news_for_them(
    world: "World", monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    """Keys of one part are no matter of the others; that it is at its department is."""
    family = Family(world).collected()
    looked: set[str] = set()
    follow = consequences.next_event

    def noted(file: CaseFile, facts: Facts, now: str) -> HubEvent | None:
        looked.add(file.case)
        return follow(file, facts, now)

    monkeypatch.setattr(consequences, "next_event", noted)
    if event == "delivered":
        family.delivered("A")
        assert looked == {family.parent.case, *(child.case for child in family.children.values())}
    else:
        family.children["A"].do(family.wrap("A", [family.lines("A")[0]]), WINDOW)
        assert looked == {family.children["A"].case}
