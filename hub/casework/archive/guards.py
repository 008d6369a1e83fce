"""Guards of the archive (T37; standards.md 16).

Invariant: a guard looks and refuses; it never changes anything.
"""

from crypto.refusal import Refusal
from hub.casework import facts
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.materials import pending
from hub.casework.originals import states


def package_told(file: CaseFile | None, act: Act, world: World) -> None:
    """T37: the archive package by its digest; made by the department where there is one, else by the window."""
    assert file is not None
    facts.require_digest(act, "package", "T37; GB/T 42727-2023")
    maker = file.accepting_node or file.collecting_node
    if act.node.subject != maker:
        raise Refusal("NOT_YOUR_CASE", "T37", event="archive_package", node=act.node.subject)


def ready_for_archive(file: CaseFile | None, act: Act, world: World) -> None:
    """T37, invariant 13: the package that was told, every original ended well, no parcel on its way, nothing to be said
    any more of what was promised and committed to."""
    assert file is not None
    if not file.package or act.text("package") != file.package:
        raise Refusal("PACKAGE_UNKNOWN", "T37", package=file.package)
    still_open = [*states.open_items(file.originals), *states.open_parcels(file)]
    if still_open:
        raise Refusal("ORIGINALS_OPEN", "T37; invariant 13", items=",".join(still_open))
    until = pending.open_until(file)
    if act.recorded_at <= until:
        raise Refusal("PROMISES_PENDING", "T37; B09, B10, G15; 行政许可法 69", until=until[:10])
