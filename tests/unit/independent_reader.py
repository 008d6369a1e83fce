"""A reader of Yidi's evidence that uses nothing of Yidi: hashlib, json, zipfile, base64 and cryptography only.

Written from the formats alone (RFC 6962, C2SP tlog-tiles, signed-note, tlog-proof, DSSE). Each function raises
ValueError or InvalidSignature when something does not fit, and gives back what it has proven.
"""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

STATEMENT = "application/vnd.yidi.statement+json"
EXTRACT = "application/vnd.yidi.extract+json"
Files = Mapping[str, bytes]


def unzip(package: bytes) -> dict[str, bytes]:
    """Files of a package by name."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 2.1 over leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(tree_root(leaves[:split]), tree_root(leaves[split:]))


def checkpoint(note: bytes, vkey: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a note that the Ed25519 key ``vkey`` (name+id+base64) signed."""
    name, _, rest = vkey.partition("+")
    key_id, _, encoded = rest.partition("+")
    material = base64.b64decode(encoded)
    if material[0] != 1:
        raise ValueError("not an Ed25519 log key")
    text, gap, tail = note.decode().rpartition("\n\n")
    if not gap:
        raise ValueError("no note")
    body = (text + "\n").encode()
    for line in tail.splitlines():
        dash, signer, blob = line.split(" ")
        raw = base64.b64decode(blob)
        if dash == "—" and signer == name and raw[:4].hex() == key_id:
            Ed25519PublicKey.from_public_bytes(material[1:]).verify(raw[4:], body)
            origin, size, root = text.split("\n")[:3]
            if origin != name:
                raise ValueError("origin")
            return origin, int(size), base64.b64decode(root)
    raise ValueError("not signed by the pinned key")


def inclusion(entry: bytes, index: int, size: int, proof: bytes, root: bytes) -> None:
    """RFC 9162 2.1.3.2 over the path in a tlog-proof."""
    lines = proof.decode().partition("\n\n")[0].split("\n")
    if lines[0] != "c2sp.org/tlog-proof@v1" or lines[1] != f"index {index}" or not index < size:
        raise ValueError("proof")
    node, last, computed = index, size - 1, leaf_hash(entry)
    for sibling in map(base64.b64decode, lines[2:]):
        if last == 0:
            raise ValueError("path too long")
        if node % 2 or node == last:
            computed = node_hash(sibling, computed)
            while node % 2 == 0 and node:
                node, last = node // 2, last // 2
        else:
            computed = node_hash(computed, sibling)
        node, last = node // 2, last // 2
    if last or computed != root:
        raise ValueError("not in the tree")


def log_proven(files: Files, vkey: str) -> int:
    """Proofs verified: every leaf of the package lies under the signed checkpoint."""
    _, size, root = checkpoint(files["checkpoint.txt"], vkey)
    count = 0
    for name, data in files.items():
        if name.startswith(("leaves/", "registry/")):
            index = json.loads(data)["index"]
            if name.split("/")[1] != f"{index}.json":
                raise ValueError("index")
            inclusion(data, index, size, files[f"proofs/{index}.tlog-proof"], root)
            count += 1
    return count


def verified(envelope: Mapping[str, Any], keys: Mapping[str, bytes], payload_type: str = STATEMENT) -> set[str]:
    """Ids of the known keys whose signatures over the DSSE envelope are good; a wrong one raises."""
    if envelope["payloadType"] != payload_type:
        raise ValueError("payload type")
    payload, kind = base64.b64decode(envelope["payload"]), payload_type.encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    good = set()
    for one in envelope["signatures"]:
        public = keys.get(one["keyid"])
        if public is not None:
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
            point.verify(base64.b64decode(one["sig"]), signed, ec.ECDSA(hashes.SHA256()))
            good.add(one["keyid"])
    return good


def key_id(suite: str, public: bytes) -> str:
    return hashlib.sha256(suite.encode() + b"\0" + public).hexdigest()[:32]


def registered(files: Files, registrars: list[bytes]) -> tuple[dict[str, bytes], dict[str, str]]:
    """Signing keys by id, and their subjects: only records that a pinned registrar signed."""
    pinned = {key_id("ECDSA_P256_SHA256", public): public for public in registrars}
    keys: dict[str, bytes] = {}
    owners: dict[str, str] = {}
    leaves = [json.loads(data) for name, data in files.items() if name.startswith("registry/")]
    for leaf in sorted(leaves, key=lambda leaf: int(leaf["epoch"])):
        statement = json.loads(base64.b64decode(leaf["envelope"]["payload"]))
        if statement["type"] != "key.register":
            continue
        if not verified(leaf["envelope"], pinned):
            raise ValueError("record without the registrar")
        key = statement["body"]["keys"]["sign"]
        public = base64.b64decode(key["public"])
        name = key_id(key["suite"], public)
        keys[name], owners[name] = public, statement["body"]["subject"]
    return keys, owners


def statements_signed(files: Files, registrars: list[bytes]) -> int:
    """Signatures verified: each statement of the case by its acting node, and person where it names one."""
    keys, owners = registered(files, registrars)
    count = 0
    for name, data in files.items():
        if name.startswith("leaves/"):
            envelope = json.loads(data)["envelope"]
            actor = json.loads(base64.b64decode(envelope["payload"]))["actor"]
            good = verified(envelope, keys)
            if not {actor["node"], actor["person"]} - {None} <= {owners[one] for one in good}:
                raise ValueError("a signature is missing")
            count += len(good)
    envelope = json.loads(files["extract.dsse.json"])
    if not verified(envelope, keys, EXTRACT):
        raise ValueError("extract")
    indexes = json.loads(base64.b64decode(envelope["payload"]))["indexes"]
    if sorted(f"leaves/{index}.json" for index in indexes) != sorted(n for n in files if n.startswith("leaves/")):
        raise ValueError("not what the extract names")
    return count


def tile_path(level: str, index: int, width: int) -> str:
    """Name of a tile (C2SP tlog-tiles)."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return f"tile/{level}/{name}" + (f".p/{width}" if width < 256 else "")


def tiles_proven(tiles: Files, size: int, root: bytes) -> list[bytes]:
    """All entries of the log: bundles hash to level 0, each level to the next, the whole to ``root``."""
    entries: list[bytes] = []
    for index in range(-(-size // 256)):
        bundle = tiles[tile_path("entries", index, min(256, size - index * 256))]
        while bundle:
            length = int.from_bytes(bundle[:2], "big")
            entries.append(bundle[2 : 2 + length])
            bundle = bundle[2 + length :]
    row, level = [leaf_hash(entry) for entry in entries], 0
    if len(row) != size or tree_root(row) != root:
        raise ValueError("root")
    while row:
        for at in range(0, len(row), 256):
            part = row[at : at + 256]
            if tiles[tile_path(str(level), at // 256, len(part))] != b"".join(part):
                raise ValueError("tile")
        row = [tree_root(row[at : at + 256]) for at in range(0, len(row) - 255, 256)]
        level += 1
    return entries
