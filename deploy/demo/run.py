"""``yidi demo``: a case of 12 pages from a window in Chongqing to a department in Jiangxi, its result back by post;
then 多地联办 over three regions and 一件事 of five departments (``deploy.demo.parents``), then what deadlines do
(``deploy.demo.deadlines``).

Everything is done by the commands that staff would type, as processes of their own against the running stack; the
auditor's part runs without network where the system allows it. The stack's state is thrown away at the end.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.rule import Rule

from crypto.refusal import Refusal
from deploy.demo import deadlines, parents
from deploy.demo.post import CarrierDesk
from deploy.service import write_private
from deploy.stack.layout import AUDITOR, DEPARTMENT, WINDOW, Node
from deploy.stack.stack import Stack

HERE = Path(__file__).parent
PATIENCE = 60.0
console = Console()


def run_demo(out: Path, keep: bool) -> bool:
    """Run it; True when the package is VALID and every attack was found. Products are written to ``out``."""
    began = time.monotonic()
    root = Path(tempfile.mkdtemp(prefix="yidi-demo-"))
    root.chmod(0o711)
    stack = Stack(root)
    out.mkdir(parents=True, exist_ok=True)
    try:
        console.print(Rule("驿递演示：重庆江津 → 江西东湖，结果寄回"))
        stack.up(lambda text: console.print(f"[dim]{_seconds(began)} {text}[/dim]"))
        with ThreadPoolExecutor(1) as beside:  # the departments of the later stories join meanwhile
            joined = beside.submit(parents.join, stack)
            case = Story(stack, out).tell()
            good = audit(stack, case, out)
            joined.result()
        good = families(stack, root, out) and good
        good = days_pass(stack, root, out) and good
    finally:
        if not keep:
            parents.leave(stack)
        if keep:
            console.print(f"演示环境仍在运行，状态在 {root}；停止：yidi down --root {root}")
        else:
            stack.kill()
            shutil.rmtree(root, ignore_errors=True)
    console.print(Rule(f"{'完成' if good else '有不符之处'}，用时 {_seconds(began)}"))
    return good


class Story:
    """The case, act by act."""

    def __init__(self, stack: Stack, out: Path) -> None:
        self._stack = stack
        self._out = out

    def tell(self) -> str:
        """From the window to the proven delivery; the case id."""
        console.print(Rule("一 收件地窗口：查事项、扫描、检查、封装", align="left"))
        _until("窗口核验目录快照", lambda: self._window("snapshot", fails=True).get("ok"))
        sealed = self._window(
            "collect", str(HERE / "pages.json"), "--form", str(HERE / "form.json"), "--staff", "A01",
            "--no-classified", "--signed", "--notice",
        )  # fmt: skip
        case = str(sealed["case"])
        receipt = self._out / "collection-receipt.pdf"
        write_private(receipt, Path(str(sealed["receipt"])).read_bytes())  # it holds the applicant's secret
        words = f"查询号 {sealed['public_no']}　校验码 {sealed['check_code']}\n凭证 {receipt}"
        console.print(Panel(words, title="收件凭证", expand=False))

        console.print(Rule("二 受理地部门：自动取件、逐项验证、签收；写明用途后开卷", align="left"))
        _until("部门代理取件、核验、签收", lambda: self._state(DEPARTMENT, case) == "PENDING_ACCEPT")
        self._dept("写明用途，开卷", "open", case, "--purpose", "受理审查", "--staff", "B01")
        self._dept("材料移交部门业务系统", "handover", case, "--purpose", "移交业务系统", "--staff", "B01")
        self._dept("受理", "accept", case, "--staff", "B01")
        self._dept("准予许可", "decide", case, "--grant", "--staff", "B02")
        result = HERE / json.loads((HERE / "pages.json").read_text())["result"]["file"]
        self._dept("证照签发、封装", "issue", case, str(result), "--staff", "B03")

        console.print(Rule("三 寄递：网关只见收件地址，承运方送达，达到凭证等级才结案", align="left"))
        self._dept("证照交寄", "post", case, "--staff", "B03")
        desk = CarrierDesk(self._stack)
        _until("网关拆封地址、向承运方出单，快件送达", lambda: desk.play() > 0)
        _until("送达凭证达到等级，结案", lambda: self._state(WINDOW, case) == "CLOSED")
        return case

    def _window(self, *arguments: str, fails: bool = False) -> Mapping[str, object]:
        return yidi("window", *arguments, home=self._stack.layout.agent(WINDOW), fails=fails)

    def _dept(self, done: str, *arguments: str) -> Mapping[str, object]:
        answer = yidi("dept", *arguments, home=self._stack.layout.agent(DEPARTMENT))
        console.print(f"  ✓ {done}")
        return answer

    def _state(self, node: Node, case: str) -> str:
        group = "dept" if node is DEPARTMENT else "window"
        answer = yidi(group, "show", case, home=self._stack.layout.agent(node), fails=True)
        return str(answer.get("state", ""))


def audit(stack: Stack, case: str, out: Path) -> bool:
    """The auditor's part: export, then everything else offline on the file alone."""
    console.print(Rule("四 审计：只凭一个文件和预置公钥，离线验证", align="left"))
    home = stack.layout.agent(AUDITOR)
    package, pins = out / "evidence.zip", out / "pins.json"
    yidi("audit", "export", case, "-o", str(package), home=home)
    shutil.copyfile(home / "pins.json", pins)
    steps = (
        ("custody", str(package)),
        ("clocks", str(package), "--pins", str(pins)),
        ("access", str(package)),
        ("verify", str(package), "--pins", str(pins)),
        ("attacks", str(package), "--pins", str(pins)),
    )
    codes = [offline(*step) for step in steps]
    return not any(codes)


