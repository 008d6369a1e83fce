"""Which values a page's boxes leave open, and why; which boxes lie over nothing personal.

NO_RULE: read as it is printed, and no rule took it for what it is; READ_WRONG: read otherwise; NOT_READ: no line was
read there; PARTLY: a part of it is covered; NOT_SEEN: a mark without words (face, signature, code).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hub.casework.masking.fields import Profile
from node_agent.imaging.finding.judged import Judged
from node_agent.imaging.finding.layout import plain
from node_agent.imaging.reading.lines import Box, Reading, on_the_page_given
from tests.labelled import score

MARKS = frozenset({"FACE", "SIGNATURE", "FINGERPRINT", "CODE"})
PART, READ = 0.2, 0.5


def why_missed(
    page: Mapping[str, Any], missed: Sequence[str], boxes: Sequence[Box], reading: Reading
) -> list[dict[str, Any]]:
    """Each value that is not covered, and why; of the set ``apart`` only its kind."""
    told, left = [], list(missed)
    read = "".join(bare(line.text) for line in reading.lines)
    lines = [on_the_page_given(line.box, reading) for line in reading.lines]
    for value in page["values"]:
        name = f"{value['kind']} {value['text']}"
        if name not in left or covered_share(_around(value), boxes) >= 0.98:  # an alike value on the same page
            continue
        left.remove(name)
        why = _why(value, boxes, lines, read)
        told.append({"file": page["file"], "value": value["kind"] if page["set"] == "apart" else name, "why": why})
    return told


def _why(value: Mapping[str, Any], boxes: Sequence[Box], lines: Sequence[Box], read: str) -> str:
    place = _around(value)
    share = covered_share(place, boxes)
    if share > PART:
        return f"PARTLY {share:.2f}"
    if value["kind"] in MARKS:
        return "NOT_SEEN"
    if bare(value["text"]) in read:
        return "NO_RULE"
    return "READ_WRONG" if any(covered_share(place, [one]) > READ for one in lines) else "NOT_READ"


def needless(page: Mapping[str, Any], judged: Judged) -> list[dict[str, Any]]:
    """Boxes that lie over nothing personal, with the rule that made them."""
    covers = judged.covered(Profile.OUTSIDE)
    return [
        {
            "file": page["file"],
            "kind": covers[place].kind.value,
            "rule": covers[place].reason,
            "text": "" if page["set"] == "apart" else covers[place].text,
        }
        for place in score.needless(page, [one.box for one in covers])
    ]


def covered_share(place: Box, boxes: Sequence[Box]) -> float:
    """Share of a rectangle under the boxes."""
    left, top, right, bottom = place
    under = np.zeros((max(1, bottom - top), max(1, right - left)), np.uint8)
    for one in boxes:
        under[max(0, one[1] - top) : max(0, one[3] - top), max(0, one[0] - left) : max(0, one[2] - left)] = 1
    return float(under.mean())


def bare(text: str) -> str:
    """Without blanks and separators, full-width signs as plain ones."""
    return re.sub(r"[\s.,·\-]", "", plain(text))


def _around(value: Mapping[str, Any]) -> Box:
    across, down = [int(point[0]) for point in value["quad"]], [int(point[1]) for point in value["quad"]]
    return min(across), min(down), max(across), max(down)
