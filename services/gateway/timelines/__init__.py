"""What happened to a payout or a batch, in one order, and what comes next (TML-01, TML-02, LIF-18)."""
