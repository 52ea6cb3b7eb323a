"""Identity: keys, people, their sign-in, and the audit trail, in a schema of its own (`admin`). Must not know payouts."""
