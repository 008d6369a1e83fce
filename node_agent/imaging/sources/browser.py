"""Frames that a page in the browser took and sends: what a canvas gives, as a data URL, or the bytes themselves.

Invariants: a frame is bounded before it is decoded; the type that the page claims is never believed; names are ours.
"""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from crypto.refusal import Refusal
from node_agent.imaging.check import MAX_BYTES
from node_agent.imaging.sources.frame import Frame, frame_of, refused

HEADS: Final = ("data:image/jpeg;base64,", "data:image/png;base64,")
RULE: Final = "A04"


@dataclass(frozen=True)
class BrowserFrames:
    """``sent``: data URLs or bytes, in the order of the pages."""

    sent: Sequence[str | bytes]

    def frames(self) -> Iterator[Frame]:
        """As ``Source``; a frame that is no picture says so when it is read."""
        for number, one in enumerate(self.sent, start=1):
            name = f"frame-{number:03}"
            try:
                data = decoded(one) if isinstance(one, str) else bytes(one)
            except Refusal as refusal:
                yield refused(name, refusal)
            else:
                yield frame_of(name, data)


def decoded(url: str) -> bytes:
    """The bytes in a data URL of a picture. Refusals PAGE_TOO_LARGE, FRAME_FORMAT."""
    head = next((head for head in HEADS if url.startswith(head)), None)
    if head is None:
        raise Refusal("FRAME_FORMAT", RULE)
    if len(url) > len(head) + -(-MAX_BYTES // 3) * 4:
        raise Refusal("PAGE_TOO_LARGE", RULE, bytes=len(url) * 3 // 4, limit=MAX_BYTES)
    try:
        return base64.b64decode(url[len(head) :].encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Refusal("FRAME_FORMAT", RULE) from error
