"""One module per invariant of RELIABILITY section 2. Each is a pure function of the evidence: `judge(evidence)`.

Those that follow the log are Watchers, so that one walk over the log can serve them all.
"""
