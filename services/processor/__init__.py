"""The processor: one fenced writer per partition turns commands into events. `rails`, beside it, talks to providers."""
