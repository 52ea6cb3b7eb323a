"""What the gateway's unit tests share."""

import pytest

from tests.unit.gateway.front import Front


@pytest.fixture
def front() -> Front:
    """A gateway with empty views."""
    return Front()
