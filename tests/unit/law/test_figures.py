"""hub.casework.figures: what cases add, what a report says of them, and that its words stand beside it."""

import json
import random
from datetime import date
from fractions import Fraction
from types import ModuleType

import pytest

from crypto import canonical
from crypto.log import leaf as leaves
from deploy.figures import tables
from hub.casework.catalogue.model import Catalogue, load_catalogue
from hub.casework.figures.definitions import definitions
from hub.casework.figures.following import FACTS, Following
from hub.casework.figures.ledger import Planned, Status, due_days, ledger, overdue
from hub.casework.figures.people import people
from hub.casework.figures.report import OTHERS, SMALL, Dimension, Report, report
from hub.casework.figures.spread import Spread, decimal, percent
from hub.casework.figures.tally import Period, overdue_runs
from hub.casework.figures.values import (
    ENQUIRY,
    Carded,
    CaseFigures,
    Fact,
    Happened,
    Rated,
    Run,
    Step,
    Took,
)
from hub.casework.replay import replay
from hub.casework.states import State
from hub.casework.supervision.values import Card
from hub.casework.table import LAW, ROWS
from hub.casework.time.calendar import WorkCalendar, calendar_in
from tests.unit.evidence_log import DEMO, DEPARTMENT, ITEM, WINDOW
from tests.unit.law.law_world import Bench

proves = pytest.mark.requirement
YEAR = Period("2026-01-01", "2026-12-31", "2026-12-31T23:59:59.999+08:00")
OTHER = "spiffe://yidi.test/360403000000/jiangxi-xunyang-scj"
A01 = f"{DEPARTMENT}/person/A01"


@pytest.fixture(scope="module")
def calendar() -> WorkCalendar:
    return calendar_in(canonical.encode(json.loads((DEMO / "calendar.json").read_bytes())))


def at(day: str, hour: int = 9) -> str:
    return f"{day}T{hour:02}:00:00.000+08:00"


def case(number: int = 1, **changes: object) -> CaseFigures:
    """A case that was collected, decided and delivered in time, with ``changes``."""
    place = (WINDOW, DEPARTMENT)
    facts = (Fact.COLLECTED, Fact.FORWARDED, Fact.DELIVERED, Fact.ACCEPTED, Fact.DECIDED, Fact.GRANTED, Fact.PROVEN)
    values: dict[str, object] = {
        "case": f"{number:032x}", "case_no": f"N{number}", "task_code": ITEM, "region": "360102000000",
        "window": WINDOW, "department": DEPARTMENT, "state": State.CLOSED, "collected_at": at("2026-03-02"),
        "responsible": A01, "theme": "", "visits": 1, "top": number,
        "happened": tuple(Happened(fact, at("2026-03-02", hour), *place) for hour, fact in enumerate(facts, 8)),
        "took": (Took(Step.DECIDE, at("2026-03-05"), 4320, 3, *place),),
        "runs": (Run("K3", at("2026-03-02"), at("2026-03-16"), at("2026-03-05"), False, *place),),
        "ratings": (), "cards": (),
    }  # fmt: skip
    return CaseFigures(**{**values, **changes})  # type: ignore[arg-type]  # members by name


# --- one case --------------------------------------------------------------------------------------------------------


def followed(log: ModuleType, calendar: WorkCalendar, case_id: str, below: int = 1 << 62) -> CaseFigures:
    told = [leaves.decode(log.entries[index]) for index in log.cases[case_id] if index < below]
    registry = [leaves.decode(log.entries[index]) for index in log.registry]
    following = Following(calendar)
    keys = log.pins().registrar_keys
    replay(told, registry, log.documents, log.manifests, keys, following.see)
    found = following.figures()
    assert found is not None
    return found


