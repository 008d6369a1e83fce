"""Document cameras that speak UVC, through V4L2: one shot each time that a frame is asked for.

Invariants: the largest picture that the camera offers is asked for; the first pictures after opening, in which the
camera still sets light and focus, are thrown away; the device is closed whatever happens.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import cv2
import numpy as np

from crypto.refusal import Refusal
from node_agent.imaging.picture import encode_jpeg
from node_agent.imaging.sources.frame import Frame, frame_of

LARGEST: Final = ((4160, 3120), (3664, 2744), (3264, 2448), (2592, 1944))
"""13, 10, 8 and 5 megapixels; what is smaller does not reach 200 dpi on A4 (DA/T 31-2017)."""
WARM_UP: Final = 6
QUALITY: Final = 95
RULE: Final = "A04; DA/T 31-2017"


class Lens(Protocol):
    """The part of ``cv2.VideoCapture`` that is used."""

    def isOpened(self) -> bool: ...
    def set(self, propId: int, value: float) -> bool: ...
    def get(self, propId: int) -> float: ...
    def read(self) -> tuple[bool, Any]: ...
    def release(self) -> None: ...


def open_lens(number: int) -> Lens:
    """The camera ``/dev/video<number>``."""
    return cv2.VideoCapture(number, cv2.CAP_V4L2)


@dataclass(frozen=True)
class Camera:
    """``number``: of the V4L2 device; ``shots``: frames to take."""

    number: int
    shots: int = 1
    opened: Callable[[int], Lens] = field(default=open_lens, repr=False)

    def frames(self) -> Iterator[Frame]:
        """One shot a frame. Refusals CAMERA_MISSING, CAMERA_SMALL, CAMERA_DARK (gives no picture)."""
        lens = self.opened(self.number)
        try:
            if not lens.isOpened():
                raise Refusal("CAMERA_MISSING", RULE, device=self.number)
            _largest(lens)
            for _ in range(WARM_UP):
                lens.read()
            for shot in range(1, self.shots + 1):
                done, picture = lens.read()
                if not done or picture is None:
                    raise Refusal("CAMERA_DARK", RULE, device=self.number)
                yield frame_of(f"shot-{shot:03}.jpg", encode_jpeg(np.asarray(picture, np.uint8), QUALITY))
        finally:
            lens.release()


def _largest(lens: Lens) -> None:
    """Ask for Motion JPEG (raw pictures of this size do not fit through USB 2) and the largest size that is given."""
    lens.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    for width, height in LARGEST:
        lens.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        lens.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        if (round(lens.get(cv2.CAP_PROP_FRAME_WIDTH)), round(lens.get(cv2.CAP_PROP_FRAME_HEIGHT))) == (width, height):
            return
    raise Refusal("CAMERA_SMALL", RULE)
