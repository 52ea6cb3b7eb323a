"""The identity service without a database."""
