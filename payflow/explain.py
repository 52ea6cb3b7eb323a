"""`payflow explain`: one payout, step by step, with its places on the log (TML-01, first form).

Owns how a history is told. Everything comes from the public API.
"""

from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from payflow.public_api import ApiError, PublicApi

NEXT_STEPS = {
    "pending": "It will be sent as soon as what it waits for is over; it can still be edited or canceled.",
    "processing": "The provider has it or will get it; nothing is to be done.",
    "requires_action": "Nobody can say yet whether it was paid; the provider is asked again by itself. Do not pay it again.",
    "completed": "The provider paid it; only a return could follow.",
    "failed": "It ended without payment and its money is available again; a new payout may be made.",
    "canceled": "It was canceled before it was sent; its money is available again.",
    "rejected": "It was refused when it came in; no money was held.",
}


def story(api: PublicApi, payout_id: str) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """A payout, its changes, and the ledger entries that are its own or were made by the same events."""
    payout = api.get(f"/payouts/{payout_id}/")
    changes = api.get(f"/payouts/{payout_id}/events/")["results"]
    entries = api.get("/ledger/", merchant_id=payout["merchant_id"], payout_id=payout_id, limit=100)["results"]
    return payout, list(changes), list(reversed(entries))


def show(console: Console, api: PublicApi, payout_id: str) -> bool:
    """Print the story; True if its changes follow each other without gap."""
    payout, changes, entries = story(api, payout_id)
    payee = payout["recipient_details"] or payout["bank_account"] or {}
    number = payee.get("msisdn") or payee.get("account_number")
    console.print(
        f"[bold]Payout {payout_id}[/]: {payout['amount']} {payout['currency']} to {number}, now [bold]{payout['status']}[/]"
    )
    console.print(_changes_table(changes))
    if entries:
        console.print(_entries_table(entries))
    console.print(f"Next: {NEXT_STEPS.get(payout['status'], '')}")
    return [change["version"] for change in changes] == list(range(1, payout["version"] + 1))


def _changes_table(changes: list[dict[str, Any]]) -> Table:
    table = Table("log place", "time", "from", "to", "why", "by", title="What happened", title_justify="left")
    for change in changes:
        place = change["position"]
        why = change["failure_code"] or change["reason"] or ""
        tried = f" (try {change['attempt']})" if change["attempt"] else ""
        where = f"{place['partition']}@{place['offset']}.{place['index']}"
        table.add_row(where, change["at"][11:23], change["from"] or "", change["to"], f"{why}{tried}", change["actor"])
    return table


def _entries_table(entries: list[dict[str, Any]]) -> Table:
    table = Table("entry", "account", "type", "amount", title="What it did to the ledger", title_justify="left")
    for entry in entries:
        table.add_row(entry["id"], entry["account"], entry["entry_type"], f"{entry['amount']} {entry['currency']}")
    return table


def command(
    payout_id: str,
    url: str = typer.Option("http://127.0.0.1:8000", envvar="PAYFLOW_URL", help="The gateway's address."),
) -> None:
    """Tell one payout's story, step by step, with its places on the log."""
    api = PublicApi(url)
    try:
        show(Console(), api, payout_id)
    except ApiError as error:
        typer.echo(f"explain: {error}", err=True)
        raise typer.Exit(1) from None
    finally:
        api.close()
