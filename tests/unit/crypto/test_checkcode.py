"""Slow hashes of check codes: what matches, and what is never computed."""

import hashlib
from typing import Any

import pytest

from crypto import checkcode

NUMBER, CODE = "310010000019", "246813"


def test_a_code_matches_its_own_number_alone() -> None:
    kept = checkcode.slow_hash(NUMBER, CODE)
    assert checkcode.matches(kept, NUMBER, CODE)
    assert not checkcode.matches(kept, NUMBER, "246814")
    assert not checkcode.matches(kept, "310010000027", CODE)
    assert checkcode.slow_hash(NUMBER, CODE) != kept  # salted


@pytest.mark.parametrize(
    "kept",
    [
        None, "", "scrypt", "scrypt$16384$8$1$00$", "scrypt$x$8$1$00$" + "0" * 64, "scrypt$0$8$1$00$" + "0" * 64,
        "scrypt$1048576$8$1$00$" + "0" * 64, "scrypt$16384$64$1$00$" + "0" * 64, "scrypt$16384$8$99$00$" + "0" * 64,
        "scrypt$12345$8$1$00$" + "0" * 64, "scrypt$-2$8$1$00$" + "0" * 64, "bcrypt$16384$8$1$00$" + "0" * 64,
        "scrypt$16384$8$1$zz$" + "0" * 64,
    ],
)  # fmt: skip
def test_what_a_node_hands_in_cannot_make_the_hub_work_longer(
    kept: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text comes from a window: costs beyond the bounds are not computed, and the usual ones always are."""
    costs: list[dict[str, Any]] = []
    real = hashlib.scrypt

    def counted(secret: bytes, **given: Any) -> bytes:
        costs.append({name: given[name] for name in ("n", "r", "p")})
        return real(secret, **given)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    assert not checkcode.matches(kept, NUMBER, CODE)
    assert costs == [checkcode.SCRYPT]
