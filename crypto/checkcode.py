"""Slow hashes of check codes: six digits that an applicant shows, bound to the public number of the case.

Invariants: the text names its own parameters, and only parameters within ``_BOUNDS`` are ever computed, because the
text comes from a node; a comparison takes as long for a wrong code, for a text that is none and for no text at all.

Whoever has the hub's table tries a million codes at any price of one. What guards a code is that the hub counts wrong
ones (``hub.services.admission``); so the price is small, for every seal pays it.
"""

import hashlib
import hmac
import secrets

SCRYPT = {"n": 1 << 12, "r": 8, "p": 1}
_BOUNDS = {"n": 1 << 15, "r": 8, "p": 2}
_SIZE = 32


def slow_hash(public_no: str, check_code: str) -> str:
    """``scrypt$n$r$p$salt$hash`` of a check code, bound to its public number."""
    salt = secrets.token_bytes(16)
    made = _scrypt(public_no, check_code, salt, SCRYPT)
    return f"scrypt${SCRYPT['n']}${SCRYPT['r']}${SCRYPT['p']}${salt.hex()}${made.hex()}"


def matches(kept: str | None, public_no: str, check_code: str) -> bool:
    """Whether ``kept`` is the slow hash of this code for this number. About 15 ms and 4 MiB, whatever is asked."""
    cost, salt, wanted = _read(kept)
    made = _scrypt(public_no, check_code, salt, cost)
    return hmac.compare_digest(made, wanted)


def _read(kept: str | None) -> tuple[dict[str, int], bytes, bytes]:
    """Cost, salt and hash; for what is none, those of a hash that nothing matches."""
    try:
        kind, n, r, p, salt, made = (kept or "").split("$")
        cost = {"n": int(n), "r": int(r), "p": int(p)}
        power_of_two = cost["n"] > 1 and cost["n"] & (cost["n"] - 1) == 0
        within = all(1 <= cost[name] <= most for name, most in _BOUNDS.items())
        if kind == "scrypt" and power_of_two and within and len(made) == 2 * _SIZE:
            return cost, bytes.fromhex(salt), bytes.fromhex(made)
    except ValueError:
        pass
    return SCRYPT, secrets.token_bytes(16), secrets.token_bytes(_SIZE)


def _scrypt(public_no: str, check_code: str, salt: bytes, cost: dict[str, int]) -> bytes:
    secret = f"{public_no}:{check_code}".encode()
    return hashlib.scrypt(secret, salt=salt, dklen=_SIZE, n=cost["n"], r=cost["r"], p=cost["p"], maxmem=64 << 20)
