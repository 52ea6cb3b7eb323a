"""OpenBatch, AddRows, CancelBatch: rows in order, a chunk whole or not at all, nothing paid before the seal (BAT-01, BAT-02)."""

import json

import pytest
from msgspec.structs import replace

from domain.policy import Policy
from schemas.commands import AddRows, CancelBatch, EditPayout, OpenBatch, SealBatch
from schemas.currencies import enabled
from schemas.events import BatchCanceled, RowsAdded
from schemas.forms import PayoutForm, RefusedRows
from schemas.ids import BATCH_ROWS_MAX, row_payout_id
from schemas.money import BALANCE_MAX_MINOR
from schemas.words import BatchPhase
from tests.support.given import Scene, declared, fact, facts, form, is_quiet, is_refusal, start, told


def rows(batch_id: str, first_row: int, *forms: PayoutForm) -> AddRows:
    return AddRows(batch_id=batch_id, first_row=first_row, rows=list(forms))


def test_an_opened_batch_is_an_empty_draft() -> None:
    scene = Scene().merchant(USD=1_000)
    batch_id = scene.mint()
    record = scene.given(
        OpenBatch(batch_id=batch_id, name="March", reference="m-3", declaration=declared(2, USD=30)), key="k"
    )
    view = told(record)
    assert (view["id"], view["name"], view["reference"], view["status"], view["phase"]) == (
        batch_id, "March", "m-3", "draft", "open",
    )  # fmt: skip
    assert (view["row_count"], view["sums"], view["idempotency_key"]) == (0, [], "k")
    assert record.answer is not None
    assert (record.answer.status, record.subject) == (201, batch_id)


def test_rows_are_pending_and_wait_for_the_seal_without_a_hold() -> None:
    """BAT-01: currencies may be mixed, sums are per currency; LED-06: no money yet."""
    scene = Scene().merchant(USD=1_000)
    batch_id = scene.batch()
    record = scene.given(rows(batch_id, 1, form(100, reference="a"), form(5, "EUR"), form(200)))
    event = fact(record, RowsAdded)
    assert [(t.status.value, t.currency, t.count, t.amount_minor) for t in event.totals] == [
        ("pending", "EUR", 1, 5),
        ("pending", "USD", 2, 300),
    ]
    assert told(record) == {"batch_id": batch_id, "first_row": 1, "rows": 3, "row_count": 3, "version": 2}
    first = scene.payout(row_payout_id(batch_id, 1))
    assert (first.batch_id, first.row, first.status, first.version, first.reference) == (batch_id, 1, "pending", 1, "a")
    batch = scene.book.batches[batch_id]
    assert (batch.row_count, batch.counts, batch.sums_minor) == (3, {"USD": 2, "EUR": 1}, {"USD": 300, "EUR": 5})
    assert (scene.available(), scene.held()) == (1_000, 0)


def test_chunks_follow_each_other() -> None:
    scene = Scene().merchant()
    batch_id = scene.batch(form(1), form(2))
    assert told(scene.given(rows(batch_id, 3, form(3))))["row_count"] == 3


def test_a_chunk_that_is_there_already_is_quiet() -> None:
    """LIF-14: after a crash of the sender all chunks come again; also part of what is there, also after the release."""
    scene = Scene().merchant(USD=1_000)
    batch_id = scene.batch(form(1), form(2), form(3))
    for again in (rows(batch_id, 1, form(1), form(2), form(3)), rows(batch_id, 2, form(2))):
        record = scene.when(again)
        assert is_quiet(record)
        assert record.answer is not None
        assert (record.answer.status, record.answer.replayed, told(record)["row_count"]) == (200, True, 3)
    scene.given(SealBatch(batch_id=batch_id))
    assert is_quiet(scene.when(rows(batch_id, 1, form(1), form(2), form(3))))


@pytest.mark.parametrize(
    "other",
    [
        form(9),
        form(1, "EUR"),
        form(1, description="x"),
        form(1, reference="x"),
        form(1, recipient={"type": "bank_account", "account_number": "99999"}),
    ],
)
def test_other_rows_at_the_same_numbers_are_a_conflict(other: PayoutForm) -> None:
    """Whatever field differs; and a chunk that is half old and half new."""
    scene = Scene().merchant()
    batch_id = scene.batch(form(1), form(2))
    record = scene.when(rows(batch_id, 1, other))
    assert is_refusal(record, 409, "row_conflict", "the next row is 3")
    assert told(record)["next_row"] == 3
    assert is_refusal(scene.when(rows(batch_id, 2, form(2), form(3))), 409, "row_conflict")


