"""Webhooks: what the log decides, told to the merchants' own addresses, at least once and in order per payout."""
