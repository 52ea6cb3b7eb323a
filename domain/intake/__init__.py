"""Intake: the one reading of what a client sends, whether by REST, file or Kafka; the same codes and texts on every channel."""
