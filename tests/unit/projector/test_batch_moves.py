"""Every move of a batch is kept with its place on the log, whatever the cut of transactions (LIF-18, RUN-25)."""

from collections import Counter
from typing import Any

import pytest

from schemas import events
from services.projector.copy_text import storable
from tests.support.event_story import everything
from tests.unit.projector.test_project import PARTITION, folded

ABOUT_BATCHES = (
    events.BatchOpened,
    events.RowsAdded,
    events.BatchReleased,
    events.BatchRefused,
    events.BatchCanceled,
    events.BatchStopped,
    events.RowRun,
)
PHASES = {
    "BatchOpened": "open",
    "RowsAdded": "open",
    "BatchReleased": "released",
    "BatchRefused": "refused",
    "BatchCanceled": "canceled",
    "BatchStopped": "stopped",
    "RowRun": "funded",
}


def facts_of(record: events.EventRecord) -> list[Any]:
    """What a record says of batches as a whole: events, and the rows that were funded."""
    found: list[Any] = []
    for event in record.events:
        found += event.runs if isinstance(event, events.PayoutsFunded) else [event]
    return [fact for fact in found if isinstance(fact, ABOUT_BATCHES)]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("per_transaction", [1, 5, 10_000])
def test_one_row_per_fact_in_the_order_of_the_log(seed: int, per_transaction: int) -> None:
    story = everything(seed)
    wanted = [
        (offset, fact.batch_id, PHASES[type(fact).__name__], record.actor, record.command_id, record.at)
        for offset, record in story.records
        for fact in facts_of(record)
    ]
    rows = [row for changes in folded(story, per_transaction) for row in changes.batch_moves]
    names = ("offset", "batch_id", "phase", "actor", "command_id", "at")
    assert [tuple(row[name] for name in names) for row in rows] == wanted
    assert len({(row["partition"], row["offset"], row["idx"]) for row in rows}) == len(rows)
    assert all(row["partition"] == PARTITION for row in rows)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("per_transaction", [1, 5, 10_000])
def test_each_move_of_a_batch_itself_is_its_next_version__BAT_13(seed: int, per_transaction: int) -> None:
    """As the law counts; that rows get their funds is theirs."""
    story, versions = everything(seed), Counter[str]()
    moves = Counter[str]()
    for changes in folded(story, per_transaction):
        versions.update({batch_id: row["advanced"] for batch_id, row in changes.batches.items()})
        moves.update(str(row["batch_id"]) for row in changes.batch_moves if row["phase"] != "funded")
    assert versions == moves == {batch.id: batch.version for batch in story.book.batches.values()}


def test_rows_that_were_added_name_the_first_and_how_many_and_a_refusal_its_code() -> None:
    told = [(event, row) for seed in range(6) for event, row in _paired(seed)]
    for event, row in told:
        if isinstance(event, events.RowsAdded):
            assert (row["first_row"], row["row_count"]) == (event.first_row, len(event.rows))
        if isinstance(event, events.RowRun):
            assert (row["first_row"], row["row_count"]) == (event.first_row, event.count)
        if isinstance(event, events.BatchRefused | events.BatchStopped):
            assert (row["code"], row["detail"]) == (event.code, storable(event.detail) if event.detail else None)
    assert {type(event) for event, _ in told} == set(ABOUT_BATCHES)


def _paired(seed: int) -> list[tuple[object, dict[str, object]]]:
    story = everything(seed)
    facts = [fact for _, record in story.records for fact in facts_of(record)]
    rows = [row for changes in folded(story, 10_000) for row in changes.batch_moves]
    return list(zip(facts, rows, strict=True))
