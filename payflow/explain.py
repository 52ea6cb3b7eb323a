"""`payflow explain`: one payout, step by step, with its places on the log (TML-01, first form).

Owns how a history is told. Everything comes from the public API.
"""

import typer
from rich.console import Console
from rich.table import Table

from payflow.client import Change, LedgerEntry, Payflow, Payout
from payflow.front_door import DEFAULT_URL, REFUSED, ApiKey, Json, MerchantId, Url, answering, say

NEXT_STEPS = {
    "pending": "It will be sent as soon as what it waits for is over; it can still be edited or canceled.",
    "processing": "The provider has it or will get it; nothing is to be done.",
    "requires_action": "Nobody can say yet whether it was paid; the provider is asked again by itself. Do not pay it again.",
    "completed": "The provider paid it; only a return could follow.",
    "failed": "It ended without payment and its money is available again; a new payout may be made.",
    "canceled": "It was canceled before it was sent; its money is available again.",
    "rejected": "It was refused when it came in; no money was held.",
}


def story(api: Payflow, payout_id: str) -> tuple[Payout, list[Change], list[LedgerEntry]]:
    """A payout, its changes, and the ledger entries that are its own or were made by the same events."""
    payout = api.payout(payout_id)
    entries = list(api.ledger(payout.merchant_id, payout_id))
    return payout, api.history(payout_id), list(reversed(entries))


def without_gap(payout: Payout, changes: list[Change]) -> bool:
    """Whether the changes follow each other up to the version that the payout has."""
    return [change.version for change in changes] == list(range(1, payout.version + 1))


def show(console: Console, api: Payflow, payout_id: str) -> bool:
    """Print the story; True if its changes follow each other without gap."""
    payout, changes, entries = story(api, payout_id)
    console.print(
        f"[bold]Payout {payout_id}[/]: {payout.amount} {payout.currency} to {_payee(payout)}, now [bold]{payout.status}[/]"
    )
    console.print(_changes_table(changes))
    if entries:
        console.print(_entries_table(entries))
    console.print(f"Next: {NEXT_STEPS.get(payout.status, '')}")
    return without_gap(payout, changes)


def _payee(payout: Payout) -> str | None:
    if payout.bank_account is not None:
        return payout.bank_account.account_number
    details = payout.recipient_details or {}
    return details.get("msisdn") or details.get("account_number") or details.get("iban")


def _changes_table(changes: list[Change]) -> Table:
    table = Table("log place", "time", "from", "to", "why", "by", title="What happened", title_justify="left")
    for change in changes:
        place = change.position
        tried = f" (try {change.attempt})" if change.attempt else ""
        where = f"{place.partition}@{place.offset}.{place.index}"
        why = f"{change.failure_code or change.reason or ''}{tried}"
        table.add_row(where, change.at[11:23], change.from_ or "", change.to, why, change.actor)
    return table


def _entries_table(entries: list[LedgerEntry]) -> Table:
    table = Table("entry", "account", "type", "amount", title="What it did to the ledger", title_justify="left")
    for entry in entries:
        table.add_row(entry.id, entry.account, entry.entry_type, f"{entry.amount} {entry.currency}")
    return table


def command(
    payout_id: str, url: Url = DEFAULT_URL, api_key: ApiKey = None, merchant: MerchantId = None, json: Json = False
) -> None:
    """Tell one payout's story, step by step, with its places on the log. Exit code 1 if its history has a gap."""
    with answering(url, api_key, merchant) as api:
        if json:
            payout, changes, entries = story(api, payout_id)
            whole = without_gap(payout, changes)
            told = {"payout": payout, "changes": changes, "ledger": entries, "next": NEXT_STEPS.get(payout.status)}
            say(told | {"without_gap": whole})
        else:
            whole = show(Console(), api, payout_id)
        if not whole:
            raise typer.Exit(REFUSED)
