"""waking cases: when the law's clocks look at a case again, former numbers, attempts at check codes

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# A case of before has no time yet: the empty text is due at once, and the first look sets the right one.
CLOCKED = ("FORWARDED", "PENDING_ACCEPT")


def upgrade() -> None:
    op.alter_column("cases", "public_no", nullable=True)
    op.alter_column("cases", "case_no", nullable=True)
    op.add_column("cases", sa.Column("wake_at", sa.Text()))
    cases = sa.table("cases", sa.column("state", sa.Text()), sa.column("wake_at", sa.Text()))
    op.execute(cases.update().where(cases.c.state.in_(CLOCKED)).values(wake_at=""))
    op.create_index(
        "ix_cases_wake_at",
        "cases",
        ["wake_at", "case_id"],
        unique=False,
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_table(
        "former_numbers",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_former_numbers")),
    )
    op.create_table(
        "check_code_attempts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_check_code_attempts")),
    )


def downgrade() -> None:
    op.drop_table("check_code_attempts")
    op.drop_table("former_numbers")
    op.drop_index("ix_cases_wake_at", table_name="cases", postgresql_where=sa.text("wake_at IS NOT NULL"))
    op.drop_column("cases", "wake_at")
    op.alter_column("cases", "case_no", nullable=False)
    op.alter_column("cases", "public_no", nullable=False)
