"""A parent of two places on the real hub: one sealing, two children, and the people who work on them.

``Family`` keeps one ``CaseWork`` for the parent and one for each part; acts are those of ``tests.integration.world``.
"""

import io
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from crypto import kem
from crypto import manifest as manifests
from crypto.identity import node_region
from crypto.manifest import LineFacts
from crypto.records import PublicKey
from crypto.sealing import PART_SIZE, Context, Sealer, new_data_key
from hub.casework.catalogue.model import load_catalogue
from hub.casework.parents import plan
from hub.casework.parents.share import form_line
from hub.services.intake import Submission
from tests.integration.casework import CaseWork
from tests.integration.cast import DEMO, DEPARTMENT, GATEWAY, ITEM, OTHER_DEPARTMENT, RECOVERY, REGION, WINDOW
from tests.integration.sealings import Sealed, catalogue_version, seal_pages
from tests.integration.world import World

OTHER_ITEM = "1136040390000403124000131001011"
OTHER_REGION = "360403000000"
PARTS = {"A": (ITEM, REGION, DEPARTMENT), "B": (OTHER_ITEM, OTHER_REGION, OTHER_DEPARTMENT)}
SERVES = {
    **{f"A-{code}": {"A": code} for code in ("M01", "M02", "M03", "M06", "M07")},
    "A-M04": {"A": "M04"},
    **{f"B-{code}": {"B": code} for code in ("M01", "M02", "M03")},
}
"""Which line is which part's material."""
STAFF = {
    "A": {"ACCEPTOR": "D01", "DECIDER": "D02", "ISSUER": "D03", "HEAD": "D04"},
    "B": {"ACCEPTOR": "X01", "DECIDER": "X02", "ISSUER": "X03", "HEAD": "X04"},
}
CATALOGUE = load_catalogue(json.loads((DEMO / "catalogue.json").read_text()))


def seal_family(parent: str, task_code: str) -> Sealed:
    """One page a line: every part's materials and form, and the address, each with a data key of its own."""
    names = [*SERVES, *(form_line(part) for part in PARTS), "ADDRESS"]
    out, keys = io.BytesIO(), {}
    sealer = Sealer(out)
    for name in names:
        keys[name, "full"] = new_data_key()
        sealer.add(keys[name, "full"], Context(parent, 1, name, 1, "full"), io.BytesIO(b"page"))
    made = manifests.build(
        sealer.finish(),
        [LineFacts(name, name.partition("@")[0], "SUBMIT", "B", "SEEN_RETURNED") for name in names],
        {(name, 1, "full"): "image/jpeg" for name in names},
        case=parent, revision=1, kind="application", task_code=task_code, catalogue=catalogue_version(),
        object_key=f"cases/{parent}/1/{secrets.token_hex(16)}", part_size=PART_SIZE,
    )  # fmt: skip
    return Sealed(made.encode(), out.getvalue(), keys)


