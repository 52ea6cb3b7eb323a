"""A batch is sealed: it adds up and is covered, and its money is held at once; or all of it is refused (BAT-07, BAT-10).

Owns the order of the checks: empty, declaration, funds. Must not know rows one by one: their sums are enough.
"""

from domain.batch.cover import Cover, covered_rows
from domain.batch.decide import NO_ROWS, dropped_totals, is_over, open_cells, own_batch
from domain.batch.evolve import advanced
from domain.batch.refused import plus, together, told
from domain.batch.view import batch_view
from domain.book import Batch
from domain.case import Case, Decision, json_answer, problem_answer, refused, repeated
from domain.keys import remember
from domain.ledger import postings
from domain.payout import rejections
from domain.payout.queues import rows_in_queue
from schemas.commands import SealBatch
from schemas.events import BatchRefused, BatchReleased, Remember
from schemas.forms import BatchDeclaration
from schemas.money import EXPONENTS, format_amount
from schemas.words import AVAILABLE, BatchPhase, Funding, RecordOutcome

OK = 200
CREATED = 201


def seal_batch(case: Case, body: SealBatch) -> Decision:
    """Judge the seal. A released batch's seal again is a repeat, whatever it expects, answered as of its seal; a refused one stays so."""
    batch = own_batch(case, body.batch_id)
    if batch is None:
        return rejections.not_found(case, "batch")
    if batch.phase is BatchPhase.RELEASED:
        view = batch_view(batch, open_cells(batch), waiting_rows=rows_in_queue(case.book, batch))
        return repeated(subject=batch.id, answer=json_answer(OK, {**view, **told(body.refused_rows)}, version=batch.version))
    refusal = rejections.version_refusal(case, batch, body.match_version, body.expected_version)
    if refusal is not None:
        return refusal
    if batch.phase is not BatchPhase.OPEN:
        return refused(case, "batch_sealed", is_over(batch.phase), subject=batch.id)
    if not batch.row_count:
        return refuse_batch(case, batch, "validation_error", NO_ROWS)
    return _mismatch(case, batch, body) or _funded(case, batch, body)


def refuse_batch(case: Case, batch: Batch, code: str, detail: str, **more: object) -> Decision:
    """All of the batch is refused, and its key, if it has one, is told so."""
    event = BatchRefused(
        batch_id=batch.id, row_count=batch.row_count, code=code, detail=detail, totals=dropped_totals(batch)
    )
    answer = problem_answer(case, code, detail, batch_id=batch.id, **more)
    return Decision(
        outcome=RecordOutcome.REFUSED,
        events=[event],
        subject=batch.id,
        answer=answer,
        remember=remember(case, answer) or batch_key(case, batch),
    )


def batch_key(case: Case, batch: Batch) -> Remember | None:
    """The key under which the batch was submitted and that still lives and waits for an answer, when the command does not carry it."""
    known = case.book.keys.get((batch.merchant_id, batch.idempotency_key)) if batch.idempotency_key else None
    if known is None or known.answer is not None or known.subject != batch.id or batch.idempotency_key is None:
        return None
    if known.expires_at <= case.now:
        return None
    return Remember(key=batch.idempotency_key, content_hash=known.content_hash, expires_at=known.expires_at)


def _funded(case: Case, batch: Batch, body: SealBatch) -> Decision:
    if batch.funding is Funding.AS_AVAILABLE:
        return _released(case, batch, body, covered_rows(case, batch))
    return _shortfall(case, batch) or _released(case, batch, body, Cover(held_minor=batch.sums_minor))


def _released(case: Case, batch: Batch, body: SealBatch, cover: Cover) -> Decision:
    legs = [leg for currency, total in sorted(cover.held_minor.items()) for leg in postings.hold(total, currency)]
    event = BatchReleased(batch_id=batch.id, row_count=batch.row_count, postings=legs, waiting=cover.waiting)
    after = advanced(batch, phase=BatchPhase.RELEASED, released_at=case.now)
    view = batch_view(after, open_cells(batch), waiting_rows=sum(run.count for run in cover.waiting))
    view |= told(body.refused_rows)
    answer = json_answer(CREATED if batch.submit else OK, view, version=after.version)
    return Decision(
        outcome=RecordOutcome.DECIDED,
        events=[event],
        subject=batch.id,
        answer=answer,
        remember=remember(case, answer) or batch_key(case, batch),
    )


def _mismatch(case: Case, batch: Batch, body: SealBatch) -> Decision | None:
    """What is declared is all that was sent, as of a file: rows that stayed out count with it (BAT-07, BAT-09)."""
    sent = _sent(batch, body)
    for declaration in (batch.declaration, body.declaration):
        if declaration is not None and not _adds_up(sent, declaration):
            declared = _spoken(declaration.count, declaration.sums_minor)
            counted = _spoken(sent.count, sent.sums_minor)
            detail = f"Declared were {declared['words']}; the rows add up to {counted['words']}. Nothing was taken."
            members = {"declared": declared["members"], "counted": counted["members"]}
            return refuse_batch(case, batch, "declaration_mismatch", detail, **members)
    return None


def _sent(batch: Batch, body: SealBatch) -> BatchDeclaration:
    out = together(batch.refused_rows, body.refused_rows)
    if out is None:
        return BatchDeclaration(count=batch.row_count, sums_minor=batch.sums_minor)
    return BatchDeclaration(count=batch.row_count + out.count, sums_minor=plus(batch.sums_minor, out.sums_minor))


def _adds_up(sent: BatchDeclaration, declaration: BatchDeclaration) -> bool:
    if declaration.count is not None and declaration.count != sent.count:
        return False
    return declaration.sums_minor is None or declaration.sums_minor == sent.sums_minor


def _spoken(count: int | None, sums_minor: dict[str, int] | None) -> dict[str, object]:
    sums = {currency: _amount(total, currency) for currency, total in sorted((sums_minor or {}).items())}
    words = [f"{count} rows"] if count is not None else []
    words += [f"{amount} {currency}" for currency, amount in sums.items()]
    return {"words": ", ".join(words), "members": {"row_count": count, "sums": sums if sums_minor is not None else None}}


def _amount(total_minor: int, currency: str) -> str:
    """Decimal text; a declared currency may be one that does not exist."""
    return format_amount(total_minor, currency) if currency in EXPONENTS else str(total_minor)


def _shortfall(case: Case, batch: Batch) -> Decision | None:
    short: dict[str, dict[str, object]] = {}
    for currency, total in sorted(batch.sums_minor.items()):
        available = case.book.balance(case.merchant_id, currency, AVAILABLE)
        if total > available:
            short[currency] = {
                "needed": format_amount(total, currency),
                "available": format_amount(available, currency),
                "available_minor": available,
                "shortfall": format_amount(total - available, currency),
                "shortfall_minor": total - available,
            }
    if not short:
        return None
    words = "; ".join(f"{gap['shortfall']} {currency} are missing" for currency, gap in short.items())
    detail = f"The balance does not cover the batch: {words}. Nothing was held; top up and submit it again with a new key."
    members = {"shortfalls": short, **_first_available(short)}
    return refuse_batch(case, batch, "insufficient_funds", detail, **members)


def _first_available(short: dict[str, dict[str, object]]) -> dict[str, object]:
    """The members that every 402 has (ERR-03), for the first currency that is short."""
    currency, gap = next(iter(short.items()))
    members = {"currency": currency, "available": gap["available"], "available_minor": gap["available_minor"]}
    return {**members, "available_paise": gap["available_minor"]} if currency == "INR" else members
