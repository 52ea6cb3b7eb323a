"""The checker's own fold of the log: payouts, batches, accounts and keys, from the published forms of the events."""
