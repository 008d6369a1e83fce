"""Acts off the straight path, with a clock in the hand: supplements, bounces, re-routing.

Invariants: acts are signed and go the way of all submissions (``world.CaseWork``); a case is only where the law let it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crypto import checkcode
from crypto.log import leaf as leaves
from crypto.refusal import Refusal
from crypto.sealing import PART_SIZE
from crypto.statement import read_signed
from hub.casework.casefile import CaseFile
from hub.services.batch import Placed
from hub.services.intake import Submission
from hub.services.objects import ObjectService
from hub.services.timers import Timers
from storage.object_rows import PinnedRow
from storage.objectstore_s3 import S3ObjectStore
from storage.transfer import TransferClient
from tests.integration.casework import CaseWork
from tests.integration.cast import DEPARTMENT, GATEWAY, OTHER_DEPARTMENT, OTHER_WINDOW, RECOVERY, WINDOW
from tests.integration.sealings import Sealed, seal_pages
from tests.integration.world import World

COORDINATOR = "jiangxi-tongchou"
CODE = "246813"
MONDAY = "2026-11-23T09:30:00.000+08:00"


class HandClock:
    """Legal time that stands until a test moves it."""

    def __init__(self, at: str = MONDAY) -> None:
        self.at = at

    def __call__(self) -> str:
        return self.at


@dataclass
class Detour:
    """A world with a coordinator and a clock in the hand; its cases leave the straight path."""

    world: World
    clock: HandClock

    @classmethod
    def begin(cls, url: str) -> "Detour":
        clock = HandClock()
        world = World(url, clock)
        world.enrol(COORDINATOR, "360000000000", "coordinator", K01="COORDINATOR", K02="COORDINATOR_LEAD")
        return cls(world, clock)

    def timers(self) -> Timers:
        """The timers of the world's own hub process."""
        return Timers(self.world.database, self.world.sequencer, self.clock)

    def strike(self, at: str) -> bool:
        """Time passes, and the one that watches the clocks looks once."""
        self.clock.at = at
        with self.world.database.holding(7415003) as held:
            assert held is not None
            return self.timers().round(held)

    def file(self, work: CaseWork) -> CaseFile:
        found = self.world.file(work.case)
        assert found is not None
        return found

    def events(self, work: CaseWork) -> list[str]:
        return [kind for kind, _ in self.told(work)]

    def told(self, work: CaseWork) -> list[tuple[str, int]]:
        """(event, index) of all leaves of the case."""
        with self.world.database.reading() as reading:
            rows = reading.log.of_case(work.case)
        return [(statement_type(row.leaf), row.index) for row in rows]

    def seen(self, name: str, work: CaseWork, after: int = 0) -> list[tuple[int, int]]:
        """(position, index) of what a node's inbox holds of the case, in order of delivery."""
        with self.world.database.reading() as reading:
            rows = reading.log.inbox(self.world.members[name].subject, after, 10_000)
        return [(position, row.index) for position, row in rows if row.case_id == work.case]

    def wake_at(self, work: CaseWork) -> str | None:
        with self.world.database.reading() as reading:
            row = reading.cases.find(work.case)
        assert row is not None
        return row.wake_at

    # --- acts ------------------------------------------------------------------------------------------------

    def sealed_with_code(self) -> CaseWork:
        """A case in PENDING_ACCEPT whose applicant holds ``CODE``."""
        work = self.world.open()
        seal = work.seal()
        work.do(replace(seal, check_code_hash=checkcode.slow_hash(work.public_no, CODE)), WINDOW)
        for recipient in (WINDOW, RECOVERY, GATEWAY, DEPARTMENT):
            work.do(work.wrap(recipient), WINDOW)
        work.do(work.delivered(), DEPARTMENT)
        return work

    def notice(self, work: CaseWork, materials: Sequence[str] = ("M02",)) -> Placed:
        """T16 by the acceptor D01."""
        body = {
            "lines": [{"material": one, "defect": "UNREADABLE"} for one in materials],
            "due": "2026-12-11",
            "methods": ["WINDOW"],
        }
        return work.do(Submission(work.act("supplement_notice", body, DEPARTMENT, "D01").encode()), DEPARTMENT)

    def addendum(self, work: CaseWork, by: str = OTHER_WINDOW, materials: Sequence[str] = ("M02",)) -> Sealed:
        """An addendum, in the store by its rows alone."""
        number = len(self.file(work).sealings_of("addendum")) + 1
        made = seal_pages(work.case, kind="addendum", revision=number, materials=materials)
        self.world.pin(made, by)
        return made

    def part(self, work: CaseWork, made: Sealed, by: str = OTHER_WINDOW, person: str = "W11") -> Submission:
        """T17 with an addendum."""
        materials = sorted({line.material for line in made.parsed.lines})
        body = {"manifest": made.digest, "materials": materials, "applicant_signed": True}
        return Submission(work.act("supplement_part", body, by, person).encode(), (made.manifest,))

    def bounce(self, work: CaseWork, reason: str = "OBJECT_DIGEST") -> Placed:
        """T12 by the department's machine."""
        body = {"manifest": work.application.digest, "reason": reason}
        return work.do(Submission(work.act("bounced", body, DEPARTMENT).encode()), DEPARTMENT)

    def resend(self, work: CaseWork) -> Submission:
        """T12R by the window's machine."""
        return Submission(work.act("resend", {"manifest": work.application.digest}, WINDOW).encode())

    def misroute(self, work: CaseWork) -> Placed:
        """T22 by the acceptor D01: another department, nobody in particular."""
        body = {"reason": "WRONG_DEPARTMENT"}
        return work.do(Submission(work.act("misrouted", body, DEPARTMENT, "D01").encode()), DEPARTMENT)

    def redirect(self, work: CaseWork, to: str = OTHER_DEPARTMENT) -> Placed:
        """T23 by the coordinator K01."""
        body = {"accepting_node": self.world.members[to].subject, "queue": "inbound"}
        return work.do(Submission(work.act("redirect", body, COORDINATOR, "K01").encode()), COORDINATOR)

    def delivered_by(self, work: CaseWork, node: str) -> Placed:
        """T10 by a department's machine."""
        body = {"manifest": work.application.digest}
        return work.do(Submission(work.act("delivered", body, node).encode()), node)


