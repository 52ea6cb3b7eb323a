"""Alembic's entry: runs the revisions on the connection that `services.ingest.schema` hands in, inside its transaction."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=None,
    version_table="schema_version",
    version_table_schema=context.config.attributes["schema"],
)
context.run_migrations()