@dataclass
class Family:
    """``after``: part B waits for these."""

    world: World
    after: Sequence[str] = ()
    partial: bool = False
    parent: CaseWork = field(init=False)
    children: dict[str, CaseWork] = field(init=False)
    body: dict[str, Any] = field(init=False)
    addenda: list[Sealed] = field(init=False, default_factory=list)
    _grants: dict[tuple[str, str], str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        case = secrets.token_hex(16)
        sealed = seal_family(case, plan.MULTI_PLACE)
        self.world.pin(sealed)
        self.parent = CaseWork(self.world, case, sealed)
        self.children = {part: CaseWork(self.world, secrets.token_hex(16), sealed) for part in PARTS}
        key = kem.generate_kem(kem.X25519)
        self.body = {
            "theme": "",
            "catalogue": catalogue_version(),
            "region": node_region(self.world.members[WINDOW].subject),
            "manifest": sealed.digest,
            "public_no": self.world.public_number(),
            "applicant_key": PublicKey(key.suite, key.public).as_object(),
            "delivery": "COUNTER_COLLECT",
            "partial_delivery": self.partial,
            "parts": [
                {"part": part, "case": self.children[part].case, "task_code": task, "region": region,
                 "mode": "PROXY_COLLECT", "after": list(self.after) if part == "B" else []}
                for part, (task, region, _) in PARTS.items()
            ],
            "serves": SERVES,
            "no_classified": True,
            "applicant_signed": True,
            "privacy_notice": True,
        }  # fmt: skip

    # --- the sitting at the window ---------------------------------------------------------------------------

    def seal_parent(self) -> Submission:
        """P1 by the collector."""
        envelope = self.parent.act("seal_parent", self.body, WINDOW, "W01")
        return Submission(envelope.encode(), (self.parent.application.manifest,))

    def seal_child(self, part: str, **changes: object) -> Submission:
        """T05 of a part, by the same person over the same sealing."""
        work, (task, region, _) = self.children[part], PARTS[part]
        members = plan.bond(self.body, self.parent.case, part, CATALOGUE)
        own = {name: self.body[name] for name in ("manifest", "applicant_key", "delivery", "catalogue")}
        work.public_no = work.public_no or self.world.public_number()
        body = own | members | {
            "task_code": task, "region": region, "public_no": work.public_no,
            "no_classified": True, "applicant_signed": True, "privacy_notice": True,
        }  # fmt: skip
        return Submission(work.act("seal", body | changes, WINDOW, "W01").encode(), (work.application.manifest,))

    def lines(self, part: str) -> tuple[str, ...]:
        """What a part's department may open."""
        own = tuple(line for line, served in SERVES.items() if part in served)
        return (*own, form_line(part), "ADDRESS")

    def wrap(self, part: str, lines: Sequence[str] = ()) -> Submission:
        """W1 on the child's chain; the packets bind the parent's sealing."""
        work, recipient = self.children[part], PARTS[part][2]
        packets = self.parent.packets(self.parent.application, recipient, lines or self.lines(part))
        return work.wrap(recipient, packets=packets)

    def collected(self) -> "Family":
        """All of it: parent, children, keys."""
        self.parent.do(self.seal_parent(), WINDOW)
        for part in PARTS:
            self.children[part].do(self.seal_child(part), WINDOW)
        for recipient in (WINDOW, RECOVERY, GATEWAY):
            self.parent.do(self.parent.wrap(recipient), WINDOW)
        for part in PARTS:
            self.children[part].do(self.wrap(part), WINDOW)
        return self

    # --- the departments -------------------------------------------------------------------------------------

    def at_department(self, part: str, event: str, role: str, chain: str = "custody", **body: object) -> None:
        """An act of the part's department, by the person there who has the role."""
        name, node = STAFF[part][role], PARTS[part][2]
        envelope = self.children[part].act(event, body, node, name, role=role, chain=chain)
        self.children[part].do(Submission(envelope.encode()), node)

    def delivered(self, part: str) -> None:
        """T10."""
        envelope = self.children[part].act("delivered", {"manifest": self.body["manifest"]}, PARTS[part][2])
        self.children[part].do(Submission(envelope.encode()), PARTS[part][2])

    def decided(self, part: str, outcome: str = "GRANT") -> None:
        """T14, T31, T33: accepted, decided, the result sealed."""
        self.at_department(part, "accept", "ACCEPTOR")
        refusal = {"reasons": "a" * 64, "appeal": "b" * 64} if outcome == "REFUSE" else {}
        self.at_department(part, "decide", "DECIDER", outcome=outcome, grant=self.grants[part, "DECIDE"], **refusal)
        self.issued(part)

    def issued(self, part: str) -> None:
        """T33."""
        work, (task, _, node) = self.children[part], PARTS[part]
        work.result = seal_pages(work.case, kind="result", revision=2, materials=("RESULT",), task_code=task)
        self.world.pin(work.result, node)
        body = {"manifest": work.result.digest, "grant": self.grants[part, "SEAL_USE"]}
        envelope = work.act("issue", body, node, STAFF[part]["ISSUER"])
        work.do(Submission(envelope.encode(), (work.result.manifest,)), node)

    @property
    def grants(self) -> dict[tuple[str, str], str]:
        """Grants of both departments, given once."""
        if not self._grants:
            for kind, code in (("DECIDE", "D02"), ("SEAL_USE", "D03")):
                self._grants["A", kind] = self.world.grants[kind]
                self._grants["B", kind] = self.world.grant(kind, f"X{code[1:]}", OTHER_DEPARTMENT, "X04")
        return self._grants

    def at_window(self, event: str, chain: str = "custody", **body: object) -> None:
        """An act of the window's clerk on the parent."""
        self.parent.do(Submission(self.parent.act(event, body, WINDOW, "W01", chain=chain).encode()), WINDOW)

    def gathered(self) -> None:
        """P8: all results lie at the exit."""
        results = [
            {"part": part, "manifest": work.result.digest} for part, work in self.children.items() if work.result
        ]
        self.at_window("results_gathered", results=results)

    def merged(self, lines: list[dict[str, str]]) -> None:
        """P2: the one notice, by the lead's acceptor."""
        due = (date.fromisoformat(self.world.clock()[:10]) + timedelta(days=20)).isoformat()
        body = {"lines": lines, "due": due, "methods": ["WINDOW"]}
        envelope = self.parent.act("merged_notice", body, DEPARTMENT, "D01", role="ACCEPTOR")
        self.parent.do(Submission(envelope.encode()), DEPARTMENT)

    def supplemented(self, part: str, materials: list[str]) -> None:
        """T17: handed in at the window, with keys for the part's department."""
        work = self.children[part]
        made = seal_pages(work.case, kind="addendum", materials=materials, task_code=PARTS[part][0])
        self.addenda.append(made)
        self.world.pin(made)
        body = {"manifest": made.digest, "materials": materials, "applicant_signed": True}
        envelope = work.act("supplement_part", body, WINDOW, "W01")
        work.do(Submission(envelope.encode(), (made.manifest,)), WINDOW)
        work.do(work.wrap(PARTS[part][2], sealed=made), WINDOW)

    def sealings(self) -> list[Sealed]:
        """All that was sealed."""
        results = [work.result for work in self.children.values() if work.result]
        return [self.parent.application, *results, *self.addenda]

    def state(self, name: str = "") -> str:
        """State of a part, or of the parent."""
        work = self.children[name] if name else self.parent
        file = self.world.file(work.case)
        return file.state.value if file else ""
