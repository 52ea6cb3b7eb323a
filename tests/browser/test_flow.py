"""Submit, follow, finish; one payout however often it is pressed; another merchant's money is gone at once (CON-05, CON-09, CON-12, CON-13)."""

import re

from playwright.sync_api import expect

from payflow.seed import DEMO, RAMESH_EXPORTS
from tests.browser import ground
from tests.browser.desk import Desk
from tests.browser.pages import Pages

ROWS, FAILING = 120, 2


def test_a_file_is_submitted_followed_and_finished_without_a_reload(desk: Desk) -> None:
    desk.put("/dev/simulator/", {"preset": "perfect", "delay_seconds": 1})
    page = desk.open("/submit")
    content = ground.lines_of(ROWS, "flow", failing=FAILING)
    page.get_by_label("CSV, XLSX or pain.001").set_input_files(
        {"name": "flow.csv", "mimeType": "text/csv", "buffer": content}
    )
    expect(page.get_by_role("group", name="The beginning of the file")).to_contain_text("flow-1")
    page.get_by_label("Name of the batch").fill("Browser flow")
    page.get_by_role("button", name="Submit the batch").click()
    expect(page).to_have_url(re.compile(r"/payouts/[0-9a-f-]{36}"))
    batch = page.url.split("/payouts/")[1][:36]
    states = page.get_by_role("group", name="Rows by state")
    expect(states.get_by_role("button", name=f"Paid {ROWS - FAILING}")).to_be_visible(timeout=90_000)
    expect(states.get_by_role("button", name=f"Failed {FAILING}")).to_be_visible()
    assert len(desk.writes("/batches/upload/")) == 1
    told = dict(desk.changes(f"batch:{batch}"))
    rows = desk.get(f"/batches/{batch}/rows/", limit="500")["results"]
    assert {row["id"]: row["version"] for row in rows} == told, (
        "the last change that was told of each row is how REST has it"
    )
    states.get_by_role("button", name=f"Failed {FAILING}").click()
    grid = page.get_by_role("grid")
    expect(grid.get_by_role("row", name=re.compile("payee_unknown"))).to_have_count(FAILING)
    grid.get_by_role("link", name=f"flow-{ROWS}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"flow-{ROWS}")
    expect(page.get_by_text("the amount was given back to the balance")).to_be_visible()


def test_pressing_twice_is_one_payout(desk: Desk) -> None:
    page = desk.open("/payments")
    page.get_by_label("Amount").fill("21000")
    page.get_by_label("Currency").fill("UGX")
    page.get_by_label("Paid to").select_option("mobile_money")
    page.get_by_label("Wallet number").fill("+256772999077")
    page.get_by_label("Your reference").fill("pressed-twice")
    page.get_by_role("button", name="Make the draft").dblclick()
    expect(page.get_by_role("heading", name="Look at it, then submit")).to_be_visible()
    assert len(desk.writes("/api/v1/drafts/")) == 1
    page.get_by_role("button", name="Submit the payment").dblclick()
    page.get_by_role("link", name="Follow it live").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("pressed-twice")
    expect(page.locator(".page-head").get_by_text("Paid")).to_be_visible(timeout=60_000)
    assert len(desk.writes("/submit/")) == 1
    assert desk.get("/payouts/", reference="pressed-twice", limit="10")["count"] == 1


def test_a_draft_can_be_looked_at_for_longer_than_its_data_are_fresh(desk: Desk) -> None:
    page = desk.open("/payments")
    desk.draft("looked-at")
    expect(page.get_by_role("heading", name="Look at it, then submit")).to_be_visible()
    page.wait_for_timeout(7_000)
    page.get_by_role("button", name="Submit the payment").click()
    expect(page.get_by_role("link", name="Follow it live")).to_be_visible()
    assert len(desk.writes("/submit/")) == 1


def test_rows_that_fail_later_come_into_a_list_of_failed_rows(desk: Desk) -> None:
    batch = ground.open_batch(desk.stack, "fails-later", 1)
    ground.add_failing(desk.stack, batch, first=2, rows=4)
    page = desk.open(f"/payouts/{batch}?status=failed")
    desk.live()
    expect(page.get_by_text("No row matches.")).to_be_visible()
    ground.seal(desk.stack, batch)
    page.get_by_role("button", name="4 new: show them").click()
    expect(page.get_by_role("grid").get_by_text("Failed")).to_have_count(4)


def test_an_answer_for_one_merchant_moves_nobody_who_looks_at_another(desk: Desk) -> None:
    page = desk.open("/payments")
    desk.put("/dev/faults/", {"mode": "latency"})
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.url.endswith("/drafts/")):
        desk.draft("left-behind")
        page.locator("header.top select").first.select_option(RAMESH_EXPORTS)
    desk.put("/dev/faults/", {"mode": "none"})
    page.wait_for_timeout(500)
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    assert "draft=" not in page.url


def test_another_merchant_leaves_nothing_of_the_one_before(desk: Desk, pages: Pages) -> None:
    page = desk.open(f"/payouts/{pages.batch}")
    expect(page.get_by_role("grid").get_by_text("nov-1", exact=True)).to_be_visible()
    asked: list[str] = []
    page.locator("header.top select").first.select_option(RAMESH_EXPORTS)
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    page.on("request", lambda request: asked.append(request.headers.get("x-merchant-id", "")))
    page.get_by_role("link", name="Payouts", exact=True).click()
    expect(page.get_by_text("November salaries")).to_have_count(0)
    page.get_by_role("link", name="Single rows").click()
    expect(page.get_by_text(re.compile("nov-|single-"))).to_have_count(0)
    page.get_by_role("link", name="Merchant", exact=True).click()
    expect(page.locator("main")).to_contain_text("INR")
    assert DEMO not in asked
    assert RAMESH_EXPORTS in asked
    assert all(line.url.endswith(RAMESH_EXPORTS) for line in desk.lines[1:]), "the feed is the new one's"
