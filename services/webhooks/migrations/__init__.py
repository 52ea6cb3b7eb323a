"""Revisions of the schema of webhooks."""
