"""Pure tests: no network, no clock, no database."""