def families(stack: Stack, root: Path, out: Path) -> bool:
    """The stories of parents, and whether their packages and those of two children are VALID."""

    def say(node: Node, *words: str, fails: bool = False) -> Mapping[str, object]:
        home = stack.layout.agent(node)
        return parents.looked(home, words[-1]) if fails else yidi(*words, home=home)

    scenes = parents.Scenes(say, _until, root, parents.at_once, lambda text: console.print(f"  ✓ {text}"))
    console.print(Rule("五 多地联办：三个地区一次申请，一部分在特别程序中，一个出口", align="left"))
    baths = scenes.baths()
    console.print(Rule("六 一件事：我要开餐馆，五个部门，一次告知，一个出口，一次评价", align="left"))
    restaurant = scenes.restaurant()
    console.print(Rule("七 审计：联办件和它的部分，各凭一个文件离线验证", align="left"))
    wanted = {
        "baths": baths.parent,
        "baths-paused": baths.children["P3"],
        "restaurant": restaurant.parent,
        "restaurant-after": restaurant.children["P4"],
    }
    found = [_valid(stack, case, out / f"{name}.zip", out / "pins.json") for name, case in wanted.items()]
    return all(found)


def days_pass(stack: Stack, root: Path, out: Path) -> bool:
    """What deadlines do, the last story: afterwards the hubs' clock runs ahead. Whether its packages are VALID."""

    def say(node: Node, *words: str, fails: bool = False) -> Mapping[str, object]:
        return yidi(*words, home=stack.layout.agent(node), fails=fails)

    scenes = deadlines.Deadlines(say, _until, root)
    console.print(Rule("八 期限：容缺与补交、现场踏勘与延长；一个部门没有答复", align="left"))
    cases = scenes.today()
    deadlines.let_days_pass(stack)
    console.print(f"  ✓ 演示时钟拨快 {deadlines.DAYS} 天，枢纽继续运行")
    scenes.days_later(cases)
    found = [_valid(stack, case, out / f"{name}.zip", out / "pins.json") for name, case in vars(cases).items()]
    return all(found)


def _valid(stack: Stack, case: str, package: Path, pins: Path) -> bool:
    yidi("audit", "export", case, "-o", str(package), home=stack.layout.agent(AUDITOR))
    return offline("verify", str(package), "--pins", str(pins)) == 0


def _until(what: str, done: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            raise Refusal("DEMO_STUCK", "demo", waiting_for=what)
        time.sleep(0.3)
    console.print(f"  ✓ {what}")


def yidi(*arguments: str, home: Path, fails: bool = False) -> dict[str, object]:
    """A ``yidi`` command with ``--json``; its answer. Refusal DEMO_COMMAND unless ``fails`` is allowed."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy", *arguments, "--json", "--home", str(home)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and not fails:
        console.print(done.stdout[-2000:], done.stderr[-2000:])
        raise Refusal("DEMO_COMMAND", "demo", command=" ".join(arguments[:2]), exit=done.returncode)
    try:
        answer: dict[str, object] = json.loads(done.stdout)
    except ValueError:
        return {}
    return answer


def offline(*arguments: str) -> int:
    """A ``yidi audit`` command in a process without network, where the system lets us make one; its exit code."""
    command = [sys.executable, "-m", "deploy", "audit", *arguments]
    return subprocess.run([*_without_network(), *command], check=False).returncode


def _without_network() -> Sequence[str]:
    """A prefix that takes the network away: a network namespace of its own, where the system allows it."""
    unshare = shutil.which("unshare")
    for options in (("-n",), ("-r", "-n")):
        prefix = [unshare or "unshare", *options]
        if unshare and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
            return prefix
    console.print("[yellow]本机不允许建立无网络的进程，验证器仍只读这两个文件[/yellow]")
    return ()


def _seconds(began: float) -> str:
    return f"{time.monotonic() - began:.1f} 秒"
