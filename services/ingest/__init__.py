"""Ingest: requests, files and inbox records become commands on the log, and the log's decision becomes the answer.

Owns validation at the edge, ids, idempotency before the log, waiting for decisions. Must not decide about money, write a view, or
know how the processor works: it meets it on `payouts.commands` and `payouts.events` only.
"""
