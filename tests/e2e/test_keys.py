"""Keys that go, on a stack of its own: rotation, loss, the recovery key, a stolen window, a person who leaves.

One story in the order of a bad year; each test looks at one chapter. Real processes, every act by a command.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.stack.layout import DEPARTMENT, GATEWAY, RECOVERY, WINDOW, Node, Person
from tests.e2e.town import DEMO, Answer, Town, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
PLAN = json.loads((DEMO / "pages.json").read_text(encoding="utf-8"))
RESULT = str(DEMO / PLAN["result"]["file"])


@dataclass
class Region(Town):
    """A town with hands for its registrar. ``cases`` by the chapter's own names; ``before``: keys once."""

    cases: dict[str, str] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)

    def registrar(self, *words: str) -> Answer:
        """``yidi registrar``."""
        line = ["registrar", *words, "--json", "--home", str(self.stack.layout.folder("registrar"))]
        done = CliRunner().invoke(app, line)
        assert done.exit_code == 0, (words, done.output[-1000:], done.exception)
        answer: Answer = json.loads(done.stdout)
        return answer

    def keys(self, node: Node) -> Answer:
        """``yidi keys status``."""
        return self.said(node, "keys", "status")

    def seal(self, name: str, code: int = 0, staff: str = "A01") -> str:
        """A case; with ``code`` 3 it stays in the window's queue."""
        words = ["collect", str(DEMO / "pages.json"), "--form", str(self.form()), "--staff", staff]
        wait = [] if code == 0 else ["--wait", "0"]
        sealed = self.said(WINDOW, "window", *words, "--no-classified", "--signed", "--notice", *wait, code=code)
        self.cases[name] = str(sealed["case"])
        return self.cases[name]

    def dept(self, *words: str, code: int = 0) -> Answer:
        """``yidi dept``."""
        return self.said(DEPARTMENT, "dept", *words, code=code)

    def decided(self, case: str) -> None:
        self.dept("accept", case, "--staff", "B01")
        self.dept("decide", case, "--grant", "--staff", "B02")

    def issued(self, case: str) -> None:
        self.dept("issue", case, RESULT, "--staff", "B03")

    def to_the_end(self, case: str) -> None:
        """From wherever the case is, to the parcel's way."""
        self.until("a state here", lambda: self.shown(DEPARTMENT, case).get("state") not in (None, "FORWARDED"))
        if self.shown(DEPARTMENT, case)["state"] == "PENDING_ACCEPT":
            self.dept("accept", case, "--staff", "B01")
            self.reached(case, "UNDER_REVIEW")
        if self.shown(DEPARTMENT, case)["state"] == "UNDER_REVIEW":
            self.dept("decide", case, "--grant", "--staff", "B02")
            self.reached(case, "DECIDED")
        if self.shown(DEPARTMENT, case)["state"] == "DECIDED":
            self.issued(case)
        self.reached(case, "DELIVERING")

    def opened(self, case: str) -> int:
        """Pages that the department sees."""
        shown = self.dept("open", case, "--purpose", "受理审查", "--staff", "B01")
        return sum(len(line["pages"]) for line in shown["lines"])

    def verdict(self, name: str, folder: Path) -> Answer:
        """What the offline verifier says of a case."""
        out = self.exported(self.cases[name], self.said, folder / name)
        words = ["audit", "verify", str(out / "evidence.zip"), "--pins", str(out / "pins.json"), "--json"]
        said: Answer = json.loads(CliRunner().invoke(app, words).stdout)
        return said

    def burned(self, node: Node) -> Path:
        """The machine is gone with its keys, journal and persons; a new folder has settings and pins alone."""
        self.stack.agent(node).stop()
        home = self.home(node)
        gone = home.with_name(f"{node.name}-gone-{len(list(home.parent.iterdir()))}")
        home.rename(gone)
        home.mkdir(mode=0o700)
        for name in ("agent.env", "pins.json", "carrier.key"):
            if (gone / name).exists():
                shutil.copyfile(gone / name, home / name)
        return gone

    def registered_anew(self, node: Node, people: tuple[Person, ...]) -> None:
        """Tokens on paper, keys made on the new machine, the agent started."""
        self._enrol(node, ("--role", node.role, "--title", node.title))
        for person in people:
            roles = [word for role in person.roles for word in ("--role", role)]
            self._enrol(node, ("--staff", person.code, *roles, "--title", "工作人员"))
        self.stack.agent(node).start()

    def _enrol(self, node: Node, words: tuple[str, ...]) -> None:
        layout = self.stack.layout
        paper = layout.root / "paper.json"
        paper.write_text(json.dumps(self.registrar("token", node.name, "--region", node.region, *words)))
        door = f"127.0.0.1:{layout.ports()['enrolment']}"
        authority = str(layout.folder("registrar") / "authority.pem")
        name = f"hub.{layout.hub_node.split('/')[3]}.yidi.test"
        home = ["--home", str(self.home(node)), "--paper", str(paper), "--enrolment", door]
        line = ["keys", "enrol", *home, "--authority", authority, "--hub-name", name, "--json"]
        done = CliRunner().invoke(app, line)
        assert done.exit_code == 0, (done.output[-1500:], done.exception)
        paper.unlink()


