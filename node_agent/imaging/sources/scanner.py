"""Scanners through SANE's own program (``scanimage``): flat-bed and feeder, any maker whose driver the machine has.

Invariants: SANE is no part of the product: without it there is a refusal and every other source works; a scan is
bounded in time and pages; sheets lie in a folder of mode 0700 only while they are taken over, and are erased then.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from re import fullmatch
from typing import Final

from crypto.refusal import Refusal
from node_agent.imaging.check import read_page
from node_agent.imaging.sources.frame import Frame, frame_of, refused

PROGRAM: Final = "scanimage"
FOLDER: Final = "yidi-scan-"
"""Beginning of the name of the folder of a scan under way; housekeeping erases what a kill leaves."""
MOST_SHEETS: Final = 200
SHEET_SECONDS: Final = 60
FEEDER_EMPTY: Final = 7
"""SANE_STATUS_NO_DOCS: what the program ends with when the feeder has no sheet left."""
RULE: Final = "A04; DA/T 31-2017"


@dataclass(frozen=True)
class Scanner:
    """``device``: SANE's name; ``dpi``; ``feeder``: SANE's name of the feeder, empty for the plate; ``sheets``: at
    most.

    ``options``: further options of the driver, each one word.
    """

    device: str
    dpi: int = 200
    feeder: str = ""
    sheets: int = MOST_SHEETS
    options: tuple[str, ...] = ()

    def frames(self) -> Iterator[Frame]:
        """One sheet from the plate, or all from the feeder. Refusals SCANNER_MISSING, SCANNER_NAME, SCANNER_FAILED."""
        program = shutil.which(PROGRAM)
        if program is None:
            raise Refusal("SCANNER_MISSING", RULE)
        if fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.:/@=+-]{0,120}", self.device) is None:
            raise Refusal("SCANNER_NAME", RULE)
        most = min(self.sheets, MOST_SHEETS) if self.feeder else 1
        with tempfile.TemporaryDirectory(prefix=FOLDER) as folder:
            line = [
                program, "-d", self.device, "--format=png", f"--resolution={self.dpi}", "--mode=Color",
                *self.options, f"--batch={folder}/%04d.png", f"--batch-count={most}",
            ]  # fmt: skip
            if self.feeder:
                line.append(f"--source={self.feeder}")
            _run(line, most)
            for path in sorted(Path(folder).glob("*.png")):
                yield _frame(path)


def devices() -> list[str]:
    """SANE's names of the scanners that answer now. Refusal SCANNER_MISSING."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise Refusal("SCANNER_MISSING", RULE)
    done = subprocess.run(
        [program, "--formatted-device-list=%d%n"], capture_output=True, text=True, timeout=SHEET_SECONDS, check=False
    )
    return [line for line in done.stdout.splitlines() if line]


def _run(line: list[str], most: int) -> None:
    try:
        done = subprocess.run(line, capture_output=True, timeout=SHEET_SECONDS * most, check=False)
    except (subprocess.TimeoutExpired, OSError) as error:
        raise Refusal("SCANNER_FAILED", RULE) from error
    if done.returncode not in (0, FEEDER_EMPTY):
        raise Refusal("SCANNER_FAILED", RULE, status=done.returncode)


def _frame(path: Path) -> Frame:
    try:
        _, data = read_page(path)
    except Refusal as refusal:
        return refused(f"scan-{path.name}", refusal)
    return frame_of(f"scan-{path.name}", data)
