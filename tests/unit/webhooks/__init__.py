"""The law and the parts of webhooks without a network."""
