"""The local HTTP hook for the department's own line system (部门业务系统), beside the folder (A05, E of users.md B1).

Every call goes through these steps; the code carries the same numbers:
1. the peer and the host named are this machine: no name of another machine resolves to it (DNS rebinding);
2. the bearer token of the 0600 file, compared in constant time;
3. the body is bounded before it is read;
4. one answer: JSON, or the bytes of a file that a manifest names; an error is a stable code with its Chinese text.

Invariants:
- read: bundles that a person handed over, batches that a person exported; nothing is decrypted for a call;
- write: a push (``node_agent.exchange.pushes``), which a person signs or drops; the hook holds no key;
- what is asked again is answered the same: bundles stay listed until they were taken, a push has the caller's key.
"""

import hmac
import json
import os
import re
import stat
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from crypto.refusal import Refusal
from hub.casework.messages import render
from node_agent.department import queue
from node_agent.department.handover import SUMS
from node_agent.exchange import pushes
from node_agent.exchange.files import MANIFEST, reconcile
from node_agent.process.runtime import Agent

RULE = "A05; H10"
LARGEST = 24 << 20
"""Bytes of one body: the pages of a result in base64."""
SHORTEST_TOKEN = 32
PAGE = 100
TAKEN = "hook:taken:"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
STATUS: Mapping[str, int] = {
    "HOOK_HOST": 403,
    "HOOK_TOKEN": 401,
    "HOOK_TOO_LARGE": 413,
    "HOOK_UNKNOWN": 404,
    "CASE_UNKNOWN_HERE": 404,
    "HOOK_KEY_REUSED": 409,
    "HOOK_SETTLED": 409,
    "HOOK_FULL": 503,
    "JOURNAL_UNWRITABLE": 503,
    "DRAFT_UNWRITABLE": 503,
}
_BUNDLE = re.compile(r"[0-9A-Z]{43}(-S[0-9]{1,3})?")
_BATCH = re.compile(r"batch-[0-9]{6}")
_Endpoint = Callable[[Request], Awaitable[Response]]


def read_token(path: Path) -> str:
    """The token. Refusal HOOK_TOKEN_FILE unless the file is the owner's alone and holds at least 32 characters."""
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)
        token = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal("HOOK_TOKEN_FILE", RULE, file=path.name) from error
    if mode & 0o077 or len(token) < SHORTEST_TOKEN:
        raise Refusal("HOOK_TOKEN_FILE", RULE, file=path.name)
    return token


def hook_app(agent: Agent, token: str, exchange: Path) -> Starlette:
    """The application. ``exchange``: folder of exported batches."""
    desk = _Desk(agent, token, exchange)
    return Starlette(
        routes=[
            Route("/v1/health", desk.guarded(desk.health)),
            Route("/v1/queue", desk.guarded(desk.queue)),
            Route("/v1/cases", desk.guarded(desk.cases)),
            Route("/v1/cases/{name}/taken", desk.guarded(desk.taken), methods=["POST"]),
            Route("/v1/cases/{name}/files/{path:path}", desk.guarded(desk.case_file)),
            Route("/v1/batches", desk.guarded(desk.batches)),
            Route("/v1/batches/{name}/files/{path:path}", desk.guarded(desk.batch_file)),
            Route("/v1/pushes", desk.guarded(desk.push), methods=["POST"]),
            Route("/v1/pushes/{key}", desk.guarded(desk.pushed)),
        ]
    )


