"""`payflow watch`: a batch or a payout, live, until it ends (RUN-09).

Owns what is shown and the exit code. The feed is followed over cuts by the client.
"""

import asyncio
import contextlib
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from payflow.client import Batch, Feed, Payflow, Payout, RefusedError
from payflow.front_door import DEFAULT_URL, NOT_PAID, UNFINISHED, ApiKey, Json, MerchantId, Url, answering, say

PAID = "completed"


def command(
    subject: Annotated[str, typer.Argument(metavar="ID", help="A batch's or a payout's id.")],
    timeout: Annotated[float | None, typer.Option(help="Seconds after which it is given up; exit code 5.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    merchant: MerchantId = None,
    json: Json = False,
) -> None:
    """Follow a batch or a payout until it has ended. Exit code 4 if not all was paid. With --json one message a line."""
    with answering(url, api_key, merchant, json=json) as api:
        first = _stand(api, subject)
        feed = Feed(url, merchant=merchant, api_key=api_key)
        watching = _batch(feed, first, json=json) if isinstance(first, Batch) else _payout(feed, first, json=json)
        raise typer.Exit(asyncio.run(_in_time(watching, timeout)))


def _stand(api: Payflow, subject: str) -> Batch | Payout:
    """The batch of this id, else the payout. Raises RefusedError `not_found` for neither."""
    with contextlib.suppress(RefusedError):
        return api.batch(subject)
    return api.payout(subject)


async def _in_time(watching: Any, seconds: float | None) -> int:
    try:
        async with asyncio.timeout(seconds):
            code: int = await watching
            return code
    except TimeoutError:
        typer.echo("watch: it has not ended in time", err=True)
        return UNFINISHED


async def _batch(feed: Feed, batch: Batch, *, json: bool) -> int:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=json), disable=json) as progress:
        task = progress.add_task(_counts(batch), total=batch.row_count or None, completed=batch.progress["done"])
        async for message in feed.follow(f"batch:{batch.id}", rows=False):
            if json and message["type"] in {"batch", "changes", "snapshot"}:
                say(message)
            if message["type"] == "batch":
                batch = msgspec.convert(message["batch"], Batch)
                done = batch.progress["done"]
                progress.update(task, description=_counts(batch), total=batch.row_count or None, completed=done)
                if batch.ended:  # also one that had ended before: the feed tells how it stands, first of all
                    return 0 if batch.counts.get(PAID) == batch.row_count else NOT_PAID
    raise AssertionError("the feed goes on until it is left")


async def _payout(feed: Feed, payout: Payout, *, json: bool) -> int:
    status = payout.status
    async for message in feed.follow(f"payout:{payout.id}"):
        if json and message["type"] in {"snapshot", "changes"}:
            say(message)
        for stand in _stands(message):
            status = stand["status"]
            if not json:
                why = stand.get("failure_code") or stand.get("reason") or ""
                typer.echo(f"{stand['updated_at']}  {status:<16} {why}".rstrip())
        if message["type"] in {"snapshot", "changes"} and _ended(status):
            return 0 if status == PAID else NOT_PAID
    raise AssertionError("the feed goes on until it is left")


def _stands(message: dict[str, Any]) -> list[dict[str, Any]]:
    """How the payout stood, each time that a message tells of it."""
    if message["type"] == "changes":
        return list(message["changes"])
    found = message.get("payout") if message["type"] == "snapshot" else None
    return [found] if found else []


def _ended(status: str) -> bool:
    return status in {PAID, "failed", "canceled", "rejected", "returned"}


def _counts(batch: Batch) -> str:
    return ", ".join(f"{count} {status}" for status, count in batch.counts.items() if count) or batch.phase
