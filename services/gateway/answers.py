"""The documented forms of what the gateway answers, as JSON Schemas (API-30).

Owns the words for readers; the forms of a payout, a batch and a problem are described by ingest, and named here by reference in the one
document of all services. Must not shape an answer: `rows` does, and tests hold the two together.
"""

from typing import Any

from schemas.ids import MERCHANT_ID_PATTERN

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
YES_NO: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time"}
UUID: Schema = {"type": "string", "format": "uuid"}


def named(name: str) -> Schema:
    """A form of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(of: Schema) -> Schema:
    """A list of them."""
    return {"type": "array", "items": of}


def maybe(schema: Schema) -> Schema:
    """It or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def shape(description: str, /, **members: Schema) -> Schema:
    """An object in which all of these stand; readers ignore members they do not know."""
    return {"type": "object", "description": description, "required": list(members), "properties": members}


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

SCHEMAS: dict[str, Schema] = {
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
        "One leg of a double entry on an account of the merchant. The amount is signed.",
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
        description=TEXT,
        created_at=TIME,
    ),
    "Ledger": shape(
        "Entries, newest first.", count=WHOLE, results=listed(named("LedgerEntry")), freshness=named("Freshness")
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
        "Active merchants, or those that were deactivated.", count=WHOLE, results=listed(named("Merchant"))
    ),
    "Health": shape("Whether it is well.", status=TEXT),
    "ErrorCode": shape("What an error code means.", code=TEXT, status=WHOLE, title=TEXT, retryable=YES_NO, remedy=TEXT),
}
