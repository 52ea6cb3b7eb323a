"""Events to rows, without a database."""
