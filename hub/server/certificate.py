"""The hub's certificate on the wire: the one that its file holds now, looked at for each new connection.

Invariants:
- a renewed certificate counts for the next connection, without a restart; connections that stand go on;
- a file that cannot be read, is no certificate or is for another key changes nothing: the last good one stays.
"""

import logging
from pathlib import Path
from typing import Any

import grpc

from crypto import certificates
from crypto.refusal import Refusal

log = logging.getLogger(__name__)


class LiveCertificate:
    """``pair``: PEM key and the certificate read at the start. ``authority``: PEM, where callers must show one."""

    def __init__(self, file: Path, pair: tuple[bytes, bytes], authority: bytes | None) -> None:
        self._file = file
        self._key, self._shown = pair
        self._authority = authority
        self._public = certificates.peer(self._shown)[1]
        self._seen = self._stamp()

    def credentials(self) -> grpc.ServerCredentials:
        """For a port; gRPC asks before each handshake, in a thread of its own."""
        changed: Any = self._changed  # may give None for "no change", which the type stub does not know
        return grpc.dynamic_ssl_server_credentials(self._configuration(), changed, self._authority is not None)

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        return grpc.ssl_server_certificate_configuration([(self._key, self._shown)], self._authority)

    def _changed(self) -> grpc.ServerCertificateConfiguration | None:
        """The configuration where the file changed, else None."""
        stamp = self._stamp()
        if stamp is None or stamp == self._seen:
            return None
        try:
            pem = self._file.read_bytes()
            if certificates.peer(pem)[1] != self._public:
                raise Refusal("CERTIFICATE_DIFFERS", "architecture: transport (mutual TLS)", subject=self._file.name)
        except (Refusal, OSError) as error:
            log.error("the new certificate is not used: %s", getattr(error, "code", type(error).__name__))
            return None
        self._shown, self._seen = pem, stamp
        log.info("the new certificate is in use")
        return self._configuration()

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns
