"""What left the provider, against what the log says: once at most, equal, never before its attempt was durable, never for what failed.

Owns the join by reference with the provider's own books, and with what it said: an excuse rests on words that it surely gave to somebody,
never on our own events. Must not know how the product talks to it.
"""

from collections import defaultdict
from typing import Any

from tests.simulation.checks import wanted
from tests.simulation.checks.story import Story
from tests.simulation.checks.told import Said, Told


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
    for transfer in world.books.transfers.values():
        faults += _differs(story, transfer)
    for said in story.said:
        faults += _made_up(world, story, said)
    for payout_id in sorted(world.late_words):
        told = story.payouts[payout_id]
        if _is_silent(world, story, told):
            faults.append(f"provider: {payout_id} is {told.status}, was paid after `failed`, and nobody says so")
    for payout_id, told in story.payouts.items():
        faults += _count(told, executed[payout_id], world)
    return faults


def _is_silent(world: Any, story: Story, told: Told) -> bool:
    """All is decided, a late `paid` contradicts what is held true, and no event says so of that attempt."""
    if told.status not in {"failed", "completed"} or any(
        len(p.committed()) != len(p.commands) for p in world.broker.partitions
    ):
        return False
    transfers = [world.books.transfers.get(reference) for reference in told.references]
    paid = [number for number, transfer in enumerate(transfers, 1) if transfer is not None and transfer.executed]
    held = len(told.references) if told.status == "completed" else None
    return any((told.id, number, "paid") not in story.contradicted for number in paid if number != held)


def _differs(story: Story, transfer: Any) -> list[str]:
    """What the provider was asked for is what the payout says, to the last minor unit and to the whole payee."""
    payout_id = story.attempts.get(transfer.reference)
    if payout_id is None:
        return [f"provider: {transfer.reference} was asked for, and no attempt on the log has it"]
    form = story.payouts[payout_id].form
    asked = (form["currency"], form["recipient"], form["description"])
    same = (transfer.currency, transfer.payee, transfer.description) == asked
    if same and wanted.minor(transfer.amount, transfer.currency) == form["amount_minor"]:
        return []
    return [f"provider: {payout_id} of {form} was asked for as {transfer}"]


def _made_up(world: Any, story: Story, said: Said) -> list[str]:
    """Our events repeat what the provider said: nothing is paid, failed or contradicted without a word of its own."""
    transfer = world.books.transfers.get(story.payouts[said.payout_id].references[said.attempt - 1])
    if transfer is not None and said.answer in transfer.said:
        return []
    words = transfer.said if transfer is not None else "nothing: it never heard of it"
    return [f"provider: {said.place}: {said.payout_id} attempt {said.attempt} is {said.answer}, the provider said {words}"]


def _count(told: Told, executed: list[Any], world: Any) -> list[str]:
    """Money leaves once. What the provider had called failed, to somebody who heard it, and paid all the same is its own doing."""
    plain = [transfer for transfer in executed if "failed" not in transfer.said]
    times = sum(transfer.executed for transfer in plain)
    if times > 1:
        return [f"provider: {told.id} was executed {times} times"]
    if times and told.status in {"failed", "canceled", "rejected"}:
        return [f"provider: {told.id} is {told.status} and was executed"]
    if told.status == "completed" and told.references[-1] not in {transfer.reference for transfer in executed}:
        return [f"provider: {told.id} is completed and its last attempt was never executed"]
    return []
