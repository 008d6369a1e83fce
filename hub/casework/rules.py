"""The law's own description, as it travels in an evidence package and stands in the docs."""

from crypto import canonical
from hub.casework.context import RULES_VERSION
from hub.casework.table import LAW


def rules_document() -> bytes:
    """Canonical JSON: version and every row (who may do what when, who signs, which guards, which article)."""
    rows = [
        {
            "id": row.id,
            "chain": row.chain,
            "event": row.event,
            "from": [state.value for state in row.source],
            "to": row.target.value if row.target else None,
            "party": row.party.value,
            "roles": sorted(row.roles),
            "signers": row.signers.value,
            "guards": [guard.__name__ for guard in row.guards],
            "citation": row.citation,
        }
        for row in LAW.rows
    ]
    return canonical.encode({"v": 1, "version": RULES_VERSION, "rows": rows})
