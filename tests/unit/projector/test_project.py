"""Events to rows, without a database: what follows from the records alone."""

import typing
from collections import defaultdict

import msgspec
import pytest

from schemas.commands import CancelBatch, SealBatch
from schemas.events import AnyEvent, EventRecord, MerchantCredited, Posting
from schemas.words import EntryType, RecordOutcome
from services.projector import project as projecting
from services.projector.changes import Changes
from services.projector.copy_text import NULL
from services.projector.moves import DriftError
from services.projector.project import project
from services.projector.steps import CancelRows, Edit, Fund, PayoutRows, RowReason
from tests.support.event_story import EventStory, everything

PARTITION = 3


def folded(story: EventStory, per_transaction: int) -> list[Changes]:
    done, current = [], Changes(PARTITION, 0, 0)
    for offset, record in story.records:
        project(current, offset, record)
        if current.records == per_transaction:
            done.append(current)
            current = Changes(PARTITION, current.next_offset, current.next_source)
    return [*done, current] if current.records else done


def test_every_fact_of_the_language_has_a_writer() -> None:
    assert set(projecting._WRITERS) == set(typing.get_args(AnyEvent))


def test_the_stories_that_are_projected_here_have_every_fact() -> None:
    told = {type(event) for seed in range(6) for _, record in everything(seed).records for event in record.events}
    assert told == set(typing.get_args(AnyEvent))


@pytest.mark.parametrize("seed", range(4))
def test_history_and_ledger_lines_do_not_depend_on_where_transactions_are_cut(seed: int) -> None:
    """RUN-25."""
    story = everything(seed)
    whole, single = folded(story, 10_000), folded(story, 1)
    assert "".join(whole[0].changes) == "".join(line for part in single for line in part.changes)
    assert "".join(whole[0].entries) == "".join(line for part in single for line in part.entries)


@pytest.mark.parametrize("per_transaction", [1, 5, 10_000])
def test_balances_and_batch_totals_add_up_to_the_book(per_transaction: int) -> None:
    """LED-04, BAT-12."""
    story = everything(2)
    balances: dict[tuple[str, str, str], int] = defaultdict(int)
    totals: dict[tuple[str, str, str], int] = defaultdict(int)
    for changes in folded(story, per_transaction):
        for account, (amount, _, _) in changes.balances.items():
            balances[account] += amount
        for cell, (count, _) in changes.totals.items():
            totals[cell] += count
    assert balances == story.book.balances
    rows: dict[tuple[str, str, str], int] = defaultdict(int)
    for payout in story.book.payouts.values():
        if payout.batch_id is not None:
            rows[payout.batch_id, payout.currency, payout.status] += 1
    assert {cell: count for cell, count in totals.items() if count} == rows


def test_numbers_of_changes_and_legs_run_over_the_record_without_gap_or_repeat() -> None:
    for changes in folded(everything(1), 1):
        numbers = [int(line.split("\t")[2]) for line in changes.changes]
        for step in changes.steps:
            numbers += _numbers_of(step)
        assert sorted(numbers) == list(range(changes.change_count))
        assert [int(line.split("\t")[2]) for line in changes.entries] == list(range(len(changes.entries)))


def _numbers_of(step: object) -> list[int]:
    match step:
        case Edit():
            return [step.idx]
        case Fund():
            return [item.idx for item in step.payouts]
        case RowReason():
            return list(range(step.first_idx, step.first_idx + step.run.count))
        case CancelRows():
            return list(range(step.first_idx, step.first_idx + step.row_count))
    return []


def test_what_was_folded_before_a_guarded_statement_is_written_before_it() -> None:
    story = EventStory()
    story.open("acme", 100)
    batch_id = story.batch("acme", 3, amount_minor=1_000, submit=True)
    story.tell("acme", SealBatch(batch_id=batch_id), key=f"batch-{batch_id}")
    [changes] = folded(story, 10_000)
    assert [type(step) for step in changes.steps] == [PayoutRows, CancelRows]


def test_a_total_that_comes_back_to_zero_in_one_transaction_is_still_written() -> None:
    """Two transactions would have left a row with zeros; so must one."""
    story = EventStory()
    story.open("acme", 10_000)
    batch_id = story.batch("acme", 1)
    story.tell("acme", CancelBatch(batch_id=batch_id))
    [changes] = folded(story, 10_000)
    assert [(cell[2], numbers[0]) for cell, numbers in changes.totals.items()] == [("pending", 0), ("canceled", 1)]


def test_postings_that_do_not_balance_are_refused() -> None:
    """LED-02: asserted where it is written and again where it is read."""
    leg = Posting(account="available", amount_minor=5, currency="USD", entry_type=EntryType.PAYMENT_RECEIVED)
    event = MerchantCredited(credit_id="c", amount_minor=5, currency="USD", reference="r", postings=[leg])
    with pytest.raises(DriftError, match="do not sum to zero"):
        project(Changes(PARTITION, 0, 0), 0, _record(event))


def test_a_repeat_moves_the_position_and_nothing_else() -> None:
    changes = Changes(PARTITION, 7, 7)
    project(changes, 9, _record(source_offset=7))
    assert (changes.next_offset, changes.next_source, changes.last_at) == (10, 8, 1)
    assert [changes.steps, changes.changes, changes.entries, changes.balances] == [[], [], [], {}]


def test_an_edit_says_nothing_of_the_reason_because_the_row_knows_it() -> None:
    assert not {"reason", "due_at", "status"} & set(msgspec.structs.asdict(_edit()))


def _edit() -> Edit:
    for changes in folded(everything(0), 1):
        for step in changes.steps:
            if isinstance(step, Edit):
                return step
    raise AssertionError("the story has an edit")


def test_a_line_names_its_record() -> None:
    [first, *_] = [line for changes in folded(everything(0), 1) for line in changes.changes]
    fields = first.rstrip("\n").split("\t")
    assert len(fields) == 18
    assert fields[0] == str(PARTITION)
    assert fields[8] in {NULL, "schedule", "funds", "insufficient_funds"}


def _record(*events: AnyEvent, source_offset: int = 0) -> EventRecord:
    return EventRecord(
        source_offset=source_offset,
        command_id="c",
        command_type="t",
        merchant_id="acme",
        at=1,
        outcome=RecordOutcome.DECIDED,
        events=list(events),
    )
