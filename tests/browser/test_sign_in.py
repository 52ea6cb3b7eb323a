"""A person signs in, works by cookie and ticket, sees payees masked, and is out at once when the sign-in ends (SEC-01, SEC-03, SEC-07, SEC-12)."""

import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from domain.access.matrix import SCOPES
from payflow.stack import Stack
from tests.browser import chromium, ground
from tests.browser.test_access_for_all import violations

MERCHANT, EMAIL, PASSWORD = "alpha", "opal@example.com", "a-long-enough-passphrase-7"
CLOSED = {
    **ground.SETTINGS,
    "PAYFLOW_ACCESS": "required",
    "SECRET_KEY": "4d7e1a90b6c25f38a1d0e97c5b3f6482",
    "CONSOLE_DIST": str(ground.DIST),
    "DATABASE_URL": "",
    "KAFKA_BOOTSTRAP_SERVERS": "",
}


class Closed:
    """A stack that asks who one is, with one merchant and its money."""

    def __init__(self, stack: Stack) -> None:
        """Makes the first key, the merchant and the person."""
        self.stack = stack
        scopes = ",".join(sorted(SCOPES))
        self._key = self._command("keys", "create", "--name", "root", "--scopes", scopes, "--merchants", "*")
        self.ask("POST", "/merchants/", {"id": MERCHANT, "name": "Alpha Ltd"})
        self.ask("POST", f"/merchants/{MERCHANT}/credits/", {"amount": "1000000", "currency": "UGX", "reference": "money"})
        self.person = self._person()

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """A request by the first key."""
        headers = {"Authorization": f"Bearer {self._key}", "Idempotency-Key": str(uuid.uuid4())}
        url = f"{self.stack.url}/api/v1{path}"
        answer = httpx2.request(method, url, json=body, headers=headers, timeout=60)
        answer.raise_for_status()
        return dict(answer.json()) if answer.content else {}

    def _person(self) -> str:
        given = ("--email", EMAIL, "--name", "Opal", "--role", "operator", "--merchants", MERCHANT, "--password-stdin")
        return self._command("users", "create", *given, typed=PASSWORD)

    def _command(self, *words: str, typed: str = "") -> str:
        command = [sys.executable, "-m", "payflow", *words]
        done = subprocess.run(command, env=self.stack.environ, input=typed, capture_output=True, text=True, check=True)
        return done.stdout.strip()


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Closed]:
    folder = tmp_path_factory.mktemp("closed")
    for part in (folder, folder.parent):
        part.chmod(0o755)  # Postgres runs as somebody else
    stack = Stack(folder, CLOSED, free_ports=True, console=True)
    with ThreadPoolExecutor(1) as apart:  # the browser's own loop runs in this thread
        apart.submit(stack.__enter__).result()
        try:
            yield Closed(stack)
        finally:
            apart.submit(stack.__exit__, None, None, None).result()


@pytest.fixture
def page(closed: Closed, browser: Browser) -> Iterator[Page]:
    """A page that nobody has signed in on."""
    context = browser.new_context(viewport=chromium.WIDE)
    context.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)
    made = context.new_page()
    uncaught: list[str] = []
    made.on("pageerror", lambda error: uncaught.append(str(error)))
    made.goto(closed.stack.console_url)
    yield made
    context.close()
    assert uncaught == [], "the page threw"


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_person_signs_in_pays_and_signs_out(page: Page, closed: Closed) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Payflow")
    assert violations(page) == []
    sign_in(page, "not the passphrase")
    expect(page.locator(".notice")).to_contain_text("sign_in_failed")
    sign_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.locator("header.top")).to_contain_text("Opal")
    expect(page.locator("header.top [data-connection=live]")).to_contain_text("Live")
    expect(page.get_by_role("link", name="Users")).to_have_count(0)
    _pay(page)
    _look_at_the_payee(page)
    cookies = {one["name"]: one for one in page.context.cookies()}
    assert cookies["__Host-payflow_session"]["httpOnly"]
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Payflow")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Payflow")
    old = {"Cookie": "; ".join(f"{name}={one['value']}" for name, one in cookies.items())}
    deadline = time.monotonic() + 30  # the gateway may know a sign-in for 5 s
    while (
        status := httpx2.get(f"{closed.stack.url}/api/v1/balance/", headers=old).status_code
    ) != httpx2.codes.UNAUTHORIZED:
        assert time.monotonic() < deadline, f"the old cookie is still good: {status}"
        page.wait_for_timeout(200)


def test_a_sign_in_that_ends_elsewhere_ends_here_at_once(page: Page, closed: Closed) -> None:
    sign_in(page)
    expect(page.locator("header.top [data-connection=live]")).to_contain_text("Live")
    closed.ask("PATCH", f"/users/{closed.person}/", {"active": False})
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to Payflow")
    expect(page.get_by_text("Alpha Ltd")).to_have_count(0)
    closed.ask("PATCH", f"/users/{closed.person}/", {"active": True})


def _pay(page: Page) -> None:
    page.get_by_role("link", name="Payments").click()
    page.get_by_label("Amount").fill("21000")
    page.get_by_label("Currency").fill("UGX")
    page.get_by_label("Paid to").select_option("mobile_money")
    page.get_by_label("Wallet number").fill("+256772999123")
    page.get_by_label("Your reference").fill("by-a-person")
    page.get_by_role("button", name="Make the draft").click()
    page.get_by_role("button", name="Submit the payment").click()
    page.get_by_role("link", name="Follow it live").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("by-a-person")
    expect(page.locator(".page-head").get_by_text("Paid")).to_be_visible(timeout=60_000)


def _look_at_the_payee(page: Page) -> None:
    """Masked until a reason is given, which is written down first."""
    expect(page.get_by_text(re.compile("772999123"))).to_have_count(0)
    page.get_by_role("button", name="Show the payee").click()
    page.get_by_label("Reason").fill("the payee asks where it is")
    page.get_by_role("button", name="Show it").click()
    expect(page.get_by_role("dialog")).to_contain_text("+256772999123")
    page.keyboard.press("Escape")
