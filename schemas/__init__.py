"""The language of Payflow: everything that may be said on a topic, and nothing about how it is decided or carried.

Owns money, ids, the envelope, commands, events, topics, error codes and the codec. Must not know a framework, a clock,
a random number, a broker or a database.
"""
