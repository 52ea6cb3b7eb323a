"""What can be done is said in the server's words; a story ends with what comes next; why a batch is dropped stands on the log (CON-06, TML-01, TML-02)."""

import re

from playwright.sync_api import expect

from tests.browser import ground
from tests.browser.desk import Desk
from tests.browser.pages import Pages


def test_what_cannot_be_done_says_why_in_the_servers_words(desk: Desk, pages: Pages) -> None:
    desk.until(lambda: desk.get(f"/payouts/{pages.paid}/")["status"] == "completed", "it is paid")
    page = desk.open(f"/payments/{pages.paid}")
    button = page.get_by_role("button", name="Cancel the payout")
    said = {one["action"]: one for one in desk.get(f"/payouts/{pages.paid}/actions/")["actions"]}
    assert said["cancel"]["reason"]
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_text(said["cancel"]["reason"])).to_be_visible()
    expect(page.get_by_role("button", name="Show the payee")).to_have_attribute("aria-disabled", "false")
    button.click(force=True)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert desk.writes("/cancel/") == []


def test_a_story_has_everything_in_one_order_and_ends_with_what_comes_next(desk: Desk, pages: Pages) -> None:
    desk.until(lambda: desk.get(f"/payouts/{pages.failed}/")["status"] == "failed", "it failed")
    page = desk.open(f"/payments/{pages.failed}")
    told = desk.get(f"/payouts/{pages.failed}/timeline/")
    expect(page.get_by_text(told["next"]["text"])).to_be_visible()
    expect(page.get_by_text("safe: it cannot pay twice", exact=True)).to_be_visible()
    story = page.get_by_role("list", name="Story").get_by_role("listitem")
    expect(story).to_have_count(len(told["entries"]))
    for line, entry in zip(story.all(), told["entries"], strict=True):
        expect(line).to_contain_text(entry["title"])
    story.first.get_by_role("button").click()
    expect(page.locator("pre.record")).to_contain_text("payout_accepted")
    page.keyboard.press("Escape")
    page = desk.open(f"/payments/{pages.unknown}")
    expect(page.get_by_text("not safe: it could pay twice")).to_be_visible()


def test_a_dropped_batch_keeps_why(desk: Desk) -> None:
    batch = ground.open_batch(desk.stack, "dropped", 3)
    page = desk.open(f"/payouts/{batch}")
    desk.live()
    expect(page.get_by_text("It takes rows until it is sealed; nothing is paid before.")).to_be_visible()
    page.get_by_role("button", name="Drop the batch").click()
    dialog = page.get_by_role("dialog")
    act = dialog.get_by_role("button", name="Drop it")
    dialog.get_by_label("Reason").fill("the wrong month")
    expect(act).to_have_attribute("aria-disabled", "true")
    dialog.get_by_label(re.compile("^Type ")).fill(dialog.locator("label code").inner_text())
    act.click()
    expect(page.get_by_text("drop: decided")).to_be_visible()
    expect(page.get_by_role("button", name="Seal and release")).to_have_attribute("aria-disabled", "true")
    [sent] = desk.writes(f"/batches/{batch}/")
    seen = {"reason": "the wrong month", "expected_version": 2}  # opened, and rows added: as the page showed it
    assert (sent.method, sent.post_data_json) == ("DELETE", seen)
    moves = desk.get(f"/batches/{batch}/events/")["results"]
    assert (moves[-1]["to"], moves[-1]["detail"]) == ("canceled", "the wrong month")
    expect(page.get_by_role("list", name="Story")).to_contain_text(re.compile("Dropped.*the wrong month"))


def test_a_batch_takes_what_money_there_is_and_is_stopped_while_it_runs(desk: Desk) -> None:
    """BAT-10, BAT-13: chosen in the console, told in its words, and stopped with a reason."""
    page = desk.open("/submit")
    page.get_by_role("button", name="Type rows").click()
    page.get_by_label("Name of the batch").fill("more than there is")
    page.get_by_label("If the money is not enough").select_option("as_available")
    for row, amount in ((1, "10"), (2, "900000000")):
        page.get_by_label(f"Amount, row {row}").fill(amount)
        page.get_by_label(f"Currency, row {row}").fill("GBP")
        page.get_by_label(f"Account number, or wallet with +, row {row}").fill("+256772999002")
        page.get_by_role("button", name="Add a row").click() if row == 1 else None
    page.get_by_role("button", name="Submit the batch").click()
    expect(page).to_have_url(re.compile(r"/payouts/[0-9a-f-]{36}"))
    batch = page.url.split("/payouts/")[1][:36]
    expect(page.get_by_text("1 row waits for money").first).to_be_visible()
    desk.until(lambda: desk.get(f"/batches/{batch}/")["counts"]["completed"] == 1, "what is covered is paid")
    desk.live()
    expect(page.get_by_text("1 row waits for money: credit the merchant", exact=False)).to_be_visible()
    page.get_by_role("button", name="Stop the batch").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("the wrong month")
    dialog.get_by_label(re.compile("^Type ")).fill(dialog.locator("label code").inner_text())
    dialog.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text("stop: decided")).to_be_visible()
    expect(page.get_by_role("list", name="Story")).to_contain_text(
        re.compile("Stopped; rows that were not sent are canceled")
    )
    rows = desk.get(f"/batches/{batch}/rows/", status="canceled")["results"]
    assert [row["failure_reason"] for row in rows] == ["the wrong month"]
