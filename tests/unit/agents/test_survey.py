"""node_agent.window.survey and ``yidi window survey-sample``: whom a satisfaction survey may ask (G11)."""

import json
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from crypto import canonical
from crypto.identity import person_id
from crypto.refusal import Refusal
from crypto.statement import Actor, read_signed
from deploy.commands.shared import common
from deploy.commands.window import survey as commands
from hub.casework.figures.values import CaseFigures
from node_agent.department import powers
from node_agent.exchange.lists import digest_of
from node_agent.figures.source import own_cases
from node_agent.known.casemirror import ended_at, history
from node_agent.process.runtime import Agent
from node_agent.window import outward, survey
from node_agent.window.survey import KEPT_DAYS, SINGLE, Consent, Sample, draw, shares
from storage.journal import OutboxEntry
from tests.unit.agents.agent_region import Region
from tests.unit.agents.family_region import open_family
from tests.unit.agents.window_world import FORM, STAFF, World, open_world
from tests.unit.evidence_log import ITEM, WINDOW

proves = pytest.mark.requirement
MOBILE = "13800000000"
LEAD = "L01"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = open_world(tmp_path)
    return made


@pytest.fixture
def region() -> Region:
    made = Region()
    for code, role in ((LEAD, "COLLECT_LEAD"), ("H09", "HEAD")):
        made.log.register(person_id(WINDOW, code), WINDOW, "", [role], None)
    return made


@pytest.fixture
def agent(region: Region, tmp_path: Path) -> Agent:
    return region.agent(tmp_path / "window", WINDOW, (STAFF, LEAD, "H09"))


def ended(region: Region, agent: Agent, count: int, until: str = "delivered_proven") -> list[str]:
    """Cases that this window collected and that were delivered (or came up to ``until``)."""
    start = len(region.log.files)
    cases = [region.log.run_case(start + number, until) for number in range(1, count + 1)]
    receive(region, agent)
    return cases


def receive(region: Region, agent: Agent) -> None:
    agent.registry.refresh(agent.hub)
    agent.journal.receive([(item.index, item.case_id, item.leaf) for item in agent.hub.inbox(0)])
    for digest, data in region.log.manifests.items():
        agent.journal.keep(f"manifest:{digest}", data)


def answered(region: Region, agent: Agent) -> Callable[[str], OutboxEntry]:
    def answer(digest: str) -> OutboxEntry:
        region.send(agent)
        found = agent.journal.entry(digest)
        assert found is not None
        return found

    return answer


def sampled(region: Region, agent: Agent, size: int, **more: Any) -> Sample:
    today = region.log.now.date()
    since, until = more.pop("since", today - timedelta(days=30)), more.pop("until", today)
    staff = more.pop("staff", LEAD)
    return survey.sample(agent, staff, since, until, size, answered(region, agent), **more)


@proves("G11")
def test_the_same_seed_draws_the_same_cases_and_another_seed_others(region: Region, agent: Agent) -> None:
    cases = ended(region, agent, 12)
    ended(region, agent, 1, "accept")
    first = sampled(region, agent, 4)
    again = sampled(region, agent, 4, seed=first.seed)
    assert len(first.lines) == 4 and first.lines == again.lines and first.total == 12
    numbers = {region.log.files[case].case_no: case for case in cases}
    assert {line.case_no for line in first.lines} <= set(numbers), "who is still under way is not asked"
    by_hand = sorted(cases, key=lambda case: canonical.digest(f"{first.seed}\0{case}".encode()))[:4]
    assert [numbers[line.case_no] for line in first.lines] == by_hand, "the rule that the file tells"
    assert any(sampled(region, agent, 4, seed=str(n)).lines != first.lines for n in range(3))
    assert sampled(region, agent, 4).seed != first.seed


@proves("G11", "H01")
def test_who_did_not_agree_stands_there_with_the_case_number_alone(region: Region, agent: Agent) -> None:
    silent, willing = ended(region, agent, 2)
    survey.agree(agent, willing, Consent("CALL", MOBILE, "余*"))
    made = sampled(region, agent, 2)
    lines = {line.case_no: line for line in made.lines}
    alone, asked = (lines[region.log.files[case].case_no] for case in (silent, willing))
    assert (alone.channel, alone.to, alone.name) == ("", "", "")
    assert (asked.channel, asked.to, asked.name) == ("CALL", "138****0000", "余*")
    assert (alone.theme, alone.task_code, alone.state) == (SINGLE, ITEM, "CLOSED")
    assert made.strata == [(SINGLE, WINDOW, 2, 2)]


