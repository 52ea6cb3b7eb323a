"""`payflow verify`: does what the API says add up? Checked from outside, over the public API only (RUN-09).

Owns the checks and their words. The ledger against the log is `payflow ledger verify`, which needs the log and the database.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer
from msgspec import Struct

from payflow.client import Payflow
from payflow.explain import without_gap
from payflow.front_door import DEFAULT_URL, REFUSED, UNFINISHED, ApiKey, Json, MerchantId, Url, answering, say

LEDGER_MAX = 10_000
"""So many entries of a merchant can be read by offset; with more, its ledger is not added up here."""


MARKS = {True: "ok ", False: "NO ", None: "-- "}


class Finding(Struct, frozen=True):
    """One check: what was compared, whether it holds (None: nobody could look), and both sides if it does not."""

    check: str
    holds: bool | None
    detail: str = ""


def command(
    payout: Annotated[list[str] | None, typer.Option(help="Check this payout's history; may be repeated.")] = None,
    batch: Annotated[list[str] | None, typer.Option(help="Add up this batch's rows; may be repeated.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    merchant: MerchantId = None,
    json: Json = False,
) -> None:
    """Check balances against ledger entries for the merchant (or all), and batches and payouts that are named.

    Exit code 1 if something does not hold, 5 if something could not be checked.
    """
    with answering(url, api_key, merchant, json=json) as api:
        findings = list(_all(api, merchant, payout or [], batch or []))
    for finding in findings:
        if json:
            say(finding)
        else:
            typer.echo(f"{MARKS[finding.holds]} {finding.check}{f': {finding.detail}' if finding.detail else ''}")
    raise typer.Exit(_code([finding.holds for finding in findings]))


def _code(held: list[bool | None]) -> int:
    """What was not looked at is no proof."""
    if False in held:
        return REFUSED
    return UNFINISHED if None in held else 0


def _all(api: Payflow, merchant: str | None, payouts: Iterable[str], batches: Iterable[str]) -> Iterator[Finding]:
    for one in [merchant] if merchant else [known.id for known in api.merchants()]:
        yield from check_money(api, one)
    for batch_id in batches:
        yield from check_batch(api, batch_id)
    for payout_id in payouts:
        yield check_history(api, payout_id)


def check_money(api: Payflow, merchant: str) -> Iterator[Finding]:
    """A merchant's totals: available and held make them, and so do the entries of its ledger. Busy ones are read until still."""
    for _ in range(5):
        before, entries, after = api.balance(merchant), list(api.ledger(merchant)), api.balance(merchant)
        if before == after:
            break
    summed: dict[str, int] = defaultdict(int)
    for entry in entries:
        summed[entry.currency] += entry.amount_minor
    for balance in after.balances:
        name = f"{merchant} {balance.currency}"
        parts = balance.available_minor + balance.held_minor
        yield _equal(f"{name}: available + held = total", parts, balance.total_minor)
        yield Finding(f"{name}: nothing is below zero", min(balance.available_minor, balance.held_minor) >= 0)
        if before != after or len(entries) > LEDGER_MAX:
            yield Finding(f"{name}: entries not added up", None, "it moves all the time, or has too many entries")
        else:
            yield _equal(
                f"{name}: {len(entries)} ledger entries add up to total", summed[balance.currency], balance.total_minor
            )


def check_batch(api: Payflow, batch_id: str) -> Iterator[Finding]:
    """A batch's counts and sums are those of its rows, and no row is missing. A running one is read until still."""
    for _ in range(5):
        before, rows, batch = api.batch(batch_id), list(api.rows(batch_id)), api.batch(batch_id)
        if before.counts == batch.counts:
            break
    counts = Counter(row.status for row in rows)
    stated = Counter({status: count for status, count in batch.counts.items() if count})
    yield _equal(f"batch {batch_id}: rows", len(rows), batch.row_count)
    yield _equal(f"batch {batch_id}: counts per state", dict(counts), dict(stated))
    for sums in batch.sums:
        gross = sum(row.amount_minor for row in rows if row.currency == sums["currency"])
        yield _equal(f"batch {batch_id}: gross {sums['currency']}", gross, sums["gross_minor"])


def check_history(api: Payflow, payout_id: str) -> Finding:
    """A payout's changes follow each other without gap up to how it stands."""
    payout, changes = api.payout(payout_id), api.history(payout_id)
    holds = without_gap(payout, changes) and changes[-1].to == payout.status
    told = "" if holds else f"versions {[change.version for change in changes]}, stands at {payout.version} {payout.status}"
    return Finding(f"payout {payout_id}: {len(changes)} changes without gap", holds, told)


def _equal(check: str, found: object, stated: object) -> Finding:
    return Finding(check, found == stated, "" if found == stated else f"found {found}, stated {stated}")
