"""Webhooks on a real Postgres, a real broker and a real receiver."""
