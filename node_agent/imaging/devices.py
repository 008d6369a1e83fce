"""The window's registry of document cameras and scanners (A04, E06): a page from another device is marked.

Invariants: a device is a code and a kind, nothing of its owner; only the lead changes the registry; it lies in the
window's journal, so it is durable and goes with the window's backup.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from re import fullmatch

from crypto import canonical
from crypto.refusal import Refusal
from storage.journal import Journal

NOTE = "imaging:devices"
KINDS = ("CAMERA", "SCANNER", "FOLDER", "BROWSER")
RULE = "A04; E06"


@dataclass(frozen=True)
class Device:
    """Where a page came from: its code in the registry (empty: nobody said), and whether it is registered."""

    code: str = ""
    registered: bool = False


@dataclass(frozen=True)
class Registered:
    """One device. ``address``: what its source opens it by (a folder, a SANE name, a number); ``by``: the lead's id."""

    code: str
    kind: str
    address: str
    at: str
    by: str


def registered(journal: Journal) -> list[Registered]:
    """All devices, by code."""
    kept = journal.kept(NOTE)
    return [Registered(**one) for one in json.loads(kept)] if kept else []


def known(journal: Journal, code: str) -> Device:
    """A device as a page's mark; one that nobody registered is marked so."""
    return Device(code, any(one.code == code for one in registered(journal)))


def register(journal: Journal, code: str, kind: str, address: str, by: str, now: datetime) -> Registered:
    """Add a device, or change the one with this code. ``now``: aware. Refusal DEVICE_FORMAT."""
    if fullmatch(r"[A-Za-z0-9_-]{1,40}", code) is None or kind not in KINDS or len(address) > 200:
        raise Refusal("DEVICE_FORMAT", RULE, device=code[:40], kinds=",".join(KINDS))
    made = Registered(code, kind, address, canonical.time_text(now), by)
    _save(journal, [*(one for one in registered(journal) if one.code != code), made])
    return made


def remove(journal: Journal, code: str) -> None:
    """Take a device out: pages from it are marked from now on. Refusal DEVICE_UNKNOWN."""
    left = [one for one in registered(journal) if one.code != code]
    if len(left) == len(registered(journal)):
        raise Refusal("DEVICE_UNKNOWN", RULE, device=code[:40])
    _save(journal, left)


def _save(journal: Journal, devices: list[Registered]) -> None:
    ordered = sorted(devices, key=lambda one: one.code)
    journal.keep(NOTE, json.dumps([asdict(one) for one in ordered], ensure_ascii=False).encode())
