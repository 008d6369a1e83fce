"""One-time tokens: what a subject is given on paper so that it can enrol, and what the token was issued for.

Invariants:
- a token is 256 random bits, good for one record of one subject, for seven days;
- tokens lie in a file of mode 0600 in the clear, since their HMAC has to be computed; nothing else of theirs is kept;
- issuing and redeeming are one at a time across processes (file lock), and on disk before anybody hears of them.
"""

import contextlib
import fcntl
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crypto.canonical import time_text, time_value
from crypto.refusal import Refusal
from node_agent.keys.enrol import RecordFacts, token_tag
from storage.files import write_private

RULE = "architecture: enrolment by one-time token; H08"
DAYS = 7
FIRST_PREFIX, LAST_PREFIX = 10_001, 99_999


@dataclass(frozen=True)
class Token:
    """``used_for``: digest of the record payload that it was redeemed for, or None."""

    text: str
    facts: RecordFacts
    expires_at: str
    used_for: str | None = None


class TokenBook:
    """Tokens and the counter of public-number prefixes, in ``tokens.json``."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "tokens.json"
        self._lock = folder / "tokens.lock"

    def issue(self, facts: RecordFacts, now: datetime | None = None) -> Token:
        """A token for a record with these facts; a window or a portal without a prefix gets the next free one.

        Refusal PREFIXES_EXHAUSTED.
        """
        with self._alone():
            tokens, prefix = self._load()
            if {"window", "portal"} & set(facts.roles) and facts.public_prefix is None:
                if prefix > LAST_PREFIX:
                    raise Refusal("PREFIXES_EXHAUSTED", RULE, last=LAST_PREFIX)
                facts, prefix = replace(facts, public_prefix=prefix), prefix + 1
            ends = time_text((now or datetime.now(UTC)) + timedelta(days=DAYS))
            made = Token(secrets.token_urlsafe(32), facts, ends)
            self._save([*tokens, made], prefix)
        return made

    def facts(self, text: str) -> RecordFacts:
        """What a token was issued for. Refusal TOKEN_UNKNOWN."""
        for token in self._load()[0]:
            if hmac.compare_digest(token.text, text):
                return token.facts
        raise Refusal("TOKEN_UNKNOWN", RULE)

    def redeem(
        self, subject: str, tag: bytes, request: bytes, payload: bytes, digest: str, now: datetime | None = None
    ) -> RecordFacts:
        """Use up the token behind ``tag``; the facts that it was issued for. The same record may come again.

        Refusals TOKEN_UNKNOWN, TOKEN_EXPIRED, TOKEN_USED.
        """
        with self._alone():
            tokens, prefix = self._load()
            number = next(
                (
                    at
                    for at, token in enumerate(tokens)
                    if token.facts.subject == subject
                    and hmac.compare_digest(token_tag(token.text, request, payload), tag)
                ),
                None,
            )
            if number is None:
                raise Refusal("TOKEN_UNKNOWN", RULE, subject=subject)
            token = tokens[number]
            if token.used_for not in (None, digest):
                raise Refusal("TOKEN_USED", RULE, subject=subject)
            if token.used_for is None and (now or datetime.now(UTC)) >= time_value(token.expires_at):
                raise Refusal("TOKEN_EXPIRED", RULE, subject=subject, ended=token.expires_at)
            tokens[number] = replace(token, used_for=digest)
            self._save(tokens, prefix)
        return token.facts

    def _load(self) -> tuple[list[Token], int]:
        if not self._file.exists():
            return [], FIRST_PREFIX
        value = json.loads(self._file.read_text())
        return [_token(entry) for entry in value["tokens"]], value["next_prefix"]

    def _save(self, tokens: list[Token], prefix: int) -> None:
        value = {"tokens": [asdict(token) for token in tokens], "next_prefix": prefix}
        write_private(self._file, json.dumps(value, ensure_ascii=False).encode())

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        handle = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _token(entry: dict[str, object]) -> Token:
    facts = entry["facts"]
    assert isinstance(facts, dict)  # written by _save
    return Token(**{**entry, "facts": RecordFacts(**{**facts, "roles": tuple(facts["roles"])})})  # type: ignore[arg-type]
