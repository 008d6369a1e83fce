"""The leaf record: what the hub appends to the log for one accepted statement.

Invariants:
- canonical JSON of at most 65,535 bytes (the entry length of C2SP tlog-tiles), one form per value;
- the statement's DSSE envelope lies in it as an object, unchanged in value; its signatures are checked by
  ``crypto.statement``, only its shape here;
- ``epoch`` counts the registry leaves up to and including this one, ``case_seq`` the leaves of the case, so a
  reader of an extract sees when one is withheld.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from crypto import canonical
from crypto.refusal import Refusal

RULE = "architecture: leaf"
VERSION = 1
SIZE_MAX = 65_535
_COUNT_MAX = (1 << 63) - 1
_KEYS = {
    "v", "origin", "index", "recorded_at", "epoch", "case_seq",
    "catalogue", "calendar", "rules", "assigned", "envelope",
}  # fmt: skip


@dataclass(frozen=True)
class Leaf:
    """One leaf.

    ``origin``: the log's name. ``index``: place in it, from 0. ``recorded_at``: the hub's legal time, text of
    ``canonical.time_text`` (UTC+8). ``epoch``: registry leaves so far. ``case_seq``: leaves of the case so
    far, from 1; None where the statement belongs to no case. ``catalogue``, ``calendar``: versions in force,
    None where none is yet. ``rules``: version of the law's code. ``assigned``: what the hub gave out, by
    name. ``envelope``: DSSE envelope, canonical JSON bytes.
    """

    origin: str
    index: int
    recorded_at: str
    epoch: int
    case_seq: int | None
    catalogue: str | None
    calendar: str | None
    rules: str
    assigned: Mapping[str, str]
    envelope: bytes


def encode(leaf: Leaf, *, known: bool = False) -> bytes:
    """Bytes of the log entry. ``known``: ``leaf.envelope`` was written by ``crypto.statement.Envelope``, so it is read.

    Refusals LEAF_MALFORMED, LEAF_TOO_LARGE, NOT_CANONICAL, TIME_FORMAT.
    """
    _check(leaf, None if known else canonical.parse(leaf.envelope))
    # Members in the order of canonical JSON: the envelope's bytes stand between these two as they are.
    before = canonical.encode_known(
        {
            "assigned": dict(leaf.assigned),
            "calendar": leaf.calendar,
            "case_seq": leaf.case_seq,
            "catalogue": leaf.catalogue,
        }
    )
    after = canonical.encode_known(
        {
            "epoch": leaf.epoch,
            "index": leaf.index,
            "origin": leaf.origin,
            "recorded_at": leaf.recorded_at,
            "rules": leaf.rules,
            "v": VERSION,
        }
    )
    data = b'%b,"envelope":%b,%b' % (before[:-1], leaf.envelope, after[1:])
    _check_size(data)
    return data


def decode(data: bytes) -> Leaf:
    """The leaf in a log entry. Refusals LEAF_MALFORMED, LEAF_TOO_LARGE, NOT_CANONICAL, TIME_FORMAT."""
    _check_size(data)
    record = canonical.parse(data)
    if set(record) != _KEYS:
        raise _malformed("keys")
    if type(record["v"]) is not int or record["v"] != VERSION:
        raise _malformed("v")
    envelope = record["envelope"]
    if not isinstance(envelope, dict):
        raise _malformed("envelope")
    leaf = Leaf(
        origin=cast(str, record["origin"]),
        index=cast(int, record["index"]),
        recorded_at=cast(str, record["recorded_at"]),
        epoch=cast(int, record["epoch"]),
        case_seq=cast("int | None", record["case_seq"]),
        catalogue=cast("str | None", record["catalogue"]),
        calendar=cast("str | None", record["calendar"]),
        rules=cast(str, record["rules"]),
        assigned=cast("Mapping[str, str]", record["assigned"]),
        envelope=canonical.encode(envelope),
    )
    _check(leaf, envelope)
    return leaf


def _check(leaf: Leaf, envelope: Mapping[str, object] | None) -> None:
    """The shape of every field, for values just parsed as for values about to be written. None: looked at before."""
    for name in ("origin", "rules"):
        if not _is_text(getattr(leaf, name)):
            raise _malformed(name)
    for name in ("catalogue", "calendar"):
        value = getattr(leaf, name)
        if value is not None and not _is_text(value):
            raise _malformed(name)
    for name in ("index", "epoch"):
        if not _is_count(getattr(leaf, name), 0):
            raise _malformed(name)
    if leaf.case_seq is not None and not _is_count(leaf.case_seq, 1):
        raise _malformed("case_seq")
    if not isinstance(leaf.recorded_at, str):
        raise _malformed("recorded_at")
    canonical.time_value(leaf.recorded_at)
    assigned: object = leaf.assigned
    if not isinstance(assigned, Mapping) or not all(_is_text(n) and _is_text(v) for n, v in assigned.items()):
        raise _malformed("assigned")
    if envelope is not None and not _is_envelope(envelope):
        raise _malformed("envelope")


def _is_envelope(envelope: Mapping[str, object]) -> bool:
    signatures = envelope.get("signatures")
    return (
        set(envelope) == {"payload", "payloadType", "signatures"}
        and _is_text(envelope["payload"])
        and _is_text(envelope["payloadType"])
        and isinstance(signatures, list)
        and bool(signatures)
        and all(isinstance(one, dict) and all(_is_text(value) for value in one.values()) for one in signatures)
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_count(value: object, least: int) -> bool:
    return type(value) is int and least <= value <= _COUNT_MAX  # a bool is no count


def _check_size(data: bytes) -> None:
    if len(data) > SIZE_MAX:
        raise Refusal("LEAF_TOO_LARGE", RULE, bytes=len(data), most=SIZE_MAX)


def _malformed(field: str) -> Refusal:
    return Refusal("LEAF_MALFORMED", RULE, field=field)
