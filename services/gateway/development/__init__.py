"""What exists in the profile `development` only: faults on real requests, and the provider simulator's controls (CON-05, CON-18)."""
