"""What left the provider, against what the log says: once at most, equal, never before its attempt was durable, never for what failed.

Must not know how the product talks to it.
"""

from collections import defaultdict
from typing import Any

from tests.simulation.checks.story import Story


def check(world: Any, story: Story, journal: list[Any]) -> list[str]:
    """Join the provider's books with the log by reference."""
    faults: list[str] = []
    executed: dict[str, list[Any]] = defaultdict(list)
    for transfer, was_durable in world.executed:
        payout_id = story.attempts.get(transfer.reference)
        if not was_durable or payout_id is None:
            faults.append(f"provider: {transfer.reference} was executed before its attempt was durable")
            continue
        executed[payout_id].append(transfer)
        faults += _differs(story.payouts[payout_id], transfer)
    for payout_id in sorted(world.late_words):
        told = story.payouts[payout_id]
        if _is_silent(world, story, told):
            faults.append(f"provider: {payout_id} is {told.status}, was paid after `failed`, and nobody says so")
    for payout_id, told in story.payouts.items():
        faults += _count(told, executed[payout_id], world)
    return faults


def _is_silent(world: Any, story: Story, told: Any) -> bool:
    """All is decided, a late `paid` contradicts what is held true, and no event says so."""
    if told.id in story.contradicted or told.status not in {"failed", "completed"}:
        return False
    paid = [ref for ref in told.references if (t := world.books.transfers.get(ref)) is not None and t.executed]
    agrees = told.status == "completed" and paid == told.references[-1:]
    return not agrees and all(len(p.committed()) == len(p.commands) for p in world.broker.partitions)


def _differs(told: Any, transfer: Any) -> list[str]:
    minor = int(transfer.amount.replace(".", ""))
    account = (told.form.get("recipient") or {}).get("account_number")
    same = (minor, transfer.currency, transfer.payee.get("account_number")) == (told.amount, told.currency, account)
    return [] if same else [f"provider: {told.id} of {told.amount} {told.currency} was executed as {transfer}"]


def _count(told: Any, executed: list[Any], world: Any) -> list[str]:
    contradicted = any(world.books.transfers[ref].contradicted for ref in told.references if ref in world.books.transfers)
    times = sum(transfer.executed for transfer in executed) and len(executed)
    if times > 1 and not contradicted:
        return [f"provider: {told.id} was executed {times} times"]
    if times and told.status in {"failed", "canceled", "rejected"} and not contradicted:
        return [f"provider: {told.id} is {told.status} and was executed"]
    if not times and told.status == "completed":
        return [f"provider: {told.id} is completed and was never executed"]
    return []