@proves("G11", "H01")
def test_the_list_is_stated_for_each_case_and_contacts_in_full_only_under_a_grant(region: Region, agent: Agent) -> None:
    silent, willing = ended(region, agent, 2)
    survey.agree(agent, willing, Consent("SMS", MOBILE, "余*"))
    with pytest.raises(Refusal, match="GRANT_MISSING"):
        sampled(region, agent, 2, contacts=True)
    with pytest.raises(Refusal, match="ROLE_MISSING"):
        sampled(region, agent, 2, staff=STAFF)
    assert not [one for case in (silent, willing) for one in agent.journal.acts(case)], "nothing left, nothing said"
    _grant(region, agent)
    made = sampled(region, agent, 2, contacts=True)
    assert made.stated is not None and MOBILE in {line.to for line in made.lines}
    said = {case: read_signed(agent.journal.acts(case)[-1].envelope) for case in (silent, willing)}
    assert {one.type for one in said.values()} == {"export"}
    assert [said[case].body["profile"] for case in (silent, willing)] == ["OUTSIDE", "NONE"]
    assert {one.body["digest"] for one in said.values()} == {made.stated.digest}
    assert digest_of(made.stated.salt, made.contents()) == made.stated.digest
    logged = b"".join(region.log.entries)
    assert MOBILE.encode() not in logged and made.seed.encode() not in logged


@proves("G11", "H01")
def test_without_the_hubs_word_nothing_leaves(region: Region, agent: Agent) -> None:
    ended(region, agent, 1)

    def silent(digest: str) -> OutboxEntry:
        found = agent.journal.entry(digest)
        assert found is not None
        return found

    today = region.log.now.date()
    with pytest.raises(Refusal, match="ACCESS_UNCONFIRMED"):
        survey.sample(agent, LEAD, today - timedelta(days=30), today, 1, silent)


@proves("G11")
def test_the_period_is_of_ends_both_days_included(region: Region, agent: Agent) -> None:
    (case,) = ended(region, agent, 1)
    day = date.fromisoformat(ended_at(history(agent.journal, case))[:10])
    assert sampled(region, agent, 1, since=day, until=day).total == 1
    for other in (day - timedelta(days=1), day + timedelta(days=1)):
        made = sampled(region, agent, 1, since=other, until=other)
        assert made.lines == [] and made.stated is None
    with pytest.raises(Refusal, match="PERIOD_ORDER"):
        sampled(region, agent, 1, since=day, until=day - timedelta(days=1))


