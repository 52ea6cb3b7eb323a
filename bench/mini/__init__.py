"""The mini pipeline, a limit for the product: CSV rows to completed rows in Postgres through the same log, with nothing that makes it safe.

Four processes: ingest, worker, rails (a provider that answers at once, in the process), projector; plain aiokafka loops, chunks of 500. No
fence, no idempotency keys, no HTTP, no feed, no replay: what the product costs above this is the price of its promises.
"""
