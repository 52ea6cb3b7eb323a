"""The life of a payout: its states, the decisions on it, and what is owed next."""
