"""Who may do what: roles, scopes, merchants and credentials, as plain values. Must not know HTTP, SQL, a clock or randomness."""