@proves("J05", "A20", "B19")
def test_a_straight_case_is_told_from_its_leaves(evidence_log: ModuleType, calendar: WorkCalendar) -> None:
    log = evidence_log.founded()
    found = followed(log, calendar, log.run_case(1))
    assert [one.fact for one in found.happened] == [
        *(Fact.COLLECTED, Fact.FORWARDED, Fact.DELIVERED, Fact.ACCEPTED, Fact.DECIDED, Fact.GRANTED),
        *(Fact.ISSUED, Fact.PROVEN),
    ]
    assert {one.step for one in found.took} == set(Step)
    assert [one.minutes for one in found.took if one.step is Step.DECIDE] == [7]
    assert (found.window, found.department, found.visits, found.state) == (WINDOW, DEPARTMENT, 1, State.CLOSED)
    assert {run.clock for run in found.runs} == {"K1", "K2", "K3", "K4", "K8"}
    assert all(run.settled(YEAR.as_of) == (run.stopped_at, True) for run in found.runs)


@proves("J05", "J09")
def test_supplements_count_once_each_and_name_their_defects(evidence_log: ModuleType, calendar: WorkCalendar) -> None:
    log = evidence_log.founded()
    found = followed(log, calendar, log.supplemented(1))
    notices = [(one.fact, one.code) for one in found.happened if one.fact in (Fact.NOTICE, Fact.SECOND_NOTICE)]
    assert notices == [(Fact.NOTICE, "MISSING"), (Fact.NOTICE, "UNREADABLE"), (Fact.SECOND_NOTICE, "UNREADABLE")]
    assert [run.clock for run in found.runs].count("K2") == 2 and found.visits == 2


@proves("J11")
def test_a_case_cut_off_at_a_checkpoint_is_what_it_was_then(evidence_log: ModuleType, calendar: WorkCalendar) -> None:
    log = evidence_log.founded()
    made = log.run_case(1, "accept")
    size = len(log.entries)
    then = followed(log, calendar, made)
    log.say(made, "decide", evidence_log.DECIDER, "DECIDER", {"outcome": "GRANT", "grant": "G-DECIDE"})
    assert followed(log, calendar, made, size) == then != followed(log, calendar, made)


def test_a_limit_is_judged_when_it_stops_or_runs_out() -> None:
    place = (WINDOW, DEPARTMENT)
    late, due = at("2026-03-20"), at("2026-03-16")
    assert Run("K3", "", due, late, False, *place).settled(YEAR.as_of) == (late, False)
    assert Run("K3", "", due, "", False, *place).settled(at("2026-03-10")) is None
    assert Run("K3", "", due, "", False, *place).settled(late) == (due, False)
    assert Run("K3", "", "", late, False, *place).settled(YEAR.as_of) == (late, True), "stopped while it was paused"


# --- reports ---------------------------------------------------------------------------------------------------------


@proves("J05", "J06", "J10")
def test_a_report_counts_by_window_department_item_region_and_month(calendar: WorkCalendar) -> None:
    late = (Run("K3", at("2026-03-02"), at("2026-03-04"), at("2026-03-05"), True, WINDOW, DEPARTMENT),)
    made = report([case(1), case(2, runs=late), case(3, collected_at=at("2026-04-01"))], YEAR, calendar)
    for dimension, key in (
        (Dimension.ALL, ""), (Dimension.WINDOW, WINDOW), (Dimension.DEPARTMENT, DEPARTMENT),
        (Dimension.ITEM, ITEM), (Dimension.REGION, "360102000000"),
    ):  # fmt: skip
        told = made.groups[dimension, key].as_object()
        assert told["volume"]["COLLECTED"] == told["volume"]["GRANTED"] == 3  # type: ignore[index]
        assert told["clocks"] == {"K3": {"within": 2, "over": 1, "rate": "66.67"}}
        assert told["steps"]["DECIDE"]["hours"]["mean"] == "72.00"  # type: ignore[index]
        assert told["steps"]["DECIDE"]["days"]["p90"] == "3.00"  # type: ignore[index]
    assert [key for key, _ in made.tallies(Dimension.MONTH)] == ["2026-03", "2026-04"]
    assert not made.tallies(Dimension.THEME)


