"""Debian's Chromium under Playwright. Owns how it is found and started; must not know the console."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

WIDE = {"width": 1366, "height": 860}
PHONE = {"width": 390, "height": 844}
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]


def find() -> str | None:
    """Where it is: CHROMIUM, or what is on the path; None where there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def started() -> Iterator[Browser]:
    """A browser, until the end of the block. Raises FileNotFoundError where there is none."""
    found = find()
    if found is None:
        raise FileNotFoundError("Chromium is missing: apt-get install chromium, or name it in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, headless=True, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
