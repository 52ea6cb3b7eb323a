"""What is looked through for garbage, and how seldom."""

import gc

from runtime import garbage


def test_what_is_loaded_is_not_looked_through_for_garbage() -> None:
    before = gc.get_threshold()
    try:
        garbage.settle()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold() == garbage.GARBAGE_AFTER
        assert gc.isenabled(), "circles that are made later are found, if seldom"
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
