"""Makes the pages under docs/ that are made from code: the pictures of the states and the table of settings.

Invariant: a page is written only from what the code says today.
"""

import argparse
import sys
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from hub.casework.table import ROWS
from hub.server.settings import HubSettings
from node_agent.process.settings import AgentSettings
from tools import states_page
from tools.states_page import line

DOCS = Path(__file__).resolve().parent.parent / "docs"
SETTINGS = (HubSettings, AgentSettings)
COMMANDS = (
    ("YIDI_ROOT", "Path", "`.yidi`", "Folder of the one-machine stack (`yidi up`, `down`, `status`)."),
    ("YIDI_AGENT_HOME", "Path", "none", "Folder of the agent that a command works for (`--home`)."),
    ("YIDI_REGISTRAR_HOME", "Path", "`.yidi/registrar`", "Folder that the registrar's commands work for (`--home`)."),
    ("YIDI_HUB", "str", "none", "Address of the hub for the registrar's commands, host:port (`--hub`)."),
    ("YIDI_OFFICER", "str", "none", "Staff code of the administrator at the registrar's desk (`--officer`)."),
    ("YIDI_STAFF", "str", "none", "Staff code of the person who acts (`--staff`)."),
    ("YIDI_SHOW_FAULTS", "str", "none", "`1`: a fault of a command is shown with its stack trace."),
    ("YIDI_TEST_DATABASE_URL", "str", "none", "Tests run against this PostgreSQL instead of their own."),
    ("YIDI_TEST_S3_URL", "str", "none", "Tests run against this S3 server, with `YIDI_TEST_S3_KEY` and `_SECRET`."),
)
"""What commands and tests read from the environment: name, type, default, meaning."""
SETTINGS_HEAD = """# Settings

Made by `make docs` from the settings classes of hub and agent. Do not edit. Secrets come from files or the environment,
never from arguments.

| environment variable | type | default | meaning |
| --- | --- | --- | --- |
"""


def settings_page(classes: tuple[type[BaseSettings], ...]) -> str:
    """Markdown: one table, one row a setting, in the order of the classes."""
    return (
        SETTINGS_HEAD
        + "".join(
            line(
                (
                    f"`{(str(settings.model_config.get('env_prefix') or '') + name).upper()}`",
                    f"`{_type(field)}`",
                    _default(field),
                    field.description or "",
                )
            )
            for settings in classes
            for name, field in settings.model_fields.items()
        )
        + "".join(line((f"`{name}`", f"`{kind}`", default, meaning)) for name, kind, default, meaning in COMMANDS)
    )


def main() -> int:
    """Write the pages; with ``--check`` write nothing, and 1 when a page is not what the code says."""
    parser = argparse.ArgumentParser(description="make the pages under docs/ that come from code")
    parser.add_argument("--check", action="store_true", help="compare and write nothing")
    check = parser.parse_args().check
    pages = {"states.md": states_page.page(ROWS), "settings.md": settings_page(SETTINGS)}
    stale = [name for name, text in pages.items() if _current(DOCS / name) != text]
    for name in stale:
        if check:
            print(f"docs/{name} is not what the code says; run: make docs", file=sys.stderr)
        else:
            DOCS.mkdir(exist_ok=True)
            (DOCS / name).write_text(pages[name], encoding="utf-8")
    print(f"pages made from code: {', '.join(pages)}; {len(stale)} {'stale' if check else 'changed'}")
    return 1 if check and stale else 0


def _current(page: Path) -> str | None:
    return page.read_text(encoding="utf-8") if page.exists() else None


def _type(field: FieldInfo) -> str:
    kind = field.annotation
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "computed"
    return "none" if field.default is None or field.default == "" else f"`{field.default}`"


if __name__ == "__main__":
    raise SystemExit(main())
