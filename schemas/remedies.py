"""What a client does about each error code: one sentence for the docs page and for `GET /api/docs/errors/{code}` (ERR-05).

Owns the sentences; `schemas.errors` owns the codes. Must not know a request.
"""

from schemas.errors import ErrorCode

_AGAIN = "Send the same request again, with the same Idempotency-Key, after Retry-After."
MEND = "Read errors[]: each entry names the field and what it takes. Mend them all and send again."

REMEDIES: dict[str, str] = {
    "validation_error": MEND,
    "malformed_body": "Send one JSON value in UTF-8, without repeated keys, at most 32 levels deep, with at most 1,000 names in an object.",
    "idempotency_key_required": "Send an Idempotency-Key header; a UUID v4 is a good choice. Keep it for repeats.",
    "idempotency_key_invalid": "Send 1 to 255 visible ASCII characters as Idempotency-Key.",
    "merchant_required": "Send X-Merchant-Id: it says whose money this is.",
    "unknown_merchant": "Name an active merchant; `GET /api/v1/merchants/` lists them.",
    "bank_account_unusable": "Use another saved account of this merchant, or have this one verified.",
    "invalid_rows": "Mend the rows that errors[] names and send the batch again; nothing of it was taken.",
    "declaration_mismatch": "Compare what you declared with the rows; the detail shows both. Nothing of the batch was taken.",
    "cursor_invalid": "Subscribe without `resume`, or with the whole text of the last cursor that the channel gave.",
    "cursor_from_future": "Subscribe without `resume`: the log that the cursor comes from is not this one.",
    "cursor_foreign": "Subscribe without `resume`, or with the cursor that this very channel gave.",
    "cursor_too_old": "Nothing: the feed has begun anew with a snapshot. Read what you missed by REST if you need each change.",
    "already_subscribed": "Unsubscribe first, or go on with the subscription that there is.",
    "unauthorized": "Send a credential.",
    "sign_in_failed": "Try again; `payflow users list` shows who may sign in.",
    "sign_in_locked": "Wait for Retry-After; an administrator can end it sooner (docs/runbook.md).",
    "csrf_failed": "Send the sign-in's csrf_token as X-CSRF-Token, from a page of this address or one that ALLOWED_ORIGINS lists.",
    "insufficient_funds": "Credit the merchant and pay under a new key, or ask with on_insufficient_funds=wait.",
    "forbidden": "Ask an administrator for the right that this needs.",
    "not_found": "Check the address and the id, and that the thing is this merchant's.",
    "method_not_allowed": "Use a method that the Allow header names.",
    "not_acceptable": "Ask for a form that this address gives.",
    "idempotency_conflict": "The key belongs to another request: take a new key for a new payment; never for a repeat.",
    "duplicate_file": "Look at the batch that the answer names; if this is another payment all the same, say why in override_duplicate.",
    "already_exists": "Change the one that is there, or choose another name or address.",
    "idempotency_in_flight": "The first request with this key is being decided: send it again after Retry-After.",
    "duplicate_reference": "This reference was paid before: look at the payout that the answer names before you take a new one.",
    "invalid_state_transition": "Read the payout or batch again: its state no longer allows this.",
    "plan_changed": "Look at the plan as it is now, and confirm that one.",
    "version_conflict": "Read it again, decide again, and send the version you then saw.",
    "batch_sealed": "Put further rows into a new batch.",
    "row_gap": "Send the rows from `next_row` on.",
    "row_conflict": "These row numbers hold other rows already: read the batch's rows before you go on.",
    "file_not_kept": "Read the batch's rows instead; send the file again only if it was never taken.",
    "precondition_failed": "Read it again and send the ETag you then got as If-Match.",
    "payload_too_large": "Send less at once: a batch can be filled in chunks or uploaded as a file.",
    "unsupported_media_type": "Send the body in a type that the detail names, not compressed.",
    "webhook_exists": "Change the webhook that has this address, or delete it first.",
    "webhook_disabled": "Set the webhook's status to enabled, then send again.",
    "webhook_address_refused": "Name an address on the public internet that answers by HTTPS; the detail says what was refused.",
    "verification_amounts_wrong": "Read both deposits off the account's statement and try again under a new key; tries_left counts down.",
    "limit_exceeded": "Stay below the limit that the detail names.",
    "precondition_required": "Send If-Match with the ETag you saw.",
    "rate_limited": "Slow down: send again after Retry-After.",
    "headers_too_large": "Send smaller headers: 16 KiB at most.",
    "identity_unavailable": "Ask again in a moment; keys that are known go on working.",
    "backlog_full": f"Nothing was acknowledged: more waits than may. {_AGAIN}",
    "internal_error": f"{_AGAIN} If it stays, tell the operator the trace_id.",
    "log_unavailable": f"Nothing was acknowledged. {_AGAIN}",
    "service_ending": f"Whether it was acknowledged is not known: a repeat finds out. {_AGAIN}",
    "simulator_unavailable": "Start the provider simulator, or correct SIMULATOR_URL; `payflow dev` starts it.",
    "staging_unavailable": f"Nothing was taken. {_AGAIN}",
    "webhooks_unavailable": "Ask again in a moment; what is sent to your addresses is not lost meanwhile.",
    "view_unavailable": "Ask again in a moment.",
}


def remedy_of(entry: ErrorCode) -> str:
    """What to do about it; for a code without a sentence of its own, what holds for its kind."""
    return REMEDIES.get(entry.code) or (_AGAIN if entry.retryable else MEND)
