"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and make the log of signatures append-only."""
    op.create_table(
        "records",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text()),
        sa.Column("rows", sa.Integer()),
        sa.Column("policy", sa.Text()),
        sa.Column("outcome", sa.Text()),
        sa.Column("exit_code", sa.Integer()),
        sa.Column("look", sa.Integer()),
        sa.Column("blocking", sa.Integer()),
        sa.Column("exploratory", sa.Boolean()),
        sa.PrimaryKeyConstraint("number", name="pk_records"),
        sa.UniqueConstraint("id", name="uq_records_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_records_created", "records", ["created"])
    op.create_table(
        "digests",
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["record"], ["records.id"], name="fk_digests_record"),
        sa.PrimaryKeyConstraint("record", "kind", name="pk_digests"),
    )
    op.create_index("ix_digests_kind_digest", "digests", ["kind", "digest"])
    op.create_table(
        "files",
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["record"], ["records.id"], name="fk_files_record"),
        sa.PrimaryKeyConstraint("record", "file", name="pk_files"),
    )
    op.create_table(
        "sights",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("first", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "digest", name="pk_sights"),
    )
    op.create_table(
        "signatures",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("record_digest", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["record"], ["records.id"], name="fk_signatures_record"),
        sa.PrimaryKeyConstraint("number", name="pk_signatures"),
        sa.UniqueConstraint("digest", name="uq_signatures_digest"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_signatures_record", "signatures", ["record"])
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER signatures_refuse_{event.lower()} BEFORE {event} ON signatures "
                "BEGIN SELECT RAISE(ABORT, 'signatures are append-only'); END"
            )


def downgrade() -> None:
    """There is nothing before the first step."""
    raise NotImplementedError("there is no store before the first step")
