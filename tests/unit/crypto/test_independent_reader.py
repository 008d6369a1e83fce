"""Evidence and exported tiles are read with nothing of ours (``independent_reader`` imports no room of Yidi)."""

import ast
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature

ALLOWED = {"base64", "hashlib", "io", "json", "zipfile", "collections", "typing", "cryptography"}


@pytest.fixture(scope="module")
def made(evidence_log: Any) -> Any:
    """A log of more than one full tile; its first case."""
    log = evidence_log.founded()
    log.first = log.run_case(1)
    counter = 1
    while len(log.entries) < 300:
        counter += 1
        log.run_case(counter)
    return log


def test_it_imports_nothing_of_ours(independent_reader: Any) -> None:
    tree = ast.parse(Path(independent_reader.__file__).read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= ALLOWED


def test_package_is_proven(made: Any, independent_reader: Any) -> None:
    files = independent_reader.unzip(made.package(made.first))
    assert independent_reader.log_proven(files, made.ed25519.key.text) == 15 + 14
    assert independent_reader.statements_signed(files, [made.registrar.public]) == 15 + 6


def test_tiles_lead_to_the_signed_root(made: Any, independent_reader: Any) -> None:
    origin, size, root = independent_reader.checkpoint(made.checkpoint(), made.ed25519.key.text)
    tiles = made.tiles()
    assert (origin, size) == ("yidi.test/log/2026", len(made.entries))
    assert independent_reader.tiles_proven(tiles, size, root) == made.entries
    assert any(path.startswith("tile/1/") for path in tiles)
    for path in tiles:
        damaged = tiles[path][:-1] + bytes([tiles[path][-1] ^ 1])
        with pytest.raises((ValueError, KeyError)):
            independent_reader.tiles_proven({**tiles, path: damaged}, size, root)


def test_it_sees_what_was_changed(made: Any, independent_reader: Any, evidence_log: Any) -> None:
    files = independent_reader.unzip(made.package(made.first))
    leaf = next(name for name in files if name.startswith("leaves/"))
    with pytest.raises(ValueError):
        changed = files[leaf].replace(b'"rules":"2026', b'"rules":"2027')
        independent_reader.log_proven({**files, leaf: changed}, made.ed25519.key.text)
    with pytest.raises(ValueError, match="not signed"):
        other = evidence_log.SyntheticLog()
        independent_reader.checkpoint(files["checkpoint.txt"], other.ed25519.key.text)
    with pytest.raises(InvalidSignature):
        note = files["checkpoint.txt"].replace(b"\n%d\n" % len(made.entries), b"\n%d\n" % (len(made.entries) - 1))
        independent_reader.checkpoint(note, made.ed25519.key.text)
    with pytest.raises(ValueError, match="extract"):
        short = {name: data for name, data in files.items() if name != leaf}
        independent_reader.statements_signed(short, [made.registrar.public])
