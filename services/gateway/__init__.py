"""The gateway: the one front door. It reads the views, passes writes on to ingest, and feeds those who watch."""