def test_a_chunk_tells_what_stayed_out_and_the_batch_counts_it_once() -> None:
    """BAT-09, BAT-07: rows move up, and what stayed out counts towards the declaration and in no sum of the batch."""
    scene = Scene().merchant(USD=1_000)
    batch_id = scene.batch(declaration=declared(7, USD=9, EUR=5))
    out = RefusedRows(count=2, sums_minor={"USD": 3}, fault_count=4, errors=[{"pointer": "/rows/1", "row": "2"}])
    chunk = replace(rows(batch_id, 1, form(1), form(2)), numbers=[1, 4], refused_rows=out)
    record = scene.given(chunk)
    assert told(record)["refused_rows"] == {"row_count": 2, "fault_count": 4, "errors": out.errors}
    again = scene.when(chunk)
    assert (is_quiet(again), told(again)) == (True, told(record))
    more = RefusedRows(count=1, sums_minor={"EUR": 5})
    event = fact(scene.given(replace(rows(batch_id, 3, form(2)), refused_rows=more)), RowsAdded)
    assert event.refused_rows == RefusedRows(count=3, sums_minor={"EUR": 5, "USD": 3})
    scene.given(rows(batch_id, 4, form(1)))
    batch = scene.book.batches[batch_id]
    assert (batch.row_count, batch.sums_minor, batch.refused_rows) == (4, {"USD": 6}, event.refused_rows)
    assert told(scene.given(SealBatch(batch_id=batch_id)))["row_count"] == 4


def test_what_stays_out_is_counted_within_bounds_whatever_a_command_says() -> None:
    """A sum that no record can hold would halt the partition."""
    scene = Scene().merchant()
    batch_id = scene.batch()
    for first_row in (1, 2):
        out = RefusedRows(count=2**62, sums_minor={"USD": 2**63 - 1, "ZZZ": -5})
        scene.given(replace(rows(batch_id, first_row, form(1)), refused_rows=out))
    told_of = scene.book.batches[batch_id].refused_rows
    assert told_of == RefusedRows(count=BATCH_ROWS_MAX, sums_minor={"USD": BALANCE_MAX_MINOR, "ZZZ": 0})


def test_a_fault_points_to_the_row_by_its_number_in_the_request() -> None:
    """BAT-08: rows before it stayed out."""
    scene = Scene().merchant(USD=1_000)
    scene.pending(reference="used")
    batch_id = scene.batch(form(1))
    record = scene.when(replace(rows(batch_id, 2, form(1), form(2, reference="used")), numbers=[3, 8]))
    assert is_refusal(record, 409, "duplicate_reference")
    assert [(fault["row"], fault["pointer"]) for fault in told(record)["errors"]] == [("8", "/rows/7/reference")]


def test_rows_before_these_must_be_there() -> None:
    scene = Scene().merchant()
    batch_id = scene.batch(form(1))
    record = scene.when(rows(batch_id, 3, form(3)))
    assert is_refusal(record, 409, "row_gap", "rows up to 2 are missing")
    assert told(record)["next_row"] == 2


def test_an_empty_chunk_past_the_end_asks_for_the_next_row() -> None:
    """BAT-02: how rows without a number find theirs; nothing is added."""
    scene = Scene().merchant()
    batch_id = scene.batch(form(1))
    record = scene.when(rows(batch_id, BATCH_ROWS_MAX + 1))
    assert is_refusal(record, 409, "row_gap")
    assert told(record)["next_row"] == 2


def test_the_question_for_the_next_row_is_never_a_repeat() -> None:
    """BAT-02: else who adds rows to a full batch without numbers would be told that they were taken."""
    scene = Scene().merchant()
    batch_id = scene.batch(form(1))
    batch = scene.book.batches[batch_id]
    assert is_refusal(scene.when(rows(batch_id, 1)), 409, "row_conflict")
    scene.book.batches[batch_id] = replace(batch, row_count=BATCH_ROWS_MAX - 1)
    record = scene.when(rows(batch_id, BATCH_ROWS_MAX + 1))
    assert (is_refusal(record, 409, "row_gap"), told(record)["next_row"]) == (True, BATCH_ROWS_MAX)
    scene.book.batches[batch_id] = replace(batch, row_count=BATCH_ROWS_MAX)
    assert is_refusal(scene.when(rows(batch_id, BATCH_ROWS_MAX + 1)), 422, "limit_exceeded", "at most 1000000 rows")


