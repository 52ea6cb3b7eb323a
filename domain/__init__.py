"""The law of Payflow: what may happen to money and payouts. Pure functions only: no I/O, no clock, no randomness."""
