"""``yidi dept masked`` and ``yidi dept field``: masked pages and single fields for somebody outside, with openings that
an auditor checks."""

import errno
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer

from crypto.refusal import Refusal
from deploy.commands.shared.common import AsJson, Home, Staff, WaitSeconds, agent_at, answered, show
from node_agent import acts
from node_agent.department import disclosing
from node_agent.department.disclosing import RULE, Files
from node_agent.known.casemirror import resolve
from node_agent.process.runtime import Agent
from node_agent.transfer import opening
from node_agent.transfer.opening import OpenedCase

app = typer.Typer()
Case = Annotated[str, typer.Argument(help="办件编号、查询号或者办件标识")]
Purpose = Annotated[str, typer.Option("--purpose", help="查看用途，将登记在案")]
Out = Annotated[Path, typer.Option("--out", help="写到这个文件夹", file_okay=False)]


@app.command()
def masked(
    case: Case,
    line: Annotated[str, typer.Argument(help="材料行或者材料编号；补正材料前加 S1-、S2-")],
    home: Home,
    staff: Staff,
    purpose: Purpose,
    out: Out,
    page: Annotated[int, typer.Argument(help="页码，从 1 数起；不写则整份材料，另附一份 PDF", min=0)] = 0,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """对外提供遮盖件，附核验材料；先登记用途。整份提供的，有一页没有遮盖件就一页也不提供。"""
    with agent_at(home, as_json) as agent:
        require_unused(out)
        opened = _opened(agent, case, staff, purpose, wait, as_json)
        made = disclosing.masked_page(opened, line, page) if page else disclosing.masked_line(opened, line)
        files = give(made, out)
        show({"ok": True, "files": files}, as_json, *(f"已写到 {file}" for file in files))


@app.command("field")
def field_opening(
    case: Case,
    home: Home,
    staff: Staff,
    purpose: Purpose,
    out: Out,
    fields: Annotated[
        list[str] | None, typer.Argument(help="申请表的项目，如 /applicant/name；不写则只列出项目")
    ] = None,
    wait: WaitSeconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """对外出示申请表里的几项，其余各项不出示；附核验材料，先登记用途。"""
    with agent_at(home, as_json) as agent:
        require_unused(out)
        opened = _opened(agent, case, staff, purpose, wait, as_json)
        if not fields:
            paths = disclosing.fields_of(opened)
            show({"ok": True, "fields": paths, "files": []}, as_json, *paths)
            return
        files = give(disclosing.form_fields(opened, set(fields)), out)
        show({"ok": True, "fields": fields, "files": files}, as_json, *(f"已写到 {file}" for file in files))


def require_unused(out: Path) -> None:
    """One folder, one handing over: what lies there of another would go out with it. Refusals OUT_USED,
    OUT_UNWRITABLE (a name that no folder can have, or one that may not be looked into)."""
    try:
        used = out.is_symlink() or out.exists() and not (out.is_dir() and not any(out.iterdir()))
    except OSError as error:
        raise Refusal("OUT_UNWRITABLE", RULE, problem=error.strerror or "") from error
    if used:
        raise Refusal("OUT_USED", RULE, folder=out.name)


def give(files: Files, out: Path) -> list[str]:
    """Write what is handed over, all of it or nothing, for the owner's eyes; the files' paths.

    Refusals OUT_USED, OUT_UNWRITABLE; nothing of an earlier handing over is touched.
    """
    require_unused(out)
    try:
        return _given(files, out)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST) and out.exists():  # else it is a file that it should lie in
            raise Refusal("OUT_USED", RULE, folder=out.name) from error
        raise Refusal("OUT_UNWRITABLE", RULE, problem=error.strerror or "") from error


def _given(files: Files, out: Path) -> list[str]:
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(mkdtemp(dir=out.parent, prefix=".masked-"))
    try:
        for name, data in files.items():
            path = draft / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(data)
            path.chmod(0o600)
        draft.replace(out)  # commit point: onto nothing or an empty folder, else the system refuses
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return [str(out / name) for name in files]


def _opened(agent: Agent, case: str, staff: str, purpose: str, wait: float, as_json: bool) -> OpenedCase:
    return opening.open_case(
        agent,
        resolve(agent, case),
        staff,
        acts.role_of(agent, staff, opening.READERS),
        purpose,
        answered=answered(agent, wait, as_json),
    )
