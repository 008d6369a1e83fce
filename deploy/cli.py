"""The ``yidi`` command: the one-machine stack, the demonstration, and the commands of the three user groups.

Invariant: what one command needs is loaded when that command runs; staff wait for no other user group's libraries.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup
from typer.main import get_group

from deploy.commands.shared.common import AsJson, Home, refusals, show
from deploy.commands.shared.usage import InChinese, guarded, speak_chinese

if TYPE_CHECKING:
    from deploy.stack.stack import Stack

speak_chinese()
app = typer.Typer(
    cls=InChinese,
    help="驿递 Yidi:收受分离办件的签名交接。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
GROUPS = (
    ("window", "异地通办专窗：查事项、扫描、检查、封装、查办件"),
    ("portal", "网上入口：接收网上申请和请求、查看办件"),
    ("dept", "受理部门：待办、开卷、受理、决定、出件、寄出"),
    ("coord", "统筹：待改派、改派、退回窗口"),
    ("catalogue", "事项清单：检查、导入、导出、比较、情形、一件事"),
    ("keys", "节点密钥：换钥、查看状态、登记本机、恢复密钥解围"),
    ("registrar", "登记机构：发登记口令、吊销、查有效登记、换发枢纽证书"),
    ("audit", "审计：导出证据包、离线验证、交接表、时限、谁看过"),
    ("figures", "统计：业务量、用时、按时率、台账、年度定稿"),
    ("exchange", "交换：导出平台数据表、对账、业务系统接口"),
)
Root = Annotated[Path, typer.Option("--root", envvar="YIDI_ROOT", help="单机环境的状态目录")]
console = Console()


MODULES = {
    "window": (
        *("main", "cases", "paper", "voices", "parents", "materials", "imaging", "assist", "fees", "outward"),
        *("survey", "shift"),
    ),
    "dept": (
        *("main", "refusals", "review", "sections", "paper", "cards", "parents", "materials", "data", "masked"),
        *("powers", "publication"),
    ),
    "audit": ("main", "course", "masked", "anomalies", "sample"),
    "figures": ("main", "plan"),
    "registrar": ("main", "publish", "share", "sharing"),
    "coord": ("main", "paper", "cards", "region", "in_place", "parents"),
}
"""A group that is a folder: its modules with commands, the daily ones first. Any other group is one module."""


def _later(name: str) -> type[TyperGroup]:
    """A group whose commands are those of ``app`` in its modules; imported up to the one that has the command."""

    class Later(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            for module in [f"{name}.{one}" for one in MODULES.get(name, ())] or [name]:
                self.commands = {**self.commands, **get_group(import_module(f"deploy.commands.{module}").app).commands}
                if args and args[0] in self.commands:
                    break
            return super().parse_args(ctx, args)

    return Later


for _name, _text in GROUPS:
    _group = typer.Typer(cls=_later(_name), no_args_is_help=True)
    app.add_typer(_group, name=_name, help=_text)


@app.command()
def query(
    public_no: Annotated[str, typer.Argument(help="12 位查询号")],
    home: Home,
    code_file: Annotated[
        Path | None, typer.Option("--check-code-file", help="校验码所在文件；不写则现场输入", dir_okay=False)
    ] = None,
    code_fd: Annotated[int | None, typer.Option("--check-code-fd", help="从这个已打开的描述符读校验码")] = None,
    as_json: AsJson = False,
) -> None:
    """查询办件：凭查询号和校验码，看办到哪一步、谁在办、接下来怎么办。"""
    from deploy.commands.window.query import ask

    ask(public_no, home, code_file, code_fd, as_json)


@app.command()
def selftest(
    home: Home,
    to: Annotated[str, typer.Option("--to", help="还要核对的另一单位：短名或完整节点标识")] = "",
    as_json: AsJson = False,
) -> None:
    """联通自检：枢纽应答、时钟、证书、登记、清单、存储上传下载；不留下任何材料或记录，有一项不通即退出码 1。"""
    from deploy.commands.selftest import run

    run(home, to, as_json)


@app.command()
def up(
    root: Root = Path(".yidi"),
    hubs: Annotated[int | None, typer.Option("--hubs", help="枢纽进程数（1 至 16），会记住；初次为 2")] = None,
    as_json: AsJson = False,
) -> None:
    """启动单机环境（首次启动会建立日志、登记机构、发布清单）；状态都在一个目录里。"""
    with refusals(as_json):
        stack = _stack(root)
        with console.status("正在启动…", spinner="dots"):
            stack.up(lambda text: console.log(text) if not as_json else None, hubs)
        show({"ok": True, "services": stack.status()}, as_json, _status_table(stack), _next_steps(stack))


@app.command()
def restart(root: Root = Path(".yidi"), as_json: AsJson = False) -> None:
    """逐个重启枢纽进程：任何时刻都有一个在办，窗口和部门不受影响。"""
    with refusals(as_json):
        stack = _stack(root)
        with console.status("正在逐个重启…", spinner="dots"):
            stack.restart_hubs(lambda text: console.log(text) if not as_json else None)
        show({"ok": True, "services": stack.status()}, as_json, _status_table(stack))


@app.command()
def down(root: Root = Path(".yidi"), as_json: AsJson = False) -> None:
    """停止单机环境；什么也不会丢，再次 up 接着用。"""
    with refusals(as_json):
        stack = _stack(root)
        with console.status("正在停止…", spinner="dots"):
            stack.down()
        show({"ok": True, "services": stack.status()}, as_json, "已停止，状态保留在 " + str(root))


@app.command()
def status(root: Root = Path(".yidi"), as_json: AsJson = False) -> None:
    """各进程是否在运行。"""
    with refusals(as_json):
        stack = _stack(root)
        show({"ok": True, "services": stack.status()}, as_json, _status_table(stack))


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="证据包等产物写到哪里")] = Path("demo-out"),
    keep: Annotated[bool, typer.Option("--keep", help="结束后不删除演示环境的状态目录")] = False,
) -> None:
    """演示：12 页材料从重庆窗口到江西部门，结果寄回，审计离线验证，十四种篡改逐一被发现。"""
    from deploy.demo.run import run_demo

    with refusals(False):
        if not run_demo(out, keep):
            raise typer.Exit(1)


def _stack(root: Path) -> "Stack":
    from deploy.stack.stack import Stack

    return Stack(root)


def _status_table(stack: "Stack") -> Table:
    table = Table(title="单机环境", title_justify="left")
    for name in ("进程", "状态", "日志"):
        table.add_column(name)
    for service in stack.services():
        table.add_row(service.name, "运行中" if service.running() else "未运行", str(service.log_file))
    return table


def _next_steps(stack: "Stack") -> str:
    from deploy.stack.layout import WINDOW

    window_home = stack.layout.agent(WINDOW)
    return (
        "试试看：\n"
        f"  yidi window items 食品 --home {window_home}\n"
        f"  yidi window collect --help\n"
        "  yidi dept queue --home …；yidi audit --help"
    )


def main() -> None:
    """The ``yidi`` command."""
    guarded(app)
