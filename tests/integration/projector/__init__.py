"""The views in a real Postgres, fed by hand and by a real broker."""
