"""By keyboard alone, and clean in axe's eyes on every page in both themes (CON-09, CON-22, CON-23)."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import ground
from tests.browser.desk import Desk
from tests.browser.pages import Pages, scenes

AXE = ground.ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
NAMES = [scene.name for scene in scenes(Pages("", "", "", "", "", "", ""))]


def violations(page: Page) -> list[str]:
    """Each as rule, where, and what is wrong."""
    page.evaluate(AXE.read_text())
    asked = json.dumps({"runOnly": {"type": "tag", "values": RULES}})
    found: list[dict[str, Any]] = page.evaluate(f"axe.run(document, {asked}).then((told) => told.violations)")
    return [f"{one['id']}: {node['target']}: {node['failureSummary']}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(desk: Desk, pages: Pages, name: str, theme: Any) -> None:
    scene = next(one for one in scenes(pages) if one.name == name)
    page = desk.page
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.set_viewport_size(scene.size)
    page.goto(pages.address(scene.path))
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    if scene.act:
        scene.act(page)
    assert violations(page) == []


def test_a_batch_is_submitted_by_keyboard_alone(desk: Desk) -> None:
    page = desk.open("/")
    desk.live()
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", level=1)).to_have_text("Submit a batch")
    _tab_to(page, "Type rows")
    page.keyboard.press("Enter")
    for label, text in (
        ("Amount, row 1", "4000"),
        ("Currency, row 1", "UGX"),
        ("Account number, or wallet with +, row 1", "+256772999055"),
    ):
        _tab_to(page, label)
        page.keyboard.type(text)
    _tab_to(page, "Submit the batch")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/payouts/[0-9a-f-]{36}"))
    expect(page.get_by_role("button", name="Paid 1")).to_be_visible(timeout=60_000)


def test_rows_are_walked_opened_and_selected_by_single_keys(desk: Desk, pages: Pages) -> None:
    page = desk.open(f"/payouts/{pages.batch}")
    expect(page.get_by_role("grid").get_by_text("nov-1", exact=True)).to_be_visible()
    for key in ("j", "j", "x"):
        page.keyboard.press(key)
    expect(page.get_by_role("row", selected=True)).to_have_count(1)
    expect(page).to_have_url(re.compile("sel="))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("nov-2")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("next and previous row")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Search or command")).to_be_focused()
    page.keyboard.type("audit")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit trail")


def _tab_to(page: Page, name: str) -> None:
    """Tab forward until the focus stands on what is called so; a person needs no more than this."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if (
            page.evaluate(
                "(document.activeElement.getAttribute('aria-label') || document.activeElement.textContent || '').trim()"
            )
            == name
        ):
            return
    raise AssertionError(f"{name} is not reached by Tab")
