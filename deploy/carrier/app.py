"""HTTP interface of the simulated carrier.

Invariants:
- every answer except ``/healthz`` needs the key in ``X-Api-Key``, compared in constant time;
- errors are ``{"error": CODE}`` and never repeat what was sent; there is no access log (paths name waybills);
- a push is told at least once at best and only to loopback; polling is the way that always works.
"""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.carrier.store import Answer, CarrierStore

Told = list[tuple[str | None, dict[str, object]]]
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def carrier_app(path: Path, key: str, clock: Callable[[], datetime], tick: float = 0.0, scenario: int = 1) -> Starlette:
    """The application on the SQLite file ``path``. ``tick``: seconds between events, 0 = only when asked."""
    desk = _Desk(path, key, clock, tick, scenario)
    routes = [
        Route("/healthz", desk.healthz),
        Route("/v1/parcels", desk.guarded(desk.book), methods=["POST"]),
        Route("/v1/parcels/{waybill}/events", desk.guarded(desk.events)),
        Route("/v1/parcels/{waybill}/slip", desk.guarded(desk.slip)),
        Route("/v1/parcels/{waybill}/cancel", desk.guarded(desk.cancel), methods=["POST"]),
        Route("/admin/scenario", desk.guarded(desk.scenario, admin=True), methods=["POST"]),
        Route("/admin/advance", desk.guarded(desk.advance, admin=True), methods=["POST"]),
        Route("/admin/outage", desk.guarded(desk.outage, admin=True), methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=desk.lifespan)


class _Desk:
    """The endpoints. All run on the one event loop thread, which is what makes them one after another."""

    def __init__(self, path: Path, key: str, clock: Callable[[], datetime], tick: float, scenario: int) -> None:
        self._open = partial(CarrierStore, path, clock, scenario)
        self._key = key.encode()
        self._tick = tick
        self._outage = 0
        self._outage_persists = False

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self._store = self._open()
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            self._client = client
            task = asyncio.create_task(self._automatic()) if self._tick else None
            try:
                yield
            finally:
                if task is not None:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task
                self._store.close()

    def guarded(
        self, endpoint: Callable[[Request], Awaitable[Response]], admin: bool = False
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if not hmac.compare_digest(request.headers.get("X-Api-Key", "").encode(), self._key):
                return JSONResponse({"error": "BAD_KEY"}, 401)
            down = not admin and self._outage > 0
            if down:
                self._outage -= 1
                if not self._outage_persists:
                    return JSONResponse({"error": "DOWN"}, 503)
            try:
                done = await endpoint(request)
            except Answer as refused:
                done = JSONResponse({"error": refused.code}, refused.status)
            return JSONResponse({"error": "DOWN"}, 503) if down else done

        return answer

    async def healthz(self, _: Request) -> Response:
        return JSONResponse({"status": "SERVING", "unfinished": self._store.unfinished(None)})

    async def book(self, request: Request) -> Response:
        order_id, asked = _booking(await _object(request))
        return JSONResponse(self._store.book(order_id, asked))

    async def events(self, request: Request) -> Response:
        after = request.query_params.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < 10):
            raise Answer(422, "BAD_AFTER")
        return JSONResponse({"events": self._store.events(request.path_params["waybill"], int(after))})

    async def slip(self, request: Request) -> Response:
        return Response(self._store.slip(request.path_params["waybill"]), media_type="image/svg+xml")

    async def cancel(self, request: Request) -> Response:
        self._store.cancel(request.path_params["waybill"])
        return JSONResponse({"cancelled": True})

    async def scenario(self, request: Request) -> Response:
        asked = await _object(request)
        self._store.plan(_number(asked, "scenario", 1, 99), _number(asked, "count", 0, 1000, default=1))
        return JSONResponse({"planned": True})

    async def advance(self, request: Request) -> Response:
        asked = await _object(request)
        waybill = asked.get("waybill")
        if waybill is not None and not isinstance(waybill, str):
            raise Answer(422, "BAD_WAYBILL")
        told: Told = []
        for _ in range(_number(asked, "steps", 1, 100, default=1)):
            told += self._store.advance(waybill)
        await self._push(told)
        return JSONResponse({"played": len(told), "unfinished": self._store.unfinished(waybill)})

    async def outage(self, request: Request) -> Response:
        """The next ``answers`` answers are 503; with ``persisted`` the work is done all the same."""
        asked = await _object(request)
        self._outage = _number(asked, "answers", 0, 1000)
        self._outage_persists = asked.get("persisted") is True
        return JSONResponse({"answers": self._outage})

    async def _automatic(self) -> None:
        while True:
            await asyncio.sleep(self._tick)
            await self._push(self._store.advance(None))

    async def _push(self, told: Told) -> None:
        for callback, event in told:
            if callback is not None:
                body = json.dumps(event, ensure_ascii=False).encode()
                mark = hmac.new(self._key, body, sha256).hexdigest()
                headers = {"X-Signature": mark, "Content-Type": "application/json"}
                with suppress(httpx.HTTPError):  # whoever misses a push polls
                    await self._client.post(callback, content=body, headers=headers)


async def _object(request: Request) -> dict[str, object]:
    try:
        value = await request.json()
    except ValueError:
        raise Answer(422, "BAD_JSON") from None
    if not isinstance(value, dict):
        raise Answer(422, "BAD_JSON")
    return value


def _booking(asked: dict[str, object]) -> tuple[str, dict[str, object]]:
    """Order id and the checked request. Answer 422 with the field's code."""
    order_id = asked.get("orderId")
    if not isinstance(order_id, str) or not 1 <= len(order_id) <= 64:
        raise Answer(422, "BAD_ORDER_ID")
    insured = asked.get("insured", False)
    if not isinstance(insured, bool):
        raise Answer(422, "BAD_INSURED")
    callback = asked.get("callback")
    if callback is not None and not _is_loopback(callback):
        raise Answer(422, "BAD_CALLBACK")
    return order_id, {
        "sender": _party(asked.get("sender")),
        "receiver": _party(asked.get("receiver")),
        "receiptLevel": _number(asked, "receiptLevel", 0, 4, default=0),
        "insured": insured,
        "callback": callback,
    }


def _party(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Answer(422, "BAD_PARTY")
    party = {name: value.get(name) for name in ("name", "phone", "address")}
    if not all(isinstance(text, str) and 0 < len(text) <= 200 for text in party.values()):
        raise Answer(422, "BAD_PARTY")
    return dict(party)


def _is_loopback(value: object) -> bool:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return parts is not None and parts.scheme == "http" and parts.hostname in _LOOPBACK


def _number(asked: dict[str, object], name: str, low: int, high: int, default: int | None = None) -> int:
    value = asked.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Answer(422, f"BAD_{name.upper()}")
    return value
