"""The ledger: how money moves between accounts, always both sides at once."""