class _Desk:
    """The endpoints. Files and journal are read in a thread."""

    def __init__(self, agent: Agent, token: str, exchange: Path) -> None:
        self._agent = agent
        self._token = token.encode()
        self._exchange = exchange

    def guarded(self, endpoint: _Endpoint) -> _Endpoint:
        async def call(request: Request) -> Response:
            try:
                _require_here(request)  # 1
                self._require_token(request)  # 2
                return await endpoint(request)  # 4
            except Refusal as refusal:
                told = {"code": refusal.code, "rule": refusal.rule, "message": render(refusal)}
                return JSONResponse(told, STATUS.get(refusal.code, 422))

        return call

    async def health(self, _: Request) -> Response:
        return JSONResponse({"ok": True, "node": self._agent.identity.node})

    async def queue(self, _: Request) -> Response:
        """Open cases with what is left of K2 and K3: codes and dates alone."""
        lines = await run_in_threadpool(queue.queue_view, self._agent)
        told = [
            {
                "case": line.view.case,
                "case_no": line.case_no,
                "task_code": line.task_code,
                "state": line.view.state,
                "days": dict(line.days),
                "due": dict(line.due),
            }
            for line in lines
        ]
        return JSONResponse({"cases": told})

    async def cases(self, _: Request) -> Response:
        """Bundles that were handed over and not taken yet, at most a hundred: each with its files and their digests."""
        return JSONResponse({"cases": await run_in_threadpool(self._untaken)})

    async def taken(self, request: Request) -> Response:
        """The line system has the bundle: it is listed no more."""
        name = request.path_params["name"]
        self._bundle(name)
        await run_in_threadpool(self._agent.journal.keep, TAKEN + name, b"1")
        return JSONResponse({"ok": True})

    async def case_file(self, request: Request) -> Response:
        folder = self._bundle(request.path_params["name"])
        return _file(folder, request.path_params["path"], {**_sums(folder), SUMS: ""})

    async def batches(self, _: Request) -> Response:
        found = await run_in_threadpool(self._batches)
        return JSONResponse({"batches": found})

    async def batch_file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if _BATCH.fullmatch(name) is None:
            raise Refusal("HOOK_UNKNOWN", RULE)
        folder = self._exchange / name
        told, _ = await run_in_threadpool(reconcile, folder)
        files = {str(entry["file"]): "" for entry in told["tables"].values()}
        return _file(folder, request.path_params["path"], {**files, MANIFEST: ""})

    async def push(self, request: Request) -> Response:
        """A push under the caller's ``Idempotency-Key``; a person signs it later."""
        told = await _object(request)  # 3
        key = request.headers.get("Idempotency-Key", "")
        made = await run_in_threadpool(pushes.take, self._agent, key, told)
        return JSONResponse(await run_in_threadpool(pushes.answer, self._agent, made), 202)

    async def pushed(self, request: Request) -> Response:
        found = await run_in_threadpool(pushes.kept, self._agent, request.path_params["key"])
        if found is None:
            raise Refusal("HOOK_UNKNOWN", RULE)
        return JSONResponse(await run_in_threadpool(pushes.answer, self._agent, found))

    # --- pieces --------------------------------------------------------------------------------------------------

    def _require_token(self, request: Request) -> None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not hmac.compare_digest(given.encode(), self._token):
            raise Refusal("HOOK_TOKEN", RULE)

    def _untaken(self) -> list[dict[str, object]]:
        folder = self._agent.settings.line_system_folder
        if folder is None or not folder.is_dir():
            return []
        done = {name.removeprefix(TAKEN) for name, _ in self._agent.journal.notes(TAKEN)}
        names = sorted(path.name for path in folder.iterdir() if _BUNDLE.fullmatch(path.name))
        new = [name for name in names if name not in done][:PAGE]
        return [{"name": name, "files": _sums(folder / name)} for name in new]

    def _bundle(self, name: str) -> Path:
        folder = self._agent.settings.line_system_folder
        if folder is None or _BUNDLE.fullmatch(name) is None or not (folder / name / SUMS).is_file():
            raise Refusal("HOOK_UNKNOWN", RULE)
        return folder / name

    def _batches(self) -> list[dict[str, Any]]:
        if not self._exchange.is_dir():
            return []
        names = sorted(path.name for path in self._exchange.iterdir() if _BATCH.fullmatch(path.name))
        return [reconcile(self._exchange / name)[0] for name in names]


def _require_here(request: Request) -> None:
    """Refusal HOOK_HOST."""
    peer = request.client.host if request.client else ""
    if peer not in LOOPBACK or (request.url.hostname or "") not in LOOPBACK:
        raise Refusal("HOOK_HOST", RULE)


def _sums(folder: Path) -> dict[str, str]:
    """Digest by path, as the bundle's own list has them."""
    rows = (row.partition("  ") for row in (folder / SUMS).read_text(encoding="utf-8").splitlines())
    return {name: digest for digest, _, name in rows}


def _file(folder: Path, path: str, known: Mapping[str, str]) -> Response:
    """A file that the folder's own list names: no other path leads anywhere."""
    if path not in known or not (folder / path).is_file():
        raise Refusal("HOOK_UNKNOWN", RULE)
    return FileResponse(folder / path, media_type="application/octet-stream")


async def _object(request: Request) -> dict[str, Any]:
    """Step 3. Refusals HOOK_TOO_LARGE, HOOK_JSON."""
    said = request.headers.get("Content-Length", "0")
    if not (said.isascii() and said.isdigit()) or int(said) > LARGEST:
        raise Refusal("HOOK_TOO_LARGE", RULE, limit=LARGEST)
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > LARGEST:
            raise Refusal("HOOK_TOO_LARGE", RULE, limit=LARGEST)
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise Refusal("HOOK_JSON", RULE) from error
    if not isinstance(value, dict):
        raise Refusal("HOOK_JSON", RULE)
    return value
