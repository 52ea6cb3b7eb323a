"""The public form of a payout, the same for answers and reads (API-05, API-08, API-10, API-15, API-16, SEC-07)."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from domain.book import BankAccount
from domain.payout.state import Payout
from domain.payout.view import masked, payout_view
from schemas.words import PayoutStatus, Reason
from tests.support.given import START

PAYOUT = Payout(
    id="p",
    merchant_id="acme",
    amount_minor=10_050,
    currency="USD",
    created_at=START,
    updated_at=START + 1,
    recipient={"type": "bank_account", "account_number": "123456", "bank_name": "First"},
)


def test_it_shows_every_member_that_is_promised() -> None:
    """API-15: all of them, always, so that a client need not ask which are there."""
    promised = {
        "id", "merchant_id", "batch_id", "row", "reference", "amount", "amount_minor", "currency", "fee", "fee_minor",
        "recipient_details", "bank_account", "bank_account_id", "status", "reason", "waits_until", "description", "version",
        "idempotency_key", "attempt_count", "provider", "failure_code", "failure_reason", "bank_reference_id",
        "expected_settlement_date", "created_at", "updated_at", "processing_started_at", "completed_at", "failed_at",
        "canceled_at", "returned_at", "settled_at",
    }  # fmt: skip
    assert set(payout_view(PAYOUT)) == promised
    assert json.loads(json.dumps(payout_view(PAYOUT))) == payout_view(PAYOUT)


def test_money_is_text_and_minor_units() -> None:
    """API-10."""
    view = payout_view(replace(PAYOUT, fee_minor=7))
    assert (view["amount"], view["amount_minor"], view["fee"], view["fee_minor"]) == ("100.50", 10_050, "0.07", 7)
    assert payout_view(replace(PAYOUT, currency="INR"))["amount_paise"] == 10_050
    assert payout_view(replace(PAYOUT, currency="JPY"))["amount"] == "10050"


@pytest.mark.parametrize("name", ["account", "account_number"])
def test_an_account_number_is_shown_under_both_names(name: str) -> None:
    """API-05, API-08: and all other keys as sent."""
    view = payout_view(replace(PAYOUT, recipient={"type": "bank_account", name: "ACC-100", "x": "y"}))
    assert view["recipient_details"] == {"type": "bank_account", "account": "ACC-100", "account_number": "ACC-100", "x": "y"}


def test_other_recipients_are_shown_as_sent() -> None:
    phone = {"type": "mobile_money", "msisdn": "+256700000001"}
    assert payout_view(replace(PAYOUT, recipient=phone))["recipient_details"] == phone


def test_a_saved_account_is_masked() -> None:
    """SEC-07: nowhere in the view is the number whole."""
    account = BankAccount(id="a", merchant_id="acme", holder="h", account_number="1234567890123456", verified=True)
    view = payout_view(replace(PAYOUT, recipient=None, bank_account_id="a"), bank_account=account)
    shown: Any = view["bank_account"]
    assert (view["bank_account_id"], shown["id"], shown["account_number"]) == ("a", "a", "XXXXXXXXXXXX3456")
    assert "90123456" not in json.dumps(view)
    assert {masked(number) for number in ("12345", "1234567", "12-34-567", "1234", "")} == {"X" * 12}, (
        "short ones are hidden"
    )
    assert {masked(number) for number in ("12345678", "1234-56-78", "+4912345678")} == {"XXXXXXXXXXXX5678"}


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (Reason.SCHEDULE, True),
        (Reason.RETRY, True),
        (Reason.OUTCOME_UNKNOWN, True),
        (Reason.FUNDS, False),
        (Reason.IN_PROGRESS, False),
        (None, False),
    ],
)
def test_it_says_until_when_it_waits_if_time_alone_ends_it(reason: Reason | None, shown: bool) -> None:
    """LIF-04."""
    view = payout_view(replace(PAYOUT, reason=reason, due_at=START + 5))
    assert view["waits_until"] == ("2026-01-01T00:00:00.005Z" if shown else None)
    assert view["reason"] == (reason.value if reason else None)


def test_a_pending_row_of_an_open_batch_waits_for_the_seal() -> None:
    """LIF-04: shown, not stored; a row that has ended does not wait."""
    assert payout_view(PAYOUT, batch_open=True)["reason"] == "unsealed"
    assert payout_view(replace(PAYOUT, status=PayoutStatus.CANCELED), batch_open=True)["reason"] is None


def test_times_are_rfc_3339() -> None:
    """API-16."""
    times = {
        "processing_started_at": 1, "completed_at": 2, "failed_at": 3, "canceled_at": 4, "returned_at": 5, "settled_at": 6,
    }  # fmt: skip
    view = payout_view(replace(PAYOUT, **{name: START + ms for name, ms in times.items()}))
    assert {name: view[name] for name in times} == {name: f"2026-01-01T00:00:00.00{ms}Z" for name, ms in times.items()}
