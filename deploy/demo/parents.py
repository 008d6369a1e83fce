"""Two stories of parents (states.md 8): 多地联办 over three regions with a paused part, 一件事 of five departments.

``Scenes`` types what staff would type; the demonstration and the end-to-end test play the same ones. The departments
join the running stack as any newcomer does (``join``) and their agents end with ``leave``.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from crypto.refusal import Refusal
from deploy.commands.shared.parent_views import parts_object
from deploy.stack.founding import join_nodes
from deploy.stack.layout import DEPARTMENT, WINDOW, Node, Person
from deploy.stack.stack import Stack
from node_agent.known.casemirror import resolve
from node_agent.parents import desk
from node_agent.process.runtime import open_agent

HERE: Final = Path(__file__).parent
THEME: Final = "DH-2026-01"
HYGIENE: Final = "000123012001"
CLERK, HEAD = "B01", "B00"
_PEOPLE = (Person(CLERK, ("ACCEPTOR", "REVIEWER", "ISSUER")), Person(HEAD, ("HEAD", "DECIDER")))
_TITLES: Final = (
    ("jiangxi-donghu-wjw", "360102000000", "南昌市东湖区卫生健康委员会"),
    ("jiangxi-xunyang-wjw", "360403000000", "九江市浔阳区卫生健康委员会"),
    ("jiangxi-zhanggong-wjw", "360702000000", "赣州市章贡区卫生健康委员会"),
    ("jiangxi-donghu-xfj", "360102000000", "南昌市东湖区消防救援大队"),
    ("jiangxi-donghu-cgj", "360102000000", "南昌市东湖区城市管理和综合执法局"),
    ("jiangxi-donghu-swj", "360102000000", "南昌市东湖区农业农村水利局"),
)
CAST: Final = tuple(Node(name, region, "department", title, _PEOPLE) for name, region, title in _TITLES)
_WJW, _XUNYANG, _ZHANGGONG, _XFJ, _CGJ, _SWJ = CAST
BATHS: Final = {"P1": _WJW, "P2": _XUNYANG, "P3": _ZHANGGONG}
RESTAURANT: Final = {"P1": DEPARTMENT, "P2": _WJW, "P3": _XFJ, "P4": _CGJ, "P5": _SWJ}
_STAFF: Final = {DEPARTMENT.name: ("B01", "B02", "B03")}
"""Acceptor, decider and issuer where they are three people; in the other departments clerk, head, clerk."""

Answer = Mapping[str, Any]
Say = Callable[..., Answer]
Until = Callable[[str, Callable[[], object]], None]
Each = Callable[[Callable[[str], None], Sequence[str]], None]


_DONE = {
    "open": "写明用途，开卷",
    "part-complete": "答复材料是否齐全",
    "merged-notice": "一次告知",
    "accept": "受理",
    "special": "启动特别程序",
    "special-end": "特别程序结束",
    "decide": "准予",
    "issue": "证照签发、封装",
}
"""What the scenes do at a department's desk, by command, for the reader."""


@dataclass(frozen=True)
class Played:
    """A story that ended: the parent and its children by part."""

    parent: str
    children: Mapping[str, str]


def join(stack: Stack) -> None:
    """Enrol the departments, have their heads grant the use of the seal, start their agents."""
    join_nodes(stack.layout, CAST, {node.name: (("SEAL_USE", CLERK),) for node in CAST})
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda node: stack.agent(node).start(), CAST))


def leave(stack: Stack) -> None:
    """End their agents; the stack ends its own."""
    for node in CAST:
        if stack.layout.agent(node).is_dir():
            stack.agent(node).kill()


def looked(home: Path, parent: str) -> Answer:
    """What ``yidi window parts`` shows, without a process of its own: waiting looks often. Empty while unknown."""
    agent = open_agent(home)
    try:
        return parts_object(agent, desk.parent_here(agent, resolve(agent, parent)))
    except Refusal:
        return {}
    finally:
        agent.close()


def one_by_one(act: Callable[[str], None], parts: Sequence[str]) -> None:
    """The departments act one after the other."""
    for part in parts:
        act(part)


