"""An operator's desk: one page of the console and the ways in which tests look at it. Owns waiting for what is asserted, and cutting lines."""

import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx2
from playwright.sync_api import Error, Page, Request, WebSocketRoute, expect

from payflow.seed import DEMO
from payflow.stack import Stack

FEED = re.compile(r"/api/v1/feed/\?")


class Desk:
    """`page` of Playwright; `sent` holds every write that left it, `told` every message of the feed."""

    def __init__(self, page: Page, stack: Stack) -> None:
        """Listens from the first request on."""
        self.page, self.stack = page, stack
        self.uncaught: list[str] = []
        self.sent: list[Request] = []
        self.told: list[dict[str, Any]] = []
        self.lines: list[WebSocketRoute] = []
        self.refuses = False
        self._ends: list[tuple[WebSocketRoute | None, Any]] = []
        page.on("pageerror", lambda error: self.uncaught.append(str(error)))
        page.on("request", lambda request: self.sent.append(request) if request.method != "GET" else None)
        page.route_web_socket(FEED, self._between)

    def open(self, path: str, merchant: str = DEMO) -> Page:
        """Go to an address of a merchant, until its heading is there."""
        mark = "&" if "?" in path else "?"
        self.page.goto(f"{self.stack.console_url.rstrip('/')}{path}{mark}m={merchant}")
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        return self.page

    def draft(self, reference: str) -> None:
        """On the page of payments: write one of 21,000 UGX and ask for its draft."""
        self.page.get_by_label("Amount").fill("21000")
        self.page.get_by_label("Currency").fill("UGX")
        self.page.get_by_label("Paid to").select_option("mobile_money")
        self.page.get_by_label("Wallet number").fill("+256772999077")
        self.page.get_by_label("Your reference").fill(reference)
        self.page.get_by_role("button", name="Make the draft").click()

    def live(self) -> None:
        """Wait until the line holds and everything on the page is followed."""
        expect(self.page.locator("header.top [data-connection=live]")).to_contain_text("Live")
        expect(self.page.locator("header.top [data-connection=live]")).not_to_contain_text("in part")

    def cut(self, *, for_good: bool = False) -> None:
        """End the line as a network does; `for_good`: and let no other through until `refuses` is taken back."""
        self.refuses = for_good
        page_side, server_side = self._ends[-1]
        self._ends[-1] = (None, None)
        assert page_side is not None
        page_side.close(code=4999, reason="cut by the test")
        server_side.close(code=1000)
        expect(self.page.locator("header.top [data-connection=waiting]")).to_be_visible()

    def mend(self) -> None:
        """Let lines through again, and try at once, unless the page has tried by itself."""
        self.refuses = False
        with suppress(Error):
            self.page.locator("header.top").get_by_role("button", name=re.compile("Try now|Retry")).click(timeout=2_000)
        self.live()

    def writes(self, ending: str) -> list[Request]:
        """The writes to addresses that end so."""
        return [request for request in self.sent if request.url.split("?")[0].endswith(ending)]

    def get(self, path: str, **params: str) -> dict[str, Any]:
        """What REST answers, to hold the page against."""
        url = f"{self.stack.url}/api/v1{path}"
        answer = httpx2.get(url, params=params, headers={"X-Merchant-Id": DEMO}, timeout=30)
        answer.raise_for_status()
        return dict(answer.json())

    def versions(self, batch: str) -> dict[str, int]:
        """Id to version of every row of a batch (at most 500), as REST has them."""
        return {row["id"]: row["version"] for row in self.get(f"/batches/{batch}/rows/", limit="500")["results"]}

    def until(self, told: Callable[[], object], what: str) -> None:
        """Wait, while the page goes on, until something is so. Raises AssertionError after two minutes."""
        deadline = time.monotonic() + 120
        while not told():
            assert time.monotonic() < deadline, what
            self.page.wait_for_timeout(200)

    def put(self, path: str, body: object) -> None:
        """A development switch."""
        httpx2.put(f"{self.stack.url}/api/v1{path}", json=body, timeout=30).raise_for_status()

    def _between(self, line: WebSocketRoute) -> None:
        """Stand between page and gateway: everything passes, what the gateway says is noted."""
        if self.refuses:
            line.close(code=4999, reason="refused by the test")
            return
        server = line.connect_to_server()
        self.lines.append(line)
        self._ends.append((line, server))
        place = len(self._ends) - 1

        def heard(message: str | bytes) -> None:
            if self._ends[place][0] is not None:  # what comes behind a cut reaches nobody
                self.told.append(json.loads(message))
                line.send(message)

        server.on_message(heard)
        line.on_message(server.send)

    def changes(self, channel: str) -> list[tuple[str, int]]:
        """Id and version of every change that was told on a channel, in order."""
        told = [m for m in self.told if m["type"] == "changes" and m["channel"] == channel]
        return [(change["id"], change["version"]) for message in told for change in message["changes"]]
