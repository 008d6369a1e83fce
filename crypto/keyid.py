"""Key ids: first 32 hex digits of SHA-256(suite id, NUL, public bytes)."""

import hashlib
from functools import lru_cache


@lru_cache(maxsize=4096)
def key_id(suite: str, public: bytes) -> str:
    """Id of a public key of a suite; suite and key are bound, so one key under two suites has two ids."""
    return hashlib.sha256(suite.encode() + b"\0" + public).hexdigest()[:32]
