"""全程网办 on real processes: applied for, accepted, decided, opened by the applicant, rated; not one visit.

The front is a folder, as a web page on the same machine would use it; the department works as with any other case.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crypto.canonical import CHINA
from deploy.demo import people
from deploy.stack.layout import AUDITOR, DEPARTMENT, Node
from storage.journal import Journal
from tests.e2e.town import DEMO, Answer, Town

pytestmark = pytest.mark.e2e
PORTAL = Node("chongqing-portal", "500000000000", "portal", "渝快办（演示）", public_prefix=50000)
ITEM = "11360102900001025R4000131012001"
FORM = people.filled(1)
PLAN = json.loads((DEMO / "pages.json").read_text(encoding="utf-8"))
SIGNED = {"method": "FACE", "at": "2026-11-22T10:00:00+08:00", "reference": "demo-0001"}


@pytest.fixture(scope="module")
def portal(town: Town) -> Iterator[Path]:
    """A portal with its agent running; the folder of its front."""
    home = town.enrolled(PORTAL)
    town.stack.agent(PORTAL).start()
    town.until("the portal's snapshot", lambda: _has_snapshot(home))
    yield home / "front"
    with suppress(Exception):
        town.stack.agent(PORTAL).stop()


def _has_snapshot(home: Path) -> bool:
    journal = Journal(home / "journal.sqlite")
    try:
        return journal.kept("snapshot") is not None
    finally:
        journal.close()


def laid(town: Town, front: Path, name: str, file: str, value: dict[str, Any], pages: list[str]) -> Answer:
    """What the agent answers to an order that the front laid down."""
    folder = front / "in" / name
    folder.mkdir(parents=True)
    for page in pages:
        (folder / Path(page).name).write_bytes((DEMO / page).read_bytes())
    (folder / file).write_text(json.dumps(value), encoding="utf-8")
    (folder / "READY").write_bytes(b"")
    answer = front / "out" / f"{name}.json"
    town.until(f"answer to {name}", lambda: answer.exists() and not folder.exists())
    told: Answer = json.loads(answer.read_text(encoding="utf-8"))
    return told


def application(**more: Any) -> tuple[dict[str, Any], list[str]]:
    """The demonstration's application as an applicant fills it in online; its files."""
    pages = [(page["material"], page["file"]) for page in PLAN["pages"]]
    materials: dict[str, list[str]] = {}
    for material, file in pages:
        materials.setdefault(material, []).append(Path(file).name)
    value = {
        "task_code": ITEM, "delivery": "ELECTRONIC", "form": FORM, "materials": materials, "signed": SIGNED,
        "declared": {"no_classified": True, "applicant_signed": True, "privacy_notice": True},
    }  # fmt: skip
    return value | more, [file for _, file in pages]


def order(act: str, case: str, **more: Any) -> dict[str, Any]:
    """What the applicant orders."""
    return {"act": act, "case": case, "signed": SIGNED, **more}


@pytest.mark.requirement("A02", "A20", "A25")
def test_online_from_application_to_the_opened_result(town: Town, portal: Path, tmp_path: Path) -> None:
    told = laid(town, portal, "w-1", "application.json", *application())
    case, number = str(told["case"]), str(told["public_no"])
    assert number.startswith("50000") and len(told["check_code"]) == 6 and len(told["secret"]) == 64

    town.countersigned(case)
    queued = town.said(DEPARTMENT, "dept", "queue")["cases"]
    assert case in {one["case"] for one in queued}
    opened = town.typed(DEPARTMENT, "dept", "open", case, "--purpose", "受理审查", "--staff", "B01")
    assert {line["trust"] for line in opened["lines"] if line["material"].startswith("M")} == {"C"}
    town.said(DEPARTMENT, "dept", "accept", case, "--staff", "B01")
    town.said(DEPARTMENT, "dept", "decide", case, "--staff", "B02", "--grant")
    town.said(DEPARTMENT, "dept", "issue", case, str(DEMO / PLAN["result"]["file"]), "--staff", "B03")
    town.until("the result at the portal", lambda: _state(town, case) == "DELIVERING")

    bad = laid(town, portal, "r-0", "order.json", order("result", number, secret="0" * 64), [])
    assert (bad["ok"], bad["code"]) == (False, "PACKET_UNREADABLE")
    assert laid(town, portal, "r-1", "order.json", order("result", number, secret=told["secret"]), [])["ok"]
    (page,) = (portal / "out").glob("r-1-*.jpg")
    assert page.read_bytes() == (DEMO / PLAN["result"]["file"]).read_bytes()
    town.until("closed", lambda: _state(town, case) == "CLOSED")
    scores = {"process": 1, "window": 1, "staff": 2}
    assert laid(town, portal, "s-1", "order.json", order("rate", number, scores=scores), [])["ok"]

    shown = town.said(PORTAL, "portal", "show", number)
    assert (shown["state"], shown["visits"]) == ("CLOSED", 0)
    folder = tmp_path / "audit"
    said = town.statements(case, folder)
    assert [one.actor.person for one in said if one.type in ("seal", "e_opened")] == [None, None]
    verified = town.said(AUDITOR, "audit", "verify", str(folder / "evidence.zip"), "--pins", str(folder / "pins.json"))
    assert (verified["verdict"], verified["state"]["state"]) == ("VALID", "CLOSED")


