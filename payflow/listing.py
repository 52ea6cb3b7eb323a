"""`payflow list`: payouts (or batches) that match, newest first (RUN-09)."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from payflow.client import Batch, Payflow, Payout
from payflow.front_door import DEFAULT_URL, ApiKey, Json, MerchantId, Url, answering, misused, say

Text = Annotated[str | None, typer.Option()]
OF_BATCHES = frozenset({"attention"})
"""The filters that batches have too."""


def command(
    batches: Annotated[bool, typer.Option("--batches", help="List batches instead.")] = False,
    batch: Annotated[str | None, typer.Option(help="Rows of this batch, in order.")] = None,
    status: Annotated[str | None, typer.Option(help="One or several by comma.")] = None,
    currency: Text = None,
    reason: Text = None,
    reference: Text = None,
    provider: Text = None,
    attention: Text = None,
    created_after: Text = None,
    created_before: Text = None,
    min_amount: Text = None,
    max_amount: Text = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    merchant: MerchantId = None,
    json: Json = False,
) -> None:
    """List payouts or batches. With --json one object a line."""
    filters: dict[str, object] = {
        "status": status,
        "currency": currency,
        "reason": reason,
        "reference": reference,
        "provider": provider,
        "attention": attention,
        "created_after": created_after,
        "created_before": created_before,
        "min_amount": min_amount,
        "max_amount": max_amount,
    }
    if batches:
        _check_batch_filters({**filters, "batch": batch}, json=json)
    filters["limit"] = min(limit, 200)
    with answering(url, api_key, merchant, json=json) as api:
        found: list[Payout | Batch] = list(itertools.islice(_found(api, filters, batch, batches=batches), limit))
    if json:
        for one in found:
            say(one)
    else:
        Console().print(_table(found))


def _check_batch_filters(given: Mapping[str, object], *, json: bool) -> None:
    """What batches are not filtered by ends the command: passed over, it would show more than was asked for."""
    lost = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is not None and name not in OF_BATCHES]
    if lost:
        misused("list", f"batches cannot be filtered by {', '.join(lost)}: leave it out, or --batches", json=json)


def _found(
    api: Payflow, filters: Mapping[str, object], batch: str | None, *, batches: bool
) -> Iterable[Payout] | Iterable[Batch]:
    if batches:
        return api.batches(**filters)
    return api.rows(batch, **filters) if batch is not None else api.payouts(**filters)


def _id(name: str) -> Column:
    """An id is shown whole, however narrow the window is."""
    return Column(name, no_wrap=True, min_width=36)


def _table(found: Sequence[Payout | Batch]) -> Table:
    if found and isinstance(found[0], Batch):
        table = Table(_id("batch"), "created", "name", "rows", "done", "status", "attention")
        for one in found:
            assert isinstance(one, Batch)
            done = f"{one.progress['percent']} %"
            table.add_row(one.id, one.created_at[:19], one.name or "", str(one.row_count), done, one.status, one.attention)
        return table
    table = Table(_id("payout"), "created", "amount", "status", "why", "reference")
    for one in found:
        assert isinstance(one, Payout)
        why = one.failure_code or one.reason or ""
        table.add_row(one.id, one.created_at[:19], f"{one.amount} {one.currency}", one.status, why, one.reference or "")
    return table
