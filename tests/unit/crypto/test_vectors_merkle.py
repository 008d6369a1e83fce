"""RFC 6962 proof verification against the vectors of transparency-dev/merkle, read at ../shared/vectors."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crypto.log import merkle
from crypto.refusal import Refusal

FOLDER = Path(__file__).resolve().parents[3].parent / "shared" / "vectors" / "merkle"


def _bytes(text: str | None) -> bytes:
    return base64.b64decode(text) if text else b""


def _path(vector: dict[str, Any]) -> list[bytes]:
    return [_bytes(one) for one in vector["proof"] or []]


def _inclusion(v: dict[str, Any]) -> None:
    merkle.verify_inclusion(_bytes(v["leafHash"]), v["leafIdx"], v["treeSize"], _path(v), _bytes(v["root"]))


def _consistency(v: dict[str, Any]) -> None:
    merkle.verify_consistency(v["size1"], v["size2"], _path(v), _bytes(v["root1"]), _bytes(v["root2"]))


@pytest.mark.parametrize(
    ("name", "check", "code"),
    [
        ("inclusion", _inclusion, "INCLUSION_INVALID"),
        ("consistency", _consistency, "CONSISTENCY_INVALID"),
    ],
)
def test_every_vector_is_judged_as_it_says(
    name: str,
    check: Callable[[dict[str, Any]], None],
    code: str,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    if not FOLDER.is_dir():
        pytest.skip("../shared/vectors/merkle is absent: RFC 6962 vectors not run")
    wrong: list[str] = []
    accepted = refused = 0
    for file in sorted((FOLDER / name).rglob("*.json")):
        vector = json.loads(file.read_bytes())
        try:
            check(vector)
            failed = False
            accepted += 1
        except Refusal as refusal:
            failed = refusal.code == code
            refused += 1
        if failed != vector["wantErr"]:
            wrong.append(f"{file.relative_to(FOLDER)}: {vector['desc']}")
    record_property("vectors_run", accepted + refused)
    with capsys.disabled():
        print(f"\nmerkle/{name}: {accepted + refused} vectors run, {accepted} valid, {refused} refused")
    assert not wrong
    assert accepted > 0
    assert refused > 0
