"""One tab of Debian's Chromium that shows a page of the console: opened, asked what it has seen, and how much memory it takes.

Owns the script in the page and the readings by Chromium's own protocol. Must not judge them, nor know commits.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Page

from bench import costs
from bench.tab_figures import Notes
from payflow.stack import Stack
from services.console.settings import BUILT
from tests.browser import chromium

READY_MS = 60_000
MIB = 2**20
SEEN = """(() => {
  const notes = { told: [], painted: [], newest: 0 };
  const [inTree, inFrame] = [new Set(), new Set()];
  const line = new MessageChannel();
  let asked = false;
  let frame = [];
  const fresh = (known) => {
    const links = [...document.querySelectorAll('tbody a[href*="/payments/"]')];
    const rows = links.map((link) => parseInt(link.getAttribute('href').split('?')[0].slice(-8), 16));
    const news = rows.filter((row) => !known.has(row));
    for (const row of news) known.add(row);
    return news;
  };
  line.port1.onmessage = () => {
    if (frame.length) notes.painted.push([Date.now(), frame]);
    for (const row of frame) notes.newest = Math.max(notes.newest, row);
    frame = [];
  };
  new MutationObserver(() => {
    const news = fresh(inTree);
    if (!news.length) return;
    notes.told.push([Date.now(), news]);
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      frame.push(...fresh(inFrame));
      line.port2.postMessage(null);
    });
  }).observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ['href'] });
  window.benchNotes = notes;
})();"""
"""`told`: rows that are in the page's tree for the first time, as it changes. `painted`: rows that are there as a frame begins, noted by
a task behind that frame. The last eight digits of a payout's id are its row."""


def check_built() -> None:
    """Ends the run early where there is no console or no Chromium."""
    if not (Path(os.environ.get("CONSOLE_DIST") or BUILT) / "index.html").is_file():
        raise SystemExit("the console is not built: make console (or name a built one in CONSOLE_DIST)")
    if chromium.find() is None:
        raise SystemExit("Chromium is missing: apt-get install chromium, or name it in CHROMIUM")


class Tab:
    """A page that follows the feed. `watched`: with the script that notes what it shows."""

    def __init__(self, browser: Browser, stack: Stack, path: str, merchant: str, *, watched: bool = False) -> None:
        """Opened in a process of its own, until its line is live and everything on it is followed."""
        self.context = browser.new_context(viewport=chromium.WIDE)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        if watched:
            self.page.add_init_script(SEEN)
        self.page.goto(f"{stack.console_url.rstrip('/')}{path}?m={merchant}")
        live = self.page.locator("header.top [data-connection=live]").filter(has_text="Live", has_not_text="in part")
        live.wait_for(timeout=READY_MS)
        self._protocol = self.context.new_cdp_session(self.page)
        self._protocol.send("Performance.enable")

    def newest(self) -> int:
        """The highest row that was painted."""
        return int(self.page.evaluate("benchNotes.newest"))

    def notes(self) -> tuple[Notes, Notes]:
        """What was told and what was painted, times in seconds."""
        found = self.page.evaluate("benchNotes")
        told, painted = ([(at / 1000, rows) for at, rows in found[name]] for name in ("told", "painted"))
        return told, painted

    def metrics(self) -> dict[str, float]:
        """Chromium's counters of this page."""
        return {one["name"]: one["value"] for one in self._protocol.send("Performance.getMetrics")["metrics"]}

    def show_new_rows(self) -> None:
        """What somebody does who watches a batch grow: rows that came meanwhile stand behind a button."""
        button = self.page.get_by_role("button", name="new: show them")
        if button.count():
            button.first.click()

    def look(self) -> dict[str, float]:
        """Memory now, after the garbage has gone; the rows that are in the page."""
        self._protocol.send("HeapProfiler.collectGarbage")
        found = self.metrics()
        rows = self.page.locator("tbody tr, .grid-body [role=row]").count()
        heap, nodes = found["JSHeapUsedSize"] / MIB, found["Nodes"]
        return {"heap_mib": heap, "nodes": nodes, "listeners": found["JSEventListeners"], "rows": rows}

    def close(self) -> None:
        """Gone, with its process."""
        self.context.close()


class Chromium:
    """The browser and its processes."""

    def __init__(self, browser: Browser) -> None:
        """One that runs."""
        self.browser = browser
        self._protocol = browser.new_browser_cdp_session()
        self.pid = self._of("browser")[0]
        self._driver = psutil.Process(self.pid).parent()

    def renderers_mib(self) -> int:
        """Resident memory of all processes that hold pages, spare ones too."""
        return sum(costs.own_mib(pid) for pid in self._of("renderer"))

    def driver_seconds(self) -> float:
        """Processor time of Playwright's own process, which hears all that the page hears; no user has it."""
        times = self._driver.cpu_times() if self._driver else None
        return times.user + times.system if times else 0.0

    def _of(self, kind: str) -> list[int]:
        found: Any = self._protocol.send("SystemInfo.getProcessInfo")
        return [one["id"] for one in found["processInfo"] if one["type"] == kind]


@contextmanager
def started() -> Iterator[Chromium]:
    """A headless Chromium until the end of the block."""
    with chromium.started() as browser:
        yield Chromium(browser)