def test_row_numbers_start_at_1_and_end_at_a_million() -> None:
    """Never an exception, whatever number comes."""
    scene = Scene().merchant()
    batch_id = scene.batch(form(1))
    for first_row in (0, -1, -(2**62)):
        assert is_refusal(scene.when(rows(batch_id, first_row, form(1))), 409, "row_conflict")
    assert is_refusal(scene.when(rows(batch_id, 2**62, form(1))), 409, "row_gap")
    full = replace(scene.book.batches[batch_id], row_count=BATCH_ROWS_MAX)
    scene.book.batches[batch_id] = full
    assert is_refusal(scene.when(rows(batch_id, BATCH_ROWS_MAX, form(1), form(2))), 409, "row_conflict")
    assert is_refusal(scene.when(rows(batch_id, BATCH_ROWS_MAX + 1, form(1))), 422, "limit_exceeded", "at most 1000000 rows")


def test_a_sum_stays_inside_what_can_be_held() -> None:
    """LED-01: caps keep every sum inside 63 bits."""
    scene = Scene().merchant()
    batch_id = scene.batch()
    scene.book.batches[batch_id] = replace(scene.book.batches[batch_id], sums_minor={"USD": BALANCE_MAX_MINOR - 5})
    assert is_refusal(scene.when(rows(batch_id, 1, form(6))), 422, "limit_exceeded")


def test_refusals_in_order_of_precedence() -> None:
    """Unknown, sealed, place, empty, rows."""
    scene = Scene().merchant(USD=1_000).merchant("zebra")
    batch_id, foreign = scene.batch(form(1)), scene.batch(merchant="zebra")
    bad = form(0, "XXX", recipient=None)
    assert is_refusal(scene.when(rows(scene.mint(), 9, bad)), 404, "not_found")
    assert is_refusal(scene.when(rows(foreign, 9, bad)), 404, "not_found")
    assert is_refusal(scene.when(rows(batch_id, 3, bad)), 409, "row_gap")
    assert is_refusal(scene.when(rows(batch_id, 1, bad)), 409, "row_conflict")
    assert is_refusal(scene.when(rows(batch_id, 2)), 400, "validation_error", "at least one row")
    assert is_refusal(scene.when(rows(batch_id, 2, bad)), 400, "invalid_rows")
    scene.given(SealBatch(batch_id=batch_id))
    for first_row in (1, 2, 3):
        assert is_refusal(scene.when(rows(batch_id, first_row, bad)), 409, "batch_sealed", "released")


def test_all_faults_of_a_chunk_come_at_once_and_none_of_it_is_taken() -> None:
    """BAT-08, BAT-09: with row number, pointer and code; good rows beside bad ones neither."""
    scene = Scene().merchant().merchant("zebra")
    unverified, foreign = scene.account(verified=False), scene.account("zebra")
    batch_id = scene.batch(form(1))
    record = scene.when(
        rows(
            batch_id,
            2,
            form(5),
            form(5, "JPY"),
            form(0),
            form(10**12),
            form(5, recipient=None),
            form(5, recipient=None, bank_account_id=unverified),
            form(5, recipient=None, bank_account_id=foreign),
            form(5, bank_account_id=foreign),
        )
    )
    assert is_refusal(record, 400, "invalid_rows", "7 rows cannot be taken; none was.")
    assert [(error["pointer"], error["code"]) for error in told(record)["errors"]] == [
        ("/rows/1/currency", "validation_error"),
        ("/rows/2/amount", "validation_error"),
        ("/rows/3/amount", "validation_error"),
        ("/rows/4/recipient_details", "validation_error"),
        ("/rows/5/bank_account_id", "bank_account_unusable"),
        ("/rows/6/bank_account_id", "bank_account_unusable"),
        ("/rows/7/recipient_details", "validation_error"),
    ]
    assert told(record)["errors"][0]["detail"].startswith("Row 3: JPY is not enabled here")
    assert scene.book.batches[batch_id].row_count == 1


def test_a_row_to_a_saved_account_is_taken() -> None:
    scene = Scene().merchant()
    batch_id = scene.batch()
    scene.given(rows(batch_id, 1, form(5, recipient=None, bank_account_id=scene.account())))


