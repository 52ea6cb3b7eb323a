"""`make tour`: the five-minute guide as a sequence of pictures: submit, live rows, scroll, failure, chaos, reconnect (RUN-12).

Owns the steps. Must not judge: tests do.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser import chromium, ground
from tests.browser.desk import Desk

ROWS, FAILING = 2_000, 3


class Tour:
    """Numbered pictures of one desk."""

    def __init__(self, desk: Desk, out: Path) -> None:
        """Writes into a folder that is there."""
        self.desk, self.out, self.taken = desk, out, 0

    def take(self, name: str) -> None:
        """The page as it is now."""
        self.taken += 1
        path = self.out / f"{self.taken:02d}-{name}.png"
        self.desk.page.screenshot(path=path)
        sys.stdout.write(f"{path.name}\n")


def main(out: Path) -> None:
    """Write the pictures; those of before with the same name are overwritten."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, ground.standing(Path(folder)) as stack, chromium.started() as browser:
        desk = Desk(browser.new_page(viewport=chromium.WIDE), stack)  # type: ignore[arg-type]
        expect.set_options(timeout=60_000)
        desk.put("/dev/simulator/", {"preset": "perfect", "delay_seconds": 1})
        _walk(desk, Tour(desk, out))


def _walk(desk: Desk, tour: Tour) -> None:
    page = desk.open("/")
    desk.live()
    tour.take("overview")
    _submit(page, tour)
    desk.live()
    tour.take("live-rows")
    page.get_by_role("grid").evaluate("(grid) => { grid.scrollTop = 30000 }")
    expect(page.get_by_role("row", name="tour-900 ")).to_be_visible()
    tour.take("scrolled")
    page.get_by_role("button", name=f"Failed {FAILING}").click()
    expect(page.get_by_role("grid").get_by_text("payee_unknown")).to_have_count(FAILING)
    tour.take("failures")
    page.get_by_role("link", name=f"tour-{ROWS}").click()
    expect(page.get_by_text("The provider does not know this payee.").first).to_be_visible()
    tour.take("why-it-failed")
    page.keyboard.press("Control+Shift+D")
    page.get_by_role("radio", name="Everything broken").click()
    expect(page.get_by_text("On; it ends by itself in")).to_be_visible()
    tour.take("chaos")
    page.keyboard.press("Escape")
    expect(page.locator("header.top [data-connection=waiting]")).to_be_visible()
    tour.take("not-live")
    desk.put("/dev/faults/", {"mode": "none"})
    desk.mend()
    tour.take("live-again")


def _submit(page: Page, tour: Tour) -> None:
    page.get_by_role("link", name="Submit a batch").click()
    content = ground.lines_of(ROWS, "tour", failing=FAILING)
    page.get_by_label("CSV, XLSX or pain.001").set_input_files(
        {"name": "tour.csv", "mimeType": "text/csv", "buffer": content}
    )
    page.get_by_label("Name of the batch").fill("November salaries")
    expect(page.get_by_role("group", name="The beginning of the file")).to_be_visible()
    tour.take("submit")
    page.get_by_role("button", name="Submit the batch").click()
    expect(page.get_by_role("grid")).to_be_visible()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "console/screenshots/tour"))
