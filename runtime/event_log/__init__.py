"""The event log as the shell sees it: appending commands, reading events, and the fence of the one writer.

Owns Kafka's clients and their settings. Must not know what a command means.
"""
