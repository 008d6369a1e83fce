"""``yidi registrar share``: the secret by which windows find an applicant again, to each window that lacks it (A22)."""

import typer
from rich.table import Table

from deploy.commands.registrar.administrators import SYSTEM, Officer
from deploy.commands.registrar.main import HOME, Hub, HubName, RegistrarHome, registry_at
from deploy.commands.shared.common import AsJson, show
from deploy.registrar.sharing import share_out
from deploy.registrar.voice import hub_client

app = typer.Typer(no_args_is_help=True)


@app.command("share")
def share(
    officer: Officer = "", home: RegistrarHome = HOME, hub: Hub = "", hub_name: HubName = "", as_json: AsJson = False
) -> None:
    """发放申请人代码密钥：给还没有的收件窗口和网上入口各发一份，只有它们能打开，枢纽打不开。

    新建的系统不自动发放：发放以前不核对重复收件和失信承诺，旧材料也不能复用。建好后运行一次；
    增加窗口或者更换窗口密钥后再运行一次。
    """
    with registry_at(home, hub, hub_name, as_json, SYSTEM, officer) as (registrar, directory, address):
        with hub_client(registrar, address, hub_name) as client:
            made = share_out(registrar, directory, client)
        table = Table("节点", "日志", title=f"发放 {len(made)} 份")
        for node, index in made:
            table.add_row(node.rsplit("/", 1)[1], str(index))
        show({"ok": True, "shared": [{"node": node, "index": index} for node, index in made]}, as_json, table)
