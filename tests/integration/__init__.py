"""Tests of one part on a real broker and a real Postgres."""
