"""`payflow demo`: the whole product before your eyes: 1,000 mobile-money payouts and a few single ones, watched live, explained, checked.

Owns the story and its verdict: the exit code is 0 only if every payout ended as it should, one history has no gap, and the ledger holds.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.local.kafka_files import KafkaUnavailableError
from deploy.local.postgres import PostgresUnavailableError
from payflow import explain
from payflow.client import Feed, Payflow
from payflow.public_api import ApiError, PublicApi
from payflow.seed import DEMO, seed
from payflow.stack import Stack
from runtime.ids import mint
from runtime.settings import RefusedStartError, refuse

ROWS = 1000
CURRENCIES = "USD,EUR,GBP,RUB,INR,UGX"
MAGIC = {100: "+256700000001", 300: "+256700000002", 500: "+256700000003", 700: "+256700000004", 900: "+256700000005"}
"""Row to magic payee: fails for good; fails twice, then paid; hangs; paid unheard; late success (docs/simulator.md)."""
ENDED = ("completed", "failed", "canceled", "rejected", "requires_action")
WATCH_SECONDS = 90.0
QUICK = {
    "PAYOUT_CURRENCIES": CURRENCIES,
    "SIMULATOR_PRESET": "perfect",
    "PAYOUT_PROCESSING_TIMEOUT_SECONDS": "5",
    "PAYOUT_RETRY_WAITS_SECONDS": "1,2",
    "PAYOUT_INQUIRY_WAITS_SECONDS": "2,4,8,3600",
    "PAYOUT_IN_PROGRESS_TIMEOUT_SECONDS": "8",
    "PAYOUT_DISPATCH_DELAY_SECONDS": "1",
}
"""A day in a minute: the same rules with shorter waits."""

console = Console()


def command() -> None:
    """Start everything, pay a batch of 1,000 mobile-money rows, watch it live, explain one payout, check the ledger."""
    try:
        with _folder() as folder, Stack(folder, {**QUICK, **_given()}, free_ports=True, say=_say) as stack:
            verdicts = asyncio.run(_story(stack))
    except (RefusedStartError, KafkaUnavailableError, PostgresUnavailableError) as error:
        refuse("demo", error)
    for what, holds in verdicts.items():
        console.print(f"[{'green' if holds else 'red'}]{'yes' if holds else 'NO ':<4}[/] {what}")
    raise typer.Exit(0 if all(verdicts.values()) else 1)


async def _story(stack: Stack) -> dict[str, bool]:
    api = PublicApi(stack.url)
    try:
        console.rule("Merchants and money")
        for line in await asyncio.to_thread(seed, api, CURRENCIES.split(","), "10000000"):
            console.print(line, highlight=False)
        console.rule(f"A batch of {ROWS} mobile-money payouts, and single ones")
        singles = _single_payouts(api)
        batch = await asyncio.to_thread(_upload, api)
        console.print(f"batch {batch['id']}: {batch['row_count']} rows accepted and held, phase {batch['phase']}")
        await _watch(stack.url, str(batch["id"]))
        batch, verdicts = await _settled(api, str(batch["id"]), singles)
        console.rule("What became of it")
        _summary(batch)
        console.rule("One payout, step by step (the one that failed twice before it was paid)")
        with Payflow(stack.url) as client:
            told = explain.show(console, client, _row_id(api, batch, 300))
        console.rule("The ledger")
        checked = await asyncio.to_thread(_check_ledger, stack)
        return {**verdicts, "the explained payout's history has no gap": told, "the ledger holds": checked}
    finally:
        api.close()


def _upload(api: PublicApi) -> dict[str, Any]:
    lines = ["msisdn,amount,currency,reference,name"]
    for row in range(1, ROWS + 1):
        number = MAGIC.get(row, f"+2567725{row:05d}")
        lines.append(f"{number},{1000 + row},UGX,demo-{row},Payee {row}")
    content = "\n".join(lines).encode()
    total = sum(1000 + row for row in range(1, ROWS + 1))
    declared = json.dumps({"row_count": ROWS, "sums": {"UGX": str(total)}})
    fields = {"name": "Demo salaries", "declared": declared}
    return api.upload("salaries.csv", content, fields, merchant=DEMO, key=mint())


def _single_payouts(api: PublicApi) -> dict[str, str]:
    """Id to the state that it must reach."""
    wallets = {"+256772999001": "completed", "+256700000001": "failed", "+256700000003": "requires_action"}
    expected = {}
    for number, state in wallets.items():
        body = {"amount": "2500", "currency": "UGX", "recipient_details": {"msisdn": number, "name": "Single payee"}}
        payout = api.post("/payouts/", body, merchant=DEMO, key=mint())
        expected[str(payout["id"])] = state
    with contextlib.suppress(ApiError):
        api.post("/payouts/", {**body, "amount": "99999999"}, merchant=DEMO, key=mint())
        raise AssertionError("a payout above the balance must be refused")
    console.print(f"{len(expected)} single payouts accepted; one above the balance was refused with 402")
    return expected


async def _watch(url: str, batch_id: str) -> None:
    """Show the batch moving, fed by the live feed, until every row has ended or waits visibly."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("live feed", total=ROWS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WATCH_SECONDS):
                await _follow(url, batch_id, progress, bar)


