"""PostgreSQL tables of the hub (SQLAlchemy Core).

Invariants:
- ``leaves`` is append-only and gap-free: ``idx`` runs from 0 to ``log_head.size`` - 1;
- ``log_head`` has one row; whoever appends holds its lock;
- ``cases``, ``case_regions``, ``former_numbers``, ``applicants``, ``inbox``, ``case_serials`` are projections of leaves
  and can be rebuilt from them (promise 3); a number that a case has not got yet is NULL there, and so is ``wake_at`` of
  a case that no clock wakes;
- what must be erasable (key packets, check codes) is not named by content in any leaf: digests only;
- no personal data in any column; times are RFC 3339 text in UTC+8 as in the leaves.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TextClause,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("recorded_at", Text, nullable=False),
)

leaves = Table(
    "leaves",
    metadata,
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("payload_digest", Text, nullable=False, unique=True),
    Column("case_id", Text),
    Column("epoch", BigInteger, nullable=False),
    Column("is_registry", Boolean, nullable=False),
)
Index("ix_leaves_case_id_idx", leaves.c.case_id, leaves.c.idx)
Index("ix_leaves_registry", leaves.c.epoch, postgresql_where=leaves.c.is_registry)

cases = Table(
    "cases",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("holder", Text, nullable=False),
    Column("public_no", Text, unique=True),
    Column("case_no", Text, unique=True),
    Column("updated_index", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("wake_at", Text),
)
Index("ix_cases_updated_index", cases.c.updated_index)


def region_of(member: str) -> TextClause:
    """Region (12 digits) of the node that ``member`` of a case's document names; NULL without one.

    Taken from the document, so that it cannot differ from it; indexed, so that a region's cases are found among all.
    """
    # Without a regular expression: this is worked out at every change of a case.
    start = f"""nullif(position('"{member}":"spiffe://'::bytea in document), 0)"""
    return text(f"split_part(encode(substring(document, {start}, 300), 'escape'), '/', 4)")


Index("ix_cases_collecting_region", region_of("collecting_node"), _table=cases)
Index("ix_cases_accepting_region", region_of("accepting_node"), _table=cases)
Index("ix_cases_wake_at", cases.c.wake_at, cases.c.case_id, postgresql_where=cases.c.wake_at.is_not(None))

former_numbers = Table(
    "former_numbers",
    metadata,
    Column("number", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
)

# Which cases one applicant has; the digest's key is not the hub's (A22).
applicants = Table(
    "applicants",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("applicant", Text, nullable=False, index=True),
    Column("task_code", Text, nullable=False),
    Column("public_no", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("breach", Text, nullable=False),
    Column("applicant_before", Text, index=True),  # NULL unless two keys were in force at the seal
)

# Where else a case has been, or a part of it is, beside the regions that its document tells (A24): its first
# reviewers' and its parts'. Most cases have none.
case_regions = Table(
    "case_regions",
    metadata,
    Column("case_id", Text, primary_key=True),
    Column("region", Text, primary_key=True),
)
Index("ix_case_regions_region", case_regions.c.region, case_regions.c.case_id)

case_serials = Table(
    "case_serials",
    metadata,
    Column("task_code", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("serial", Integer, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("node", Text, primary_key=True),
    Column("idx", BigInteger, ForeignKey("leaves.idx"), primary_key=True),
    Column("case_id", Text, nullable=False),
    # Order of delivery: given out under the head's lock, so it rises with the commits. A case that comes to a node
    # later than its place in the log still comes after the node's cursor.
    Column("position", BigInteger, Identity(always=True), nullable=False),
)
Index("ix_inbox_node_case_id", inbox.c.node, inbox.c.case_id)
Index("ix_inbox_node_position", inbox.c.node, inbox.c.position)

documents = Table(
    "documents",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

uploads = Table(
    "uploads",
    metadata,
    Column("upload_id", Text, primary_key=True),
    Column("manifest", Text, nullable=False, unique=True),
    Column("node", Text, nullable=False),
    Column("object_key", Text, nullable=False, unique=True),
    Column("store_upload_id", Text, nullable=False),
    Column("state", Text, nullable=False),
)

pinned = Table(
    "pinned",
    metadata,
    Column("manifest", Text, ForeignKey("documents.digest"), primary_key=True),
    Column("node", Text, nullable=False),
    Column("case_id", Text, nullable=False, index=True),
    Column("object_key", Text, nullable=False),
    Column("version_id", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("etag", Text, nullable=False),
)

key_packets = Table(
    "key_packets",
    metadata,
    Column("manifest", Text, primary_key=True),
    Column("recipient", Text, primary_key=True),
    Column("recipient_key", Text, primary_key=True),
    Column("line", Text, primary_key=True),
    Column("rendition", Text, primary_key=True),
    Column("case_id", Text, primary_key=True, index=True),  # children share the sealing of their parent
    Column("packet", LargeBinary, nullable=False),
)

check_codes = Table(
    "check_codes",
    metadata,
    Column("public_no", Text, primary_key=True),
    Column("hash", Text, nullable=False),
)

# Attempts at check codes, by who tried and by what was tried. Counted until a time, then from nought.
check_code_attempts = Table(
    "check_code_attempts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("until", Text, nullable=False),
    Column("count", Integer, nullable=False),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
)

cosignatures = Table(
    "cosignatures",
    metadata,
    Column("size", BigInteger, primary_key=True),
    Column("line", Text, primary_key=True),
)

enrolments = Table(
    "enrolments",
    metadata,
    Column("enrolment_id", Text, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("subject", Text, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("token_tag", LargeBinary, nullable=False),
    Column("renewal", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("certificate", LargeBinary, nullable=False),
    Column("refusal_code", Text, nullable=False),
)
