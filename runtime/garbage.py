"""How seldom a service that works row by row looks for garbage in circles.

Owns when. Not for one that many connect to: what ends there leaves circles with its buffers in them, and they would wait for millions of
other values. Must not know any service.
"""

import gc

GARBAGE_AFTER = 20_000, 20, 50
"""Values made before a look for garbage in circles; what a service makes for a row is gone again when the row is done."""


def settle() -> None:
    """What is loaded by now stays as long as the process: garbage is looked for behind it only, and seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_AFTER)
