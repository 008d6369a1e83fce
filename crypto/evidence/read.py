"""What lies in an evidence package: names, members and the one reading of each.

=============================  =======================================================================
``package.json``               {v, case, tree_size, leaves, registry, versions}: unsigned table of contents
``extract.dsse.json``          signed by the hub: what belongs in here (``crypto.evidence.extract``)
``leaves/<index>.json``        leaves of the case, as they lie in the log
``registry/<index>.json``      every registry leaf with epoch 1 to E
``proofs/<index>.tlog-proof``  C2SP tlog-proof of each leaf above
``checkpoint.txt``             signed note with log signatures and cosignatures
``manifests/<digest>.json``    manifests named by ``seal`` and ``issue``
``catalogue/<version>.json``   published catalogues that the leaves name; ``calendar/<version>.json`` likewise
``rules.json``                 the law as it was applied
=============================  =======================================================================

Invariant: reading never raises; what cannot be read is a finding, and the rest is still there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from crypto.evidence import container
from crypto.evidence.report import Finding
from crypto.log import leaf as leaves
from crypto.log.leaf import Leaf
from crypto.refusal import Refusal

VERSION = 1
PACKAGE, EXTRACT, CHECKPOINT, RULES = "package.json", "extract.dsse.json", "checkpoint.txt", "rules.json"


@dataclass(frozen=True)
class Contents:
    """Entries by name (bytes as packed) and what was wrong with the container."""

    entries: Mapping[str, bytes]
    problems: tuple[Finding, ...] = ()

    @cached_property
    def leaves(self) -> dict[int, bytes]:
        """Leaf bytes of the case by index, ascending."""
        return self._numbered("leaves/", ".json")

    @cached_property
    def registry(self) -> dict[int, bytes]:
        """Registry leaf bytes by index, ascending."""
        return self._numbered("registry/", ".json")

    @cached_property
    def proofs(self) -> dict[int, bytes]:
        """Proof files by index of the leaf, ascending."""
        return self._numbered("proofs/", ".tlog-proof")

    @cached_property
    def manifests(self) -> dict[str, bytes]:
        """Manifest bytes by the digest in the file's name."""
        return self._named("manifests/")

    @cached_property
    def documents(self) -> dict[tuple[str, str], bytes]:
        """Catalogues and calendars by (kind, version)."""
        return {
            (kind, name): data for kind in ("catalogue", "calendar") for name, data in self._named(kind + "/").items()
        }

    def _named(self, prefix: str) -> dict[str, bytes]:
        return {
            name.removeprefix(prefix).removesuffix(".json"): data
            for name, data in sorted(self.entries.items())
            if name.startswith(prefix)
        }

    def _numbered(self, prefix: str, suffix: str) -> dict[int, bytes]:
        found = {
            int(name.removeprefix(prefix).removesuffix(suffix)): data
            for name, data in self.entries.items()
            if name.startswith(prefix)
        }
        return dict(sorted(found.items()))


def read(package: bytes) -> Contents:
    """The contents of a package, with findings for what is wrong with the container."""
    return Contents(*container.read(package))


def leaf_name(index: int, registry: bool = False) -> str:
    """Name of a leaf's file."""
    return f"{'registry' if registry else 'leaves'}/{index}.json"


def proof_name(index: int) -> str:
    """Name of a proof's file."""
    return f"proofs/{index}.tlog-proof"


def readable(raw: Mapping[int, bytes]) -> list[Leaf]:
    """The leaves that can be decoded, in the order of their files."""
    made = []
    for data in raw.values():
        try:
            made.append(leaves.decode(data))
        except Refusal:  # verify reports it; a replay goes on with the rest
            continue
    return made