@dataclass
class Shelf:
    """Sealings of a detour in a real store, by the product's own way."""

    detour: Detour
    store: S3ObjectStore

    def __post_init__(self) -> None:
        self.objects = ObjectService(self.detour.world.database, self.store)
        self.transfer = TransferClient(attempts=2, longest_pause_s=0.01)

    def upload(self, sealed: Sealed, by: str = WINDOW) -> PinnedRow:
        """Begin, put all parts, complete. Refusals of the object service."""
        caller = self.detour.world.record(by)
        begun = self.objects.create_upload(caller, sealed.manifest)
        if begun.object is not None:
            return begun.object
        numbers = range(1, len(sealed.parsed.parts) + 1)
        for number, signed in self.objects.grant_parts(caller, begun.upload_id, list(numbers)):
            self.transfer.put_part(signed, sealed.ciphertext[(number - 1) * PART_SIZE : number * PART_SIZE])
        return self.objects.complete_upload(caller, begun.upload_id)

    def forwarded(self, page: bytes = b"page") -> CaseWork:
        """A case that lies in the store and is forwarded to the department."""
        work = self.detour.world.unpinned(page)
        self.upload(work.application)
        return work.to_forwarded()

    def may_fetch(self, name: str, work: CaseWork, digest: str) -> str:
        """OK, or the code with which a node's download is refused."""
        try:
            self.objects.grant_download(self.detour.world.record(name), work.case, digest)
        except Refusal as refusal:
            return refusal.code
        return "OK"


def statement_type(leaf: bytes) -> str:
    """Type of the statement in a leaf."""
    return read_signed(leaves.decode(leaf).envelope).type
