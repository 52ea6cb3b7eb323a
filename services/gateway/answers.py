"""The documented forms of what the gateway answers, as JSON Schemas (API-30).

Owns the words for readers; the forms of a payout, a batch and a problem are described by ingest, and named here by reference in the one
document of all services. Must not shape an answer: `rows` does, and tests hold the two together.
"""

from schemas.ids import MERCHANT_ID_PATTERN
from services.gateway import page_answers
from services.gateway.figures import answers as figure_answers
from services.gateway.shapes import TEXT, TIME, UUID, WHOLE, YES_NO, Schema, listed, maybe, named, shape


def page(of: str) -> Schema:
    """One page of a list."""
    return shape(
        "One page, newest first. `count` is null by cursor; `next` and `previous` are addresses; `next_cursor` goes on from here.",
        count=maybe(WHOLE),
        next=maybe(TEXT),
        previous=maybe(TEXT),
        results=listed(named(of)),
        next_cursor=maybe(TEXT),
        freshness=named("Freshness"),
    )


_POSITION = shape("A place on the log.", partition=WHOLE, offset=WHOLE, index=WHOLE)
_MONEY = {name: TEXT if not name.endswith("minor") else WHOLE for name in ("available", "held", "total", "total_minor")}
_SUMS = {**_MONEY, "available_minor": WHOLE, "held_minor": WHOLE}

_TIMES: dict[str, Schema] = {
    "TimelineEntry": {
        "type": "object",
        "description": (
            "One thing that happened, with its time, the time since the first (`t_ms`, `t_days` for T+N), and its place on the log of "
            "events, null for what is not on it. `kind` is request, state, provider_call, provider_answer, posting, webhook, person, rows "
            "or milestone."
        ),
        "required": ["at", "t_ms", "t_days", "kind", "title", "position", "actor", "detail"],
        "properties": {
            "at": TIME,
            "t_ms": WHOLE,
            "t_days": WHOLE,
            "kind": TEXT,
            "title": TEXT,
            "position": maybe(_POSITION),
            "actor": maybe(TEXT),
            "detail": {"type": "object"},
        },
    },
    "NextStep": shape(
        "What happens next, when (null: not by time alone), who must act, whether money reached the payee, whether paying again is safe.",
        step=TEXT,
        text=TEXT,
        at=maybe(TIME),
        who=TEXT,
        money_moved=TEXT,
        retry_safe=YES_NO,
    ),
    "FailureMeaning": shape(
        "What a failure means as the payout stands (LIF-19).",
        code=TEXT,
        reason=maybe(TEXT),
        who=TEXT,
        remedy=TEXT,
        payee_text=TEXT,
        money_moved=TEXT,
        retry_safe=YES_NO,
    ),
    "MissingPart": shape("A part that this answer lacks, and why.", part=TEXT, why=TEXT),
    "PayoutTimeline": shape(
        "A payout's story in one order, and what comes next.",
        payout_id=UUID,
        status=TEXT,
        version=WHOLE,
        attention=TEXT,
        attention_reason=maybe(TEXT),
        entries=listed(named("TimelineEntry")),
        failure=maybe(named("FailureMeaning")),
        next=named("NextStep"),
        expected_settlement_date=maybe(TEXT),
        settled_at=maybe(TIME),
        without_gap=YES_NO,
        missing=listed(named("MissingPart")),
        freshness=named("Freshness"),
    ),
    "BatchMove": shape(
        "One move of a batch, with its place on the log.",
        position=_POSITION,
        **{"from": maybe(TEXT)},
        to=TEXT,
        first_row=maybe(WHOLE),
        rows=maybe(WHOLE),
        reason=maybe(TEXT),
        detail=maybe(TEXT),
        actor=TEXT,
        command_id=TEXT,
        at=TIME,
    ),
    "BatchHistory": shape("A batch's moves in order.", count=WHOLE, results=listed(named("BatchMove"))),
    "BatchTimeline": shape(
        "A batch's story in one order, and what comes next.",
        batch_id=UUID,
        status=TEXT,
        attention=TEXT,
        attention_reason=maybe(TEXT),
        entries=listed(named("TimelineEntry")),
        next=named("NextStep"),
        missing=listed(named("MissingPart")),
        freshness=named("Freshness"),
    ),
}

