"""The one interceptor: who is it, may they, how much, how long, and how errors leave.

Invariants:
- nothing reaches a servicer before certificate, key record, role, size and limits were checked, in this order;
- calls end within their rule's seconds, streams too; who may still read a stream, its servicer asks
  (``Recogniser.still``);
- the log names method, node, code and duration; never a body, a value or a person.
"""

import asyncio
import json
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, NoReturn, TypeAlias

import grpc
from grpc import aio

from crypto.refusal import Refusal
from hub.rpc import caller as callers
from hub.rpc import errors
from hub.rpc.access import Rule, require_role, require_size
from hub.rpc.limits import Limits, address_of

log = logging.getLogger("hub.calls")
_Context = aio.ServicerContext[Any, Any]
_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic in its type stub only


class Gate(aio.ServerInterceptor):
    """In front of every servicer. ``recogniser`` None: the enrolment door, where nobody has a certificate yet."""

    def __init__(self, rules: Mapping[str, Rule], recogniser: callers.Recogniser | None, limits: Limits) -> None:
        self._rules = rules
        self._recogniser = recogniser
        self._limits = limits
        self._guarded: dict[str, _Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["_Handler | None"]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "_Handler | None":
        """The handler behind its guards, made once a method; None (UNIMPLEMENTED) for one that nobody serves."""
        method = str(handler_call_details.method)
        known = self._guarded.get(method)
        if known is not None:
            return known
        handler = await continuation(handler_call_details)
        made = self._behind_guards(method, handler) if handler is not None else None
        if made is not None:
            self._guarded[method] = made
        return made

    def _behind_guards(self, method: str, handler: "_Handler") -> "_Handler | None":
        coders = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(self._unary(method, handler.unary_unary), **coders)
        if handler.unary_stream:
            stream = self._stream(method, handler.unary_stream, sized=True)
            return grpc.unary_stream_rpc_method_handler(stream, **coders)
        if handler.stream_stream:
            stream = self._stream(method, handler.stream_stream, sized=False)
            return grpc.stream_stream_rpc_method_handler(stream, **coders)
        return None

    def _unary(self, method: str, behaviour: Any) -> Any:
        async def guarded(request: Any, context: _Context) -> Any:
            started = time.monotonic()
            try:
                rule, who = await self._admit(method, context)
                size = request.ByteSize()
                require_size(rule, size, method)
                self._limits.admit(who, rule.kind, _units(rule, request))
                with self._limits.under_way(who, size):
                    async with asyncio.timeout(rule.seconds):
                        response = await behaviour(request, context)
            except Exception as error:
                await self._refuse(method, context, error, started, _request_id(request))
            _note(method, context, "OK", started, logging.DEBUG, _request_id(request))
            return response

        return guarded

    def _stream(self, method: str, behaviour: Any, *, sized: bool) -> Any:
        async def guarded(request: Any, context: _Context) -> AsyncIterator[Any]:
            started = time.monotonic()
            try:
                rule, who = await self._admit(method, context)
                size = request.ByteSize() if sized else 0
                require_size(rule, size, method)
                self._limits.admit(who, rule.kind, 1)
                with self._limits.under_way(who, size, stream=True):
                    async with asyncio.timeout(rule.seconds):
                        async for response in behaviour(request, context):
                            yield response
            except Exception as error:
                await self._refuse(method, context, error, started)
            _note(method, context, "OK", started, logging.DEBUG)

        return guarded

    async def _admit(self, method: str, context: _Context) -> tuple[Rule, str]:
        """The method's rule, and who calls: the node's id, or the address at the enrolment door."""
        if self._recogniser is None:
            rule, who = self._rules.get(method), address_of(context.peer())
        else:
            rule, peer = self._rules.get(method), callers.peer_of(context.auth_context())
            known = rule is not None and rule.at_place
            record = await (self._recogniser.known(peer) if known else self._recogniser.caller(peer))
            callers.remember(record)
            who = record.subject
            if rule is not None:
                require_role(rule, record, method)
        if rule is None:
            raise Refusal("METHOD_UNKNOWN", "default is no")
        return rule, who

    async def _refuse(
        self, method: str, context: _Context, error: Exception, started: float, request_id: str = ""
    ) -> NoReturn:
        if isinstance(error, aio.AbortError):
            raise error
        refusal = _as_refusal(method, error)
        status = errors.status_code(refusal.code)
        _note(method, context, refusal.code, started, logging.INFO, request_id)
        await context.abort(status, refusal.code, errors.trailer(status, refusal))


def _as_refusal(method: str, error: Exception) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, TimeoutError):
        return Refusal("HUB_SLOW", "deadline of a call")
    incident = secrets.token_hex(8)
    log.exception("incident %s in %s", incident, method)
    return Refusal("INTERNAL", "an unknown error says nothing of the inside", incident=incident)


def _units(rule: Rule, request: Any) -> int:
    return len(getattr(request, rule.counted)) if rule.counted else 1


def _request_id(request: Any) -> str:
    """The caller's id of its request (AIP-155), as far as it is one; shown in the log and nowhere else used."""
    given = str(getattr(request, "request_id", ""))[:32]
    return given if given.isalnum() and given.isascii() else ""


def _note(method: str, context: _Context, code: str, started: float, level: int, request_id: str = "") -> None:
    if not log.isEnabledFor(level):
        return
    line = {"method": method, "code": code, "ms": round((time.monotonic() - started) * 1000, 1)}
    if request_id:
        line["request_id"] = request_id
    try:
        line["node"] = callers.peer_of(context.auth_context()).node
    except Refusal as refusal:
        line["node"] = refusal.code
    log.log(level, json.dumps(line, sort_keys=True))
