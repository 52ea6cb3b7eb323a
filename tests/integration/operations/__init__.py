"""The operator's tools on a real broker and a real Postgres: dead letters, ledger, rebuild and switch, backup, readers that halt."""