SCHEMAS: dict[str, Schema] = {
    **_TIMES,
    "Freshness": shape("When the views last had all events.", timestamp=TIME, source=TEXT, max_age_ms=WHOLE),
    "PayoutPage": page("Payout"),
    "BatchPage": page("Batch"),
    "RowPage": shape(
        "Rows of a batch in order; `count` is how many the batch has.",
        count=WHOLE,
        results=listed(named("Payout")),
        next_cursor=maybe(TEXT),
        freshness=named("Freshness"),
    ),
    "Change": {
        "type": "object",
        "description": "One change of a payout, with its place on the log.",
        "required": ["position", "from", "to", "version", "reason", "attempt", "actor", "command_id", "at"],
        "properties": {
            "position": _POSITION,
            "from": maybe(TEXT),
            "to": TEXT,
            "version": WHOLE,
            "reason": maybe(TEXT),
            "attempt": WHOLE,
            "failure_code": maybe(TEXT),
            "failure_reason": maybe(TEXT),
            "bank_reference_id": maybe(TEXT),
            "actor": TEXT,
            "command_id": TEXT,
            "at": TIME,
        },
    },
    "History": shape("A payout's changes in order.", count=WHOLE, results=listed(named("Change"))),
    "RevealedPayee": shape(
        "The payee of one payout as sent; that somebody looked is in the audit trail.",
        id=UUID,
        merchant_id=TEXT,
        recipient_details=maybe({"type": "object"}),
        bank_account=maybe({"type": "object"}),
    ),
    "Undecided": shape(
        "The request for it is on the log and not decided yet; ask again after Retry-After.",
        id=UUID,
        status={"const": "undecided"},
    ),
    "CurrencyBalance": shape("Text and minor units; total = available + held.", currency=TEXT, **_SUMS),
    "Balance": shape(
        "The main currency on top, all of them in `balances`, with the log position they stand at.",
        merchant_id=TEXT,
        currency=TEXT,
        **_SUMS,
        balances=listed(named("CurrencyBalance")),
        position=shape("Up to where the log is counted.", partition=WHOLE, next_offset=WHOLE),
        freshness=named("Freshness"),
    ),
    "LedgerEntry": shape(
        "One leg of a double entry on an account of the merchant. The amount is signed; `reference` and `description` are a credit's own.",
        id=TEXT,
        account=TEXT,
        entry_type=TEXT,
        direction={"enum": ["credit", "debit"]},
        amount=TEXT,
        amount_minor=WHOLE,
        currency=TEXT,
        merchant_id=TEXT,
        payout_id=maybe(UUID),
        batch_id=maybe(UUID),
        payout_count=maybe(WHOLE),
        reference=maybe(TEXT),
        description=TEXT,
        created_at=TIME,
    ),
    "Ledger": shape(
        "Entries, newest first; `count` is null by cursor, `next_cursor` goes on from here.",
        count=maybe(WHOLE),
        results=listed(named("LedgerEntry")),
        next_cursor=maybe(TEXT),
        freshness=named("Freshness"),
    ),
    "Merchant": shape(
        "A merchant with its bank accounts.",
        id={"type": "string", "pattern": MERCHANT_ID_PATTERN},
        name=TEXT,
        main_currency=TEXT,
        active=YES_NO,
        idempotency_key_required=YES_NO,
        created_at=TIME,
        bank_accounts=listed(named("SavedAccount")),
    ),
    "MerchantList": shape(
        "Active merchants, or those that were deactivated, by id; `next_cursor` goes on from here.",
        count=WHOLE,
        results=listed(named("Merchant")),
        next_cursor=maybe(TEXT),
    ),
    **figure_answers.SCHEMAS,
    **page_answers.SCHEMAS,
    "InFlight": shape(
        "Payouts in one currency, and their sum.", count=WHOLE, amount=TEXT, amount_minor=WHOLE, currency=TEXT
    ),
    "Provider": shape(
        "A provider over all merchants: what it has now, what it does not answer, and what went through it (by currency).",
        provider=TEXT,
        processing=WHOLE,
        in_progress=WHOLE,
        retry=WHOLE,
        unknown=WHOLE,
        oldest_processing_at=maybe(TIME),
        oldest_unknown_at=maybe(TIME),
        in_flight=listed(named("InFlight")),
        cleared=listed(shape("A sum.", amount=TEXT, amount_minor=WHOLE, currency=TEXT)),
    ),
    "ProviderList": shape(
        "Every provider that was ever used.", count=WHOLE, results=listed(named("Provider")), freshness=named("Freshness")
    ),
    "Operation": shape(
        "What is unfinished over all merchants, why it waits, and how far the views are.",
        counts={"type": "object", "additionalProperties": WHOLE},
        waits={"type": "object", "additionalProperties": WHOLE},
        in_flight=listed(named("InFlight")),
        waiting=listed(named("InFlight")),
        oldest_unknown_at=maybe(TIME),
        lag_ms=WHOLE,
        lag_records=WHOLE,
        fresh_at=maybe(TIME),
        position={"type": "object", "additionalProperties": WHOLE},
        parts={"type": "object", "additionalProperties": YES_NO},
        freshness=named("Freshness"),
    ),
    "Health": shape("Whether it is well.", status=TEXT),
    "ErrorCode": shape("What an error code means.", code=TEXT, status=WHOLE, title=TEXT, retryable=YES_NO, remedy=TEXT),
}
