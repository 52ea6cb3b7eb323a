"""The identity service on a real Postgres, and a real OpenID Connect provider on loopback."""
