"""Who sits at the registrar's desk (H11): system and security administrators, each with an own key.

Invariants: where the registrar has administrators of a kind, its commands of that kind ask for one of them, and his key
signs; audit administrators have no command here; without an officer nothing is done that needs one (default no).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from crypto import administrators, identity
from crypto.administrators import SECURITY as SECURITY
from crypto.administrators import SYSTEM as SYSTEM
from crypto.directory import Directory
from crypto.keystore import Signer, SoftwareKeystore
from crypto.refusal import Refusal
from deploy.registrar.registrar import Officer as Sitting
from deploy.registrar.registrar import Registrar

Officer = Annotated[
    str,
    typer.Option("--officer", envvar="YIDI_OFFICER", help="管理员工号：系统管理员管登记和配置，安全管理员管授权和吊销"),
]


@contextmanager
def sitting(registrar: Registrar, directory: Directory, role: str | None, officer: str) -> Iterator[None]:
    """The administrator with this staff code acts in ``role``; None: a look that changes nothing.

    Refusals ADMINISTRATOR_MISSING (nobody named, or another kind), PERSON_UNKNOWN_HERE.
    """
    if role is None:
        yield
        return
    known = {record.subject: record for record in directory.administrators(role)}
    if not known and not officer:
        yield  # the region is being founded: the registrar's key alone counts
        return
    person = identity.person_id(registrar.node, officer) if officer else ""
    if person not in known:
        raise Refusal("ADMINISTRATOR_MISSING", administrators.RULE, role=role, type="registrar")
    key = _key(registrar.node_home, officer, person)
    if known[person].keys["sign"].public != key.public:
        raise Refusal("PERSON_UNKNOWN_HERE", administrators.RULE, person=person)
    registrar.officer = Sitting(person, role, key)
    try:
        yield
    finally:
        registrar.officer = None


def _key(home: Path, officer: str, person: str) -> Signer:
    store = SoftwareKeystore(home / "persons" / officer)
    if "sign" not in store.labels():
        raise Refusal("PERSON_UNKNOWN_HERE", administrators.RULE, person=person)
    return store.signer("sign")
