"""`make screenshots`: each page of the console in both themes, as pictures for a person to look at.

Owns which pages, and in which state each is caught. Must not judge: tests do.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Error, Page, expect

from tests.browser import chromium, ground
from tests.browser.pages import Pages, Scene, scenes

THEMES = ("light", "dark")


def main(out: Path, only: str = "") -> None:
    """Write `<theme>-<name>.png` for each scene; those of before with the same name are overwritten."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, ground.standing(Path(folder)) as stack, chromium.started() as browser:
        pages = Pages.made(stack)
        for theme in THEMES:
            for scene in scenes(pages):
                if only in scene.name:
                    _picture(browser, pages, scene, theme, out / f"{theme}-{scene.name}.png")


def _picture(browser: Browser, pages: Pages, scene: Scene, theme: str, path: Path) -> None:
    context = browser.new_context(viewport=scene.size, color_scheme=theme, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    try:
        page.goto(pages.address(scene.path))
        expect(page.get_by_role("heading", level=1).first).to_be_visible()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        _act(page, scene.act)
        page.wait_for_timeout(400)
    except (AssertionError, Error) as error:
        faults.append(str(error)[:600])
    page.screenshot(path=path, full_page=scene.whole)
    sys.stdout.write(f"{path.name}{'  ' + '; '.join(faults) if faults else ''}\n")
    sys.stdout.flush()
    context.close()


def _act(page: Page, act: Callable[[Page], None] | None) -> None:
    if act is not None:
        act(page)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "console/screenshots"), *sys.argv[2:3])
