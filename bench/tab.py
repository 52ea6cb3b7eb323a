"""A browser's tab that follows a merchant: from a projection's commit to the painted change, and its memory over a long run.

Owns the order: first the live page alone while rows are added to a batch quickly, then the live page and the batch's page side by side
while rows are added slowly for long. Chromium, the whole product and the sender share the machine; what each took of it is told.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench import batch_run, commits, product, tab_figures, tab_page, trickle
from bench.costs import Meter
from bench.ground import Ground
from bench.sizes import SIZES
from bench.tab_page import Chromium, Tab
from bench.trickle import Trickle
from payflow.stack import Stack

MERCHANT = "watched"
CATCH_UP_SECONDS = 60.0
PUMP_MS = 200
"""Playwright's messages are read at least so often: nothing heaps up in its process."""
DOT_EVERY = 20
Rounds = dict[str, list[dict[str, Any]]]


def measure(ground: Ground) -> Rounds:
    """Both parts once, each unless its time is 0."""
    tab_page.check_built()
    commits.keep_times(ground)
    found: Rounds = {}
    with product.running(ground, 1, console=True) as stack, tab_page.started() as browser:
        product.open_merchants(stack, [MERCHANT], "USD")
        if SIZES.tab_seconds:
            found[f"live page, {SIZES.tab_rate:,} changes/s"] = [_timed(ground, stack, browser)]
        if SIZES.tab_minutes:
            for name, one in _remembered(ground, stack, browser).items():
                found[f"memory of the {name}, {SIZES.tab_memory_rate:,} changes/s, {SIZES.tab_minutes} min"] = [one]
    return found


def _timed(ground: Ground, stack: Stack, browser: Chromium) -> dict[str, Any]:
    batch_id = trickle.open_batch(stack, MERCHANT)
    tab = Tab(browser.browser, stack, "/transactions", MERCHANT, watched=True)
    before, driver = tab.metrics(), browser.driver_seconds()
    with _meter(ground, stack, browser) as meter:
        sent = _send(stack, batch_id, SIZES.tab_rate, SIZES.tab_seconds, lambda: tab.page.wait_for_timeout(PUMP_MS))
        _catch_up(tab, sent.changes)
    after, (told, painted) = tab.metrics(), tab.notes()
    tab.close()
    with batch_run.connect(stack) as views:
        times = commits.of_rows(views, batch_id)
    figures = tab_figures.latency(times, told, painted) | {"changes_per_s": sent.rate, "sent_late_s": sent.late}
    figures |= _shares(before, after, meter.seconds) | _cores(meter, browser.driver_seconds() - driver)
    print(f"{sent.changes:,} changes: {figures}", flush=True)
    dots = tab_figures.dots(times, painted, DOT_EVERY)
    return {"rows": sent.changes, "figures": figures, "costs": meter.report(sent.changes), "samples": [], "latencies": dots}


def _meter(ground: Ground, stack: Stack, browser: Chromium) -> Meter:
    return Meter(ground, {**product.pids(stack), "chromium": browser.pid})


def _send(stack: Stack, batch_id: str, rate: int, seconds: float, meanwhile: Callable[[], object]) -> Trickle:
    """Rows at this rate, by a thread of its own; `meanwhile` is run again and again until all are sent."""
    with ThreadPoolExecutor(1) as sender:
        sending = sender.submit(
            trickle.send, stack, MERCHANT, batch_id, per_second=rate, chunk=SIZES.tab_chunk, seconds=seconds
        )
        while not sending.done():
            meanwhile()
        return sending.result()


def _catch_up(tab: Tab, last: int) -> None:
    """Until the last row was painted; what never comes is counted afterwards."""
    deadline = time.monotonic() + CATCH_UP_SECONDS
    while tab.newest() < last and time.monotonic() < deadline:
        tab.page.wait_for_timeout(PUMP_MS)


def _shares(before: Mapping[str, float], after: Mapping[str, float], seconds: float) -> dict[str, float]:
    """How long the page's own thread was busy, and with what, in percent of the time."""
    parts = {"page_busy": "TaskDuration", "page_script": "ScriptDuration", "page_layout": "LayoutDuration"}
    return {f"{name}_percent": 100 * (after[of] - before[of]) / seconds for name, of in parts.items()}


def _cores(meter: Meter, driver: float) -> dict[str, float]:
    """Cores that Chromium kept busy, Playwright's process, and everything that is metered."""
    everything = sum(meter.cpu.values())
    cores = {"chromium_cores": meter.cpu["chromium"], "playwright_cores": driver, "metered_cores": everything}
    return {name: seconds / meter.seconds for name, seconds in cores.items()}


def _remembered(ground: Ground, stack: Stack, browser: Chromium) -> dict[str, dict[str, Any]]:
    batch_id = trickle.open_batch(stack, MERCHANT)
    paths = {"live page": "/transactions", "batch page": f"/payouts/{batch_id}"}
    tabs = {name: Tab(browser.browser, stack, path, MERCHANT) for name, path in paths.items()}
    watch, driver = _Watch(browser, tabs), browser.driver_seconds()
    with _meter(ground, stack, browser) as meter:
        sent = _send(stack, batch_id, SIZES.tab_memory_rate, SIZES.tab_minutes * 60, watch.turn)
        watch.look()
    rest = {"changes_per_s": sent.rate, **_cores(meter, browser.driver_seconds() - driver)}
    told = {"rows": sent.changes, "costs": meter.report(sent.changes), "samples": []}
    for tab in tabs.values():
        tab.close()
    return {
        name: {**told, "looks": looks, "figures": tab_figures.memory(looks) | rest} for name, looks in watch.looks.items()
    }


class _Watch:
    """Looks at each tab now and then; the first look is one stretch after the start, so what an empty page lacks is no growth."""

    def __init__(self, browser: Chromium, tabs: Mapping[str, Tab]) -> None:
        self.looks: dict[str, list[dict[str, float]]] = {name: [] for name in tabs}
        self._browser, self._tabs, self._start = browser, tabs, time.monotonic()
        self._due = self._start + SIZES.tab_look_seconds

    def turn(self) -> None:
        """A short stretch of time, and a look if it is due."""
        next(iter(self._tabs.values())).page.wait_for_timeout(PUMP_MS)
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + SIZES.tab_look_seconds
            self.look()

    def look(self) -> None:
        """Every tab once; rows that wait behind a button are let in first."""
        for name, tab in self._tabs.items():
            tab.show_new_rows()
            found = {"at": time.monotonic() - self._start, **tab.look()}
            self.looks[name].append(found | {"all_renderers_mib": self._browser.renderers_mib()})
            print(f"{name}: {found['at']:,.0f} s, heap {found['heap_mib']:.2f} MiB, {found['nodes']:,.0f} nodes", flush=True)
