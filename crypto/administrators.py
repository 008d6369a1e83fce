"""Three administrators apart (三员分立; H11; GB/T 22239-2019 level 3): system, security, audit.

Invariants:
- nobody is two of them, and no administrator is a clerk: the record of such a person is refused, by hub, agents and
  auditors alike; so one person alone can neither enrol and revoke, nor change anything and judge the log;
- system and security administrators stand at the registrar's node, audit administrators at auditors' nodes;
- as soon as a registrar has an administrator of a kind, an act of that kind counts only under his signature beside the
  registrar's; before there is one, and when the last one is gone, the registrar's key alone counts (the founding);
- an audit administrator changes nothing: no act of the registry and none of the law but an export is his.
"""

from collections.abc import Collection

from crypto.refusal import Refusal

RULE = "H11; GB/T 22239-2019"
SYSTEM, SECURITY, AUDIT = "SYSTEM_ADMIN", "SECURITY_ADMIN", "AUDIT_ADMIN"
ROLES = frozenset({SYSTEM, SECURITY, AUDIT})
STANDS_AT = {SYSTEM: "registrar", SECURITY: "registrar", AUDIT: "auditor"}
"""Role of the node that an administrator belongs to."""
ACTS = {
    **dict.fromkeys(("key.activate", "key.veto", "catalogue.publish", "calendar.publish"), SYSTEM),
    **dict.fromkeys(("secret.share", "secret.retire", "enrolment.permit"), SYSTEM),
    **dict.fromkeys(("key.revoke", "sharing.issue", "sharing.withdraw", "sharing.settle"), SECURITY),
}
"""Whose act each statement of the registrar is: keys and settings the one's, revocations and permissions the other's.

Registrations are the system administrator's too: he issues the one-time token, before the subject has signed anything,
and permits the record (``crypto.permits``).
"""


def require_apart(roles: Collection[str]) -> None:
    """Refusal ADMINISTRATOR_MIXED for two administrators in one person, or an administrator who is a clerk too."""
    held = ROLES & set(roles)
    if held and len(set(roles)) > 1:
        raise Refusal("ADMINISTRATOR_MIXED", RULE, roles=",".join(sorted(roles)))


def require_place(roles: Collection[str], node_roles: Collection[str]) -> None:
    """Refusal ADMINISTRATOR_PLACE for an administrator at another kind of node."""
    for role in sorted(ROLES & set(roles)):
        if STANDS_AT[role] not in node_roles:
            raise Refusal("ADMINISTRATOR_PLACE", RULE, role=role)
