"""The registrar's seat: the options that every registrar command takes, and what it gets for them.

Invariants:
- what is shown or decided rests on the registrar's own replay of the registry leaves, not on the hub's word;
- where there are administrators, an act asks for the right one (H11): system for registration, keys and settings,
  security for revocation and permissions; looking is free to both.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from crypto.directory import Directory
from crypto.records import KeyRecord
from crypto.refusal import Refusal
from crypto.statement import Envelope
from deploy.commands.registrar.administrators import Officer, sitting
from deploy.commands.shared import common
from deploy.commands.shared.common import AsJson, refusals
from deploy.registrar.desk import RegistrarDesk
from deploy.registrar.registrar import RULE, Registrar
from deploy.registrar.voice import hub_client, submit
from deploy.stack.layout import Layout
from node_agent.client.enrolment import RegistryDoor
from node_agent.client.hub import HubClient

RegistrarHome = Annotated[
    Path,
    typer.Option("--home", envvar="YIDI_REGISTRAR_HOME", help="登记机构的文件夹", exists=True, file_okay=False),
]
Hub = Annotated[str, typer.Option("--hub", envvar="YIDI_HUB", help="枢纽地址 主机:端口；单机环境可以不填")]
HubName = Annotated[str, typer.Option("--hub-name", help="枢纽证书上的名称，与主机名不同时填写")]
HOME = Path(".yidi/registrar")


@dataclass(frozen=True)
class Seat:
    """``directory`` as the registrar replayed it now; ``address`` of the hub, whose certificate names ``hub_name``."""

    registrar: Registrar
    directory: Directory
    address: str
    hub_name: str
    as_json: bool

    def hub(self) -> AbstractContextManager[HubClient]:
        """The hub's door for statements."""
        return hub_client(self.registrar, self.address, self.hub_name)

    def submit(self, envelope: Envelope, attachments: Sequence[bytes] = ()) -> int:
        """Index of the statement in the log. Refusals of the hub."""
        with self.hub() as client:
            return submit(client, envelope, tuple(attachments))

    def record(self, name: str) -> KeyRecord:
        """The one valid record whose subject is ``name`` or ends in it. Refusal SUBJECT_UNKNOWN."""
        found = [one for one in self.directory.records() if one.subject == name or one.subject.endswith(f"/{name}")]
        if len(found) != 1:
            raise Refusal("SUBJECT_UNKNOWN", RULE, subject=name)
        return found[0]

    def show(self, value: Mapping[str, object], *parts: RenderableType) -> None:
        """The answer, for people or for programs."""
        common.show(value, self.as_json, *parts)


def _looking(home: RegistrarHome = HOME, hub: Hub = "", hub_name: HubName = "", as_json: AsJson = False) -> None: ...


def _acting(
    officer: Officer = "", home: RegistrarHome = HOME, hub: Hub = "", hub_name: HubName = "", as_json: AsJson = False
) -> None: ...


def seated(role: str | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a command of a function whose first parameter is its ``Seat``: behind its own options come those of every
    registrar command. ``role``: of the administrator who has to act (H11), None for a look. Refusals inside are shown.
    """

    def made(command: Callable[..., None]) -> Callable[..., None]:
        given = inspect.signature(_acting if role else _looking).parameters
        own = list(inspect.signature(command).parameters.values())[1:]

        @wraps(command)
        def run(*, home: Path, hub: str, hub_name: str, as_json: bool, officer: str = "", **options: object) -> None:
            with registry_at(home, hub, hub_name, as_json, role, officer) as (registrar, directory, address):
                command(Seat(registrar, directory, address, hub_name, as_json), **options)

        members = [*own, *given.values()]
        run.__signature__ = inspect.Signature(members)  # type: ignore[attr-defined]  # what typer reads
        run.__annotations__ = {one.name: one.annotation for one in members}
        return run

    return made


@contextmanager
def registry_at(
    home: Path, hub: str, hub_name: str, as_json: bool, role: str | None = None, officer: str = ""
) -> Iterator[tuple[Registrar, Directory, str]]:
    """The registrar, the directory as it replayed it now, and the hub's address; refusals inside are shown.

    ``role``: of the administrator who has to act (H11), None for a look; ``officer``: his staff code.
    """
    with refusals(as_json):
        registrar, address = registrar_in(home), hub or _stack_hub(home)
        registrar.keep_certified()
        with RegistryDoor.open(address, registrar.authority_pem, *registrar.node_tls(), hub_name) as door:
            desk = RegistrarDesk(registrar, door)
            desk.catch_up()
        with sitting(registrar, desk.directory, role, officer):
            yield registrar, desk.directory, address


def registrar_in(home: Path) -> Registrar:
    """The registrar whose folder this is. Refusal HOME_MISSING."""
    if not (home / "registrar.json").exists():
        raise Refusal("HOME_MISSING", RULE, folder=home.name)
    return Registrar(home)


def _stack_hub(home: Path) -> str:
    """The hub of the one-machine stack that this folder belongs to."""
    layout = Layout(home.absolute().parent)
    if not (layout.root / "ports.json").exists():
        raise typer.BadParameter("请写明枢纽地址", param_hint="--hub")
    return f"127.0.0.1:{layout.ports()['hub']}"
