"""Idempotency keys: what a repeated request is told, and what a key remembers (IDM-02 to IDM-07).

Owns the judgement by key, before any other rule. Must not know what the request is about, save that the seal of a batch finishes
what its opening began.
"""

from domain.book import Batch, KeyRecord
from domain.case import REMEMBERED_REFUSALS, Case, Decision, refused, repeated
from domain.payout.state import Payout
from schemas.commands import OpenBatch, RequestPayout, SealBatch
from schemas.events import Answer, Remember

OK = 200
BAD_REQUEST = 400


def replay(case: Case) -> Decision | None:
    """The decision if the key was seen before and has not expired; None when the command is to be judged on its own."""
    known = _known(case)
    if known is None or made_before(case) not in {None, known.subject}:
        return None
    if known.content_hash != case.record.content_hash:
        return refused(case, "idempotency_conflict", "This Idempotency-Key was used with other content; take a new key.")
    if known.answer is None:
        return None if _finishes(case, known) else repeated(subject=known.subject)
    return repeated(subject=known.subject, answer=again(known.answer))


def made_before(case: Case) -> str | None:
    """The id that this command gives to what it makes, if that is there already: the command came again, however late.

    Ids of what inbox records make follow from the record, so this holds also when the key's life is over, or a later request has the key.
    """
    body, book = case.record.body, case.book
    if isinstance(body, RequestPayout):
        return body.payout_id if _is_own(case, book.payouts.get(body.payout_id)) else None
    if isinstance(body, OpenBatch):
        return body.batch_id if _is_own(case, book.batches.get(body.batch_id)) else None
    return None


def again(first: Answer) -> Answer:
    """The stored answer as it is given on a repeat: the same bytes; 200, or a refusal's own status (IDM-03)."""
    status = first.status if first.status >= BAD_REQUEST else OK
    return Answer(status=status, body=first.body, version=first.version, replayed=True)


def remember(case: Case, answer: Answer | None) -> Remember | None:
    """What this command's key is to remember with `answer`; None if it has no key, or the answer is not one to keep.

    What was made before gives its key no second life.
    """
    record = case.record
    if record.key is None or record.content_hash is None or made_before(case) is not None:
        return None
    if answer is not None and answer.status >= BAD_REQUEST and answer.status not in REMEMBERED_REFUSALS:
        return None
    return Remember(key=record.key, content_hash=record.content_hash, expires_at=case.now + case.policy.key_ttl_ms)


def _is_own(case: Case, thing: Payout | Batch | None) -> bool:
    return thing is not None and thing.merchant_id == case.merchant_id


def _known(case: Case) -> KeyRecord | None:
    if case.record.key is None:
        return None
    known = case.book.keys.get((case.merchant_id, case.record.key))
    return known if known is not None and case.now < known.expires_at else None


def _finishes(case: Case, known: KeyRecord) -> bool:
    body = case.record.body
    return isinstance(body, SealBatch) and known.subject == body.batch_id
