"""applicants of cases: which cases one applicant has, by keyed digest

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    names = ("applicant", "task_code", "public_no", "node", "standing", "breach")
    op.create_table(
        "applicants",
        sa.Column("case_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in names),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_applicants")),
    )
    op.create_index(op.f("ix_applicants_applicant"), "applicants", ["applicant"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_applicants_applicant"), table_name="applicants")
    op.drop_table("applicants")
