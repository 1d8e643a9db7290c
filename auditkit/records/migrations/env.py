"""Alembic's entry: migrates over the connection that `auditkit.records.database` hands over."""

from __future__ import annotations

from alembic import context

from auditkit.records.tables import METADATA


def migrate() -> None:
    """Run the missing steps inside the caller's transaction, so that all of them hold or none."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


# Alembic runs this file; whoever merely imports it (a test collector) has no context.
if hasattr(context, "config"):
    migrate()
