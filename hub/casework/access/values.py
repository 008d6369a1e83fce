"""What the case file keeps of its sealings, and of who can open them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sealing:
    """One sealing of the case: kind (application, addendum, notice, result), revision, manifest, pinned version.

    ``sealed_by``: node that sealed it; empty in files of before, which the collecting node sealed or decided.
    """

    kind: str
    revision: int
    manifest: str
    object_key: str
    version_id: str
    sealed_by: str = ""


@dataclass(frozen=True)
class Wrap:
    """One recipient that can open lines of a sealing: node, key id wrapped to, lines covered, registry position."""

    manifest: str
    recipient: str
    recipient_key: str
    lines: tuple[str, ...]
    epoch: int
