"""The ground, the browser and a desk for each test; all of it is left out where there is no Chromium or no built console."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="the browser's tests need playwright")

from payflow.stack import Stack  # noqa: E402
from tests.browser import chromium, ground  # noqa: E402
from tests.browser.desk import Desk  # noqa: E402
from tests.browser.pages import Pages  # noqa: E402

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say why they are left out."""
    why = None if chromium.find() else "Chromium is missing: apt-get install chromium"
    why = why or (None if ground.is_built() else "the console is not built: make console")
    if why:
        for item in items:
            if item.path.is_relative_to(HERE):
                item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, database_url: str, kafka_bootstrap: str) -> Iterator[Stack]:
    """The whole product, with money."""
    places = {"DATABASE_URL": database_url, "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "PROJECTION_SCHEMA": "browser"}
    with ground.standing(tmp_path_factory.mktemp("stack"), **places) as running:
        yield running


@pytest.fixture(scope="session")
def pages(stack: Stack) -> Pages:
    """Something on every page."""
    return Pages.made(stack)


@pytest.fixture(scope="session")
def browser(stack: Stack) -> Iterator["playwright.Browser"]:
    """One browser; each test has a context of its own. It starts behind the stack, which needs a thread without a running loop.

    One that does not start on this machine is no fault of the console's: the tests are left out, and say so.
    """
    with ExitStack() as held:
        try:
            started = held.enter_context(chromium.started())
        except playwright.Error as fault:
            pytest.skip(f"Chromium does not start here: {str(fault)[:300]}")
        yield started


@pytest.fixture
def desk(browser: "playwright.Browser", stack: Stack) -> Iterator[Desk]:
    """A page that nobody has used, of the demo merchant. A fault that nobody caught fails the test."""
    context = browser.new_context(viewport=chromium.WIDE)
    context.set_default_timeout(30_000)
    playwright.expect.set_options(timeout=30_000)
    made = Desk(context.new_page(), stack)
    yield made
    context.close()
    assert made.uncaught == [], "the page threw"