def test_a_reference_is_unique_for_ever() -> None:
    """IDM-08: against single payouts, other batches, earlier chunks and inside the chunk; row and first payout are named."""
    scene = Scene().merchant(USD=1_000)
    single = scene.pending(1, reference="single")
    other = row_payout_id(scene.batch(form(1, reference="other")), 1)
    batch_id = scene.batch(form(1, reference="mine"))
    mine = row_payout_id(batch_id, 1)
    names = ("single", "fresh", "other", "mine", "fresh", None, None)
    record = scene.when(rows(batch_id, 2, *(form(1, reference=name) for name in names)))
    assert is_refusal(record, 409, "duplicate_reference", "4 rows cannot be taken")
    assert [(error["pointer"], error["detail"]) for error in told(record)["errors"]] == [
        ("/rows/0/reference", f"Row 2: The reference belongs to payout {single}."),
        ("/rows/2/reference", f"Row 4: The reference belongs to payout {other}."),
        ("/rows/3/reference", f"Row 5: The reference belongs to payout {mine}."),
        ("/rows/4/reference", "Row 6: The reference belongs to row 3."),
    ]
    assert scene.book.batches[batch_id].row_count == 1
    scene.given(rows(batch_id, 2, form(1, reference="fresh")))


def test_a_reference_of_another_merchant_is_free() -> None:
    scene = Scene().merchant().merchant("zebra")
    scene.batch(form(1, reference="r"))
    scene.batch(form(1, reference="r"), merchant="zebra")


def test_the_same_batch_id_again_is_quiet_and_a_foreign_one_shows_nothing() -> None:
    """SEC-06."""
    scene = Scene().merchant().merchant("zebra")
    batch_id = scene.batch(merchant="zebra", name="secret")
    assert is_quiet(scene.when(OpenBatch(batch_id=batch_id), "zebra"))
    record = scene.when(OpenBatch(batch_id=batch_id))
    assert is_refusal(record, 400, "validation_error")
    assert "secret" not in json.dumps(told(record))


def test_only_an_active_merchant_opens_a_batch() -> None:
    scene = Scene()
    assert is_refusal(scene.when(OpenBatch(batch_id=scene.mint())), 400, "unknown_merchant")


def test_a_dropped_batch_cancels_its_rows_and_frees_their_references() -> None:
    """LIF-05: a draft touches no money and can be discarded; the corrected one uses the same references."""
    scene = Scene().merchant(USD=1_000)
    batch_id = scene.batch(form(1, reference="a"), form(2, "EUR"))
    record = scene.given(CancelBatch(batch_id=batch_id, reason="wrong month"))
    event = fact(record, BatchCanceled)
    assert (event.row_count, event.reason, event.totals[0].status) == (2, "wrong month", "canceled")
    assert record.answer is not None
    assert (record.answer.status, record.answer.body) == (204, "")
    row = scene.payout(row_payout_id(batch_id, 1))
    assert (row.status, row.version, row.failure_code, row.failure_reason) == ("canceled", 2, None, "wrong month")
    assert scene.book.batches[batch_id].phase is BatchPhase.CANCELED
    assert is_quiet(scene.when(CancelBatch(batch_id=batch_id)))
    assert is_refusal(scene.when(rows(batch_id, 3, form(1))), 409, "batch_sealed", "canceled")
    assert is_quiet(scene.when(start(row.id, batch_id=batch_id)))
    scene.batch(form(1, reference="a"))


def test_a_released_batch_is_not_anothers_to_stop() -> None:
    scene = Scene().merchant(USD=1_000).merchant("zebra")
    batch_id, _ = scene.released(form(1))
    assert is_refusal(scene.when(CancelBatch(batch_id=batch_id), "zebra"), 404, "not_found")


def test_an_edited_row_is_no_longer_the_row_that_was_sent() -> None:
    """The repeat of its chunk after the release is told that the batch is sealed, and changes nothing."""
    scene = Scene().merchant(USD=1_000)
    batch_id, [row] = scene.released(form(1))
    scene.given(EditPayout(payout_id=row, amount_minor=2))
    assert is_refusal(scene.when(rows(batch_id, 1, form(1))), 409, "batch_sealed")


def test_a_batch_in_another_enabled_currency() -> None:
    """API-12: the policy of the moment, per row."""
    scene = Scene(Policy(currencies=enabled({"KWD"}))).merchant()
    batch_id = scene.batch(form(1, "KWD"))
    assert facts(scene.when(rows(batch_id, 2, form(1, "USD")))) == ["CommandRefused"]
