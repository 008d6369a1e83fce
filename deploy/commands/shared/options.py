"""Options and arguments that commands of several groups take, each said once.

Those of every command (``Home``, ``Staff``, ``AsJson``, ``WaitSeconds``) stand in ``common``.
"""

from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.shared.common import TEXT_FILE

CaseName = Annotated[str, typer.Argument(metavar="CASE", help="43 位办件编号、12 位查询号或办件标识")]
ParentName = Annotated[str, typer.Argument(metavar="CASE", help="联办件的标识或者 12 位查询号")]
KeptWords = Annotated[Path, typer.Option("--words", help=f"说明，留在本机，{TEXT_FILE}", exists=True, dir_okay=False)]
Delivery = Annotated[str, typer.Option("--delivery", help="送达方式：POST、COUNTER_COLLECT、COUNTER_DEPT、ELECTRONIC")]
