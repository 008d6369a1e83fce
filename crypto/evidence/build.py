"""Packs the evidence of one case: the same parts and the same hub key give the same bytes.

Invariant: what is packed is not judged here (``crypto.evidence.verify`` does that), only that every part which the
format asks for is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crypto import canonical
from crypto.evidence import container, read
from crypto.evidence.extract import Extract
from crypto.log import checkpoint, note
from crypto.log.proof import Proof
from crypto.refusal import Refusal
from crypto.statement import EXTRACT_TYPE, SignerLike, sign

RULE = "architecture: evidence package"


@dataclass(frozen=True)
class Parts:
    """Parts of one package.

    ``leaves`` (of the case), ``registry`` (all with epoch 1 to E): leaf bytes by index. ``paths``: inclusion paths by
    index under ``checkpoint``, the signed note. ``manifests`` by digest; ``catalogues``, ``calendars`` by version:
    canonical bytes. ``rules``: canonical bytes of the law's own description.
    """

    case: str
    checkpoint: bytes
    leaves: Mapping[int, bytes]
    registry: Mapping[int, bytes]
    paths: Mapping[int, Sequence[bytes]]
    manifests: Mapping[str, bytes]
    catalogues: Mapping[str, bytes]
    calendars: Mapping[str, bytes]
    rules: bytes


def build(parts: Parts, signer: SignerLike, exported_at: str) -> bytes:
    """The package. ``signer``: the hub's node ``sign`` key; ``exported_at``: time text in UTC+8.

    Refusals EVIDENCE_PART_MISSING (a leaf without path, no leaf at all), EVIDENCE_NAME, EVIDENCE_SIZE,
    NOTE_MALFORMED, CHECKPOINT_MALFORMED, TIME_FORMAT.
    """
    canonical.time_value(exported_at)
    everything = {**parts.leaves, **parts.registry}
    missing = sorted(set(everything) - set(parts.paths))
    if missing or not parts.leaves or not parts.registry:
        raise Refusal("EVIDENCE_PART_MISSING", RULE, indexes=",".join(map(str, missing))[:80])
    head = checkpoint.parse_text(note.parse(parts.checkpoint)[0])
    extract = Extract(
        parts.case,
        tuple(sorted(parts.leaves)),
        len(parts.registry),
        head.size,
        exported_at,
        tuple(sorted(parts.manifests)),
        canonical.digest(parts.rules),
    )
    entries = {
        read.PACKAGE: table_of_contents(parts, head.size),
        read.EXTRACT: sign(extract.payload(), [signer], EXTRACT_TYPE).encode(),
        read.CHECKPOINT: parts.checkpoint,
        read.RULES: parts.rules,
    }
    for index in everything:
        entries[read.proof_name(index)] = Proof(index, tuple(parts.paths[index]), parts.checkpoint).encode()
    entries |= {read.leaf_name(index): data for index, data in parts.leaves.items()}
    entries |= {read.leaf_name(index, registry=True): data for index, data in parts.registry.items()}
    entries |= {f"manifests/{digest}.json": data for digest, data in parts.manifests.items()}
    entries |= {f"catalogue/{version}.json": data for version, data in parts.catalogues.items()}
    entries |= {f"calendar/{version}.json": data for version, data in parts.calendars.items()}
    return container.write(entries)


def table_of_contents(parts: Parts, tree_size: int) -> bytes:
    """``package.json``: what lies where, for readers that want to know before they verify."""
    return canonical.encode(
        {
            "v": read.VERSION,
            "case": parts.case,
            "tree_size": tree_size,
            "leaves": sorted(parts.leaves),
            "registry": sorted(parts.registry),
            "versions": {
                "catalogue": sorted(parts.catalogues),
                "calendar": sorted(parts.calendars),
            },
        }
    )
