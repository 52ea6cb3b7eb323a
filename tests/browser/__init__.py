"""The console in a real browser, on the whole product: Debian's Chromium by Playwright, which downloads none."""
