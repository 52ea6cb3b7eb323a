"""Tests: unit (pure), contract (golden messages), integration (real broker and database), e2e (the whole stack)."""
