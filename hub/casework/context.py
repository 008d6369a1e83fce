"""What the law looks at besides the case file: the act, and the world at its position in the log.

Invariants: everything here can be rebuilt from leaves, published documents and the manifest, so hub and auditor
judge the same act by the same facts; no I/O behind these calls is visible to the law.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from crypto.directory import Directory
from crypto.manifest import Manifest
from crypto.records import Grant, KeyRecord
from crypto.refusal import Refusal
from crypto.sharing import Sharing
from crypto.statement import Statement
from hub.casework.catalogue.model import Catalogue
from hub.casework.time.calendar import WorkCalendar

if TYPE_CHECKING:
    from hub.casework.casefile import CaseFile

RULES_VERSION = "2026.11-9"


class Registry(Protocol):
    """The registry at the act's position (``crypto.directory.Directory`` bound to an epoch)."""

    def current(self, subject: str) -> KeyRecord: ...
    def grant(self, grant_id: str) -> Grant | None: ...
    def grants_of(self, kind: str, node: str, task_code: str, date: str) -> list[Grant]: ...
    def nodes(self, role: str) -> list[KeyRecord]: ...
    def sharing(self, sharing_id: str) -> Sharing | None: ...
    def shared(self, name: str, node: str) -> bool: ...


@dataclass(frozen=True)
class BoundRegistry:
    """The directory at one registry position: what ``Registry`` asks for, in hub, agents and audits alike."""

    directory: Directory
    epoch: int

    def current(self, subject: str) -> KeyRecord:
        """Valid record of a subject at the position. Refusals SUBJECT_UNKNOWN, KEY_REVOKED."""
        return self.directory.current(subject, self.epoch)

    def grant(self, grant_id: str) -> Grant | None:
        """The grant with this id, alive at the position."""
        return self.directory.grant(grant_id, self.epoch)

    def grants_of(self, kind: str, node: str, task_code: str, date: str) -> list[Grant]:
        """All grants of ``kind`` that staff of ``node`` have for the item on ISO ``date``, alive at the position."""
        return self.directory.grants_of(kind, node, task_code, date, self.epoch)

    def nodes(self, role: str) -> list[KeyRecord]:
        """Valid nodes with a role at the position."""
        return self.directory.nodes(role, self.epoch)

    def sharing(self, sharing_id: str) -> Sharing | None:
        """The data-sharing authorisation with this id, live at the position (H05)."""
        return self.directory.sharing.live(sharing_id, self.epoch)

    def shared(self, name: str, node: str) -> bool:
        """Whether the registrar had given the node this secret at the position, to a key that it has (A22)."""
        return bool(self.directory.shares_of(name, node, self.epoch))


@dataclass(frozen=True)
class Pinned:
    """A sealing whose object is in the store: its manifest and the pinned version (promise 5)."""

    digest: str
    manifest: Manifest
    version_id: str


@dataclass(frozen=True)
class World:
    """Facts at one position. ``pinned`` by manifest digest; ``hub``: the hub's own node id.

    ``kin``: another case by its id, as it stands now (states.md 8); None where other cases are not known: then what
    the hub told of them stands on the case's own chain.
    """

    registry: Registry
    catalogue: Catalogue
    calendar: WorkCalendar
    hub: str
    epoch: int
    pinned: Callable[[str], Pinned | None]
    catalogue_of: Callable[[str], Catalogue]
    kin: Callable[[str], "CaseFile | None"] | None = None


@dataclass(frozen=True)
class Act:
    """One statement with who signed it and the legal time (hub's ``recorded_at``, text in UTC+8).

    ``second``: the person whom the body names as ``second_person`` and who signed too.
    """

    statement: Statement
    digest: str
    recorded_at: str
    node: KeyRecord
    person: KeyRecord | None
    second: KeyRecord | None = None

    @property
    def at_portal(self) -> bool:
        """Whether the node is a portal (网上入口) and no counter (A02)."""
        return "portal" in self.node.roles and "window" not in self.node.roles

    @property
    def by_portal(self) -> bool:
        """Whether a portal speaks here on an applicant's order: it alone signs, nobody of its staff (A02)."""
        return self.at_portal and self.person is None

    @property
    def date(self) -> str:
        """Legal date, ISO, UTC+8."""
        return self.recorded_at[:10]

    @property
    def moment(self) -> datetime:
        """Legal time as a value."""
        return datetime.fromisoformat(self.recorded_at)

    def text(self, name: str) -> str:
        """A text member of the body. Refusal BODY_MEMBER."""
        return text_of(self.statement.body, name)


def text_of(body: Mapping[str, object], name: str) -> str:
    """A non-empty text member. Refusal BODY_MEMBER."""
    value = body.get(name)
    if not isinstance(value, str) or not value or len(value) > 4000:
        raise Refusal("BODY_MEMBER", "architecture: statement body", member=name)
    return value
