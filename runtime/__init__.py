"""Plumbing that knows no payouts: settings, clock, ids, logging, metrics, health, the event log, dead letters."""
