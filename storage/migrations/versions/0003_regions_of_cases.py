"""regions of cases: lists by newest change and by region come from an index

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("ix_cases_updated_index", "cases", ["updated_index"], unique=False)
    for index, member in ((f"ix_cases_{kind}_region", f"{kind}_node") for kind in ("collecting", "accepting")):
        start = f"""nullif(position('"{member}":"spiffe://'::bytea in document), 0)"""
        region = f"split_part(encode(substring(document, {start}, 300), 'escape'), '/', 4)"
        op.create_index(index, "cases", [sa.text(region)], unique=False)


def downgrade() -> None:
    op.drop_index("ix_cases_accepting_region", table_name="cases")
    op.drop_index("ix_cases_collecting_region", table_name="cases")
    op.drop_index("ix_cases_updated_index", table_name="cases")
