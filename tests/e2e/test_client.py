"""The typed client on the whole stack: REST, the feed, and the Kafka inbox with its replies (docs/client.md)."""

import asyncio
from collections.abc import Iterator

import pytest

from payflow.client import Feed, Inbox, Payflow, RefusedError, Replies, Reply
from payflow.stack import Stack
from tests.e2e.api import MERCHANT, bank, key, wallet


@pytest.fixture
def api(stack: Stack) -> Iterator[Payflow]:
    with Payflow(stack.url, merchant=MERCHANT) as client:
        yield client


def test_a_payout_is_asked_for_read_edited_and_canceled(api: Payflow) -> None:
    name = key()
    made = api.request_payout(bank("12.00"), key=name)
    again = api.request_payout(bank("12.00"), key=name)
    assert (again.id, again.version) == (made.id, made.version)
    edited = api.edit_payout(made.id, {"amount": "13.00", "currency": "USD"}, version=made.version)
    assert (api.payout(made.id).amount, edited.version) == ("13.00", made.version + 1)
    with pytest.raises(RefusedError, match="precondition_failed"):
        api.edit_payout(made.id, {"amount": "14.00", "currency": "USD"}, version=made.version)
    api.cancel_payout(made.id, "not needed")
    assert api.payout(made.id).status == "canceled"
    assert [change.to for change in api.history(made.id)][-1] == "canceled"


def test_lists_go_to_their_end_and_filter(api: Payflow) -> None:
    batch = api.create_batch([wallet(f"+2567721{row:05d}", "5") for row in range(1, 231)], name="From the client")
    assert sum(1 for _ in api.rows(batch.id)) == 230
    reference = key()
    api.request_payout(bank("1.00", reference=reference))
    assert [payout.reference for payout in api.payouts(reference=reference)] == [reference]


def test_a_batch_is_filled_in_chunks_and_followed_to_its_end(stack: Stack, api: Payflow) -> None:
    batch = api.open_batch(name="In chunks")
    rows = [wallet(f"+2567722{row:05d}", "5") for row in range(1, 21)]
    assert api.add_rows(batch.id, rows[:10], 1).row_count == 10
    with pytest.raises(RefusedError, match="precondition_failed"):
        api.add_rows(batch.id, rows[10:], 11, version=batch.version)
    assert api.add_rows(batch.id, rows[10:], 11, version=2).row_count == 20
    filled = api.add_rows(batch.id, rows[10:], 11)
    assert (filled.row_count, filled.version) == (20, 3)
    for act in (api.seal_batch, api.cancel_batch):
        with pytest.raises(RefusedError, match="version_conflict"):
            act(batch.id, expected_version=2)
    assert api.batch(batch.id).version == 3
    api.seal_batch(batch.id, declared={"row_count": 20, "sums": {"UGX": "100"}}, expected_version=filled.version)

    async def followed() -> int:
        async with asyncio.timeout(60):
            async for message in Feed(stack.url, merchant=MERCHANT).follow(f"batch:{batch.id}", rows=False):
                if message["type"] == "batch" and message["batch"]["progress"]["done"] == 20:
                    return int(message["batch"]["counts"]["completed"])
        return 0

    assert asyncio.run(followed()) == 20
    assert api.batch(batch.id).ended


def test_money_is_credited_and_seen_on_the_ledger(api: Payflow) -> None:
    before = api.balance().balances[0].total_minor
    credit = api.credit(MERCHANT, {"amount": "7.00", "currency": "USD", "reference": key()})
    after = api.balance().balances[0]
    assert (credit.amount_minor, after.available_minor + after.held_minor) == (700, after.total_minor)
    assert after.total_minor >= before - 10_000_000
    assert any(entry.amount_minor == 700 for entry in list(api.ledger(MERCHANT))[:50])


def test_the_inbox_is_written_and_its_replies_read(stack: Stack) -> None:
    async def asked() -> tuple[Reply, Reply]:
        bootstrap, name = stack.bootstrap, key()
        async with (
            asyncio.timeout(60),
            Replies(bootstrap, "erp", group=f"t-{key()}") as replies,
            Inbox(bootstrap, "erp") as inbox,
        ):
            first = await inbox.request_payout(MERCHANT, wallet("+256772333444", "900"), key=name)
            second = await inbox.request_payout(MERCHANT, wallet("+256772333444", "900"), key=name)
            places = [(sent.partition, sent.offset) for sent in (first, second)]
            found: dict[tuple[int, int], Reply] = {}
            async for reply in replies:
                found[reply.partition, reply.offset] = reply
                if set(places) <= set(found):
                    break
            return found[places[0]], found[places[1]]

    first, again = asyncio.run(asked())
    assert (first.result, again.result, again.subject) == ("accepted", "duplicate", first.subject)
