"""What is enabled, and the most of each that one payout may be (API-09, API-12)."""

import pytest

from domain.intake.csv_rows import Plan, read_header
from domain.intake.edit import read_edit
from domain.intake.merchants import CreditRequest, read_credit
from domain.intake.payout import PayoutRequest, read_payout
from domain.policy import Policy
from schemas.commands import AddRows, EditPayout
from schemas.currencies import enabled, read_codes, read_lower
from schemas.forms import PayoutForm
from services.ingest.settings import IngestSettings
from services.processor.settings import ProcessorSettings
from tests.support.given import Scene, form, is_refusal, told

LOWER = enabled(["USD", "UGX"], {"USD": 5_000})
PAYEE = {"recipient_details": {"type": "mobile_money", "msisdn": "+256772000001"}}


@pytest.mark.parametrize("text", ["", " , ", "usd", "XXX", "USD,XAU"])
def test_what_is_no_currency_is_refused_at_start(text: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        read_codes(text)


@pytest.mark.parametrize(
    "text", ["USD", "USD:", "USD:1.001", "USD:0", "USD:1,UGX:1.5", "usd:5", "USD:1000000000.00", "USD:1,USD:2"]
)
def test_what_is_no_highest_amount_is_refused_at_start(text: str) -> None:
    with pytest.raises(ValueError, match=r"it must be such as|twice"):
        read_lower(text)


def test_both_sides_read_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYOUT_CURRENCIES", "USD, UGX")
    monkeypatch.setenv("PAYOUT_AMOUNTS_MAX", "USD:50.00")
    assert IngestSettings().currencies == ProcessorSettings().policy.currencies == LOWER
    assert LOWER["UGX"] == 999_999_999


@pytest.mark.parametrize(
    ("amount", "pointer"),
    [({"amount": "50.01"}, "/amount"), ({"amount_minor": 5_001}, "/amount_minor"), ({"amount": "50.00"}, None)],
)
def test_a_payout_may_be_no_more_than_that(amount: dict[str, object], pointer: str | None) -> None:
    read = read_payout({**amount, "currency": "USD", **PAYEE}, currencies=LOWER)
    if pointer is None:
        assert isinstance(read, PayoutRequest)
        return
    assert isinstance(read, list)
    assert [(fault.pointer, fault.detail) for fault in read] == [(pointer, "must be at most 50.00 USD")]


def test_a_row_of_a_file_may_be_no_more_than_that_either() -> None:
    plan = read_header(["msisdn", "amount", "currency"], currencies=LOWER)
    assert isinstance(plan, Plan)
    assert isinstance(plan.read(["+256772000001", "50.00", "USD"], 1), PayoutForm)
    assert isinstance(plan.read(["+256772000001", "999999999", "UGX"], 2), PayoutForm)
    read = plan.read(["+256772000001", "50.01", "USD"], 3)
    assert isinstance(read, list)
    assert [(fault.row, fault.column, fault.detail) for fault in read] == [(3, "amount", "must be at most 50.00 USD")]


def test_a_credit_is_no_payout() -> None:
    read = read_credit({"amount": "50000.00", "currency": "USD", "reference": "r-1"}, currencies=LOWER)
    assert isinstance(read, CreditRequest)


def test_the_law_says_so_too_whoever_asked() -> None:
    scene = Scene(Policy(currencies=LOWER)).merchant(USD=100_000)
    assert is_refusal(scene.when(scene.request(5_001)), 400, "validation_error", "at most 50.00 USD")
    batch_id = scene.batch(form(5_000))
    refused = told(scene.when(AddRows(batch_id=batch_id, first_row=2, rows=[form(1), form(5_001)])))
    assert [(error["pointer"], error["row"]) for error in refused["errors"]] == [("/rows/1/amount", "3")]


def test_an_edit_is_judged_by_the_law() -> None:
    """Ingest does not know the currency of what is edited."""
    assert not isinstance(read_edit({"amount": "50.01"}, currencies=LOWER), list)
    scene = Scene(Policy(currencies=LOWER)).merchant(USD=100_000)
    body = scene.request(5_000)
    scene.given(body)
    edit = EditPayout(payout_id=body.payout_id, amount="50.01")
    assert is_refusal(scene.when(edit), 400, "validation_error", "at most 50.00 USD")
