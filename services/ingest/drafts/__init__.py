"""Drafts: payouts and batches that are written down and not asked for yet (LIF-05).

They stand in ingest's own schema and touch no money: nothing of a draft is on the log before it is submitted.
"""
