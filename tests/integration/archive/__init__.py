"""Archiving finished payouts (ADR 0014), on a real Postgres."""
