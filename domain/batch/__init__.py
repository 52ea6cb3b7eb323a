"""A batch: opened, filled, sealed and released, or refused as a whole."""
