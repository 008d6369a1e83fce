"""Applicants of the demonstrations and the end-to-end tests: no real person can be hit.

Invariant: the region part of each number, 3601 01, means 市辖区 and is issued to nobody; names are invented. The first
three are those of the demonstration's papers, the others are counted up from them.
"""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
KNOWN: Final = (
    ("余知远", "360101199003070018"),
    ("林晚秋", "360101198512120023"),
    ("方小满", "36110120000229004X"),
)
MOST_A_DAY: Final = 998
_REGION: Final = "360101"
_FIRST_BORN: Final = date(1990, 3, 7)
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"


def person(number: int) -> dict[str, str]:
    """Name and citizen id of a test person, counted from 0."""
    if number < len(KNOWN):
        name, citizen_id = KNOWN[number]
        return {"name": name, "citizen_id": citizen_id}
    days, serial = divmod(number - len(KNOWN), MOST_A_DAY)
    born = _FIRST_BORN + timedelta(days)
    digits = f"{_REGION}{born:%Y%m%d}{serial + 2:03d}"  # 001 of the first day is the first person's
    check = _CHECKS[sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11]
    return {"name": f"演示申请人{number}", "citizen_id": digits + check}


def filled(number: int) -> dict[str, Any]:
    """The demonstration's form, filled in by this test person."""
    form: dict[str, Any] = json.loads((HERE / "form.json").read_text(encoding="utf-8"))
    return form | {"applicant": form["applicant"] | person(number)}


def form_file(folder: Path, number: int) -> Path:
    """The same as a file in ``folder``."""
    file = folder / f"form-{number}.json"
    file.write_text(json.dumps(filled(number), ensure_ascii=False), encoding="utf-8")
    return file
