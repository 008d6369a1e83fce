"""further regions of cases, and applicants by the digest of the key before

Revision ID: 0006
Revises: 0005
"""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_PAGE = 500
_REGION = 3
"""Place of the region in ``spiffe://<trust domain>/<region>/<name>``."""


def upgrade() -> None:
    op.add_column("applicants", sa.Column("applicant_before", sa.Text(), nullable=True))
    op.create_index(op.f("ix_applicants_applicant_before"), "applicants", ["applicant_before"], unique=False)
    made = op.create_table(
        "case_regions",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "region", name=op.f("pk_case_regions")),
    )
    op.create_index("ix_case_regions_region", "case_regions", ["region", "case_id"], unique=False)
    for rows in _regions():
        op.bulk_insert(made, rows)


def downgrade() -> None:
    op.drop_index("ix_case_regions_region", table_name="case_regions")
    op.drop_table("case_regions")
    op.drop_index(op.f("ix_applicants_applicant_before"), table_name="applicants")
    op.drop_column("applicants", "applicant_before")


def _regions() -> Iterator[list[dict[str, str]]]:
    """What follows from the cases that were passed up, or have parts, before there was such a table; a page at a time,
    since a hub has millions of cases."""
    kept = "position('\"first_reviewers\":['::bytea in document) > 0 OR position('\"parts\":['::bytea in document) > 0"
    asked = sa.text(f"SELECT case_id, document FROM cases WHERE {kept}").execution_options(yield_per=_PAGE)
    for page in op.get_bind().execute(asked).partitions():
        if rows := [row for case_id, document in page for row in _rows(case_id, json.loads(bytes(document)))]:
            yield rows


def _rows(case_id: str, told: dict[str, Any]) -> list[dict[str, str]]:
    nodes = {*told.get("first_reviewers", ()), *(part["node"] for part in told.get("parts", ()))}
    regions = {node.split("/")[_REGION] for node in nodes if node}
    return [{"case_id": case_id, "region": region} for region in sorted(regions)]
