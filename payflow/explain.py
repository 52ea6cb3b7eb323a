"""`payflow explain`: one payout, step by step, with its places on the log, and what comes next (TML-01, TML-02).

Owns how a story is shown. What it is comes from the public API.
"""

import typer
from rich.console import Console
from rich.table import Table

from payflow.client import Change, Payflow, Payout, TimelineEntry
from payflow.front_door import DEFAULT_URL, REFUSED, ApiKey, Json, MerchantId, Url, answering, say

SHOWN = ("reason", "failure_code", "reference", "amount", "currency", "status", "outcome")
"""Members of an entry's detail that its line shows."""


def show(console: Console, api: Payflow, payout_id: str) -> bool:
    """Print the story; True if its changes follow each other without gap."""
    payout, told = api.payout(payout_id), api.timeline(payout_id)
    head = (
        f"[bold]Payout {payout.id}[/]: {payout.amount} {payout.currency} to {_payee(payout)}, now [bold]{payout.status}[/]"
    )
    console.print(head)
    console.print(_table(told.entries))
    if told.failure is not None:
        console.print(f"Failure: {told.failure['code']}: {told.failure['remedy']}")
    when = f" at {told.next.at}" if told.next.at else ""
    again = "is" if told.next.retry_safe else "is not"
    console.print(f"Next{when}: {told.next.text} To act: {told.next.who}. Paying it again {again} safe.")
    for lack in told.missing:
        console.print(f"Missing: {lack['part']}: {lack['why']}")
    return told.without_gap


def _payee(payout: Payout) -> str | None:
    if payout.bank_account is not None:
        return payout.bank_account.account_number
    details = payout.recipient_details or {}
    return details.get("msisdn") or details.get("account_number") or details.get("iban")


def _table(entries: list[TimelineEntry]) -> Table:
    table = Table("log place", "time", "T+", "what", "detail", "by", title="What happened", title_justify="left")
    for entry in entries:
        place = entry.position
        where = f"{place.partition}@{place.offset}.{place.index}" if place is not None else ""
        detail = ", ".join(str(entry.detail[name]) for name in SHOWN if entry.detail.get(name) is not None)
        table.add_row(where, entry.at[11:23], _after(entry), entry.title, detail, entry.actor or "")
    return table


def _after(entry: TimelineEntry) -> str:
    return f"{entry.t_days} d" if entry.t_days else f"{entry.t_ms / 1000:.3f} s"


def without_gap(payout: Payout, changes: list[Change]) -> bool:
    """Whether the changes follow each other up to the version that the payout has."""
    return [change.version for change in changes] == list(range(1, payout.version + 1))


def command(
    payout_id: str, url: Url = DEFAULT_URL, api_key: ApiKey = None, merchant: MerchantId = None, json: Json = False
) -> None:
    """Tell one payout's story, step by step, with its places on the log. Exit code 1 if its history has a gap."""
    with answering(url, api_key, merchant, json=json) as api:
        if json:
            told = api.timeline(payout_id)
            say({"payout": api.payout(payout_id), "timeline": told, "next": told.next, "without_gap": told.without_gap})
            whole = told.without_gap
        else:
            whole = show(Console(), api, payout_id)
        if not whole:
            raise typer.Exit(REFUSED)
