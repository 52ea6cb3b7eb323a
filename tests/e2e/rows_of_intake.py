"""The rows of chapter 1 as a table: what is sent, and what must come back. Read by test_rows_of_intake.py.

Owns one line per example. `{...}` in a path or a body is filled with what the test made: a pending payout, a batch, a merchant.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from payflow.seed import KAVERI_ACCOUNT, UNVERIFIED_ACCOUNT
from tests.e2e.api import INR_MERCHANT, VERIFIED

PAYEE = {"account_number": "1234567890", "bank_name": "Example Bank"}
GOOD: dict[str, Any] = {"amount": "1.00", "currency": "USD", "recipient_details": PAYEE}
INR = {"X-Merchant-Id": INR_MERCHANT}
LONG = "x" * 1025


class Case(NamedTuple):
    """One request and its answer. `code` and `pointer` are the problem's; `shows` are members that the body must have."""

    row: str
    note: str
    body: Any = None
    status: int = 201
    code: str | None = None
    pointer: str | None = None
    shows: Mapping[str, Any] = {}
    method: str = "POST"
    path: str = "/api/v1/payouts/"
    headers: Mapping[str, str] = {}


def _pays(row: str, note: str, change: Mapping[str, Any], shows: Mapping[str, Any], **more: Any) -> Case:
    body = {name: value for name, value in {**GOOD, **change}.items() if value is not ...}
    return Case(row, note, body, shows=shows, **more)


def _refuses(row: str, note: str, change: Mapping[str, Any], pointer: str, **more: Any) -> Case:
    body = {name: value for name, value in {**GOOD, **change}.items() if value is not ...}
    return Case(row, note, body, **{"status": 400, "pointer": pointer, **more})


def _payee(**details: Any) -> dict[str, Any]:
    return {"recipient_details": details}


def _gets(row: str, path: str, status: int = 200, pointer: str | None = None, **more: Any) -> Case:
    return Case(row, path[:60], method="GET", path=path, status=status, pointer=pointer, **more)


