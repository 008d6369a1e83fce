"""Effects of the archive (T37). Invariant: an effect is a pure function of (case file, act, world)."""

from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World


def keep_package(file: CaseFile, act: Act, world: World) -> CaseFile:
    """T37: the newest package counts until the case is archived."""
    return file.changed(package=act.text("package"))
