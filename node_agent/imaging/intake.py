"""One page taken in: whole, judged, laid flat, committed to (A04; DA/T 31-2017).

Taking in goes through these steps; the code carries the same numbers:
1. the bytes are one whole page (``check``)
2. the verdict (``quality.verdict``); the same shot a second time and an unregistered device are findings too
3. a page that was laid flat or straight is encoded anew; the camera's own frame stays beside it, byte for byte
4. commitments to the tiles of what is shown, under a fresh salt

Invariants: nothing that has a name is written here; a page that was straight and flat is kept as it came.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace

from crypto.refusal import Refusal
from crypto.sealing import SALT_SIZE
from node_agent.imaging.aside import Aside, Held
from node_agent.imaging.check import PageFacts
from node_agent.imaging.devices import Device
from node_agent.imaging.picture import decode, encode_jpeg
from node_agent.imaging.quality import rules
from node_agent.imaging.quality.verdict import Finding, Verdict, judge
from node_agent.imaging.redaction.tiles import root_of_page

JPEG = "image/jpeg"


@dataclass(frozen=True)
class TakenPage:
    """``data``: the page as it will be shown; ``camera``: the frame as it came, when that is another; both lie aside,
    so that a stack of sheets is not held in memory.

    ``shot``: digest of the frame; ``salt``, ``tiles``: of the commitments to ``data``.
    """

    data: Held
    media_type: str
    camera: Held | None
    camera_type: str
    shot: str
    device: Device
    verdict: Verdict
    salt: bytes
    tiles: str

    def refusals(self) -> list[Refusal]:
        """What keeps the page out."""
        return [finding.refusal() for finding in self.verdict.stops]


def take(
    facts: PageFacts,
    data: bytes,
    *,
    paper: str = rules.AUTO,
    device: Device | None = None,
    before: Collection[str] = (),
    aside: Aside,
) -> TakenPage:
    """A page that passed ``check.read_page`` (1). ``before``: digests of the shots already taken for the same material;
    ``aside``: where it waits until it is kept.

    Refusals PAPER_UNKNOWN, DRAFT_UNWRITABLE.
    """
    from_device = device or Device()
    verdict = judge(data, paper)  # 2
    more: list[Finding] = []
    if facts.sha256 in before:
        more.append(Finding("PAGE_TWICE", True))
    if not from_device.registered:
        more.append(Finding("PAGE_DEVICE", False))
    verdict = replace(verdict, findings=(*verdict.findings, *more))
    shown, media_type = data, facts.media_type
    if verdict.corrected is not None:  # 3
        shown, media_type = encode_jpeg(verdict.corrected), JPEG
    salt = secrets.token_bytes(SALT_SIZE)  # 4
    return TakenPage(
        data=aside.put(shown),
        media_type=media_type,
        camera=None if shown is data else aside.put(data),
        camera_type="" if shown is data else facts.media_type,
        shot=facts.sha256,
        device=from_device,
        verdict=replace(verdict, corrected=None),
        salt=salt,
        tiles=root_of_page(decode(shown), salt),
    )