@pytest.fixture(scope="module")
def region() -> Iterator[Region]:
    """A running stack that nobody else's tests use."""
    with running(Region) as made:
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evidence")


def _rotate(region: Region) -> None:
    """The department rotates its keys while a case stands in every state, acts and a seal are under way offline."""
    department = region.stack.agent(DEPARTMENT)
    for name in ("review", "decided", "delivering", "offline"):
        region.seal(name)
    for name in ("review", "decided", "delivering", "offline"):
        region.countersigned(region.cases[name])
    region.dept("accept", region.cases["review"], "--staff", "B01")
    for name in ("decided", "delivering"):
        region.decided(region.cases[name])
    region.issued(region.cases["delivering"])
    region.reached(region.cases["delivering"], "DELIVERING")
    region.stack.agent(GATEWAY).stop()
    region.dept("post", region.cases["delivering"], "--staff", "B03")
    region.before = region.keys(DEPARTMENT)["keys"]
    region.said(DEPARTMENT, "keys", "rotate")
    department.stop()
    region.seal("forwarded")
    region.dept("accept", region.cases["offline"], "--staff", "B01", "--wait", "0", code=3)
    region.stack.agent(WINDOW).stop()
    region.seal("unsent", code=3)  # its packets are to the department's old key
    waiting = region.registrar("proposals")["proposals"]
    assert [(row["subject"], row["changes"]) for row in waiting] == [(DEPARTMENT.id, ["kem", "sign", "witness"])]
    region.registrar("approve", DEPARTMENT.name)
    department.start()
    region.stack.agent(WINDOW).start()
    region.stack.agent(GATEWAY).start()
    region.until("old key destroyed", lambda: region.keys(DEPARTMENT)["destroyed"])


def _every_case_goes_on_after_the_rotation_and_the_old_keys_are_gone(region: Region, folder: Path) -> None:
    _rotate(region)
    now = region.keys(DEPARTMENT)
    before = region.before
    assert all(now["keys"][purpose] != before[purpose] for purpose in ("sign", "kem", "witness", "tls"))
    assert (list(now["destroyed"]), now["older"], now["unreadable"]) == ([before["kem"]], {}, [])
    region.reached(region.cases["offline"], "UNDER_REVIEW")  # signed offline with the old key, signed again by the node
    region.countersigned(region.cases["forwarded"])
    region.countersigned(region.cases["unsent"])
    for name in ("review", "decided", "offline", "forwarded", "unsent"):
        assert region.opened(region.cases[name]) >= 12, name
        region.to_the_end(region.cases[name])
    region.carried()
    region.reached(region.cases["delivering"], "CLOSED")
    for name in ("offline", "unsent", "delivering"):
        said = region.verdict(name, folder)
        assert (said["verdict"], said["findings"]) == ("VALID", []), name


def _lose(region: Region) -> None:
    """The department's machine burns with all its keys; it is registered anew. Nobody asks the applicant."""
    region.countersigned(region.seal("burned pending"))
    region.countersigned(region.seal("burned decided"))
    region.decided(region.cases["burned decided"])
    region.reached(region.cases["burned decided"], "DECIDED")
    region.burned(DEPARTMENT)
    region.seal("burned forwarded")
    region.registrar("revoke", DEPARTMENT.name, "--reason", "KEY_LOST")
    region.stack.agent(WINDOW).stop()
    region.seal("while gone", code=3)  # an old list: its packets are to a key that is revoked
    region.stack.agent(WINDOW).start()
    region.registered_anew(DEPARTMENT, DEPARTMENT.people)


def _a_department_that_lost_its_keys_continues_without_a_second_visit(region: Region, folder: Path) -> None:
    _lose(region)
    names = ("burned pending", "burned decided", "burned forwarded", "while gone")
    for name in names:
        region.until(f"{name} here", partial(region.shown, DEPARTMENT, region.cases[name]))
    region.until("everything readable", lambda: region.keys(DEPARTMENT)["unreadable"] == [])
    for name in names:
        if name not in {"burned pending", "burned decided"}:
            region.countersigned(region.cases[name])
        assert region.opened(region.cases[name]) >= 12, name
        region.to_the_end(region.cases[name])
        said = region.verdict(name, folder)
        assert (said["verdict"], said["findings"]) == ("VALID", []), name


