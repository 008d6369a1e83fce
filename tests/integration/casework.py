"""One case and the acts of the people who work on it, as signed submissions."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crypto import canonical, kem
from crypto.records import PublicKey
from crypto.refusal import Refusal
from crypto.sealing import KeyPacket, wrap_keys
from crypto.statement import CUSTODY, Actor, Envelope, Statement, sign
from hub.services.batch import Outcome, Placed
from hub.services.intake import Submission
from tests.integration.cast import DEPARTMENT, GATEWAY, ITEM, RECOVERY, REGION, WINDOW
from tests.integration.sealings import Sealed, catalogue_version, seal_pages

if TYPE_CHECKING:
    from tests.integration.world import World


@dataclass
class CaseWork:
    """One case and the acts of the people who work on it. Each act is a signed ``Submission``, not yet sent.

    ``head``: (seq, digest) that custody acts are made on; None asks the database each time.
    """

    world: "World"
    case: str
    application: Sealed
    head: tuple[int, str | None] | None = None
    result: Sealed | None = None
    parcel: str = field(default_factory=lambda: f"P{secrets.token_hex(8)}")
    public_no: str = ""

    def known_head(self) -> tuple[int, str | None]:
        """The head that the next act names."""
        if self.head is not None:
            return self.head
        file = self.world.file(self.case)
        return (file.seq, file.head) if file else (0, None)

    def act(
        self,
        event: str,
        body: Mapping[str, object],
        node: str,
        person: str | None = None,
        *,
        role: str = "",
        chain: str = CUSTODY,
        signers: Sequence[str] | None = None,
        **changes: object,
    ) -> Envelope:
        """A signed statement. ``changes`` replace members of the statement (seq, prev, occurred_at, case)."""
        world = self.world
        seq, digest = self.known_head()
        speaker = world.members[person or node]
        members: dict[str, object] = {
            "type": event,
            "case": self.case,
            "chain": chain,
            "seq": seq + 1 if chain == CUSTODY else None,
            "prev": digest,
            "actor": Actor(world.members[node].subject, speaker.subject if person else None, role or speaker.roles[0]),
            "occurred_at": world.clock(),
            "body": body,
        } | changes
        statement = Statement(**members)  # type: ignore[arg-type]  # names and types are those of Statement
        names = signers if signers is not None else [name for name in (person, node) if name]
        return sign(statement.payload(), [world.members[name].sign for name in names])

    def place(self, submission: Submission, caller: str) -> Outcome:
        """The outcome of a submission that ``caller`` sends alone; a refusal of the intake is an outcome too."""
        try:
            return self.world.place([self.world.examined(caller, submission)])[0]
        except Refusal as refusal:
            return refusal

    # --- the acts of the main path ---------------------------------------------------------------------------

    def seal_body(self) -> dict[str, object]:
        """What the window states in ``seal``."""
        self.public_no = self.public_no or self.world.public_number()
        key = kem.generate_kem(kem.X25519)
        return {
            "task_code": ITEM,
            "region": REGION,
            "catalogue": catalogue_version(),
            "manifest": self.application.digest,
            "public_no": self.public_no,
            "no_classified": True,
            "applicant_signed": True,
            "privacy_notice": True,
            "applicant_key": PublicKey(key.suite, key.public).as_object(),
            "delivery": "POST",
        }

    def seal(self, **changes: object) -> Submission:
        """T05 by the collector W01; ``changes`` replace members of the body."""
        envelope = self.act("seal", self.seal_body() | changes, WINDOW, "W01")
        return Submission(envelope.encode(), (self.application.manifest,))

    def packets(self, sealed: Sealed, recipient: str, lines: Sequence[str] = ()) -> tuple[KeyPacket, ...]:
        """Packets of a sealing (of some lines) for the recipient's keys as they are now."""
        member = self.world.members[recipient]
        assert member.kem is not None
        keys = {name: key for name, key in sealed.keys.items() if not lines or name[0] in lines}
        revision = sealed.parsed.revision
        return wrap_keys(self.case, revision, keys, member.subject, member.kem.suite, member.kem.public)

    def wrap(
        self,
        recipient: str,
        by: str = WINDOW,
        sealed: Sealed | None = None,
        lines: Sequence[str] = (),
        packets: tuple[KeyPacket, ...] = (),
    ) -> Submission:
        """W1: a node-signed wrap of a sealing's keys to one recipient. ``packets``: made before."""
        of = sealed or self.application
        if not packets:
            packets = self.packets(of, recipient, lines or (("ADDRESS",) if recipient == GATEWAY else ()))
        body = {
            "manifest": of.digest,
            "recipient": packets[0].recipient,
            "recipient_key": packets[0].recipient_key,
            "packets": [{"line": one.line, "rendition": one.rendition, "digest": one.digest} for one in packets],
        }
        return Submission(self.act("wrap", body, by, chain="keys").encode(), (), packets)

    def delivered(self) -> Submission:
        """T10 by the department's machine."""
        body = {"manifest": self.application.digest}
        return Submission(self.act("delivered", body, DEPARTMENT).encode())

    def open_document(self, purpose: str = "ACCEPT_REVIEW") -> Submission:
        """H02 by the acceptor D01."""
        body = {"manifest": self.application.digest, "purpose": purpose}
        return Submission(self.act("open_document", body, DEPARTMENT, "D01", chain="access").encode())

    def accept(self, person: str = "D01") -> Submission:
        """T14."""
        return Submission(self.act("accept", {}, DEPARTMENT, person).encode())

    def decide(self) -> Submission:
        """T31 by the decider D02."""
        body = {"outcome": "GRANT", "grant": self.world.grants["DECIDE"]}
        return Submission(self.act("decide", body, DEPARTMENT, "D02").encode())

    def issue(self) -> Submission:
        """T33 by the issuer D03; makes and pins the result where there is none yet."""
        if self.result is None:
            self.result = seal_pages(self.case, kind="result", revision=2, materials=("RESULT",))
            self.world.pin(self.result, DEPARTMENT)
        body = {"manifest": self.result.digest, "grant": self.world.grants["SEAL_USE"]}
        return Submission(self.act("issue", body, DEPARTMENT, "D03").encode(), (self.result.manifest,))

    def post(self) -> Submission:
        """D4 by the issuer D03."""
        body = {"parcel": self.parcel, "gateway": self.world.members[GATEWAY].subject}
        return Submission(self.act("post", body, DEPARTMENT, "D03").encode())

    def waybill(self) -> Submission:
        """D4 by the gateway."""
        body = {"parcel": self.parcel, "carrier": "simulator", "waybill_no": f"W{self.parcel}"}
        return Submission(self.act("waybill", body, GATEWAY, chain="tracking").encode())

    def tracked(self, status: str = "DELIVERED", level: int = 2) -> Submission:
        """D5 by the gateway: status and best proof so far."""
        body = {"parcel": self.parcel, "status": status, "proof_level": level}
        return Submission(self.act("parcel_event", body, GATEWAY, chain="tracking").encode())

    def withdraw(self, person: str = "W01") -> Submission:
        """T35 by the collecting window."""
        body = {"identity_checked": True, "paper": canonical.digest(b"paper")}
        return Submission(self.act("withdraw", body, WINDOW, person).encode())

    # --- stretches of the path -------------------------------------------------------------------------------

    def do(self, submission: Submission, caller: str) -> Placed:
        """Place one act that must be taken."""
        outcome = self.place(submission, caller)
        assert isinstance(outcome, Placed), outcome
        return outcome

    def to_forwarded(self, **said: object) -> "CaseWork":
        """Seal (and say ``said`` there) and wrap to window, recovery, gateway and department: the hub routes after the
        last."""
        self.do(self.seal(**said), WINDOW)
        for recipient in (WINDOW, RECOVERY, GATEWAY, DEPARTMENT):
            self.do(self.wrap(recipient), WINDOW)
        return self

    def to_pending(self) -> "CaseWork":
        """Forwarded and countersigned by the department."""
        self.to_forwarded().do(self.delivered(), DEPARTMENT)
        return self

    def to_closed(self) -> "CaseWork":
        """The whole main path."""
        return self.to_pending().to_closed_from_pending()

    def to_closed_from_pending(self) -> "CaseWork":
        """The rest of the main path."""
        self.do(self.open_document(), DEPARTMENT)
        self.do(self.accept(), DEPARTMENT)
        self.do(self.decide(), DEPARTMENT)
        self.do(self.issue(), DEPARTMENT)
        self.do(self.post(), DEPARTMENT)
        self.do(self.waybill(), GATEWAY)
        self.do(self.tracked(), GATEWAY)
        return self
