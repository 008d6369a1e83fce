"""Effects of keys and sealings: what becomes part of the case, and who can open it.

Invariant: an effect is a pure function of (case file, act, world).
"""

from hub.casework.access.values import Sealing, Wrap
from hub.casework.casefile import CaseFile
from hub.casework.context import Act, World
from hub.casework.facts import wrapped_lines


def keep_sealing(file: CaseFile, act: Act, world: World) -> CaseFile:
    """The named sealing with its pinned version becomes part of the case; it never changes (invariant 12)."""
    found = world.pinned(act.text("manifest"))
    assert found is not None  # guarded
    manifest = found.manifest
    made = Sealing(
        manifest.kind, manifest.revision, found.digest, manifest.object_key, found.version_id, act.node.subject
    )
    return file.changed(sealings=(*file.sealings, made))


def keep_wrap(file: CaseFile, act: Act, world: World) -> CaseFile:
    """One more recipient can open lines of a sealing; an earlier wrap of the same lines gives way."""
    made = Wrap(
        act.text("manifest"),
        act.text("recipient"),
        act.text("recipient_key"),
        wrapped_lines(act.statement.body),
        world.epoch,
    )
    kept = tuple(
        wrap
        for wrap in file.wraps
        if (wrap.manifest, wrap.recipient, wrap.lines) != (made.manifest, made.recipient, made.lines)
    )
    return file.changed(wraps=(*kept, made))