@proves("B19", "J10")
def test_a_parent_is_counted_by_its_theme_and_nowhere_else(calendar: WorkCalendar) -> None:
    made = report([case(1, theme="T07", visits=2), case(2)], YEAR, calendar)
    (both, month) = [tally for _, tally in made.tallies(Dimension.THEME)]
    assert both.visits.as_object()["mean"] == "2.00" and month.cases == 1
    assert made.groups[Dimension.ALL, ""].cases == 1


@proves("J05")
def test_what_lies_outside_the_period_is_not_counted(calendar: WorkCalendar) -> None:
    made = report([case(1)], Period("2026-03-03", "2026-03-31", YEAR.as_of), calendar)
    told = made.groups[Dimension.ALL, ""]
    assert told.volume[Fact.COLLECTED] == 0 and told.hours[Step.DECIDE].n == 1


@proves("J05", "F14", "C15")
def test_open_cases_are_told_with_their_age_and_what_is_overdue(calendar: WorkCalendar) -> None:
    running = (Run("K4", at("2026-03-02"), at("2026-03-09"), "", False, WINDOW, DEPARTMENT),)
    waiting = case(1, state=State.UNDER_REVIEW, runs=running, took=())
    period = Period("2026-03-01", "2026-03-10", at("2026-03-10"))
    told = report([waiting, case(2)], period, calendar).groups[Dimension.WINDOW, WINDOW]
    assert (told.open_ages.n, told.open_ages.most, told.overdue) == (1, 6, 1)
    assert overdue_runs(waiting, period.as_of) == [("K4", at("2026-03-09"))]
    assert overdue_runs(case(2, runs=running), period.as_of) == [], "a case that is over owes nothing"


@proves("J05")
def test_who_sent_a_case_on_answers_for_that(calendar: WorkCalendar) -> None:
    wrong = Happened(Fact.MISROUTED, at("2026-03-02"), WINDOW, OTHER, "NOT_OUR_ITEM")
    made = report([case(1, happened=(*case().happened, wrong))], YEAR, calendar)
    assert made.groups[Dimension.DEPARTMENT, OTHER].volume == {Fact.MISROUTED: 1}
    assert made.groups[Dimension.DEPARTMENT, DEPARTMENT].volume[Fact.MISROUTED] == 0
    assert made.groups[Dimension.ALL, ""].codes[Fact.MISROUTED, "NOT_OUR_ITEM"] == 1


def card(status: str, person: str = A01, node: str = DEPARTMENT) -> Carded:
    return Carded(at("2026-03-16"), "R1", node, person, status, Card("R1", at("2026-03-16"), node, "0" * 64))


@proves("G05", "G12")
def test_lifted_cards_and_excluded_ratings_do_not_count(calendar: WorkCalendar) -> None:
    ratings = (
        Rated(at("2026-03-09"), "PUBLIC", "staff", 5, False),
        Rated(at("2026-03-09"), "PUBLIC", "window", 4, True),
    )
    told = report([case(1, cards=(card("LIFTED"), card("APPEALED")), ratings=ratings)], YEAR, calendar)
    tally = told.groups[Dimension.DEPARTMENT, DEPARTMENT]
    assert (tally.cards["R1"], tally.lifted["R1"], tally.bad_ratings()) == (1, 1, "100.00")
    assert told.groups[Dimension.WINDOW, WINDOW].cards["R1"] == 0, "the card is the department's"


@proves("G12")
def test_people_of_one_node_with_what_became_of_their_cards() -> None:
    cards = (card("APPEALED"), card("LIFTED"), card("OPEN", ""), card("OPEN", node=OTHER))
    found = people([case(1, cards=cards), case(2, responsible="")], YEAR, DEPARTMENT)
    assert set(found) == {A01, DEPARTMENT}
    told = found[A01]
    assert (told.within, told.over, told.appealed, told.lifted, sum(told.cards.values())) == (1, 0, 1, 1, 1)
    assert people([case(1)], YEAR, OTHER) == {}


@proves("J11")
def test_the_order_of_cases_changes_no_byte(calendar: WorkCalendar) -> None:
    def one(number: int) -> CaseFigures:
        step = Took(Step.DECIDE, at("2026-03-05"), number * 977, number, WINDOW, OTHER)
        return case(number, visits=number % 3, took=(step,))

    cases = [one(number) for number in range(1, 40)]
    first = canonical.encode(report(cases, YEAR, calendar).document({"source": "node"}))
    random.Random(4).shuffle(cases)
    assert canonical.encode(report(cases, YEAR, calendar).document({"source": "node"})) == first


