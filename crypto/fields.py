"""Fields of a form under a commitment: one field can be shown to an auditor, the others stay hidden.

Invariants:
- a form is flattened to (path, value) in order of paths; a path is the member names joined by ``/``, list places
  counted from 0; ``~`` and ``/`` in names are escaped as in JSON Pointer (RFC 6901);
- a hidden field tells neither its path nor its value; only how many fields there are is told.
"""

import json
from collections.abc import Collection, Iterator, Mapping

from crypto import canonical, commitments
from crypto.commitments import Opening
from crypto.refusal import Refusal

KIND = "fields"
HEADER = {"kind": KIND}


def flattened(form: Mapping[str, object]) -> list[tuple[str, object]]:
    """(path, value) of every plain value, in order of paths; an empty object or list is a value."""
    return sorted(_walk("", dict(form)), key=lambda one: one[0])


def root_of_form(form: Mapping[str, object], salt: bytes) -> str | None:
    """Hex root over the fields of a form; None for a form without any. ``salt``: 32 bytes, sealed before the form."""
    leaves = _leaves(form)
    return commitments.root_of(HEADER, leaves, commitments.seed_of(salt, KIND)) if leaves else None


def open_fields(form: Mapping[str, object], salt: bytes, paths: Collection[str]) -> dict[str, object]:
    """What an auditor is given to see the fields ``paths`` alone. Refusal FIELD_UNKNOWN."""
    fields = flattened(form)
    unknown = set(paths) - {path for path, _ in fields}
    if unknown:
        raise Refusal("FIELD_UNKNOWN", commitments.RULE, fields=len(unknown))
    hidden = [place for place, (path, _) in enumerate(fields) if path not in paths]
    opening = commitments.open_leaves(_leaves(form), commitments.seed_of(salt, KIND), hidden)
    shown = [[place, path, _text(value)] for place, (path, value) in enumerate(fields) if path in paths]
    return {
        "v": 1,
        "size": len(fields),
        "shown": shown,
        "seeds": [seed.hex() for seed in opening.seeds],
        "hashes": [one.hex() for one in opening.hashes],
    }


def check_fields(root: str, opened: Mapping[str, object]) -> dict[str, object]:
    """The fields shown, each proven to stand in the form with this root. Refusals OPENING_FORMAT, OPENING_MISMATCH."""
    try:
        size, shown = opened["size"], opened["shown"]
        if opened["v"] != 1 or not isinstance(size, int) or not isinstance(shown, list):
            raise ValueError("members")
        leaves = {int(place): _leaf(str(path), str(text)) for place, path, text in shown}
        opening = Opening(*(tuple(map(bytes.fromhex, _list(opened[name]))) for name in ("seeds", "hashes")))
        values = {str(path): json.loads(text) for _, path, text in shown}
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal("OPENING_FORMAT", commitments.RULE) from error
    hidden = set(range(min(size, commitments.MOST_LEAVES))) - set(leaves)
    commitments.check_opening(root, HEADER, size, leaves.__getitem__, hidden, opening)
    return values


def _walk(path: str, value: object) -> Iterator[tuple[str, object]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    empty = True
    for name, inner in members:
        empty = False
        yield from _walk(f"{path}/{str(name).replace('~', '~0').replace('/', '~1')}", inner)
    if empty and path:
        yield path, value


def _leaves(form: Mapping[str, object]) -> list[bytes]:
    return [_leaf(path, _text(value)) for path, value in flattened(form)]


def _leaf(path: str, text: str) -> bytes:
    return canonical.encode({"path": path, "value": text})


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _list(value: object) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("list")
    return value
