"""What is measured and how: the whole product beside its rivals and its parts, on the same Kafka and Postgres, in one run."""
