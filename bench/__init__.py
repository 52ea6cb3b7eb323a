"""What is measured and how: the whole product beside a raw Kafka loop, on the same broker, in one run."""
