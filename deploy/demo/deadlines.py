"""What deadlines do (states.md 2, 4): a department that says nothing, a debt, a special procedure, an extension.

Half of the story plays today, half of it ``DAYS`` days later: then the hubs of the demonstration's own stack go on with
a clock that runs ahead (``deploy.demo.later``), and the law states what time has made due. ``Deadlines`` types what
staff would type; the demonstration and the end-to-end test play the same scenes.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from deploy.demo.later import DAYS as VARIABLE
from deploy.demo.people import form_file
from deploy.stack.layout import DEPARTMENT, WINDOW
from deploy.stack.processes import PythonService
from deploy.stack.stack import Stack

HERE: Final = Path(__file__).parent
DAYS: Final = 18
"""Longer than five working days in any season (K2; the longest holiday has nine days)."""
PROMISED: Final = 4
DEBT: Final = "M05"

Answer = Mapping[str, Any]
Say = Callable[..., Answer]
Until = Callable[[str, Callable[[], object]], None]


@dataclass(frozen=True)
class Cases:
    """The three cases of the story."""

    silent: str
    owing: str
    slow: str


def let_days_pass(stack: Stack, days: int = DAYS) -> None:
    """The hubs go on with a clock that shows ``days`` more; agents notice nothing but a new leaf's time."""
    for number in range(1, stack.layout.hubs() + 1):
        hub = stack.hub(number)
        hub.stop()
        assert isinstance(hub, PythonService)
        hub.running_as("deploy.demo.later", {VARIABLE: str(days)}).start()


@dataclass(frozen=True)
class Deadlines:
    """``say(node, group, …)`` types a command and gives its answer; ``until(what, true)`` waits; ``papers``: a folder
    for signed papers and words."""

    say: Say
    until: Until
    papers: Path

    def today(self) -> Cases:
        """Three cases arrive; one stays untouched, one owes a paper, one takes longer."""
        silent, slow = self._collected(0), self._collected(1)
        owing = self._collected_owing(DEBT, 2)
        for case in (silent, slow, owing):
            self._awaited(case, "PENDING_ACCEPT")
        self._accepted(slow)
        self._accepted(owing)
        self._procedure(slow)
        self._debt(owing)
        return Cases(silent, owing, slow)

    def days_later(self, cases: Cases) -> None:
        """The department never answered the first case: it is deemed accepted, from the day of its receipt."""
        self.until(
            "受理地五个工作日没有答复：视为受理，自收到之日起算", lambda: self._shown(cases.silent).get("deemed")
        )
        self._desk("special-end", cases.slow, "--result", "PASSED", "--kind", "SITE_VISIT", "--staff", "B04")
        for case in (cases.silent, cases.slow):
            self._desk("decide", case, "--grant", "--staff", "B02")

    def _procedure(self, case: str) -> None:
        until = (date.today() + timedelta(days=PROMISED)).isoformat()
        told = self._written("visit.txt", "需要现场踏勘，请届时在场。")
        more = self._written("extension.txt", "案情复杂，延长五个工作日办理。")
        self._desk("special", case, "--kind", "SITE_VISIT", "--until", until, "--words", told, "--staff", "B04")
        before = self._due(case, "K4")
        self._desk(
            "extend", case, "--days", "5", "--reason", "COMPLEX", "--words", more, "--head", "B00", "--staff", "B02"
        )
        self.until("负责人批准延长五个工作日，书面告知", lambda: self._due(case, "K4") > before)

    def _debt(self, case: str) -> None:
        """容缺: accepted without a paper that may come later, decided when it came (B10)."""
        refused = self.say(DEPARTMENT, "dept", "decide", case, "--grant", "--staff", "B02", fails=True)
        self.until("容缺材料没有补齐，不能准予", lambda: refused.get("ok") is False)
        page = HERE / "pages" / "07-lease-3.jpg"
        self._counter("pay-debt", case, "--page", f"{DEBT}={page}", "--signed", "--staff", "A01")
        self.until("补交，容缺了结", lambda: all(debt["settled"] for debt in self._desk("owed", case)["debts"]))
        self._desk("decide", case, "--grant", "--staff", "B02")

    # --- what the cases have in common -----------------------------------------------------------------------

    def _collected(self, applicant: int) -> str:
        """Each by another applicant: a second intake of one and the same would be asked for its reason (A22)."""
        seal, form = ("--no-classified", "--signed", "--notice"), str(form_file(self.papers, applicant))
        made = self._counter("collect", str(HERE / "pages.json"), "--form", form, *seal, "--staff", "A01")
        return str(made["case"])

    def _collected_owing(self, debt: str, applicant: int) -> str:
        """Step by step, because one material is only promised: the promise is printed, signed and kept."""
        plan = json.loads((HERE / "pages.json").read_text(encoding="utf-8"))
        form = str(form_file(self.papers, applicant))
        case = str(self._counter("begin", plan["task_code"], "--form", form, "--staff", "A01")["case"])
        for page in plan["pages"]:
            if page["material"] != debt:
                folder = self.papers / case / page["material"]
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(HERE / page["file"], folder)
        for folder in sorted((self.papers / case).iterdir()):
            self._counter("scan", case, folder.name, str(folder))
        self._promised(case, debt)
        self._counter("seal", case, "--no-classified", "--signed", "--notice", "--staff", "A01")
        return case

    def _promised(self, case: str, material: str) -> None:
        day = (date.today() + timedelta(days=PROMISED)).isoformat()
        self._counter("promise-paper", case, material, "--due", day, "--out", str(self.papers / "promise.pdf"))
        self._counter("tolerate", case, material, day, "--paper", str(HERE / "pages" / "10-commitment.jpg"))

    def _accepted(self, case: str) -> None:
        self._desk("open", case, "--purpose", "受理审查", "--staff", "B01")
        self._desk("accept", case, "--staff", "B01")

    def _awaited(self, case: str, state: str) -> None:
        self.until(f"办件到达：{state}", lambda: self._shown(case).get("state") == state)

    def _shown(self, case: str) -> Answer:
        return self.say(DEPARTMENT, "dept", "show", case, fails=True)

    def _due(self, case: str, clock: str) -> str:
        return next(str(row["due"]) for row in self._shown(case)["clocks"] if row["clock"] == clock)

    def _counter(self, *words: str) -> Answer:
        return self.say(WINDOW, "window", *words)

    def _desk(self, *words: str) -> Answer:
        return self.say(DEPARTMENT, "dept", *words)

    def _written(self, name: str, words: str) -> str:
        file = self.papers / name
        file.write_text(words, encoding="utf-8")
        return str(file)
