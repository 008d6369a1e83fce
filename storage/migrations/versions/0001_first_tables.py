"""first tables

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "case_serials",
        sa.Column("task_code", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("task_code", "day", name=op.f("pk_case_serials")),
    )
    op.create_table(
        "cases",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("public_no", sa.Text(), nullable=False),
        sa.Column("case_no", sa.Text(), nullable=False),
        sa.Column("updated_index", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_cases")),
        sa.UniqueConstraint("case_no", name=op.f("uq_cases_case_no")),
        sa.UniqueConstraint("public_no", name=op.f("uq_cases_public_no")),
    )
    op.create_index(op.f("ix_cases_state"), "cases", ["state"], unique=False)
    op.create_table(
        "check_codes",
        sa.Column("public_no", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("public_no", name=op.f("pk_check_codes")),
    )
    op.create_table(
        "checkpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "cosignatures",
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", "line", name=op.f("pk_cosignatures")),
    )
    op.create_table(
        "documents",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_documents")),
    )
    op.create_table(
        "enrolments",
        sa.Column("enrolment_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("token_tag", sa.LargeBinary(), nullable=False),
        sa.Column("renewal", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("refusal_code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("enrolment_id", name=op.f("pk_enrolments")),
        sa.UniqueConstraint("number", name=op.f("uq_enrolments_number")),
    )
    op.create_table(
        "key_packets",
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("recipient_key", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("rendition", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("packet", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "manifest", "recipient", "recipient_key", "line", "rendition", name=op.f("pk_key_packets")
        ),
    )
    op.create_index(op.f("ix_key_packets_case_id"), "key_packets", ["case_id"], unique=False)
    op.create_table(
        "leaves",
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("payload_digest", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("is_registry", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_leaves")),
        sa.UniqueConstraint("payload_digest", name=op.f("uq_leaves_payload_digest")),
    )
    op.create_index("ix_leaves_case_id_idx", "leaves", ["case_id", "idx"], unique=False)
    op.create_index("ix_leaves_registry", "leaves", ["epoch"], unique=False, postgresql_where="is_registry")
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_head")),
    )
    op.create_table(
        "uploads",
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("store_upload_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("upload_id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("manifest", name=op.f("uq_uploads_manifest")),
        sa.UniqueConstraint("object_key", name=op.f("uq_uploads_object_key")),
    )
    op.create_table(
        "inbox",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.ForeignKeyConstraint(["idx"], ["leaves.idx"], name=op.f("fk_inbox_idx")),
        sa.PrimaryKeyConstraint("node", "idx", name=op.f("pk_inbox")),
    )
    op.create_index("ix_inbox_node_case_id", "inbox", ["node", "case_id"], unique=False)
    op.create_index("ix_inbox_node_position", "inbox", ["node", "position"], unique=False)
    op.create_table(
        "pinned",
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["manifest"], ["documents.digest"], name=op.f("fk_pinned_manifest")),
        sa.PrimaryKeyConstraint("manifest", name=op.f("pk_pinned")),
    )
    op.create_index(op.f("ix_pinned_case_id"), "pinned", ["case_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_pinned_case_id"), table_name="pinned")
    op.drop_table("pinned")
    op.drop_index("ix_inbox_node_position", table_name="inbox")
    op.drop_index("ix_inbox_node_case_id", table_name="inbox")
    op.drop_table("inbox")
    op.drop_table("uploads")
    op.drop_table("log_head")
    op.drop_index("ix_leaves_registry", table_name="leaves", postgresql_where="is_registry")
    op.drop_index("ix_leaves_case_id_idx", table_name="leaves")
    op.drop_table("leaves")
    op.drop_index(op.f("ix_key_packets_case_id"), table_name="key_packets")
    op.drop_table("key_packets")
    op.drop_table("enrolments")
    op.drop_table("documents")
    op.drop_table("cosignatures")
    op.drop_table("checkpoint")
    op.drop_table("check_codes")
    op.drop_index(op.f("ix_cases_state"), table_name="cases")
    op.drop_table("cases")
    op.drop_table("case_serials")
