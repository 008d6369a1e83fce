"""Permissions to register, of the system administrator: given before the subject has signed anything (H11).

Invariants:
- a permission names the subject and a digest over all that its record must say beside its keys: kind, node, roles,
  region, title, prefix, bodies (F07), and the record that it replaces; one is good for one record, once;
- as soon as the registrar has a system administrator, a record under the registrar's signature counts only with one, so
  that whoever has the registrar's machine alone enrols nobody; before there is one, and when the last is gone, the
  registrar's key alone counts (the founding);
- a new ``tls`` key of a valid record changes nothing that was permitted and needs none.
"""

import re
from collections.abc import Iterable, Mapping

from crypto import canonical
from crypto.records import KeyRecord
from crypto.refusal import Refusal

TYPE = "enrolment.permit"
RULE = "H11; GB/T 22239-2019"
_DIGEST = re.compile(r"[0-9a-f]{64}")


def facts_digest(
    subject: str,
    kind: str,
    node: str,
    roles: Iterable[str],
    region: str,
    title: str,
    public_prefix: int | None,
    replaces: str | None,
    home: str = "",
    centre: str = "",
) -> str:
    """Hex SHA-256 of the canonical form of what a record must say. ``replaces``: digest of a record, None for none;
    ``home``, ``centre``: left out where empty, as in the record (F07)."""
    bodies = {member: code for member, code in (("home", home), ("centre", centre)) if code}
    facts = {"subject": subject, "kind": kind, "node": node, "roles": sorted(roles), "region": region, "title": title}
    return canonical.digest(canonical.encode({**facts, **bodies, "public_prefix": public_prefix, "replaces": replaces}))


def digest_of(record: KeyRecord) -> str:
    """The digest that a permission for this record names."""
    return facts_digest(
        record.subject, record.kind, record.node, record.roles, record.region, record.title, record.public_prefix,
        record.replaces, record.home, record.centre,
    )  # fmt: skip


class PermitBook:
    """Part of the directory, which alone calls ``admit`` and ``use``."""

    def __init__(self) -> None:
        self._open: dict[str, set[str]] = {}

    def admit(self, body: Mapping[str, object]) -> None:
        """One permission. Refusal PERMIT_FORMAT."""
        subject, facts = body.get("subject"), body.get("facts")
        if set(body) != {"subject", "facts"} or not isinstance(subject, str) or not isinstance(facts, str):
            raise Refusal("PERMIT_FORMAT", RULE, problem="members")
        if _DIGEST.fullmatch(facts) is None:
            raise Refusal("PERMIT_FORMAT", RULE, problem="facts")
        self._open.setdefault(subject, set()).add(facts)

    def use(self, record: KeyRecord) -> None:
        """The record is permitted, and the permission used up. Refusal PERMIT_MISSING."""
        facts = digest_of(record)
        if facts not in self._open.get(record.subject, ()):
            raise Refusal("PERMIT_MISSING", RULE, subject=record.subject)
        self._open[record.subject].discard(facts)
