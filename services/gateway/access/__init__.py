"""Who may pass the front door: credentials, the matrix, merchants, limits, and what of a payee is shown."""
