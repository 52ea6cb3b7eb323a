"""How seldom a service looks for garbage in circles. Owns when. Must not know any service, and imports nothing of theirs."""

import gc

GARBAGE_AFTER = 20_000, 20, 50
"""Values made before a look for garbage in circles; what a service makes for a row is gone again when the row is done."""


def settle() -> None:
    """What is loaded by now stays as long as the process: garbage is looked for behind it only, and seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_AFTER)
