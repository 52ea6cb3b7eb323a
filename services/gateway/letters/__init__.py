"""Dead letters over REST: what nobody could read, and what is done about it (RUN-24, CON-19)."""
