"""Alembic environment: runs inside the connection that ``storage.database.Database.migrate`` gives."""

from alembic import context

from storage.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