@proves("G11")
def test_joint_matters_are_strata_of_their_own_and_their_parts_are_not_asked_twice(
    region: Region, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = ended(region, agent, 5)

    def themed(*told: Any) -> Iterator[CaseFigures]:
        for figures in own_cases(*told):
            yield replace(figures, theme="BATHS") if figures.case in cases[:2] else figures

    monkeypatch.setattr(survey, "own_cases", themed)
    made = sampled(region, agent, 2)
    assert made.strata == [("BATHS", WINDOW, 2, 1), (SINGLE, WINDOW, 3, 1)]
    assert sorted((line.theme, line.task_code) for line in made.lines) == [("BATHS", ""), (SINGLE, ITEM)]
    with pytest.raises(Refusal, match="SURVEY_SIZE"):
        sampled(region, agent, 1)
    monkeypatch.setattr(survey, "parent_of", lambda told: "f" * 32)
    assert sampled(region, agent, 1).lines == []


@proves("G11", "F04")
def test_a_power_covers_a_joint_matter_by_the_code_that_the_law_asks_for(tmp_path: Path) -> None:
    family = open_family(tmp_path)
    log, agent = family.log, family.world.agent
    log.register(person_id(WINDOW, "H09"), WINDOW, "", ["HEAD"], None)
    parent = family.begin_baths()
    family.scan(parent, [f"T{number:02}" for number in range(1, 9)])
    family.seal(parent)
    family.dispatched(parent)
    _grant(family.world.region, agent, STAFF, log.files[parent].task_code)
    assert powers.live_grant(agent, parent, "EXPORT", STAFF) == "G-EXPORT-W"


@proves("G11")
def test_strata_get_one_place_each_and_the_rest_by_size() -> None:
    sizes = {("A", "w"): 100, ("B", "w"): 10, ("C", "w"): 1}
    made = shares(sizes, 20)
    assert made == {("A", "w"): 17, ("B", "w"): 2, ("C", "w"): 1}
    for size in range(3, 112):
        places = shares(sizes, size)
        assert sum(places.values()) == min(size, 111)
        assert all(1 <= places[name] <= sizes[name] for name in sizes)
    assert shares(sizes, 500) == sizes and shares({}, 5) == {}
    for size in (0, 2, 5001):
        with pytest.raises(Refusal, match="SURVEY_SIZE"):
            shares(sizes, size)


@proves("G11")
def test_every_case_of_a_stratum_has_the_same_chance() -> None:
    cases = [f"{number:032x}" for number in range(8)]
    hits = Counter(case for seed in range(2000) for case in draw(cases, 2, str(seed)))
    assert all(430 < hits[case] < 570 for case in cases), hits  # 500 expected, sigma about 19


@proves("G11", "H01")
def test_consent_is_asked_at_the_counter_taken_back_and_erased_after_its_time(
    world: World, region: Region, agent: Agent
) -> None:
    case = world.begin()
    outward.wish(world.agent, case, "SMS", MOBILE)
    assert world.agent.journal.notes(survey.CONSENT) == [], "to be told is not to be asked"
    outward.wish(world.agent, case, "SMS", MOBILE, survey_too=True)
    ((_, kept),) = world.agent.journal.notes(survey.CONSENT)
    assert json.loads(kept)["name"] == "余*" and str(FORM["applicant"]["name"]).encode() not in kept
    outward.wish(world.agent, case, "", "")
    assert world.agent.journal.notes(survey.CONSENT) == []
    (over,), (open_one,) = ended(region, agent, 1), ended(region, agent, 1, "accept")
    for one in (over, open_one):
        survey.agree(agent, one, Consent("SMS", MOBILE, "余*"))
    at = canonical.time_value(ended_at(history(agent.journal, over))) + KEPT_DAYS
    survey.tidy(agent, canonical.time_text(at - timedelta(minutes=1)))
    assert len(agent.journal.notes(survey.CONSENT)) == 2
    survey.tidy(agent, canonical.time_text(at))
    assert [name for name, _ in agent.journal.notes(survey.CONSENT)] == [survey.CONSENT + open_one]


@proves("G11")
@pytest.mark.parametrize("kind", [".xlsx", ".json", ""])
def test_the_command_prints_the_seed_and_writes_for_its_owner_alone(
    region: Region, agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    ended(region, agent, 3)
    monkeypatch.setattr(common, "open_agent", lambda home, attempts=1: agent)
    monkeypatch.setattr(agent, "close", lambda: None)
    answer = answered(region, agent)
    monkeypatch.setattr(commands, "answered", lambda agent, wait, as_json: answer)
    day, out = region.log.now.date(), tmp_path / f"sample{kind}"
    line = ["--home", str(agent.settings.home), "--staff", LEAD, "--size", "2", "--out", str(out), "--seed", "abc"]
    line += ["--from", (day - timedelta(days=30)).isoformat(), "--to", day.isoformat()]
    done = CliRunner().invoke(commands.app, [*line, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["seed"], told["count"], told["of"]) == ("abc", 2, 3)
    assert stat.S_IMODE(out.stat().st_mode) & 0o077 == 0
    if kind == ".json":
        written = json.loads(out.read_text("utf-8"))
        assert digest_of(written["salt"], written["list"]) == written["digest"] and len(written["list"]["lines"]) == 2
    elif kind == ".xlsx":
        assert load_workbook(out)["抽样"].max_row == 3
    else:
        notes = (out / "说明.csv").read_text("utf-8-sig")
        assert "种子,abc" in notes and "3 件中抽取 2 件" in notes and told["digest"] in notes
        assert stat.S_IMODE((out / "抽样.csv").stat().st_mode) == 0o600
    shown = CliRunner().invoke(commands.app, line)
    assert shown.exit_code == 0 and "种子 abc" in shown.output


def _grant(region: Region, agent: Agent, staff: str = LEAD, item: str = "*") -> None:
    """The head of the window's body gives its lead the power to export."""
    head = person_id(WINDOW, "H09")
    body = {
        "grant_id": "G-EXPORT-W", "kind": "EXPORT", "node": WINDOW, "person": person_id(WINDOW, staff), "items": [item],
        "valid_from": "2026-01-01", "valid_to": "2099-12-31", "document": "a" * 64,
    }  # fmt: skip
    signers = [region.log.keys[head].sign, region.log.keys[WINDOW].sign]
    region.log.say_registry("grant.issue", body, signers, Actor(WINDOW, head, "HEAD"))
    agent.registry.refresh(agent.hub)
