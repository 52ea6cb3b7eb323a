"""What all tests share: their level by folder, and a real Kafka and Postgres when they ask for one."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support import spread

settings.register_profile("payflow", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("payflow")  # how long an example takes is the machine's affair, and no fault of what is tested

pytest_plugins = ["tests.support.stores"]

LEVELS = ("unit", "contract", "integration", "e2e", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with the level that its folder names. Of several workers all have the order in which tests are given out."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        items.sort(key=lambda item: spread.place(item.nodeid))
    root = Path(__file__).parent
    for item in items:
        level = item.path.relative_to(root).parts[0]
        if level in LEVELS:
            item.add_marker(getattr(pytest.mark, level))


class Told:
    """Names each failure at once: a run of half an hour may be ended before its summary."""

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of workers, who started them tells."""
        if report.failed:
            self._terminal.write_line(f"\n{report.when} failed: {report.nodeid}")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Where there is somebody to tell."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not os.environ.get("PYTEST_XDIST_WORKER"):
        session.config.pluginmanager.register(Told(terminal))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests on the same ground share a worker."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return spread.Spread(config, log)
