"""What every client of somebody else's HTTP service keeps to (carriers, verifying bodies).

Invariants: nothing goes over an open line but to this machine (个人信息保护法 51); the HTTP library's own log lines,
which hold addresses and so waybills and names, are not written.
"""

import logging
from typing import Final
from urllib.parse import urlsplit

from crypto.refusal import Refusal

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


def require_private(base_url: str) -> None:
    """Before a client is made for ``base_url``. Refusal CARRIER_INSECURE_URL."""
    parts = urlsplit(base_url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise Refusal("CARRIER_INSECURE_URL", "个人信息保护法 51", scheme=parts.scheme)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
