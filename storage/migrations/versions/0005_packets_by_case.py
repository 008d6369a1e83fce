"""key packets by case: the children of a parent share its sealing, and each names packets of its own

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"

_PLACE = ["manifest", "recipient", "recipient_key", "line", "rendition"]


def upgrade() -> None:
    op.drop_constraint(op.f("pk_key_packets"), "key_packets")
    op.create_primary_key(op.f("pk_key_packets"), "key_packets", [*_PLACE, "case_id"])


def downgrade() -> None:
    same = " AND ".join(f"one.{name} = other.{name}" for name in _PLACE)
    op.execute(f"DELETE FROM key_packets one USING key_packets other WHERE {same} AND one.case_id > other.case_id")
    op.drop_constraint(op.f("pk_key_packets"), "key_packets")
    op.create_primary_key(op.f("pk_key_packets"), "key_packets", _PLACE)
