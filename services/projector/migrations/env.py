"""Alembic's entry: runs the revisions on the connection that `services.projector.schema` hands in, inside its transaction."""

from alembic import context

from services.projector.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="schema_version",
    version_table_schema=context.config.attributes["schema"],
)
context.run_migrations()
