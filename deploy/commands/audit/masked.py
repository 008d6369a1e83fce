"""``yidi audit masked`` and ``yidi audit field``: what somebody outside was shown, checked offline against the sealing.

Invariants: nothing but the files handed over is needed, neither network nor key; with the evidence package of the case
beside them, the sealing is checked too: who made it, when, and that it is the one in the log.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from crypto.evidence import read
from crypto.evidence.report import Verdict
from crypto.manifest import SEALING_EVENTS
from crypto.refusal import Refusal
from crypto.statement import read_signed
from deploy.commands.audit.sources import AnyHome, PinsFile, bytes_of, pins_of
from deploy.commands.shared.common import AsJson, minute, refusals, show
from node_agent.auditor.__main__ import STATUS
from node_agent.auditor.verify import audit
from node_agent.department.disclosing import FIELDS, MANIFEST, MASKED, OPENING, RULE, check_form_fields

app = typer.Typer()
Folder = Annotated[Path, typer.Argument(help="收到的文件夹", exists=True, file_okay=False)]
PackageFile = Annotated[
    Path | None, typer.Option("--package", help="这一件的证据包，一并核验封存本身", exists=True, dir_okay=False)
]


@app.command()
def masked(
    folder: Folder, package: PackageFile = None, pins: PinsFile = None, home: AnyHome = None, as_json: AsJson = False
) -> None:
    """核验遮盖件：确是封存的那一页，除声明的框以外一个像素也没有改；不用联网，不用密钥。"""
    from node_agent.imaging.redaction.disclosure import check  # here, not above: OpenCV is slow to load

    with refusals(as_json):
        seen = check(*_files(folder, MANIFEST, OPENING, MASKED))
        sealed = _sealed(seen.manifest, package, pins, home)
        rows = [("材料行", seen.line), ("页码", str(seen.page)), ("遮盖框", str(len(seen.boxes)))]
        table = _table("遮盖件与封存的页面一致", seen.case, seen.manifest, rows, sealed)
        boxes = [[box.x, box.y, box.width, box.height] for box in seen.boxes]
    show({"ok": _ok(sealed), **{**seen.__dict__, "boxes": boxes}, **sealed}, as_json, table)
    _end(sealed)


@app.command("field")
def check_field(
    folder: Folder, package: PackageFile = None, pins: PinsFile = None, home: AnyHome = None, as_json: AsJson = False
) -> None:
    """核验申请表里出示的几项：确是封存的申请表所写；不用联网，不用密钥。"""
    with refusals(as_json):
        seen = check_form_fields(*_files(folder, MANIFEST, FIELDS))
        sealed = _sealed(seen.manifest, package, pins, home)
        rows = [(path, str(value)) for path, value in seen.values.items()]
        table = _table("出示的各项与封存的申请表一致", seen.case, seen.manifest, rows, sealed)
    show({"ok": _ok(sealed), **{**seen.__dict__, "values": dict(seen.values)}, **sealed}, as_json, table)
    _end(sealed)


# --- pieces ------------------------------------------------------------------------------------------------------


def _files(folder: Path, *names: str) -> list[bytes]:
    """What was handed over. Refusal OPENING_FORMAT."""
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise Refusal("OPENING_FORMAT", RULE, file=",".join(missing))
    return [bytes_of(folder / name) for name in names]


def _sealed(manifest: str, package: Path | None, pins: Path | None, home: Path | None) -> dict[str, str]:
    """Who sealed this manifest and when, and the verdict on the package; empty without one. Refusal
    OPENING_OTHER_CASE."""
    if package is None:
        return {}
    data = bytes_of(package)
    for told in read.readable(read.read(data).leaves):
        statement = read_signed(told.envelope)
        if statement.type in SEALING_EVENTS and statement.body.get("manifest") == manifest:
            verdict = audit(data, pins_of(pins, home)).verdict.value
            by = statement.actor.person or statement.actor.node
            return {"verdict": verdict, "sealed_by": by, "sealed_at": told.recorded_at}
    raise Refusal("OPENING_OTHER_CASE", RULE, manifest=manifest)


def _table(title: str, case: str, manifest: str, rows: list[tuple[str, str]], sealed: dict[str, str]) -> Table:
    table = Table("项目", "内容", show_header=False, title=title)
    for label, text in (("办件标识", case), *rows):
        table.add_row(label, text)
    if sealed:
        table.add_row("封存人", sealed["sealed_by"].rsplit("/", 1)[-1])
        table.add_row("封存登记时间", minute(sealed["sealed_at"]))
        table.add_row("证据包核验", sealed["verdict"])
    else:
        table.add_row("清单摘要（与封存声明核对）", manifest)
    return table


def _ok(sealed: dict[str, str]) -> bool:
    return not sealed or sealed["verdict"] == Verdict.VALID.value


def _end(sealed: dict[str, str]) -> None:
    """The exit status is that of the package, where there is one."""
    if not _ok(sealed):
        raise typer.Exit(STATUS[Verdict(sealed["verdict"])])
