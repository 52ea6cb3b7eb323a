"""The one registry of error codes (ERR-05): it feeds the API, the replies, the console and the docs.

Owns code, HTTP status, title, and whether the same request may be sent again. Must not know HTTP machinery. A code is
never reused for another meaning.
"""

from msgspec import Struct


class ErrorCode(Struct, frozen=True, kw_only=True):
    """One code. `retryable`: the same request can succeed later without a change."""

    code: str
    status: int
    title: str
    retryable: bool = False


_ALL = (
    ErrorCode(code="validation_error", status=400, title="The request is not valid"),
    ErrorCode(code="malformed_body", status=400, title="The body cannot be read"),
    ErrorCode(code="idempotency_key_required", status=400, title="An Idempotency-Key header is required"),
    ErrorCode(code="idempotency_key_invalid", status=400, title="The Idempotency-Key header is not valid"),
    ErrorCode(code="merchant_required", status=400, title="An X-Merchant-Id header is required"),
    ErrorCode(code="unknown_merchant", status=400, title="No active merchant has this id"),
    ErrorCode(code="bank_account_unusable", status=400, title="The bank account cannot be paid to"),
    ErrorCode(code="invalid_rows", status=400, title="Some rows are not valid"),
    ErrorCode(code="declaration_mismatch", status=400, title="The rows do not add up to what was declared"),
    ErrorCode(code="cursor_invalid", status=400, title="This is no cursor of the feed"),
    ErrorCode(code="cursor_from_future", status=400, title="The cursor is ahead of the log"),
    ErrorCode(code="unauthorized", status=401, title="A credential is required"),
    ErrorCode(code="sign_in_failed", status=401, title="Sign-in failed"),
    ErrorCode(code="insufficient_funds", status=402, title="The available balance does not cover this"),
    ErrorCode(code="forbidden", status=403, title="This is not allowed"),
    ErrorCode(code="csrf_failed", status=403, title="The request does not come from the page that signed in"),
    ErrorCode(code="cursor_foreign", status=403, title="The cursor belongs to another channel or merchant"),
    ErrorCode(code="not_found", status=404, title="There is no such thing here"),
    ErrorCode(code="method_not_allowed", status=405, title="This address does not know the method"),
    ErrorCode(code="not_acceptable", status=406, title="The answer cannot be given in that form"),
    ErrorCode(code="idempotency_conflict", status=409, title="The key was used for another request"),
    ErrorCode(
        code="idempotency_in_flight",
        status=409,
        title="The first request with this key is not decided yet",
        retryable=True,
    ),
    ErrorCode(code="duplicate_reference", status=409, title="The reference was used before"),
    ErrorCode(code="duplicate_file", status=409, title="The same file was taken before"),
    ErrorCode(code="invalid_state_transition", status=409, title="The state does not allow this"),
    ErrorCode(code="already_exists", status=409, title="There is one already"),
    ErrorCode(code="version_conflict", status=409, title="It has changed since"),
    ErrorCode(code="plan_changed", status=409, title="The plan has changed since it was shown"),
    ErrorCode(code="batch_sealed", status=409, title="The batch takes no more rows"),
    ErrorCode(code="row_gap", status=409, title="Rows before these are missing", retryable=True),
    ErrorCode(code="row_conflict", status=409, title="These row numbers hold other rows"),
    ErrorCode(code="webhook_exists", status=409, title="A webhook has this address"),
    ErrorCode(code="webhook_disabled", status=409, title="The webhook is not enabled"),
    ErrorCode(code="file_not_kept", status=410, title="The file is not kept any more"),
    ErrorCode(code="already_subscribed", status=409, title="The channel is followed already"),
    ErrorCode(code="cursor_too_old", status=410, title="Too much has happened since this cursor"),
    ErrorCode(code="precondition_failed", status=412, title="If-Match does not match the current version"),
    ErrorCode(code="payload_too_large", status=413, title="The body is too large"),
    ErrorCode(code="unsupported_media_type", status=415, title="The content type is not supported"),
    ErrorCode(code="verification_amounts_wrong", status=422, title="These are not the amounts that were deposited"),
    ErrorCode(code="limit_exceeded", status=422, title="A limit forbids this"),
    ErrorCode(code="webhook_address_refused", status=422, title="Nothing is sent to this address"),
    ErrorCode(code="precondition_required", status=428, title="If-Match is required"),
    ErrorCode(code="rate_limited", status=429, title="Too many requests", retryable=True),
    ErrorCode(code="backlog_full", status=429, title="Too much is waiting", retryable=True),
    ErrorCode(
        code="sign_in_locked", status=429, title="Too many wrong tries; sign-in is locked for a while", retryable=True
    ),
    ErrorCode(code="headers_too_large", status=431, title="The headers are too large"),
    ErrorCode(code="internal_error", status=500, title="Something failed on our side", retryable=True),
    ErrorCode(code="identity_unavailable", status=503, title="Sign-in and keys cannot be read now", retryable=True),
    ErrorCode(code="log_unavailable", status=503, title="The log cannot take commands now", retryable=True),
    ErrorCode(code="service_ending", status=503, title="This process is ending", retryable=True),
    ErrorCode(
        code="simulator_unavailable", status=503, title="The provider simulator cannot be reached now", retryable=True
    ),
    ErrorCode(code="staging_unavailable", status=503, title="Files cannot be staged now", retryable=True),
    ErrorCode(code="view_unavailable", status=503, title="The views cannot be read now", retryable=True),
    ErrorCode(code="webhooks_unavailable", status=503, title="Webhooks cannot be reached now", retryable=True),
)

REGISTRY: dict[str, ErrorCode] = {entry.code: entry for entry in _ALL}


def problem(
    code: str,
    detail: str,
    *,
    instance: str | None = None,
    trace_id: str | None = None,
    errors: list[dict[str, str]] | None = None,
    **more: object,
) -> dict[str, object]:
    """The members of an `application/problem+json` body (RFC 9457, ERR-01). Raises KeyError for an unregistered code.

    `errors` holds `{"pointer", "code", "detail"}` per fault; `more` adds members such as `available` on a 402.
    """
    entry = REGISTRY[code]
    return {
        "type": f"/api/docs/errors/{code}",
        "title": entry.title,
        "status": entry.status,
        "detail": detail,
        "instance": instance,
        "code": code,
        "error": code,
        "message": detail,
        "retryable": entry.retryable,
        "trace_id": trace_id,
        "errors": errors or [],
        **more,
    }
