"""Adding up postings for `payflow ledger verify` (LED-10)."""

import typing

import pytest

from payflow.ledger_verify import Books, Refolding, Totals, _differences
from schemas import events
from schemas.events import EventRecord, Posting
from tests.support.event_story import everything

pytestmark = pytest.mark.unit


def refold(records: list[tuple[int, EventRecord]]) -> tuple[Books, list[str]]:
    books, wrong = Books(), list[str]()
    refolding = Refolding(3, books, wrong)
    for offset, record in records:
        refolding.fold(offset, record)
    refolding.end()
    return books, wrong


def test_every_event_that_holds_postings_names_them_postings() -> None:
    """The refolding finds them by that name; a fact with another name would be money nobody adds up."""
    with_money = 0
    for kind in vars(events).values():
        if isinstance(kind, type) and issubclass(kind, events.Event) and kind is not events.Event:
            hints = typing.get_type_hints(kind)
            named = {name for name, hint in hints.items() if Posting in typing.get_args(hint)}
            assert named <= {"postings"}, kind
            with_money += bool(named)
    assert with_money >= 8


def test_the_refolded_balances_are_those_of_the_law() -> None:
    story = everything(2)
    books, wrong = refold(story.records)
    assert wrong == []
    assert {account: totals.balance_minor for account, totals in books.accounts.items()} == story.book.balances


def test_unbalanced_and_negative_postings_are_told_with_their_place() -> None:
    story = everything(1, steps=1)
    [(offset, record)] = [(o, r) for o, r in story.records if r.command_type == "credit_merchant"][:1]
    [event] = record.events
    assert isinstance(event, events.MerchantCredited)
    legs = [
        Posting(account="available", amount_minor=-7, currency="USD", entry_type=event.postings[0].entry_type),
        Posting(account="external", amount_minor=6, currency="USD", entry_type=event.postings[0].entry_type),
    ]
    changed = EventRecord(
        source_offset=0,
        command_id="c",
        command_type="x",
        merchant_id="m",
        at=0,
        outcome=record.outcome,
        actor="api",
        events=[events.MerchantCredited(credit_id="c", amount_minor=7, currency="USD", reference="r", postings=legs)],
    )
    _, wrong = refold([(offset, changed)])
    assert wrong == [
        f"events 3@{offset}: postings sum to -1 USD",
        f"events 3@{offset}: m USD available is -7 minor units",
    ]


def test_the_first_difference_names_the_account_and_both_sides() -> None:
    left, right = Books({("m", "USD", "held"): Totals(5, 1, 9)}, 1, {0: "a"}), Books({}, 0, {0: "b"})
    told = list(_differences(left, right))
    assert told[0].startswith(
        "account m USD held: the log says 5 minor units in 1 entries up to offset 9; the views say nothing"
    )
    assert len(told) == 3
    assert list(_differences(left, left)) == []
