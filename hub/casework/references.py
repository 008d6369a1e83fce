"""Numbers that another system gave out and that a body may hold: of an appointment (C14), a payment (I04), a hotline's
ticket (G10).

Invariant (promise 1): such a number tells of nobody. A few letters, then digits: no name and no sentence fits in; what
has the form of a telephone or of a citizen's number is none, however it is grouped.
"""

import re
from typing import Final

_FORM: Final = re.compile(r"(?=.{4,40}\Z)[A-Z]{0,4}-?[0-9]+(?:-[0-9]+)*")
_PERSONAL: Final = re.compile(
    r"(?:86)?1[3-9][0-9]{9}"  # a mobile telephone
    r"|0[1-9][0-9]{8,10}"  # a landline with its area
    r"|[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]?"  # GB 11643
)
_GROUPS: Final = re.compile(r"[0-9]+X?")


def is_reference(text: str) -> bool:
    """Whether the text is such a number: 4 to 40 signs, at most four capital letters in front."""
    return _FORM.fullmatch(text) is not None and not is_personal(text)


def is_personal(text: str) -> bool:
    """Whether the digits in the text, one group of them or all together, are those of a person."""
    groups: list[str] = _GROUPS.findall(text)
    return any(_PERSONAL.fullmatch(digits) for digits in (*groups, "".join(groups)))
