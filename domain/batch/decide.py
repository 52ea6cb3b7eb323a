"""A batch is opened, filled by chunks, sealed or dropped (BAT-01, BAT-02).

Owns that rows come in order without gap, that a repeat is recognised, that nothing is paid before the seal, and on which standing of the
batch each is done (BAT-13). Whether the sealed batch adds up and is covered is `domain.batch.seal`. Must not know files.
"""

from domain.batch.evolve import advanced, opened
from domain.batch.refused import together
from domain.batch.refused import told as refused_told
from domain.batch.stop import stop_running
from domain.batch.view import batch_view
from domain.book import Batch
from domain.case import Case, Decision, decided, json_answer, refused, repeated
from domain.keys import again
from domain.payout import rejections
from domain.payout.edit import form_of
from domain.totals import Totals
from schemas.commands import AddRows, CancelBatch, OpenBatch
from schemas.events import Answer, BatchCanceled, BatchOpened, RowsAdded, TotalsDelta
from schemas.forms import PayoutForm
from schemas.ids import BATCH_ROWS_MAX, is_uuid, row_payout_id
from schemas.money import BALANCE_MAX_MINOR
from schemas.words import BatchPhase, PayoutStatus

OK = 200
CREATED = 201
DROPPED = Answer(status=204, body="")
NO_ROWS = "The batch has no rows."


def is_over(phase: BatchPhase) -> str:
    """Why a batch that is not open is not sealed."""
    return f"The batch is {phase}."


def takes_no_rows(phase: BatchPhase) -> str:
    """Why rows come too late."""
    return f"The batch is {phase}; it takes no more rows."


def open_batch(case: Case, body: OpenBatch) -> Decision:
    """Open an empty batch. The same batch id again is a repeat."""
    refusal = rejections.merchant_refusal(case)
    if refusal is not None:
        return refusal
    known = case.book.batches.get(body.batch_id)
    if known is not None and known.merchant_id == case.merchant_id:
        return repeated(subject=known.id, answer=_view_answer(known, OK))
    if known is not None or not is_uuid(body.batch_id):
        return refused(case, "validation_error", "The batch id must be a new UUID.")
    event = BatchOpened(
        batch_id=body.batch_id,
        name=body.name,
        reference=body.reference,
        funding=body.funding,
        on_row_failure=body.on_row_failure,
        declaration=body.declaration,
        source=body.source,
        submit=body.submit,
        key=case.record.key,
    )
    batch = opened(event, case.merchant_id, case.now)
    return decided([event], subject=batch.id, answer=None if body.submit else _view_answer(batch, CREATED))


def add_rows(case: Case, body: AddRows) -> Decision:
    """Add the next rows. Rows that are there already are a repeat if they are the same, else a conflict.

    A chunk past the next row is told which one that is, even if it is empty: so a client can ask.
    """
    batch = own_batch(case, body.batch_id)
    if batch is None:
        return rejections.not_found(case, "batch")
    if 1 <= body.first_row <= batch.row_count and _has_all(case, batch, body):
        return repeated(subject=batch.id, answer=again(_rows_answer(batch, body)))
    refusal = rejections.version_refusal(case, batch, body.match_version)
    if refusal is not None:
        return refusal
    if batch.phase is not BatchPhase.OPEN:
        return refused(case, "batch_sealed", takes_no_rows(batch.phase), subject=batch.id)
    return _place_refusal(case, batch, body) or _row_refusal(case, batch, body) or _added(batch, body)


def cancel_batch(case: Case, body: CancelBatch) -> Decision:
    """Drop an unsealed batch, or stop a running one, if it stands where it is expected; a repeat is no error, whatever it expects."""
    batch = own_batch(case, body.batch_id)
    if batch is None:
        return rejections.not_found(case, "batch")
    if batch.phase is BatchPhase.CANCELED:
        return repeated(subject=batch.id, answer=DROPPED)
    refusal = _standing_refusal(case, batch, body)
    if refusal is not None:
        return refusal
    if batch.phase is BatchPhase.REFUSED:
        return repeated(subject=batch.id, answer=DROPPED)
    if batch.phase is not BatchPhase.OPEN:
        return stop_running(case, batch, body.reason)
    event = BatchCanceled(
        batch_id=batch.id,
        row_count=batch.row_count,
        totals=dropped_totals(batch),
        reason=body.reason,
    )
    return decided([event], subject=batch.id, answer=DROPPED)


def _standing_refusal(case: Case, batch: Batch, body: CancelBatch) -> Decision | None:
    """The refusal of who saw the batch stand elsewhere. A stop again is a repeat: the first one has made another version of it."""
    stopped = batch.stopped_at is not None
    refusal = None if stopped else rejections.version_refusal(case, batch, body.match_version, body.expected_version)
    if refusal is not None or body.expected_phase in {None, batch.phase}:
        return refusal
    detail = f"The batch is {batch.phase}, not {body.expected_phase}. Look at it, then ask again."
    return refused(case, "version_conflict", detail, subject=batch.id, phase=batch.phase, version=batch.version)


def own_batch(case: Case, batch_id: str) -> Batch | None:
    """The merchant's batch with this id, or None."""
    batch = case.book.batches.get(batch_id)
    return batch if batch is not None and batch.merchant_id == case.merchant_id else None


def dropped_totals(batch: Batch) -> list[TotalsDelta]:
    """All rows from pending to canceled."""
    totals = Totals()
    for currency, count in batch.counts.items():
        totals.add(PayoutStatus.PENDING, currency, -count, -batch.sums_minor[currency])
        totals.add(PayoutStatus.CANCELED, currency, count, batch.sums_minor[currency])
    return totals.deltas()


