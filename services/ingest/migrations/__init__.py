"""Revisions of ingest's own schema."""