NO_AMOUNT = {"amount": ...}
PAID = [
    _pays("API-03", "as the first service", {"description": "Invoice"}, {"status": "pending", "amount": "1.00", "amount_minor": 100}),
    Case(
        "API-04",
        "as the second service",
        {"amount_paise": 5000, "bank_account_id": VERIFIED},
        shows={"currency": "INR", "amount_paise": 5000, "amount": "50.00"},
        headers=INR,
    ),
    _pays("API-05", "account", _payee(account="ACC-100"), {"recipient_details": {"type": "bank_account", "account": "ACC-100", "account_number": "ACC-100"}}),
    _pays("API-06", "iban", _payee(iban="DE89370400440532013000"), {"recipient_details": {"type": "bank_account", "iban": "DE89370400440532013000"}}),
    _pays("API-06", "phone", _payee(phone="+256772123456"), {"recipient_details": {"type": "mobile_money", "phone": "+256772123456", "msisdn": "+256772123456"}}),
    _pays("API-08", "extra keys", _payee(account_number="1234567890", bank_name="Bänk & Söhne", branch="7"), {"recipient_details": {"type": "bank_account", "account_number": "1234567890", "account": "1234567890", "bank_name": "Bänk & Söhne", "branch": "7"}}),
    _pays("API-09", "the smallest", {"amount": "0.01"}, {"amount_minor": 1}),
    _pays("API-09", "no decimals", {"amount": "7"}, {"amount": "7.00"}),
    _pays("API-10", "minor units", {"amount": ..., "amount_minor": 101}, {"amount": "1.01", "amount_minor": 101}),
    _pays("API-10", "both agree", {"amount_minor": 100}, {"amount": "1.00"}),
    _pays("API-12", "yen has no decimals", {"amount": "5", "currency": "JPY"}, {"amount": "5", "amount_minor": 5}),
    _pays("API-12", "dinar has three", {"amount": "0.125", "currency": "KWD"}, {"amount": "0.125", "amount_minor": 125}),
    _pays("API-13", "every script", {"description": "Зарплата 给 😀\nمرتب"}, {"description": "Зарплата 给 😀\nمرتب"}),
    _pays("API-13", "left out", {}, {"description": None}),
    _pays("API-16", "ids and versions are made here", {}, {"version": 1}),
]  # fmt: skip
REFUSED = [
    _refuses("API-06", "two recipients", {"bank_account_id": VERIFIED}, "/recipient_details"),
    _refuses("API-06", "none", {"recipient_details": ...}, "/recipient_details"),
    _refuses("API-06", "account and wallet", _payee(account="12345", msisdn="+256772123456"), "/recipient_details"),
    _refuses("API-06", "another type than its keys", _payee(type="mobile_money", account="12345"), "/recipient_details/type"),
    _refuses("API-07", "short account", _payee(account_number="1234"), "/recipient_details/account_number"),
    _refuses("API-07", "long account", _payee(account_number="1" * 35), "/recipient_details/account_number"),
    _refuses("API-07", "IBAN check digits", _payee(iban="DE89370400440532013001"), "/recipient_details/iban"),
    _refuses("API-07", "the same as account number", _payee(account_number="DE89370400440532013001"), "/recipient_details/account_number"),
    _refuses("API-07", "IFSC", _payee(account_number="12345", ifsc="HDFC1234567"), "/recipient_details/ifsc"),
    _refuses("API-07", "not E.164", _payee(msisdn="0772123456"), "/recipient_details/msisdn"),
    _refuses("API-07", "too short there", _payee(msisdn="+25677212345"), "/recipient_details/msisdn"),
    _refuses("API-08", "21 keys", _payee(account="12345", **{f"k{n}": "v" for n in range(20)}), "/recipient_details"),
    _refuses("API-08", "257 characters", _payee(account="12345", note="x" * 257), "/recipient_details/note"),
    *[
        _refuses("API-09", repr(amount), {"amount": amount}, "/amount")
        for amount in ("0", "0.00", "-1", "1.234", "1000000000.00", "1234567890123")
    ],
    _refuses("API-09", "1.5 yen", {"amount": "1.5", "currency": "JPY"}, "/amount"),
    _refuses("API-10", "forms disagree", {"amount_minor": 101}, "/amount_minor"),
    _refuses("API-10", "past 64 bits", {"amount": ..., "amount_minor": 2**63}, "", code="malformed_body"),
    *[
        _refuses("API-11", repr(amount), {"amount": amount}, "/amount")
        for amount in (100.5, 100, True, "1e3", "NaN", "1_000", "+5", " 7 ", "١٢٣", "１２３", "Infinity", None)
    ],
    _refuses("API-11", "decimal paise", {"amount": ..., "currency": "INR", "amount_paise": 1.5}, "/amount_paise"),
    _refuses("API-12", "no currency", {"currency": ...}, "/currency"),
    *[_refuses("API-12", repr(code), {"currency": code}, "/currency") for code in ("usd", "ZZZ", "XXX", "CHF", 5)],
    _refuses("API-13", "1,025 characters", {"description": LONG}, "/description"),
    _refuses("API-13", "NUL", {"description": "a\x00b"}, "/description"),
    _refuses("API-13", "a control character", {"description": "a\x1bb"}, "/description"),
    _refuses("API-16", "unknown field", {"colour": "red"}, "/colour"),
    *[
        _refuses("API-16", name, {name: value}, f"/{name}")
        for name, value in (("status", "completed"), ("id", "x"), ("version", 2), ("created_at", "2026-01-01T00:00:00Z"), ("fee", "0.00"))
    ],
    _refuses("API-27", "unknown merchant", {}, None, code="unknown_merchant", headers={"X-Merchant-Id": "nobody"}),  # type: ignore[arg-type]
    *[
        Case(
            "API-28",
            note,
            {"amount_paise": 100, "bank_account_id": account},
            400,
            "bank_account_unusable",
            headers=INR,
        )
        for note, account in (("unverified", UNVERIFIED_ACCOUNT), ("another merchant's", KAVERI_ACCOUNT), ("unknown", "aaaaaaaa-0009-4000-8000-000000000009"))
    ],
    Case("IDM-01", "no key with a saved account", {"amount_paise": 100, "bank_account_id": VERIFIED}, 400, "idempotency_key_required", "header/Idempotency-Key", headers={**INR, "Idempotency-Key": ""}),
    _refuses("IDM-01", "256 characters", {}, "header/Idempotency-Key", headers={"Idempotency-Key": "k" * 256}, code="idempotency_key_invalid"),
    _refuses("IDM-01", "a blank", {}, "header/Idempotency-Key", headers={"Idempotency-Key": "a b"}, code="idempotency_key_invalid"),
    _refuses("API-14", "wait too long", {}, "header/Prefer", headers={"Prefer": "wait=31"}),
    _refuses("IDM-08", "65 characters", {"reference": "r" * 65}, "/reference"),
    Case("ERR-02", "402", {**GOOD, "amount": "999999999.99", "currency": "KWD"}, 402, "insufficient_funds", shows={"available_minor": ...}),
]  # fmt: skip
READ = [
    *[_gets("API-18", f"/api/v1/payouts/?{query}", 400, f"query/{query.split('=')[0]}") for query in
      ("page=0", "page=1001", "page=x", "limit=0", "limit=101", "limit=-1", "offset=-1", "offset=10001", "offset=1.5", "cursor=x", "cursor=&limit=501")
      if not query.startswith("cursor=&")],
    *[_gets("API-18", f"/api/v1/payouts/?{query}") for query in ("page=1000", "limit=100&offset=10000", "cursor=&limit=500")],
    *[_gets("API-19", f"/api/v1/payouts/?{query}") for query in
      ("status=PENDING,Processing", "currency=usd,EUR", "created_after=2026-01-01T00:00:00Z", "created_before=2036-01-01T00:00:00%2B02:00",
       "min_amount=1&max_amount=2.50", "merchant_id=demo", "batch_id={batch}", "reference=none-such", "provider=simulator",
       "reason=funds,schedule", "attention=action_required,warning")],
    *[_gets("API-19", f"/api/v1/payouts/?{query}", 400, f"query/{query.split('=')[0]}") for query in
      ("status=done", "currency=US", "created_after=today", "min_amount=-1", "max_amount=1e3", "merchant_id=NO!", "batch_id=1", "reference=",
       "reason=why", "attention=high", "statuss=pending")],
    _gets("API-20", "/api/v1/payouts/{payout}/", shows={"id": "{payout}", "version": 1}),
    *[_gets("API-20", f"/api/v1/payouts/{payout}/", 404, code="not_found") for payout in ("x", "00000000-0000-7000-8000-000000000000", "%00", "'--")],
    _gets("API-25", "/api/v1/balance/?merchant_id=demo", shows={"merchant_id": "demo", "balances": ..., "position": ...}),
    _gets("API-25", f"/api/v1/balance/?merchant_id={INR_MERCHANT}", shows={"available_balance_paise": ..., "held_balance_paise": ..., "total_balance_paise": ...}),
    _gets("API-25", "/api/v1/balance/?merchant_id=nobody", 400, "query/merchant_id", code="unknown_merchant"),
    _gets("API-25", "/api/v1/balance/?merchant_id=NO!", 400, "query/merchant_id"),
    _gets("API-26", "/api/v1/ledger/?merchant_id=demo", shows={"count": ..., "results": ...}),
    _gets("API-26", "/api/v1/ledger/?merchant_id=demo&limit=101", 400, "query/limit"),
    _gets("API-27", "/api/v1/merchants/", shows={"count": ..., "results": ...}),
    _gets("API-27", "/api/v1/merchants/?active=false", shows={"count": ..., "results": ...}),
    _gets("API-27", "/api/v1/merchants/?active=no", 400, "query/active"),
    *[_gets("API-30", f"/api/{page}/") for page in ("schema", "docs", "redoc", "asyncapi")],
    _gets("ERR-05", "/api/docs/errors/insufficient_funds/", shows={"status": 402, "remedy": ...}),
    _gets("ERR-05", "/api/docs/errors/none_such/", 404, code="not_found"),
    _gets("ERR-02", "/api/v1/nothing/", 404, code="not_found"),
    Case("ERR-02", "405", {}, 405, "method_not_allowed", path="/api/v1/ledger/"),
]  # fmt: skip
CHANGED = [
    Case("API-16", "sent back unchanged", {"status": "pending", "version": 1, "description": "x"}, 200, shows={"version": 2}, method="PATCH", path="/api/v1/payouts/{payout}/"),
    Case("API-16", "sent back changed", {"status": "completed"}, 400, pointer="/status", method="PATCH", path="/api/v1/payouts/{payout}/"),
    Case("API-21", "another amount", {"amount": "2.00"}, 200, shows={"amount": "2.00"}, method="PATCH", path="/api/v1/payouts/{payout}/"),
    Case("API-21", "not covered", {"amount": "999999999.99"}, 402, "insufficient_funds", method="PATCH", path="/api/v1/payouts/{payout}/"),
    Case("API-21", "all four", {**GOOD, "amount": "3.00", "description": None}, 200, shows={"amount": "3.00"}, method="PUT", path="/api/v1/payouts/{payout}/"),
    Case("API-21", "three of four", {**GOOD}, 400, pointer="/description", method="PUT", path="/api/v1/payouts/{payout}/"),
    Case("API-23", "stale If-Match", {"amount": "2.00"}, 412, "precondition_failed", method="PATCH", path="/api/v1/payouts/{payout}/", headers={"If-Match": '"9"'}),
    Case("API-23", "If-Match of several", {"amount": "2.00"}, 200, method="PATCH", path="/api/v1/payouts/{payout}/", headers={"If-Match": '"9", "1"'}),
    Case("API-23", "If-Match is none", {"amount": "2.00"}, 400, pointer="header/If-Match", method="PATCH", path="/api/v1/payouts/{payout}/", headers={"If-Match": "1"}),
    Case("API-23", "stale expected_version", {"amount": "2.00", "expected_version": 9}, 409, "version_conflict", method="PATCH", path="/api/v1/payouts/{payout}/"),
    Case("API-23", "weak If-Match", {"amount": "2.00"}, 412, "precondition_failed", method="PATCH", path="/api/v1/payouts/{payout}/", headers={"If-Match": 'W/"1"'}),
    Case("API-24", "DELETE", None, 204, method="DELETE", path="/api/v1/payouts/{payout}/"),
    Case("API-24", "cancel with a reason", {"reason": "wrong"}, 204, path="/api/v1/payouts/{payout}/cancel/"),
    Case("API-24", "an unknown one", None, 404, "not_found", method="DELETE", path="/api/v1/payouts/00000000-0000-7000-8000-000000000000/"),
    Case("API-27", "a new name", {"name": "Other Ltd"}, 200, shows={"name": "Other Ltd", "active": True}, method="PATCH", path="/api/v1/merchants/{merchant}/"),
    Case("API-27", "deactivated", {"active": False}, 200, shows={"active": False}, method="PATCH", path="/api/v1/merchants/{merchant}/"),
    Case("API-27", "nothing to change", {}, 400, "validation_error", method="PATCH", path="/api/v1/merchants/{merchant}/"),
    Case("API-27", "no such merchant", {"active": False}, 404, "not_found", method="PATCH", path="/api/v1/merchants/no-such/"),
    Case("IDM-01", "keys made mandatory", {"idempotency_key_required": True}, 200, shows={"idempotency_key_required": True}, method="PATCH", path="/api/v1/merchants/{merchant}/"),
    Case("API-28", "the primary account", {"primary": True}, 200, shows={"primary": True, "verified": False}, method="PATCH", path="{account}/"),
    Case("API-28", "another number", {"account_number": "1234567891"}, 400, pointer="/account_number", method="PATCH", path="{account}/"),
    Case("API-28", "closed", None, 204, method="DELETE", path="{account}/"),
    Case("API-28", "a verification", {"currency": "USD"}, 200, shows={"verification": ..., "verified": False}, path="{account}/verification/"),
    Case("API-28", "a verification without a key", {}, 400, "idempotency_key_required", "header/Idempotency-Key", path="{account}/verification/", headers={"Idempotency-Key": ""}),
    Case("API-28", "amounts before deposits", {"amounts": ["0.01", "0.02"]}, 409, "invalid_state_transition", path="{account}/verification/confirm/"),
    Case("API-28", "an amount as a number", {"amounts": [0.01, "0.02"]}, 400, pointer="/amounts/0", path="{account}/verification/confirm/"),
    Case("API-28", "an amount that is empty", {"amounts": ["", "0.02"]}, 400, pointer="/amounts/0", path="{account}/verification/confirm/"),
    Case("API-29", "a credit", {"amount": "1.00", "currency": "USD", "reference": "{fresh}"}, 201, shows={"amount_minor": 100}, path="/api/v1/merchants/demo/credits/"),
    Case("API-29", "without a reference", {"amount": "1.00", "currency": "USD"}, 400, pointer="/reference", path="/api/v1/merchants/demo/credits/"),
    Case("ERR-02", "415", "plain", 415, "unsupported_media_type", headers={"Content-Type": "text/plain"}),
    Case("ERR-04", "no JSON", "{", 400, "malformed_body"),
    Case("ERR-04", "duplicate keys", '{"amount":"1.00","amount":"2.00"}', 400, "malformed_body"),
    Case("ERR-04", "deep", "[" * 100_000 + "]" * 100_000, 400, "malformed_body"),
    Case("ERR-04", "a huge number", '{"amount_minor":' + "9" * 5000 + "}", 400),
    Case("ERR-04", "too large", '{"description":"' + "x" * 1_100_000 + '"}', 413, "payload_too_large"),
]  # fmt: skip
TABLE = [*PAID, *REFUSED, *READ, *CHANGED]
