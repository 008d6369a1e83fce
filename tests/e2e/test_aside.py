"""Off the straight path on real processes: notice and supplement, misrouting, pre-review, decline, discard, refusal.

Every case ends in a package that is verified without the hub.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crypto.canonical import CHINA
from crypto.evidence import container
from deploy.stack.layout import AUDITOR, COORDINATOR, DEPARTMENT, WINDOW, Node, Person
from tests.e2e.town import DEMO, Answer, Town

pytestmark = pytest.mark.e2e
HALL = Node(
    "jiangxi-donghu-hall",
    "360102000000",
    "window",
    "南昌市东湖区政务服务中心",
    (Person("E01", ("COLLECTOR",)),),
    public_prefix=36102,
)
XUNYANG = Node(
    "jiangxi-xunyang-scj",
    "360403000000",
    "department",
    "九江市浔阳区市场监督管理局",
    (Person("F01", ("ACCEPTOR",)),),
)
ITEM = "11360102900001025R4000131012001"
DUE = (datetime.now(CHINA) + timedelta(days=30)).date().isoformat()
PLAN = json.loads((DEMO / "pages.json").read_text(encoding="utf-8"))["pages"]


@pytest.fixture(scope="module")
def others(town: Town) -> Iterator[None]:
    """A second window and a second department, running."""
    nodes = (HALL, XUNYANG)
    for node in nodes:
        town.enrolled(node)
        town.stack.agent(node).start()
    yield
    for node in nodes:
        with suppress(Exception):
            town.stack.agent(node).stop()


def in_state(town: Town, node: Node, case: str, state: str) -> None:
    """The node knows the case in this state."""
    town.until(f"{state} at {node.name}", lambda: town.shown(node, case).get("state") == state)


def valid(town: Town, case: str, tmp_path: Path, state: str) -> list[str]:
    """The package is VALID in this state; its events."""
    folder = tmp_path / f"audit-{case[:8]}"
    events = [one.type for one in town.statements(case, folder)]
    said = town.said(AUDITOR, "audit", "verify", str(folder / "evidence.zip"), "--pins", str(folder / "pins.json"))
    assert said["state"]["state"] == state
    course = town.said(AUDITOR, "audit", "course", str(folder / "evidence.zip"), "--pins", str(folder / "pins.json"))
    assert course["course"] and all(row["word"] != row["event"] for row in course["course"])
    return events


def begun(town: Town, materials: Callable[[str], bool] = lambda _: True) -> str:
    """A draft at the window with the pages of these materials."""
    form = ["--form", str(town.form()), "--staff", "A01"]
    case = str(town.said(WINDOW, "window", "begin", ITEM, *form)["case"])
    for material in dict.fromkeys(page["material"] for page in PLAN):
        for page in (one for one in PLAN if one["material"] == material and materials(material)):
            town.said(WINDOW, "window", "scan", case, material, str(DEMO / page["file"]))
    return case


@pytest.mark.requirement("B04", "I06")
def test_notice_supplement_at_another_window_and_accepted_from_that_day(
    town: Town, others: None, tmp_path: Path
) -> None:
    sealed = town.collect(town.said)
    case, number = str(sealed["case"]), str(sealed["public_no"])
    town.countersigned(case)
    notice = ["dept", "notice", case, "--staff", "B01", "--due", DUE]
    held = town.said(DEPARTMENT, *notice, "--line", "M05=MISSING", code=1)
    assert held["acts"][0]["refusal"]["code"] == "ALREADY_HELD"
    words = tmp_path / "words.txt"
    words.write_text("租赁合同已到期，请提供续签的合同。", encoding="utf-8")
    town.said(
        DEPARTMENT, *notice, "--line", "M04=EXPIRED", "--line", "M05=字迹或影像不清，无法辨认", "--words", str(words)
    )

    in_state(town, WINDOW, case, "SUPPLEMENT")
    line = town.shown(WINDOW, case)
    assert "还剩 30 天" in line["state_text"]
    town.until("the key of the words", lambda: _printed(town, case, "续签的合同"))

    code = tmp_path / "code"
    code.write_text("000000" if sealed["check_code"] != "000000" else "111111")
    at_hall = ["window", "supplement", number, "--staff", "E01", "--check-code-file", str(code)]
    assert town.said(HALL, *at_hall, code=1)["refusal"]["code"] == "CHECK_CODE_WRONG"
    code.write_text(str(sealed["check_code"]))
    asked = town.said(HALL, *at_hall)
    assert [(one["material"], one["defect"]) for one in asked["lines"]] == [("M04", "EXPIRED"), ("M05", "UNREADABLE")]
    refused = town.said(HALL, *at_hall, "--pages", f"M01={DEMO / PLAN[0]['file']}", code=1)
    assert refused["refusal"]["code"] == "NOT_DEMANDED"
    pages = [f"--pages=M04={DEMO / 'pages/05-lease-1.jpg'}", f"--pages=M05={DEMO / 'pages/08-household-register.jpg'}"]
    made = town.said(HALL, *at_hall, *pages, "--signed")
    assert made["materials"] == ["M04", "M05"] and Path(made["paper"]).read_bytes().startswith(b"%PDF")
    in_state(town, DEPARTMENT, case, "PENDING_ACCEPT")
    complete = town.shown(DEPARTMENT, case)["clocks"]

    second = town.said(DEPARTMENT, *notice, "--line", "M01=NOT_SIGNED", code=1)
    assert second["acts"][0]["refusal"]["code"] == "SECOND_NOTICE"
    town.until("proof of the first notice", lambda: _proof(town, notice))

    opened = town.said(DEPARTMENT, "dept", "open", case, "--purpose", "受理审查", "--staff", "B01")
    (addendum,) = opened["addenda"]
    assert addendum["answers"] == {"M04": "EXPIRED", "M05": "UNREADABLE"}
    assert {len(one["pages"]) for one in addendum["lines"]} == {1}
    town.said(DEPARTMENT, "dept", "accept", case, "--staff", "B01")
    in_state(town, DEPARTMENT, case, "UNDER_REVIEW")
    supplemented = next(row["started_at"] for row in complete if row["clock"] == "K2")
    effective = town.shown(DEPARTMENT, case)["effective_at"]  # when it was handed in, before its keys had come
    assert effective <= supplemented and effective[:10] == supplemented[:10]
    events = valid(town, case, tmp_path, "UNDER_REVIEW")
    assert {"supplement_notice", "admit", "supplement_part", "supplement_complete"} <= set(events)


def _printed(town: Town, case: str, words: str) -> bool:
    done = _maybe(town, WINDOW, "window", "notice", case, "--staff", "A01")
    if not done.get("ok"):
        return False
    assert Path(done["paper"]).read_bytes().startswith(b"%PDF")
    return any(words in line for line in done["lines"])


def _proof(town: Town, notice: list[str]) -> bool:
    done = town.said(DEPARTMENT, *notice, "--line", "M01=NOT_SIGNED", code=1)
    proof = done["first_notice"]["proof"]
    return bool(proof) and Path(proof).read_text().startswith("c2sp.org/tlog-proof")


def _maybe(town: Town, node: Node, *arguments: str) -> Answer:
    """A command that may be refused for a moment."""
    for code in (0, 1):
        with suppress(AssertionError):
            return town.said(node, *arguments, code=code)
    return {}


@pytest.mark.requirement("F05")
def test_misrouted_and_redirected_the_next_department_opens_every_page(
    town: Town, others: None, tmp_path: Path
) -> None:
    case = str(town.collect(town.said)["case"])
    town.countersigned(case)
    wrong = ["dept", "misrouted", case, "--staff", "B01", "--reason", "WRONG_DEPARTMENT", "--to", XUNYANG.name]
    town.said(DEPARTMENT, *wrong)
    town.until("on the coordinator's desk", lambda: _on_desk(town, case))
    waiting = next(one for one in town.said(COORDINATOR, "coord", "list")["cases"] if one["case"] == case)
    assert (waiting["reason"], waiting["hops"], waiting["proposal"]) == (
        "WRONG_DEPARTMENT",
        [DEPARTMENT.id],
        XUNYANG.id,
    )
    town.until("K11 recomputed at the coordinator", lambda: _on_desk(town, case).get("due"))
    town.said(COORDINATOR, "coord", "redirect", case, "--staff", "C01", "--to", XUNYANG.name)
    in_state(town, XUNYANG, case, "PENDING_ACCEPT")
    opened = town.said(XUNYANG, "dept", "open", case, "--purpose", "ACCEPT_REVIEW", "--staff", "F01")
    pages = [page for line in opened["lines"] for page in line["pages"]]
    sizes = {size for page in pages for size in (page["bytes"], *page["others"].values())}
    assert {(DEMO / page["file"]).stat().st_size for page in PLAN} <= sizes
    events = valid(town, case, tmp_path, "PENDING_ACCEPT")
    assert events.count("redirect") == 1 and events.count("delivered") == 2


def _on_desk(town: Town, case: str) -> Answer:
    return next((one for one in town.said(COORDINATOR, "coord", "list")["cases"] if one["case"] == case), {})


@pytest.mark.requirement("E05")
def test_pre_review_is_answered_and_the_same_draft_is_sealed(town: Town, tmp_path: Path) -> None:
    case = begun(town, lambda material: material != "M07")
    asked = town.said(WINDOW, "window", "pre-review", case, "--staff", "A01", "--no-classified", "--notice")
    assert asked["state"] == "DONE"
    town.until("pre-review at the department", lambda: town.shown(DEPARTMENT, case).get("state") == "PRE_REVIEW")
    town.until("its pages", lambda: _maybe(town, DEPARTMENT, *_open(case)).get("lines"))
    answer = ["dept", "pre-review-answer", case, "--staff", "B01", "--answer", "LACKS", "--line", "M07=MISSING"]
    town.said(DEPARTMENT, *answer)
    again = ["window", "pre-review", case, "--staff", "A01"]
    town.until("the advice", lambda: town.said(WINDOW, *again).get("answer") == "LACKS")
    town.said(WINDOW, "window", "scan", case, "M07", str(DEMO / "pages/11-plan-and-photo.jpg"))
    ticks = ["--no-classified", "--signed", "--notice"]
    sealed = town.said(WINDOW, "window", "seal", case, "--staff", "A01", *ticks)
    assert sealed["state"] == "DONE" and len(sealed["public_no"]) == 12
    town.countersigned(case)
    opened = town.said(DEPARTMENT, *_open(case))
    assert "M07" in {line["material"] for line in opened["lines"]}
    events = valid(town, case, tmp_path, "PENDING_ACCEPT")
    assert events[0] == "ask_pre_review" and events.count("seal") == 1


def _open(case: str) -> list[str]:
    return ["dept", "open", case, "--purpose", "受理审查", "--staff", "B01"]


def test_declined_and_discarded_drafts_leave_no_page_behind(town: Town, tmp_path: Path) -> None:
    declined, discarded = begun(town, lambda material: material == "M01"), begun(town, lambda material: False)
    pages = town.home(WINDOW) / "drafts"
    assert list((pages / declined).iterdir())
    done = town.said(WINDOW, "window", "decline", declined, "--staff", "A01", "--agreed")
    assert done["missing"] == ["M02", "M03", "M04", "M06", "M07"]
    assert Path(done["paper"]).read_bytes().startswith(b"%PDF")
    town.said(WINDOW, "window", "discard", discarded, "--reason", "DUPLICATE")
    for case, state in ((declined, "NOT_COLLECTED"), (discarded, "ABANDONED")):
        in_state(town, WINDOW, case, state)
        assert not (pages / case).exists()
        package = tmp_path / f"{state}.zip"  # by the window itself: no other region has a part in the case (A24)
        town.said(WINDOW, "audit", "export", case, "-o", str(package))
        pins = str(town.home(WINDOW) / "pins.json")
        said = town.said(WINDOW, "audit", "verify", str(package), "--pins", pins)
        assert (said["verdict"], said["state"]["state"], said["facts"]["case_leaves"]) == ("VALID", state, 1)
    late = town.said(WINDOW, "window", "scan", declined, "M02", str(DEMO / "pages/03-id-card.jpg"), code=1)
    assert late["refusal"]["code"] == "DRAFT_SEALED"


def test_refused_with_reasons_that_only_the_window_can_read(town: Town, tmp_path: Path) -> None:
    case = str(town.collect(town.said)["case"])
    town.countersigned(case)
    reasons, appeal = "经营项目不需要许可，备案即可", "自收到之日起六十日内可以申请行政复议"
    refuse = ["dept", "refuse", case, "--staff", "B01", "--reason", "NO_LICENCE_NEEDED"]
    why, ways = tmp_path / "why.txt", tmp_path / "ways.txt"
    why.write_text(reasons, encoding="utf-8")
    ways.write_text(appeal, encoding="utf-8")
    town.said(DEPARTMENT, *refuse, "--reasons-file", str(why), "--appeal-file", str(ways))
    in_state(town, WINDOW, case, "NOT_ACCEPTED")
    town.until("the reasons on paper", lambda: _printed(town, case, reasons))
    folder = tmp_path / "words"
    folder.mkdir()
    package = town.exported(case, town.said, folder / "audit") / "evidence.zip"
    entries, _ = container.read(package.read_bytes())
    assert not any(reasons.encode() in data for data in entries.values())
    assert "refuse_accept" in valid(town, case, tmp_path, "NOT_ACCEPTED")
