"""A payment provider over HTTP, for development and tests: somebody else's system, with books of its own."""
