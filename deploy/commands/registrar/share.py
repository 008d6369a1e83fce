"""``yidi registrar share``: the secret by which windows find an applicant again, to each window that lacks it, and its
exchange for a new one (A22)."""

from typing import Annotated

import typer
from rich.table import Table

from deploy.commands.registrar.administrators import SYSTEM
from deploy.commands.registrar.seat import Seat, seated
from deploy.registrar.sharing import retire, share_out

app = typer.Typer(no_args_is_help=True)


@app.command("share")
@seated(SYSTEM)
def share(
    seat: Seat,
    anew: Annotated[bool, typer.Option("--new", help="换发新的一代；旧的一代继续有效，直到停用")] = False,
) -> None:
    """发放申请人代码密钥：给还没有的收件窗口和网上入口各发一份，只有它们能打开，枢纽打不开。

    新建的单机环境已自动发放。增加窗口或者更换窗口密钥后运行一次；怀疑密钥外泄时用 --new 换发：
    新旧两代同时比对，先前的收件仍能核出，旧的一代用 share-end 停用。
    """
    with seat.hub() as client:
        made = share_out(seat.registrar, seat.directory, client, anew=anew)
    table = Table("节点", "代次", "日志", title=f"发放 {len(made)} 份")
    for one in made:
        table.add_row(one.node.rsplit("/", 1)[1], str(one.generation), str(one.index))
    seat.show({"ok": True, "shared": [vars(one) for one in made]}, table)


@app.command("share-end")
@seated(SYSTEM)
def share_end(seat: Seat) -> None:
    """停用两代申请人代码密钥中旧的一代：此后不再按它比对。

    只带旧代码的办件从此核不出重复收件、失信承诺，旧材料也不能复用：请等换发以前的收件办结后再停用。
    换发以后一直断网的窗口，待发队列里的收件只带旧代码，停用以后照常收下，同样核不出：停用前请各窗口联网发完队列。
    """
    with seat.hub() as client:
        generation, index = retire(seat.registrar, seat.directory, client)
    value = {"ok": True, "generation": generation, "index": index}
    seat.show(value, f"已停用第 {generation} 代申请人代码密钥，日志第 {index} 条")
