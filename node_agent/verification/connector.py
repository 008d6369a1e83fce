"""The way to whoever has the data: one question, one answer. Pluggable: a connector is whatever keeps ``Connector``.

Invariants:
- every question presents an authorisation of the platform (H05), a purpose and no more of a person than the kind needs;
- no answer in time is an answer too (``VERIFIER_UNAVAILABLE``): the window then scans (D20), nobody waits;
- what was asked and answered is in no error, log line or ``repr``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import httpx
import tenacity

from crypto.canonical import time_value
from crypto.refusal import Refusal
from node_agent.private_http import require_private

RULE = "A07, D20, H05"


class Kind(StrEnum):
    """H06: the seven kinds of data (``crypto.sharing.KINDS``)."""

    IDENTITY = "IDENTITY"
    INVESTMENT_PROJECT = "INVESTMENT_PROJECT"
    TAX = "TAX"
    REAL_ESTATE = "REAL_ESTATE"
    EDUCATION = "EDUCATION"
    QUALIFICATION = "QUALIFICATION"
    SOCIAL_INSURANCE = "SOCIAL_INSURANCE"


class Result(StrEnum):
    """What a body answers; the last three are ours: no answer, a no to the authorisation, an unlawful answer (D20)."""

    OK = "OK"
    MISMATCH = "MISMATCH"
    NOT_FOUND = "NOT_FOUND"
    EXPIRED = "EXPIRED"
    UNAVAILABLE = "UNAVAILABLE"
    REFUSED = "REFUSED"
    INVALID = "INVALID"


OURS = frozenset({Result.UNAVAILABLE, Result.REFUSED, Result.INVALID})
"""Results that no body may give."""


@dataclass(frozen=True)
class Query:
    """One question. ``sharing``: id of the authorisation; ``flow``: VERIFY or FETCH; ``subject``: who or what it is of.

    ``query_id``: ours, random; a repeated question has the same one.
    """

    query_id: str
    kind: Kind
    flow: str
    purpose: str
    sharing: str
    subject: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """``source``: node id of the body that answered; ``reference``: its number for the answer.

    ``at``: its time, text in UTC+8.
    ``facts``: what it told, for the sealed page alone.
    """

    result: Result
    source: str
    reference: str = field(repr=False)
    at: str
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)


class Connector(Protocol):
    """A body as agents see it.

    Idempotency: a question may be repeated under its ``query_id`` and is one question at the body. Time: an answer, or
    Refusal VERIFIER_UNAVAILABLE, within a bounded time. Also VERIFIER_REFUSED (the body said no to the authorisation),
    VERIFIER_ANSWER_INVALID.
    """

    def ask(self, query: Query) -> Answer:
        """The answer to one question."""


class _Unreached(Exception):
    """No answer, or one that says "later"."""


class HttpConnector:
    """``Connector`` over HTTP. Blocking; https, or http on loopback only. Refusal CARRIER_INSECURE_URL.

    ``attempts`` calls at most, each of ``timeout`` seconds, with random pauses from ``pause`` seconds between them.
    """

    def __init__(
        self, base_url: str, api_key: str, *, attempts: int = 3, timeout: float = 2.0, pause: float = 0.2
    ) -> None:
        require_private(base_url)
        self._attempts = attempts
        self._pause = pause
        self._client = httpx.Client(
            base_url=base_url, headers={"X-Api-Key": api_key}, timeout=httpx.Timeout(timeout), trust_env=False
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, query: Query) -> Answer:
        """See ``Connector.ask``."""
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=tenacity.wait_random_exponential(multiplier=self._pause, max=2.0),
            retry=tenacity.retry_if_exception_type(_Unreached),
            reraise=True,
        )
        try:
            return _answer(retrying(self._call, query))
        except _Unreached as error:
            raise Refusal("VERIFIER_UNAVAILABLE", RULE, kind=query.kind.value) from error

    def _call(self, query: Query) -> Mapping[str, Any]:
        asked = {
            "query_id": query.query_id, "kind": query.kind.value, "flow": query.flow, "purpose": query.purpose,
            "sharing": query.sharing, "subject": dict(query.subject),
        }  # fmt: skip
        try:
            response = self._client.post("/v1/queries", json=asked)
        except httpx.HTTPError as error:
            raise _Unreached from error
        if response.status_code >= 500 or response.status_code == 429:
            raise _Unreached
        if response.status_code != 200:
            raise Refusal("VERIFIER_REFUSED", RULE, kind=query.kind.value, status=response.status_code)
        try:
            value = response.json()
        except ValueError as error:
            raise Refusal("VERIFIER_ANSWER_INVALID", RULE, member="json") from error
        if not isinstance(value, dict):
            raise Refusal("VERIFIER_ANSWER_INVALID", RULE, member="json")
        return value


def _answer(value: Mapping[str, Any]) -> Answer:
    for member in ("result", "source", "reference", "at"):
        if not isinstance(value.get(member), str) or not value[member]:
            raise Refusal("VERIFIER_ANSWER_INVALID", RULE, member=member)
    if value["result"] not in set(Result) - OURS or not isinstance(value.get("facts", {}), dict):
        raise Refusal("VERIFIER_ANSWER_INVALID", RULE, member="result")
    _moment(value["at"])
    return Answer(Result(value["result"]), value["source"], value["reference"], value["at"], value.get("facts", {}))


def _moment(text: str) -> datetime:
    try:
        return time_value(text)
    except Refusal as error:
        raise Refusal("VERIFIER_ANSWER_INVALID", RULE, member="at") from error


def connector_for(file: Path | None, kind: Kind) -> HttpConnector:
    """The connector that the node's own file names for this kind, or for all (``*``).

    The file: ``{"IDENTITY": {"url": …, "key_file": …}, …}``. Refusal SETTING_MISSING.
    """
    try:
        named = json.loads(file.read_text("utf-8")) if file is not None else {}
        entry = named.get(kind.value) or named["*"]
        return HttpConnector(str(entry["url"]), Path(entry["key_file"]).read_text("ascii").strip())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refusal("SETTING_MISSING", RULE, setting="verifiers_file") from error
