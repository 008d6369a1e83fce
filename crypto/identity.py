"""Names of nodes and persons.

Invariants: a node id is ``spiffe://<trust domain>/<region, 12 digits>/<name>``; a person id is
``<node id>/person/<staff code>``; a staff code is a code, never a name (promise 1).
"""

import re

from crypto.refusal import Refusal

RULE = "architecture: ids"
_NODE = re.compile(r"spiffe://([a-z0-9.-]{3,80})/(\d{12})/([a-z0-9][a-z0-9-]{1,62})")
_PERSON = re.compile(r"(spiffe://[a-z0-9.-]{3,80}/\d{12}/[a-z0-9][a-z0-9-]{1,62})/person/([A-Z0-9]{2,16})")


def node_id(trust_domain: str, region: str, name: str) -> str:
    """The id of node ``name`` in ``region`` (12 digits). Refusal NODE_ID_FORMAT."""
    return require_node(f"spiffe://{trust_domain}/{region}/{name}")


def require_node(text: str) -> str:
    """``text`` if it is a node id. Refusal NODE_ID_FORMAT."""
    if _NODE.fullmatch(text) is None:
        raise Refusal("NODE_ID_FORMAT", RULE, value=text[:120])
    return text


def node_name(node: str) -> str:
    """Last part of a node id."""
    return require_node(node).rsplit("/", 1)[1]


def node_region(node: str) -> str:
    """Region of a node id, 12 digits."""
    return require_node(node).rsplit("/", 2)[1]


def person_id(node: str, staff_code: str) -> str:
    """The id of a person at ``node``. Refusal PERSON_ID_FORMAT."""
    return require_person(f"{require_node(node)}/person/{staff_code}")


def require_person(text: str) -> str:
    """``text`` if it is a person id. Refusal PERSON_ID_FORMAT."""
    if _PERSON.fullmatch(text) is None:
        raise Refusal("PERSON_ID_FORMAT", RULE, value=text[:140])
    return text


def node_of(person: str) -> str:
    """The node a person belongs to."""
    return require_person(person).rsplit("/person/", 1)[0]


def dns_name(node: str) -> str:
    """DNS name of a node for its certificate: ``<name>.<region>.<trust domain>`` (gRPC demands one)."""
    match = _NODE.fullmatch(require_node(node))
    assert match is not None
    domain, region, name = match.groups()
    return f"{name}.{region}.{domain}"