def at_once(act: Callable[[str], None], parts: Sequence[str]) -> None:
    """The departments act at the same time, as departments do."""
    with ThreadPoolExecutor(len(parts)) as threads:
        list(threads.map(act, parts))


@dataclass(frozen=True)
class Scenes:
    """``say(node, group, …)`` types a command and gives its answer; ``until(what, true)`` waits; ``papers``: a folder
    for words and signed papers; ``each``: how the departments take turns; ``tell``: what happens, for the reader."""

    say: Say
    until: Until
    papers: Path
    each: Each = one_by_one
    tell: Callable[[str], None] = lambda text: None

    # --- 多地联办 --------------------------------------------------------------------------------------------

    def baths(self) -> Played:
        """Three bath houses in three regions: one application, one part in a special procedure, one exit."""
        items = json.loads((HERE / "catalogue.json").read_text(encoding="utf-8"))["items"]
        tasks = [item["task_code"] for item in items if item["catalog_code"] == HYGIENE]
        parent = self._begun("multi", *tasks, form="form-baths.json", pages="pages-baths.json")
        children = self._sealed(parent, BATHS)
        self._desk(_ZHANGGONG, "open", children["P3"], "--purpose", "受理审查", "--staff", CLERK)
        self.each(lambda part: self._accepted(BATHS[part], children[part]), list(BATHS))
        self._awaited(parent, "三个地区都已受理，联办整体受理", state="P_IN_PROGRESS")
        until, words = (
            (date.today() + timedelta(days=10)).isoformat(),
            self._written("testing.txt", "水质检测约需十日。"),
        )
        self._desk(
            _ZHANGGONG,
            "special",
            children["P3"],
            "--kind",
            "TEST",
            "--until",
            until,
            "--words",
            words,
            "--staff",
            CLERK,
        )
        self.until("章贡区水质检测，书面告知；联办时限一同暂停", lambda: self._shown(parent)["clocks"]["K3"]["paused"])
        self.each(lambda part: self._granted(BATHS[part], children[part]), ["P1", "P2"])
        self._desk(_ZHANGGONG, "special-end", children["P3"], "--result", "PASSED", "--staff", CLERK)
        self.until("检测结束，恢复计时", lambda: not self._shown(parent)["clocks"]["K3"]["paused"])
        self._granted(_ZHANGGONG, children["P3"])
        self._gathered(parent)
        self._counter("opened", parent)
        self._awaited(parent, "申请人一次查收三份电子证照，结案", state="P_CLOSED")
        return Played(parent, children)

    # --- 一件事 ----------------------------------------------------------------------------------------------

    def restaurant(self) -> Played:
        """我要开餐馆: five departments, one notice, a part that waits for another, one exit, one rating."""
        parent = self._begun("theme", THEME, form="form-restaurant.json", pages="pages-restaurant.json")
        entries = ["P1", "P2", "P3", "P5"]
        children = self._sealed(parent, RESTAURANT, entries)
        self._noticed(parent, children)
        self.each(lambda part: self._accepted(RESTAURANT[part], children[part]), entries)
        self._awaited(parent, "牵头部门：五部门之四已受理，整体受理", state="P_IN_PROGRESS")
        self.each(lambda part: self._granted(RESTAURANT[part], children[part]), entries)
        self._awaited(parent, "食品经营许可准予以后，招牌审批自动放行", P4="PENDING_ACCEPT")
        self._accepted(_CGJ, children["P4"])
        self._granted(_CGJ, children["P4"])
        self._gathered(parent)
        paper = str(HERE / "pages" / "10-commitment.jpg")
        self._counter("lay-out", parent, "--notice", paper, "--staff", "A01")
        self._counter("hand-over", parent, "--signed", paper, "--staff", "A01")
        self._awaited(parent, "五份结果一个出口、一次交付，结案", state="P_CLOSED")
        self._counter("rate", parent, "--process", "1", "--window", "1", "--person", "2")
        return Played(parent, children)

    def _noticed(self, parent: str, children: Mapping[str, str]) -> None:
        """一次告知: one department lacks something, the lead tells the applicant once, the window takes it in."""
        self.each(lambda part: self._answered(RESTAURANT[part], children[part]), ["P1", "P2", "P3"])
        self._answered(_SWJ, children["P5"], "M03=UNREADABLE")
        self.until("四个部门答复牵头部门", lambda: self._answers(parent) == {"OK": 3, "LACKS": 1})
        due = (date.today() + timedelta(days=20)).isoformat()
        words = self._written("notice.txt", "排水设施图请重新拍摄，四角完整。")
        self._desk(DEPARTMENT, "merged-notice", parent, "--due", due, "--words", words, "--staff", "B01")
        self._awaited(parent, "牵头部门一次告知", P5="SUPPLEMENT")
        page = HERE / "pages" / "11-plan-and-photo.jpg"
        self._counter("supplement", parent, "--pages", f"T07={page}", "--signed", "--staff", "A01")
        self._awaited(parent, "窗口收齐补正", P5="PENDING_ACCEPT")

    # --- what they have in common ----------------------------------------------------------------------------

    def _begun(self, command: str, *words: str, form: str, pages: str) -> str:
        files = ("--form", str(HERE / form), "--pages", str(HERE / pages))
        return str(self._counter(command, *words, *files, "--staff", "A01")["case"])

    def _sealed(self, parent: str, cast: Mapping[str, Node], entries: Sequence[str] = ()) -> dict[str, str]:
        """One sealing, one receipt; every department that waits for no other has its part. Cases by part."""
        self._counter("seal", parent, "--no-classified", "--signed", "--notice", "--staff", "A01")
        names = entries or list(cast)
        self._awaited(parent, f"一次封存，分送 {len(names)} 个部门签收", **dict.fromkeys(names, "PENDING_ACCEPT"))
        parts = self._shown(parent)["parts"]
        return {part["part"]: part["case"] for part in parts}

    def _answered(self, node: Node, child: str, *lacks: str) -> None:
        lines = [word for line in lacks for word in ("--line", line)]
        self._desk(node, "part-complete", child, *lines, "--staff", self._people(node)[0])

    def _accepted(self, node: Node, child: str) -> None:
        self._desk(node, "accept", child, "--staff", self._people(node)[0])

    def _granted(self, node: Node, child: str) -> None:
        _, decider, issuer = self._people(node)
        self._desk(node, "decide", child, "--grant", "--staff", decider)
        self._desk(node, "issue", child, str(HERE / "result" / "food-licence.jpg"), "--staff", issuer)

    def _gathered(self, parent: str) -> None:
        self._awaited(parent, "各部分都已决定，结果汇集到收件窗口", state="P_CONCLUDED")
        self.until("结果都已制发", lambda: {one["state"] for one in self._shown(parent)["parts"]} == {"DELIVERING"})
        self._counter("gather", parent, "--staff", "A01")

    def _answers(self, parent: str) -> dict[str, int]:
        given = [part["answer"] for part in self._shown(parent)["parts"] if part["answer"]]
        return {answer: given.count(answer) for answer in given}

    def _awaited(self, parent: str, what: str, state: str = "", **parts: str) -> None:
        def true() -> bool:
            shown = self._shown(parent)
            found = {part["part"]: part["state"] for part in shown.get("parts", ())}
            reached = all(found.get(part) == wanted for part, wanted in parts.items())
            return "parts" in shown and reached and state in ("", shown["state"])

        self.until(what, true)

    def _shown(self, parent: str) -> Answer:
        """The parent as its window knows it; without parts as long as it does not."""
        return self.say(WINDOW, "window", "parts", parent, fails=True)

    def _counter(self, *words: str) -> Answer:
        return self.say(WINDOW, "window", *words)

    def _desk(self, node: Node, *words: str) -> Answer:
        self.tell(f"{node.title}：{_DONE[words[0]]}")
        return self.say(node, "dept", *words)

    def _people(self, node: Node) -> tuple[str, str, str]:
        return _STAFF.get(node.name, (CLERK, HEAD, CLERK))

    def _written(self, name: str, words: str) -> str:
        file = self.papers / name
        file.write_text(words, encoding="utf-8")
        return str(file)
