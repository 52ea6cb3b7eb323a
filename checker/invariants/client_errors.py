"""The error taxonomy: every request was ok, refused in the published form, or unknown; nothing else happened to a client.

Owns the published codes (docs/errors.md) and what each result must look like.
"""

import re

from checker.evidence import Evidence
from checker.journal import Entry, entries
from checker.verdict import Findings, Verdict

CODES = {
    400: "validation_error malformed_body idempotency_key_required idempotency_key_invalid merchant_required "
    "unknown_merchant bank_account_unusable invalid_rows declaration_mismatch cursor_from_future cursor_invalid",
    401: "unauthorized sign_in_failed",
    402: "insufficient_funds",
    403: "forbidden csrf_failed cursor_foreign",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "idempotency_conflict idempotency_in_flight duplicate_reference duplicate_file invalid_state_transition "
    "already_exists version_conflict plan_changed batch_sealed row_gap row_conflict webhook_exists webhook_disabled "
    "already_subscribed",
    410: "file_not_kept cursor_too_old",
    412: "precondition_failed",
    413: "payload_too_large",
    415: "unsupported_media_type",
    422: "verification_amounts_wrong limit_exceeded webhook_address_refused",
    428: "precondition_required",
    429: "rate_limited backlog_full sign_in_locked",
    431: "headers_too_large",
    500: "internal_error",
    503: "identity_unavailable log_unavailable service_ending simulator_unavailable staging_unavailable view_unavailable "
    "webhooks_unavailable",
}
INTERNAL = 500
TRACE = re.compile(rb"Traceback \(most recent call last\)|File \"[^\"]+\", line \d+")


def judge(evidence: Evidence) -> Verdict:
    """The verdict on what clients were told."""
    found = Findings()
    if not evidence.has("journal.jsonl"):
        found.lack("journal.jsonl is missing")
    for entry in entries(evidence):
        wrong = _wrong(entry)
        found.need(wrong is None, entry.place, str(wrong))
    return found.verdict()


def _wrong(entry: Entry) -> str | None:
    status, due = entry.status, _due(entry.status)
    if entry.result != due:
        return f"{entry.method} {entry.path} gave {status} and is {entry.result!r}, not {due!r} ({entry.row.get('error')})"
    if status is None and not entry.row.get("error"):
        return "no answer, and no word on why"
    if TRACE.search(entry.reply):
        return f"{status} shows a stack trace"
    if due == "refused" and entry.method != "HEAD" and entry.code not in CODES.get(status or 0, "").split():
        return f"{entry.method} {entry.path}: {status} with the code {entry.code!r}, which is not published"
    stated = entry.answer.get("status", status) if due != "ok" and isinstance(entry.answer, dict) else status
    if stated != status:
        return f"{entry.method} {entry.path}: {status}, and the problem says {stated!r}"
    return _unavailable(entry, status) if status is not None and status >= INTERNAL else None


def _unavailable(entry: Entry, status: int) -> str | None:
    """A failure on our side is one that clients are told of beforehand; 500 is a fault of ours, whatever it says."""
    if status == INTERNAL:
        return f"{entry.method} {entry.path}: {status} {entry.code!r}, a fault of ours"
    if entry.method != "HEAD" and entry.code not in CODES.get(status, "").split():
        return f"{entry.method} {entry.path}: {status} with the code {entry.code!r}, which is not published"
    return None


def _due(status: int | None) -> str:
    if status is None or 500 <= status < 600:
        return "unknown"
    if 200 <= status < 300:
        return "ok"
    return "refused" if 400 <= status < 500 else "unclassified"