def _the_recovery_key_helps_when_the_window_is_gone_too(region: Region, folder: Path) -> None:
    region.countersigned(region.seal("recovered"))
    region.stack.agent(WINDOW).stop()
    region.burned(DEPARTMENT)
    region.registrar("revoke", DEPARTMENT.name, "--reason", "KEY_LOST")
    region.registered_anew(DEPARTMENT, DEPARTMENT.people)
    case = region.cases["recovered"]
    region.until("case here, unreadable", lambda: case in region.keys(DEPARTMENT)["unreadable"])
    listed = folder / "cases.txt"
    listed.write_text(f"{case}\n")
    done = region.said(RECOVERY, "keys", "recover", "--to", DEPARTMENT.id, "--cases", str(listed))
    assert done["cases"] == [{"case": case, "sealings": 1, "refusal": None}]
    again = region.said(RECOVERY, "keys", "recover", "--to", DEPARTMENT.id, "--cases", str(listed))
    assert again["cases"] == [{"case": case, "sealings": 0, "refusal": None}]
    region.until("readable", lambda: case not in region.keys(DEPARTMENT)["unreadable"])
    assert region.opened(case) >= 12
    region.to_the_end(case)
    assert region.verdict("recovered", folder)["verdict"] == "VALID"
    region.stack.agent(WINDOW).start()


def _a_person_who_leaves_signs_nothing_more_and_a_colleague_takes_the_draft_over(region: Region, folder: Path) -> None:
    region.seal("before leaving", staff="A09")
    region.stack.agent(WINDOW).stop()
    case = region.seal("unsent at leaving", code=3, staff="A09")
    region.registrar("revoke", f"{WINDOW.name}/person/A09", "--reason", "STAFF_LEFT")
    region.stack.agent(WINDOW).start()

    def told() -> list[str]:
        rows = [row for row in region.said(WINDOW, "window", "list")["cases"] if row["case"] == case]
        return [str(row["state_text"]) for row in rows if row["state"] == "REFUSED"]

    region.until("the hub's refusal on the work list", told)
    assert "同事" in told()[0], "who has to sign now"
    again = region.said(WINDOW, "window", "seal", case, "--staff", "A01", "--no-classified", "--signed", "--notice")
    assert (again["ok"], again["case"]) == (True, case)
    region.countersigned(case)
    assert region.opened(case) >= 12, "the same pages, scanned once"
    region.countersigned(region.cases["before leaving"])
    for name in ("before leaving", "unsent at leaving"):
        assert region.verdict(name, folder)["verdict"] == "VALID", "what was signed before stays valid"


def _a_stolen_window_is_out_at_once_and_a_new_machine_sees_its_cases_again(region: Region, folder: Path) -> None:
    region.countersigned(region.seal("at the stolen window"))
    number = region.said(WINDOW, "window", "status", region.cases["at the stolen window"])["public_no"]
    stolen = region.burned(WINDOW)
    region.registrar("revoke", WINDOW.name, "--reason", "STOLEN")
    left = CliRunner().invoke(app, ["window", "snapshot", "--json", "--home", str(stolen)])
    assert json.loads(left.stdout)["refusal"]["code"] == "KEY_REVOKED"
    region.registered_anew(WINDOW, WINDOW.people)
    case = region.cases["at the stolen window"]
    region.until("its case again", lambda: region.shown(WINDOW, case))
    region.until("keys again", lambda: case not in region.keys(WINDOW)["unreadable"])
    region.until("directory snapshot", lambda: region.said(WINDOW, "window", "snapshot")["ok"])
    region.countersigned(region.seal("at the new window"))
    fresh = region.said(WINDOW, "window", "status", region.cases["at the new window"])["public_no"]
    assert fresh[:5] != number[:5], "how far the stolen machine counted nobody knows"


def test_keys_go_in_five_ways_and_no_case_is_lost(region: Region, folder: Path) -> None:
    """One story: each chapter goes on where the one before ended."""
    _every_case_goes_on_after_the_rotation_and_the_old_keys_are_gone(region, folder)
    _a_department_that_lost_its_keys_continues_without_a_second_visit(region, folder)
    _the_recovery_key_helps_when_the_window_is_gone_too(region, folder)
    _a_person_who_leaves_signs_nothing_more_and_a_colleague_takes_the_draft_over(region, folder)
    _a_stolen_window_is_out_at_once_and_a_new_machine_sees_its_cases_again(region, folder)
