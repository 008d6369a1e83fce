"""Sealings made in memory, for tests that are not about uploads."""

import io
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crypto import canonical
from crypto import manifest as manifests
from crypto.manifest import LineFacts
from crypto.sealing import PART_SIZE, Context, Sealer, new_data_key
from tests.integration.cast import DEMO, ITEM, KEY_LINES


@dataclass(frozen=True)
class Sealed:
    """A sealing made in memory: manifest bytes, ciphertext, data keys by (line, rendition)."""

    manifest: bytes
    ciphertext: bytes
    keys: Mapping[tuple[str, str], bytes]

    @property
    def digest(self) -> str:
        """What ``seal``, ``wrap`` and ``issue`` name."""
        return canonical.digest(self.manifest)

    @property
    def parsed(self) -> manifests.Manifest:
        """The manifest as a value."""
        return manifests.read(self.manifest)


def seal_pages(
    case: str,
    *,
    kind: str = "application",
    revision: int = 1,
    materials: Sequence[str] = (*KEY_LINES, "ADDRESS"),
    page: bytes = b"page",
    task_code: str = ITEM,
    object_key: str = "",
) -> Sealed:
    """One page a line, sealed. Line names are the material codes."""
    out = io.BytesIO()
    sealer = Sealer(out)
    keys = {}
    for material in materials:
        keys[material, "full"] = new_data_key()
        sealer.add(keys[material, "full"], Context(case, revision, material, 1, "full"), io.BytesIO(page))
    made = manifests.build(
        sealer.finish(),
        [LineFacts(material, material, "SUBMIT", "B", "SEEN_RETURNED") for material in materials],
        {(material, 1, "full"): "image/jpeg" for material in materials},
        case=case,
        revision=revision,
        kind=kind,
        task_code=task_code,
        catalogue=catalogue_version(),
        object_key=object_key or f"cases/{case}/{revision}/{secrets.token_hex(16)}",
        part_size=PART_SIZE,
    )
    return Sealed(made.encode(), out.getvalue(), keys)


def catalogue_version() -> str:
    """Version of the demo's catalogue."""
    return str(json.loads((DEMO / "catalogue.json").read_text())["version"])
