"""One sealing, many references (B05, E03): a parent's sealing as each of its children has it. Pure.

Invariant: a department can open only what its part needs (issue 4, part 4): the lines that serve the part, its own
form, the address and a power of attorney.
"""

from collections.abc import Iterable
from dataclasses import replace

from crypto.manifest import Line, Manifest
from hub.casework.casefile import CaseFile
from hub.casework.context import Pinned
from hub.casework.parents.values import Bond

FORM = "FORM"
COMMON = frozenset({"ADDRESS", "PROXY"})
"""Lines that every part may need."""
_HELD, _SEEN = "HELD", "SEEN_RETURNED"


def form_line(part: str) -> str:
    """Name of the line that holds the form of a part."""
    return f"{FORM}@{part}"


def lines_for(manifest: Manifest, bond: Bond) -> tuple[Line, ...]:
    """The lines that serve a part, each with the material code of the part's own item.

    An original that serves several parts is in the custody of one of them, the first (invariant 1); for the others it
    is one that the window has seen.
    """
    codes = {**dict(bond.serves), form_line(bond.part): FORM}
    return tuple(
        replace(
            line,
            material=codes.get(line.line, line.material),
            original=_SEEN if line.line in bond.elsewhere and line.original == _HELD else line.original,
        )
        for line in manifest.lines
        if line.line in codes or line.material in COMMON
    )


def view(found: Pinned, bond: Bond, case: str, task_code: str) -> Pinned:
    """A parent's sealing as the child ``case`` has it: as if it were its own, with no more than its own lines."""
    lines = lines_for(found.manifest, bond)
    return replace(found, manifest=replace(found.manifest, case=case, task_code=task_code, lines=lines))


def seen(file: CaseFile, found: Pinned | None) -> Pinned | None:
    """A sealing as the case has it."""
    if found is None or file.bond is None or found.manifest.case != file.bond.parent:
        return found
    return view(found, file.bond, file.case, file.task_code)


def consulted_lines(file: CaseFile, node: str) -> frozenset[str]:
    """Lines that a department may open which is asked for an opinion on parts of this parent (P13)."""
    assert file.bundle is not None
    asked = {found.matter for found in file.consultations if found.open and found.node == node}
    return frozenset(line for line, part, _ in file.bundle.serves if part in asked)


def line_of(serves: Iterable[tuple[str, str]], part: str, material: str) -> str:
    """The parent's line for a material of the part's own item."""
    if material == FORM:
        return form_line(part)
    return next((line for line, code in serves if code == material), material)