def _state(town: Town, case: str) -> str:
    shown = town.said(PORTAL, "portal", "cases")["cases"]
    return next((one["state"] for one in shown if one["case"] == case), "")


@pytest.mark.requirement("A01", "A02")
def test_what_is_not_whole_is_refused_and_says_why(town: Town, portal: Path) -> None:
    _, files = application()
    value, _ = application(materials={"M01": [Path(files[0]).name]})
    told = laid(town, portal, "w-2", "application.json", value, [files[0]])
    assert (told["ok"], told["code"]) == (False, "MATERIALS_INCOMPLETE")
    value, files = application(declared={"no_classified": True})
    told = laid(town, portal, "w-3", "application.json", value, files)
    assert (told["ok"], told["code"]) == (False, "DECLARATION_MISSING")


@pytest.mark.requirement("A02", "row T35")
def test_the_applicant_withdraws_online(town: Town, portal: Path) -> None:
    told = laid(town, portal, "w-4", "application.json", *application())
    town.until("the case at the portal", lambda: _state(town, str(told["case"])) != "")
    assert laid(town, portal, "o-4", "order.json", order("withdraw", str(told["public_no"])), [])["ok"]
    town.until("withdrawn", lambda: _state(town, str(told["case"])) == "WITHDRAWN")


@pytest.mark.requirement("A02", "B10", "row K7S")
def test_online_a_promised_paper_is_uploaded_before_the_decision(town: Town, portal: Path, tmp_path: Path) -> None:
    """容缺 online by real processes: promised, accepted, refused while owed, paid by ``pay``, decided."""
    value, pages = application(form=people.filled(2))
    owed = value["materials"].pop("M05")
    due = (datetime.now(UTC).astimezone(CHINA).date() + timedelta(days=3)).isoformat()
    value["promises"] = [{"material": "M05", "due": due, "paper": "10-commitment.jpg"}]
    told = laid(town, portal, "d-1", "application.json", value, pages)
    case, number = str(told["case"]), str(told["public_no"])
    town.countersigned(case)
    town.said(DEPARTMENT, "dept", "accept", case, "--staff", "B01")
    refused = town.said(DEPARTMENT, "dept", "decide", case, "--staff", "B02", "--grant", code=1)
    assert (refused.get("refusal") or refused["acts"][0]["refusal"])["code"] == "DEBT_OPEN"
    bad = laid(town, portal, "p-0", "order.json", order("pay", number, materials={"M01": owed}), pages)
    assert (bad["ok"], bad["code"]) == (False, "NOT_OWED")
    assert laid(town, portal, "p-1", "order.json", order("pay", number, materials={"M05": owed}), pages)["ok"]
    town.until("paid", lambda: all(one["settled"] for one in town.said(DEPARTMENT, "dept", "owed", case)["debts"]))
    town.said(DEPARTMENT, "dept", "decide", case, "--staff", "B02", "--grant")
    events = [one.type for one in town.statements(case, tmp_path / "audit")]
    assert events.index("accept") < events.index("debt_settled") < events.index("decide")