async def _follow(url: str, batch_id: str, progress: Progress, bar: TaskID) -> None:
    states: dict[str, str] = {}
    async with contextlib.aclosing(Feed(url).follow(f"batch:{batch_id}", rows=False)) as messages:
        async for message in messages:
            for change in message.get("changes", ()):
                states[change["id"]] = change["status"]
            if message["type"] == "batch":
                ended = sum(message["batch"]["counts"][state] for state in ENDED)
                progress.update(bar, completed=ended)
                if ended == ROWS and message["batch"]["counts"]["processing"] == 0:
                    console.print(f"the feed told {len(states)} rows' changes, one by one")
                    return


async def _settled(api: PublicApi, batch_id: str, singles: dict[str, str]) -> tuple[dict[str, Any], dict[str, bool]]:
    """The batch and the verdicts once all hold, or as they stand after a minute."""
    for _ in range(120):
        batch = await asyncio.to_thread(api.get, f"/batches/{batch_id}/")
        verdicts = await asyncio.to_thread(_judge, api, batch, singles)
        if all(verdicts.values()):
            break
        await asyncio.sleep(0.5)
    return batch, verdicts


def _summary(batch: dict[str, Any]) -> None:
    table = Table(
        "state", "rows", "sum", title=f"{batch['name']}: {batch['status']}, {batch['attention']}", title_justify="left"
    )
    for sums in batch["sums"]:
        for state, amount in sums["by_status"].items():
            if batch["counts"][state]:
                table.add_row(state, str(batch["counts"][state]), f"{amount['amount']} {sums['currency']}")
    console.print(table)
    console.print(f"attention: {batch['attention_reason']}")


def _judge(api: PublicApi, batch: dict[str, Any], singles: dict[str, str]) -> dict[str, bool]:
    counts = batch["counts"]
    ended = {payout_id: api.get(f"/payouts/{payout_id}/")["status"] for payout_id in singles}
    hanging = api.get(f"/payouts/{_row_id(api, batch, 500)}/")
    balance = next(b for b in api.get("/balance/", merchant_id=DEMO)["balances"] if b["currency"] == "UGX")
    return {
        f"{ROWS - 2} rows are paid, 1 failed, 1 has an unknown outcome": (
            (counts["completed"], counts["failed"], counts["requires_action"]) == (ROWS - 2, 1, 1)
        ),
        "the hanging row waits visibly, neither failed nor refunded": hanging["failure_code"] == "still_in_progress",
        "the single payouts ended as they should": ended == singles,
        "held is just what is not decided": balance["held"] == str(int(hanging["amount"]) + 2500),
    }


def _row_id(api: PublicApi, batch: dict[str, Any], row: int) -> str:
    found = api.get(f"/batches/{batch['id']}/rows/", reference=f"demo-{row}")["results"]
    return str(found[0]["id"])


def _check_ledger(stack: Stack) -> bool:
    done = subprocess.run([sys.executable, "-m", "payflow", "ledger", "check"], env=stack.environ, check=False)
    return done.returncode == 0


def _given() -> dict[str, str]:
    return {name: os.environ[name] for name in QUICK if name in os.environ}


def _say(text: str) -> None:
    console.print(text, style="dim", highlight=False)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="payflow-demo-", ignore_cleanup_errors=True) as name:
        yield Path(name)
