"""HTTP interface of the simulated body.

Invariants:
- every answer needs the key in ``X-Api-Key``, compared in constant time, and every query an authorisation of those that
  the body was told of (``PUT /admin/sharings``, with the supplier that each names and that answers): without one
  nothing is answered (H05);
- the same ``query_id`` gets the same answer; what is asked is kept nowhere and in no log line;
- which scenario plays is planned by ``/admin/scenario``; without a plan all is well.
"""

import asyncio
import hmac
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from crypto import canonical
from crypto.sharing import FLOWS, KINDS

SCENARIOS = ("OK", "MISMATCH", "NOT_FOUND", "EXPIRED", "DOWN", "SLOW", "GARBLED")


def verifier_app(key: str, clock: Callable[[], datetime], slow_seconds: float = 5.0) -> Starlette:
    """The application. ``slow_seconds``: how long the scenario SLOW takes."""
    desk = _Desk(key, clock, slow_seconds)
    routes = [
        Route("/healthz", desk.healthz),
        Route("/v1/queries", desk.guarded(desk.query), methods=["POST"]),
        Route("/admin/scenario", desk.guarded(desk.plan), methods=["POST"]),
        Route("/admin/sharings", desk.guarded(desk.sharings), methods=["PUT"]),
        Route("/admin/asked", desk.guarded(desk.asked)),
    ]
    return Starlette(routes=routes)


class _Desk:
    """The endpoints, on the one event loop thread."""

    def __init__(self, key: str, clock: Callable[[], datetime], slow_seconds: float) -> None:
        self._key = key.encode()
        self._clock = clock
        self._slow = slow_seconds
        self._planned: deque[str] = deque()
        self._sharings: dict[str, str] = {}
        self._answers: dict[str, dict[str, object]] = {}
        self._count = 0

    def guarded(self, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if not hmac.compare_digest(request.headers.get("X-Api-Key", "").encode(), self._key):
                return JSONResponse({"error": "BAD_KEY"}, 401)
            return await endpoint(request)

        return answer

    async def healthz(self, _: Request) -> Response:
        return JSONResponse({"status": "SERVING"})

    async def plan(self, request: Request) -> Response:
        asked = await request.json()
        scenario, count = asked.get("scenario"), asked.get("count", 1)
        if scenario not in SCENARIOS or type(count) is not int or not 0 <= count <= 1000:
            return JSONResponse({"error": "BAD_SCENARIO"}, 422)
        self._planned.extend([scenario] * count)
        return JSONResponse({"planned": len(self._planned)})

    async def sharings(self, request: Request) -> Response:
        told = (await request.json())["sharings"]
        self._sharings = {str(sharing): str(supplier) for sharing, supplier in told.items()}
        return JSONResponse({"known": len(self._sharings)})

    async def asked(self, _: Request) -> Response:
        """How many different queries were answered."""
        return JSONResponse({"answered": len(self._answers)})

    async def query(self, request: Request) -> Response:
        asked = await request.json()
        named = asked.get("kind") in KINDS and asked.get("flow") in FLOWS and isinstance(asked.get("subject"), dict)
        if not named or not isinstance(asked.get("query_id"), str):
            return JSONResponse({"error": "BAD_QUERY"}, 422)
        if asked.get("sharing") not in self._sharings:
            return JSONResponse({"error": "NO_SHARING"}, 403)
        known = self._answers.get(asked["query_id"])
        if known is not None:
            return JSONResponse(known)
        scenario = self._planned.popleft() if self._planned else "OK"
        if scenario == "DOWN":
            return JSONResponse({"error": "DOWN"}, 503)
        if scenario == "GARBLED":
            return JSONResponse(["?"])
        if scenario == "SLOW":
            await asyncio.sleep(self._slow)
            scenario = "OK"
        made = self._answer(str(asked["kind"]), str(asked["flow"]), self._sharings[asked["sharing"]], scenario)
        self._answers[asked["query_id"]] = made
        return JSONResponse(made)

    def _answer(self, kind: str, flow: str, source: str, scenario: str) -> dict[str, object]:
        self._count += 1
        facts = {"licence": f"{kind}-DEMO", "status": "VALID"} if flow == "FETCH" and scenario == "OK" else {}
        return {
            "result": scenario, "source": source, "reference": f"{kind}-{self._count:06d}",
            "at": canonical.time_text(self._clock()), "facts": facts,
        }  # fmt: skip
