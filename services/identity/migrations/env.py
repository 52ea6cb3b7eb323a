"""Alembic's entry: runs the revisions on the connection that `services.identity.schema` hands in, inside its transaction."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="schema_version",
    version_table_schema=context.config.attributes["schema"],
)
context.run_migrations()