@proves("H01")
def test_outside_no_row_tells_of_fewer_than_five_cases(calendar: WorkCalendar) -> None:
    cases = [case(number, task_code=f"I{min(number, 30) // 10}") for number in range(1, 32)]
    made = report(cases, YEAR, calendar)
    assert {key: tally.cases for key, tally in made.tallies(Dimension.ITEM)} == {"I0": 9, "I1": 10, "I2": 10, "I3": 2}
    outside = {key: tally.cases for key, tally in made.tallies(Dimension.ITEM, outside=True)}
    assert outside == {"I1": 10, "I2": 10, OTHERS: 11}, "two alone could be found by subtraction"
    assert min(outside.values()) >= SMALL and sum(outside.values()) == 31
    told = made.document({}, outside=True)
    assert told["profile"] == "OUTSIDE" and "I3" not in told["groups"]["ITEM"]  # type: ignore[index]


@proves("J05")
def test_every_figure_of_a_report_has_its_definition(calendar: WorkCalendar) -> None:
    known = {one.id for one in definitions()}
    assert len(known) == len(definitions())
    tally = report([case(1)], YEAR, calendar).groups[Dimension.ALL, ""].as_object()
    assert set(tally) - {"steps", "clocks"} <= known
    assert {step.value for step in Step} <= known and {f"K{n}" for n in range(1, 13)} <= known
    assert all(one.numerator and one.denominator and one.source for one in definitions())


def asked(bench: Bench) -> CaseFigures:
    """What the acts of a bench add to the figures."""
    following, file = Following(bench.calendar), None
    for leaf, act, world in zip(bench.leaves(), bench.acts, bench.worlds, strict=True):
        file = LAW.apply(file, act, world)
        following.see(leaf, file)
    found = following.figures()
    assert found is not None
    return found


@proves("F05", "J05")
def test_an_enquiry_is_counted_and_is_on_time_when_answered_within_its_limit(calendar: WorkCalendar) -> None:
    """On the side of who answers for it: first the window, once it was taken the department."""
    bench = Bench().reach("T38Q")
    bench.do(bench.step("T38Q"))
    sent, late = bench.case.enquiries[0], bench.case.enquiries[0].due
    (run,) = [one for one in asked(bench).runs if one.clock == ENQUIRY]
    assert (run.started_at, run.due, run.stopped_at, run.department) == (sent.at, sent.due, "", "")
    assert run.window == bench.case.collecting_node
    assert run.settled(late) is None and run.settled(at("2027-01-04")) == (late, False)
    for row in ("T38N", "T38K", "T38Y"):
        bench.do(bench.step(row))
    answered = bench.acts[-1].recorded_at
    bench.do(bench.step("T38Q"))
    found = asked(bench)
    first = next(one for one in found.runs if one.clock == ENQUIRY and one.stopped_at)
    assert (first.stopped_at, first.window, first.department) == (answered, "", bench.case.accepting_node)
    made = report([found], YEAR, calendar)
    total = made.groups[Dimension.ALL, ""]
    assert total.volume[Fact.ENQUIRED] == 2 and (total.within[ENQUIRY], total.over[ENQUIRY]) == (1, 1)
    (rate,) = [row for row in tables.clocks("合计", made.tallies(Dimension.ALL)) if row[1] == ENQUIRY]
    assert rate[2:] == ["咨询答复期限", "1", "1", "50.00%"]
    assert ENQUIRY in {one.id for one in definitions()}


@proves("J05")
def test_a_spread_is_exact_in_its_mean_and_bounded_in_memory() -> None:
    spread = Spread()
    for value in range(100_000):
        spread.add(value)
    assert len(spread._counts) < 4000 and spread.as_object()["mean"] == "49999.50"
    assert spread.percentile(50) == 49980 and spread.percentile(1) == 999 and spread.most == 99_999
    assert Spread().percentile(90) == 0 and Spread().as_object() == {}
    other = Spread()
    other.add(7)
    other.join(spread)
    assert (other.n, other.total) == (spread.n + 1, spread.total + 7)


