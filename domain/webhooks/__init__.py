"""The law of webhooks: what is told of a record, how it is signed, when it is tried again, where it may go. Pure."""
