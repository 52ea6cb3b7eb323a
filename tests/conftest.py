"""What all tests share: their level by folder, and a real Kafka and Postgres when they ask for one."""

from pathlib import Path

import pytest

pytest_plugins = ["tests.support.stores"]

LEVELS = ("unit", "contract", "integration", "e2e")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with the level that its folder names."""
    root = Path(__file__).parent
    for item in items:
        level = item.path.relative_to(root).parts[0]
        if level in LEVELS:
            item.add_marker(getattr(pytest.mark, level))
