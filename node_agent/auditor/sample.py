"""A share of the collected evidence packages, drawn by a seed (users.md C7): fair, and drawn again by anybody.

Invariants: cases stand in the order of SHA-256(seed, NUL, case id) and the first ones are taken, so the same folder and
seed give the same cases, in any language; a package that says another case than its name is no package of that case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crypto import canonical
from crypto.evidence.pins import Pins
from crypto.evidence.report import Verdict
from crypto.refusal import Refusal
from node_agent.auditor.verify import audit

OTHER_CASE = "PACKAGE_OTHER_CASE"
RULE = "users.md C7"


@dataclass(frozen=True)
class Drawn:
    """One case of the sample. ``case_no``, ``public_no``: to hold it against the paper, empty where it is not told."""

    case: str
    verdict: Verdict
    codes: tuple[str, ...]
    case_no: str = ""
    public_no: str = ""

    def as_object(self) -> dict[str, object]:
        """JSON form."""
        return {**self.__dict__, "verdict": self.verdict.value, "codes": list(self.codes)}


def draw(folder: Path, percent: int, seed: str) -> tuple[int, Sequence[Path]]:
    """How many packages there are (``figures collect`` names each by its case), and the drawn ones: a share rounded up.

    Refusal SAMPLE_EMPTY.
    """
    found = sorted(folder.glob("*.zip"), key=lambda path: canonical.digest(f"{seed}\0{path.stem}".encode()))
    if not found:
        raise Refusal("SAMPLE_EMPTY", RULE, file=folder.name)
    return len(found), found[: -(-len(found) * percent // 100)]


def judged(path: Path, data: bytes, pins: Pins) -> Drawn:
    """The whole offline verification of one package."""
    report = audit(data, pins)
    codes = {finding.code for finding in report.findings}
    if report.evidence.case != path.stem:
        return Drawn(path.stem, Verdict.INVALID, tuple(sorted({*codes, OTHER_CASE})))
    numbers = (report.file.case_no, report.file.public_no) if report.file else ("", "")
    return Drawn(path.stem, report.verdict, tuple(sorted(codes)), *numbers)
