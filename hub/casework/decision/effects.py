"""Effects of the decision and of what it starts (T14, T31; 行政许可法 42, 44).

Invariant: an effect is a pure function of (case file, act, world).
"""

from hub.casework.casefile import CaseFile
from hub.casework.common import with_clock
from hub.casework.context import Act, World
from hub.casework.facts import item_of
from hub.casework.time import clocks


def start_decision_clocks(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K3 and K4 from the effective date of acceptance (行政许可法 42; C01)."""
    return with_decision_clocks(file, file.effective_at, world)


def with_decision_clocks(file: CaseFile, at: str, world: World) -> CaseFile:
    """The file with K3 and K4 from ``at``, in the item's limits."""
    item = item_of(file, world)
    for name, limit in (("K3", item.promised_limit), ("K4", item.statutory_limit)):
        state = clocks.start(name, at, world.calendar, limit=limit.n, unit=clocks.Unit(limit.unit))
        file = with_clock(file, state)
    return file


def keep_correction(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T32: what was decided stays as it was said; the correction stands beside it."""
    return file.changed(corrections=(*file.corrections, act.digest))


def keep_outcome(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T31: grant or refuse."""
    return file.changed(outcome=act.text("outcome"))


def start_delivery_clock(file: CaseFile, act: Act, world: World) -> CaseFile:
    """K8, 行政许可法 44: ten working days from the decision; of a part whose result leaves with the others, from when
    the whole has concluded (P8).
    """
    if file.bond is not None and file.bond.together and not file.bond.exit_open:
        return file
    return with_clock(file, clocks.start("K8", act.recorded_at, world.calendar))