def test_shares_are_rounded_half_up_and_never_floats() -> None:
    assert (decimal(Fraction(1, 3)), decimal(Fraction(2, 3)), decimal(Fraction(1, 200))) == ("0.33", "0.67", "0.01")
    assert (percent(1, 3), percent(0, 0)) == ("33.33", "")


# --- the ledger and its dates ----------------------------------------------------------------------------------------


@proves("J01", "J02", "J03")
def test_reporting_dates() -> None:
    whole = (date(2028, 1, 1), date(2028, 12, 31))
    assert due_days("J01", *whole) == [date(2028, 12, day) for day in (10, 20, 31)]
    assert due_days("J03", *whole) == [date(2028, 6, 30), date(2028, 12, 31)]
    months = due_days("J02", *whole)
    assert len(months) == 12 and months[1] == date(2028, 2, 29) and months[-1] == date(2028, 12, 31)
    with pytest.raises(Exception, match="SCHEDULE_UNKNOWN"):
        due_days("J99", *whole)


@proves("J03", "J01")
def test_overdue_reporters_are_listed_and_a_late_one_stays_late() -> None:
    came = {("a", date(2026, 6, 30)): date(2026, 6, 30), ("b", date(2026, 6, 30)): date(2026, 7, 3)}
    found = overdue("J03", ["a", "b", "c"], came, date(2026, 1, 1), date(2026, 7, 10))
    assert [(one.node, one.days) for one in found] == [("b", 3), ("c", 10)]
    assert overdue("J03", ["c"], {}, date(2026, 1, 1), date(2026, 6, 30)) == [], "not before the day is over"


def versions() -> list[Catalogue]:
    told = json.loads((DEMO / "catalogue.json").read_bytes())
    before = {**told, "version": "2026.10-1", "effective_from": "2026-10-01", "queues": [], "agreements": []}
    return [load_catalogue(before), load_catalogue(told)]


@proves("J04")
def test_the_ledger_says_what_the_lists_say() -> None:
    lists = versions()
    queue = next(one for one in lists[1].queues if one.task_code == ITEM)
    began = lists[1].effective_from

    def line(planned: date, node: str = queue.node, on: date = date(2026, 12, 1)) -> tuple[Status, int]:
        (made,) = ledger([Planned(ITEM, node, "牵头处室", planned)], lists, on)
        return made.status, made.days

    assert line(began) == (Status.DONE, 0)
    assert line(date(2026, 10, 20)) == (Status.DONE_LATE, (began - date(2026, 10, 20)).days)
    assert line(date(2026, 11, 21), "elsewhere") == (Status.OVERDUE, 10)
    assert line(date(2027, 1, 1), "elsewhere") == (Status.PLANNED, 0)
    assert line(date(2026, 10, 20), on=date(2026, 10, 19)) == (Status.PLANNED, 0), "a later list is not looked at"


@proves("J04")
def test_what_was_open_once_and_is_closed_now_has_lapsed() -> None:
    lists = versions()
    told = json.loads((DEMO / "catalogue.json").read_bytes())
    after = {**told, "version": "2026.12-1", "effective_from": "2026-12-01", "queues": []}
    plan = Planned(ITEM, next(one.node for one in lists[1].queues if one.task_code == ITEM), "", date(2026, 12, 31))
    (line,) = ledger([plan], [*lists, load_catalogue(after)], date(2026, 12, 2))
    assert line.status is Status.LAPSED and line.actual == lists[1].effective_from


def test_a_report_is_made_case_by_case(calendar: WorkCalendar) -> None:
    made = Report(YEAR, calendar)
    made.add(case(1))
    assert made.groups[Dimension.ALL, ""].cases == 1


def test_every_event_that_is_counted_is_one_of_the_law() -> None:
    assert FACTS.keys() <= {row.event for row in ROWS}