def _added(batch: Batch, body: AddRows) -> Decision:
    totals = Totals()
    totals.add_all(body.rows, PayoutStatus.PENDING)
    event = RowsAdded(
        batch_id=batch.id,
        first_row=body.first_row,
        rows=body.rows,
        totals=totals.deltas(),
        refused_rows=together(batch.refused_rows, body.refused_rows) if body.refused_rows is not None else None,
    )
    after = advanced(batch, row_count=batch.row_count + len(body.rows))
    return decided([event], subject=batch.id, answer=_rows_answer(after, body))


def _has_all(case: Case, batch: Batch, body: AddRows) -> bool:
    """Whether the batch holds these very rows at these numbers; no rows are a question, and never a repeat."""
    last_row = body.first_row + len(body.rows) - 1
    return (
        bool(body.rows)
        and last_row <= batch.row_count
        and all(_same(case, batch, row, form) for row, form in enumerate(body.rows, body.first_row))
    )


def _same(case: Case, batch: Batch, row: int, form: PayoutForm) -> bool:
    payout = case.book.payouts.get(row_payout_id(batch.id, row))
    return payout is not None and form_of(payout) == form


def _place_refusal(case: Case, batch: Batch, body: AddRows) -> Decision | None:
    """The refusal of rows that are not the next ones."""
    next_row = batch.row_count + 1
    if body.first_row > next_row:
        detail = f"The next row is {next_row}; rows up to {body.first_row - 1} are missing."
        return refused(case, "row_gap", detail, subject=batch.id, next_row=next_row)
    if body.first_row < next_row:
        last_row = body.first_row + len(body.rows) - 1
        detail = f"Rows {body.first_row} to {last_row} are not the rows that are there; the next row is {next_row}."
        return refused(case, "row_conflict", detail, subject=batch.id, next_row=next_row)
    return None


def _row_refusal(case: Case, batch: Batch, body: AddRows) -> Decision | None:
    """All faults of the chunk's rows at once, with pointers; the chunk is taken whole or not at all."""
    if max(body.first_row, body.first_row + len(body.rows) - 1) > BATCH_ROWS_MAX:
        return refused(case, "limit_exceeded", f"A batch has at most {BATCH_ROWS_MAX} rows.", subject=batch.id)
    if not body.rows:
        return refused(case, "validation_error", "A chunk needs at least one row.", subject=batch.id)
    faults = _row_faults(case, batch, body)
    if not faults:
        return _sum_refusal(case, batch, body)
    code = faults[0]["code"] if faults[0]["code"] == "duplicate_reference" else "invalid_rows"
    return refused(case, code, f"{len(faults)} rows cannot be taken; none was.", subject=batch.id, errors=faults)


def _row_faults(case: Case, batch: Batch, body: AddRows) -> list[dict[str, str]]:
    faults: list[dict[str, str]] = []
    here: dict[str, int] = {}
    merchant_id, references = case.merchant_id, case.book.references
    highest = case.policy.currencies
    for index, form in enumerate(body.rows):
        plain = form.recipient is not None and form.bank_account_id is None
        if not (plain and 0 < form.amount_minor <= highest.get(form.currency, 0)):
            fault = rejections.form_fault(case, form)
            if fault is not None:
                faults.append(_fault(batch, body, index, *fault))
        if form.reference is None:
            continue
        first = references.get((merchant_id, form.reference))
        if first is not None or form.reference in here:
            whose = f"payout {first}" if first is not None else f"row {here[form.reference]}"
            text = f"The reference belongs to {whose}."
            faults.append(_fault(batch, body, index, "duplicate_reference", "/reference", text))
        here.setdefault(form.reference, _number(body, index))
    return faults


def _sum_refusal(case: Case, batch: Batch, body: AddRows) -> Decision | None:
    """Sums stay inside what an account can hold, so that no sum ever leaves 63 bits (LED-01)."""
    if max(batch.sums_minor.values(), default=0) + sum(form.amount_minor for form in body.rows) <= BALANCE_MAX_MINOR:
        return None
    return refused(case, "limit_exceeded", "The batch would pass the largest sum that can be held.", subject=batch.id)


def _fault(batch: Batch, body: AddRows, index: int, code: str, pointer: str, detail: str) -> dict[str, str]:
    """The pointer is into what the client sent: the chunk, or the whole batch; `row` counts in the batch from 1 (BAT-08).

    Where rows of the request stay out, both count in the request.
    """
    row = _number(body, index)
    place = row - 1 if batch.submit or body.numbers is not None else index
    told = {"pointer": f"/rows/{place}{pointer}", "code": code, "detail": f"Row {row}: {detail}", "row": str(row)}
    return {**told, "column": pointer.strip("/")}


def _number(body: AddRows, index: int) -> int:
    """The number of a row, by which the client knows it."""
    numbers = body.numbers or ()
    return numbers[index] if index < len(numbers) else body.first_row + index


def _rows_answer(batch: Batch, body: AddRows) -> Answer:
    """`batch` as it stands with these rows."""
    chunk = {"batch_id": batch.id, "first_row": body.first_row, "rows": len(body.rows)}
    stands = {"row_count": batch.row_count, "version": batch.version}
    return json_answer(OK, {**chunk, **stands, **refused_told(body.refused_rows)}, version=batch.version)


def _view_answer(batch: Batch, status: int) -> Answer:
    return json_answer(status, batch_view(batch, open_cells(batch)), version=batch.version)


def open_cells(batch: Batch) -> dict[tuple[str, str], tuple[int, int]]:
    """(state, currency) to (count, sum) of a batch whose rows are all pending."""
    return {
        (PayoutStatus.PENDING.value, currency): (count, batch.sums_minor[currency])
        for currency, count in batch.counts.items()
    }
