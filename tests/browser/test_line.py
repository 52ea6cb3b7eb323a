"""The line: cut in the middle, paused, offline, stale, degraded; no row is lost and nothing looks surer than it is (CON-03, 04, 15 to 18)."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser import ground
from tests.browser.desk import Desk
from tests.browser.pages import Pages

ROWS = 400
AGE = re.compile(r"(stale|critical), \d")


@pytest.fixture(autouse=True)
def _no_faults_afterwards(desk: Desk) -> object:
    yield
    desk.put("/dev/faults/", {"mode": "none"})


def test_cut_in_the_middle_no_row_is_lost_and_none_is_told_twice(desk: Desk) -> None:
    batch = ground.open_batch(desk.stack, "cut", ROWS)
    page = desk.open(f"/payouts/{batch}")
    desk.live()
    ground.seal(desk.stack, batch)
    desk.until(lambda: desk.changes(f"batch:{batch}"), "the first changes are told")
    desk.cut(for_good=True)
    desk.until(lambda: desk.get(f"/batches/{batch}/")["counts"].get("completed") == ROWS, "all are paid meanwhile")
    desk.mend()
    expect(page.get_by_role("button", name=f"Paid {ROWS}")).to_be_visible()
    desk.until(lambda: len(dict(desk.changes(f"batch:{batch}"))) == ROWS, "every row is told")
    desk.cut()
    desk.mend()
    told = desk.changes(f"batch:{batch}")
    assert len(told) == len(set(told)), "none is told twice"
    assert dict(told) == desk.versions(batch), "none is lost"
    subscribed = [m["resumed"] for m in desk.told if m["type"] == "subscribed" and m["channel"] == f"batch:{batch}"]
    assert subscribed == [False, True, True]
    shown = page.get_by_role("grid").locator("[data-version]").all()
    assert shown
    assert all("Paid" in row.inner_text() for row in shown)


def test_going_from_page_to_page_keeps_the_line_and_a_page_that_follows_nothing_holds_none(desk: Desk) -> None:
    page = desk.open("/")
    desk.live()
    page.wait_for_timeout(6_000)  # longer than the server waits for a first subscription
    page.get_by_role("link", name="Payouts", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Payouts")
    page.wait_for_timeout(1_000)
    desk.live()
    assert len(desk.lines) == 1, "the line of the page before goes on"
    page.get_by_role("link", name="Submit a batch").first.click()
    expect(page.locator("header.top [data-connection=idle]")).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    desk.live()
    assert len(desk.lines) == 2


def test_pausing_loses_nothing(desk: Desk) -> None:
    page = desk.open("/transactions")
    desk.live()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused: what you see stands still.")).to_be_visible()
    ground.pay(desk.stack, "31000", "while-paused")
    expect(page.get_by_role("button", name=re.compile(r"Resume \([1-9]\d* missed\)"))).to_be_visible()
    expect(page.get_by_role("link", name="while-paused")).to_have_count(0)
    page.get_by_role("button", name=re.compile("Resume")).click()
    expect(page.get_by_role("row", name=re.compile("while-paused.*Paid"))).to_be_visible(timeout=60_000)
    expect(page.get_by_role("link", name="while-paused")).to_have_count(1)


def test_offline_and_back(desk: Desk) -> None:
    page = desk.open("/transactions")
    desk.live()
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("Offline")
    expect(page.locator("header.top [data-connection=offline]")).to_be_visible()
    ground.pay(desk.stack, "32000", "while-offline")
    expect(page.get_by_role("link", name="while-offline")).to_have_count(0)
    page.context.set_offline(False)
    desk.live()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("link", name="while-offline")).to_be_visible()


def test_what_could_not_be_read_is_read_when_the_line_is_back(desk: Desk) -> None:
    page, listing = desk.page, re.compile(r"/api/v1/payouts/?\?")
    page.route(listing, lambda route: route.abort())
    desk.open("/transactions")
    expect(page.get_by_role("alert")).to_be_visible()
    page.context.set_offline(True)
    expect(page.locator("header.top [data-connection=offline]")).to_be_visible()
    page.unroute(listing)
    page.context.set_offline(False)
    desk.live()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_offline_nothing_new_is_sent(desk: Desk) -> None:
    page = desk.open("/payments")
    page.get_by_label("Amount").fill("21000")
    page.get_by_label("Currency").fill("UGX")
    page.get_by_label("Paid to").select_option("mobile_money")
    page.get_by_label("Wallet number").fill("+256772999078")
    page.context.set_offline(True)
    button = page.get_by_role("button", name="Make the draft")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_text("Offline: nothing new is sent.")).to_be_visible()
    button.click(force=True)
    page.context.set_offline(False)
    expect(button).to_have_attribute("aria-disabled", "false")
    assert desk.writes("/api/v1/drafts/") == []
    button.click()
    expect(page.get_by_role("heading", name="Look at it, then submit")).to_be_visible()


def test_stale_data_is_said_to_be_stale_and_not_acted_on(desk: Desk, pages: Pages) -> None:
    page = desk.open(f"/payouts/{pages.batch}")
    desk.live()
    expect(page.locator(".age").first).to_contain_text("fresh")
    desk.put("/dev/faults/", {"mode": "stale", "seconds": 60})
    panel = page.get_by_role("region", name="Where it stands")
    expect(panel.locator(".age")).to_contain_text(AGE)
    expect(panel.get_by_text("Not live: this is as it was last read")).to_be_visible()
    desk.put("/dev/faults/", {"mode": "none"})
    desk.mend()
    expect(panel.locator(".age")).to_contain_text("fresh")


def test_a_card_fails_alone_and_recovers(desk: Desk) -> None:
    page = desk.open("/")
    desk.live()
    desk.put("/dev/faults/", {"mode": "partial_outage", "seconds": 60})
    waiting = page.get_by_role("region", name="Waiting")
    waiting.get_by_role("button", name="Refresh Waiting").click()
    expect(waiting.locator(".notice")).to_be_visible()
    expect(waiting).to_contain_text("Below is what was last known.")
    expect(page.get_by_role("region", name="Needs attention").locator(".notice")).to_have_count(0)
    desk.put("/dev/faults/", {"mode": "none"})
    waiting.get_by_role("button", name="Refresh Waiting").click()
    expect(waiting.locator(".notice")).to_have_count(0)


def test_degraded_everything_takes_longer_and_nothing_is_wrong(desk: Desk) -> None:
    page = desk.open("/")
    desk.live()
    page.keyboard.press("Control+Shift+D")
    page.get_by_role("radio", name="Degraded").click()
    expect(page.get_by_text("On; it ends by itself in")).to_be_visible()
    page.keyboard.press("Escape")
    before = desk.get("/dev/faults/")["touched"]
    waiting = page.get_by_role("region", name="Waiting")
    with page.expect_response(re.compile("/figures/waiting/")) as slow:
        waiting.get_by_role("button", name="Refresh Waiting").click()
    assert slow.value.ok
    expect(waiting.get_by_role("button", name="Refresh Waiting")).to_be_visible()
    expect(waiting.locator(".notice")).to_have_count(0)
    assert desk.get("/dev/faults/")["touched"] > before
    payout = ground.pay(desk.stack, "33000", "while-degraded")
    page = desk.open(f"/payments/{payout}")
    expect(page.locator(".page-head").get_by_text("Paid")).to_be_visible(timeout=60_000)
    assert desk.get("/payouts/", reference="while-degraded", limit="10")["count"] == 1


def test_a_call_that_takes_ten_seconds_shows_the_error_a_retry_and_what_was_last_known(desk: Desk) -> None:
    page = desk.open("/")
    desk.live()
    waiting = page.get_by_role("region", name="Waiting")
    known = waiting.locator(".figure").inner_text()
    held: list[object] = []
    page.route(re.compile("/figures/waiting/"), lambda route: held.append(route))  # never answered
    waiting.get_by_role("button", name="Refresh Waiting").click()
    expect(waiting.locator(".notice")).to_contain_text("did not answer within 10 s")
    expect(waiting).to_contain_text("Below is what was last known.")
    expect(waiting.locator(".figure")).to_have_text(known)
    assert held
    page.unroute(re.compile("/figures/waiting/"))
    waiting.locator(".notice").get_by_role("button", name="Try again").click()
    expect(waiting.locator(".notice")).to_have_count(0)


def test_the_chaos_panel_acts_on_real_requests(desk: Desk) -> None:
    page = desk.open("/")
    desk.live()
    page.keyboard.press("Control+Shift+D")
    page.get_by_role("radio", name="Everything broken").click()
    expect(page.get_by_text("On; it ends by itself in")).to_be_visible()
    expect(page.locator("header.top [data-connection=waiting]")).to_be_attached()
    page.get_by_role("radio", name="No faults").click()
    expect(page.get_by_text("All requests pass untouched.")).to_be_visible()
    page.get_by_role("button", name="perfect", exact=True).click()
    page.keyboard.press("Escape")
    desk.mend()


@pytest.mark.parametrize("width", [1366, 1024, 800, 390])
def test_a_line_that_is_cut_moves_nothing_of_the_header(desk: Desk, width: int) -> None:
    page = desk.open("/")
    desk.live()
    page.set_viewport_size({"width": width, "height": 768})
    page.wait_for_timeout(100)
    before = page.locator("header.top").bounding_box()
    desk.cut(for_good=True)
    words = page.locator("header.top .connection-words")
    expect(words).to_have_attribute("title", re.compile(r"Not live, try \d+ of 10 in \d+ s: "))
    assert page.locator("header.top").bounding_box() == before
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def test_what_cannot_be_read_again_grows_old_though_the_line_is_live(desk: Desk) -> None:
    page = desk.open("/merchant")
    desk.live()
    balances = page.locator("section.panel", has=page.get_by_role("heading", name="Balances", exact=True))
    expect(balances.locator(".age-fresh")).to_be_visible()
    desk.put("/dev/faults/", {"mode": "partial_outage", "themes": ["balance"]})
    ground.pay(desk.stack, "1000", "grows-old")
    expect(balances.get_by_text("Below is what was last known.")).to_be_visible()
    expect(balances.locator(".age-stale")).to_be_visible()
    desk.live()


def test_a_lost_answer_is_asked_for_on_a_page_that_follows_nothing(desk: Desk) -> None:
    page = desk.open("/payments")
    keys: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            route.continue_()
        else:
            route.fetch()
            route.abort("connectionreset")

    page.route("**/api/v1/drafts/", lose)
    desk.draft("lost-answer")
    desk.until(lambda: len(keys) == 2, "the answer was not asked for")
    assert keys[0] == keys[1]
    expect(page.get_by_role("heading", name="Look at it, then submit")).to_be_visible()
    expect(page.locator("section.banner")).to_have_count(0)
