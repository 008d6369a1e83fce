"""What the auditor reads: a package from a file or exported now, and the pins that are trusted."""

from pathlib import Path
from typing import Annotated

import typer

from crypto.evidence.pins import Pins, read_pins
from crypto.refusal import Refusal
from node_agent.process.runtime import open_agent

RULE = "users.md C; promise 4"
AnyHome = Annotated[
    Path | None,
    typer.Option("--home", envvar="YIDI_AGENT_HOME", help="本节点的文件夹；只核验文件时不需要", file_okay=False),
]
PinsFile = Annotated[
    Path | None, typer.Option("--pins", help="约定的密钥文件；不给则用本节点文件夹里的 pins.json", dir_okay=False)
]
Package = Annotated[Path, typer.Argument(metavar="FILE", help="证据包（zip）")]
Target = Annotated[str, typer.Argument(metavar="FILE|CASE", help="证据包文件，或者办件编号、查询号、办件标识")]


def is_file(target: str) -> bool:
    """Whether a target is a file, not the name of a case."""
    return Path(target).is_file()


def bytes_of(path: Path) -> bytes:
    """A file's bytes. Refusal FILE_UNREADABLE."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refusal("FILE_UNREADABLE", RULE, file=path.name, problem=error.strerror or "") from error


def package_of(target: str, home: Path | None) -> bytes:
    """The package in a file, or exported now from the hub."""
    if is_file(target):
        return bytes_of(Path(target))
    agent = open_agent(require_home(home), attempts=3)
    try:
        return agent.hub.export_evidence(target)
    finally:
        agent.close()


def pins_of(path: Path | None, home: Path | None) -> Pins:
    """What the auditor trusts: a file, or the pins of the node in ``home``. Refusals PINS_MISSING, PINS_FORMAT."""
    chosen = path or (home / "pins.json" if home else None)
    if chosen is None or not chosen.is_file():
        raise Refusal("PINS_MISSING", RULE, file=chosen.name if chosen else "")
    return read_pins(bytes_of(chosen))


def require_home(home: Path | None) -> Path:
    """The node's folder. Refusal HOME_MISSING."""
    if home is None or not home.is_dir():
        raise Refusal("HOME_MISSING", RULE)
    return home
