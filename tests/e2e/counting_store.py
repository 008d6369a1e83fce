"""A door before the object store that counts what goes through, and can call somebody in the middle of an upload.

Bytes and headers pass as they came, signatures included; the store behind it is the real one.
"""

import http.client
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

HOP = frozenset({"connection", "keep-alive", "transfer-encoding"})
Part = tuple[str, int]


class CountingStore:
    """Use as a context. ``stored``: how often each (object key, part number) was taken; ``sent``: how often offered.

    ``before_part``: called with each part before it is passed on.
    """

    def __init__(self, behind: int, before_part: Callable[[Part], None]) -> None:
        self.sent: Counter[Part] = Counter()
        self.stored: Counter[Part] = Counter()
        self._lock = threading.Lock()
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                part = part_of(self.path) if self.command == "PUT" else None
                if part is not None:
                    door._count(door.sent, part)
                    before_part(part)
                try:
                    status, headers, data = self._ask(body)
                except OSError:
                    self.close_connection = True  # the store is away: nothing is answered
                    return
                if part is not None and status == 200:
                    door._count(door.stored, part)
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in HOP | {"content-length"}:
                        self.send_header(name, value)
                length = str(len(data)) if self.command != "HEAD" else dict(headers).get("Content-Length", "0")
                self.send_header("Content-Length", length)
                self.end_headers()
                self.wfile.write(data)

            def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
                connection = http.client.HTTPConnection("127.0.0.1", behind, timeout=60)
                try:
                    connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                    for name, value in self.headers.items():
                        if name.lower() not in HOP | {"expect"}:
                            connection.putheader(name, value)
                    connection.endheaders(body or None)
                    answer = connection.getresponse()
                    return answer.status, answer.getheaders(), answer.read()
                except http.client.HTTPException as error:
                    raise OSError(type(error).__name__) from error
                finally:
                    connection.close()

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        class Door(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """Nothing: who is killed hangs up."""

        self._server = Door(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The door's address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "CountingStore":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _count(self, counter: Counter[Part], part: Part) -> None:
        with self._lock:
            counter[part] += 1


def part_of(path: str) -> Part | None:
    """Object key and number of the part of a case's ciphertext that is PUT here; 1 for an object in one piece."""
    asked = urlsplit(path)
    key = asked.path.partition("/cases/")[2]
    return (key, int(parse_qs(asked.query).get("partNumber", ["1"])[0])) if key else None
