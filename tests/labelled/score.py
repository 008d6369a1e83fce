"""How well boxes cover labelled values: recall by kind, precision by box.

A value counts as found when at least 90 % of its pixels are covered by the union of the boxes. A box counts as right
when a fifth of it or more lies over labelled values. Official seals are no values and no errors.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Box = tuple[int, int, int, int]
NUMBERS = frozenset({"CITIZEN_ID", "PHONE", "BANK_CARD", "PASSPORT", "PERMIT", "PLATE", "EMAIL", "BIRTH"})
COVERED, RIGHT = 0.9, 0.2


@dataclass
class Score:
    """Counts of values and boxes."""

    values: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    boxes: int = 0
    right: int = 0
    pages: int = 0

    def add(self, other: "Score") -> None:
        """Another page."""
        self.values += other.values
        self.found += other.found
        self.boxes += other.boxes
        self.right += other.right
        self.pages += other.pages

    def report(self) -> dict[str, Any]:
        """Shares by kind, for numbers, for names and addresses, and in all."""
        kinds = sorted(self.values)
        return {
            "pages": self.pages,
            "recall": {kind: self._share([kind]) for kind in kinds},
            "recall_numbers": self._share([kind for kind in kinds if kind in NUMBERS]),
            "recall_names": self._share(["NAME"]),
            "recall_addresses": self._share(["ADDRESS"]),
            "recall_all": self._share(kinds),
            "values": sum(self.values.values()),
            "precision": round(self.right / self.boxes, 4) if self.boxes else None,
            "boxes": self.boxes,
        }

    def _share(self, kinds: Sequence[str]) -> float | None:
        values = sum(self.values[kind] for kind in kinds)
        return round(sum(self.found[kind] for kind in kinds) / values, 4) if values else None


def score_page(page: Mapping[str, Any], boxes: Sequence[Box]) -> tuple[Score, list[str]]:
    """Counts of one page, and which values were missed."""
    size = (int(page["height"]), int(page["width"]))
    cover, truth = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for left, top, right, bottom in boxes:
        cover[top:bottom, left:right] = 1
    score, missed = Score(pages=1), []
    for value in page["values"]:
        own = np.zeros(size, np.uint8)
        cv2.fillPoly(own, [np.array(value["quad"], np.float64).round().astype(np.int32)], 1)
        truth |= own
        whole = int(own.sum())
        score.values[value["kind"]] += 1
        if whole and int((own & cover).sum()) >= COVERED * whole:
            score.found[value["kind"]] += 1
        else:
            missed.append(f"{value['kind']} {value['text']}")
    score.boxes = len(boxes)
    score.right = sum(_is_right(truth, box) for box in boxes)
    return score, missed


def needless(page: Mapping[str, Any], boxes: Sequence[Box]) -> list[int]:
    """Which boxes lie over nothing that is labelled."""
    truth = np.zeros((int(page["height"]), int(page["width"])), np.uint8)
    for value in page["values"]:
        cv2.fillPoly(truth, [np.array(value["quad"], np.float64).round().astype(np.int32)], 1)
    return [place for place, box in enumerate(boxes) if not _is_right(truth, box)]


def _is_right(truth: npt.NDArray[np.uint8], box: Box) -> bool:
    left, top, right, bottom = box
    part = truth[top:bottom, left:right]
    return bool(part.size and float(part.mean()) >= RIGHT)
