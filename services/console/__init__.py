"""Serves the built console at an address of its own, with the API beside it under the same origin."""
