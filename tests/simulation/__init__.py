"""The whole engine in one process under a seeded scheduler and a virtual clock: real handlers, an in-memory log, store and provider.

python -m tests.simulation --seed 7            one seed, replayed the same bit for bit
python -m tests.simulation --seeds 1..2000     many seeds
"""
