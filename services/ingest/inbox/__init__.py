"""The inbox: what upstream systems ask for on `payouts.inbox.<upstream>`, and one reply to each record (INB-01 to INB-04)."""
