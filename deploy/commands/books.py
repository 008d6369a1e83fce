"""``yidi audit fsck``: the hub's books held against each other, on the hub's machine, by its operator.

Invariants:
- settings are those of a hub process (``YIDI_HUB_…``), or of the one-machine stack in ``--root``; no secret is printed;
- nothing is changed; a hub may go on working meanwhile;
- exit codes: 0 the books agree, 1 they do not, 3 the check could not be begun or finished.
"""

from collections import Counter
from dataclasses import asdict
from pathlib import Path

import typer
from pydantic import ValidationError
from rich.markup import escape
from rich.table import Table

from crypto.refusal import Refusal
from deploy.commands.shared import common
from deploy.stack.stack import Stack
from hub.casework.messages.books import BOOKS
from hub.server.settings import HubSettings, from_environment, from_variables
from hub.server.wiring import open_s3
from hub.services.fsck import BookFinding, Books, Counts, Grade
from storage.database import Database
from storage.tilestore import TileStore

UNFINISHED = 3
SHOWN_MOST = 200
RULE = "promise 3; promise 5"
COUNTED = {
    "leaves": "日志记录",
    "registry": "其中登记记录",
    "checkpoint": "检查点覆盖",
    "tiles": "日志块",
    "cases": "办件",
    "inbox": "收件箱条目",
    "objects": "封装",
    "object_bytes": "读出字节",
}


def fsck(root: Path | None, deep: bool, as_json: bool) -> None:
    """Check, show everything found, end with the fitting exit code."""
    try:
        settings = _settings(root)
        books = _open(settings)
        try:
            found, counts = _run(books, deep, as_json)
        finally:
            books.database.dispose()
    except Refusal as refusal:
        common.show_refusal(refusal, as_json)
        raise typer.Exit(UNFINISHED) from refusal
    errors = sum(count for (_, grade), count in found.items() if grade is Grade.ERROR)
    value = {
        "ok": not errors,
        "errors": errors,
        "notes": sum(found.values()) - errors,
        "codes": {code: count for (code, _), count in sorted(found.items())},
        "counts": asdict(counts),
        "findings": [{**one.as_object(), "text": BOOKS[one.code]} for one in found.kept],
    }
    table = Table(title="核对了什么", title_justify="left")
    for name in ("账目", "数量"):
        table.add_column(name)
    for name, words in COUNTED.items():
        table.add_row(words, str(value["counts"][name]))  # type: ignore[index]  # asdict is a dict
    verdict = "[green]账目相符[/green]" if not errors else f"[red]账目不符：{errors} 处[/red]"
    common.show(value, as_json, *(_line(one) for one in found.kept), table, f"{verdict}；供参考 {value['notes']} 项")
    if errors:
        raise typer.Exit(common.EXIT_REFUSED)


class _Found(Counter[tuple[str, Grade]]):
    """How many of each code; the first ``SHOWN_MOST`` of each are kept whole, so memory stays flat."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[BookFinding] = []

    def add(self, one: BookFinding) -> None:
        """Count and keep."""
        self[one.code, one.grade] += 1
        if self[one.code, one.grade] <= SHOWN_MOST:
            self.kept.append(one)


def _run(books: Books, deep: bool, as_json: bool) -> tuple[_Found, Counts]:
    found, counts = _Found(), Counts()
    with common.bar(as_json) as progress:
        progress.add_task("核对账目", total=None)
        for one in books.check(counts, deep=deep):
            found.add(one)
    return found, counts


def _settings(root: Path | None) -> HubSettings:
    """Settings of the hub in ``root``, or of this process's environment. Refusal HUB_SETTINGS_MISSING."""
    if root is not None and not (root / "hub" / "pins.json").exists():
        raise Refusal("HUB_SETTINGS_MISSING", RULE, root=root.name)
    try:
        return from_environment() if root is None else from_variables(Stack(root).hub().environment)
    except ValidationError as error:
        missing = ",".join(str(problem["loc"][0]) for problem in error.errors())
        raise Refusal("HUB_SETTINGS_MISSING", RULE, settings=missing) from error


def _open(settings: HubSettings) -> Books:
    pins, stores = settings.read_pins(), open_s3(settings)
    database = Database(settings.database_url.get_secret_value(), pool_size=2)
    tiles = TileStore(stores(settings.s3_log), f"{pins.origin}/")
    return Books(database, tiles, stores(settings.s3_documents), pins)


def _line(one: BookFinding) -> str:
    colour = "red" if one.grade is Grade.ERROR else "dim"
    detail = f"（{escape(one.detail)}）" if one.detail else ""
    return f"[{colour}]•[/] {BOOKS[one.code]} — {escape(one.where)}{detail} [dim]{one.code}[/dim]"
