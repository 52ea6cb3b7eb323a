"""Every page of the console by name, with something on it. Owns the list that pictures and the axe report share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from playwright.sync_api import Page, ViewportSize, expect

from payflow.public_api import ApiError, PublicApi
from payflow.seed import DEMO, RAMESH_EXPORTS
from payflow.stack import Stack
from tests.browser import chromium, ground


class Scene(NamedTuple):
    """A page: what it is called, its address, and what is done on it before it is looked at."""

    name: str
    path: str
    act: Callable[[Page], None] | None = None
    size: ViewportSize = chromium.WIDE  # type: ignore[assignment]
    whole: bool = True


@dataclass(frozen=True)
class Pages:
    """Where things stand on this ground."""

    url: str
    batch: str
    paid: str
    failed: str
    unknown: str
    refused: str
    draft: str

    def address(self, path: str) -> str:
        """The whole address, of the demo merchant unless the path says otherwise."""
        mark = "&" if "?" in path else "?"
        return f"{self.url}{path}" if "m=" in path else f"{self.url}{path}{mark}m={DEMO}"

    @classmethod
    def made(cls, stack: Stack) -> "Pages":
        """Fill the ground: a batch with failures, single payouts of each end, a refused file, a draft, a webhook, a key."""
        batch = ground.upload(stack, "November salaries", ground.lines_of(240, "nov", failing=3, hanging=2))
        ids = [
            ground.pay(stack, "25000", f"single-{i}", number)
            for i, number in enumerate(("+256772999001", ground.FAILS, ground.HANGS))
        ]
        api = PublicApi(stack.url)
        draft = api.post("/drafts", {"payout": _draft()}, merchant=DEMO, key="browser-draft")
        api.post("/webhooks", {"url": "http://127.0.0.1:9/hook", "types": ["payout.*"]}, merchant=DEMO, key="browser-hook")
        api.post("/keys", {"name": "Nightly import", "scopes": ["batches:write", "batches:read"], "merchants": [DEMO]})
        refused = _refused(api)
        api.close()
        return cls(stack.console_url.rstrip("/"), str(batch["id"]), ids[0], ids[1], ids[2], refused, str(draft["id"]))


def _draft() -> dict[str, object]:
    recipient = {"type": "mobile_money", "msisdn": "+256772999009", "name": "Kofi Annan"}
    return {"amount": "18000", "currency": "UGX", "recipient_details": recipient, "reference": "rent-november"}


def _refused(api: PublicApi) -> str:
    content = (
        b"msisdn,amount,currency,reference\n+256772000001,1000,UGX,ok-1\n+25677,12.5x,UGX,bad-2\n+256772000003,,UGX,bad-3\n"
    )
    try:
        api.upload("december.csv", content, {"name": "December"}, merchant=DEMO, key="browser-refused")
    except ApiError as refused:
        return str(refused.problem["upload_id"])
    raise AssertionError("a file with faults was taken")


def scenes(pages: Pages) -> list[Scene]:
    """All of them, in the order of the navigation."""
    return [
        Scene("overview", "/", _settled),
        Scene("overview-phone", "/", _settled, chromium.PHONE),  # type: ignore[arg-type]
        Scene("transactions", "/transactions", _settled),
        Scene("payouts-batches", "/payouts"),
        Scene("payouts-single", "/payouts?view=payouts"),
        Scene("batch", f"/payouts/{pages.batch}", _settled),
        Scene("batch-phone", f"/payouts/{pages.batch}", _settled, chromium.PHONE),  # type: ignore[arg-type]
        Scene("batch-failures", f"/payouts/{pages.batch}?status=failed"),
        Scene("submit", "/submit"),
        Scene("submit-rows", "/submit", _type_rows),
        Scene("corrections", f"/submit?upload={pages.refused}"),
        Scene("payments", "/payments"),
        Scene("payments-draft", f"/payments?draft={pages.draft}"),
        Scene("payment-paid", f"/payments/{pages.paid}"),
        Scene("payment-failed", f"/payments/{pages.failed}"),
        Scene("payment-unknown", f"/payments/{pages.unknown}"),
        Scene("merchant", "/merchant"),
        Scene("merchant-ledger", "/merchant?tab=ledger"),
        Scene("merchant-empty", f"/payouts?m={RAMESH_EXPORTS}"),
        Scene("insights", "/insights"),
        Scene("dead-letters", "/dead-letters"),
        Scene("webhooks", "/webhooks"),
        Scene("keys", "/keys"),
        Scene("users", "/users"),
        Scene("audit", "/audit"),
        Scene("missing", "/nowhere"),
        Scene("palette", "/", lambda page: page.keyboard.press("Control+k"), whole=False),
        Scene("help", "/", lambda page: page.keyboard.press("?"), whole=False),
        Scene("chaos", "/", _chaos, whole=False),
        Scene("record", f"/payments/{pages.paid}", _record, whole=False),
        Scene("offline", "/", _offline, whole=False),
    ]


def _settled(page: Page) -> None:
    expect(page.locator("header.top [data-connection=live]")).to_be_visible()


def _type_rows(page: Page) -> None:
    page.get_by_role("button", name="Type rows").click()
    page.get_by_label("Amount, row 1").fill("1200")
    page.get_by_label("Account number, or wallet with +, row 1").fill("+25677")


def _chaos(page: Page) -> None:
    _settled(page)
    page.keyboard.press("Control+Shift+D")
    expect(page.get_by_role("radio", name="Everything broken")).to_be_visible()


def _record(page: Page) -> None:
    page.get_by_role("table").get_by_role("button").first.click()
    expect(page.locator("pre.record")).to_be_visible()


def _offline(page: Page) -> None:
    _settled(page)
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_be_visible()
