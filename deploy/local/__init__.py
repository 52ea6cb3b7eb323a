"""A real Kafka broker and a real Postgres for one machine, without containers."""
