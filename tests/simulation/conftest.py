"""Fixtures of the simulation's own tests."""

from collections.abc import Iterator

import pytest

from tests.simulation.run import silence


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """Worlds run and die without a word."""
    with silence():
        yield
