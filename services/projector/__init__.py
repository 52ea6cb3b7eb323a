"""The projector: events to rows, with the offset they stand at, in one transaction."""
